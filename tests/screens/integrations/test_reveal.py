"""A stored secret on the screen: after its log row, one at a time, and gone with the next move."""

from __future__ import annotations

import psycopg
import pytest

from tests.support.acme import PHONE
from tests.support.commands import execute
from tests.support.terminal.console_app import Console, add, console, piloted
from tui.screens.integrations.reveal import RevealScreen

KEY, TOKEN = PHONE["api_key"], PHONE["api_token"]


def openings(conninfo: str) -> list[str]:
    rows = "select action from integration_audit_logs where action ~ 'revealed|copied' order by created_at"
    return [action for (action,) in execute(conninfo, rows)]


async def open_secrets(driver: Console) -> None:
    await driver.wait_for("● active")
    await driver.press("R")
    await driver.wait_for(lambda: isinstance(driver.app.screen, RevealScreen) and "API token" in driver.text)


async def reveal_first(driver: Console) -> None:
    await open_secrets(driver)
    assert KEY not in driver.text
    assert driver.text.count("hidden") == 2
    await driver.press("enter")
    await driver.wait_for(KEY)
    assert [line.split()[-2:] for line in driver.text.splitlines() if line.startswith("API ")] == [
        ["shown", "below"],
        ["token", "hidden"],
    ]


async def test_a_secret_is_shown_alone_and_leaves_with_the_cursor(keyed_database: str) -> None:
    await add(keyed_database)
    async with piloted(console(keyed_database)) as driver:
        await reveal_first(driver)
        assert TOKEN not in driver.text
        await driver.press("j")
        await driver.wait_for(lambda: KEY not in driver.text)
        await driver.wait_for(lambda: driver.text.count("hidden") == 2)
        await driver.press("enter")
        await driver.wait_for(TOKEN)
        assert KEY not in driver.text


async def test_a_held_r_reveals_nothing_and_a_held_enter_reveals_once(keyed_database: str) -> None:
    await add(keyed_database)
    async with piloted(console(keyed_database)) as driver:
        await driver.wait_for("● active")
        await driver.press(*["R"] * 5)
        await driver.wait_for("enter reveals the secret under the cursor.")
        assert openings(keyed_database) == []
        await driver.press(*["enter"] * 5)
        await driver.wait_for(KEY)
        await driver.press("enter")
        await driver.wait_for("R, then enter, reveals it.")
        assert openings(keyed_database) == ["credential_revealed"]
        await driver.press("R", "enter")
        await driver.wait_for(lambda: len(openings(keyed_database)) == 2)


@pytest.mark.parametrize("way", ["escape", "help", "resize", "idle"])
async def test_whatever_takes_the_eye_off_it_hides_it(keyed_database: str, way: str) -> None:
    await add(keyed_database)
    async with piloted(console(keyed_database, SWITCHBOARD_IDLE_LOCK="2" if way == "idle" else "300")) as driver:
        await reveal_first(driver)
        if way == "escape":
            await driver.press("escape")
        elif way == "help":
            await driver.press("question_mark", "escape")
            await driver.wait_for(lambda: isinstance(driver.app.screen, RevealScreen))
        elif way == "resize":
            await driver.pilot.resize_terminal(100, 30)
        else:
            await driver.wait_for("Switchboard is covered")
            await driver.press("x")
            await driver.wait_for(lambda: isinstance(driver.app.screen, RevealScreen))
        await driver.wait_for(lambda: KEY not in driver.text)


async def test_nothing_is_shown_where_the_log_row_cannot_be_written(keyed_database: str) -> None:
    await add(keyed_database)
    with psycopg.connect(keyed_database) as connection:
        connection.execute("alter table integration_audit_logs add constraint full_disk check (false) not valid")
    async with piloted(console(keyed_database)) as driver:
        await driver.wait_for("● active")
        await open_secrets(driver)
        await driver.press("enter")
        await driver.wait_for(lambda: bool(driver.status))
        assert KEY not in driver.text


async def test_a_copy_goes_to_the_terminal_unseen_and_is_in_the_log(keyed_database: str) -> None:
    await add(keyed_database)
    async with piloted(console(keyed_database)) as driver:
        await open_secrets(driver)
        await driver.press(*["y"] * 5)
        await driver.wait_for("Copy the API key of Exotel phone to the terminal's clipboard? The log says so.")
        await driver.press("escape")
        await driver.wait_for(lambda: not driver.page.prompt.is_asking)
        assert driver.app.clipboard == ""
        await driver.press("y", "enter")
        await driver.wait_for("cannot be confirmed")
        assert driver.app.clipboard == KEY
        await driver.press(*["enter"] * 5)
        await driver.wait_for("R, then enter, reveals it.")
        assert KEY not in driver.text
    assert openings(keyed_database) == ["credential_copied"]


async def test_enter_held_down_in_the_palette_reveals_and_copies_nothing(keyed_database: str) -> None:
    await add(keyed_database)
    async with piloted(console(keyed_database)) as driver:
        await driver.wait_for("● active")
        await driver.press("colon", *"reveal", "enter")
        await driver.wait_for(lambda: isinstance(driver.app.screen, RevealScreen))
        await driver.press(*["enter"] * 5)
        await driver.wait_for("R, then enter, reveals it.")
        await driver.press("colon", *"copy", "enter")
        await driver.wait_for("Copy the API key of Exotel phone")
        await driver.press(*["enter"] * 5)
        assert driver.page.prompt.is_asking
    assert openings(keyed_database) == []
