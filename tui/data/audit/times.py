"""Points and stretches of time as people type them: dates, times, "2d", "yesterday", "this month"."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo

RELATIVE_UNITS = {"s": "seconds", "m": "minutes", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
STRETCHES = ("hour", "day", "week", "month", "year")
PHRASES = ("now", "today", "yesterday", *(f"{which} {unit}" for which in ("this", "last") for unit in STRETCHES))
FORMS = 'Use 2026-01-31, "2026-01-31 10:30", 10:30, 2026-01, 2d, 6h, yesterday, "this month" or "last week".'

_RELATIVE = re.compile(r"(\d{1,9})(s|min|m|h|d|w)")
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?(z|[+-]\d{2}:?\d{2})?")


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `start` to before `end`, both aware; of a moment both are the same."""

    start: datetime
    end: datetime


def parse_stretch(text: str, zone: tzinfo, now: datetime) -> Stretch:
    """Return the stretch that a text names: a day, month or year counts whole, a time is a moment.

    Local times are of `zone`; a week begins on Monday; "2d" is 48 hours before `now`. Raises ValueError, whose message
    is what to do about it.
    """
    wanted = " ".join(text.lower().replace("_", " ").split())
    try:
        found = _phrase(wanted, zone, now) or _relative(wanted, now) or _date(wanted, zone, now)
    except (ValueError, OverflowError):
        raise ValueError(FORMS) from None
    if found is None:
        near = difflib.get_close_matches(wanted, PHRASES, n=1, cutoff=0.7)
        raise ValueError(f'Did you mean "{near[0]}"?' if near else FORMS)
    return found


def _phrase(wanted: str, zone: tzinfo, now: datetime) -> Stretch | None:
    if wanted not in PHRASES:
        return None
    if wanted == "now":
        return Stretch(now, now)
    which, _, unit = {"today": "this day", "yesterday": "last day"}.get(wanted, wanted).partition(" ")
    start = floor(now, unit, zone)
    if which == "this":
        return Stretch(start, following(start, unit, zone))
    return Stretch(floor(start - timedelta(microseconds=1), unit, zone), start)


def _relative(wanted: str, now: datetime) -> Stretch | None:
    found = _RELATIVE.fullmatch(wanted)
    if found is None:
        return None
    moment = now - timedelta(**{RELATIVE_UNITS[found[2]]: int(found[1])})
    return Stretch(moment, moment)


def _date(wanted: str, zone: tzinfo, now: datetime) -> Stretch | None:
    day, _, clock = wanted.replace("t", " ", 1).partition(" ")
    if not clock and ":" in day:
        day, clock = f"{now.astimezone(zone):%Y-%m-%d}", day
    date = _DATE.fullmatch(day)
    if date is None or (clock and not date[3]):
        return None
    year, month, of_month = (int(part) if part else 1 for part in date.groups())
    if not clock:
        unit = "day" if date[3] else "month" if date[2] else "year"
        start = _aware(datetime(year, month, of_month), zone)
        return Stretch(start, following(start, unit, zone))
    time = _CLOCK.fullmatch(clock)
    if time is None:
        return None
    hour, minute, second = int(time[1]), int(time[2]), int(time[3] or 0)
    offset = zone if time[5] is None else datetime.fromisoformat(f"2000-01-01T00:00{time[5].upper()}").tzinfo
    moment = datetime(year, month, of_month, hour, minute, second, int((time[4] or "0").ljust(6, "0")))
    moment = _aware(moment, offset or UTC)
    return Stretch(moment, moment)


def floor(moment: datetime, unit: str, zone: tzinfo) -> datetime:
    """Return when the hour, day, week, month or year of `zone` began in which the moment lies."""
    local = moment.astimezone(zone)
    if unit == "hour":
        into = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        return moment.astimezone(UTC) - into
    day = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None, fold=0)
    if unit == "week":
        day -= timedelta(days=day.weekday())
    elif unit == "month":
        day = day.replace(day=1)
    elif unit == "year":
        day = day.replace(month=1, day=1)
    return _aware(day, zone)


def following(start: datetime, unit: str, zone: tzinfo) -> datetime:
    """Return when the next hour, day, week, month or year of `zone` begins; `start` is the beginning of one."""
    if unit == "hour":
        return start + timedelta(hours=1)
    # Longer than the unit by less than the unit: into the next one, whatever summer time and February do.
    longer = {
        "day": timedelta(hours=36),
        "week": timedelta(days=8),
        "month": timedelta(days=40),
        "year": timedelta(370),
    }
    return floor(start + longer[unit], unit, zone)


def _aware(local: datetime, zone: tzinfo) -> datetime:
    return local.replace(tzinfo=zone).astimezone(UTC)
