"""What the rows of a filter add up to: how many of each action, status, type, user, day and hour of the day."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tui.data.audit.recurring_times import clock_in
from tui.data.audit.where import where
from tui.data.audit.windows import OLDER, Windows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime, tzinfo
    from uuid import UUID

    from tui.data.audit.filter import AuditFilter
    from tui.data.audit.where import Where
    from tui.data.postgres.database import Database

TIMELESS_MS = 10_000
STATISTICS_S = 60.0

# What rows can be counted by: where the counts are kept, and the column, or an expression with its name.
BY = {
    "action": ("by_action", "l.action"),
    "status": ("by_status", "l.status"),
    "type": ("by_type", "l.integration_type"),
    "user": ("by_user", "l.user_id"),
    "day": ("by_day", f"({clock_in('%(zone)s')})::date"),
    "hour": ("by_hour", f"extract(hour from {clock_in('%(zone)s')})::integer"),
}
USUAL = ("action", "status", "type", "user", "day")
# Details, which may be long, are read for it: only where somebody can be proven.
PROVEN = ("l.details ->> 'operator_from' = 'login' as is_proven", "count(*) filter (where l.is_proven)")
# Grouped by one at a time, in one pass; grouping() says by which: a bit for each of the others.
GROUPED = """
select {shown}, count(*) as rows, {proven} as proven, grouping({names}) as others
  from (select {columns} from public.integration_audit_logs as l where {where}) as l
 group by grouping sets ({sets})
"""


@dataclass(frozen=True, slots=True)
class Statistics:
    """The rows counted so far: all of the filter's where `complete`, else the newest, down to `counted_back_to`.

    `by_user` has None for rows without a user, `by_day` and `by_hour` for rows without a time; a day is written as
    2026-01-31, and an hour is one of the day, from 0 to 23. `proven_by_user` has how many of a user's rows are proven.
    """

    rows: int = 0
    complete: bool = False
    counted_back_to: datetime | None = None
    by_action: Counter[str] = field(default_factory=Counter)
    by_status: Counter[str] = field(default_factory=Counter)
    by_type: Counter[str] = field(default_factory=Counter)
    by_user: Counter[UUID | None] = field(default_factory=Counter)
    proven_by_user: Counter[UUID | None] = field(default_factory=Counter)
    by_day: Counter[str | None] = field(default_factory=Counter)
    by_hour: Counter[int | None] = field(default_factory=Counter)


async def statistics(
    database: Database,
    audit_filter: AuditFilter,
    zone: tzinfo,
    *,
    by: Sequence[str] = USUAL,
    seconds: float = STATISTICS_S,
) -> AsyncIterator[Statistics]:
    """Count the filter's rows, newest first, and yield what it comes to after each window; the last one is the result.

    They are counted by each of `by`, which are names of BY. After `seconds` the rest is left uncounted. Days and hours
    are those of `zone`, by the server's own time zone tables.
    """
    deadline = time.monotonic() + seconds
    counted = Statistics()
    total: Counter[Any] = getattr(counted, BY[by[0]][0])
    may_be_proven = "user" in by and database.login is not None and database.login.database_has_logins

    async def read(window: Where, milliseconds: int) -> None:
        parameters = {**window.parameters, "zone": str(zone)}
        for row in await database.fetch_all(
            _grouped(by, window, may_be_proven=may_be_proven), parameters, statement_timeout_ms=milliseconds
        ):
            (name,) = (name for place, name in enumerate(reversed(by)) if not row["others"] >> place & 1)
            getattr(counted, BY[name][0])[row[f"by_{name}"]] += row["rows"]
            if name == "user" and row["proven"]:
                counted.proven_by_user[row["by_user"]] += row["proven"]

    async for _, end in Windows(database, audit_filter).walk(OLDER, None, read):
        if end is None:
            break
        late = time.monotonic() > deadline
        yield replace(counted, rows=total.total(), counted_back_to=end.moment)
        if late:
            return
    if not audit_filter.bounds_time:
        await read(where(audit_filter).also("l.created_at is null"), TIMELESS_MS)
    yield replace(counted, rows=total.total(), complete=True)


def _grouped(by: Sequence[str], window: Where, *, may_be_proven: bool) -> str:
    is_proven, proven = PROVEN if may_be_proven else ("", "0")
    names = [f"l.by_{name}" for name in by]
    return GROUPED.format(
        # Not before the grouping, where it would be done for each row.
        shown=", ".join(f"{name}::text as by_day" if name == "l.by_day" else name for name in names),
        names=", ".join(names),
        columns=", ".join([*(f"{BY[name][1]} as by_{name}" for name in by), *filter(None, (is_proven,))]),
        proven=proven,
        where=window.sql,
        sets=", ".join(f"({name})" for name in names),
    )
