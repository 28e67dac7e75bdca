"""The parts of a grid and their widths: headings, rows, and cells with a mark, a sign and small bars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style

from tui.widgets.row_list import TONES
from tui.words.text import fit

if TYPE_CHECKING:
    from tui.widgets.frame import Tone

FULL, FREE = "■", "□"
GAP = 1
NARROWEST, WIDEST = 7, 26
NARROWEST_LABEL, WIDEST_LABEL = 20, 40
COLUMN_WITH_BAR, COLUMN_WITH_BARS, COLUMN_WITH_FIGURES = 11, 15, 16
SIGN = 2
"""Cells before a label."""
SHORTEST_BAR, LONGEST_BAR = 3, 6
CHANGED = Style(bold=True)


@dataclass(frozen=True, slots=True)
class Bar:
    """The share of a limit that is used, from 0 to 1 and above, with a letter for which limit.

    `figures` are what it is drawn as where there is room, the longer first.
    """

    letter: str
    share: float
    figures: tuple[str, ...] = ()

    def drawn(self, steps: int) -> str:
        """Return the letter and `steps` boxes: all full only at the limit, one full as soon as anything is used."""
        full = steps if self.share >= 1 else min(steps - 1, max(int(self.share * steps), int(self.share > 0)))
        return f"{self.letter}{FULL * full}{FREE * (steps - full)}"


@dataclass(frozen=True, slots=True)
class GridCell:
    """A short text with a mark before it, a sign behind it, and figures or bars where there is room for them."""

    text: str
    mark: str = ""
    sign: str = ""
    bars: tuple[Bar, ...] = ()
    tone: Tone = "plain"

    def drawn(self, width: int) -> str:
        """Return exactly `width` cells."""
        short = f"{self.mark or ' '}{self.text}{self.sign or ' '}"
        limits = (_figures if has_figures(width + GAP) else _bars)(self.bars, width - len(short) - 1)
        return fit(f"{short} {limits}".rstrip(), width)


@dataclass(frozen=True, slots=True)
class GridRow:
    """A row: its label with a sign before it, and one cell per column."""

    label: str
    cells: tuple[GridCell, ...]
    sign: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class GridColumn:
    """A heading of two lines."""

    top: str
    bottom: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Widths:
    """The width of the label, of each column with its gap, and the number of visible columns."""

    label: int
    column: int
    seen: int


def share_width(width: int, columns: int, longest_label: int) -> Widths:
    """Return the widths that show as many columns as possible, wide enough for bars where all columns fit so.

    A label is no wider than the longest, in cells, needs; beyond WIDEST_LABEL it has what the columns leave.
    """
    count = max(1, columns)
    wanted = SIGN + longest_label + GAP
    label = max(NARROWEST_LABEL, min(WIDEST_LABEL, wanted, width - count * COLUMN_WITH_BARS))
    column = max(NARROWEST, min(WIDEST, (width - label) // count))
    seen = max(1, min(count, (width - label) // column))
    return Widths(max(label, min(wanted, width - seen * column)), column, seen)


def grid_width_wanted(columns: int, longest_label: int, longest_cell: int = WIDEST) -> int:
    """Return the width with which nothing is cut, and no cell lacks room for the figures of both its limits."""
    column = max(NARROWEST, min(WIDEST, longest_cell + GAP))
    return max(NARROWEST_LABEL, SIGN + longest_label + GAP) + columns * column


def has_bars(column: int) -> bool:
    """Whether a column of that width, its gap included, has room for one bar."""
    return column >= COLUMN_WITH_BAR


def has_figures(column: int) -> bool:
    """Whether the limits in a column of that width, its gap included, are figures."""
    return column >= COLUMN_WITH_FIGURES


def cell_segment(cell: GridCell, width: int, over: Style) -> Segment:
    """Return a cell drawn `width` cells wide, in the style of its tone with `over` on top."""
    style = TONES[cell.tone] + (CHANGED if cell.mark else Style.null()) + over
    return Segment(cell.drawn(width), style)


def _bars(bars: tuple[Bar, ...], room: int) -> str:
    if not bars:
        return ""
    for gap in (1, 0):
        steps = (room - len(bars) - gap * (len(bars) - 1)) // len(bars)
        if steps >= SHORTEST_BAR:
            return (" " * gap).join(bar.drawn(min(LONGEST_BAR, steps)) for bar in bars)
    # Only the limit that will be reached first.
    fullest = max(bars, key=lambda bar: bar.share)
    return fullest.drawn(min(LONGEST_BAR, room - 1)) if room > SHORTEST_BAR else ""


def _figures(bars: tuple[Bar, ...], room: int) -> str:
    """Return the limits in figures; where not all of them have room only the one that will be reached first."""
    fullest = sorted(bars, key=lambda bar: bar.share)[-1:]
    for chosen in (bars, fullest):
        for number in range(max((len(bar.figures) for bar in chosen), default=0)):
            text = "  ".join(bar.figures[: number + 1][-1] for bar in chosen)
            if len(text) <= room:
                return text
    return _bars(bars, room)
