"""What the rows of a filter add up to: how many of each action, status, type, user and day."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tui.data.audit.where import where
from tui.data.audit.windows import OLDER, Windows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime, tzinfo
    from uuid import UUID

    from tui.data.audit.filter import AuditFilter
    from tui.data.audit.where import Where
    from tui.data.postgres.database import Database

TIMELESS_MS = 10_000
STATISTICS_S = 60.0

# Grouped by one column at a time, in one pass; grouping() says by which: a bit for each of the others.
GROUPED = """
select l.action, l.status, l.integration_type, l.user_id, l.day::text as day, count(*) as rows,
       grouping(l.action, l.status, l.integration_type, l.user_id, l.day) as others
  from (select l.action, l.status, l.integration_type, l.user_id,
               (l.created_at at time zone %(zone)s)::date as day
          from public.integration_audit_logs as l where {where}) as l
 group by grouping sets ((l.action), (l.status), (l.integration_type), (l.user_id), (l.day))
"""
# The column grouped by, and where its counts are kept.
COLUMNS = {
    0b01111: ("action", "by_action"),
    0b10111: ("status", "by_status"),
    0b11011: ("integration_type", "by_type"),
    0b11101: ("user_id", "by_user"),
    0b11110: ("day", "by_day"),
}


@dataclass(frozen=True, slots=True)
class Statistics:
    """The rows counted so far: all of the filter's where `complete`, else the newest, down to `counted_back_to`.

    `by_user` has None for rows without a user, `by_day` for rows without a time; a day is written as 2026-01-31.
    """

    rows: int = 0
    complete: bool = False
    counted_back_to: datetime | None = None
    by_action: Counter[str] = field(default_factory=Counter)
    by_status: Counter[str] = field(default_factory=Counter)
    by_type: Counter[str] = field(default_factory=Counter)
    by_user: Counter[UUID | None] = field(default_factory=Counter)
    by_day: Counter[str | None] = field(default_factory=Counter)


async def statistics(
    database: Database, audit_filter: AuditFilter, zone: tzinfo, *, seconds: float = STATISTICS_S
) -> AsyncIterator[Statistics]:
    """Count the filter's rows, newest first, and yield what it comes to after each window; the last one is the result.

    After `seconds` the rest is left uncounted. Days are those of `zone`, by the server's own time zone tables.
    """
    deadline = time.monotonic() + seconds
    counted = Statistics()
    extra = {"zone": str(zone)}

    async def read(window: Where, milliseconds: int) -> None:
        query = GROUPED.format(where=window.sql)
        for row in await database.fetch_all(query, {**window.parameters, **extra}, statement_timeout_ms=milliseconds):
            column, counter = COLUMNS[row["others"]]
            getattr(counted, counter)[row[column]] += row["rows"]

    async for _, end in Windows(database, audit_filter).walk(OLDER, None, read):
        if end is None:
            break
        late = time.monotonic() > deadline
        yield replace(counted, rows=counted.by_status.total(), counted_back_to=end.moment)
        if late:
            return
    if not audit_filter.bounds_time:
        await read(where(audit_filter).also("l.created_at is null"), TIMELESS_MS)
    yield replace(counted, rows=counted.by_status.total(), complete=True)
