"""A stored secret on the screen: after its log row, one at a time, and gone with the next move."""

from __future__ import annotations

import psycopg
import pytest

from tests.support.commands import execute
from tests.support.sitting import PHONE
from tests.support.terminal.console_app import Console, add, console, piloted
from tui.screens.integrations.reveal import RevealScreen

KEY, TOKEN = PHONE["api_key"], PHONE["api_token"]


def openings(conninfo: str) -> list[str]:
    rows = "select action from integration_audit_logs where action ~ 'revealed|copied' order by created_at"
    return [action for (action,) in execute(conninfo, rows)]


async def listed(it: Console) -> None:
    await it.wait_for("● active")
    await it.press("R")
    await it.wait_for(lambda: isinstance(it.app.screen, RevealScreen) and "API token" in it.text)


async def revealed(it: Console) -> None:
    await listed(it)
    assert KEY not in it.text
    assert it.text.count("hidden") == 2
    await it.press("enter")
    await it.wait_for(KEY)
    assert [line.split()[-2:] for line in it.text.splitlines() if line.startswith("API ")] == [
        ["shown", "below"],
        ["token", "hidden"],
    ]


async def test_a_secret_is_shown_alone_and_leaves_with_the_cursor(keyed_database: str) -> None:
    await add(keyed_database)
    async with piloted(console(keyed_database)) as it:
        await revealed(it)
        assert TOKEN not in it.text
        await it.press("j")
        await it.wait_for(lambda: KEY not in it.text)
        await it.wait_for(lambda: it.text.count("hidden") == 2)
        await it.press("enter")
        await it.wait_for(TOKEN)
        assert KEY not in it.text


async def test_a_held_r_reveals_nothing_and_a_held_enter_reveals_once(keyed_database: str) -> None:
    await add(keyed_database)
    async with piloted(console(keyed_database)) as it:
        await it.wait_for("● active")
        await it.press(*["R"] * 5)
        await it.wait_for("enter reveals the secret under the cursor.")
        assert openings(keyed_database) == []
        await it.press(*["enter"] * 5)
        await it.wait_for(KEY)
        await it.press("enter")
        await it.wait_for("R, then enter, reveals it.")
        assert openings(keyed_database) == ["credential_revealed"]
        await it.press("R", "enter")
        await it.wait_for(lambda: len(openings(keyed_database)) == 2)


@pytest.mark.parametrize("way", ["escape", "help", "resize", "idle"])
async def test_whatever_takes_the_eye_off_it_hides_it(keyed_database: str, way: str) -> None:
    await add(keyed_database)
    async with piloted(console(keyed_database, SWITCHBOARD_IDLE_LOCK="2" if way == "idle" else "300")) as it:
        await revealed(it)
        if way == "escape":
            await it.press("escape")
        elif way == "help":
            await it.press("question_mark", "escape")
            await it.wait_for(lambda: isinstance(it.app.screen, RevealScreen))
        elif way == "resize":
            await it.pilot.resize_terminal(100, 30)
        else:
            await it.wait_for("Switchboard is covered")
            await it.press("x")
            await it.wait_for(lambda: isinstance(it.app.screen, RevealScreen))
        await it.wait_for(lambda: KEY not in it.text)


async def test_nothing_is_shown_where_the_log_row_cannot_be_written(keyed_database: str) -> None:
    await add(keyed_database)
    with psycopg.connect(keyed_database) as connection:
        connection.execute("alter table integration_audit_logs add constraint full_disk check (false) not valid")
    async with piloted(console(keyed_database)) as it:
        await it.wait_for("● active")
        await listed(it)
        await it.press("enter")
        await it.wait_for(lambda: bool(it.status))
        assert KEY not in it.text


async def test_a_copy_goes_to_the_terminal_unseen_and_is_in_the_log(keyed_database: str) -> None:
    await add(keyed_database)
    async with piloted(console(keyed_database)) as it:
        await listed(it)
        await it.press(*["y"] * 5)
        await it.wait_for("Copy the API key of Exotel phone to the terminal's clipboard? The log says so.")
        await it.press("escape")
        await it.wait_for(lambda: not it.page.prompt.is_asking)
        assert it.app.clipboard == ""
        await it.press("y", "enter")
        await it.wait_for("cannot be confirmed")
        assert it.app.clipboard == KEY
        await it.press(*["enter"] * 5)
        await it.wait_for("R, then enter, reveals it.")
        assert KEY not in it.text
    assert openings(keyed_database) == ["credential_copied"]


async def test_enter_held_down_in_the_palette_reveals_and_copies_nothing(keyed_database: str) -> None:
    await add(keyed_database)
    async with piloted(console(keyed_database)) as it:
        await it.wait_for("● active")
        await it.press("colon", *"reveal", "enter")
        await it.wait_for(lambda: isinstance(it.app.screen, RevealScreen))
        await it.press(*["enter"] * 5)
        await it.wait_for("R, then enter, reveals it.")
        await it.press("colon", *"copy", "enter")
        await it.wait_for("Copy the API key of Exotel phone")
        await it.press(*["enter"] * 5)
        assert it.page.prompt.is_asking
    assert openings(keyed_database) == []
