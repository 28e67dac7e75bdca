"""The command `permissions list`: who may do what now, and why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.cli.completion.candidates import people, types
from tui.cli.parsing import command, option, watch_option
from tui.cli.permissions.arguments import integrations_of_types
from tui.cli.permissions.view import columns, record_of
from tui.cli.requirements import Requirements
from tui.data.permissions.effective import access_of_person, enforcement, list_access
from tui.data.permissions.grantees import find_holder

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.session.session import Session


@command(locked=True, needs=Requirements("support"))
@option("--user", locked=True, metavar="USER", shell_complete=people, help="Only this person, on every integration.")
@option("--type", "integration_type", locked=True, metavar="TYPE", shell_complete=types, help="Only this integration.")
@watch_option
async def list_(session: Session, out: Output, user: str | None, integration_type: str | None) -> None:
    """List who may do what now, and why not."""
    organization_id = session.chosen_organization.id
    integrations = await integrations_of_types(session, [integration_type]) if integration_type else None
    if user is None:
        entries = await list_access(session.database, organization_id)
    else:
        person = await find_holder(session.database, organization_id, user)
        entries = list(await access_of_person(session.database, organization_id, person.id))
    if integrations is not None:
        ids = {integration.id for integration in integrations}
        entries = [entry for entry in entries if entry.integration.id in ids]
    empty = "Nobody holds a permission here." if user is None else "No integration is set up here."
    out.rows(entries, columns(session.settings.timezone), record=record_of, empty=empty)
    out.say((await enforcement(session.database)).sentence())
