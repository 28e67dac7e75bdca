"""Times that come again, as a filter of the audit log has them: hours of the day and days of the week of a zone.

A value ends in @ and the zone, so that a filter which is written out means the same wherever it is read.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEKEND = "weekend"
LETTERS = 3

_HOURS = re.compile(r"(\d{1,2})(?::([0-5]\d))?-(\d{1,2})(?::([0-5]\d))?")
_HOUR = re.compile(r"\d{1,2}")
_TWELVE = re.compile(r"(\d{1,2})(?::([0-5]\d))? ?([ap])m")
_MINUTES_OF_DAY = 24 * 60

# The last hours that Postgres has are in no year of the zones east of it, and one row of them would end a whole search:
# they are told by UTC.
_LAST = "timestamptz '294276-12-31 UTC'"


class WrongValue(ValueError):
    """A value of a qualifier that is none; the message is what to do about this very one."""


def read_hours(value: str) -> str:
    """Return hours in their canonical form: "20-8@UTC" is 20-08@UTC, from 20:00 to before 08:00; "9@UTC" is one hour.

    Raises ValueError.
    """
    typed, zone = _zoned(value)
    if _HOUR.fullmatch(typed) and int(typed) < 24:
        return f"{int(typed):02}@{zone}"
    match = _HOURS.fullmatch(typed)
    if match is None:
        in_24 = _TWELVE.sub(_of_24, typed)
        if in_24 != typed and (_HOUR.fullmatch(in_24) or _HOURS.fullmatch(in_24)):
            raise WrongValue(f"Hours go from 0 to 24: write hour:{in_24}.")
        raise ValueError("no hours")
    first, last = (int(match[at]) * 60 + int(match[at + 1] or 0) for at in (1, 3))
    if first >= _MINUTES_OF_DAY or last > _MINUTES_OF_DAY:
        raise WrongValue("Hours go from 0 to 24: write hour:20-08, or hour:20-24.")
    if first == last:
        raise WrongValue(
            "The hours begin and end at the same time: write hour:20-08, or leave hour: out for the whole day."
        )
    return f"{_clock(first)}-{_clock(last)}@{zone}"


def read_days(value: str) -> str:
    """Return days of the week in their canonical form: sat@UTC, or mon-fri@UTC for all days from one to another.

    A day is any beginning of its name that no other one has. Raises ValueError.
    """
    typed, zone = _zoned(value)
    if len(typed) >= LETTERS and WEEKEND.startswith(typed):
        typed = "sat-sun"
    names = [_day(word) for word in typed.split("-")] if typed.count("-") <= 1 else []
    if not names:
        raise ValueError("no days")
    return f"{'-'.join(name[:LETTERS] for name in names)}@{zone}"


def hours_condition(values: Sequence[str], bind: Callable[[object], str]) -> list[str]:
    """Return in SQL that a row is of one of some hours, a condition for each."""
    conditions = []
    for value in values:
        first, last, zone = span_of_hours(value)
        # By the server's own table of zones: a day on which the clocks change has the hours that it has there.
        time = f"({clock_in(f'{bind(zone)}::text')})::time"
        within = "and" if first < last else "or"
        from_first, before_last = (f"{time} {sign} {bind(at)}::time" for sign, at in ((">=", first), ("<", last)))
        conditions.append(f"({from_first} {within} {before_last})")
    return conditions


def days_condition(values: Sequence[str], bind: Callable[[object], str]) -> list[str]:
    """Return in SQL that a row is of one of some days of the week, a condition for each."""
    conditions = []
    for value in values:
        days, zone = span_of_days(value)
        numbers = ", ".join(map(str, days))
        conditions.append(f"extract(isodow from {clock_in(f'{bind(zone)}::text')}) in ({numbers})")
    return conditions


def span_of_hours(value: str) -> tuple[str, str, str]:
    """Return from when on and before when hours in their canonical form are, as 20:30, and in which zone."""
    hours, _, zone = value.partition("@")
    first, _, last = hours.partition("-")
    return _padded(first), _padded(last or f"{int(first) + 1:02}"), zone


def span_of_days(value: str) -> tuple[tuple[int, ...], str]:
    """Return the days of the week of a canonical form, as ISO 8601 counts them (Monday is 1), and their zone."""
    days, _, zone = value.partition("@")
    first, _, last = days.partition("-")
    place, end = (next(n for n, name in enumerate(DAYS) if name.startswith(day)) for day in (first, last or first))
    return tuple((place + further) % 7 + 1 for further in range((end - place) % 7 + 1)), zone


def clock_in(zone: str) -> str:
    """Return in SQL what the clocks of a zone, an expression of type text, showed when a row was."""
    return f"l.created_at at time zone case when l.created_at < {_LAST} then {zone} else 'UTC' end"


def _zoned(value: str) -> tuple[str, str]:
    """Return what stands before the @, and the name of the zone behind it."""
    # Not at the top: a console that has no such filter needs no table of zones.
    from tui.settings.time_zones import suggest_zone, time_zone

    typed, _, name = value.partition("@")
    zone = time_zone(name)
    if zone is None:
        suggested = suggest_zone(name)
        raise WrongValue(
            f"{name or 'Nothing'} is not a time zone: {f'use {suggested}' if suggested else 'use a name such as UTC'}."
        )
    return typed.strip().lower(), str(zone)


def _day(word: str) -> str:
    fitting = [name for name in DAYS if word and name.startswith(word)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise WrongValue(f"{word} begins more than one day: write {' or '.join(f'day:{name}' for name in fitting)}.")
    similar = difflib.get_close_matches(word, [*DAYS, WEEKEND], n=1, cutoff=0.6)
    if similar:
        raise WrongValue(f"Did you mean day:{similar[0]}?")
    raise ValueError("no day")


def _of_24(match: re.Match[str]) -> str:
    hour = int(match[1]) % 12 + (12 if match[3] == "p" else 0)
    return f"{hour:02}{f':{match[2]}' if match[2] else ''}"


def _clock(minutes: int) -> str:
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}{f':{minute:02}' if minute else ''}"


def _padded(clock: str) -> str:
    return clock if ":" in clock else f"{clock}:00"
