"""What is on the screen follows the database by itself, and says how old it is where it cannot."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import psycopg

from tests.support.acme import ACME, ASHA, GLOBEX
from tests.support.commands import execute
from tests.support.database.logins import create_login
from tests.support.database.number_rows import BANGALORE, add_row, create_people
from tests.support.database.schema import run_files_with_roles
from tests.support.terminal.console_driver import ConsoleDriver, add, new_app, run_headless
from tui.errors import PermissionDenied
from tui.screens import freshness
from tui.widgets.row_list import RowBody

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest

    from tests.support.servers.postgres import TestServer

SOON_S = 0.05
EDIT = "select switchboard.edit_login('sb_asha', 'admin', %s, false, null)"


def rename(conninfo: str, name: str) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute("update integration_credentials set display_name = %s", (name,))


@asynccontextmanager
async def following_console(conninfo: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ConsoleDriver]:
    """A console with one integration that looks for changes all the time."""
    monkeypatch.setattr(freshness, "LOOK_EVERY_S", SOON_S)
    monkeypatch.setattr(freshness, "FIRST_LOOK_AFTER_S", SOON_S)
    await add(conninfo)
    async with run_headless(new_app(conninfo)) as console:
        await console.wait_for("● active")
        # From the first look on: a change before it is one that the rows have.
        await looked_again(console)
        yield console


async def test_the_first_rows_are_read_on_one_connection(keyed_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freshness, "FIRST_LOOK_AFTER_S", 3_600.0)
    await add(keyed_database)
    async with run_headless(new_app(keyed_database)) as console:
        await console.wait_for("● active")
        with psycopg.connect(keyed_database) as connection:
            (count,) = connection.execute(
                "select count(*) - 1 from pg_stat_activity where datname = current_database()"
            )
            assert count == (1,)


async def test_another_console_is_followed_behind_the_rows_and_a_question_is_not_disturbed(
    keyed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with following_console(keyed_database, monkeypatch) as console:
        await console.press("slash")
        await console.type("phone")
        await console.press("enter", "y")
        rename(keyed_database, "Dispatch line")
        await console.wait_for("Dispatch line")
        assert console.row_keys == ["exotel_phone"]
        await console.press("space")
        await console.wait_for("Disable Dispatch line")
        rename(keyed_database, "Night line")
        await looked_again(console)
        assert "Night line" not in console.text
        await console.press("escape")
        await console.wait_for("Night line")
        await the_age_is_told(console, keyed_database)


async def looked_again(console: ConsoleDriver) -> None:
    """Wait until the log has been looked at twice."""
    looks = 0
    look = console.app._freshness._look

    async def counted(*args: object) -> None:
        nonlocal looks
        looks += 1
        await look(*args)  # type: ignore[arg-type]

    console.app._freshness._look = counted  # type: ignore[method-assign, assignment]
    await console.wait_for(lambda: looks > 1)


async def the_age_is_told(console: ConsoleDriver, conninfo: str) -> None:
    """Where the log may not be read any more, at the right edge and by the minute."""
    assert "min ago" not in console.text
    with psycopg.connect(conninfo) as connection:
        connection.execute("alter table integration_audit_logs rename to elsewhere")
    await looked_again(console)
    assert console.page.reading.true_at is not None
    console.page.reading.true_at -= 185
    await console.wait_for("read 3 min ago")
    assert console.text.splitlines()[1].rstrip().endswith("read 3 min ago")


async def test_entering_a_section_reads_it_again_and_what_was_said_there_before_is_gone(
    keyed_database: str,
) -> None:
    await add(keyed_database)
    add_row(keyed_database, BANGALORE)
    async with run_headless(new_app(keyed_database)) as console:
        await console.wait_for("● active")
        await console.press("j", "y")
        await console.wait_for("sent to your terminal's clipboard")
        at = console.page.query_one(RowBody).current_key
        await console.press("3")
        await console.wait_for(BANGALORE[-4:])
        rename(keyed_database, "Dispatch line")
        await console.press("1")
        await console.wait_for("Dispatch line")
        assert "clipboard" not in console.text
        assert console.page.query_one(RowBody).current_key == at
        assert "Loading" not in console.text
        await console.press("g", "y", "H")
        await console.wait_for("History of Exotel phone")
        rename(keyed_database, "Night line")
        await console.press("escape")
        await console.wait_for("Night line")
        assert "clipboard" not in console.text


async def test_what_could_not_be_read_again_is_not_said_to_be_fresh(
    keyed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with following_console(keyed_database, monkeypatch) as console:
        await looked_again(console)
        with psycopg.connect(keyed_database) as connection:
            connection.execute("alter table user_integration_permissions rename to elsewhere")
        rename(keyed_database, "Dispatch line")
        await console.wait_for(lambda: console.status)
        assert console.page.reading.true_at is not None
        console.page.reading.true_at -= 185
        await looked_again(console)
        await console.wait_for("read 3 min ago")


async def test_a_login_that_is_admitted_no_more_sees_the_refusal_in_place_of_nothing(
    keyed_database: str, postgres: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checked red: "not set up" and "The log of this organisation is empty", with a top line that said "proven"."""
    await run_files_with_roles(keyed_database)
    create_people(keyed_database)
    await add(keyed_database)
    own = create_login(postgres, keyed_database, "sb_asha", ASHA, organizations=[ACME, GLOBEX])
    async with run_headless(new_app(own), size=(120, 30)) as console:
        await console.wait_for("● active")
        assert "asha@acme.example, proven" in console.text
        execute(keyed_database, EDIT, [GLOBEX])
        await console.press("r")
        await console.wait_for("The login sb_asha sees no organisation of that id.")
        assert not console.shows("not set up") and not console.shows("● active")
        await console.press("4")
        await console.wait_for("The login sb_asha sees no organisation of that id.")
        assert not console.shows("is empty")
        execute(keyed_database, EDIT, [ACME])
        await console.press("r")
        await console.press("1")
        await console.wait_for("● active")
        # Whoever answers a question then is told the same, and not that the connection comes back.
        await console.press("space")
        await console.wait_for("[y]")
        failure = PermissionDenied("You are not let in.", "Ask somebody.")
        await console.app.connection._end(failure)
        await console.press("y")
        await console.wait_for(lambda: not console.page.prompt.is_asking and "You are not let in." in console.status)
        assert "reconnects" not in console.status
    execute(keyed_database, EDIT, [ACME, GLOBEX])
    # Nobody presses a key.
    monkeypatch.setattr(freshness, "LOOK_EVERY_S", SOON_S)
    async with run_headless(new_app(own), size=(120, 30)) as console:
        await console.wait_for("● active")
        await console.press("enter")
        execute(keyed_database, "select switchboard.remove_login('sb_asha')")
        await console.wait_for("is nobody's in this database")
        assert not console.shows("proven") and console.shows("not admitted")
        assert f"~{console.app.session.operator.label}" in console.text
