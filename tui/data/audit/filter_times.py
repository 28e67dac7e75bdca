"""Times in a filter of the audit log and where the list goes to: an amount of time counts back from now."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from tui.words.typed_times import PHRASES, Amount, TimeRange, normalized, read_time

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

FORMS = 'Use 2026-01-31, "2026-01-31 10:30", 10:30, 2026-01, 2d, 6h, yesterday, "this month" or "last week".'


def parse_time_range(text: str, zone: tzinfo, now: datetime) -> TimeRange:
    """Return the stretch of time that a text names; "2d" is the moment 48 hours before `now`.

    Raises ValueError, whose message is what to do about it.
    """
    time = read_time(text, zone, now)
    try:
        if isinstance(time, Amount):
            time = TimeRange(now - time.length, now - time.length)
    except OverflowError:
        time = None
    if time is None:
        similar = difflib.get_close_matches(normalized(text), PHRASES, n=1, cutoff=0.7)
        raise ValueError(f'Did you mean "{similar[0]}"?' if similar else FORMS)
    return time
