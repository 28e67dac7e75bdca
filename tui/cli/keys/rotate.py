"""The command `keys rotate`: every credential encrypted again with another master key."""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tui.cli.completion.candidates import files
from tui.cli.confirm import confirm, confirm_by_name
from tui.cli.keys.progress import ProgressLines
from tui.cli.parsing import OneOf, command, option
from tui.cli.requirements import Requirements
from tui.data.keys.rotation import does_not_open, plan_rotation, prepare_key_change, rotate_keys
from tui.data.keys.sources import LARGEST_BYTES, new_key_warning, read_key_bytes, read_key_file
from tui.errors import CheckFailed, InvalidInput
from tui.words.counts import counted
from tui.words.keys import AFTERWARDS, AS_IT_WAS, STOPPED, legacy_consequence, planned
from tui.words.keys import does_not_open as which_does_not_open

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.cli.request import Work
    from tui.data.keys.envelope_count import EnvelopeCount
    from tui.data.keys.master_key import MasterKey
    from tui.data.keys.rotation import KeyChange
    from tui.data.postgres.database import Database
    from tui.session.session import Session

KNOWN = """
select id from public.integration_credentials where id = any (%(ids)s)
union select credential_id from switchboard.credential_versions where credential_id = any (%(ids)s)
"""
READS = Requirements("administrator", key="required", organization=False, finds=True)


@command(needs=Requirements("administrator", key="required", writes="data", organization=False))
@option("--dry-run", needs=READS, help="Only say what would be done; exits with 5 where a credential does not open.")
@option(
    "--to", metavar="FILE|-", help="The new key: a file of mode 0600, or - for standard input.", shell_complete=files
)
@option(
    "--format",
    "envelope_format",
    metavar="sb2|legacy",
    type=OneOf(("sb2", "legacy")),
    help="Move every credential to this format; without it each keeps its own.",
)
@option("--without", multiple=True, metavar="ID", help="Leave this credential out if it does not open; repeatable.")
def rotate(dry_run: bool, to: str | None, envelope_format: Any, without: tuple[str, ...]) -> Work:
    """Change the master key: encrypt every credential again, in one transaction.

    The new key is given with --to, or it is the configured one, and the key in use is ENCRYPTION_MASTER_KEY_PREVIOUS.
    Kept versions are encrypted again as well. Each envelope is opened, encrypted, opened again and compared. Ended at
    any point before the last, everything is under the old key.

    \b
    Example:
        switchboard keys generate > new.key && chmod 600 new.key
        switchboard keys rotate --to new.key --dry-run
        switchboard keys rotate --to new.key
    """
    target = _read_target(to) if to else None
    left_out = frozenset(map(_id, without))
    return partial(
        _rotate,
        target=target,
        envelope_format=envelope_format,
        left_out=left_out,
        dry_run=dry_run,
        input_is_taken=to == "-",
    )


def _read_target(to: str) -> MasterKey:
    if to != "-":
        return read_key_file("--to", to)
    if sys.stdin is None or sys.stdin.isatty():
        raise InvalidInput(
            "The new key is read from standard input, which is a terminal.",
            "Put it into a file of mode 0600 and give the file's name, or pipe it in.",
        )
    return read_key_bytes("standard input", sys.stdin.buffer.read(LARGEST_BYTES + 1))


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput("--without is not the id of a credential.", "Take it from --dry-run.") from None


async def _require_known(database: Database, ids: frozenset[UUID]) -> None:
    found = await database.fetch_all(KNOWN, {"ids": list(ids)}) if ids else []
    if unknown := ids - {row["id"] for row in found}:
        raise InvalidInput(f"--without is {min(unknown)}, which no credential has.", "Take it from --dry-run.")


async def _rotate(
    session: Session,
    out: Output,
    *,
    target: MasterKey | None,
    envelope_format: Any,
    left_out: frozenset[UUID],
    dry_run: bool,
    input_is_taken: bool,
) -> None:
    if target is not None and (warning := new_key_warning(target)):
        out.warn(*warning)
    change = await prepare_key_change(session.database, session.keyring, target, envelope_format)
    await _require_known(session.database, left_out)
    plan = await plan_rotation(session.database, change, ProgressLines(out))
    if dry_run or out.as_table:
        _show_plan(out, change, plan, left_out, whole=dry_run)
    blocking = [left for left in plan.left if left.credential_id not in left_out]
    if blocking:
        stopped_by = does_not_open(blocking[0])
        raise CheckFailed(stopped_by.sentence, stopped_by.what_to_do) if dry_run else stopped_by
    if dry_run:
        return
    if consequence := legacy_consequence(change, plan):
        advice = "stop the other program first."
        await confirm_by_name(out, STOPPED, consequence, advice, input_is_taken=input_is_taken)
    else:
        question, reason = "Change the key now, in one transaction?", "It encrypts every credential again."
        await confirm(out, question, reason, input_is_taken=input_is_taken)
    progress = ProgressLines(out)
    try:
        result = await rotate_keys(session.database, change, left_out=left_out, progress=progress)
    except asyncio.CancelledError:
        if not progress.is_saving:
            out.warn(AS_IT_WAS)
        raise
    if out.as_table:
        written = counted(
            result.after.opened("credential") + result.after.opened("version"), "envelope is", "envelopes are"
        )
        out.text(f"{written} encrypted with the new key (key id {change.to_id}).")
        out.text(f"Fingerprint of all contents, before: {result.before.fingerprint}")
        out.text(f"Fingerprint of all contents, after:  {result.after.fingerprint}")
        for line in AFTERWARDS:
            out.say(line.format(source=change.present.source, old=change.from_id))
    else:
        out.data(_record(change, result.before, result.after) | {"log_row": result.log_row})


def _show_plan(out: Output, change: KeyChange, plan: EnvelopeCount, left_out: frozenset[UUID], *, whole: bool) -> None:
    if not out.as_table:
        out.data(_record(change, plan, None))
        return
    lines: list[tuple[str, object]] = [*planned(change, plan)]
    for left in plan.left:
        stays = "stays as it is" if left.credential_id in left_out else "stops the rotation"
        lines.append(("does not open", f"{which_does_not_open(left)}: {stays}"))
    if whole:
        lines.append(("fingerprint", plan.fingerprint))
    out.record({}, lines)
    if whole and (consequence := legacy_consequence(change, plan)):
        out.say(consequence)


def _record(change: KeyChange, before: EnvelopeCount, after: EnvelopeCount | None) -> dict[str, Any]:
    present = after or before
    return {
        "from_key_id": change.from_id,
        "to_key_id": change.to_id if after else change.recorded_to_id,
        "credentials": present.opened("credential"),
        "versions": present.opened("version"),
        "by_key": {"before": before.by_key, "after": after.by_key if after else None},
        "by_format": {"before": before.by_format, "after": after.by_format if after else None},
        "fingerprint": {"before": before.fingerprint, "after": after.fingerprint if after else None},
        "unreadable": [
            {"id": left.credential_id, "version": left.id if left.place == "version" else None, "reason": left.reason}
            for left in before.left
        ],
    }
