"""Following the audit log: each row once, soon after its transaction has committed, however long that was open."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tui.data.audit.change_watch import OVERLAP
from tui.data.audit.rows import AUDIT_ROW, ROW_COLUMNS
from tui.data.audit.where import where

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from uuid import UUID

    from tui.data.audit.filter import AuditFilter
    from tui.data.postgres.database import Database
    from tui.models import AuditRow

# What somebody holds open for longer without having written is taken for a reader. Also how far rows are re-read where
# it cannot be known how long a transaction had been open before it was first seen.
LONGEST_IDLE = timedelta(minutes=15)
POLL_MS = 10_000
ROWS_AT_ONCE = 500
MOST_MARKS = 5_000

# The transactions that may still commit a row of an earlier time. A login without pg_read_all_stats is shown its own
# only (xact_start is NULL for the others): it goes by transaction ids, which are told to everybody.
OPEN_TRANSACTIONS = """
select clock_timestamp() as now,
       min(a.xact_start) filter (where a.backend_xid is not null) as writing_since,
       min(a.xact_start) filter (where a.backend_xid is null) as open_since,
       bool_or(a.pid is not null and a.state is null) as hidden,
       pg_snapshot_xmin(pg_current_snapshot())::text::numeric as oldest,
       pg_snapshot_xmax(pg_current_snapshot())::text::numeric as following
  from (select 1) as always
  left join pg_stat_activity as a
    on a.datname = current_database() and a.pid <> pg_backend_pid()
   and coalesce(a.backend_type, 'client backend') = 'client backend'
"""
IDS = """
select l.id, l.created_at from public.integration_audit_logs as l
 where {where} and l.created_at >= %(from)s
"""
ROWS = """
select {columns} from public.integration_audit_logs as l
 where l.id = any (%(ids)s) order by l.created_at, l.id
"""


class Tail:
    """Follows the new rows of one filter that `resolve_filter` has seen.

    Each poll reads again from where the oldest transaction began that was open at the poll before, at least OVERLAP,
    and leaves out the ids it has seen: what commits in between was open then, or began later. Rows without a time are
    not followed.
    """

    def __init__(self, database: Database, audit_filter: AuditFilter, *, overlap: timedelta = OVERLAP) -> None:
        self.database = database
        self.audit_filter = audit_filter
        self.overlap = overlap
        self._begun: datetime | None = None
        self._from: datetime | None = None
        # The ids that have been met, of all rows from `_known_from` on.
        self._seen: dict[UUID, datetime | None] = {}
        self._known_from: datetime | None = None
        # Server time and the next transaction id, at polls that found the latter moved on.
        self._marks: deque[tuple[datetime, int]] = deque(maxlen=MOST_MARKS)

    @property
    def has_begun(self) -> bool:
        """Whether it is settled which rows are new."""
        return self._known_from is not None

    async def begin(self) -> None:
        """Take what is in the log by now as known. Raises what reading raises."""
        self._from, _ = await self._read_horizon()
        self._seen = dict(await self._ids())
        self._known_from = self._from

    def know(self, rows: Iterable[AuditRow]) -> None:
        """Take rows as known that were read otherwise since `begin`."""
        self._seen |= {row.id: row.created_at for row in rows}

    async def poll(self) -> list[AuditRow]:
        """Return the rows that are new since `begin` or the last poll, oldest first.

        After a failure nothing is lost: the next poll reads from where this one would have.
        """
        if not self.has_begun:
            await self.begin()
            return []
        # Looked at before the rows: whoever commits in between is then still known as open.
        following, now = await self._read_horizon()
        present = await self._ids()
        new = [row_id for row_id, _ in present if row_id not in self._seen]
        rows: list[AuditRow] = []
        for at in range(0, len(new), ROWS_AT_ONCE):
            ids = new[at : at + ROWS_AT_ONCE]
            query = ROWS.format(columns=ROW_COLUMNS)
            rows += await self.database.fetch_all(
                query, {"ids": ids}, row_factory=AUDIT_ROW, statement_timeout_ms=POLL_MS
            )
        self._seen |= dict(present)
        self._advance(following, now)
        order = {row_id: place for place, row_id in enumerate(new)}
        return sorted(rows, key=lambda row: order[row.id])

    async def _ids(self) -> list[tuple[UUID, datetime | None]]:
        conditions = where(self.audit_filter).also(**{"from": self._from})
        query = IDS.format(where=conditions.sql) + " order by l.created_at, l.id"
        rows = await self.database.fetch_all(query, conditions.parameters, statement_timeout_ms=POLL_MS)
        return [(row["id"], row["created_at"]) for row in rows]

    async def _read_horizon(self) -> tuple[datetime, datetime]:
        """Return from when on rows may still be committed, and the present moment; both by the server's clock."""
        state = (await self.database.fetch_all(OPEN_TRANSACTIONS, {}, statement_timeout_ms=POLL_MS))[0]
        now: datetime = state["now"]
        reach = [now - self.overlap]
        if state["writing_since"] is not None:
            reach.append(state["writing_since"])
        if state["open_since"] is not None:
            reach.append(max(state["open_since"], now - LONGEST_IDLE))
        if state["hidden"]:
            # One that has not written yet has no id to go by, and its rows may say when it began.
            reach += [self._earliest_start(int(state["oldest"]), now), now - LONGEST_IDLE]
        if not self._marks or self._marks[-1][1] != state["following"]:
            self._marks.append((now, int(state["following"])))
        self._begun = self._begun or now
        return min(reach), now

    def _earliest_start(self, oldest: int, now: datetime) -> datetime:
        """Return when the oldest open transaction can have got its id at the earliest, and a little before."""
        earlier = [at for at, following in self._marks if following <= oldest]
        if earlier:
            return earlier[-1] - self.overlap
        return (self._begun or now) - LONGEST_IDLE

    def _advance(self, following: datetime, now: datetime) -> None:
        """Set where the next poll reads from, never behind the ids that are remembered, and forget older ones."""
        known_from = self._known_from or following
        self._from = max(following, known_from)
        self._known_from = max(known_from, min(self._from, now - LONGEST_IDLE))
        self._seen = {row_id: at for row_id, at in self._seen.items() if at is None or at >= self._known_from}


async def follow(tail: Tail, *, interval: float = 1.0) -> AsyncIterator[list[AuditRow]]:
    """Yield new rows, oldest first, looking every `interval` seconds, for ever. Raises what `Tail.poll` raises."""
    if not tail.has_begun:
        await tail.begin()
    while True:
        rows = await tail.poll()
        if rows:
            yield rows
        await asyncio.sleep(interval)
