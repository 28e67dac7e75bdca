"""Choosing one of any number: the server searches for what is typed, so that no list has to hold them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from tui.errors import SwitchboardError
from tui.screens.background import background
from tui.screens.choosers.chooser import ChooserScreen
from tui.screens.live_search import LiveSearch
from tui.widgets.frame import Part
from tui.widgets.row_list import RowBody
from tui.widgets.state_switcher import StateSwitcher

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.widgets.row_list import Row

T = TypeVar("T")


class SearchChooser(ChooserScreen, Generic[T]):
    """Shows what the server finds.

    Enter before the result of what is typed takes the only match of that result, or the only one of exactly that name:
    nobody chose a row of an earlier text.
    """

    what: ClassVar[str] = ""
    most: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self._matches: dict[str, T] = {}
        self._search = LiveSearch(self, lambda: self.typed, self.find, self._show)
        self._enter_waits = False

    async def find(self, text: str) -> Sequence[T]:
        """Return at most `most` matches. Raises what reading raises."""
        raise NotImplementedError

    def row_of(self, match: T) -> Row:
        """Return a match as a row of the list, with a key of its own."""
        raise NotImplementedError

    async def why_empty(self, text: str) -> tuple[str, str]:
        """Return why nothing matches, and what helps. Raises what reading raises."""
        raise NotImplementedError

    def take(self, match: T) -> None:
        """Do what choosing this match means."""
        raise NotImplementedError

    def context(self) -> tuple[Part, ...]:
        is_cut = len(self._matches) >= self.most
        more = (Part(f"the first {self.most}: type more of the name", "quiet"),) if is_cut else ()
        return (*super().context(), *more)

    async def load(self) -> None:
        self.query_one(StateSwitcher).show_loading(self.what)
        await self._search.run()

    def show_failure(self, failure: SwitchboardError) -> None:
        self.query_one(StateSwitcher).show_empty(failure.sentence, "type  search again")
        self.report_failure(failure)

    def show_rows(self) -> None:
        """Search for what is typed."""
        self._enter_waits = False
        if not self._search.is_answered and not self._search.is_running:
            self.query_one(StateSwitcher).show_loading(self.what)
            self._follow()

    def choose_current(self) -> None:
        if self._search.is_answered:
            super().choose_current()
        else:
            self._enter_waits = True

    def choose(self, key: str) -> None:
        self.take(self._matches[key])

    @background("search", exclusive=False)
    async def _follow(self) -> None:
        try:
            await self._search.follow()
        except SwitchboardError as failure:
            if self.is_mounted:
                self.show_failure(failure)

    async def _show(self, text: str, matches: Sequence[T]) -> None:
        rows = [self.row_of(match) for match in matches]
        self._matches = {row.key: match for row, match in zip(rows, matches, strict=True)}
        self.query_one(RowBody).show(rows)
        switcher = self.query_one(StateSwitcher)
        switcher.show_content() if rows else switcher.show_empty(*await self.why_empty(text))
        self.refresh_frame()
        # Enter came before this result.
        enter_waits, self._enter_waits = self._enter_waits, False
        if not enter_waits or not rows:
            return
        candidates = [row for row in rows if _is_named(row, text)] if len(rows) > 1 else rows
        if len(candidates) == 1:
            self.choose(candidates[0].key)
        else:
            self.status.say("More than one matches: choose one.", "warning")


def _is_named(row: Row, text: str) -> bool:
    """Whether one of the row's cells is exactly what was typed, in any case."""
    name = text.strip().casefold()
    return bool(name) and any(cell.text.casefold() == name for cell in row.cells)
