"""A search on the server that follows what is typed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.widget import Widget

PAUSE_S = 0.1
"""After a key, before the server is asked: who types on asks once."""

Result = TypeVar("Result")


class LiveSearch(Generic[Result]):
    """Runs one search at a time for what `typed` returns, and drops the result of any other text.

    `answered` is the text whose result is on show.
    """

    def __init__(
        self,
        owner: Widget,
        typed: Callable[[], str],
        find: Callable[[str], Awaitable[Result]],
        show: Callable[[str, Result], Awaitable[None]],
    ) -> None:
        self._owner = owner
        self._typed = typed
        self._find = find
        self._show = show
        self.answered: str | None = None
        self.is_running = False

    @property
    def is_answered(self) -> bool:
        """Whether the result on show is that of what is typed."""
        return self.answered == self._typed()

    async def run(self) -> None:
        """Search once. Raises what `find` raises."""
        text, self.answered = self._typed(), None
        result = await self._find(text)
        if self._owner.is_mounted and text == self._typed():
            self.answered = text
            await self._show(text, result)

    async def follow(self) -> None:
        """Search until the result is that of what is typed, unless this is running. Raises what `find` raises."""
        # A key does not cancel the search that runs, since a cancelled unit closes its connection.
        if self.is_running:
            return
        self.is_running = True
        try:
            while self._owner.is_mounted and not self.is_answered:
                await asyncio.sleep(PAUSE_S)
                await self.run()
        finally:
            self.is_running = False
