"""Points and stretches of time as people read them: in the configured zone, always marked, and how long ago."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo

MINUTE, HOUR, DAY = 60, 3_600, 86_400


def in_zone(moment: datetime | None, zone: tzinfo) -> datetime | None:
    """Return a moment in the zone; None for none, and where the zone has no year for it.

    The last hours of the year 9999 and the first of the year 1 are in no year elsewhere.
    """
    try:
        return moment.astimezone(zone) if moment else None
    except OverflowError:
        return None


def to_the_minute(moment: datetime | None, zone: tzinfo) -> str:
    """Return "2026-11-22 12:40 UTC", or "never"; what the zone has no year for as it is."""
    if moment is None:
        return "never"
    local = in_zone(moment, zone) or moment
    return f"{local:%Y-%m-%d %H:%M} {local.tzname() or zone}"


def to_the_second(moment: datetime, zone: tzinfo) -> str:
    """Return "2026-11-22 12:40:33", for a column whose heading names the zone."""
    # Not %Y, which before Python 3.14 writes a year of less than four digits as it is.
    return (in_zone(moment, zone) or moment).replace(tzinfo=None).isoformat(" ", "seconds")


def to_the_microsecond(moment: datetime, zone: tzinfo) -> str:
    """Return "2026-11-22 12:40:33.123456 UTC"."""
    local = in_zone(moment, zone) or moment
    return f"{local:%Y-%m-%d %H:%M:%S.%f} {local.tzname() or zone}"


def day(moment: datetime, zone: tzinfo) -> str:
    """Return "2026-11-22", for a scale of days and for the name of a file."""
    return (in_zone(moment, zone) or moment).date().isoformat()


def hour_of_year(moment: datetime, zone: tzinfo) -> str:
    """Return "11-22 12:40", for a scale of hours."""
    return f"{in_zone(moment, zone) or moment:%m-%d %H:%M}"


def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """Return "just now", "5 min ago", "3 h ago", "12 d ago", or "never"; a moment ahead of our clock is "just now"."""
    if moment is None:
        return "never"
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    return "just now" if seconds < MINUTE else f"{_whole_units(seconds)} ago"


def stretch(since: datetime, now: datetime | None = None) -> str:
    """Return how long something has lasted: "5 min", "3 h", "12 d"; at least a minute."""
    return _whole_units(max(((now or datetime.now(UTC)) - since).total_seconds(), MINUTE))


def ahead(moment: datetime, now: datetime) -> str:
    """Return "in 12 d", "in 3 h", "in 5 min"."""
    return f"in {_whole_units(max((moment - now).total_seconds(), MINUTE))}"


def duration(seconds: float) -> str:
    """Return "40 s", "12 min" or "1.5 h"; never less than a second."""
    if seconds < 1.5 * MINUTE:
        return f"{max(round(seconds), 1)} s"
    return f"{round(seconds / MINUTE)} min" if seconds < 1.5 * HOUR else f"{seconds / HOUR:.1f} h"


def _whole_units(seconds: float) -> str:
    if seconds < HOUR:
        return f"{int(seconds // MINUTE)} min"
    return f"{int(seconds // HOUR)} h" if seconds < 2 * DAY else f"{int(seconds // DAY)} d"
