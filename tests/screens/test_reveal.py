"""A stored secret on the screen: after its log row, one at a time, and gone with the next move."""

from __future__ import annotations

import psycopg
import pytest

from tests.support.console_app import Console, add, console, piloted
from tests.support.sitting import PHONE
from tui.screens.reveal import RevealScreen

KEY, TOKEN = PHONE["api_key"], PHONE["api_token"]


async def revealed(it: Console) -> None:
    await it.wait_for("● active")
    await it.press("R")
    await it.wait_for(lambda: isinstance(it.app.screen, RevealScreen) and "API token" in it.text)
    assert KEY not in it.text
    assert it.text.count("hidden") == 2
    await it.press("R")
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
        await it.press("R")
        await it.wait_for(TOKEN)
        assert KEY not in it.text


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
        await it.press("R")
        await it.wait_for("API token")
        await it.press("R")
        await it.wait_for(lambda: bool(it.status))
        assert KEY not in it.text


async def test_a_copy_goes_to_the_terminal_unseen_and_is_in_the_log(keyed_database: str) -> None:
    await add(keyed_database)
    async with piloted(console(keyed_database)) as it:
        await it.wait_for("● active")
        await it.press("R")
        await it.wait_for("API token")
        await it.press("y")
        await it.wait_for("cannot be confirmed")
        assert KEY not in it.text
        assert it.app.clipboard == KEY
    with psycopg.connect(keyed_database) as connection:
        query = "select count(*) from integration_audit_logs where action = 'credential_copied'"
        assert connection.execute(query).fetchone() == (1,)
