"""The command `audit list`: the newest rows of a filter."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tui.cli.audit.filter import FilteredCommand, archive_option
from tui.cli.audit.view import PIPED_WIDTH, columns, names_of, record_of
from tui.cli.parsing import Count, command, option, watch_option
from tui.cli.requirements import Requirements
from tui.data.archive.matching import matcher
from tui.data.archive.reading import ArchiveReader
from tui.data.audit.archived import archived_before
from tui.data.audit.pages import AuditReader, Place
from tui.providers import title_of
from tui.words.log.archived import archived_sentence
from tui.words.log.details import LogNames
from tui.words.log.no_rows import no_rows_words
from tui.words.times import to_the_minute

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.data.audit.filter import AuditFilter
    from tui.models.log import AuditRow
    from tui.session.session import Session

MOST_ROWS = 10_000
ROWS_AT_ONCE = 500


@command(cls=FilteredCommand, locked=True, needs=Requirements("any", organization=False))
@option(
    "--limit",
    locked=True,
    type=Count(MOST_ROWS),
    default=50,
    metavar="N",
    help=f"How many rows at most, 1 to {MOST_ROWS}; 50 where left out.",
)
@archive_option
@watch_option
async def list_(session: Session, out: Output, audit_filter: AuditFilter, limit: int, archive: str | None) -> None:
    """List the newest rows of the organisation's log, newest first.

    SUMMARY says in a sentence what happened; --json has the details instead, but for those over 64 kB, which only
    export writes. A name with ~ before it is a claim of the program; one without is proven by the login.
    """
    if archive is not None:
        with ArchiveReader(Path(archive)) as reader:
            rows = reader.newest(matcher(audit_filter), limit)
        names = LogNames({}, title_of, session.settings.timezone)
        empty = f"No row of {reader.month} is in this filter."
        out.rows(rows, columns(names), record=record_of, piped_width=PIPED_WIDTH, empty=empty)
        reader.require_sealed()
        return
    rows = await _read_newest(session, AuditReader(session.database, audit_filter), out, limit)
    before = None if len(rows) == limit else await archived_before(session.database, audit_filter)
    out.rows(
        rows,
        columns(await names_of(session, rows)),
        record=record_of,
        piped_width=PIPED_WIDTH,
        empty=no_rows_words(audit_filter.text, audit_filter.sought),
    )
    if before is not None:
        out.say(archived_sentence(before))


async def _read_newest(session: Session, reader: AuditReader, out: Output, limit: int) -> list[AuditRow]:
    """Read the newest rows; say now and then how far back a search has come."""
    rows: list[AuditRow] = []
    place: Place | None = None
    more = True
    while more and len(rows) < limit:
        async for step in reader.older(place, min(limit - len(rows), ROWS_AT_ONCE)):
            rows += step.rows
            more = step.more
            if step.searched_to is not None:
                back_to = to_the_minute(step.searched_to, session.settings.timezone)
                out.progress(f"Searched back to {back_to}; rows so far: {len(rows)}.")
        place = Place.of(rows[-1]) if rows else None
    return rows
