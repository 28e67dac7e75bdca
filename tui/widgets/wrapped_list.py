"""A list whose texts go on below where they are longer than their column, so that no word of them is cut."""

from __future__ import annotations

from itertools import accumulate, zip_longest
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content

from tui.widgets.row_list import Cell, ColumnList, RowBody

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.widgets.row_list import Column, Row

SCROLLBAR = 1


class WrappedBody(RowBody):
    """The rows, each as many lines as it needs; none of its columns may drop, so that nothing is hidden."""

    def __init__(self, columns: Sequence[Column], *, moved_from_elsewhere: bool = False) -> None:
        super().__init__(columns, moved_from_elsewhere=moved_from_elsewhere)
        self._lines: list[tuple[int, tuple[Cell, ...]]] = []
        self._starts = [0]

    def column_widths(self, width: int) -> list[tuple[int, int]]:
        """Return the columns at the width for which the texts are wrapped, with a scrollbar or without."""
        return super().column_widths(max(0, self.outer_size.width - SCROLLBAR))

    def _measure(self) -> bool:
        is_laid_out_anew, before = super()._measure(), self._starts
        rooms = dict(self.column_widths(0))
        wrapped = [wrapped_cells(row, rooms) for row in self.rows]
        self._lines = [(index, cells) for index, lines in enumerate(wrapped) for cells in lines]
        self._starts = list(accumulate(map(len, wrapped), initial=0))
        return is_laid_out_anew or self._starts != before

    def lines_of(self, index: int) -> range:
        """Return the lines of a row; of the place behind the last one where they end."""
        start, *end = self._starts[index : index + 2] or self._starts[-1:]
        return range(start, *(end or [start]))

    def line(self, number: int) -> tuple[int, tuple[Cell, ...]] | None:
        """Return the row of a line, and what is drawn of it there; None behind the last row."""
        return self._lines[number] if number < len(self._lines) else None

    def action_move(self, by: int) -> None:
        """Move by rows, and first through one that is higher than the list."""
        lines, top, height = self.lines_of(self.cursor), int(self.scroll_offset.y), self.size.height
        hidden = lines.stop - top - height if by > 0 else top - lines.start
        if abs(by) == 1 and hidden > 0 and len(lines) > height:
            self.scroll_to(y=top + by * min(hidden, height), animate=False, force=True, immediate=True)
        else:
            super().action_move(by)

    def on_resize(self) -> None:
        """Wrap again at another width; RowBody keeps the cursor in sight."""
        self.show(self.rows)


class WrappedList(ColumnList):
    """A list of all its rows, as RowList is."""

    def __init__(self, columns: Sequence[Column], *, moved_from_elsewhere: bool = False) -> None:
        super().__init__(WrappedBody(columns, moved_from_elsewhere=moved_from_elsewhere))


def wrapped_cells(row: Row, rooms: dict[int, int]) -> list[tuple[Cell, ...]]:
    """Return the lines of a row in columns of so many cells each."""
    texts = [_pieces(cell.text, rooms.get(index, 0)) for index, cell in enumerate(row.cells)]
    return [
        tuple(Cell(text, cell.tone) for text, cell in zip(line, row.cells, strict=True))
        for line in zip_longest(*texts, fillvalue="")
    ]


def _pieces(text: str, room: int) -> list[str]:
    if room <= 0 or cell_len(text) <= room:
        return [text]
    indent = " " * min(len(text) - len(text.lstrip()), room // 2)
    return [f"{indent}{str(piece).strip()}" for piece in Content(text.strip()).wrap(room - len(indent))]
