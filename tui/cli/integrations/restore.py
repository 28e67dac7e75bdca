"""The command `integrations restore`: what was deleted, and one of it brought back whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.cli.completion.candidates import types
from tui.cli.confirm import confirm
from tui.cli.output import Column
from tui.cli.parsing import argument, command, option
from tui.cli.requirements import Requirements
from tui.data.integrations.deleted import deleted_integrations, plan_restore
from tui.data.integrations.restore import restore as restore_integration
from tui.providers.naming import type_in_full
from tui.words.integrations.versions import LIVE_AGAIN, restored, what_comes_back, who_replaced
from tui.words.times import to_the_minute

if TYPE_CHECKING:
    from datetime import tzinfo

    from tui.cli.output import Output
    from tui.data.integrations.deleted import DeletedIntegration, RestorePlan
    from tui.session.session import Session


@command(locked=True, needs=Requirements("administrator", writes="data"))
@argument(
    "type_or_id",
    locked=True,
    without=Requirements("administrator"),
    metavar="[TYPE|ID]",
    required=False,
    shell_complete=types,
)
@option(
    "--dry-run",
    locked=True,
    needs=Requirements("administrator"),
    help="Only say what would come back, and what would not.",
)
async def restore(session: Session, out: Output, type_or_id: str | None, dry_run: bool) -> None:
    """Bring a deleted integration back, with its id, its permissions and its phone numbers.

    Without a TYPE it lists what was deleted and is still kept. Of a type it is the last that was deleted. Says what
    comes back and, line by line, what does not, and asks; --yes does it at once.
    """
    organization_id = session.chosen_organization.id
    if type_or_id is None:
        listed = await deleted_integrations(session.database, organization_id)
        out.rows(
            listed, _columns(session.settings.timezone), record=_deleted, empty="Nothing that was deleted is kept."
        )
        return
    plan = await plan_restore(session.database, organization_id, type_or_id)
    name = type_in_full(plan.integration_type)
    if dry_run and not out.as_table:
        out.data(_record(plan, applied=False))
        return
    write = out.text if dry_run else out.say
    write(f"{name} {what_comes_back(plan)}.")
    for loss in plan.losses:
        write(f"  does not come back: {loss}")
    if dry_run:
        return
    await confirm(out, "Bring it back?", f"It makes the credential of {name} and what hung on it valid again.")
    done = await restore_integration(session.database, plan)
    out.result(_record(done, applied=True), restored(name, done))
    out.say(LIVE_AGAIN)


def _columns(zone: tzinfo) -> tuple[Column[DeletedIntegration], ...]:
    return (
        Column("TYPE", lambda one: one.integration_type, shrinks_to=15),
        Column("NAME", lambda one: one.display_name or "", shrinks_to=10, optional=True),
        Column("DELETED", lambda one: to_the_minute(one.deleted_at, zone)),
        Column("BY", who_replaced, shrinks_to=12),
        Column("PERMISSIONS", lambda one: one.permissions, to_the_right=True),
        Column("NUMBERS", lambda one: one.phone_numbers, to_the_right=True),
        Column("ID", lambda one: one.integration_id, shrinks_to=8),
        Column("", lambda one: "another one is there" if one.is_replaced else ""),
    )


def _deleted(one: DeletedIntegration) -> dict[str, Any]:
    names = ("integration_id", "organization_id", "integration_type", "display_name", "deleted_at", "author")
    more = ("permissions", "phone_numbers", "is_replaced", "operator_from")
    named = {name: getattr(one, name) for name in names}
    return named | {"deleted_by": one.login, "version": one.version} | {name: getattr(one, name) for name in more}


def _record(plan: RestorePlan, *, applied: bool) -> dict[str, Any]:
    return {
        "id": plan.integration_id,
        "organization_id": plan.organization_id,
        "integration_type": plan.integration_type,
        "permissions": plan.permissions,
        "phone_numbers": plan.phone_numbers,
        "not_restored": list(plan.losses),
        "applied": applied,
    }
