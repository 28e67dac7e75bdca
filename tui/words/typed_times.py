"""The grammar of times as people type them: dates, months, clock times, amounts ("30 days"), phrases ("this month").

Callers decide what an amount counts from and which forms they refuse: a filter looks back, an expiry ahead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import tzinfo

AmountUnit = Literal["seconds", "minutes", "hours", "days", "weeks"]
AMOUNT_UNITS: dict[str, AmountUnit] = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
SHORTEST_MONTH = 3
UNITS = ("hour", "day", "week", "month", "year")
# As they are offered: now, from which on there is nothing yet, last.
PHRASES = ("today", "yesterday", *(f"{which} {unit}" for which in ("this", "last") for unit in UNITS), "now")
# Longer than the unit by less than the unit: into the next one, whatever February does.
_INTO_THE_NEXT = {
    "day": timedelta(hours=36),
    "week": timedelta(days=8),
    "month": timedelta(days=40),
    "year": timedelta(days=370),
}

_AMOUNT = re.compile(r"(\d{1,9}) ?(s|m|min|h|hours?|d|days?|w|weeks?)")
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
# The other orders of year, month and day that mean the same to everybody.
_OTHER_DATES = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?P<year>\d{4})([/.])(?P<month>\d{1,2})\2(?P<day>\d{1,2})",
        r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})",
        r"(?:(?P<day>\d{1,2})(?:st|nd|rd|th)? )?(?P<name>[a-z]+)(?: (?P<year>\d{4}))?",
        r"(?P<name>[a-z]+) (?P<day>\d{1,2})(?:st|nd|rd|th)?(?: (?P<year>\d{4}))?",
        r"(?P<year>\d{4}) (?P<name>[a-z]+)(?: (?P<day>\d{1,2}))?",
    )
)
_SLASHED = re.compile(r"(\d{1,2})([/-])(\d{1,2})(?:\2(\d{4}|\d{2}))?")
# How far back a day is looked for whose year was not typed: 29 February may be eight years ago (1896 and 1904).
_MOST_YEARS_BACK = 8
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?(z|[+-]\d{2}:?\d{2})?")


@dataclass(frozen=True, slots=True)
class TimeRange:
    """The time from `start` to before `end`, both aware; both are the same for a moment."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Amount:
    """A length of time, before or after now as the caller means it."""

    count: int
    unit: AmountUnit

    @property
    def length(self) -> timedelta:
        """The same as a difference of moments. Raises OverflowError."""
        return timedelta(**{self.unit: self.count})


def normalized(text: str) -> str:
    """Return the text in the one form that the grammar knows: lower case, single blanks, no underscores."""
    return " ".join(text.lower().replace("_", " ").split())


def read_time(text: str, zone: tzinfo, now: datetime) -> TimeRange | Amount | None:
    """Return what a text names, None where it is no time: a day, month or year is whole, a clock time is a moment.

    Local times are of `zone`; a week begins on Monday. "end of month" is the last day of this one, and "august" or
    "31 aug" the last that has begun. What `readings` has is no time here.
    """
    words = normalized(text)
    try:
        return _phrase(words, zone, now) or _amount(words) or _date(words, zone, now)
    except (ValueError, OverflowError):
        return None


def month_called(word: str) -> int:
    """Return the number of the month whose name begins with a word of three letters or more; 0 for any other word."""
    fitting = [n for n, name in enumerate(MONTHS, 1) if len(word) >= SHORTEST_MONTH and name.startswith(word)]
    return fitting[0] if fitting else 0


def readings(text: str, zone: tzinfo, now: datetime) -> tuple[date, ...]:
    """Return the days that two numbers, or two and a year, may mean: day before month, and month before day.

    Empty for every other text, which has one meaning or none. 03/04/2026 has two, 31/12/2026 one that is not
    everybody's way to write it. The year that is left out is the last in which the day has begun.
    """
    match = _SLASHED.fullmatch(normalized(text))
    if match is None:
        return ()
    first, second, typed_year = int(match[1]), int(match[3]), match[4] and int(f"20{match[4]}"[-4:])
    days = []
    for day, month in dict.fromkeys(((first, second), (second, first))):
        try:
            days.append(date(typed_year or _last_year_of(month, day, zone, now), month, day))
        except ValueError:
            continue
    return tuple(days)


def day_of(moment: datetime, zone: tzinfo, *, days: int = 0) -> TimeRange:
    """Return the day of `zone` in which a moment lies, or one that is some days from it. Raises OverflowError."""
    return _whole(_local(moment, zone) + timedelta(days=days), "day", zone)


def floor(moment: datetime, unit: str, zone: tzinfo) -> datetime:
    """Return when the hour, day, week, month or year of `zone` began in which the moment lies."""
    local = _local(moment, zone)
    if unit == "hour":
        into = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        return moment.astimezone(UTC) - into
    return _aware(_first_day(local, unit), zone)


def following(start: datetime, unit: str, zone: tzinfo) -> datetime:
    """Return when the next hour, day, week, month or year of `zone` begins; `start` is the beginning of one."""
    if unit == "hour":
        return start + timedelta(hours=1)
    return _aware(_first_day(_local(start, zone) + _INTO_THE_NEXT[unit], unit), zone)


def _phrase(words: str, zone: tzinfo, now: datetime) -> TimeRange | None:
    if words == "now":
        return TimeRange(now, now)
    if words == "tomorrow":
        return day_of(now, zone, days=1)
    which, _, unit = {"today": "this day", "yesterday": "last day"}.get(words, words).rpartition(" ")
    if unit not in UNITS:
        return None
    start = floor(now, unit, zone)
    end = following(start, unit, zone)
    if which == "last":
        start, end = floor(start - timedelta(microseconds=1), unit, zone), start
    elif which == "end of" and unit != "hour":
        return day_of(end - timedelta(microseconds=1), zone)
    elif which != "this":
        return None
    return TimeRange(start, end)


def _amount(words: str) -> Amount | None:
    match = _AMOUNT.fullmatch(words)
    return None if match is None else Amount(int(match[1]), AMOUNT_UNITS[match[2][0]])


def _date(words: str, zone: tzinfo, now: datetime) -> TimeRange | None:
    day, _, clock = re.sub(r"(?<=\d)t(?=\d)", " ", words, count=1).rpartition(" ")
    time = _CLOCK.fullmatch(clock)
    if time is None:
        day, clock = words, ""
    elif not day:
        day = f"{now.astimezone(zone):%Y-%m-%d}"
    found = _calendar_date(day, zone, now)
    if found is not None and time is None:
        year, month, of_month = found
        unit = "day" if of_month else "month" if month else "year"
        return _whole(datetime(year, month or 1, of_month or 1), unit, zone)
    if found is None or not found[2] or time is None:
        return _iso_moment(words, zone)
    hour, minute, second = int(time[1]), int(time[2]), int(time[3] or 0)
    offset = zone if time[5] is None else datetime.fromisoformat(f"2000-01-01T00:00{time[5].upper()}").tzinfo
    fraction = int((time[4] or "0").ljust(6, "0"))
    moment = _aware(datetime(*found, hour, minute, second, fraction), offset or UTC)
    return TimeRange(moment, moment)


def _calendar_date(words: str, zone: tzinfo, now: datetime) -> tuple[int, int, int] | None:
    """Return year, month and day, 0 for what is not typed; the year of a month or day is the last that has begun."""
    iso = _DATE.fullmatch(words)
    if iso is not None:
        return int(iso[1]), int(iso[2] or 0), int(iso[3] or 0)
    if any(character.isalpha() for character in words):
        words = " ".join(re.split(r"[\s,./-]+", words)).strip()
    for pattern in _OTHER_DATES:
        found = pattern.fullmatch(words)
        parts = found.groupdict() if found else {}
        month = month_called(parts["name"]) if "name" in parts else int(parts.get("month") or 0)
        if month:
            day = int(parts["day"] or 0)
            return (int(parts["year"]) if parts["year"] else _last_year_of(month, day, zone, now)), month, day
    return None


def _last_year_of(month: int, day: int, zone: tzinfo, now: datetime) -> int:
    """Return the year in which a month or a day began last. Raises ValueError for a day that no year has."""
    today = _local(now, zone)
    for year in range(today.year, today.year - _MOST_YEARS_BACK - 1, -1):
        try:
            start = datetime(year, month, day or 1)
        except ValueError:
            continue
        if start <= today:
            return year
    raise ValueError("no year has that day")


def _iso_moment(words: str, zone: tzinfo) -> TimeRange | None:
    """The other ways of ISO 8601 to write a date with a clock time, such as 20270331T1800Z."""
    if not words.isascii() or len(words) <= len("2027-03-31"):
        return None
    moment = datetime.fromisoformat(words.upper())
    moment = _aware(moment, zone) if moment.tzinfo is None else moment.astimezone(UTC)
    return TimeRange(moment, moment)


def _whole(local: datetime, unit: str, zone: tzinfo) -> TimeRange:
    start = _aware(_first_day(local, unit), zone)
    try:
        return TimeRange(start, following(start, unit, zone))
    except OverflowError:
        # The last day of the year 9999 ends with the last moment that Python has.
        return TimeRange(start, _aware(datetime.max, zone))


def _first_day(local: datetime, unit: str) -> datetime:
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "week":
        return day - timedelta(days=day.weekday())
    if unit == "month":
        return day.replace(day=1)
    return day.replace(month=1, day=1) if unit == "year" else day


def _local(moment: datetime, zone: tzinfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def _aware(local: datetime, zone: tzinfo) -> datetime:
    return local.replace(tzinfo=zone).astimezone(UTC)
