"""A list that wraps: every word is there at any width, each line has the key of its row."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from tests.generate.key_tables import PLACES, _bindings
from tui.screens.choosers.help import KeysScreen
from tui.screens.choosers.key_table import keys_by_binding
from tui.screens.permissions.leaver import COLUMNS as REPORT
from tui.screens.permissions.leaver_review import COLUMNS as LEAVING
from tui.screens.permissions.review import COLUMNS as REVIEW
from tui.widgets.row_list import Cell, Row, layout_columns
from tui.widgets.wrapped_list import wrapped_rows

LONG = "view, send and configure, until 2026-12-31 23:59 UTC, 1,000 a day, 20,000 a month"
NAME = "  Venkatanarasimharajuvaripeta Chandrasekharan 北京市朝阳区 of Dispatch"
HELP = [
    Row(f"{place} {keys}", (Cell(keys), Cell(binding.description), Cell(binding.tooltip)))
    for place, bindings in PLACES
    for keys, _, binding in keys_by_binding(_bindings(bindings))
]


@pytest.mark.parametrize("width", [79, 80, 100, 140])
@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        (KeysScreen.columns, HELP),
        (REVIEW, [Row("a", (Cell(NAME), Cell("Exotel WhatsApp"), Cell("VS- → V--"), Cell(LONG)))]),
        (LEAVING, [Row("a", (Cell(NAME), Cell(LONG), Cell("in the pool")))]),
        (REPORT, [Row("a", (Cell(NAME), Cell(LONG + LONG)))]),
    ],
    ids=["help", "review", "review of a leaver", "leaver report"],
)
def test_no_word_of_a_row_is_cut(columns, rows, width: int) -> None:  # type: ignore[no-untyped-def]
    lines = wrapped_rows(rows, columns, width)
    longest = [max(cell_len(line.cells[index].text) for line in lines) for index in range(len(columns))]
    rooms = dict(layout_columns(columns, width, longest))
    assert len(rooms) == len(columns)
    for row in rows:
        own = [line for line in lines if line.key == row.key]
        assert own
        for index, cell in enumerate(row.cells):
            assert all(cell_len(line.cells[index].text) <= rooms[index] for line in own)
            words = "".join("".join(line.cells[index].text.split()) for line in own)
            assert words == "".join(cell.text.split())


def test_rows_stay_as_they_are_before_there_is_a_width() -> None:
    assert wrapped_rows(HELP, KeysScreen.columns, 0) == HELP
    assert wrapped_rows([], REVIEW, 80) == []
