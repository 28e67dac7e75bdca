"""The mouse, for whoever asked for it: it moves cursors, opens on a double click, and answers no question."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from tests.support.database.log_rows import log_row
from tests.support.database.number_rows import create_people
from tests.support.terminal.console_driver import ConsoleDriver, add, new_app, run_headless, settings_of
from tests.support.terminal.forked_terminal import ForkedTerminal
from tui.screens.audit.row import AuditRowScreen
from tui.screens.integrations.editor import CredentialEditor
from tui.widgets.grid import HEADING_LINES, Grid
from tui.widgets.row_list import WHEEL_LINES, RowBody
from tui.widgets.window_list import WindowBody

if TYPE_CHECKING:
    from pathlib import Path

    from textual.widget import Widget

ON, OFF = b"\x1b[?1000h\x1b[?1006h", b"\x1b[?1000l"


async def click(console: ConsoleDriver, widget: Widget, row: int, *, times: int = 1) -> None:
    await console.pilot.click(widget, offset=(30, row), times=times)
    await console.pilot.pause()


async def test_a_click_moves_the_cursor_a_double_click_opens_and_no_click_reaches_what_a_question_covers(
    keyed_database: str,
) -> None:
    create_people(keyed_database)
    await add(keyed_database)
    with psycopg.connect(keyed_database) as connection:
        for number in range(5):
            log_row(connection, action=f"action_{number}")
    async with run_headless(new_app(keyed_database)) as console:
        await console.wait_for("● active")
        rows = console.page.query_one(RowBody)
        await click(console, rows, 2)
        assert rows.cursor == 2
        await click(console, rows, 9)
        assert rows.cursor == 2
        await console.press("g", "d")
        await console.wait_for("type its name to delete it")
        await click(console, rows, 1, times=2)
        assert rows.cursor == 0
        assert console.page.prompt.has_focus
        await console.press("escape")
        await click(console, rows, 0, times=2)
        await console.wait_for(lambda: isinstance(console.page, CredentialEditor))
        await console.press("escape", "2")
        await console.wait_for("A review")
        grid = console.page.query_one(Grid)
        await click(console, grid, HEADING_LINES + 2)
        assert grid.row == 2
        await click(console, grid, 0)
        assert grid.row == 2
        await console.press("4")
        await console.wait_for("enter details")
        log = console.page.query_one(WindowBody)
        await console.wait_for("action_3")
        newest = log.current_key
        await click(console, log, 1)
        assert log.cursor == 1
        log.on_mouse_scroll_up()
        assert (log.cursor, log.current_key) == (0, newest)
        log.on_mouse_scroll_down()
        assert log.cursor == WHEEL_LINES
        await click(console, log, 0, times=2)
        await console.wait_for(lambda: isinstance(console.page, AuditRowScreen))


def test_the_terminal_reports_the_mouse_only_where_the_configuration_asks_for_it(
    keyed_database: str, tmp_path: Path
) -> None:
    (tmp_path / "switchboard").mkdir()
    environment = {"XDG_CONFIG_HOME": str(tmp_path)} | settings_of(keyed_database)
    for is_wanted in (False, True):
        (tmp_path / "switchboard" / "config.toml").write_text(f"mouse = {str(is_wanted).lower()}")
        with ForkedTerminal(environment=environment, cwd=tmp_path) as terminal:
            terminal.wait_for(" connected")
            terminal.wait_until_quiet()
            assert (ON in terminal.output) is is_wanted
            terminal.send("\x1b[<0;5;6M\x1b[<0;5;6m")
            terminal.press("enter")
            terminal.wait_for("Exotel SMS: set up" if is_wanted else "Exotel phone: set up")
            terminal.press("esc")
            terminal.wait_until_gone(": set up")
            terminal.press("q")
            assert terminal.wait_for_exit() == 0
            assert (OFF in terminal.output) is is_wanted
