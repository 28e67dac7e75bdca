"""Points in time as people read them: in the configured zone, always marked, and how long ago."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo

MINUTE, HOUR, DAY = 60, 3_600, 86_400


def shown(moment: datetime | None, zone: tzinfo) -> str:
    """Return "2026-11-22 12:40 UTC", or "never"; what the zone has no year for as it is."""
    if moment is None:
        return "never"
    try:
        local = moment.astimezone(zone)
    except OverflowError:
        local = moment
    return f"{local:%Y-%m-%d %H:%M} {local.tzname() or zone}"


def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """Return "just now", "5 min ago", "3 h ago", "12 d ago", or "never"; a moment ahead of our clock is "just now"."""
    if moment is None:
        return "never"
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    if seconds < MINUTE:
        return "just now"
    if seconds < HOUR:
        return f"{int(seconds // MINUTE)} min ago"
    if seconds < 2 * DAY:
        return f"{int(seconds // HOUR)} h ago"
    return f"{int(seconds // DAY)} d ago"
