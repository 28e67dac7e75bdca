"""Times as people type them: what stretch each means, in which zone, and what is no time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tui.data.audit.filter_times import parse_time_range
from tui.words.typed_times import PHRASES, TimeRange

BERLIN = ZoneInfo("Europe/Berlin")
KOLKATA = ZoneInfo("Asia/Kolkata")
# A Wednesday; in Kolkata already Thursday.
NOW = datetime(2026, 3, 11, 20, 15, 30, tzinfo=UTC)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-01-31", utc(2026, 1, 31), utc(2026, 2, 1)),
        ("2026-1-5", utc(2026, 1, 5), utc(2026, 1, 6)),
        ("2026-02", utc(2026, 2, 1), utc(2026, 3, 1)),
        ("2025", utc(2025, 1, 1), utc(2026, 1, 1)),
        ("today", utc(2026, 3, 11), utc(2026, 3, 12)),
        ("Yesterday", utc(2026, 3, 10), utc(2026, 3, 11)),
        ("this week", utc(2026, 3, 9), utc(2026, 3, 16)),
        ("last  week", utc(2026, 3, 2), utc(2026, 3, 9)),
        ("this month", utc(2026, 3, 1), utc(2026, 4, 1)),
        ("last_month", utc(2026, 2, 1), utc(2026, 3, 1)),
        ("last year", utc(2025, 1, 1), utc(2026, 1, 1)),
        ("this hour", utc(2026, 3, 11, 20), utc(2026, 3, 11, 21)),
    ],
)
def test_a_day_a_week_a_month_and_a_year_count_whole(text: str, start: datetime, end: datetime) -> None:
    assert parse_time_range(text, UTC, NOW) == TimeRange(start, end)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("now", NOW),
        ("2d", NOW - timedelta(days=2)),
        ("6h", NOW - timedelta(hours=6)),
        ("90m", NOW - timedelta(minutes=90)),
        ("1w", NOW - timedelta(days=7)),
        ("10:30", utc(2026, 3, 11, 10, 30)),
        ("2026-01-31 10:30", utc(2026, 1, 31, 10, 30)),
        ("2026-01-31T10:30:15.25Z", datetime(2026, 1, 31, 10, 30, 15, 250_000, tzinfo=UTC)),
        ("2026-01-31T10:30+05:30", utc(2026, 1, 31, 5, 0)),
        ("20260131T1030Z", utc(2026, 1, 31, 10, 30)),
        ("2 days", NOW - timedelta(days=2)),
    ],
)
def test_a_time_is_a_moment(text: str, moment: datetime) -> None:
    assert parse_time_range(text, UTC, NOW) == TimeRange(moment, moment)


def test_days_are_those_of_the_zone() -> None:
    assert parse_time_range("today", KOLKATA, NOW).start == utc(2026, 3, 11, 18, 30)
    assert parse_time_range("2026-03-12 09:00", KOLKATA, NOW).start == utc(2026, 3, 12, 3, 30)
    assert parse_time_range("10:00", KOLKATA, NOW).start == utc(2026, 3, 12, 4, 30)


def test_a_day_on_which_the_clocks_change_is_as_long_as_it_is() -> None:
    for text, hours in (("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)):
        day = parse_time_range(text, BERLIN, NOW)
        assert day.end - day.start == timedelta(hours=hours)


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-13-01", "2026-02-30", "25:00", "2026-01 10:30", "9" * 9 + "w", "0000"]
)
def test_what_is_no_time_says_which_forms_there_are(text: str) -> None:
    with pytest.raises(ValueError, match="Use 2026-01-31"):
        parse_time_range(text, UTC, NOW)


def test_a_misspelt_phrase_is_told_the_nearest_one() -> None:
    with pytest.raises(ValueError, match='Did you mean "yesterday"'):
        parse_time_range("yesterdy", UTC, NOW)
    assert all(parse_time_range(phrase, UTC, NOW) for phrase in PHRASES)
