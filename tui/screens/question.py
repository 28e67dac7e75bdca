"""A question to the server that follows what is typed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.widget import Widget

PAUSE_S = 0.1
"""After a key, before the server is asked: who types on asks once."""

Found = TypeVar("Found")


class Question(Generic[Found]):
    """Asks for what is typed, one question at a time; an answer to anything but what stands there now is dropped.

    No question is cut off when a key comes: its connection would be. `answered` is the text of the answer on show.
    """

    def __init__(
        self,
        owner: Widget,
        wanted: Callable[[], str],
        find: Callable[[str], Awaitable[Found]],
        show: Callable[[str, Found], Awaitable[None]],
    ) -> None:
        self._owner = owner
        self._wanted = wanted
        self._find = find
        self._show = show
        self.answered: str | None = None
        self.is_under_way = False

    @property
    def is_answered(self) -> bool:
        """Whether what is on show is the answer to what stands there."""
        return self.answered == self._wanted()

    async def ask(self) -> None:
        """Ask once. Raises what finding raises."""
        text, self.answered = self._wanted(), None
        found = await self._find(text)
        if self._owner.is_mounted and text == self._wanted():
            self.answered = text
            await self._show(text, found)

    async def follow(self) -> None:
        """Ask until the answer is that to what is typed, unless that is under way. Raises what finding raises."""
        if self.is_under_way:
            return
        self.is_under_way = True
        try:
            while self._owner.is_mounted and not self.is_answered:
                await asyncio.sleep(PAUSE_S)
                await self.ask()
        finally:
            self.is_under_way = False
