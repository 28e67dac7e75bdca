"""A list whose texts go on below where they are longer than their column, so that no word of them is cut."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content

from tui.widgets.row_list import Cell, ColumnList, Row, RowBody, layout_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.widgets.row_list import Column

SCROLLBAR = 1


class WrappedBody(RowBody):
    """The rows, each as many lines as it needs, which all have its key."""

    def __init__(self, columns: Sequence[Column], *, moved_from_elsewhere: bool = False) -> None:
        super().__init__(columns, moved_from_elsewhere=moved_from_elsewhere)
        self._unwrapped: tuple[Row, ...] = ()
        self._wrapped_at = 0

    def show(self, rows: Sequence[Row]) -> None:
        """Replace the rows; the cursor stays on the row with the same key, else at the same place."""
        self._unwrapped = tuple(rows)
        self._wrapped_at = self.outer_size.width
        super().show(wrapped_rows(self._unwrapped, self.columns, self._wrapped_at - SCROLLBAR))

    def on_resize(self) -> None:
        """Wrap again at another width; RowBody keeps the cursor in sight."""
        if self.outer_size.width != self._wrapped_at:
            self.show(self._unwrapped)


class WrappedList(ColumnList):
    """A list of all its rows, as RowList is."""

    def __init__(self, columns: Sequence[Column], *, moved_from_elsewhere: bool = False) -> None:
        super().__init__(WrappedBody(columns, moved_from_elsewhere=moved_from_elsewhere))


def wrapped_rows(rows: Sequence[Row], columns: Sequence[Column], width: int) -> list[Row]:
    """Return the rows as lines that fit `width` cells; as they are where there is no width yet."""
    if width <= 0 or not rows:
        return list(rows)
    longest = [max(cell_len(row.cells[index].text) for row in rows) for index in range(len(columns))]
    rooms = dict(layout_columns(columns, width, longest))
    return [line for row in rows for line in _lines(row, rooms)]


def _lines(row: Row, rooms: dict[int, int]) -> list[Row]:
    """Return the lines of a row; a column that is not shown has no more than it had."""
    texts = [_pieces(cell.text, rooms.get(index, 0)) for index, cell in enumerate(row.cells)]
    lines = zip_longest(*texts, fillvalue="")
    return [
        Row(row.key, tuple(Cell(text, cell.tone) for text, cell in zip(line, row.cells, strict=True))) for line in lines
    ]


def _pieces(text: str, room: int) -> list[str]:
    if not room or cell_len(text) <= room:
        return [text]
    indent = " " * min(len(text) - len(text.lstrip()), room // 2)
    return [f"{indent}{str(piece).strip()}" for piece in Content(text.strip()).wrap(room - len(indent))]
