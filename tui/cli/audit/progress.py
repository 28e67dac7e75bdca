"""How far a command has come along the hours of the log."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from tui.data.seals.hours import hour_text
from tui.words.counts import counted
from tui.words.times import to_the_minute

if TYPE_CHECKING:
    from datetime import datetime

    from tui.cli.output import Output


def report_progress(out: Output, verb: str, rows: int, hour: int) -> None:
    """Say how many rows of the log are "sealed" or "compared", and the hour of the last."""
    out.progress(f"{counted(rows, 'row')} {verb}, up to {hour_text(hour)} ...")


def end_of_hours(moment: datetime | None) -> str:
    """Name the end of what is sealed."""
    # Seals are of whole hours in UTC, whatever the zone of this console.
    return to_the_minute(moment, UTC) if moment else "no hour yet"
