"""A list that holds a window of its lines: they come and go at both ends while the visible ones stay in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from tui.widgets.row_list import CURSOR, TONES, WHEEL_LINES, Columned, ColumnList, EndWanted, RowBody, row_strip
from tui.words.text import fit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual import events
    from textual.binding import BindingType

    from tui.widgets.row_list import Column, Row


class WindowBody(Columned, can_focus=True):
    """The loaded lines with a cursor on one of them; each is drawn when it first becomes visible."""

    DEFAULT_CSS = "WindowBody { height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = RowBody.BINDINGS

    class Moved(Message):
        """The cursor stands on another line, or other lines are seen; `by_key` where somebody wanted that."""

        def __init__(self, *, by_key: bool) -> None:
            super().__init__()
            self.by_key = by_key

    class Opened(Message):
        """Enter was pressed on a line."""

    def __init__(self, columns: Sequence[Column]) -> None:
        super().__init__()
        self.columns = tuple(columns)
        self.cursor = self.top = 0
        self._keys: Sequence[str] = ()
        self._row_at: Callable[[int], Row] | None = None
        self._note = ""
        self._drawn: dict[str, Row] = {}
        self._painted: dict[int, tuple[object, bool]] = {}

    @property
    def lines_seen(self) -> int:
        """How many lines fit."""
        return max(1, self.size.height)

    @property
    def current_key(self) -> str | None:
        """The key of the line under the cursor, None where there are none."""
        return self._keys[self.cursor] if self.cursor < len(self._keys) else None

    def show(self, keys: Sequence[str], row_at: Callable[[int], Row], note: str = "") -> None:
        """Show other lines by their keys, and `note` below the last one.

        The top line and the cursor's line stay in place where they are among them.
        """
        key, anchor = self.current_key, self._keys[self.top] if self.top < len(self._keys) else None
        self._keys, self._row_at, self._note = keys, row_at, note
        self._drawn = {}
        places = {row_key: place for place, row_key in enumerate(keys)}
        row = self.cursor - self.top
        self.cursor = places.get(key or "", min(self.cursor, max(0, len(keys) - 1)))
        self.top = places.get(anchor or "", self.cursor - row)
        self._keep_in_view()
        for y in range(self.size.height):
            if self._painted.get(y) != self._state(y):
                self._repaint(y)

    def reset(self) -> None:
        """Start at the first line when lines are shown next; what is painted stays until then."""
        self._keys, self._note, self.cursor, self.top = (), "", 0, 0

    def move_to(self, place: int, *, by_key: bool = True) -> None:
        """Put the cursor on a line, or on the nearest one."""
        before, top = self.cursor, self.top
        self.cursor = max(0, min(len(self._keys) - 1, place))
        self._keep_in_view()
        if self.top != top:
            self.refresh()
        else:
            for changed in {before, self.cursor} if before != self.cursor else ():
                self._repaint(changed - self.top)
        self.post_message(self.Moved(by_key=by_key))

    def stand(self, place: int, at_line: int) -> None:
        """Put the cursor on a line and show it `at_line` lines below the top."""
        self.top, self.cursor = place - at_line, place
        self.refresh()
        self.move_to(place)

    def render_line(self, y: int) -> Strip:
        width, place = self.size.width, self.top + y
        self._painted[y] = self._state(y)
        if place < len(self._keys):
            style = CURSOR if place == self.cursor and self.has_focus else Style.null()
            return row_strip(self.column_widths(width), self._row(place).cells, style, width)
        if place == len(self._keys) and self._note:
            return Strip([Segment(fit(self._note, width), TONES["quiet"])])
        return Strip.blank(width, TONES["plain"])

    def _row(self, place: int) -> Row:
        key = self._keys[place]
        if key not in self._drawn and self._row_at is not None:
            self._drawn[key] = self._row_at(place)
        return self._drawn[key]

    def _state(self, y: int) -> tuple[object, bool]:
        """Return what a line shows, and whether the cursor is on it."""
        place = self.top + y
        if place < len(self._keys):
            return self._row(place), place == self.cursor
        return self._note if place == len(self._keys) else "", False

    def _keep_in_view(self) -> None:
        # While a message stands in its place it has no height, and every line would be the last.
        if self.size.height:
            behind = len(self._keys) + (1 if self._note else 0)
            # With the last line the note behind it is to be seen.
            last = self.cursor + 1 if self.cursor == len(self._keys) - 1 and self.lines_seen > 1 else self.cursor
            self.top = max(min(self.top, self.cursor), min(last, behind - 1) - self.lines_seen + 1)
            self.top = max(0, min(self.top, behind - self.lines_seen))

    def _repaint(self, y: int) -> None:
        if 0 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def watch_has_focus(self, has_focus: bool) -> None:
        # The cursor is shown only where keys arrive.
        self._repaint(self.cursor - self.top)

    def on_resize(self) -> None:
        self._keep_in_view()
        self.refresh()
        self.post_message(self.Moved(by_key=False))

    def action_move(self, by: int) -> None:
        # Moved is posted where there are no lines as well: the owner may go on searching for some.
        self.move_to(self.cursor + by)

    def action_page(self, by: int) -> None:
        step = by * max(1, self.lines_seen - 1) if self._keys else 0
        self.top += step
        self.cursor += step
        self.refresh()
        self.move_to(self.cursor)

    def action_end(self, direction: int) -> None:
        # The owner moves the cursor: the line may have to be read first.
        self.post_message(EndWanted(direction))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the line that was clicked; a double click opens it."""
        if self.top + event.y < len(self._keys):
            self.move_to(self.top + event.y)
            if event.chain == 2:
                self.action_open()

    def on_mouse_scroll_down(self) -> None:
        self.action_move(WHEEL_LINES)

    def on_mouse_scroll_up(self) -> None:
        self.action_move(-WHEEL_LINES)

    def action_open(self) -> None:
        if self.current_key is not None:
            self.post_message(self.Opened())


class WindowList(ColumnList):
    """A list with titles over a window of its lines."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.body = WindowBody(columns)
        super().__init__(self.body)
