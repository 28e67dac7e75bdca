"""Times in a filter of the audit log and where the list goes to: an amount of time counts back from now."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from tui.words.typed_times import MONTHS, PHRASES, Amount, TimeRange, normalized, read_time, readings

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

FORMS = (
    'Use 2026-01-31, "2026-01-31 10:30", 10:30, 31.1.2026, 2026-01, "aug 2026", 2d, 6h, yesterday, "this month" or '
    '"last week".'
)


class WrongTime(ValueError):
    """A text that is no time, or more than one: `sentence` says what it may mean, and the message what to do."""

    def __init__(self, what_to_do: str, sentence: str = "") -> None:
        super().__init__(what_to_do)
        self.sentence = sentence


def parse_time_range(text: str, zone: tzinfo, now: datetime) -> TimeRange:
    """Return the stretch of time that a text names; "2d" is the moment 48 hours before `now`.

    Raises WrongTime, also for a date that not everybody reads alike.
    """
    time = read_time(text, zone, now)
    try:
        if isinstance(time, Amount):
            time = TimeRange(now - time.length, now - time.length)
    except OverflowError:
        time = None
    if time is None:
        raise _wrong_time(text, zone, now)
    return time


def _wrong_time(text: str, zone: tzinfo, now: datetime) -> WrongTime:
    days = {f"{day.day} {MONTHS[day.month - 1].capitalize()} {day.year}": day for day in readings(text, zone, now)}
    if days:
        written = " or ".join(f"{day.isoformat()} for {spelled}" for spelled, day in days.items())
        may_be = f"{'may' if len(days) > 1 else 'would'} be {' or '.join(days)}"
        which = "Which one? " if len(days) > 1 else ""
        return WrongTime(f"{which}Write {written}.", f"{normalized(text)} {may_be}.")
    similar = difflib.get_close_matches(normalized(text), (*PHRASES, *MONTHS), n=1, cutoff=0.7)
    return WrongTime(f'Did you mean "{similar[0]}"?' if similar else FORMS)
