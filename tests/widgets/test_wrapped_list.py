"""A list that wraps: every word is there at any width, each line has the key of its row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rich.segment import Segment
from textual.app import App
from textual.strip import Strip

from tests.generate.key_tables import PLACES, _bindings
from tests.support.terminal.settled_pilot import SettledPilot
from tui.screens.choosers.help import KeysScreen
from tui.screens.choosers.key_table import keys_by_binding
from tui.screens.numbers.view import SYNC_COLUMNS
from tui.screens.permissions.leaver import COLUMNS as REPORT
from tui.screens.permissions.leaver_review import COLUMNS as LEAVING
from tui.screens.permissions.review import COLUMNS as REVIEW
from tui.widgets.row_list import GAP, Cell, Column, Row, RowBody
from tui.widgets.wrapped_list import WrappedList

if TYPE_CHECKING:
    from textual.app import ComposeResult

LONG = "view, send and configure, until 2026-12-31 23:59 UTC, 1,000 a day, 20,000 a month"
NAME = "  Venkatanarasimharajuvaripeta Chandrasekharan 北京市朝阳区 of Dispatch"
WIDTHS = (60, 66, 72, 79, 80, 100, 140)
HELP = [
    Row(f"{place} {keys}", (Cell(keys), Cell(binding.description), Cell(binding.tooltip)))
    for place, bindings in PLACES
    for keys, _, binding in keys_by_binding(_bindings(bindings))
]


class ListApp(App[None]):
    """Nothing but a list that wraps."""

    def __init__(self, columns: tuple[Column, ...], rows: list[Row]) -> None:
        super().__init__()
        self.list = WrappedList(columns)
        self._rows = rows

    def compose(self) -> ComposeResult:
        yield self.list

    def on_mount(self) -> None:
        self.body.focus()
        self.body.show(self._rows)

    @property
    def body(self) -> RowBody:
        return self.list.query_one(RowBody)

    def drawn(self, *, reversed_only: bool = False) -> list[str]:
        """The lines of the body on the screen, or those of them that are reversed."""
        strips = [self.body.render_line(y) for y in range(self.body.size.height)]
        chosen = [strip for strip in strips if not reversed_only or all(s.style and s.style.reverse for s in strip)]
        return [strip.text for strip in chosen]


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        (KeysScreen.columns, HELP),
        (REVIEW, [Row("a", (Cell(NAME), Cell("Exotel WhatsApp"), Cell("VS- → V--"), Cell(LONG)))]),
        (LEAVING, [Row("a", (Cell(NAME), Cell(LONG), Cell("in the pool")))]),
        (REPORT, [Row("a", (Cell(NAME), Cell(LONG + LONG)))]),
        (SYNC_COLUMNS, [Row("a", (Cell("changed"), Cell("+919876543210"), Cell(NAME), Cell(LONG)))]),
    ],
    ids=["help", "review", "review of a leaver", "leaver report", "sync"],
)
async def test_no_word_of_a_row_is_cut(columns, rows) -> None:  # type: ignore[no-untyped-def]
    # All lines of the rows are on the screen.
    app, height = ListApp(columns, rows), min(20 * len(rows), 400)
    async with app.run_test(size=(WIDTHS[0], height)):
        pilot = SettledPilot(app)
        for width in WIDTHS:
            await pilot.resize_terminal(width, height)
            drawn, layout = app.drawn(), app.body.column_widths(width)
            assert [index for index, _ in layout] == list(range(len(columns)))
            left = 0
            for index, cells in layout:
                words = "".join("".join(_cells(line, left, cells).split()) for line in drawn)
                assert words == "".join("".join(row.cells[index].text.split()) for row in rows), width
                left += cells + GAP


def _cells(line: str, left: int, count: int) -> str:
    """What stands in some cells of a line, a wide character being two."""
    return Strip([Segment(line)]).crop(left, left + count).text


async def test_the_cursor_moves_by_rows_and_reverses_all_lines_of_its_row() -> None:
    long = " ".join(f"word{n}" for n in range(40))
    rows = [Row(key, (Cell(key), Cell(text))) for key, text in (("a", "short"), ("b", LONG), ("c", long), ("d", "end"))]
    app = ListApp((Column("What", 6), Column("Detail", 20, grows=True)), rows)
    async with app.run_test(size=(60, 6)) as pilot:
        await pilot.pause()
        assert app.drawn(reversed_only=True) == app.drawn()[:1]
        await pilot.press("j")
        assert app.body.current_key == "b"
        words = " ".join(line[6:].strip() for line in app.drawn(reversed_only=True))
        assert words == LONG
        seen: list[str] = []
        for _ in range(3):
            await pilot.press("j")
            seen += app.drawn()
        # Of a row that is higher than the list, no line is passed over.
        assert set(long.split()) <= set(" ".join(seen).split())
        assert app.drawn(reversed_only=True) == app.drawn()[-1:]
        await pilot.press("k", "k", "k", "k", "k")
        assert app.body.current_key == "a"
        await pilot.click(app.list, offset=(3, 3))
        assert app.body.current_key == "b"
