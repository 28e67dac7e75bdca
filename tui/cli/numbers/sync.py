"""The command `phone-numbers sync`: the plan shown, agreed to, and applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.cli.completion.candidates import types
from tui.cli.confirm import confirm, confirm_by_name
from tui.cli.numbers.view import PLAN_COLUMNS, plan_record
from tui.cli.parsing import command, option
from tui.cli.requirements import Requirements
from tui.data.numbers.sync import SyncConflict, apply_sync
from tui.errors import ConfirmationNeeded
from tui.session.number_sync import integration_to_sync, leave_plan, plan_from_provider
from tui.words.numbers.sync_plan import (
    NOTHING_PLANNED,
    deactivation_of_all,
    plan_doubts,
    planned_rows,
    sync_outcome,
    untouched_numbers,
)

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.data.numbers.sync_plan import SyncPlan
    from tui.session.session import Session


@command(locked=True, needs=Requirements("support", key="required", writes="data"))
@option(
    "--dry-run",
    locked=True,
    needs=Requirements("support", key="required", writes="log"),
    help="Show the plan, and change nothing but the log.",
)
@option(
    "--integration",
    locked=True,
    metavar="TYPE|ID",
    shell_complete=types,
    help="Whose account is asked; where left out, the first that lists numbers.",
)
@option("--deactivate-all", locked=True, help="Continue even if the plan deactivates all its numbers.")
async def sync(session: Session, out: Output, dry_run: bool, integration: str | None, deactivate_all: bool) -> None:
    """Bring the numbers in line with what the provider lists.

    Shows the plan, asks, and writes it in one transaction. Numbers that the provider no longer lists are deactivated,
    never deleted; numbers that were added by hand are left alone. The opening of the credential is logged.
    """
    source = await integration_to_sync(session, session.chosen_organization.id, integration)
    out.say(f"Asking the provider of {source.integration_type} for its numbers.")
    plan = await plan_from_provider(
        session, source, lambda count: out.say(f"{count} numbers so far."), keeps_seen=not dry_run
    )
    _show_plan(out, plan)
    if dry_run:
        await leave_plan(session, plan, "dry run")
        if not out.as_table:
            out.data(plan_record(plan) | {"dry_run": True})
        else:
            out.text(f"{_capitalised(plan.sentence())}; nothing was written.")
        return
    try:
        may_deactivate_all = await _confirm_plan(out, plan, deactivate_all=deactivate_all)
    except ConfirmationNeeded:
        await leave_plan(session, plan, "not confirmed")
        raise
    try:
        result = await apply_sync(session.database, plan, deactivate_all=may_deactivate_all)
    except SyncConflict as conflict:
        _show_plan(out, conflict.plan)
        raise
    out.result(plan_record(plan) | result.counts() | {"dry_run": False}, sync_outcome(result))


def _show_plan(out: Output, plan: SyncPlan) -> None:
    if out.as_table:
        planned = planned_rows(plan)
        if planned:
            out.table(planned, PLAN_COLUMNS)
        else:
            out.say(NOTHING_PLANNED)
        for note in (*plan_doubts(plan), *untouched_numbers(plan)):
            out.say(note)


async def _confirm_plan(out: Output, plan: SyncPlan, *, deactivate_all: bool) -> bool:
    """Have the plan confirmed; return whether that includes switching off all numbers of the integration.

    That takes --deactivate-all, or the type typed by a person; --yes alone is not enough, since what runs by itself
    would believe a provider that lists nothing by mistake.
    """
    if not plan.writes:
        return False
    if plan.deactivates_all and not deactivate_all:
        affects = deactivation_of_all(plan)
        if out.yes:
            raise ConfirmationNeeded(affects, "Make sure that it is the right account; --deactivate-all does it.")
        await confirm_by_name(
            out,
            plan.integration.integration_type,
            affects,
            "--deactivate-all is needed too where nobody can be asked; make sure that it is the right account.",
        )
        return True
    await confirm(out, f"{_capitalised(plan.sentence())}. Apply it?", f"The sync would write: {plan.sentence()}.")
    return deactivate_all


def _capitalised(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
