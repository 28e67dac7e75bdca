"""The commands `audit`: reading the log."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import click

from tui.cli.audit.export import export
from tui.cli.audit.filter import FILTERED, LANGUAGE, check_filter, filter_argument, filter_of
from tui.cli.audit.seals import seal, verify
from tui.cli.audit.stats import stats
from tui.cli.audit.tail import tail
from tui.cli.audit.view import PIPED_WIDTH, columns, record_of
from tui.cli.parsing import Count, Group, option
from tui.words.times import shown

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.cli.request import Options
    from tui.data.audit.pages import LogReader
    from tui.models import LogRow
    from tui.session.session import Session

MOST_ROWS = 10_000
ROWS_AT_ONCE = 500
PROGRESS_EVERY_S = 2.0


@click.group("audit", locked=True, cls=Group)
def audit() -> None:
    """Who did what, and when."""


@audit.command("list", locked=True, context_settings=FILTERED, epilog=LANGUAGE)
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
    from tui.cli.run import run

    check_filter(options, words)
    return run(options, partial(_list, words=words, limit=limit), organization=False)


async def _list(session: Session, out: Output, *, words: tuple[str, ...], limit: int) -> None:
    from tui.data.audit.pages import LogReader
    from tui.data.directory import people_by_id

    resolved = await filter_of(session, out, words)
    rows = await _newest(session, LogReader(session.database, resolved.log_filter), out, limit)
    people = await people_by_id(session.database, [row.user_id for row in rows if row.user_id])
    out.rows(
        rows,
        columns(people, session.settings.timezone),
        record=record_of,
        piped_width=PIPED_WIDTH,
        empty="No row of the log is in this filter." if words else "The log of this organisation is empty.",
    )


async def _newest(session: Session, reader: LogReader, out: Output, limit: int) -> list[LogRow]:
    """Read the newest rows; say now and then how far back a search has come."""
    from tui.data.audit.pages import Place

    rows: list[LogRow] = []
    place: Place | None = None
    more = True
    said = time.monotonic()
    while more and len(rows) < limit:
        async for found in reader.older(place, min(limit - len(rows), ROWS_AT_ONCE)):
            rows += found.rows
            more = found.more
            if found.searched_to is not None and time.monotonic() - said > PROGRESS_EVERY_S:
                said = time.monotonic()
                out.say(
                    f"Searched back to {shown(found.searched_to, session.settings.timezone)}; rows so far: {len(rows)}."
                )
        place = Place.of(rows[-1]) if rows else None
    return rows


audit.add_command(export)
audit.add_command(tail)
audit.add_command(stats)
audit.add_command(seal)
audit.add_command(verify)
