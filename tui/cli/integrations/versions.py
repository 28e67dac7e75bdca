"""The commands `integrations` on earlier credentials: listing them, going back, forgetting, and how much is kept."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from tui.cli.completion.candidates import types
from tui.cli.confirm import confirm, confirm_by_name
from tui.cli.integrations.lookup import find_integration, type_argument
from tui.cli.integrations.test import ASKING, say_verdict
from tui.cli.output import Column
from tui.cli.parsing import Count, argument, command, option
from tui.cli.requirements import Requirements
from tui.data.integrations.roll_back import plan_roll_back, roll_back
from tui.data.integrations.versions import (
    change_bounds,
    count_left_over,
    count_versions,
    forget_versions,
    list_versions,
    read_bounds,
)
from tui.data.keys.gate import check_gate
from tui.errors import CheckFailed
from tui.providers import is_check_proven
from tui.providers.naming import full_name, type_in_full
from tui.session.connection_test import run_on_draft
from tui.words.counts import counted
from tui.words.integrations.versions import (
    LIVE_AGAIN,
    NOT_KEPT,
    changed_words,
    comparison,
    content_words,
    kept_words,
    rolled_back,
    tested_words,
    version_in_full,
    who_replaced,
)
from tui.words.times import to_the_minute

if TYPE_CHECKING:
    from datetime import tzinfo

    from tui.cli.output import Output
    from tui.data.integrations.credentials import PassedTest
    from tui.data.integrations.roll_back import RollBackPlan
    from tui.data.integrations.versions import Version
    from tui.providers.verdicts import Verdict
    from tui.session.connection_test import ConnectionTestResult
    from tui.session.session import Session

MOST_KEPT, MOST_DAYS, HIGHEST = 100, 3650, 999_999_999
EVERYWHERE = "all organisations"
SETTING = Requirements("administrator", writes="data", organization=False)


@command(locked=True, needs=Requirements("support", key="optional"))
@type_argument
async def history(session: Session, out: Output, integration_type: str) -> None:
    """List the earlier credentials that are kept of an integration: when each was replaced, by whom, and which fields.

    Names of fields, never values. The same fingerprint is the same content. What else was done to it is in the log:
    `switchboard audit list type:TYPE`.
    """
    integration = await find_integration(session, integration_type, or_else=OR_RESTORE)
    versions = await list_versions(session.database, session.keyring, integration)
    columns = _columns(session.settings.timezone, check_proven=is_check_proven(integration.integration_type))
    out.rows(versions, columns, record=_record, empty=NOT_KEPT)


def _columns(zone: tzinfo, *, check_proven: bool) -> tuple[Column[Version], ...]:
    return (
        Column("VERSION", lambda version: version.id, to_the_right=True),
        Column("REPLACED", lambda version: to_the_minute(version.replaced_at, zone), usual=20),
        Column("BY", who_replaced, shrinks_to=12),
        Column("CHANGED", changed_words, shrinks_to=14),
        Column("CONTENT", lambda version: content_words(version) + (" = now" if version.is_present else "")),
        Column("THEN", lambda version: tested_words(version, check_proven=check_proven), optional=True),
        Column("LOGIN", lambda version: version.login, shrinks_to=10, optional=True),
    )


def _record(version: Version) -> dict[str, Any]:
    return {
        "version": version.id,
        "kind": version.kind,
        "replaced_at": version.replaced_at,
        "user_id": version.user_id,
        "author": version.author or None,
        "replaced_by": version.login,
        "operation_id": version.operation_id,
        "changed": None if version.changed is None else list(version.changed),
        "changed_is_claimed": version.is_claimed,
        "fingerprint": version.fingerprint,
        "was_verified": version.was_verified,
        "verified_at": version.verified_at,
        "unreadable": version.problem,
        "is_present": version.is_present,
        "operator_from": version.operator_from if version.author else None,
    }


OR_RESTORE = ", or bring it back with `switchboard integrations restore`"
ROLLBACK = Requirements("administrator", key="required", writes="data")


@command(locked=True, needs=ROLLBACK)
@type_argument
@option("--to", metavar="N", type=Count(HIGHEST), locked=True, help="The version, instead of the last one.")
@option(
    "--test",
    locked=True,
    needs=Requirements("administrator", key="required", writes="data", finds=True),
    help="Ask the provider first; nothing is written unless it accepts that version.",
)
@option(
    "--dry-run",
    locked=True,
    needs=Requirements("administrator", key="optional"),
    help="Only compare the two.",
)
async def rollback(
    session: Session, out: Output, integration_type: str, to: int | None, test: bool, dry_run: bool
) -> None:
    """Put an earlier credential in the place of the present one, which is kept in turn.

    Without --to it is the last one that was replaced, so that the next roll-back undoes this one. Says which fields
    differ, and asks; --yes does it at once. Exits with 5 where --test did not pass.
    """
    integration = await find_integration(session, integration_type, or_else=OR_RESTORE)
    if not dry_run:
        (await check_gate(session.database, session.keyring)).require_write()
    plan = await plan_roll_back(session.database, session.keyring, integration, to)
    record, check_proven = _plan_record(plan), is_check_proven(integration.integration_type)
    if out.as_table:
        write = out.text if dry_run else out.say
        which = version_in_full(plan, session.settings.timezone, check_proven=check_proven)
        write(f"{full_name(integration)} back to {which}:")
        for line in comparison(plan):
            write(f"  {line}")
    if dry_run:
        if not out.as_table:
            out.data(record)
        return
    if plan.problem is not None:
        # A yes that was given beforehand is none to a version that nobody has named.
        if test or (to is None and out.yes):
            raise plan.problem
        await confirm_by_name(
            out,
            integration.integration_type,
            f"Version {plan.version} does not open with any key that is configured here ({plan.problem.reason}).",
            "configure its key first, or go back to another version.",
        )
    else:
        await confirm(out, "Go back to it?", f"It replaces the credential of {full_name(integration)}.")
    tested = await _ask_provider(session, out, plan, record) if test else None
    done = await roll_back(session.database, session.keyring, plan, test=tested, unread=plan.problem is not None)
    out.result(
        record | {"is_verified": done.verified, "applied": True},
        rolled_back(full_name(integration), done.version, verified=done.verified, check_proven=check_proven),
    )
    out.say(LIVE_AGAIN)


def _plan_record(plan: RollBackPlan) -> dict[str, Any]:
    return {
        "id": plan.stored.integration.id,
        "integration_type": plan.stored.integration.integration_type,
        "version": plan.version,
        "changed": None if plan.changed is None else list(plan.changed),
        "is_verified": False,
        "check_proven": is_check_proven(plan.stored.integration.integration_type),
        "applied": False,
    }


async def _ask_provider(session: Session, out: Output, plan: RollBackPlan, record: dict[str, Any]) -> PassedTest:
    """Raise CheckFailed where the provider does not accept it."""
    out.say(ASKING)
    tell = partial(say_verdict, out, plan.stored.integration)
    tested = await run_on_draft(session, plan.draft(), tell, stored=plan.credential)
    if tested.passed_draft is None:
        if not out.as_table:
            out.data(record)
        raise CheckFailed(
            f"Version {plan.version} did not pass its test, so nothing was written.",
            "What to do stands above."
            if out.as_table
            else " ".join(f"{verdict.sentence} {verdict.what_to_do}".strip() for verdict in _against(tested))
            or tested.conclusion(),
        )
    return tested.passed_draft


def _against(tested: ConnectionTestResult) -> list[Verdict]:
    return [verdict for verdict in tested.report.verdicts if verdict.outcome != "passed"]


@command(locked=True, needs=Requirements("administrator", writes="data"))
@argument("integration_type", locked=True, metavar="TYPE", shell_complete=types)
async def forget(session: Session, out: Output, integration_type: str) -> None:
    """Delete every earlier credential that is kept of a type, those of deleted integrations among them.

    Asks for the type's name; --yes deletes at once.
    """
    organization_id = session.chosen_organization.id
    kept = await count_versions(session.database, organization_id, integration_type)
    if kept:
        await confirm_by_name(
            out,
            integration_type,
            f"Forgetting what is kept of {type_in_full(integration_type)} cannot be undone. "
            f"{counted(kept, 'earlier credential')} would be gone.",
            f"`switchboard integrations history {integration_type}` lists those of the present one.",
        )
        kept = await forget_versions(session.database, organization_id, integration_type)
    record = {"organization_id": organization_id, "integration_type": integration_type, "forgotten": kept}
    many = f"{counted(kept, 'earlier credential is', 'earlier credentials are')} forgotten." if kept else NOT_KEPT
    out.result(record, many)


@command(locked=True, needs=Requirements("any", organization=False))
@option("--keep", metavar="N", type=Count(MOST_KEPT, lowest=0), needs=SETTING, help="Keep N of each; 0 keeps none.")
@option("--days", metavar="N", type=Count(MOST_DAYS), needs=SETTING, help="Keep each for N days.")
async def versions(session: Session, out: Output, keep: int | None, days: int | None) -> None:
    """Say how many earlier credentials the database keeps, and for how long, or change that.

    It holds for all organisations. What a smaller number leaves over is gone at once, and cannot come back: where it
    leaves some over it asks; --yes does it at once.
    """
    if keep is None and days is None:
        bounds = await read_bounds(session.database)
    else:
        if gone := await count_left_over(session.database, kept=keep, days=days):
            await confirm_by_name(
                out,
                EVERYWHERE,
                f"{counted(gone, 'earlier credential')} of {EVERYWHERE} would be gone, and what was deleted with them. "
                "That cannot be undone.",
                "a larger number keeps them.",
            )
        bounds = await change_bounds(session.database, kept=keep, days=days)
    out.result({"versions_kept": bounds.kept, "versions_days": bounds.days}, kept_words(bounds))
