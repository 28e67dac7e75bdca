"""Keeping what is on the screen as it is in the database: looks for changes while a section is shown."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Protocol

from tui.errors import PermissionDenied, SwitchboardError
from tui.screens.page import Page

if TYPE_CHECKING:
    from textual.screen import Screen

    from tui.data.audit.change_watch import ChangeWatch
    from tui.session.console_connection import ConsoleConnection

LOOK_EVERY_S = 5.0
SELDOM_AFTER_S = 600.0
LOOK_SELDOM_EVERY_S = 30.0


class ConsoleOnTop(Protocol):
    """What is asked of the app: its connection, the last key's moment, and the screen on top."""

    connection: ConsoleConnection
    last_key_at: float

    @property
    def screen(self) -> Screen[Any]:
        """The screen on top."""


class Freshness:
    """Looks every LOOK_EVERY_S, after SELDOM_AFTER_S without a key every LOOK_SELDOM_EVERY_S, for new log rows.

    In one way for every connection: through a pooler too, and for the rows of other programs. Only a change reads
    anything again.
    """

    def __init__(self, app: ConsoleOnTop) -> None:
        self._app = app

    async def run(self) -> None:
        """Look until it is cancelled; a login that may not read the log asks once, and learns how old everything is."""
        from tui.data.audit.change_watch import ChangeWatch

        # Not kept in a variable: a session that is left goes with its master key.
        organization = self._app.connection.session.organization
        if organization is None:
            return
        watch: ChangeWatch | None = ChangeWatch(self._app.connection.session.database, organization.id)
        looked_at, has_changed = 0.0, False
        while True:
            now = time.monotonic()
            if now - self._app.last_key_at < SELDOM_AFTER_S or now - looked_at >= LOOK_SELDOM_EVERY_S:
                looked_at = now
                try:
                    has_changed = await self._look(watch, has_changed)
                except PermissionDenied:
                    watch = None
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self, watch: ChangeWatch | None, has_changed: bool) -> bool:
        """Look once; return whether there is a change that has not been read yet."""
        page, is_known = self._app.screen, False
        if not isinstance(page, Page) or not page.is_mounted:
            return has_changed
        if watch is not None and self._app.connection.ready and page.follows_changes:
            try:
                has_changed = await watch.has_news() or has_changed
                is_known = True
            except PermissionDenied:
                raise
            except SwitchboardError:
                # Whoever watches the connection finds out by himself and says so.
                pass
        if page is not self._app.screen or not page.is_mounted:
            return has_changed
        if has_changed and is_known and page.read_behind():
            return False
        page.confirm(unchanged=is_known and not has_changed)
        return has_changed
