"""How many rows of the audit log a filter has: counted, capped or estimated; and how many each hour, day or month."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from tui.data.audit.estimate import estimated_rows
from tui.data.audit.where import NOT_SUCCESS, Where, branches, drivers, where, within_bounds
from tui.errors import TimedOut
from tui.words.typed_times import TimeRange, floor, following

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime, tzinfo

    from tui.data.audit.filter import AuditFilter
    from tui.data.postgres.database import Database

Unit = Literal["hour", "day", "month"]
UNITS: tuple[Unit, ...] = ("hour", "day", "month")

COUNTED_AT_MOST = 10_000
COUNT_MS = 300
EXACT_MS = 10_000
HISTOGRAM_S = 3.0
QUICK_S = 0.1

# With 10,000,000 rows: capped 1 ms, an exact count of 2,600,000 of them 151 ms, the server's estimate 1 ms.
CAPPED = """
select count(*) as rows from (select from public.integration_audit_logs as l where {where} limit %(limit)s) as counted
"""
# Whether a policy hides what statistics count. One with "true" hides nothing, and of those of sql/017_scope.sql the
# planner knows the organisations.
HIDES_ROWS = """
select row_security_active('public.integration_audit_logs')
   and not coalesce(bool_or(p.everything and p.polpermissive) and bool_and(p.everything or p.polpermissive), false)
       as hides
  from (select p.polpermissive, pg_get_expr(p.polqual, p.polrelid) ~ '^true$|planned_everything' as everything
          from pg_policy as p
         where p.polrelid = 'public.integration_audit_logs'::regclass and p.polcmd in ('r', '*')
           and exists (select from unnest(p.polroles) as r (id) where r.id = 0 or pg_has_role(r.id, 'usage'))) as p
"""
EXACT = "select count(*) as rows from public.integration_audit_logs as l where {where}"
# Times whose month Python has no value for in every zone are left out: infinity, and years beyond 1 to 9999.
NEWEST_AND_OLDEST = """
select (select l.created_at from public.integration_audit_logs as l
         where {where} and l.created_at > '0001-02-03' and l.created_at < '9999-11-29'
         order by l.created_at desc limit 1) as newest,
       (select l.created_at from public.integration_audit_logs as l
         where {where} and l.created_at > '0001-02-03' and l.created_at < '9999-11-29'
         order by l.created_at limit 1) as oldest,
       clock_timestamp() as now
"""
IN_BUCKET = "l.created_at >= b.start and l.created_at < b.stop"
BUCKETS = "unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) with ordinality as b (start, stop, place)"
# A count for each bucket: 31 ms for 30 days and 217 for a year; group by date_trunc took 130 and 1,071.
PER_BUCKET = f"""
select c.rows, c.failed from {BUCKETS}
 cross join lateral (select count(*) as rows, count(*) filter (where l.status = 'failed') as failed
                       from public.integration_audit_logs as l where {{where}} and {IN_BUCKET}) as c
 order by b.place
"""
# Apart, the two counts of an organisation come from two indexes, and no row is looked at.
PER_BUCKET_OF_ORGANIZATION = f"""
select c.rows, f.failed from {BUCKETS}
 cross join lateral (select count(*) as rows from public.integration_audit_logs as l
                      where {{where}} and {IN_BUCKET}) as c
 cross join lateral (select count(*) as failed from public.integration_audit_logs as l
                      where {{where}} and l.status = 'failed' and l.status <> 'success' and {IN_BUCKET}) as f
 order by b.place
"""
# The index of failures is behind the organisation, so each one's are counted; the organisations come by leaps.
PER_BUCKET_OF_ALL = f"""
with recursive logged (id) as (
  (select l.organization_id from public.integration_audit_logs as l order by l.organization_id limit 1)
  union all
  select (select l.organization_id from public.integration_audit_logs as l
           where l.organization_id > o.id order by l.organization_id limit 1)
    from logged as o where o.id is not null)
select c.rows, f.failed from {BUCKETS}
 cross join lateral (select count(*) as rows from public.integration_audit_logs as l
                      where {{where}} and {IN_BUCKET}) as c
 cross join lateral (
   select coalesce(sum(each.failed), 0)::bigint as failed from logged as o
    cross join lateral (select count(*) as failed from public.integration_audit_logs as l
                         where {{where}} and l.organization_id = o.id
                           and l.status = 'failed' and l.status <> 'success' and {IN_BUCKET}) as each
    where o.id is not null) as f
 order by b.place
"""


@dataclass(frozen=True, slots=True)
class Count:
    """A number of rows and how it is meant; `rows` is None where it would take too long to say."""

    rows: int | None
    kind: Literal["exact", "more than", "about", "unknown"]

    @property
    def text(self) -> str:
        """The count as it is shown: "2,612", "> 10,000", "about 10.0 M", "not counted"."""
        if self.rows is None:
            return "not counted"
        if self.kind == "exact":
            return f"{self.rows:,}"
        return f"> {self.rows:,}" if self.kind == "more than" else f"about {_round(self.rows)}"


@dataclass(frozen=True, slots=True)
class Histogram:
    """The buckets of a histogram, newest first, each an hour, day or month of the zone."""

    unit: Unit
    spans: tuple[TimeRange, ...]


@dataclass(frozen=True, slots=True)
class Bucket:
    """The rows of a filter from `start` to before `end`, and how many of them failed."""

    start: datetime
    end: datetime
    rows: int
    failed: int


async def count_rows(database: Database, audit_filter: AuditFilter, *, milliseconds: int = COUNT_MS) -> Count:
    """Count up to COUNTED_AT_MOST rows; say of more what the server's statistics expect, where that is worth something.

    Statistics know single columns: of words, addresses and details they know nothing, and of what a policy hides they
    guess a third. Takes twice `milliseconds` at most, and a few more.
    """
    conditions = where(audit_filter)
    has_statistics = bool(branches(audit_filter))
    try:
        parameters = {**conditions.parameters, "limit": COUNTED_AT_MOST + 1}
        rows = await database.fetch_all(
            CAPPED.format(where=conditions.sql), parameters, statement_timeout_ms=milliseconds
        )
    except TimedOut:
        return Count(None, "unknown")
    counted = int(rows[0]["rows"])
    if counted <= COUNTED_AT_MOST:
        return Count(counted, "exact")
    if has_statistics and (await database.fetch_all(HIDES_ROWS, {}, statement_timeout_ms=milliseconds))[0]["hides"]:
        exact = await count_exactly(database, audit_filter, milliseconds=milliseconds)
        return exact if exact.rows is not None else Count(COUNTED_AT_MOST, "more than")
    expected = await estimated_rows(database, _without_index_hint(conditions)) if has_statistics else 0
    return Count(expected, "about") if expected > COUNTED_AT_MOST else Count(COUNTED_AT_MOST, "more than")


async def count_exactly(database: Database, audit_filter: AuditFilter, *, milliseconds: int = EXACT_MS) -> Count:
    """Count all rows, for whoever asks for it and waits; unknown where that takes longer than `milliseconds`."""
    conditions = where(audit_filter)
    try:
        rows = await database.fetch_all(
            EXACT.format(where=conditions.sql), conditions.parameters, statement_timeout_ms=milliseconds
        )
    except TimedOut:
        return Count(None, "unknown")
    return Count(int(rows[0]["rows"]), "exact")


async def plan_histogram(database: Database, audit_filter: AuditFilter, zone: tzinfo, *, most: int = 100) -> Histogram:
    """Return the buckets of a filter's rows: the finest unit of which `most` suffice, else the newest `most` months.

    Costs two looks into an index. No buckets where the log is empty.
    """
    scope = drivers(audit_filter)
    conditions = within_bounds(scope[-1] if scope else Where(), audit_filter)
    rows = await database.fetch_all(
        NEWEST_AND_OLDEST.format(where=conditions.sql), conditions.parameters, statement_timeout_ms=EXACT_MS
    )
    newest, oldest, now = rows[0]["newest"], rows[0]["oldest"], rows[0]["now"]
    if newest is None or oldest is None:
        return Histogram("hour", ())
    # A row of a clock gone wrong would leave all others in one bucket.
    newest = newest if newest < now + timedelta(days=1) else max(oldest, now)
    for unit in UNITS:
        spans = _spans(oldest, newest, unit, zone, most + 1)
        if len(spans) <= most:
            break
    return Histogram(unit, spans[:most])


async def count_buckets(
    database: Database, audit_filter: AuditFilter, histogram: Histogram, *, seconds: float = HISTOGRAM_S
) -> AsyncIterator[Bucket]:
    """Count the buckets, newest first, for `seconds` at most: those that do not come have not been counted.

    A few at a time, more while the server is quick; when the task is cancelled, so is the query on the server.
    """
    deadline = time.monotonic() + seconds
    conditions = where(audit_filter)
    query = _per_bucket(audit_filter).format(where=conditions.sql)
    start, batch_size = 0, 1
    while start < len(histogram.spans):
        started = time.monotonic()
        if started >= deadline:
            return
        spans = histogram.spans[start : start + batch_size]
        parameters = {
            **conditions.parameters,
            "starts": [span.start for span in spans],
            "ends": [span.end for span in spans],
        }
        try:
            rows = await database.fetch_all(
                query, parameters, statement_timeout_ms=max(int((deadline - started) * 1000), 1)
            )
        except TimedOut:
            if batch_size == 1:
                return
            batch_size = 1
            continue
        for span, row in zip(spans, rows, strict=True):
            yield Bucket(span.start, span.end, row["rows"], row["failed"])
        start += len(spans)
        if time.monotonic() - started < QUICK_S:
            batch_size *= 2
        else:
            batch_size = max(batch_size // 2, 1)


def _without_index_hint(where_all: Where) -> Where:
    """Return the conditions without the one for the index of failures: the server's estimate would count it twice."""
    if not any(condition.startswith(("l.status = ", "l.status in ")) for condition in where_all.conditions):
        return where_all
    return Where(tuple(each for each in where_all.conditions if each != NOT_SUCCESS), where_all.parameters)


def _per_bucket(audit_filter: AuditFilter) -> str:
    if not all(term.name == "org" and not term.negated for term in audit_filter.terms):
        return PER_BUCKET
    everything = all(not term.ids for term in audit_filter.terms)
    return PER_BUCKET_OF_ALL if everything else PER_BUCKET_OF_ORGANIZATION


def _spans(oldest: datetime, newest: datetime, unit: Unit, zone: tzinfo, most: int) -> tuple[TimeRange, ...]:
    """The units from the newest back to the oldest, `most` of them."""
    spans: list[TimeRange] = []
    start = floor(newest, unit, zone)
    while len(spans) < most:
        spans.append(TimeRange(start, following(start, unit, zone)))
        if start <= oldest:
            break
        start = floor(start - timedelta(microseconds=1), unit, zone)
    return tuple(spans)


def _round(rows: int) -> str:
    for size, letter in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if rows >= size:
            return f"{rows / size:.1f} {letter}" if rows < 100 * size else f"{rows / size:.0f} {letter}"
    return str(rows)
