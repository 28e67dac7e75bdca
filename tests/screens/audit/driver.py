"""The audit log on a test's database, opened by Pilot, beside what SQL says it should show."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tests.support.commands import execute
from tests.support.sitting import ACME
from tests.support.terminal.console_app import console, piloted
from tui.screens.audit.pane import AuditPane
from tui.screens.audit.screen import AuditScreen
from tui.widgets.filter_line import FilterLine
from tui.widgets.frame import Line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from tests.support.terminal.console_app import Console
    from tui.widgets.window_list import WindowBody

IN_ORDER = "order by created_at desc nulls last, id desc"
WAITING = ("connection", "follow", "ask", "export")
OF_ACME = f"organization_id = '{ACME}'"


@asynccontextmanager
async def log(conninfo: str, *, size: tuple[int, int] = (80, 24), **more: str) -> AsyncIterator[Console]:
    """A console whose log is open and read."""
    async with piloted(console(conninfo, **more), size) as it:
        await open_log(it)
        yield it


async def open_log(it: Console) -> None:
    """Go to section 4 and wait until everything is read."""
    await it.wait_for("● connected")
    await it.press("4")
    await it.wait_for(lambda: isinstance(it.app.screen, AuditScreen))
    await settled(it)


async def settled(it: Console) -> None:
    """Wait until nothing is read, counted or looked up any more; watching the connection and following go on."""
    await it.wait_for(lambda: all(worker.is_finished for worker in it.app.workers if worker.group not in WAITING))


async def press(it: Console, *keys: str) -> None:
    """Press keys, each when what the one before it asked for is there."""
    for key in keys:
        await it.press(key)
        await settled(it)


async def apply(it: Console, text: str, key: str = "slash") -> None:
    """Type a filter, or with `s` a search, over the one there is, and apply it."""
    await it.press(key, "ctrl+u")
    await it.type(text)
    await it.press("enter")
    await settled(it)


async def said(it: Console, *texts: str) -> None:
    """Wait until the status line says something: looking at the whole screen again and again would cost more."""
    await it.wait_for(lambda: all(text in it.status for text in texts))


async def asked(it: Console) -> None:
    """Wait until a question is open."""
    await it.wait_for(lambda: it.page.prompt.is_asking)


async def listed(it: Console, *actions: str) -> None:
    """Wait until rows of these actions are on the list."""
    await it.wait_for(lambda: {*actions} <= {line.row.action for line in pane(it).window.lines()})


def pane(it: Console) -> AuditPane:
    """The list of the log."""
    return it.app.screen_stack[0].query_one(AuditPane)


def body(it: Console) -> WindowBody:
    """The lines of the list."""
    return pane(it).body


def current(it: Console) -> UUID:
    """The id of the row under the cursor."""
    row = pane(it).current
    assert row is not None
    return row.id


def seen(it: Console) -> list[UUID]:
    """The ids of the rows in view."""
    shown = body(it)
    lines = pane(it).window.lines()[shown.top : shown.top + shown.lines_seen]
    assert [line.key for line in lines] == list(shown._keys[shown.top : shown.top + shown.lines_seen])
    return [line.row.id for line in lines]


def of_sql(conninfo: str, where: str = OF_ACME) -> list[UUID]:
    """The ids of rows in the order of the log."""
    return [
        row_id for (row_id,) in execute(conninfo, f"select id from integration_audit_logs where {where} {IN_ORDER}")
    ]


def offers(it: Console) -> str:
    """What stands below the filter while it is typed."""
    return "".join(part.text + " " for part in it.page.query_one("#filter-offers", Line).parts)


def typed(it: Console) -> str:
    """What stands in the line for the filter."""
    return it.page.query_one(FilterLine).field.value
