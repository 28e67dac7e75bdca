"""The command `permissions list`: who may do what now, and why not."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tui.cli.parsing import option
from tui.cli.permissions import permissions
from tui.cli.permissions.types import integrations_of_types
from tui.cli.requirements import Requirements

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.cli.request import Work
    from tui.session.session import Session


@permissions.command("list", locked=True, needs=Requirements("support"))
@option("--user", locked=True, metavar="USER", help="Only this person, on every integration.")
@option("--type", "integration_type", locked=True, metavar="TYPE", help="Only this integration.")
def list_(user: str | None, integration_type: str | None) -> Work:
    """List who may do what now, and why not."""
    return partial(_list, user=user, integration_type=integration_type)


async def _list(session: Session, out: Output, *, user: str | None, integration_type: str | None) -> None:
    from tui.cli.permissions.view import columns, record_of
    from tui.data.permissions.effective import access_of_person, enforcement, list_access
    from tui.data.permissions.grantees import find_holder

    organization = session.chosen_organization.id
    only = (
        None
        if integration_type is None
        else {integration.id for integration in await integrations_of_types(session, [integration_type])}
    )
    if user is None:
        entries = await list_access(session.database, organization)
    else:
        person = await find_holder(session.database, organization, user)
        entries = list(await access_of_person(session.database, organization, person.id))
    listed = [entry for entry in entries if only is None or entry.integration.id in only]
    empty = "Nobody holds a permission here." if user is None else "No integration is set up here."
    out.rows(listed, columns(session.settings.timezone), record=record_of, empty=empty)
    out.say((await enforcement(session.database)).sentence())
