"""What is said of an hour whose rows are not as they were sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.data.seals.changed_blocks import first_changed_block
from tui.data.seals.changed_rows import changed_rows, rows_added
from tui.data.seals.hours import hour_text
from tui.data.seals.report import SealFinding
from tui.words.counts import counted

if TYPE_CHECKING:
    from tui.data.postgres.database import Database
    from tui.data.seals.chain import Seal
    from tui.data.seals.changed_blocks import ChangedBlock
    from tui.data.seals.changed_rows import ChangedRow, ChangedRows
    from tui.data.seals.hour_digest import HourOfRows


async def findings_of(
    database: Database, seal: Seal, rows: HourOfRows, *, is_archived: bool = False
) -> list[SealFinding]:
    """Return what is wrong with an hour that is not as `seal`, a genuine one, says.

    The rows by their ids, where the seal has a list and they are not too many; of a large hour the block. Where it
    `is_archived`, all of its rows may be gone.
    """
    changed = await changed_rows(database, seal)
    hour, numbers = seal.hour, f"{seal.row_count} sealed, {rows.row_count} there"
    gone = changed.counts["removed"] + changed.counts["moved"] if changed else 0
    if is_archived and hour is not None and rows.row_count and gone == seal.row_count:
        numbers = f"{seal.row_count} sealed and archived, {rows.row_count} there"
        return row_findings(hour, numbers, await rows_added(database, hour, seal))
    if rows.row_count == 0:
        summary = SealFinding("removed", f"Every row of {hour_text(hour)} was removed after sealing ({numbers}).", hour)
        return [summary, *(row_findings(hour, numbers, changed) if changed else [])]
    if changed is not None:
        return row_findings(hour, numbers, changed)
    block = await first_changed_block(database, seal, rows)
    return [_hour_finding(hour, numbers) if block is None else _block_finding(hour, numbers, block)]


def row_findings(hour: int | None, numbers: str, changed: ChangedRows) -> list[SealFinding]:
    """Return a finding for each row that is named, and one for the others; `numbers` says how many were sealed."""
    findings = [SealFinding(row.change, _row_sentence(hour, row, numbers), hour, row.id) for row in changed.rows]
    unnamed = sum(changed.counts.values()) - len(findings)
    if unnamed > 0:
        kinds = ", ".join(f"{count} {kind}" for kind, count in changed.counts.items() if count)
        sentence = f"{unnamed} more rows of {hour_text(hour)} are not as they were sealed ({kinds}; {numbers})."
        findings.append(SealFinding("hour", sentence, hour))
    # The list has only the beginning of each leaf: where it finds nothing, the digest is still another one.
    return findings or [_hour_finding(hour, numbers)]


def _hour_finding(hour: int | None, numbers: str) -> SealFinding:
    sentence = f"The rows of {hour_text(hour)} are not as they were sealed ({numbers}); no list names them."
    return SealFinding("hour", sentence, hour)


def _block_finding(hour: int | None, numbers: str, block: ChangedBlock) -> SealFinding:
    place = f"rows {block.first} to {block.last} of {hour_text(hour)}"
    times = f", written from {block.begins} to {block.ends}," if block.begins else ""
    rest = f", nor {counted(block.others, 'block is', 'blocks are')} behind them" if block.others else ""
    return SealFinding("hour", f"The {place}{times} are not as they were sealed{rest} ({numbers}).", hour)


def _row_sentence(hour: int | None, row: ChangedRow, numbers: str) -> str:
    name = f"row {row.id}" if row.id else "a row without an id"
    place = f"In {hour_text(hour)}" if hour is not None else "Among the rows without a time"
    match row.change:
        case "altered":
            return f"{place} {name} was altered after sealing."
        case "removed":
            return f"{place} {name} was removed after sealing ({numbers})."
        case "moved":
            return f"{place} {name} was moved after sealing, to {row.moved_to} ({numbers})."
        case "added":
            when = {
                True: "; its transaction was under way when the hour was sealed, so it may only have committed late",
                False: "; it was written after the hour was sealed",
                None: "",
            }[row.was_under_way]
            return f"{place} {name} was added after sealing ({numbers}){when}."
