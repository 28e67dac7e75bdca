"""The grammar of times: units of a zone without a gap, and what its two callers make of the same text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.data.audit.filter_times import parse_time_range
from tui.data.permissions.values import parse_expiry
from tui.words.typed_times import floor, following

BERLIN = ZoneInfo("Europe/Berlin")
KOLKATA = ZoneInfo("Asia/Kolkata")
NOW = datetime(2026, 3, 11, 20, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize("zone", [UTC, KOLKATA])
@pytest.mark.parametrize(
    "text",
    ["2027-03-31", "today", "tomorrow", "end of week", "end of month", "end of year", "9999-12-31"],
)
def test_an_expiry_is_the_last_second_of_what_a_filter_counts_whole(text: str, zone: ZoneInfo) -> None:
    expiry, whole = parse_expiry(text, NOW, zone), parse_time_range(text, zone, NOW)
    assert expiry is not None
    assert whole.end - timedelta(seconds=1) <= expiry < whole.end


@pytest.mark.parametrize("text", ["2027-03-31 18:00", "2027-03-31T18:00+05:30", "20270331T1800"])
def test_a_clock_time_is_the_same_moment_for_an_expiry_and_a_filter(text: str) -> None:
    assert parse_expiry(text, NOW, BERLIN) == parse_time_range(text, BERLIN, NOW).start


def test_an_amount_counts_back_in_a_filter_and_ahead_for_an_expiry_whose_days_are_whole() -> None:
    assert parse_time_range("6 hours", UTC, NOW).start == NOW - timedelta(hours=6)
    assert parse_expiry("6 hours", NOW, UTC) == NOW + timedelta(hours=6)
    assert parse_time_range("2 weeks", UTC, NOW).start == NOW - timedelta(weeks=2)
    assert parse_expiry("2 weeks", NOW, UTC) == datetime(2026, 3, 25, 23, 59, 59, tzinfo=UTC)


@given(
    moment=st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),
    unit=st.sampled_from(["hour", "day", "week", "month", "year"]),
    zone=st.sampled_from([UTC, BERLIN, KOLKATA, ZoneInfo("America/Sao_Paulo")]),
)
def test_each_moment_lies_in_one_unit_and_units_follow_one_another(moment: datetime, unit: str, zone: ZoneInfo) -> None:
    start = floor(moment, unit, zone)
    after = following(start, unit, zone)
    assert start <= moment < after
    assert floor(start, unit, zone) == start
    assert floor(after, unit, zone) == after
