"""The commands `integrations` that are about the row as a whole: showing, enabling, disabling, deleting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.cli.confirm import confirm_by_name
from tui.cli.integrations.lookup import find_integration, type_argument
from tui.cli.integrations.usage_record import usage_record
from tui.cli.integrations.view import detail_lines, detail_record
from tui.cli.parsing import command
from tui.cli.requirements import Requirements
from tui.data.integrations.authors import Authors, authors_of
from tui.data.integrations.credentials import load_credential
from tui.data.integrations.listing import count_dependents, set_active
from tui.data.integrations.listing import delete as delete_integration
from tui.data.integrations.usage import named_dependents, usage_of
from tui.data.integrations.versions import read_bounds
from tui.data.keys.gate import check_gate
from tui.errors import NotRecorded, PermissionDenied
from tui.providers import type_titles
from tui.providers.naming import full_name
from tui.session.openable_type import openable_type
from tui.session.seen_checks import read_checks, with_checks
from tui.words.integrations.description import NOT_OPENED, NOT_VISIBLE, activation, deletion, deletion_warning
from tui.words.integrations.usage import deletion_facts
from tui.words.integrations.versions import way_back
from tui.words.people.organizations import organization_in_full

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.session.session import Session


@command(locked=True, needs=Requirements("support", key="required"))
@type_argument
async def show(session: Session, out: Output, integration_type: str) -> None:
    """Show one integration; of a secret only whether it is set."""
    found = await find_integration(session, integration_type, opens_envelopes=True)
    (integration,) = with_checks([found], await read_checks(session, found.organization_id))
    closed: NotRecorded | None = None
    try:
        if integration.integration_type in type_titles():
            await openable_type(session, integration.integration_type)
        stored = await load_credential(
            session.database,
            session.keyring,
            integration.organization_id,
            integration.integration_type,
            integration_id=integration.id,
        )
    except PermissionDenied:
        stored = None
    except NotRecorded as refusal:
        stored, closed = None, refusal
    authors_by_id = await authors_of(session.database, [integration])
    authors = authors_by_id[integration.id] if integration.id else Authors()
    (usage,) = (await usage_of(session.database, [integration])).values()
    dependents = await named_dependents(session.database, integration)
    organization = session.chosen_organization
    name = organization_in_full(organization.id, organization.name)
    zone, why_not = session.settings.timezone, NOT_OPENED if closed else NOT_VISIBLE
    out.record(
        detail_record(integration, stored) | usage_record(usage, dependents),
        detail_lines(integration, stored, authors, usage, zone, name, why_not=why_not),
    )
    if closed is not None:
        raise closed
    if stored is not None and stored.problem is not None:
        if stored.problem.reason in ("no key", "other key"):
            (await check_gate(session.database, session.keyring)).require_write()
        raise stored.problem


@command(locked=True, needs=Requirements("support", writes="data"))
@type_argument
async def enable(session: Session, out: Output, integration_type: str) -> None:
    """Let an integration be used again."""
    await _set_active(session, out, integration_type, active=True)


@command(locked=True, needs=Requirements("support", writes="data"))
@type_argument
async def disable(session: Session, out: Output, integration_type: str) -> None:
    """Stop the use of an integration; nothing of it is deleted."""
    await _set_active(session, out, integration_type, active=False)


async def _set_active(session: Session, out: Output, integration_type: str, *, active: bool) -> None:
    integration = await find_integration(session, integration_type)
    changed = await set_active(session.database, integration, active=active)
    record = {"id": integration.id, "integration_type": integration.integration_type}
    out.result(
        record | {"is_active": active, "changed": changed},
        activation(full_name(integration), active=active, changed=changed),
    )


@command(locked=True, needs=Requirements("administrator", writes="data"))
@type_argument
async def delete(session: Session, out: Output, integration_type: str) -> None:
    """Delete an integration with its permissions and phone numbers.

    Says what goes with it, and asks for the type's name; --yes deletes at once.
    """
    integration = await find_integration(session, integration_type)
    name = integration.integration_type
    expected = await count_dependents(session.database, integration)
    (usage,) = (await usage_of(session.database, [integration])).values()
    dependents = await named_dependents(session.database, integration)
    back = way_back(await read_bounds(session.database), f"`switchboard integrations restore {name}`")
    await confirm_by_name(
        out,
        name,
        deletion_warning(full_name(integration), expected, back),
        f"`switchboard integrations disable {integration_type}` stops its use and keeps everything.",
        facts=deletion_facts(usage, dependents, session.settings.timezone),
    )
    deleted = await delete_integration(session.database, integration, expected)
    out.result(
        {
            "id": integration.id,
            "integration_type": name,
            "deleted": True,
            "permissions": deleted.permissions,
            "people": deleted.people,
            "phone_numbers": deleted.phone_numbers,
        }
        | usage_record(usage, dependents),
        deletion(full_name(integration), deleted),
    )
