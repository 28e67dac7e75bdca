"""A few lines of text of which only what changed is painted again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.widgets.row_list import TONES
from tui.words.text import fit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.widgets.frame import Tone


class TextLine(NamedTuple):
    """A label, and a safe text behind it."""

    text: str
    tone: Tone = "plain"
    label: str = ""


class TextLines(Widget):
    """Shows lines from the top; what does not fit is cut."""

    DEFAULT_CSS = "TextLines { height: 1fr; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: tuple[TextLine, ...] = ()

    def show(self, lines: Sequence[TextLine]) -> None:
        """Replace the lines, painting only the width of those that differ."""
        before, self._lines = self._lines, tuple(lines)
        for y in range(max(len(before), len(self._lines))):
            old = before[y] if y < len(before) else TextLine("")
            new = self._lines[y] if y < len(self._lines) else TextLine("")
            if old != new:
                left = cell_len(old.label) if old.label == new.label and old.tone == new.tone else 0
                right = max(cell_len(line.label + line.text) for line in (old, new))
                self.refresh(Region(left, y, max(1, right - left), 1))

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y >= len(self._lines):
            return Strip.blank(width, TONES["plain"])
        line = self._lines[y]
        label = line.label[:width]
        text = fit(line.text, max(0, width - cell_len(label)))
        return Strip([Segment(label, TONES["quiet"]), Segment(text, TONES[line.tone])])
