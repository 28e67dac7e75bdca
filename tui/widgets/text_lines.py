"""A few lines of text of which only what changed is painted again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.widgets.row_list import TONES, toned
from tui.words.text import fit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.widgets.frame import Tone


TITLE_MARGIN = 4
WIDE = 110
"""Columns of a screen from which on the detail stands beside the list."""
NARROWEST_BESIDE = 32
USUAL_BESIDE = 58


class TextLine(NamedTuple):
    """A label, and a safe text behind it, whose first `signs` have tones of their own."""

    text: str
    tone: Tone = "plain"
    label: str = ""
    signs: tuple[Tone, ...] = ()


class TextLines(Widget):
    """Shows lines from the top; what does not fit goes on below its text while lines are free, else it is cut.

    A pane that `wraps` shows all of each line before the next one, where all have room; it has the first in its border
    where that fits.
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
        title = title if cell_len(title) <= self.size.width - TITLE_MARGIN else ""
        if title != self._title:
            self._title = title
            # Not border_title, which paints the whole pane: 3.9 KB for a move at 120x40, and 1.7 so. Content, since a
            # text would be read as markup.
            self._border_title = Content(title) if title else None
            self.refresh(Region(0, 0, self.outer_size.width, 1).translate(-self.content_offset))
        if self.wraps and self.size.width:
            below = self._unwrapped[bool(title) :]
            whole = tuple(piece for line in below for piece in wrapped(line, self.size.width))
            # Each fact is begun, rather than the last ones left out.
            self._lines = whole if len(whole) <= self.size.height else tuple(wrapped_while_free(below, *self.size))
        elif self.size.width:
            self._lines = tuple(wrapped_while_free(self._unwrapped, *self.size))
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
        return Strip([Segment(label, TONES["quiet"]), *toned(text, line.tone, line.signs)])


class DetailPane(TextLines):
    """What is known of the thing under the cursor: below a list, or beside it on a screen of WIDE columns."""

    def __init__(self, listed: Widget, *, wanted: int = 0) -> None:
        super().__init__(id="detail", classes="detail")
        self._listed = listed
        self._screen_width = 0
        self._wanted = wanted
        self._whole = 0
        self._given: int | None = None

    @property
    def width_of_list(self) -> int:
        """The columns that are left to the list."""
        return list_width(self._screen_width, self._wanted, self._whole)

    def place(self, screen_width: int) -> None:
        """Show it beside the list where the screen is wide enough, else below."""
        self._screen_width = screen_width
        self._share()
        if self.wraps is not (screen_width >= WIDE):
            self.wraps = screen_width >= WIDE
            self._wrap()

    def leave_to_list(self, wanted: int, whole: int = 0) -> None:
        """Leave so many columns to the list, as far as there is room for both; never fewer than before.

        `whole` is what it takes with all that it can do without.
        """
        # A border that moves with each letter of a filter would be a screen on the wire.
        self._wanted, self._whole = max(self._wanted, wanted), max(self._whole, whole)
        self._share()

    def _share(self) -> None:
        width = self.width_of_list if self._screen_width >= WIDE else None
        if width != self._given:
            self._given = self._listed.styles.width = width


def list_width(screen_width: int, wanted: int, whole: int = 0) -> int:
    """Return the columns of a list that wants so many: beside its detail two thirds, and more before it is cut.

    The `whole` list is there only where a detail that most lines fit in is too.
    """
    if screen_width < WIDE:
        return screen_width
    cut, uncut = min(wanted, screen_width - NARROWEST_BESIDE), min(whole, screen_width - USUAL_BESIDE)
    return max(screen_width * 2 // 3, cut, uncut)


def wrapped(line: TextLine, width: int) -> list[TextLine]:
    """Cut a line into several, the text of the further ones below that of the first."""
    room = max(8, width - cell_len(line.label))
    first, *further = [str(text).rstrip() for text in Content(line.text).wrap(room)] or [""]
    indent = " " * cell_len(line.label)
    return [line._replace(text=first), *(line._replace(text=text, label=indent, signs=()) for text in further)]


def wrapped_while_free(lines: Sequence[TextLine], width: int, height: int) -> list[TextLine]:
    """Cut lines that are too long into several, from the top, as long as all lines have room."""
    last = max((n for n, line in enumerate(lines, 1) if line.text), default=0)
    free = height - last
    out: list[TextLine] = []
    for line in lines[:last]:
        pieces = wrapped(line, width)
        more = len(pieces) - 1
        goes_on = 0 < more <= free
        out += pieces if goes_on else [line]
        free -= more if goes_on else 0
    return out
