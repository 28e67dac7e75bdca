"""The log as seals see it: hours in UTC, and of each what its rows come to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from psycopg.rows import class_row, tuple_row

from tui.data.seals import hour_digest
from tui.data.seals.hour_digest import ENTRY_BYTES, HourDigest
from tui.words.times import to_the_minute

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tui.data.postgres.database import Database
    from tui.data.seals.hour_digest import HourOfRows, Version

HOUR = 3600
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# An hour is sealed when it has been over for so long: what began in it has committed by then, or is found as late.
SETTLED_MIN = 15
# A statement digests no more rows than these beyond its last hour, so that each ends in about a second.
ROWS_AT_ONCE = 100_000
ROWS_OF_A_PAGE = 50_000

# The canonical text of a row. Part of what seals prove: with another text every digest would be another. An array,
# because values joined to one text are ambiguous, and the time as a number, which no setting writes in another way.
TEXT = """convert_to(jsonb_build_array(
           l.id, l.organization_id, l.user_id, l.integration_type, l.action, l.status, l.details, host(l.ip_address),
           l.user_agent, trunc(extract(epoch from l.created_at) * 1000000))::text, 'UTF8')"""
LEAVES: dict[Version, str] = {1: f"sha256({TEXT})", 2: f"sha256(decode('00', 'hex') || {TEXT})"}
"""The leaf of a row, which `hour_digest.leaf_of` computes as well."""
COLUMNS = (
    "l.id, l.organization_id, l.user_id, l.integration_type, l.action, l.status, l.details, l.ip_address, "
    "l.user_agent, l.created_at"
)
# Where the primary key is missing ids may be null or equal; the leaf decides between those.
ID = "coalesce(l.id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)"
ENTRY = "coalesce(uuid_send(r.id), decode('00000000000000000000000000000000', 'hex')) || substring(r.leaf from 1 for 8)"

_HOURS = """
with recursive hours (hour, following, row_count, leaves, row_list, total) as (
  select null::timestamptz, to_timestamp(%(start)s::float8), 0::bigint, null::bytea, null::bytea, 0::bigint
  union all
  select next.hour, next.following, bucket.row_count, bucket.leaves, bucket.row_list,
         before.total + bucket.row_count
    from hours as before
   cross join lateral (
     select date_trunc('hour', l.created_at, 'UTC') as hour,
            date_trunc('hour', l.created_at, 'UTC') + interval '1 hour' as following
       from public.integration_audit_logs as l
      where l.created_at >= before.following and l.created_at < to_timestamp(%(until)s::float8)
      order by l.created_at
      limit 1) as next
   cross join lateral (
     select count(*) as row_count, string_agg(r.leaf, ''::bytea) as leaves, {row_list} as row_list
       from (select l.id, {leaf} as leaf
               from (select {columns}
                       from public.integration_audit_logs as l
                      where l.created_at >= next.hour and l.created_at < next.following
                      order by l.created_at, {id}
                      fetch first (%(largest)s + 1) rows with ties) as l
              order by l.created_at, {id}, leaf) as r) as bucket
   where before.total < %(at_once)s
)
select extract(epoch from hour)::bigint as hour, row_count, leaves, row_list
  from hours
 where row_count > 0
 order by hour
"""
_LIST = f"string_agg({ENTRY}, ''::bytea)"

# With ties: a page that ended between two rows of one time and id would lose the second.
_PAGE = """
with page as materialized (
  select l.id, {moment} as moment, {leaf} as leaf
    from (select {columns}
            from public.integration_audit_logs as l
           where {bucket} {further}
           order by {moment}, {id}
           fetch first (%(rows)s) rows with ties) as l
), placed as (
  select l.id, l.moment, l.leaf, row_number() over (order by l.moment, {id}, l.leaf) as place from page as l
)
select count(*), string_agg(r.leaf, ''::bytea order by r.place), string_agg({entry}, ''::bytea order by r.place),
       (array_agg(r.moment::text order by r.place desc))[1], (array_agg({id_of_r} order by r.place desc))[1]
  from placed as r
"""
_OF_HOUR = """l.created_at >= to_timestamp(%(hour)s::float8)
     and l.created_at < to_timestamp(%(until)s::float8)"""
_WITHOUT_HOUR = "(l.created_at is null or l.created_at in ('infinity', '-infinity'))"
# Said twice, because an index is used for the first alone.
_FURTHER = """and {moment} >= %(moment)s::timestamptz
     and ({moment}, {id}) > (%(moment)s::timestamptz, %(id)s::uuid)"""

_BOUNDS = """
select (select extract(epoch from date_trunc('hour', l.created_at, 'UTC'))::bigint
          from public.integration_audit_logs as l
         where l.created_at > '-infinity' and l.created_at < 'infinity'
         order by l.created_at limit 1) as first,
       extract(epoch from date_trunc('hour', now() - make_interval(mins => %(settled)s), 'UTC'))::bigint as until
"""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The first hour that has rows (None: no row has a time), and the end of the last that is old enough to seal."""

    first: int | None
    until: int


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of an hour: how many they are, their leaves, and their parts of the list."""

    row_count: int
    leaves: bytes
    row_list: bytes


def hour_of(moment: datetime | None) -> int | None:
    """Return the hour in which a moment is, in seconds since 1970; None for no moment."""
    # Not by timestamp(), a float: it has no microseconds left in the year 9998.
    return None if moment is None else (moment - _EPOCH) // timedelta(seconds=HOUR) * HOUR


def moment_of(seconds: int) -> datetime | None:
    """Return a moment given in seconds since 1970, in UTC; None where it fits no datetime."""
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return None


def hour_moment(hour: int | None) -> datetime | str | None:
    """Return the beginning of an hour in UTC; as a text where it fits no datetime, None for no hour."""
    if hour is None:
        return None
    return moment_of(hour) or f"{hour} s after 1970"


def hour_text(hour: int | None) -> str:
    """Name an hour, in UTC, for people."""
    moment = hour_moment(hour)
    if moment is None:
        return "the rows without a time"
    return moment if isinstance(moment, str) else to_the_minute(moment, UTC)


async def read_bounds(database: Database) -> Bounds:
    """Return where sealing can begin and where it has to end: with the last hour over for 15 minutes, by the server."""
    (bounds,) = await database.fetch_all(_BOUNDS, {"settled": SETTLED_MIN}, row_factory=class_row(Bounds))
    return bounds


async def hours_with_rows(
    database: Database, start: int, until: int, version: Version, *, listed: bool = False
) -> AsyncIterator[HourOfRows]:
    """Yield the hours that have rows, from `start` to before `until` (seconds since 1970), the earliest first.

    Each read is a statement of its own over ROWS_AT_ONCE rows or little more, none of which stays here. With
    `listed` the lists come along. Raises what Database.read raises.
    """
    largest = hour_digest.LARGEST_LISTED
    query = _HOURS.format(row_list=_LIST if listed else "null::bytea", leaf=LEAVES[version], id=ID, columns=COLUMNS)
    values = {"start": start, "until": until, "largest": largest, "at_once": ROWS_AT_ONCE}
    while rows := await database.fetch_all(query, values, binary=True):
        for row in rows:
            if row["row_count"] > largest:
                yield await digest_in_pages(database, row["hour"], version)
            else:
                hour = HourDigest(version, listed=listed)
                hour.add(row["leaves"], row["row_list"] or b"")
                yield hour.finish(row["hour"])
        values["start"] = rows[-1]["hour"] + HOUR


async def digest_in_pages(
    database: Database, hour: int | None, version: Version, *, listed: bool = False
) -> HourOfRows:
    """Return what one hour of any size holds, or (None) what is in none; the memory needed is that of a page."""
    digest = HourDigest(version, listed=listed)
    async for page in pages_of(database, hour, version):
        digest.add(page.leaves, page.row_list)
    return digest.finish(hour)


async def entries_of(database: Database, hour: int | None, version: Version) -> AsyncIterator[bytes]:
    """Yield for each row of an hour, or of none, the 24 bytes that a seal's list has for it."""
    async for page in pages_of(database, hour, version):
        for start in range(0, len(page.row_list), ENTRY_BYTES):
            yield page.row_list[start : start + ENTRY_BYTES]


async def pages_of(database: Database, hour: int | None, version: Version) -> AsyncIterator[Page]:
    """Yield the rows of an hour, or of none, in their order and in pages of ROWS_OF_A_PAGE."""
    moment, bucket = "l.created_at", _OF_HOUR
    values: dict[str, object] = {"hour": hour, "rows": ROWS_OF_A_PAGE}
    if hour is None:
        moment, bucket = "coalesce(l.created_at, 'infinity')", _WITHOUT_HOUR
    else:
        values["until"] = hour + HOUR
    further = ""
    while True:
        query = _PAGE.format(
            moment=moment,
            bucket=bucket,
            further=further,
            leaf=LEAVES[version],
            id=ID,
            columns=COLUMNS,
            entry=ENTRY,
            id_of_r=ID.replace("l.", "r."),
        )
        (row,) = await database.fetch_all(query, values, row_factory=tuple_row, binary=True)
        *page, last_moment, last_id = row
        if page[0]:
            yield Page(*page)
        if page[0] < ROWS_OF_A_PAGE:
            return
        further = _FURTHER.format(moment=moment, id=ID)
        values |= {"moment": last_moment, "id": str(last_id)}
