"""Keeping what is on the screen as it is in the database: looks for changes while a section is shown."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Protocol

from tui.errors import PermissionDenied, SwitchboardError

if TYPE_CHECKING:
    from tui.data.audit.change_watch import ChangeWatch
    from tui.session.console_connection import ConsoleConnection

LOOK_EVERY_S = 5.0
SELDOM_AFTER_S = 600.0
LOOK_SELDOM_EVERY_S = 30.0


class Reader(Protocol):
    """What shows the data, and follows it."""

    @property
    def seconds_idle(self) -> float:
        """How long ago the last key was pressed."""

    @property
    def follows_changes(self) -> bool:
        """Whether what is shown now can be read again by itself."""

    def read_behind(self) -> bool:
        """Read again what is shown, behind what is there; return False where that has to wait."""

    def confirm(self, *, unchanged: bool) -> None:
        """Say how old is what is shown; with `unchanged` it is as true as if it had been read now."""


class Freshness:
    """Looks every LOOK_EVERY_S, after SELDOM_AFTER_S without a key every LOOK_SELDOM_EVERY_S, for new log rows.

    In one way for every connection: through a pooler too, and for the rows of other programs. Only a change reads
    anything again.
    """

    def __init__(self, connection: ConsoleConnection, reader: Reader) -> None:
        self._connection = connection
        self._reader = reader

    async def run(self) -> None:
        """Look until it is cancelled; a login that may not read the log asks once, and learns how old everything is."""
        from tui.data.audit.change_watch import ChangeWatch

        session = self._connection.session
        if session.organization is None:
            return
        watch: ChangeWatch | None = ChangeWatch(session.database, session.organization.id)
        looked_at, has_changed = 0.0, False
        while True:
            if self._reader.seconds_idle < SELDOM_AFTER_S or time.monotonic() - looked_at >= LOOK_SELDOM_EVERY_S:
                looked_at = time.monotonic()
                try:
                    has_changed = await self._look(watch, has_changed)
                except PermissionDenied:
                    watch = None
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self, watch: ChangeWatch | None, has_changed: bool) -> bool:
        """Look once; return whether there is a change that has not been read yet."""
        is_known = False
        if watch is not None and self._connection.ready and self._reader.follows_changes:
            try:
                has_changed = await watch.has_news() or has_changed
                is_known = True
            except PermissionDenied:
                raise
            except SwitchboardError:
                # Whoever watches the connection finds out by himself and says so.
                pass
        if has_changed and is_known and self._reader.read_behind():
            return False
        self._reader.confirm(unchanged=is_known and not has_changed)
        return has_changed
