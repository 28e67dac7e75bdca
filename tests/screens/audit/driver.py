"""The audit log on a test's database, opened by Pilot, beside what SQL says it should show."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import psycopg

from tests.support.acme import ACME
from tests.support.commands import execute
from tests.support.database.log_rows import fill_log, let_eve_read
from tests.support.terminal.console_driver import new_app, run_headless
from tui.screens.audit.pane import AuditPane
from tui.screens.audit.screen import AuditScreen
from tui.screens.choosers.organization import OrganizationChooser
from tui.widgets.filter_line import FilterLine
from tui.widgets.frame import PartsLine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from tests.support.terminal.console_driver import ConsoleDriver
    from tui.widgets.window_list import WindowBody

IN_ORDER = "order by created_at desc nulls last, id desc"
WAITING = ("connection", "freshness", "follow", "ask", "export")
OF_ACME = f"organization_id = '{ACME}'"


def log_slow_to_export(conninfo: str, rows: int) -> str:
    """Fill a log whose older third takes the server long, where all of it is read. Returns the URI of such a login."""
    fill_log(conninfo, rows)
    slowly = f"case when (details ->> 'n')::int <= {rows // 3} then pg_sleep(0.05)::text = '' else true end"
    with psycopg.connect(conninfo) as connection:
        let_eve_read(connection)
        connection.execute("grant execute on all functions in schema switchboard to eve")
        for setting in ("enable_seqscan", "enable_sort", "enable_bitmapscan"):
            connection.execute(f"alter role eve set {setting} = off".encode())
        connection.execute(f"create policy slow on integration_audit_logs for select to eve using ({slowly})".encode())
    return conninfo.replace("postgres@", "eve@")


@asynccontextmanager
async def audit_log(conninfo: str, *, size: tuple[int, int] = (80, 24), **more: str) -> AsyncIterator[ConsoleDriver]:
    """A console whose log is open and read."""
    async with run_headless(new_app(conninfo, **more), size) as console:
        await open_audit_log(console)
        yield console


async def open_audit_log(console: ConsoleDriver) -> None:
    """Go to section 4 and wait until everything is read."""
    await console.wait_for("● connected")
    await console.press("4")
    await console.wait_for(lambda: isinstance(console.app.screen, AuditScreen))
    await wait_until_idle(console)


async def wait_until_idle(console: ConsoleDriver) -> None:
    """Wait until keys are done and nothing is read any more; watching the connection and following go on."""
    await console.wait_for(
        lambda: (
            console.app.keys_done
            and all(worker.is_finished for worker in console.app.workers if worker.group not in WAITING)
        )
    )


async def press_and_wait(console: ConsoleDriver, *keys: str) -> None:
    """Press keys, each when what the one before it asked for is there."""
    for key in keys:
        await console.press(key)
        await wait_until_idle(console)


async def apply_filter(console: ConsoleDriver, text: str, key: str = "slash") -> None:
    """Type a filter, or with `s` a search, over the one there is, and apply it."""
    await console.press(key, "ctrl+u")
    await console.type(text)
    await press_and_wait(console, "enter")


async def choose_organization(console: ConsoleDriver, name: str) -> None:
    """Look at another organisation, found by a part of its name."""
    await console.press("o")
    await console.wait_for(lambda: isinstance(console.app.screen, OrganizationChooser) and "Globex" in console.text)
    await console.type(name)
    await console.press("enter")


async def wait_for_status(console: ConsoleDriver, *texts: str) -> None:
    """Wait until the status line says something: looking at the whole screen again and again would cost more."""
    await console.wait_for(lambda: all(text in console.status for text in texts))


async def wait_for_question(console: ConsoleDriver) -> None:
    """Wait until a question is open."""
    await console.wait_for(lambda: console.page.prompt.is_asking)


async def wait_for_rows(console: ConsoleDriver, *actions: str) -> None:
    """Wait until rows of these actions are on the list."""
    await console.wait_for(lambda: {*actions} <= {line.row.action for line in pane(console).window.lines()})


def pane(console: ConsoleDriver) -> AuditPane:
    """The list of the log."""
    return console.app.screen_stack[0].query_one(AuditPane)


def body(console: ConsoleDriver) -> WindowBody:
    """The lines of the list."""
    return pane(console).body


def current_id(console: ConsoleDriver) -> UUID | None:
    """The id of the row under the cursor; None while there is none."""
    row = pane(console).current
    return row.id if row else None


def visible_ids(console: ConsoleDriver) -> list[UUID]:
    """The ids of the rows in view."""
    shown = body(console)
    lines = pane(console).window.lines()[shown.top : shown.top + shown.lines_seen]
    assert [line.key for line in lines] == list(shown._keys[shown.top : shown.top + shown.lines_seen])
    return [line.row.id for line in lines]


def ids_by_sql(conninfo: str, where: str = OF_ACME) -> list[UUID]:
    """The ids of rows in the order of the log."""
    return [
        row_id for (row_id,) in execute(conninfo, f"select id from integration_audit_logs where {where} {IN_ORDER}")
    ]


def offered_texts(console: ConsoleDriver) -> str:
    """What stands below the filter while it is typed."""
    return "".join(part.text + " " for part in console.page.query_one("#filter-offers", PartsLine).parts)


def typed_text(console: ConsoleDriver) -> str:
    """What stands in the line for the filter."""
    return console.page.query_one(FilterLine).field.value
