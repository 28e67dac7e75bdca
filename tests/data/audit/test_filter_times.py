"""Times as people type them: what stretch each means, in which zone, and what is no time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tui.data.audit.filter_times import WrongTime, parse_time_range
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
        ("august", utc(2025, 8, 1), utc(2025, 9, 1)),
        ("MAR", utc(2026, 3, 1), utc(2026, 4, 1)),
        ("sept", utc(2025, 9, 1), utc(2025, 10, 1)),
        ("Aug. 2026", utc(2026, 8, 1), utc(2026, 9, 1)),
        ("2026 aug", utc(2026, 8, 1), utc(2026, 9, 1)),
        ("aug-2024", utc(2024, 8, 1), utc(2024, 9, 1)),
        ("31 dec", utc(2025, 12, 31), utc(2026, 1, 1)),
        ("11 march", utc(2026, 3, 11), utc(2026, 3, 12)),
        ("12 march", utc(2025, 3, 12), utc(2025, 3, 13)),
        ("29 feb", utc(2024, 2, 29), utc(2024, 3, 1)),
        ("August 31st, 2026", utc(2026, 8, 31), utc(2026, 9, 1)),
        ("31.12.2026", utc(2026, 12, 31), utc(2027, 1, 1)),
        ("3.4.2026", utc(2026, 4, 3), utc(2026, 4, 4)),
        ("2026/12/31", utc(2026, 12, 31), utc(2027, 1, 1)),
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
        ("31.1.2026 10:30", utc(2026, 1, 31, 10, 30)),
        ("Jan 31 10:30", utc(2026, 1, 31, 10, 30)),
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
    "text",
    [
        *("", "soon", "2026-13-01", "2026-02-30", "25:00", "2026-01 10:30", "9" * 9 + "w", "0000", "32/13/2026"),
        *("2026/31/12", "31.2.2026", "30 feb", "aug 32", "ju", "aug 10:30", "1/2/3"),
    ],
)
def test_what_is_no_time_says_which_forms_there_are(text: str) -> None:
    with pytest.raises(ValueError, match="Use 2026-01-31"):
        parse_time_range(text, UTC, NOW)


@pytest.mark.parametrize(
    ("text", "sentence", "what_to_do"),
    [
        (
            "03/04/2026",
            "03/04/2026 may be 3 April 2026 or 4 March 2026.",
            "Which one? Write 2026-04-03 for 3 April 2026 or 2026-03-04 for 4 March 2026.",
        ),
        ("31/12/2026", "31/12/2026 would be 31 December 2026.", "Write 2026-12-31 for 31 December 2026."),
        ("12-31-26", "12-31-26 would be 31 December 2026.", "Write 2026-12-31 for 31 December 2026."),
        ("31/12", "31/12 would be 31 December 2025.", "Write 2025-12-31 for 31 December 2025."),
    ],
)
def test_a_date_that_not_everybody_reads_alike_is_asked_back(text: str, sentence: str, what_to_do: str) -> None:
    with pytest.raises(WrongTime) as caught:
        parse_time_range(text, UTC, NOW)
    assert (caught.value.sentence, str(caught.value)) == (sentence, what_to_do)


def test_a_misspelt_phrase_is_told_the_nearest_one() -> None:
    for text, meant in (("yesterdy", "yesterday"), ("agust", "august")):
        with pytest.raises(ValueError, match=f'Did you mean "{meant}"'):
            parse_time_range(text, UTC, NOW)
    assert all(parse_time_range(phrase, UTC, NOW) for phrase in PHRASES)
