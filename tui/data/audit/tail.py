"""Following the audit log: each row once, soon after its transaction has committed, however long that was open."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tui.data.audit.change_watch import OVERLAP
from tui.data.audit.open_transactions import OpenTransactions
from tui.data.audit.rows import AUDIT_ROW, ROW_COLUMNS
from tui.data.audit.where import where

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence
    from datetime import datetime, timedelta
    from uuid import UUID

    from tui.data.audit.filter import AuditFilter
    from tui.data.audit.open_transactions import Look
    from tui.data.postgres.database import Database
    from tui.models.log import AuditRow

POLL_MS = 10_000
ROWS_AT_ONCE = 500
IDS_AT_ONCE = 5_000
# While somebody has a transaction open for longer than that, all that is read again is read as seldom.
READ_BACK_EVERY_S = 60.0

# Every row with its transaction id in full: xmin has the lower 32 bits, and none is as much as 2^32 older than what
# comes next, but for rows so old that they are frozen. Of a row in a savepoint the id is a later one than its
# transaction's, so that the oldest that is open bounds both.
XID = "h.following - ((h.following - l.xmin::text::bigint) & 4294967295)"
IDS = f"""
with horizon as materialized (
  select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as oldest,
         pg_snapshot_xmax(pg_current_snapshot())::text::bigint as following
)
select h.oldest, h.following, r.*
  from horizon as h left join lateral (
    select l.id, l.created_at::text as at, {{behind}} as is_behind, {XID} as xid
      from public.integration_audit_logs as l
     where {{where}} and {XID} >= {{floor}}
     order by l.created_at, l.id limit %(most)s
  ) as r on true
"""
BEHIND = "(l.created_at, l.id) <= (%(passed_at)s::timestamptz, %(passed_id)s::uuid)"
ROWS = """
select {columns} from public.integration_audit_logs as l
 where l.id = any (%(ids)s) order by l.created_at, l.id
"""


@dataclass(frozen=True, slots=True)
class Passed:
    """A row that was reached, by time and id: up to it every row of a transaction before `xid` has come.

    What is still missing up to it says to be of `since` or later.
    """

    at: str
    id: UUID
    xid: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Position:
    """How far the log was read: what is missing says to be of `since` or later, and is of transaction `xid` or later.

    Without `since` it is the beginning of the log. Nothing that was open at the time can be behind it: `since` is when
    the oldest transaction began, and `xid` was the oldest that had written. `passed` says how far the reading had come
    that would have moved both. The ids are those of `server`.
    """

    since: datetime | None = None
    xid: int = 0
    passed: Passed | None = None
    server: str = ""


class Tail:
    """Follows the new rows of one filter that `resolve_filter` has seen; rows without a time are not followed.

    Each poll reads again from where the oldest transaction began that was open at the poll before, at least `overlap`,
    and leaves out what it has seen: whatever commits in between was open then, or began later. It begins at `position`,
    else with what is new from `begin` on.
    """

    def __init__(
        self,
        database: Database,
        audit_filter: AuditFilter,
        *,
        overlap: timedelta = OVERLAP,
        position: Position | None = None,
    ) -> None:
        self.database = database
        self.audit_filter = audit_filter
        self.overlap = overlap
        self.position = position
        """Where another process can go on once what has come by now is where it shall be."""
        self._transactions = OpenTransactions(database, overlap, None if position is None else position.since)
        self._latest: datetime | None = None
        self._read_back_at = -READ_BACK_EVERY_S
        # The ids that have come of transactions from that of the position on; None where it is not known of which.
        self._seen: dict[UUID, int | None] = {}

    async def begin(self) -> None:
        """Take what is in the log by now as known. Raises what reading raises."""
        look = await self._transactions.look()
        xid: int | None = None
        seen: dict[UUID, int | None] = {}
        async for page in self._pages(Position(look.since), look.since, floor="h.oldest"):
            xid = page[0]["oldest"] if xid is None else xid
            seen |= {row["id"]: row["xid"] for row in page if row["id"] is not None}
        self._latest, self._seen = look.now, seen
        self.position = Position(look.since, xid or 0, None, look.server)

    def know(self, rows: Iterable[AuditRow]) -> None:
        """Take rows as known that were read otherwise since `begin`."""
        self._seen |= {row.id: None for row in rows if row.id not in self._seen}

    async def poll(self) -> AsyncIterator[list[AuditRow]]:
        """Yield the rows that are new since `begin` or the last poll, oldest first, in batches.

        With each batch `position` moves to behind it, and moves on at the end. After a failure nothing is lost: the
        next poll yields what this one has not.
        """
        if self.position is None:
            await self.begin()
            return
        # Looked at before the rows: whoever commits in between is then still known as open.
        look = await self._transactions.look()
        if self.position.server != look.server:
            # Another one took over, or a backup was restored: what has been read already may come again.
            self.position = Position(self.position.since, server=look.server)
        start = self.position
        reads_back = self._reads_back(start, look)
        since = start.since if reads_back or self._latest is None else self._latest - self.overlap
        oldest: int | None = None
        async for page in self._pages(start, since):
            oldest = page[0]["oldest"] if oldest is None else oldest
            present = {row["id"]: row for row in page if row["id"] is not None}
            for row_id in self._seen.keys() & present.keys():
                self._seen[row_id] = present[row_id]["xid"]
            new = [row_id for row_id in present if row_id not in self._seen]
            for at in range(0, len(new), ROWS_AT_ONCE):
                ids = new[at : at + ROWS_AT_ONCE]
                rows = await self._rows(ids)
                last = present[ids[-1]]
                if reads_back and not last["is_behind"]:
                    self.position = replace(start, passed=Passed(last["at"], last["id"], oldest, look.since))
                yield rows
                # Of the others the position tells that they have come.
                moved = {row_id for row_id in ids if reads_back and not present[row_id]["is_behind"]}
                self._seen |= {
                    row_id: present[row_id]["xid"]
                    for row_id in ids
                    if row_id not in moved or present[row_id]["xid"] >= oldest
                }
        self._latest = look.now
        if reads_back and oldest is not None:
            self._read_back_at = time.monotonic()
            self._seen = {row_id: xid for row_id, xid in self._seen.items() if xid is not None and xid >= oldest}
            self.position = Position(look.since, oldest, None, look.server)

    def _reads_back(self, start: Position, look: Look) -> bool:
        """Whether to read from where the oldest transaction began, which alone lets the position move."""
        if start.since is None or start.passed is not None or self._latest is None:
            return True
        is_short = (look.now - start.since).total_seconds() < READ_BACK_EVERY_S
        return is_short or time.monotonic() - self._read_back_at >= READ_BACK_EVERY_S

    async def _pages(
        self, start: Position, since: datetime | None, floor: str = "%(xid)s"
    ) -> AsyncIterator[list[dict[str, Any]]]:
        """Yield what there is from `since` on, in pages; an empty one has a row without an id.

        What begins to be written after the first page is left to the next poll: else this one might never end.
        """
        values: dict[str, Any] = {"xid": start.xid, "most": IDS_AT_ONCE}
        behind, first = "false", "%(from)s::timestamptz"
        values["from"] = since.isoformat() if since else "-infinity"
        if start.passed is not None:
            values |= {"passed_at": start.passed.at, "passed_id": start.passed.id, "passed_xid": start.passed.xid}
            behind, floor = BEHIND, f"case when {BEHIND} then %(passed_xid)s else {floor} end"
            # What lies before was read, however much it is.
            values["from"], first = start.passed.since.isoformat(), f"least({first}, %(passed_at)s::timestamptz)"
        conditions = where(self.audit_filter).also(f"l.created_at >= {first}", **values)
        after = conditions
        while True:
            query = IDS.format(where=after.sql, behind=behind, floor=floor)
            page = await self.database.fetch_all(query, after.parameters, statement_timeout_ms=POLL_MS)
            yield page
            if len(page) < IDS_AT_ONCE:
                return
            if "ceiling" not in conditions.parameters:
                conditions = conditions.also(f"{XID} < %(ceiling)s", ceiling=page[0]["following"])
            after = conditions.also(
                "l.created_at >= %(after_at)s::timestamptz",
                "(l.created_at, l.id) > (%(after_at)s::timestamptz, %(after_id)s::uuid)",
                after_at=page[-1]["at"],
                after_id=page[-1]["id"],
            )

    async def _rows(self, ids: Sequence[UUID]) -> list[AuditRow]:
        query = ROWS.format(columns=ROW_COLUMNS)
        return await self.database.fetch_all(query, {"ids": ids}, row_factory=AUDIT_ROW, statement_timeout_ms=POLL_MS)


async def follow(tail: Tail, *, interval: float = 1.0) -> AsyncIterator[list[AuditRow]]:
    """Yield new rows, oldest first, looking every `interval` seconds, for ever. Raises what `Tail.poll` raises."""
    if tail.position is None:
        await tail.begin()
    while True:
        async for rows in tail.poll():
            yield rows
        await asyncio.sleep(interval)
