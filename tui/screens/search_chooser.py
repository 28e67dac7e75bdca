"""Choosing one of any number: the server is asked for what is typed, so nothing has to be on the list to be found."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work

from tui.data.errors import SwitchboardError
from tui.screens.chooser import ChooserScreen
from tui.widgets.faces import Faces
from tui.widgets.frame import Part
from tui.widgets.line_input import LineInput
from tui.widgets.row_list import RowBody

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.widgets.row_list import Row

PAUSE_S = 0.1
"""After a key, before the server is asked: who types on asks once."""


class SearchScreen(ChooserScreen):
    """Asks for what is typed, one question at a time; an answer to anything but what stands there now is dropped.

    Enter before that answer takes the one that it brings, where it brings one alone: rows of an earlier text are no
    choice of anybody's.
    """

    what: ClassVar[str] = ""
    most: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[str, Any] = {}
        self._answered: str | None = None
        self._is_asking = False
        self._enter_waits = False
        self._is_cut = False

    async def find(self, text: str) -> Sequence[tuple[Any, Row]]:
        """Return what matches, each with its row, at most `most`. Raises what reading raises."""
        raise NotImplementedError

    async def show_none(self, text: str) -> None:
        """Say why there is nothing."""
        raise NotImplementedError

    @property
    def wanted(self) -> str:
        """What is typed."""
        return self.query_one("#wanted", LineInput).value

    def context(self) -> tuple[Part, ...]:
        """Say what is being chosen, and whether there are more than are shown."""
        more = (Part(f"the first {self.most}: type more of the name", "quiet"),) if self._is_cut else ()
        return (*super().context(), *more)

    async def load(self) -> None:
        """Ask again for what stands there."""
        self.query_one(Faces).show_loading(self.what)
        await self._ask(self.wanted)

    def show_failure(self, failure: SwitchboardError) -> None:
        """Say in the list's place what went wrong."""
        self.query_one(Faces).show_empty(failure.sentence, "type on  ask again")
        super().show_failure(failure)

    def show_rows(self) -> None:
        """Look for what is typed."""
        self._enter_waits = False
        if self.wanted != self._answered and not self._is_asking:
            self.query_one(Faces).show_loading(self.what)
            self._follow()

    def take_current(self) -> None:
        """Take the row under the cursor, once the answer to what is typed is there."""
        if self._answered == self.wanted:
            super().take_current()
        else:
            self._enter_waits = True

    @work(group="search", exit_on_error=False)
    async def _follow(self) -> None:
        """Ask until the answer is that to what is typed. No question is cut off: its connection would be."""
        self._is_asking = True
        try:
            while self.is_mounted and self._answered != self.wanted:
                await asyncio.sleep(PAUSE_S)
                await self._ask(self.wanted)
        except SwitchboardError as failure:
            if self.is_mounted:
                self.show_failure(failure)
        finally:
            self._is_asking = False

    async def _ask(self, text: str) -> None:
        self._answered = None
        found = await self.find(text)
        if not self.is_mounted or text != self.wanted:
            return
        self._answered = text
        self.known = {row.key: one for one, row in found}
        self._is_cut = len(found) >= self.most
        self.query_one(RowBody).show([row for _, row in found])
        if found:
            self.query_one(Faces).show_content()
        else:
            await self.show_none(text)
        self.refresh_frame()
        if self._enter_waits and len(found) == 1:
            self.chosen(found[0][1].key)
        self._enter_waits = False
