"""Counts that are what they say, histograms whose buckets add up, and statistics of a filter."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

import tui.data.audit.counts
from tests.support.acme import ACME, GLOBEX, opened
from tests.support.database.log_rows import fill_log, log_row, resolve_line
from tui.data.audit.counts import Bucket, Count, Histogram, count_buckets, count_exactly, count_rows, plan_histogram
from tui.data.audit.stats import Statistics, statistics
from tui.words.typed_times import TimeRange

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer

ROWS = 12_000
KOLKATA = ZoneInfo("Asia/Kolkata")
FILTERS = [
    "",
    f"org:{ACME}",
    f"org:{GLOBEX} status:failed",
    "action:call_made",
    "status:failed",
    '"agent/3"',
    "user:none",
]


@pytest.fixture(scope="module")
def log(postgres: TestServer, installed_template: str) -> Iterator[str]:
    name = postgres.create_database(template=installed_template, prefix="counts")
    fill_log(postgres.conninfo(name), ROWS)
    yield postgres.conninfo(name)
    postgres.drop_database(name)


def count_where(conninfo: str, condition: str = "true") -> int:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(f"select count(*) from integration_audit_logs where {condition}".encode()).fetchone()
        assert row is not None
        return int(row[0])


async def buckets_of(
    conninfo: str, line: str, zone: ZoneInfo | None = None, **options: int
) -> tuple[Histogram, list[Bucket]]:
    async with opened(conninfo) as database:
        audit_filter = await resolve_line(database, line)
        histogram = await plan_histogram(database, audit_filter, zone or UTC, **options)
        return histogram, [bucket async for bucket in count_buckets(database, audit_filter, histogram)]


async def test_a_count_is_exact_up_to_the_cap_and_an_estimate_above(log: str) -> None:
    async with opened(log) as database:
        few = await count_rows(database, await resolve_line(database, "action:credential_deleted"))
        assert few == Count(count_where(log, "action = 'credential_deleted'"), "exact")
        everything = await count_rows(database, await resolve_line(database, ""))
        assert everything.kind == "about" and everything.rows is not None
        assert abs(everything.rows - ROWS) < ROWS / 20
        # Of words the statistics know nothing.
        words = await count_rows(database, await resolve_line(database, "agent"))
        assert words == Count(10_000, "more than")
        assert await count_exactly(database, await resolve_line(database, "agent")) == Count(ROWS, "exact")


async def test_of_a_log_of_which_a_policy_shows_a_part_nothing_is_estimated(log: str, postgres: TestServer) -> None:
    postgres.create_role("percy")
    with psycopg.connect(log, autocommit=True) as owner:
        owner.execute("grant usage on schema switchboard to percy")
        owner.execute("grant select on integration_audit_logs to percy")
        owner.execute(
            "create policy percy_reads on integration_audit_logs for select to percy using (user_id is not null)"
        )
    try:
        async with opened(make_conninfo(log, user="percy")) as database:
            visible = await count_rows(database, await resolve_line(database, ""))
        assert visible == Count(count_where(log, "user_id is not null"), "exact")
        assert visible.rows is not None and visible.rows > 10_000
    finally:
        with psycopg.connect(log, autocommit=True) as owner:
            owner.execute("drop owned by percy")


async def test_a_count_that_takes_too_long_is_not_made_up(log: str) -> None:
    async with opened(log) as database:
        audit_filter = await resolve_line(database, '-"nothing" -"nowhere" "agent/3"')
        assert (await count_rows(database, audit_filter, milliseconds=1)).text == "not counted"
        assert (await count_exactly(database, audit_filter, milliseconds=1)).text == "not counted"


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (Count(0, "exact"), "0"),
        (Count(2_612, "exact"), "2,612"),
        (Count(10_000, "more than"), "> 10,000"),
        (Count(9_986_112, "about"), "about 10.0 M"),
        (Count(10_015_321, "about"), "about 10.0 M"),
        (Count(262_000, "about"), "about 262 k"),
        (Count(35_120, "about"), "about 35.1 k"),
        (Count(None, "unknown"), "not counted"),
    ],
)
def test_a_count_is_shown_as_what_it_is(count: Count, text: str) -> None:
    assert count.text == text


@pytest.mark.parametrize("line", FILTERS)
async def test_the_buckets_of_a_histogram_add_up_and_tell_failures_apart(log: str, line: str) -> None:
    histogram, buckets = await buckets_of(log, line)
    assert [TimeRange(bucket.start, bucket.end) for bucket in buckets] == list(histogram.spans)
    async with opened(log) as database:
        audit_filter = await resolve_line(database, f"{line} since:2000-01-01")
        total = await count_exactly(database, audit_filter)
        failed = await count_exactly(database, await resolve_line(database, f"{line} status:failed since:2000-01-01"))
    assert (sum(bucket.rows for bucket in buckets), sum(bucket.failed for bucket in buckets)) == (
        total.rows,
        failed.rows,
    )
    assert failed.rows


async def test_buckets_are_hours_days_or_months_of_the_zone_newest_first(log: str) -> None:
    for line, most, unit in (
        ("since:2025-12-30 until:2025-12-30", 100, "hour"),
        ("", 10, "day"),
        ("", 2, "month"),
    ):
        histogram, buckets = await buckets_of(log, line, KOLKATA, most=most)
        assert histogram.unit == unit
        assert all(older.end == newer.start for newer, older in itertools.pairwise(buckets))
        starts = [bucket.start.astimezone(KOLKATA) for bucket in buckets]
        assert starts == sorted(starts, reverse=True)
        assert all((start.minute, start.second) == (0, 0) for start in starts)
        assert unit == "hour" or all(start.hour == 0 for start in starts)


async def test_rows_of_impossible_times_do_not_stretch_a_histogram(
    postgres: TestServer, installed_template: str
) -> None:
    name = postgres.create_database(template=installed_template, prefix="odd")
    conninfo = postgres.conninfo(name)
    try:
        assert await buckets_of(conninfo, "") == (Histogram("hour", ()), [])
        with psycopg.connect(conninfo) as connection:
            for at in (
                "infinity",
                "-infinity",
                "20000-01-01",
                "2999-01-01",
                "2026-01-01 10:30+00",
                "2026-01-02 11:00+00",
            ):
                log_row(connection, created_at=at)
            log_row(connection, timed=False)
        histogram, buckets = await buckets_of(conninfo, "until:2026-01-02")
        assert (histogram.unit, len(buckets), sum(bucket.rows for bucket in buckets)) == ("hour", 26, 2)
        histogram, _ = await buckets_of(conninfo, "")
        assert histogram.spans[0].start <= datetime.now(UTC) + timedelta(days=1)
    finally:
        postgres.drop_database(name)


async def test_a_histogram_of_the_first_or_last_days_there_are_is_none(installed_database: str) -> None:
    moments = ("0001-01-02", "0001-01-05", "0001-02-02", "9999-12-15", "9999-12-30 12:00")
    with psycopg.connect(installed_database) as connection:
        for moment in (*moments, "2026-01-01"):
            log_row(connection, created_at=f"{moment}+00", action=moment)
    async with opened(installed_database) as database:
        for moment in moments:
            audit_filter = await resolve_line(database, f'action:"{moment}"')
            for zone in ("Asia/Kolkata", "America/New_York"):
                assert (await plan_histogram(database, audit_filter, ZoneInfo(zone))).spans == (), (moment, zone)
        assert (await plan_histogram(database, await resolve_line(database, 'action:"2026-01-01"'), UTC)).spans


async def test_a_histogram_ends_in_time_with_the_newest_buckets_counted(
    log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(log) as database:
        audit_filter = await resolve_line(database, '"agent/3"')
        histogram = await plan_histogram(database, audit_filter, UTC, most=400)
        assert [bucket async for bucket in count_buckets(database, audit_filter, histogram, seconds=0)] == []
        clock = iter(range(10_000))
        monkeypatch.setattr(tui.data.audit.counts, "time", SimpleNamespace(monotonic=lambda: next(clock)))
        buckets = [bucket async for bucket in count_buckets(database, audit_filter, histogram, seconds=6)]
        assert 0 < len(buckets) < len(histogram.spans)
        assert [bucket.start for bucket in buckets] == [span.start for span in histogram.spans[: len(buckets)]]


@pytest.mark.parametrize("line", FILTERS)
async def test_statistics_add_up_by_each_column(log: str, line: str) -> None:
    async with opened(log) as database:
        audit_filter = await resolve_line(database, line)
        steps = [step async for step in statistics(database, audit_filter, KOLKATA)]
        total = await count_exactly(database, audit_filter)
    result = steps[-1]
    assert (result.rows, result.complete, result.counted_back_to) == (total.rows, True, None)
    for counter in (result.by_action, result.by_status, result.by_type, result.by_user, result.by_day):
        assert counter.total() == total.rows


async def test_statistics_count_what_the_rows_hold(log: str) -> None:
    async with opened(log) as database:
        *_, result = [step async for step in statistics(database, await resolve_line(database, f"org:{ACME}"), KOLKATA)]
    with psycopg.connect(log) as connection:
        expected = connection.execute(
            "select action, status, integration_type, user_id, (created_at at time zone 'Asia/Kolkata')::date::text"
            " from integration_audit_logs where organization_id = %s",
            [ACME],
        ).fetchall()
    columns = [Counter(column) for column in zip(*expected, strict=True)]
    counters = [result.by_action, result.by_status, result.by_type, result.by_user, result.by_day]
    assert counters == columns
    assert None in result.by_day and None in result.by_user


async def test_statistics_that_run_out_of_time_say_back_to_when(log: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.data.audit.windows.FIRST_WINDOW", 1_000)
    async with opened(log) as database:
        steps: list[Statistics] = [
            step async for step in statistics(database, await resolve_line(database, ""), UTC, seconds=0)
        ]
    (partial,) = steps
    assert not partial.complete and partial.counted_back_to is not None
    assert partial.rows == count_where(log, f"created_at >= '{partial.counted_back_to.isoformat()}'")


async def test_a_histogram_stops_on_the_server_when_its_task_does(log: str) -> None:
    """Nothing of the histogram's own: reading a window and counting a bucket stop alike."""
    async with opened(log) as database:
        audit_filter = await resolve_line(database, "")
        histogram = await plan_histogram(database, audit_filter, UTC, most=400)
        counting = count_buckets(database, audit_filter, histogram)
        await anext(counting)
        task = asyncio.ensure_future(anext(counting))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await count_rows(database, audit_filter)).rows is not None
