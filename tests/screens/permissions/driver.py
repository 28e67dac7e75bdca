"""The permission grid on a test's database, opened by Pilot, and what the tables say afterwards."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import dict_row

from tests.support.database.people import integration, person
from tests.support.terminal import console_driver
from tui.data.rights import RIGHTS
from tui.screens.permissions.screen import PermissionsScreen
from tui.widgets.grid import Grid

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LETTERS = re.compile("([V-][S-][C-])" + "[A-Z-]" * (len(RIGHTS) - 3))
TABLE = "public.user_integration_permissions"


@asynccontextmanager
async def grid(
    conninfo: str, *, size: tuple[int, int] = (80, 24), until: str = "Person 000001", **more: str
) -> AsyncIterator[console_driver.ConsoleDriver]:
    """A console whose grid is open and shows `until`."""
    async with console_driver.run_headless(console_driver.new_app(conninfo, **more), size) as console:
        await open_grid(console, until)
        yield console


async def open_grid(console: console_driver.ConsoleDriver, until: str = "Person 000001") -> None:
    """Go to section 2 and wait until everything is read."""
    await console.wait_for("● connected")
    await console.press("2")
    await console.wait_for(lambda: isinstance(console.app.screen, PermissionsScreen))
    await console.wait_for(until)
    await wait_until_loaded(console)


async def wait_until_loaded(console: console_driver.ConsoleDriver) -> None:
    """Wait until nothing is read any more; watching the connection goes on."""
    await console.wait_for(
        lambda: all(
            worker.is_finished for worker in console.app.workers if worker.group not in ("connection", "freshness")
        )
    )
    await console.pilot.pause()


def grid_of(console: console_driver.ConsoleDriver) -> Grid:
    """The grid of the screen on top."""
    return console.page.query_one(Grid)


def row_text(console: console_driver.ConsoleDriver, label: str) -> str:
    """The line of the screen that names a person, without the name, with the letters of view, send and configure.

    The letters of a right that comes later are left out: its own test is to change no other one.
    """
    line = next((text for text in console.text.splitlines() if text[2:].startswith(label)), "")
    return LETTERS.sub(r"\1", " ".join(line[2 + len(label) :].split()))


def detail_text(console: console_driver.ConsoleDriver, label: str) -> str:
    """One of the lines below the grid."""
    line = next((text for text in console.text.splitlines() if text.startswith(f" {label} ")), "")
    return line[1 + len(label) :].strip()


def query(conninfo: str, statement: str, *values: object) -> list[dict[str, Any]]:
    """Run a statement and return its rows."""
    with psycopg.connect(conninfo, row_factory=dict_row) as connection:
        cursor = connection.execute(statement.encode(), values or None)
        return cursor.fetchall() if cursor.description else []


def give(conninfo: str, who: int, which: int, **values: object) -> None:
    """Give person `who` view on integration `which` (both from 1), and whatever else is named."""
    row: dict[str, object] = {"user_id": person(who), "integration_id": integration(which), "can_view": True, **values}
    names, places = ", ".join(row), ", ".join(["%s"] * len(row))
    query(conninfo, f"insert into {TABLE} ({names}) values ({places})", *row.values())


def permissions(conninfo: str) -> set[tuple[Any, ...]]:
    """Everything the table says, without ids and times of granting."""
    rows = query(
        conninfo,
        f"select user_id, integration_id, can_view, can_send, can_configure, daily_limit, monthly_limit, "
        f"expires_at from {TABLE}",
    )
    return {tuple(row.values()) for row in rows}


def logged(conninfo: str) -> list[dict[str, Any]]:
    """The log's rows about permissions, oldest first."""
    rows = "select action, details from public.integration_audit_logs where action like 'permission%'"
    return query(conninfo, f"{rows} order by created_at, id")
