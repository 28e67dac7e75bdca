"""A stored secret on the screen: after its log row, one at a time, and gone with the next move."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
from textual import events

from tests.support.acme import PHONE
from tests.support.commands import execute
from tests.support.terminal.console_driver import ConsoleDriver, add, new_app, run_headless
from tui.screens import secret_page
from tui.screens.integrations.reveal import RevealScreen

if TYPE_CHECKING:
    import pytest

KEY, TOKEN = PHONE["api_key"], PHONE["api_token"]


def openings(conninfo: str) -> list[str]:
    rows = "select action from integration_audit_logs where action ~ 'revealed|copied' order by created_at"
    return [action for (action,) in execute(conninfo, rows)]


async def until_on_the_secrets(console: ConsoleDriver) -> None:
    await console.wait_for(lambda: isinstance(console.app.screen, RevealScreen) and "API token" in console.text)


async def until_hidden(console: ConsoleDriver) -> None:
    await console.wait_for(lambda: KEY not in console.text and TOKEN not in console.text)
    await console.wait_for(lambda: console.text.count("hidden") == 2)


async def reveal_first(console: ConsoleDriver) -> None:
    await until_on_the_secrets(console)
    await until_hidden(console)
    await console.press("enter")
    await console.wait_for(KEY)
    assert [line.split()[-2:] for line in console.text.splitlines() if line.startswith("API ")] == [
        ["shown", "below"],
        ["token", "hidden"],
    ]
    assert TOKEN not in console.text


async def test_a_secret_is_shown_alone_once_it_is_logged_and_hidden_by_whatever_takes_the_eye_off_it(
    keyed_database: str,
) -> None:
    await add(keyed_database)
    async with run_headless(new_app(keyed_database)) as console:
        await console.wait_for("● active")
        await hold_r_and_enter(console, keyed_database)
        await move_to_the_next(console)
        await look_elsewhere(console)
        await hold_enter_in_the_palette(console, keyed_database)
        await copy_unseen(console, keyed_database)
        await without_a_log_row(console, keyed_database)


async def hold_r_and_enter(console: ConsoleDriver, conninfo: str) -> None:
    """A held R reveals nothing, and a held enter once."""
    await console.press(*["R"] * 5)
    await console.wait_for("enter reveals the secret under the cursor.")
    assert openings(conninfo) == []
    await console.press(*["enter"] * 5)
    await console.wait_for(KEY)
    await console.press("enter")
    await console.wait_for("R, then enter, reveals it.")
    assert openings(conninfo) == ["credential_revealed"]
    await console.press("R", "enter")
    await console.wait_for(lambda: len(openings(conninfo)) == 2)


async def move_to_the_next(console: ConsoleDriver) -> None:
    await console.press("j")
    await until_hidden(console)
    await console.press("enter")
    await console.wait_for(TOKEN)
    assert KEY not in console.text
    await console.press("k")


async def look_elsewhere(console: ConsoleDriver) -> None:
    """At the help, at another size, at another window, at the list."""
    await reveal_first(console)
    await console.press("question_mark", "escape")
    await until_on_the_secrets(console)
    await until_hidden(console)
    await reveal_first(console)
    await console.pilot.resize_terminal(100, 30)
    await until_hidden(console)
    await console.press("j", "k")
    await reveal_first(console)
    console.app.post_message(events.AppBlur())
    await until_hidden(console)
    console.app.post_message(events.AppFocus())
    # Without a key in between the next enter would be one that is held down.
    await console.press("j", "k")
    await reveal_first(console)
    await console.press("escape")
    await console.wait_for("● active")
    assert KEY not in console.text


async def hold_enter_in_the_palette(console: ConsoleDriver, conninfo: str) -> None:
    """It reveals and copies nothing."""
    before = openings(conninfo)
    await console.press("colon", *"reveal", "enter")
    await until_on_the_secrets(console)
    await console.press(*["enter"] * 5)
    await console.wait_for("R, then enter, reveals it.")
    await console.press("colon", *"copy", "enter")
    await console.wait_for("Copy the API key of Exotel phone")
    await console.press(*["enter"] * 5)
    assert console.page.prompt.is_asking
    await console.press("escape")
    await console.wait_for(lambda: not console.page.prompt.is_asking)
    assert openings(conninfo) == before


async def copy_unseen(console: ConsoleDriver, conninfo: str) -> None:
    """After asking, to the terminal's clipboard; the log says so."""
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
    assert openings(conninfo)[-2:] == ["credential_revealed", "credential_copied"]


async def without_a_log_row(console: ConsoleDriver, conninfo: str) -> None:
    """Nothing is shown where none can be written."""
    with psycopg.connect(conninfo) as connection:
        connection.execute("alter table integration_audit_logs add constraint full_disk check (false) not valid")
    await console.press("j", "k", "enter")
    await console.wait_for(lambda: "R, then enter" not in console.status and bool(console.status))
    assert KEY not in console.text


async def test_a_secret_is_hidden_after_its_time_and_all_is_covered_after_the_idle_time_until_any_key(
    keyed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(keyed_database)
    async with run_headless(new_app(keyed_database)) as console:
        await console.wait_for("● active")
        await console.press("R")
        assert secret_page.SHOWN_FOR_S == 30
        with monkeypatch.context() as shorter:
            shorter.setattr(secret_page, "SHOWN_FOR_S", 2.0)
            await reveal_first(console)
            await until_hidden(console)
        await console.press("j", "k")
        await reveal_first(console)
        # Not from the start, when a slow machine may need longer than that to show what is to be covered.
        session = console.app.session
        session.settings = replace(session.settings, idle_lock=2)
        console.app._watch_idle()
        await console.wait_for("The screen is hidden")
        assert "API token" not in console.text
        assert KEY not in console.text
        await console.press("j")
        await until_on_the_secrets(console)
        await until_hidden(console)
