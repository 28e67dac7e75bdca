"""A period from left to right with a marker for the cursor, and bars above it for how much happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.widgets.row_list import TONES
from tui.words.text import fit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.widgets.frame import Tone

BARS = "▁▂▃▄▅▆▇█"
UNKNOWN = "?"
MARKER = "▲"
LABEL = 12
TAIL = 18
FEWEST = 10


@dataclass(frozen=True, slots=True)
class Scale:
    """The labels at the ends of the ruler."""

    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Series:
    """A line of bars, one for each value, None where it is not counted yet; `tail` is the text after them."""

    label: str
    values: tuple[int | None, ...]
    tail: str
    tone: Tone = "plain"


class TimeRuler(Widget):
    """One line of ruler below a line for each series; only what has changed is painted again."""

    DEFAULT_CSS = "TimeRuler { height: 1; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._scale: Scale | None = None
        self._series: tuple[Series, ...] = ()
        self._share: float | None = None

    @property
    def track(self) -> int:
        """How many cells the period takes."""
        return max(FEWEST, self.size.width - LABEL - TAIL)

    def show(self, scale: Scale | None) -> None:
        """Show another period, or none."""
        if scale != self._scale:
            self._scale = scale
            self.refresh()

    def mark(self, share: float | None) -> None:
        """Put the marker at a share of the period, from 0 (left) to 1; None takes it away."""
        before, self._share = self._place(), None if share is None else min(max(share, 0.0), 1.0)
        after, y = self._place(), len(self._series)
        for place in {before, after} - {None} if before != after else ():
            self.refresh(Region(LABEL + (place or 0), y, 1, 1))

    def draw(self, series: Sequence[Series]) -> None:
        """Replace the series of bars."""
        before, self._series = self._series, tuple(series)
        if len(before) != len(self._series):
            self.styles.height = 1 + len(self._series)
            self.refresh(layout=True)
            return
        for y, (old, new) in enumerate(zip(before, self._series, strict=True)):
            if old != new:
                self.refresh(Region(0, y, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        if y < len(self._series):
            return self._bars(self._series[y])
        if self._scale is None:
            return Strip.blank(self.size.width)
        track = ["─"] * self.track
        place = self._place()
        if place is not None:
            track[place] = MARKER
        text = f"{fit(self._scale.left, LABEL - 1)} {''.join(track)} {self._scale.right}"
        return Strip([Segment(fit(text, self.size.width), TONES["quiet"])])

    def _bars(self, series: Series) -> Strip:
        count, track = len(series.values), self.track
        most = max((value or 0 for value in series.values), default=0)
        bars = []
        for cell in range(track if count else 0):
            # With fewer units than cells each is several cells wide; of several in one cell the highest shows.
            first, end = cell * count // track, (cell + 1) * count // track
            counted = [value for value in series.values[first : max(end, first + 1)] if value is not None]
            bars.append(_bar(max(counted), most) if counted else UNKNOWN)
        label = Segment(f"{fit(series.label, LABEL - 1)} ", TONES["quiet"])
        drawn = Segment("".join(bars).ljust(track), TONES[series.tone])
        return Strip([label, drawn, Segment(fit(f" {series.tail}", self.size.width - LABEL - track), TONES["quiet"])])

    def _place(self) -> int | None:
        return None if self._share is None else min(int(self._share * self.track), self.track - 1)


def _bar(value: int, most: int) -> str:
    """Return the bar of a value: blank for none, and never blank for some."""
    return BARS[max(0, -(-value * len(BARS) // most) - 1)] if value else " "
