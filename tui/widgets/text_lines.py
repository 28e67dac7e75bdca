"""A few lines of text of which only what changed is painted again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.widgets.row_list import TONES
from tui.words.text import fit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.widgets.frame import Tone


TITLE_MARGIN = 4


class TextLine(NamedTuple):
    """A label, and a safe text behind it."""

    text: str
    tone: Tone = "plain"
    label: str = ""


class TextLines(Widget):
    """Shows lines from the top; what does not fit is cut, or goes on below its text where the pane `wraps`.

    A pane that wraps has its first line in its border, and where it is cut there also below.
    """

    DEFAULT_CSS = "TextLines { height: 1fr; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.wraps = False
        self._title = ""
        self._unwrapped: tuple[TextLine, ...] = ()
        self._lines: tuple[TextLine, ...] = ()

    def show(self, lines: Sequence[TextLine]) -> None:
        """Replace the lines, painting only the width of those that differ."""
        self._unwrapped = tuple(lines)
        self._wrap()

    def on_resize(self) -> None:
        self._wrap()

    def _wrap(self) -> None:
        before, self._lines = self._lines, self._unwrapped
        title = self._unwrapped[0].text if self.wraps and self._unwrapped else ""
        if title != self._title:
            self._title = title
            # Content, since a text would be read as markup. Setting it paints the whole pane.
            self.border_title = Content(title) if title else None
        if self.wraps and self.size.width:
            below = self._unwrapped[cell_len(title) <= self.size.width - TITLE_MARGIN :]
            self._lines = tuple(piece for line in below for piece in wrapped(line, self.size.width))
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


class DetailPane(TextLines):
    """What is known of the thing under the cursor: below a list, or beside it."""

    def __init__(self) -> None:
        super().__init__(id="detail", classes="detail")

    def place(self, *, beside: bool) -> None:
        """Show it beside the list, or below."""
        if self.wraps is not beside:
            self.wraps = beside
            self._wrap()


def wrapped(line: TextLine, width: int) -> list[TextLine]:
    """Cut a line into several, the text of the further ones below that of the first."""
    room = max(8, width - cell_len(line.label))
    first, *further = [str(text).rstrip() for text in Content(line.text).wrap(room)] or [""]
    indent = " " * cell_len(line.label)
    return [line._replace(text=first), *(line._replace(text=text, label=indent) for text in further)]
