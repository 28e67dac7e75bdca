"""A grid of any height with a sticky heading and a sticky first column, painted cell by cell."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

from rich.segment import Segment
from rich.style import Style
from textual.containers import Horizontal
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.widgets.bindings import bind
from tui.widgets.grid_cells import GAP, GridCell, Widths, cell_segment, grid_width_wanted, share_width
from tui.widgets.row_list import TONES, WHEEL_LINES, EndWanted, RowBody
from tui.words.text import fit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tui.widgets.grid_cells import GridColumn, GridRow

HEADING_LINES = 2
HEADING = Style.parse("bold")
HEADING_BOTTOM = Style.parse("bold underline")
CURSOR = Style.parse("reverse")
CURSOR_LABEL = Style.parse("bold")
PLACEHOLDER = GridCell("···", tone="quiet")
Span = Literal["cell", "range", "rows", "columns"]


class GridSource(Protocol):
    """The source of a grid's rows, which are numbered without gaps from any number on."""

    def row(self, index: int) -> GridRow | None:
        """Return a row, None where it is not loaded yet."""

    def corner(self, index: int) -> tuple[str, str]:
        """Return the corner's two lines while the cursor is on a row: its position, and what the rows are."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The selected cells, ends included; `rows` is None where every row of the list is selected."""

    span: Span
    rows: tuple[int, int] | None
    columns: tuple[int, int]

    def columns_of(self, row: int) -> tuple[int, int] | None:
        """Return the first and last selected column of a row, None where none is."""
        if self.rows is None or self.rows[0] <= row <= self.rows[1]:
            return self.columns
        return None


class GridPart(Widget):
    """One visible column of a grid.

    A widget of its own, because Textual sends a widget's line from its left end: a cell must not send its neighbours.
    """

    DEFAULT_CSS = "GridPart { height: 1fr; }"

    def __init__(self, line: Callable[[int], list[Segment]]) -> None:
        super().__init__()
        self._line = line

    def render_line(self, y: int) -> Strip:
        return Strip(self._line(y)).adjust_cell_length(self.size.width).simplify()


class Grid(Horizontal, can_focus=True):
    """Draws the rows of a source that fit, moves a cursor over them, and keeps what is selected."""

    # Textual's DataTable takes 1 to 1.5 s for 10,000 rows, and repaints all it shows for one cell; here one that is
    # toggled costs at most 300 bytes on the wire.
    DEFAULT_CSS = "Grid { height: 1fr; width: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        *RowBody.BINDINGS[:2],
        bind("left,h", "move_across(-1)", "Left", id="list.left"),
        bind("right,l", "move_across(1)", "Right", id="list.right"),
        *RowBody.BINDINGS[2:],
        bind("V", "select('range')", "Range", id="grid.range", tooltip="Begin a range; moves extend it"),
        bind("minus", "select('rows')", "Whole row", id="grid.rows", tooltip="Select the whole row; moves add rows"),
        bind(
            "vertical_line",
            "select('columns')",
            "Whole column",
            id="grid.columns",
            tooltip="Select the column for everybody listed, also those not on the screen",
        ),
    ]

    class Moved(Message):
        """The cursor, the selection or the part that is seen has changed."""

    class Opened(Message):
        """Enter was pressed on a cell."""

    def __init__(self, source: GridSource, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._source = source
        self.columns: tuple[GridColumn, ...] = ()
        self.lowest, self.highest = 0, -1
        self.row = self.column = self.top = self.left = self._longest_label = self._longest_cell = 0
        self._span: Span = "cell"
        self._anchor = (0, 0)
        self._is_selection_used = False
        self._labels = GridPart(self._label_line)
        self._parts: list[GridPart] = []
        # Every column paints the same rows, so each is asked of the source once and kept until something is repainted.
        self._row_cache: dict[int, GridRow | None] = {}

    def compose(self) -> ComposeResult:
        yield self._labels

    @property
    def height_of_rows(self) -> int:
        """How many rows fit below the heading."""
        return max(1, self.size.height - HEADING_LINES)

    @property
    def widths(self) -> Widths:
        """How the width is shared."""
        return share_width(self.size.width, len(self.columns), self._longest_label)

    @property
    def width_wanted(self) -> int:
        """The width with which nothing in it is cut."""
        headings = [len(text) + 1 for column in self.columns for text in (column.top, column.bottom)]
        return grid_width_wanted(len(self.columns), self._longest_label, max([self._longest_cell, *headings]))

    @property
    def selection(self) -> Selection:
        """The selected cells; the one under the cursor where nothing else is selected."""
        rows = (min(self._anchor[0], self.row), max(self._anchor[0], self.row))
        columns = (min(self._anchor[1], self.column), max(self._anchor[1], self.column))
        if self._span == "cell":
            return Selection("cell", (self.row, self.row), (self.column, self.column))
        if self._span == "rows":
            return Selection("rows", rows, (0, max(0, len(self.columns) - 1)))
        return Selection(self._span, None if self._span == "columns" else rows, columns)

    def set_columns(self, columns: Sequence[GridColumn]) -> None:
        """Show other columns."""
        if self.columns != tuple(columns):
            self.columns = tuple(columns)
            self._span, self._is_selection_used = "cell", False
            self.column = max(0, min(self.column, len(self.columns) - 1))
            self._show_cursor()
            self.repaint()

    def make_room_for(self, longest_label: int, longest_cell: int) -> None:
        """Let the labels have room for one of so many cells, and want so many for each column."""
        self._longest_cell = max(self._longest_cell, longest_cell)
        if longest_label > self._longest_label:
            before, self._longest_label = self.widths, longest_label
            if self.widths != before:
                self._show_cursor()
                self.repaint()

    def set_bounds(self, lowest: int, highest: int) -> None:
        """Set the numbers of the first and the last row; `highest` below `lowest` means that there is none."""
        before, seen = (self.lowest, self.highest), range(self.top, self.top + self.height_of_rows)
        self.lowest, self.highest = lowest, highest
        if not lowest <= self.row <= highest:
            self.move_to(self.row, self.column)
        self._show_cursor()
        changed = {row for old, new in zip(before, (lowest, highest), strict=True) if old != new for row in (old, new)}
        if changed:
            self.refresh_rows(range(max(seen.start, min(changed)), min(seen.stop, max(changed) + 1)))
            self._refresh_corner()

    def place(self, row: int, top: int) -> None:
        """Put the cursor on a row and another row at the top, and paint what has changed."""
        if (row, top) == (self.row, self.top) and self._row_cache:
            # Read again where it is: a selection stays, and of what is the same nothing is sent.
            before, self._row_cache = self._row_cache, {}
            self.refresh_rows([index for index, painted in before.items() if self._row_at(index) != painted])
            return
        self.row, self.top = row, top
        self._span = "cell"
        self._show_cursor()
        self.repaint()

    def move_to(self, row: int, column: int) -> None:
        """Put the cursor on a cell, or on the nearest one that exists."""
        before, at = self.selection, (self.row, self.column)
        if self._is_selection_used:
            self._span, self._is_selection_used = "cell", False
        self.row = max(self.lowest, min(self.highest, row))
        self.column = max(0, min(len(self.columns) - 1, column))
        if (self.row, self.column) == at and before == self.selection:
            return
        if self._show_cursor():
            self.repaint()
        else:
            self._repaint_difference(before, at)
        self.post_message(self.Moved())

    def unselect(self) -> bool:
        """End the selection; return False where only the cell under the cursor was selected."""
        before = self.selection
        self._span, self._is_selection_used = "cell", False
        self._repaint_difference(before, (self.row, self.column))
        if before.span != "cell":
            self.post_message(self.Moved())
        return before.span != "cell"

    def use_selection(self) -> None:
        """Note that an action used the selection: further actions may follow, and the next move ends it."""
        self._is_selection_used = self._span != "cell"

    def refresh_cells(self, cells: Iterable[tuple[int, int]]) -> None:
        """Paint some cells again, given as row and column."""
        self._row_cache.clear()
        for row, column in cells:
            self._refresh_span(row, column, column)

    def refresh_rows(self, rows: Iterable[int]) -> None:
        """Paint whole rows again."""
        self._row_cache.clear()
        for row in rows:
            for part in (self._labels, *self._parts):
                self._refresh_line(part, row)

    def refresh_missing(self) -> bool:
        """Paint the rows again that were not loaded when they were painted; return whether there are any."""
        missing = [index for index, row in self._row_cache.items() if row is None]
        self.refresh_rows(missing)
        return bool(missing)

    def repaint(self) -> None:
        """Share the width anew, and paint everything again."""
        self._row_cache.clear()
        widths = self.widths
        new = [GridPart(partial(self._cell_line, place)) for place in range(len(self._parts), widths.seen)]
        if new:
            self._parts += new
            self.mount(*new)
        self._labels.styles.width = widths.label
        for place, part in enumerate(self._parts):
            part.styles.width = widths.column
            part.display = place < min(widths.seen, len(self.columns))
        for part in (self._labels, *self._parts):
            part.refresh()

    def _row_at(self, index: int) -> GridRow | None:
        if index not in self._row_cache:
            self._row_cache[index] = self._source.row(index)
        return self._row_cache[index]

    def _label_line(self, y: int) -> list[Segment]:
        width = self.widths.label
        if y == 0:
            return [Segment(fit(self._source.corner(self.row)[0], width), TONES["quiet"])]
        if y == 1:
            return [Segment(f"{self._corner_bottom(width - GAP)} ", HEADING_BOTTOM)]
        index = self.top + y - HEADING_LINES
        if not self.lowest <= index <= self.highest:
            return []
        row, style = self._row_at(index), CURSOR_LABEL if index == self.row else Style.null()
        label, tone = ("  …", TONES["quiet"]) if row is None else (f"{row.sign or ' '} {row.label}", TONES[row.tone])
        return [Segment(fit(label, width - GAP), tone + style)]

    def _cell_line(self, place: int, y: int) -> list[Segment]:
        column, width = self.left + place, self.widths.column - GAP
        if column >= len(self.columns):
            return []
        if y < HEADING_LINES:
            heading = self.columns[column]
            style = (HEADING if y == 0 else HEADING_BOTTOM) + TONES[heading.tone]
            # A heading stands over the letters, behind the place for the mark.
            return [Segment(f"{fit(f' {heading.top if y == 0 else heading.bottom}', width)} ", style)]
        index = self.top + y - HEADING_LINES
        if not self.lowest <= index <= self.highest:
            return []
        row, selected = self._row_at(index), self.selection.columns_of(index)
        over = selected is not None and selected[0] <= column <= selected[1]
        style = CURSOR if over and (self.has_focus or self._span != "cell") else Style.null()
        return [cell_segment(PLACEHOLDER if row is None else row.cells[column], width, style)]

    def _corner_bottom(self, width: int) -> str:
        rows, seen, count = self._source.corner(self.row)[1], self.widths.seen, len(self.columns)
        if seen >= count:
            return fit(rows, width)
        last = self.left + seen
        where = f"{'<' if self.left else ' '}{self.left + 1}-{last} of {count}{'>' if last < count else ' '}"
        return f"{fit(rows, width - len(where))}{where}"

    def _show_cursor(self) -> bool:
        """Scroll the cursor into view; return whether that moved anything."""
        before, seen = (self.top, self.left), self.widths.seen
        height = self.height_of_rows
        # While a message stands in its place it has no height, and every row would be the last.
        if self.size.height:
            self.top = min(max(self.top, self.row - height + 1), self.row)
            self.top = max(self.lowest, min(self.top, self.highest - height + 1))
            self.left = min(max(self.left, self.column - seen + 1), self.column)
            self.left = max(0, min(self.left, len(self.columns) - seen))
        if before != (self.top, self.left):
            self.repaint()
        return before != (self.top, self.left)

    def _repaint_difference(self, before: Selection, at: tuple[int, int]) -> None:
        after = self.selection
        for row in range(self.top, self.top + self.height_of_rows):
            old, new = before.columns_of(row), after.columns_of(row)
            if old != new:
                ends = [*(old or ()), *(new or ())]
                self._refresh_span(row, min(ends), max(ends))
        if at[0] != self.row:
            for row in (at[0], self.row):
                self._refresh_line(self._labels, row)
            self._refresh_corner()

    def _refresh_corner(self) -> None:
        self._labels.refresh(Region(0, 0, self.widths.label, 1))

    def _refresh_line(self, part: GridPart, row: int) -> None:
        part.refresh(Region(0, HEADING_LINES + row - self.top, part.size.width, 1))

    def _refresh_span(self, row: int, first: int, last: int) -> None:
        if 0 <= row - self.top < self.height_of_rows:
            for part in self._parts[max(0, first - self.left) : max(0, last - self.left + 1)]:
                self._refresh_line(part, row)

    def watch_has_focus(self, has_focus: bool) -> None:
        # The cursor is shown only where keys arrive.
        self.refresh_cells([(self.row, self.column)])

    def on_resize(self) -> None:
        self._show_cursor()
        self.repaint()
        self.post_message(self.Moved())

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the cell that was clicked; a double click opens it."""
        row = self.top + event.y - HEADING_LINES
        if event.y < HEADING_LINES or row > self.highest:
            return
        place = next((place for place, part in enumerate(self._parts) if part is event.widget), None)
        self.move_to(row, self.column if place is None else self.left + place)
        if event.chain == 2:
            self.action_open()

    def on_mouse_scroll_down(self) -> None:
        self.action_move(WHEEL_LINES)

    def on_mouse_scroll_up(self) -> None:
        self.action_move(-WHEEL_LINES)

    def action_move(self, by: int) -> None:
        self.move_to(self.row + by, self.column)

    def action_move_across(self, by: int) -> None:
        self.move_to(self.row, self.column + by)

    def action_page(self, by: int) -> None:
        step = by * max(1, self.height_of_rows - 1)
        before = self.top
        self.top += step
        self.move_to(self.row + step, self.column)
        self._show_cursor()
        if self.top != before:
            self.repaint()

    def action_end(self, direction: int) -> None:
        # The owner moves the cursor: the row may have to be read first.
        self.post_message(EndWanted(direction))

    def action_select(self, span: Span) -> None:
        # The same key again ends the selection.
        if span == self._span:
            self.unselect()
            return
        before = self.selection
        self._span, self._anchor, self._is_selection_used = span, (self.row, self.column), False
        self._repaint_difference(before, (self.row, self.column))
        self.post_message(self.Moved())

    def action_open(self) -> None:
        if self.lowest <= self.row <= self.highest and self.columns:
            self.post_message(self.Opened())
