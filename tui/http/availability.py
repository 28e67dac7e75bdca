"""Whether the database is there: once it is not, every request is told so at once, until it is back."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from tui.errors import ConnectionFailed, NoFreeConnection, SwitchboardError

if TYPE_CHECKING:
    from tui.data.postgres.database import Database

ASKED_AGAIN_AFTER_S = 10.0


class Availability:
    """Asks for the database, from when a request has missed it to when it answers again."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._failure: ConnectionFailed | None = None
        self._waiting: asyncio.Task[None] | None = None

    def require(self) -> None:
        """Raise ConnectionFailed while the database is away."""
        if self._failure is not None:
            raise self._failure

    def note(self, error: SwitchboardError) -> None:
        """Take down that the database was missed; that every connection is in use is no such failure."""
        if isinstance(error, NoFreeConnection) or not isinstance(error, ConnectionFailed):
            return
        if self._waiting is None or self._waiting.done():
            self._failure = error
            self._waiting = asyncio.create_task(self._wait())

    async def close(self) -> None:
        """Stop asking."""
        if self._waiting is not None:
            self._waiting.cancel()
            await asyncio.wait({self._waiting})

    async def _wait(self) -> None:
        """Ask until it is back; also where the login is refused for now, which somebody has to mend."""
        while True:
            refusal: SwitchboardError | None = None
            with contextlib.suppress(SwitchboardError):
                refusal = await self._database.until_back()
            if refusal is None:
                self._failure = None
                return
            await asyncio.sleep(ASKED_AGAIN_AFTER_S)
