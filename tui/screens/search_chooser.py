"""Choosing one of any number: the server is asked for what is typed, so nothing has to be on the list to be found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual import work

from tui.errors import SwitchboardError
from tui.screens.chooser import ChooserScreen
from tui.screens.question import Question
from tui.widgets.frame import Part
from tui.widgets.line_input import LineInput
from tui.widgets.row_list import RowBody
from tui.widgets.state_switcher import StateSwitcher

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.widgets.row_list import Row


class SearchScreen(ChooserScreen):
    """Shows what the server finds.

    Enter before the answer to what is typed takes the one that it brings, where it brings one alone or one of exactly
    that name: rows of an earlier text are no choice of anybody's.
    """

    what: ClassVar[str] = ""
    most: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[str, Any] = {}
        self._question = Question(self, lambda: self.query_one("#wanted", LineInput).value, self.find, self._show)
        self._enter_waits = False
        self._is_cut = False

    async def find(self, text: str) -> Sequence[tuple[Any, Row]]:
        """Return what matches, each with its row, at most `most`. Raises what reading raises."""
        raise NotImplementedError

    async def show_none(self, text: str) -> None:
        """Say why there is nothing."""
        raise NotImplementedError

    def context(self) -> tuple[Part, ...]:
        more = (Part(f"the first {self.most}: type more of the name", "quiet"),) if self._is_cut else ()
        return (*super().context(), *more)

    async def load(self) -> None:
        self.query_one(StateSwitcher).show_loading(self.what)
        await self._question.ask()

    def show_failure(self, failure: SwitchboardError) -> None:
        self.query_one(StateSwitcher).show_empty(failure.sentence, "type on  ask again")
        super().show_failure(failure)

    def show_rows(self) -> None:
        """Look for what is typed."""
        self._enter_waits = False
        if not self._question.is_answered and not self._question.is_under_way:
            self.query_one(StateSwitcher).show_loading(self.what)
            self._follow()

    def take_current(self) -> None:
        if self._question.is_answered:
            super().take_current()
        else:
            self._enter_waits = True

    @work(group="search", exit_on_error=False)
    async def _follow(self) -> None:
        try:
            await self._question.follow()
        except SwitchboardError as failure:
            if self.is_mounted:
                self.show_failure(failure)

    async def _show(self, text: str, found: Sequence[tuple[Any, Row]]) -> None:
        self.known = {row.key: one for one, row in found}
        self._is_cut = len(found) >= self.most
        self.query_one(RowBody).show([row for _, row in found])
        if found:
            self.query_one(StateSwitcher).show_content()
        else:
            await self.show_none(text)
        self.refresh_frame()
        enter_waits, self._enter_waits = self._enter_waits, False
        if not enter_waits or not found:
            return
        meant = [row for _, row in found if _says(row, text)] if len(found) > 1 else [found[0][1]]
        if len(meant) == 1:
            self.chosen(meant[0].key)
        else:
            self.status.say("More than one matches: choose one.", "warning")


def _says(row: Row, text: str) -> bool:
    """Whether one of the row's cells is exactly what was typed, in any case."""
    wanted = text.strip().casefold()
    return any(cell.text.casefold() == wanted for cell in row.cells if wanted)
