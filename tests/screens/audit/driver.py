"""The audit log on a test's database, opened by Pilot, beside what SQL says it should show."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tests.support.acme import ACME
from tests.support.commands import execute
from tests.support.terminal.console_app import console, piloted
from tui.screens.audit.pane import AuditPane
from tui.screens.audit.screen import AuditScreen
from tui.widgets.filter_line import FilterLine
from tui.widgets.frame import PartsLine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from tests.support.terminal.console_app import Console
    from tui.widgets.window_list import WindowBody

IN_ORDER = "order by created_at desc nulls last, id desc"
WAITING = ("connection", "follow", "ask", "export")
OF_ACME = f"organization_id = '{ACME}'"


@asynccontextmanager
async def audit_log(conninfo: str, *, size: tuple[int, int] = (80, 24), **more: str) -> AsyncIterator[Console]:
    """A console whose log is open and read."""
    async with piloted(console(conninfo, **more), size) as ui:
        await open_audit_log(ui)
        yield ui


async def open_audit_log(ui: Console) -> None:
    """Go to section 4 and wait until everything is read."""
    await ui.wait_for("● connected")
    await ui.press("4")
    await ui.wait_for(lambda: isinstance(ui.app.screen, AuditScreen))
    await wait_until_idle(ui)


async def wait_until_idle(ui: Console) -> None:
    """Wait until nothing is read, counted or looked up any more; watching the connection and following go on."""
    await ui.wait_for(lambda: all(worker.is_finished for worker in ui.app.workers if worker.group not in WAITING))


async def press_and_wait(ui: Console, *keys: str) -> None:
    """Press keys, each when what the one before it asked for is there."""
    for key in keys:
        await ui.press(key)
        await wait_until_idle(ui)


async def apply_filter(ui: Console, text: str, key: str = "slash") -> None:
    """Type a filter, or with `s` a search, over the one there is, and apply it."""
    await ui.press(key, "ctrl+u")
    await ui.type(text)
    await ui.press("enter")
    await wait_until_idle(ui)


async def wait_for_status(ui: Console, *texts: str) -> None:
    """Wait until the status line says something: looking at the whole screen again and again would cost more."""
    await ui.wait_for(lambda: all(text in ui.status for text in texts))


async def wait_for_question(ui: Console) -> None:
    """Wait until a question is open."""
    await ui.wait_for(lambda: ui.page.prompt.is_asking)


async def wait_for_rows(ui: Console, *actions: str) -> None:
    """Wait until rows of these actions are on the list."""
    await ui.wait_for(lambda: {*actions} <= {line.row.action for line in pane(ui).window.lines()})


def pane(ui: Console) -> AuditPane:
    """The list of the log."""
    return ui.app.screen_stack[0].query_one(AuditPane)


def body(ui: Console) -> WindowBody:
    """The lines of the list."""
    return pane(ui).body


def current_id(ui: Console) -> UUID:
    """The id of the row under the cursor."""
    row = pane(ui).current
    assert row is not None
    return row.id


def visible_ids(ui: Console) -> list[UUID]:
    """The ids of the rows in view."""
    shown = body(ui)
    lines = pane(ui).window.lines()[shown.top : shown.top + shown.lines_seen]
    assert [line.key for line in lines] == list(shown._keys[shown.top : shown.top + shown.lines_seen])
    return [line.row.id for line in lines]


def ids_by_sql(conninfo: str, where: str = OF_ACME) -> list[UUID]:
    """The ids of rows in the order of the log."""
    return [
        row_id for (row_id,) in execute(conninfo, f"select id from integration_audit_logs where {where} {IN_ORDER}")
    ]


def offered_texts(ui: Console) -> str:
    """What stands below the filter while it is typed."""
    return "".join(part.text + " " for part in ui.page.query_one("#filter-offers", PartsLine).parts)


def typed_text(ui: Console) -> str:
    """What stands in the line for the filter."""
    return ui.page.query_one(FilterLine).field.value
