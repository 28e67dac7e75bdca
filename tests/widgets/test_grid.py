"""The grid as a widget, without a database: widths, cells and bars, moving, scrolling, selecting."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from textual.app import App
from textual.geometry import Size

from tui.widgets.grid import Grid, Selection
from tui.widgets.grid_cells import Bar, GridCell, GridColumn, GridRow, share_width

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from textual.app import ComposeResult
    from textual.pilot import Pilot

    from tui.widgets.row_list import EndWanted

COLUMNS = tuple(GridColumn("Type", f"no {n}") for n in range(1, 9))


class Rows:
    """Rows of which some have not come yet."""

    def __init__(self, missing: range = range(0)) -> None:
        self.missing = missing

    def row(self, index: int) -> GridRow | None:
        if index in self.missing:
            return None
        return GridRow(f"row {index}", tuple(GridCell(f"{index % 100:02}{n}") for n in range(len(COLUMNS))))

    def corner(self, index: int) -> tuple[str, str]:
        return f"at {index}", "Rows"


class GridApp(App[None]):
    """Nothing but a grid."""

    def __init__(self, rows: Rows, count: int) -> None:
        super().__init__()
        self.grid = Grid(rows)
        self._count = count
        self.moves = 0
        self.ends: list[int] = []

    def compose(self) -> ComposeResult:
        yield self.grid

    def on_mount(self) -> None:
        self.grid.focus()
        self.grid.set_columns(COLUMNS)
        self.grid.set_bounds(0, self._count - 1)

    def on_grid_moved(self) -> None:
        self.moves += 1

    def on_end_wanted(self, event: EndWanted) -> None:
        self.ends.append(event.direction)

    @property
    def text(self) -> str:
        return "\n".join(strip.text.rstrip() for strip in self.screen._compositor.render_strips()[: self.size.height])


@asynccontextmanager
async def shown(
    count: int = 1_000, size: tuple[int, int] = (80, 12), rows: Rows | None = None
) -> AsyncIterator[tuple[GridApp, Grid, Pilot[None]]]:
    app = GridApp(rows or Rows(), count)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app, app.grid, pilot


@pytest.mark.parametrize(
    ("width", "columns", "label", "column", "seen"),
    [
        (80, 4, 20, 15, 4),
        (80, 8, 24, 7, 8),
        (60, 8, 25, 7, 5),
        (120, 4, 40, 20, 4),
        (200, 4, 43, 26, 4),
        (80, 1, 43, 26, 1),
        (5, 3, 20, 7, 1),
    ],
)
def test_the_width_is_shared_so_that_as_many_columns_as_possible_are_seen(
    width: int, columns: int, label: int, column: int, seen: int
) -> None:
    shared = share_width(width, columns, longest_label=40)
    assert (shared.label, shared.column, shared.seen) == (label, column, seen)


@pytest.mark.parametrize(
    ("share", "drawn"), [(0, "d□□□□"), (0.001, "d■□□□"), (0.5, "d■■□□"), (0.999, "d■■■□"), (1, "d■■■■"), (7, "d■■■■")]
)
def test_a_bar_is_empty_only_unused_and_full_only_at_the_limit(share: float, drawn: str) -> None:
    assert Bar("d", share).drawn(4) == drawn


@pytest.mark.parametrize(
    ("width", "drawn"),
    [
        (5, "*VS-▲"),
        (8, "*VS-▲"),
        (10, "*VS-▲ m■■□"),
        (14, "*VS-▲ d□□□m■■□"),
        (15, "*VS-▲ d□□□ m■■□"),
        (16, "*VS-▲ 1.8k/2k mo"),
        (20, "*VS-▲ 1,800/2,000 mo"),
        (26, "*VS-▲ 0/50 day  1.8k/2k mo"),
        (30, "*VS-▲ 0/50 day  1,800/2,000 mo"),
    ],
)
def test_limits_are_drawn_where_there_is_room_and_of_two_the_fuller_one_first(width: int, drawn: str) -> None:
    figures = ("1,800/2,000 mo", "1.8k/2k mo")
    cell = GridCell("VS-", "*", "▲", (Bar("d", 0, ("0/50 day",)), Bar("m", 0.9, figures)))
    assert cell.drawn(width) == drawn.ljust(width)


async def test_heading_and_first_column_stand_still_while_the_cursor_moves_on() -> None:
    async with shown() as (app, grid, pilot):
        await pilot.press(*["down"] * 11, *["right"] * 7)
        lines = app.text.splitlines()
        assert lines[0].startswith("at 11")
        assert lines[1].startswith("Rows")
        assert lines[2].startswith("  row 2")
        assert lines[-1].startswith("  row 11")
        assert (grid.row, grid.column, grid.top, grid.left) == (11, 7, 2, 0)


async def test_columns_beyond_the_width_scroll_and_the_corner_says_which_are_seen() -> None:
    async with shown(size=(60, 12)) as (app, _, pilot):
        assert "1-5 of 8>" in app.text
        await pilot.press(*["l"] * 6)
        assert "<3-7 of 8>" in app.text
        assert "no 7" in app.text
        assert "no 2" not in app.text
        await pilot.press(*["h"] * 6)
        assert "1-5 of 8>" in app.text


async def test_the_cursor_stops_at_the_ends_and_the_ends_themselves_are_asked_for() -> None:
    async with shown(count=20) as (app, grid, pilot):
        await pilot.press("up", "left")
        assert (grid.row, grid.column) == (0, 0)
        await pilot.press("pagedown", "pagedown", "pagedown")
        assert (grid.row, grid.top) == (19, 10)
        await pilot.press("pageup")
        assert (grid.row, grid.top) == (10, 1)
        await pilot.press("G", "g")
        assert app.ends == [1, -1]


async def test_a_row_that_has_not_come_yet_is_a_placeholder_until_it_does() -> None:
    rows = Rows(range(5, 8))
    async with shown(rows=rows) as (app, grid, pilot):
        assert app.text.count("···") == 3 * len(COLUMNS)
        rows.missing = range(0)
        assert grid.refresh_missing()
        await pilot.pause()
        assert "···" not in app.text
        assert not grid.refresh_missing()


async def test_selections_grow_with_moves_and_end_with_a_move_after_use() -> None:
    async with shown() as (_, grid, pilot):
        await pilot.press("down", "right", "V", "down", "down", "left")
        assert grid.selection == Selection("range", (1, 3), (0, 1))
        grid.use_selection()
        assert grid.selection.span == "range"
        await pilot.press("down")
        assert grid.selection == Selection("cell", (4, 4), (0, 0))
        await pilot.press("minus", "up")
        assert grid.selection == Selection("rows", (3, 4), (0, 7))
        await pilot.press("minus")
        assert grid.selection.span == "cell"
        await pilot.press("vertical_line", "right")
        assert grid.selection == Selection("columns", None, (0, 1))
        assert grid.selection.columns_of(999) == (0, 1)
        assert grid.unselect()
        assert not grid.unselect()


async def test_fewer_rows_and_columns_keep_the_cursor_among_what_there_is() -> None:
    async with shown() as (app, grid, pilot):
        await pilot.press(*["pagedown"] * 2, *["right"] * 7)
        grid.set_bounds(0, 4)
        grid.set_columns(COLUMNS[:2])
        await pilot.pause()
        assert (grid.row, grid.column, grid.top) == (4, 1, 0)
        assert "row 5" not in app.text
        grid.set_bounds(0, -1)
        await pilot.pause()
        assert "row 0" not in app.text


async def test_rows_may_be_numbered_from_anywhere_and_another_size_keeps_the_cursor_in_view() -> None:
    async with shown() as (app, grid, pilot):
        grid.set_bounds(-2, 997)
        await pilot.press(*["up"] * 3)
        assert grid.row == -2
        await pilot.press(*["down"] * 9)
        await pilot.resize_terminal(80, 6)
        await pilot.pause()
        assert app.text.splitlines()[-1].startswith("  row 7")
        assert app.size == Size(80, 6)


async def test_a_move_that_changes_nothing_tells_nobody() -> None:
    async with shown(count=1) as (app, _, pilot):
        before = app.moves
        await pilot.press("down", "up", "left")
        assert app.moves == before
        await pilot.press("right")
        assert app.moves == before + 1
