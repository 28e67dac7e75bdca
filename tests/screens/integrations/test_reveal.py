"""A stored secret on the screen: after its log row, one at a time, and gone with the next move."""

from __future__ import annotations

import psycopg
import pytest

from tests.support.acme import PHONE
from tests.support.commands import execute
from tests.support.terminal.console_driver import ConsoleDriver, add, new_app, run_headless
from tui.screens.integrations.reveal import RevealScreen

KEY, TOKEN = PHONE["api_key"], PHONE["api_token"]


def openings(conninfo: str) -> list[str]:
    rows = "select action from integration_audit_logs where action ~ 'revealed|copied' order by created_at"
    return [action for (action,) in execute(conninfo, rows)]


async def open_secrets(console: ConsoleDriver) -> None:
    await console.wait_for("● active")
    await console.press("R")
    await console.wait_for(lambda: isinstance(console.app.screen, RevealScreen) and "API token" in console.text)


async def reveal_first(console: ConsoleDriver) -> None:
    await open_secrets(console)
    assert KEY not in console.text
    assert console.text.count("hidden") == 2
    await console.press("enter")
    await console.wait_for(KEY)
    assert [line.split()[-2:] for line in console.text.splitlines() if line.startswith("API ")] == [
        ["shown", "below"],
        ["token", "hidden"],
    ]


async def test_a_secret_is_shown_alone_and_leaves_with_the_cursor(keyed_database: str) -> None:
    await add(keyed_database)
    async with run_headless(new_app(keyed_database)) as console:
        await reveal_first(console)
        assert TOKEN not in console.text
        await console.press("j")
        await console.wait_for(lambda: KEY not in console.text)
        await console.wait_for(lambda: console.text.count("hidden") == 2)
        await console.press("enter")
        await console.wait_for(TOKEN)
        assert KEY not in console.text


async def test_a_held_r_reveals_nothing_and_a_held_enter_reveals_once(keyed_database: str) -> None:
    await add(keyed_database)
    async with run_headless(new_app(keyed_database)) as console:
        await console.wait_for("● active")
        await console.press(*["R"] * 5)
        await console.wait_for("enter reveals the secret under the cursor.")
        assert openings(keyed_database) == []
        await console.press(*["enter"] * 5)
        await console.wait_for(KEY)
        await console.press("enter")
        await console.wait_for("R, then enter, reveals it.")
        assert openings(keyed_database) == ["credential_revealed"]
        await console.press("R", "enter")
        await console.wait_for(lambda: len(openings(keyed_database)) == 2)


@pytest.mark.parametrize("way", ["escape", "help", "resize", "idle"])
async def test_whatever_takes_the_eye_off_it_hides_it(keyed_database: str, way: str) -> None:
    await add(keyed_database)
    async with run_headless(new_app(keyed_database, SWITCHBOARD_IDLE_LOCK="2" if way == "idle" else "300")) as console:
        await reveal_first(console)
        if way == "escape":
            await console.press("escape")
        elif way == "help":
            await console.press("question_mark", "escape")
            await console.wait_for(lambda: isinstance(console.app.screen, RevealScreen))
        elif way == "resize":
            await console.pilot.resize_terminal(100, 30)
        else:
            await console.wait_for("Switchboard is covered")
            await console.press("x")
            await console.wait_for(lambda: isinstance(console.app.screen, RevealScreen))
        await console.wait_for(lambda: KEY not in console.text)


async def test_nothing_is_shown_where_the_log_row_cannot_be_written(keyed_database: str) -> None:
    await add(keyed_database)
    with psycopg.connect(keyed_database) as connection:
        connection.execute("alter table integration_audit_logs add constraint full_disk check (false) not valid")
    async with run_headless(new_app(keyed_database)) as console:
        await console.wait_for("● active")
        await open_secrets(console)
        await console.press("enter")
        await console.wait_for(lambda: bool(console.status))
        assert KEY not in console.text


async def test_a_copy_goes_to_the_terminal_unseen_and_is_in_the_log(keyed_database: str) -> None:
    await add(keyed_database)
    async with run_headless(new_app(keyed_database)) as console:
        await open_secrets(console)
        await console.press(*["y"] * 5)
        await console.wait_for("Copy the API key of Exotel phone to the terminal's clipboard? The log says so.")
        await console.press("escape")
        await console.wait_for(lambda: not console.page.prompt.is_asking)
        assert console.app.clipboard == ""
        await console.press("y", "enter")
        await console.wait_for("cannot be confirmed")
        assert console.app.clipboard == KEY
        await console.press(*["enter"] * 5)
        await console.wait_for("R, then enter, reveals it.")
        assert KEY not in console.text
    assert openings(keyed_database) == ["credential_copied"]


async def test_enter_held_down_in_the_palette_reveals_and_copies_nothing(keyed_database: str) -> None:
    await add(keyed_database)
    async with run_headless(new_app(keyed_database)) as console:
        await console.wait_for("● active")
        await console.press("colon", *"reveal", "enter")
        await console.wait_for(lambda: isinstance(console.app.screen, RevealScreen))
        await console.press(*["enter"] * 5)
        await console.wait_for("R, then enter, reveals it.")
        await console.press("colon", *"copy", "enter")
        await console.wait_for("Copy the API key of Exotel phone")
        await console.press(*["enter"] * 5)
        assert console.page.prompt.is_asking
    assert openings(keyed_database) == []
