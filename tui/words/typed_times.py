"""The grammar of times as people type them: dates, clock times, amounts ("2d", "30 days") and phrases ("this month").

Callers decide what an amount counts from and which forms they refuse: a filter looks back, an expiry ahead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import tzinfo

AmountUnit = Literal["seconds", "minutes", "hours", "days", "weeks"]
AMOUNT_UNITS: dict[str, AmountUnit] = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
UNITS = ("hour", "day", "week", "month", "year")
PHRASES = ("now", "today", "yesterday", *(f"{which} {unit}" for which in ("this", "last") for unit in UNITS))
# Longer than the unit by less than the unit: into the next one, whatever February does.
_INTO_THE_NEXT = {
    "day": timedelta(hours=36),
    "week": timedelta(days=8),
    "month": timedelta(days=40),
    "year": timedelta(days=370),
}

_AMOUNT = re.compile(r"(\d{1,9}) ?(s|m|min|h|hours?|d|days?|w|weeks?)")
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
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

    Local times are of `zone`; a week begins on Monday. "end of month" is the last day of this one.
    """
    words = normalized(text)
    try:
        return _phrase(words, zone, now) or _amount(words) or _date(words, zone, now)
    except (ValueError, OverflowError):
        return None


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
    day, _, clock = words.replace("t", " ", 1).partition(" ")
    if not clock and ":" in day:
        day, clock = f"{now.astimezone(zone):%Y-%m-%d}", day
    date, time = _DATE.fullmatch(day), _CLOCK.fullmatch(clock)
    if date is not None and not clock:
        unit = "day" if date[3] else "month" if date[2] else "year"
        return _whole(datetime(int(date[1]), int(date[2] or 1), int(date[3] or 1)), unit, zone)
    if date is None or not date[3] or time is None:
        return _iso_moment(words, zone)
    hour, minute, second = int(time[1]), int(time[2]), int(time[3] or 0)
    offset = zone if time[5] is None else datetime.fromisoformat(f"2000-01-01T00:00{time[5].upper()}").tzinfo
    fraction = int((time[4] or "0").ljust(6, "0"))
    moment = datetime(int(date[1]), int(date[2]), int(date[3]), hour, minute, second, fraction)
    moment = _aware(moment, offset or UTC)
    return TimeRange(moment, moment)


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
