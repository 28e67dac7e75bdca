"""The command `audit tail`: the audit log as it is written."""

from __future__ import annotations

import sys
import time
from asyncio import sleep
from typing import TYPE_CHECKING

from tui.cli.audit.filter import FilteredCommand
from tui.cli.audit.view import columns, names_of, record_of
from tui.cli.parsing import command
from tui.cli.requirements import Requirements
from tui.data.audit.pages import AuditReader
from tui.data.audit.tail import Tail
from tui.data.postgres.liveness import RETRY_EVERY_S
from tui.errors import ConnectionFailed
from tui.words.text import fit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.cli.output import Output
    from tui.data.audit.filter import AuditFilter
    from tui.models import AuditRow
    from tui.session.session import Session

ROWS_BEFORE = 10
INTERVAL_S = 1.0
GIVE_UP_AFTER_S = 60.0
WIDTHS = (19, 24, 16, 22, 8, 15)
"""Cells of the columns but the last: a line is written before it is known how wide the next ones are."""


@command(cls=FilteredCommand, locked=True, needs=Requirements("any", organization=False))
async def tail(session: Session, out: Output, audit_filter: AuditFilter) -> None:
    """Show the last rows of the log and then each new one, oldest first, until it is interrupted.

    As json or jsonl each row is a line of JSON. A lost connection is waited for up to a minute, and no row is missed.
    """
    following = Tail(session.database, audit_filter)
    await following.begin()
    async for step in AuditReader(session.database, audit_filter).older(None, ROWS_BEFORE):
        # Of a filter that no index serves those of the first window will do.
        following.know(step.rows)
        await _show(session, out, step.rows[::-1])
        break
    while True:
        await _show(session, out, await _new_rows(following, out))
        await sleep(INTERVAL_S)


async def _new_rows(following: Tail, out: Output) -> Sequence[AuditRow]:
    """Look for new rows; wait for a connection that broke. Raises ConnectionFailed after GIVE_UP_AFTER_S."""
    lost_at: float | None = None
    while True:
        try:
            return await following.poll()
        except ConnectionFailed as failure:
            if lost_at is None:
                lost_at = time.monotonic()
                out.warn(failure.sentence, f"{failure.what_to_do} Trying again.")
            elif time.monotonic() - lost_at > GIVE_UP_AFTER_S:
                raise
        await sleep(RETRY_EVERY_S)


async def _show(session: Session, out: Output, rows: Sequence[AuditRow]) -> None:
    if not rows:
        return
    if not out.as_table:
        for row in rows:
            out.line(record_of(row))
    else:
        *narrow, summary = columns(await names_of(session, rows))
        for row in rows:
            cells = [fit(str(column.cell(row)), width) for column, width in zip(narrow, WIDTHS, strict=True)]
            out.text("  ".join([*cells, str(summary.cell(row))]))
    # Whoever reads it through a pipe reads it now.
    sys.stdout.flush()
