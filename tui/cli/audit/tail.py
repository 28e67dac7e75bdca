"""The command `audit tail`: the audit log as it is written."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import time
from asyncio import sleep
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tui.cli.audit.filter import FilteredCommand
from tui.cli.audit.position_file import PositionFile
from tui.cli.audit.view import columns, names_of, record_of
from tui.cli.completion.candidates import files
from tui.cli.parsing import OneOf, command, option, require_one_form
from tui.cli.request import FORMS, OCSF
from tui.cli.requirements import Requirements
from tui.data.audit.pages import AuditReader
from tui.data.audit.tail import Position, Tail
from tui.data.postgres.liveness import RETRY_EVERY_S
from tui.errors import ConnectionFailed, ServerUnsuitable
from tui.words.log.ocsf import ocsf_event
from tui.words.text import fit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from tui.cli.output import Output
    from tui.cli.request import Options
    from tui.data.audit.filter import AuditFilter
    from tui.models.log import AuditRow
    from tui.session.session import Session

ROWS_BEFORE = 10
INTERVAL_S = 1.0
GIVE_UP_AFTER_S = 60.0
# How often the position moves while no row comes, so that less has to be looked through after a start.
IDLE_WRITE_EVERY_S = 60.0
WIDTHS = (19, 24, 16, 22, 8, 15)
"""Cells of the columns but the last: a line is written before it is known how wide the next ones are."""


@command(cls=FilteredCommand, locked=True, needs=Requirements("any", organization=False))
@option(
    "--format",
    "-o",
    "form",
    locked=True,
    metavar="FORMAT",
    type=OneOf((*FORMS, OCSF)),
    help="Print table, json or jsonl (a line each), csv, or ocsf (an event on each line).",
)
@option(
    "--position",
    metavar="FILE",
    shell_complete=files,
    help="Go on where FILE says, from the first row where it is new; it moves with the rows.",
)
@click.pass_obj
def tail(
    options: Options, form: str | None, position: str | None
) -> Callable[[Session, Output, AuditFilter], Awaitable[None]]:
    """Show the last rows of the log and then each new one, oldest first, until it is interrupted.

    As json or jsonl each row is a line of JSON, and as ocsf an event of the Open Cybersecurity Schema Framework. A lost
    connection is waited for up to a minute, and no row is missed.

    With --position no row is missed from one start to the next either: FILE moves after rows were written, so that
    after a kill those since it moved come again, under the ids that they had. Give each tail a FILE of its own.
    """
    require_one_form(options, form)
    if form is not None:
        # Failures are JSON beside events, as they are beside lines of JSON.
        options.format = next((each for each in FORMS if each == form), "jsonl")

    async def work(session: Session, out: Output, audit_filter: AuditFilter) -> None:
        file = None if position is None else PositionFile(Path(position), audit_filter.canonical())
        await _Follower(session, out, audit_filter, file, as_events=form == OCSF).run()

    return work


class _Follower:
    """Writes rows of one filter as they come, and where the next one is to go on."""

    def __init__(
        self,
        session: Session,
        out: Output,
        audit_filter: AuditFilter,
        file: PositionFile | None,
        *,
        as_events: bool,
    ) -> None:
        self._session = session
        self._out = out
        self._filter = audit_filter
        self._file = file
        self._as_events = as_events
        self._written_at = time.monotonic()

    async def run(self) -> None:
        """Follow until it is interrupted. Raises what reading raises."""
        tail = await (self._begun() if self._file is None else self._resumed(self._file))
        while True:
            async for rows in self._new_rows(tail):
                await self._show(rows)
                self._move(tail)
            if time.monotonic() - self._written_at >= IDLE_WRITE_EVERY_S:
                self._move(tail)
            await sleep(INTERVAL_S)

    async def _begun(self) -> Tail:
        """Show the last rows."""
        tail = Tail(self._session.database, self._filter)
        await tail.begin()
        async for step in AuditReader(self._session.database, self._filter).older(None, ROWS_BEFORE):
            # Of a filter that no index serves those of the first window will do.
            tail.know(step.rows)
            await self._show(step.rows[::-1])
            break
        return tail

    async def _resumed(self, file: PositionFile) -> Tail:
        info = self._session.database.info
        if info is not None and info.in_recovery:
            raise ServerUnsuitable(
                "A standby does not know which transactions are open on its primary, so no position on it is sure.",
                "Give the primary's DATABASE_URL, or leave --position out.",
            )
        position = file.read()
        if position is not None:
            _end_half_a_line()
        tail = Tail(self._session.database, self._filter, position=position or Position())
        self._move(tail)
        return tail

    async def _new_rows(self, tail: Tail) -> AsyncIterator[list[AuditRow]]:
        """Look for new rows; wait for a connection that broke. Raises ConnectionFailed after GIVE_UP_AFTER_S."""
        lost_at: float | None = None
        while True:
            try:
                async for rows in tail.poll():
                    lost_at = None
                    yield rows
            except ConnectionFailed as failure:
                if lost_at is None:
                    lost_at = time.monotonic()
                    self._out.warn(failure.sentence, f"{failure.what_to_do} Trying again.")
                elif time.monotonic() - lost_at > GIVE_UP_AFTER_S:
                    raise
            else:
                return
            await sleep(RETRY_EVERY_S)

    async def _show(self, rows: Sequence[AuditRow]) -> None:
        if not rows:
            return
        if self._as_events:
            names = await names_of(self._session, rows)
            for row in rows:
                self._out.line(ocsf_event(row, names))
        elif not self._out.as_table:
            for row in rows:
                self._out.line(record_of(row))
        else:
            *narrow, summary = columns(await names_of(self._session, rows))
            for row in rows:
                cells = [fit(str(column.cell(row)), width) for column, width in zip(narrow, WIDTHS, strict=True)]
                self._out.text("  ".join([*cells, str(summary.cell(row))]))
        # Whoever reads it through a pipe reads it now.
        sys.stdout.flush()

    def _move(self, tail: Tail) -> None:
        """Write the position once what came before it is where it shall be, also when the machine loses its power."""
        if self._file is None or tail.position is None:
            return
        if _writes_to_file():
            os.fsync(sys.stdout.fileno())
        self._file.write(tail.position)
        self._written_at = time.monotonic()


def _writes_to_file() -> bool:
    return stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode)


def _end_half_a_line() -> None:
    """End the line that a killed tail may have left half written: it would take the next row with it.

    What a pipe carried last nobody can look at, nor into a file that only another may read: there the reader may get an
    empty line.
    """
    if sys.stdout.isatty():
        return
    if _writes_to_file():
        with contextlib.suppress(OSError), Path(f"/dev/fd/{sys.stdout.fileno()}").open("rb") as written:
            written.seek(max(os.fstat(sys.stdout.fileno()).st_size - 1, 0))
            if written.read() in (b"", b"\n"):
                return
    sys.stdout.write("\n")
    sys.stdout.flush()
