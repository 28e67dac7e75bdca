"""The command `audit list`: the newest rows of a filter."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import click

from tui.cli.audit import audit
from tui.cli.audit.filter import FILTERED, LANGUAGE, filter_argument, run_on_filter
from tui.cli.audit.view import PIPED_WIDTH, columns, record_of
from tui.cli.parsing import Count, option
from tui.cli.requirements import Requirements
from tui.words.audit import no_rows_words
from tui.words.times import to_the_minute

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.cli.request import Options
    from tui.data.audit.filter import AuditFilter
    from tui.data.audit.pages import AuditReader
    from tui.models import AuditRow
    from tui.session.session import Session

MOST_ROWS = 10_000
ROWS_AT_ONCE = 500
PROGRESS_EVERY_S = 2.0


@audit.command(
    "list", locked=True, needs=Requirements("any", organization=False), context_settings=FILTERED, epilog=LANGUAGE
)
@filter_argument
@option(
    "--limit",
    locked=True,
    type=Count(MOST_ROWS),
    default=50,
    metavar="N",
    help=f"How many rows: 50, or 1 to {MOST_ROWS}.",
)
@click.pass_obj
def list_(options: Options, words: tuple[str, ...], limit: int) -> int:
    """List the newest rows of the organisation's log, newest first.

    Of the details only a summary that fits the line is shown; --json has the whole of them, but for those over 64 kB,
    which only export writes. ~ before a name: that is what the program said; the login is in the details.
    """
    return run_on_filter(options, words, partial(_list, limit=limit))


async def _list(session: Session, out: Output, audit_filter: AuditFilter, *, limit: int) -> None:
    from tui.data.audit.pages import AuditReader
    from tui.data.directory import people_by_id

    rows = await _newest(session, AuditReader(session.database, audit_filter), out, limit)
    people = await people_by_id(session.database, [row.user_id for row in rows if row.user_id])
    out.rows(
        rows,
        columns(people, session.settings.timezone),
        record=record_of,
        piped_width=PIPED_WIDTH,
        empty=no_rows_words(audit_filter.text),
    )


async def _newest(session: Session, reader: AuditReader, out: Output, limit: int) -> list[AuditRow]:
    """Read the newest rows; say now and then how far back a search has come."""
    from tui.data.audit.pages import Place

    rows: list[AuditRow] = []
    place: Place | None = None
    more = True
    reported_at = time.monotonic()
    while more and len(rows) < limit:
        async for step in reader.older(place, min(limit - len(rows), ROWS_AT_ONCE)):
            rows += step.rows
            more = step.more
            if step.searched_to is not None and time.monotonic() - reported_at > PROGRESS_EVERY_S:
                reported_at = time.monotonic()
                back_to = to_the_minute(step.searched_to, session.settings.timezone)
                out.say(f"Searched back to {back_to}; rows so far: {len(rows)}.")
        place = Place.of(rows[-1]) if rows else None
    return rows
