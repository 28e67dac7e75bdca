"""Keeping what is on the screen as it is in the database: looks for changes while a section is shown."""

from __future__ import annotations

import asyncio
import time
from functools import partial
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
FIRST_LOOK_AFTER_S = 0.3
"""Not beside the first rows, which would come later for it; less than what ChangeWatch takes for just before."""


class ConsoleOnTop(Protocol):
    """What is asked of the app: its connection, the last key's moment, and its screens."""

    connection: ConsoleConnection
    last_key_at: float

    @property
    def screen_stack(self) -> list[Screen[Any]]:
        """The screens of the section that is open, the one on top last; none while the console ends."""


class Freshness:
    """Looks every LOOK_EVERY_S, after SELDOM_AFTER_S without a key every LOOK_SELDOM_EVERY_S, for new log rows.

    In one way for every connection: through a pooler too, and for the rows of other programs. Only a change reads
    anything again.
    """

    def __init__(self, app: ConsoleOnTop) -> None:
        self._app = app
        self._changed_at = 0.0

    async def run(self) -> None:
        """Look until it is cancelled; a login that may not read the log asks once, and learns how old everything is."""
        # Neither the session nor its database is kept in a variable: what is left goes with its key and password.
        organization = self._app.connection.session.organization
        if organization is None:
            return
        looked_at = self._changed_at = 0.0
        await asyncio.sleep(FIRST_LOOK_AFTER_S)
        from tui.data.audit.change_watch import ChangeWatch

        watch: ChangeWatch | None = ChangeWatch(organization.id)
        while True:
            now = time.monotonic()
            if now - self._app.last_key_at < SELDOM_AFTER_S or now - looked_at >= LOOK_SELDOM_EVERY_S:
                looked_at = now
                try:
                    await self._look(watch)
                except PermissionDenied:
                    watch = None
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self, watch: ChangeWatch | None) -> None:
        """Look once, and let the page on top be read again where it was read before the last change.

        Whom the database takes the login for is looked at as well, behind every page: where it admits it no more,
        nothing could be read that would say so.
        """
        page, is_known, connection = self._page_on_top(), False, self._app.connection
        if page is None:
            return
        if connection.ready and not page.is_busy:
            try:
                if watch is not None and page.follows_changes:
                    has_news = await watch.has_news(connection.session.database)
                    ask = partial(connection.session.follow_login, watch.login)
                    if has_news:
                        self._changed_at = time.monotonic()
                    is_known = True
                else:
                    ask = partial(connection.session.look_at_login)
                if not await connection.follow_login(ask):
                    return
            except PermissionDenied:
                raise
            except SwitchboardError:
                # Whoever watches the connection finds out by himself and says so.
                pass
        if page is not self._page_on_top():
            return
        # The page says itself when it was read: another one may have been on top at the change.
        if not (is_known and not page.reading.has_been_tried_since(self._changed_at) and page.read_behind()):
            page.confirm(self._changed_at if is_known else None)

    def _page_on_top(self) -> Page | None:
        page = next(reversed(self._app.screen_stack), None)
        return page if isinstance(page, Page) and page.is_mounted else None
