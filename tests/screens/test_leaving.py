"""A screen that is done with its work leaves, and only it, whatever was put over it meanwhile."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg

from tests.screens.integrations.test_editor import fill, open_editor
from tests.support.database.number_rows import OLD, log_rows
from tests.support.servers.exotel import FAULTS
from tests.support.terminal.console_driver import add, new_app, run_headless
from tui.screens.choosers.help import HelpScreen
from tui.screens.integrations.editor import CredentialEditor
from tui.screens.lock import LockScreen
from tui.screens.numbers.form import NumberForm
from tui.screens.numbers.sync import NumberSyncScreen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.screen import Screen

    from tests.support.servers.exotel import ExotelServer
    from tests.support.terminal.console_driver import ConsoleDriver


@contextmanager
def blocked_writes(conninfo: str, table: str) -> Iterator[None]:
    """Let every write to a table wait."""
    with psycopg.connect(conninfo) as connection:
        connection.execute(f"lock table {table} in share mode")  # type: ignore[arg-type]
        yield
        connection.rollback()


def on_top(console: ConsoleDriver) -> list[type[Screen[object]]]:
    return [type(screen) for screen in console.app.screen_stack[1:]]


async def test_what_ends_under_the_help_or_the_cover_leaves_it_there_and_then_itself(
    keyed_database: str, exotel: ExotelServer
) -> None:
    await add(keyed_database, credential=exotel.credential(virtual_number=OLD))
    async with run_headless(new_app(keyed_database)) as console:
        await console.wait_for("not tested")
        await save_under_the_help(console, keyed_database)
        await stop_a_listing(console, exotel, keyed_database)
        await sync_under_the_help(console, keyed_database)
        await save_under_the_cover(console, keyed_database)


async def save_under_the_help(console: ConsoleDriver, conninfo: str) -> None:
    """An editor that saves and leaves."""
    await open_editor(console)
    await fill(console, {"caller_id": "08033755555"})
    with blocked_writes(conninfo, "integration_credentials"):
        await console.press("escape")
        await console.wait_for("Unsaved changes")
        await console.press("s")
        await console.wait_for(lambda: console.page.is_busy)
        editor = console.page
        await console.press("f1")
    await console.wait_for(lambda: not editor.is_busy)
    await console.pilot.pause()
    assert on_top(console) == [CredentialEditor, HelpScreen]
    await console.press("escape")
    await console.wait_for(lambda: on_top(console) == [])
    await console.wait_for("not tested")


async def stop_a_listing(console: ConsoleDriver, exotel: ExotelServer, conninfo: str) -> None:
    """It says so, writes nothing and offers to list again."""
    exotel.answer("numbers", FAULTS["dripping"])
    await console.press("3")
    await console.wait_for("has no phone numbers")
    await console.press("S")
    await console.wait_for(lambda: exotel.requests)
    await console.wait_for("Loading the numbers")
    await console.press("escape")
    await console.wait_for("Stopped, and nothing was written.")
    assert "esc back" in console.text
    exotel.answer_as_usual()
    await console.press("r")
    await console.wait_for("1 new")
    assert log_rows(conninfo, "number_added") == []


async def sync_under_the_help(console: ConsoleDriver, conninfo: str) -> None:
    with blocked_writes(conninfo, "organization_phone_numbers"):
        await console.press("enter")
        await console.wait_for(lambda: console.page.is_busy)
        sync = console.page
        await console.press("question_mark")
    await console.wait_for(lambda: not sync.is_busy)
    await console.pilot.pause()
    assert on_top(console) == [NumberSyncScreen, HelpScreen]
    await console.press("escape")
    await console.wait_for("Synced: 1 listed, 1 new")
    assert on_top(console) == []
    await console.wait_for(lambda: len(console.row_keys) == 1)


async def save_under_the_cover(console: ConsoleDriver, conninfo: str) -> None:
    """A number's form, which does not uncover the console."""
    await console.press("e")
    await console.wait_for(lambda: isinstance(console.app.screen, NumberForm))
    await console.type("Night line")
    with blocked_writes(conninfo, "organization_phone_numbers"):
        await console.press("f2")
        await console.wait_for(lambda: console.page.is_busy)
        form = console.page
        console.app.push_screen(LockScreen())
        await console.wait_for(lambda: isinstance(console.app.screen, LockScreen))
    await console.wait_for(lambda: not form.is_busy)
    await console.pilot.pause()
    assert on_top(console) == [NumberForm, LockScreen]
    await console.press("space")
    await console.wait_for("is changed")
    assert on_top(console) == []


async def test_ctrl_c_twice_asks_once_about_what_was_typed_into_a_form(keyed_database: str) -> None:
    await add(keyed_database)
    async with run_headless(new_app(keyed_database)) as console:
        await console.wait_for("not tested")
        await open_editor(console)
        await fill(console, {"caller_id": "08033755555"})
        # Also where another screen is over the form.
        await console.press("f1")
        await console.wait_for(lambda: isinstance(console.app.screen, HelpScreen))
        await console.press("ctrl+c", "ctrl+c")
        await console.wait_for("Unsaved changes in Exotel phone: Caller ID.")
        await console.press("escape")
        await console.wait_for(lambda: not console.page.prompt.is_asking)
        await console.press("escape")
        assert on_top(console) == [CredentialEditor]
        await console.press("ctrl+c", "ctrl+c")
        await console.wait_for("[d] discard and quit   [esc] stay")
        await console.press("ctrl+c")
        assert console.app.return_value is None
        await console.press("ctrl+c")
        await console.wait_for(lambda: console.app.return_value == 130)
