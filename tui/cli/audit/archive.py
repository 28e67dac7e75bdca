"""The command `audit archive`: months of the log in files, and then out of the log."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.cli.completion.candidates import files
from tui.cli.confirm import confirm
from tui.cli.output import Column
from tui.cli.parsing import command, option
from tui.cli.requirements import Requirements
from tui.data.archive.folder import ArchiveFolder
from tui.data.archive.month import Month
from tui.data.archive.plan import plan_months
from tui.data.archive.remove import owns_log, remove_month, require_file
from tui.data.archive.write import archive_months
from tui.data.seals.hours import hour_text
from tui.errors import CheckFailed, InvalidInput
from tui.words.counts import counted
from tui.words.times import to_the_minute

if TYPE_CHECKING:
    from datetime import datetime

    from tui.cli.output import Output
    from tui.cli.request import Work
    from tui.data.archive.plan import PlannedMonth
    from tui.data.postgres.database import Database
    from tui.session.session import Session

READS = Requirements("any", finds=True, organization=False)
STATES = {
    "not sealed": "not wholly sealed yet",
    "to archive": "to archive",
    "archived": "archived; its rows can be removed once the log is sealed until",
    "to remove": "archived and sealed; its rows can be removed by the owner",
    "removed": "archived, and its rows removed",
}


@dataclass(slots=True)
class MonthLine:
    """What is said of one month; `removed` rows were removed by this run, and `hours_left` stayed for their reason."""

    month: Month
    state: str
    rows: int | None
    sha256: str | None
    removable_from: datetime | None = None
    removed: int = 0
    left_out: list[datetime] = field(default_factory=list)
    hours_left: list[datetime] = field(default_factory=list)

    @classmethod
    def of(cls, planned: PlannedMonth) -> MonthLine:
        """Return it as it was planned."""
        archive = planned.archive
        if archive is None:
            return cls(planned.month, planned.state, None, None)
        waits = archive.sealed_from if planned.state == "archived" else None
        return cls(
            planned.month,
            planned.state,
            archive.row_count,
            archive.sha256.hex(),
            waits,
            left_out=archive.left_out,
        )

    @property
    def sentence(self) -> str:
        """Say how far it has come."""
        text = STATES[self.state]
        if self.removable_from is not None:
            text = f"{text} {to_the_minute(self.removable_from, UTC)}"
        if self.removed:
            text = f"{text}; {counted(self.removed, 'row')} removed now"
        return text

    def record(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "month": str(self.month),
            "state": self.state,
            "rows": self.rows,
            "file": self.month.file if self.rows is not None else None,
            "sha256": self.sha256,
            "removable_from": self.removable_from,
            "removed": self.removed,
            "left_out": self.left_out,
            "hours_left": self.hours_left,
        }


@command(needs=Requirements("administrator", writes="data", finds=True, organization=False))
@option("--before", required=True, metavar="MONTH", help="The months before this one, such as 2026-01.")
@option("--output", metavar="DIR", shell_complete=files, help="Where the files are written, and read again.")
@option("--dry-run", needs=READS, help="Only say how far each month has come.")
def archive(before: str, output: str | None, dry_run: bool) -> Work:
    """Write old months of the log to files, and let a later run remove their rows.

    A month that is wholly sealed becomes a file of compressed JSON lines in DIR, with its seals beside it, which is
    read back and compared with the seals before the log says so. Once that row of the log is sealed too, the same
    command, run by the owner of the log, removes the month's rows; it asks before. An hour that is not as it was sealed
    stays whole, and is named: the exit status is 5 then. The running month and the one before always stay.
    """
    month = Month.named(before)
    if output is None and not dry_run:
        raise InvalidInput("There is no --output.", "Name the folder of the archive, or add --dry-run.")
    return partial(_archive, before=month, output=None if dry_run else output)


async def _archive(session: Session, out: Output, *, before: Month, output: str | None) -> None:
    planned = await plan_months(session.database, before)
    failed: list[CheckFailed] = []
    if output is None:
        lines = [MonthLine.of(each) for each in planned]
    else:
        with ArchiveFolder(Path(output)) as folder:
            lines, failed = await _go_on(session.database, out, folder, planned)
    out.rows(lines, COLUMNS, record=MonthLine.record, empty=f"The log has no row before {before}.")
    if failed:
        for failure in failed[1:]:
            out.warn(failure.sentence, failure.what_to_do)
        raise failed[0]
    left = [(line, hour) for line in lines for hour in dict.fromkeys((*line.left_out, *line.hours_left))]
    if left and output is not None:
        named = ", ".join(hour_text(int(hour.timestamp())) for _, hour in left[:5])
        more = f" and {len(left) - 5} more" if len(left) > 5 else ""
        raise CheckFailed(
            f"{counted(len(left), 'hour is', 'hours are')} not as sealed, and stayed whole in the log: {named}{more}.",
            "`switchboard audit verify` says what of them is another way.",
        )


async def _go_on(
    database: Database, out: Output, folder: ArchiveFolder, planned: list[PlannedMonth]
) -> tuple[list[MonthLine], list[CheckFailed]]:
    """Archive what can be, and remove what may be; return what is said of each month, and why some stay."""
    failed: list[CheckFailed] = []

    def on_rows(verb: str, rows: int, hour: int) -> None:
        out.progress(f"{counted(rows, 'row')} {verb}, up to {hour_text(hour)} ...")

    to_write = [each.month for each in planned if _is_to_be_written(each, folder)]
    async for record in archive_months(database, folder, to_write, on_rows=on_rows):
        if isinstance(record, CheckFailed):
            failed.append(record)
            continue
        out.say(f"{record.month}: {counted(record.rows, 'row')} in {folder.path / record.month.file}.")
    if to_write:
        planned = await plan_months(database, planned[-1].month.following)
    lines = [MonthLine.of(each) for each in planned]
    removable = [(each, line) for each, line in zip(planned, lines, strict=True) if line.state == "to remove"]
    if not removable:
        return lines, failed
    if not await owns_log(database):
        out.say("Rows are removed by the owner of the log alone: run it again as that.")
        return lines, failed
    rows = sum(each.archive.row_count for each, _ in removable if each.archive)
    months = (
        f"{removable[0][0].month} to {removable[-1][0].month}" if len(removable) > 1 else f"{removable[0][0].month}"
    )
    await confirm(
        out,
        f"Remove up to {counted(rows, 'row')} of {months} from the log for good?",
        f"Up to {counted(rows, 'row')} of {months} would be removed from the log for good.",
    )
    for each, line in removable:
        if each.archive is None:
            raise AssertionError("what is to be removed is archived")
        try:
            await require_file(database, folder, each.archive, on_rows=on_rows)
        except CheckFailed as failure:
            failed.append(failure)
            continue
        removed = await remove_month(database, each.month, on_rows=on_rows)
        line.removed, line.hours_left = removed.rows, list(removed.hours_left)
        line.state = "to remove" if removed.hours_left or line.left_out else "removed"
    return lines, failed


def _is_to_be_written(planned: PlannedMonth, folder: ArchiveFolder) -> bool:
    """Whether a month has no archive yet, or its file is not in the folder and all of its rows are in the log."""
    is_archived = planned.state in ("archived", "to remove")
    is_lost = is_archived and not planned.is_being_removed and not folder.has(planned.month.file)
    return planned.state == "to archive" or is_lost


COLUMNS: list[Column[MonthLine]] = [
    Column("MONTH", lambda line: str(line.month)),
    Column("ROWS", lambda line: "" if line.rows is None else f"{line.rows:,}", to_the_right=True),
    Column("STATE", lambda line: line.sentence),
]
