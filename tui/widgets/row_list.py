"""A list of rows with a sticky header and a cursor, painted line by line, so that a move repaints two lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.containers import Vertical
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from tui.widgets.bindings import bind
from tui.words.text import fit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tui.widgets.frame import Tone

TONES: dict[Tone, Style] = {
    "plain": Style.null(),
    "good": Style.parse("green"),
    "warning": Style.parse("yellow"),
    "bad": Style.parse("bold red"),
    "quiet": Style.parse("dim"),
}
CURSOR = Style.parse("reverse")
HEADER = Style.parse("bold underline")
GAP = 2
MOST_GROWN = 40
"""Cells that a column grows to before another one is cut."""
WHEEL_LINES = 3


class Column(NamedTuple):
    """A column of at least `width` cells; one that `grows` takes spare room, the highest `drops` is left out first."""

    title: str
    width: int
    grows: bool = False
    drops: int = 0


class Cell(NamedTuple):
    """A safe text and its tone; colour never carries the meaning alone. Its first `signs` have tones of their own."""

    text: str
    tone: Tone = "plain"
    signs: tuple[Tone, ...] = ()


class Row(NamedTuple):
    """A row of cells, one per column, with the key that identifies it to the screen."""

    key: str
    cells: tuple[Cell, ...]

    @property
    def text(self) -> str:
        """The texts of its cells with tabs between them."""
        return "\t".join(cell.text.strip() for cell in self.cells)


def layout_columns(columns: Sequence[Column], width: int, longest: Sequence[int] = ()) -> list[tuple[int, int]]:
    """Return (index, cells) of the columns that fit `width`, in order.

    What is left goes to the column that grows. Where the `longest` texts are known, no column is wider than its own
    while another is cut: spare room goes to the cut ones, evenly, up to MOST_GROWN each and then beyond; the rest stays
    empty at the right. Columns of `drops` 2 and more are there only where no text of up to MOST_GROWN is cut for them.
    Where not even those without `drops` fit, the widest ones have less than their width.
    """
    natural = natural_widths(columns, longest) if longest else [column.width for column in columns]
    least = [min(column.width, cells) for column, cells in zip(columns, natural, strict=True)]
    shown = _without_those_that_drop(columns, least, width, 1)
    if not longest:
        spare = max(0, width - _needed(least, shown))
        return [(i, least[i] + (spare if columns[i].grows else 0)) for i in shown]
    whole = [max(at_least, min(MOST_GROWN, cells)) for at_least, cells in zip(least, natural, strict=True)]
    uncut = _without_those_that_drop(columns, whole, width, 2)
    shown = [i for i in shown if i in uncut]
    widths = {i: least[i] for i in shown}
    while _needed(widths, shown) > width and max(widths.values()) > 1:
        widths[max(widths, key=lambda i: widths[i])] -= 1
    spare = max(0, width - _needed(widths, shown))
    usual = [column.width for column in columns]
    for most in ([min(MOST_GROWN, cells) for cells in natural], natural, usual):
        while spare and (cut := [i for i in shown if widths[i] < most[i]]):
            share = max(1, spare // len(cut))
            for i in cut:
                grown = min(share, most[i] - widths[i], spare)
                widths[i], spare = widths[i] + grown, spare - grown
    return list(widths.items())


def natural_widths(columns: Sequence[Column], longest: Sequence[int]) -> list[int]:
    """Return the cells with which nothing of a column is cut, its title included."""
    return [max(cell_len(column.title), cells) for column, cells in zip(columns, longest, strict=True)]


def width_wanted(columns: Sequence[Column], longest: Sequence[int], *, whole: bool = False) -> int:
    """Return the cells with which nothing is cut or narrower than usual in the columns that a list always has.

    `whole` counts those too that it can do without.
    """
    wanted = [max(column.width, cells) for column, cells in zip(columns, natural_widths(columns, longest), strict=True)]
    return _needed(wanted, [i for i, column in enumerate(columns) if whole or column.drops < 2])


def _needed(widths: Sequence[int] | Mapping[int, int], shown: Sequence[int]) -> int:
    return sum(widths[i] for i in shown) + GAP * max(0, len(shown) - 1)


def _without_those_that_drop(columns: Sequence[Column], widths: Sequence[int], room: int, fewest: int) -> list[int]:
    """Return the columns of these widths that fit, after leaving out as many of `drops` `fewest` and more as needed."""
    shown = list(range(len(columns)))
    while _needed(widths, shown) > room and any(columns[i].drops >= fewest for i in shown):
        shown.remove(max(shown, key=lambda i: columns[i].drops))
    return shown


def toned(text: str, tone: Tone, signs: Sequence[Tone], style: Style = TONES["plain"]) -> list[Segment]:
    """Return a text in the style of its tone, its first signs, of one cell each, in their own; `style` adds to each."""
    pieces = [Segment(sign, TONES[own] + style) for sign, own in zip(text, signs, strict=False)]
    return [*pieces, Segment(text[len(pieces) :], TONES[tone] + style)]


def row_strip(layout: Sequence[tuple[int, int]], cells: Sequence[Cell], style: Style, width: int) -> Strip:
    """Return the cells of a layout as one strip of `width`, every cell in the style of its tone and `style`."""
    segments: list[Segment] = []
    for index, cell_width in layout:
        if segments:
            segments.append(Segment(" " * GAP, style))
        cell = cells[index]
        text = fit(cell.text, cell_width)
        if style is CURSOR:
            segments.append(Segment(text, style))
        else:
            segments += toned(text, cell.tone, cell.signs, style)
    return Strip(segments).adjust_cell_length(width, style).simplify()


class EndWanted(Message):
    """The first (-1) or the last (1) row that there is, held or not, is wanted."""

    def __init__(self, direction: int) -> None:
        super().__init__()
        self.direction = direction


class Columned(Widget):
    """The body of a list, whose rows have columns."""

    columns: tuple[Column, ...]
    longest: tuple[int, ...] = ()
    """Cells of the longest text of each column, where all rows are known."""

    def column_widths(self, width: int) -> list[tuple[int, int]]:
        """Return (index, cells) of the columns that are drawn in `width`."""
        return layout_columns(self.columns, width, self.longest)


class RowHeader(Widget):
    """The titles of the columns."""

    DEFAULT_CSS = "RowHeader { height: 1; }"

    def __init__(self, body: Columned) -> None:
        super().__init__()
        self._body = body

    def render_line(self, y: int) -> Strip:
        cells = [Cell(column.title) for column in self._body.columns]
        # As wide as the rows, which leave room for their scrollbar.
        width = self._body.scrollable_content_region.width or self.size.width
        return row_strip(self._body.column_widths(width), cells, HEADER, width).adjust_cell_length(
            self.size.width, HEADER
        )


class RowBody(Columned, ScrollView, can_focus=True):
    """The rows with their cursor."""

    # Not Textual's DataTable, which repaints itself as a whole when one cell changes: 14.5 KB on the wire at 80x24.
    DEFAULT_CSS = "RowBody { height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("up,k", "move(-1)", "Up", id="list.up"),
        bind("down,j", "move(1)", "Down", id="list.down"),
        bind("pageup", "page(-1)", "Page up", id="list.page_up"),
        bind("pagedown", "page(1)", "Page down", id="list.page_down"),
        bind("home,g", "end(-1)", "First row", id="list.first"),
        bind("end,G", "end(1)", "Last row", id="list.last"),
        bind("enter", "open", "Open", id="list.open"),
    ]

    cursor: reactive[int] = reactive(0, repaint=False)

    class Opened(Message):
        """Enter was pressed on a row."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    class Moved(Message):
        """The cursor stands on another row."""

    def __init__(self, columns: Sequence[Column], *, moved_from_elsewhere: bool = False) -> None:
        super().__init__()
        self.columns = tuple(columns)
        self.rows: tuple[Row, ...] = ()
        self._moved_from_elsewhere = moved_from_elsewhere

    def show(self, rows: Sequence[Row]) -> None:
        """Replace the rows; the cursor stays on the row with the same key, else at the same place."""
        key, before = self.current_key, self.rows
        self.rows = tuple(rows)
        keys = [row.key for row in self.rows]
        is_laid_out_anew = self._measure()
        self.cursor = keys.index(key) if key in keys else max(0, min(self.cursor, len(keys) - 1))
        # While a message stands in its place it has no lines, and paints the old ones when it is back.
        if len(before) != len(self.rows) or not self.size.height or is_laid_out_anew:
            self.virtual_size = Size(self.size.width, self.lines_of(len(self.rows)).start)
            self.refresh()
            return
        for index, (old, new) in enumerate(zip(before, self.rows, strict=True)):
            if old != new:
                self._repaint(index)

    def _measure(self) -> bool:
        """Find the longest texts; return whether what stays the same has another place or width now."""
        width = self.scrollable_content_region.width
        before, laid_out = self.longest, self.column_widths(width)
        texts = zip(*([cell_len(cell.text) for cell in row.cells] for row in self.rows), strict=True)
        self.longest = tuple(map(max, texts)) or tuple(0 for _ in self.columns)
        if self.longest != before and self.parent is not None:
            self.parent.query_one(RowHeader).refresh()
        return self.column_widths(width) != laid_out

    def lines_of(self, index: int) -> range:
        """Return the lines of a row, counted from the first row's; of the place behind the last one where they end."""
        return range(index, index + 1)

    def line(self, number: int) -> tuple[int, tuple[Cell, ...]] | None:
        """Return the row of a line, and what is drawn of it there; None behind the last row."""
        return (number, self.rows[number].cells) if number < len(self.rows) else None

    @property
    def current_key(self) -> str | None:
        """The key of the row under the cursor, None where there are no rows."""
        return self.rows[self.cursor].key if self.cursor < len(self.rows) else None

    @property
    def _shows_cursor(self) -> bool:
        return self.has_focus or self._moved_from_elsewhere

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        line = self.line(y + int(self.scroll_offset.y))
        if line is None:
            return Strip.blank(width, TONES["plain"])
        index, cells = line
        style = CURSOR if index == self.cursor and self._shows_cursor else Style.null()
        return row_strip(self.column_widths(width), cells, style, width)

    def watch_cursor(self, before: int, after: int) -> None:
        for index in (before, after):
            self._repaint(index)
        self._scroll_to_cursor()
        self.post_message(self.Moved())

    def watch_has_focus(self, has_focus: bool) -> None:
        # The cursor is shown only where keys arrive.
        self._repaint(self.cursor)

    def action_move(self, by: int) -> None:
        if self.rows:
            self.cursor = max(0, min(len(self.rows) - 1, self.cursor + by))

    def action_page(self, by: int) -> None:
        lines = by * max(1, self.scrollable_content_region.height - 1)
        line = self.line(max(0, self.lines_of(self.cursor).start + lines))
        to = line[0] if line else len(self.rows) - 1
        self.action_move(to - self.cursor or by)

    def action_end(self, direction: int) -> None:
        self.action_move(direction * len(self.rows))

    def action_open(self) -> None:
        if self.current_key is not None:
            self.post_message(self.Opened(self.current_key))

    def focus_on_click(self) -> bool:
        return not self._moved_from_elsewhere

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the row that was clicked; a double click opens it."""
        line = self.line(event.y + int(self.scroll_offset.y))
        if line is not None:
            self.cursor = line[0]
            if event.chain == 2:
                self.action_open()

    def on_resize(self) -> None:
        self._scroll_to_cursor()

    def _scroll_to_cursor(self) -> None:
        lines = self.lines_of(self.cursor)
        self.scroll_to_region(Region(0, lines.start, 1, len(lines)), animate=False, force=True)

    def _repaint(self, index: int) -> None:
        lines, top = self.lines_of(index), int(self.scroll_offset.y)
        first, behind = max(0, lines.start - top), min(self.size.height, lines.stop - top)
        if first < behind:
            self.refresh(Region(0, first, self.size.width, behind - first))


class ColumnList(Vertical):
    """Header and body together."""

    DEFAULT_CSS = "ColumnList { height: 1fr; }"

    def __init__(self, body: Columned, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._body = body

    def compose(self) -> ComposeResult:
        yield RowHeader(self._body)
        yield self._body

    def use_columns(self, columns: Sequence[Column]) -> None:
        """Replace the columns; rows with cells for them have to follow."""
        if self._body.columns != tuple(columns):
            self._body.columns = tuple(columns)
            self.query_one(RowHeader).refresh()
            self._body.refresh()


class RowList(ColumnList):
    """A list of all its rows; the cursor shows while it has the focus, and always where another widget moves it."""

    def __init__(self, columns: Sequence[Column], *, moved_from_elsewhere: bool = False, id: str | None = None) -> None:
        self.body = RowBody(columns, moved_from_elsewhere=moved_from_elsewhere)
        super().__init__(self.body, id=id)
