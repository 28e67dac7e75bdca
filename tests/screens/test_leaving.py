"""A screen that is done with its work leaves, and only it, whatever was put over it meanwhile."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg

from tests.screens.integrations.test_editor import fill, open_editor
from tests.support.database.number_rows import DELHI, OLD, add_row, log_rows
from tests.support.servers.exotel import FAULTS, ExotelServer
from tests.support.terminal.console_app import add, console, piloted
from tui.screens.help import HelpScreen
from tui.screens.integrations.editor import CredentialEditor
from tui.screens.lock import LockScreen
from tui.screens.numbers.form import NumberForm
from tui.screens.numbers.sync import NumberSyncScreen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.screen import Screen

    from tests.support.terminal.console_app import Console


@contextmanager
def blocked_writes(conninfo: str, table: str) -> Iterator[None]:
    """Let every write to a table wait."""
    with psycopg.connect(conninfo) as connection:
        connection.execute(f"lock table {table} in share mode")  # type: ignore[arg-type]
        yield
        connection.rollback()


def on_top(driver: Console) -> list[type[Screen[object]]]:
    return [type(screen) for screen in driver.app.screen_stack[1:]]


async def test_a_sync_that_ends_under_the_help_leaves_the_help_and_then_itself(
    keyed_database: str, exotel: ExotelServer
) -> None:
    await add(keyed_database, credential=exotel.credential(virtual_number=OLD))
    async with piloted(console(keyed_database)) as driver:
        await driver.wait_for("connected")
        await driver.press("3")
        await driver.wait_for("has no phone numbers")
        await driver.press("S")
        await driver.wait_for("1 new")
        with blocked_writes(keyed_database, "organization_phone_numbers"):
            await driver.press("enter")
            await driver.wait_for(lambda: driver.page.busy)
            sync = driver.page
            await driver.press("question_mark")
        await driver.wait_for(lambda: not sync.busy)
        await driver.pilot.pause()
        assert on_top(driver) == [NumberSyncScreen, HelpScreen]
        await driver.press("escape")
        await driver.wait_for("Synced 1 numbers: 1 new")
        assert on_top(driver) == []
        await driver.wait_for(lambda: len(driver.row_keys) == 1)


async def test_a_number_that_is_saved_under_the_cover_does_not_uncover_the_console(keyed_database: str) -> None:
    add_row(keyed_database, DELHI)
    async with piloted(console(keyed_database)) as driver:
        await driver.wait_for("connected")
        await driver.press("3")
        await driver.wait_for(lambda: driver.row_keys)
        await driver.press("e")
        await driver.wait_for(lambda: isinstance(driver.app.screen, NumberForm))
        await driver.type("Night line")
        with blocked_writes(keyed_database, "organization_phone_numbers"):
            await driver.press("f2")
            await driver.wait_for(lambda: driver.page.busy)
            form = driver.page
            driver.app.push_screen(LockScreen())
            await driver.wait_for(lambda: isinstance(driver.app.screen, LockScreen))
        await driver.wait_for(lambda: not form.busy)
        await driver.pilot.pause()
        assert on_top(driver) == [NumberForm, LockScreen]
        await driver.press("space")
        await driver.wait_for("is saved")
        assert on_top(driver) == []


async def test_an_editor_that_saves_and_leaves_under_the_help_is_gone_after_it(
    keyed_database: str, exotel: ExotelServer
) -> None:
    await add(keyed_database, credential=exotel.credential(virtual_number=OLD))
    async with piloted(console(keyed_database)) as driver:
        await driver.wait_for("not tested")
        await open_editor(driver)
        await fill(driver, {"caller_id": "08033755555"})
        with blocked_writes(keyed_database, "integration_credentials"):
            await driver.press("escape")
            await driver.wait_for("Not saved yet")
            await driver.press("s")
            await driver.wait_for(lambda: driver.page.busy)
            editor = driver.page
            await driver.press("f1")
        await driver.wait_for(lambda: not editor.busy)
        await driver.pilot.pause()
        assert on_top(driver) == [CredentialEditor, HelpScreen]
        await driver.press("escape")
        await driver.wait_for(lambda: on_top(driver) == [])
        await driver.wait_for("not tested")


async def test_a_listing_that_is_stopped_says_so_and_offers_to_list_again(
    keyed_database: str, exotel: ExotelServer
) -> None:
    await add(keyed_database, credential=exotel.credential(virtual_number=OLD))
    exotel.answer("numbers", FAULTS["dripping"])
    async with piloted(console(keyed_database)) as driver:
        await driver.wait_for("connected")
        await driver.press("3")
        await driver.wait_for("has no phone numbers")
        await driver.press("S")
        await driver.wait_for(lambda: exotel.requests)
        await driver.wait_for("Loading the numbers")
        await driver.press("escape")
        await driver.wait_for("Stopped, and nothing was written.")
        assert "esc back" in driver.text
        exotel.answer_as_usual()
        await driver.press("r")
        await driver.wait_for("1 new")
    assert log_rows(keyed_database, "number_added") == []
