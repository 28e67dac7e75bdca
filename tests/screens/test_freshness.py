"""What is on the screen follows the database by itself, and says how old it is where it cannot."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import psycopg

from tests.support.database.number_rows import BANGALORE, add_row
from tests.support.terminal.console_driver import ConsoleDriver, add, new_app, run_headless
from tui.screens import freshness
from tui.widgets.row_list import RowBody

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest

SOON_S = 0.05


def rename(conninfo: str, name: str) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute("update integration_credentials set display_name = %s", (name,))


@asynccontextmanager
async def following_console(conninfo: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ConsoleDriver]:
    """A console with one integration that looks for changes all the time."""
    monkeypatch.setattr(freshness, "LOOK_EVERY_S", SOON_S)
    await add(conninfo)
    async with run_headless(new_app(conninfo)) as console:
        await console.wait_for("● active")
        yield console


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
        await console.press("G", "y")
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
