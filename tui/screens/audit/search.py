"""Looking for rows within what the filter shows: the next one that matches, older or newer, however far away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.data.audit.pages import Place
from tui.words.text import safe_text
from tui.words.times import to_the_minute

if TYPE_CHECKING:
    from tui.data.audit.name_resolution import ResolvedFilter
    from tui.screens.audit.pane import AuditPane
    from tui.screens.audit.state import AuditState
    from tui.screens.page import Page


class AuditSearch:
    """The search in `state`: marks what matches it, and goes from one match to the next."""

    def __init__(self, page: Page, pane: AuditPane, state: AuditState) -> None:
        self._page = page
        self._pane = pane
        self._state = state

    @property
    def text(self) -> str:
        """What is searched for, as it was typed; empty where nothing is."""
        return self._state.search.audit_filter.text if self._state.search else ""

    @property
    def words(self) -> str:
        """What is searched for, for the context line."""
        return f"s {safe_text(self.text, 30)}" if self.text else ""

    async def mark(self) -> None:
        """Mark the rows that match. Raises what reading raises."""
        await self._pane.mark(self._state.search.audit_filter if self._state.search else None)

    async def begin(self, search: ResolvedFilter) -> None:
        """Search for something else, and go to its first match from the cursor on; an empty one ends the search.

        Raises as `go_on`.
        """
        self._state.search = search if search.audit_filter.text else None
        await self.mark()
        # The row under the cursor may be the first match.
        if self.text and not self._pane.at_match:
            await self.go_on(1)

    def end(self) -> None:
        """Search for nothing any more."""
        self._state.search = None
        self._pane.unmark()

    async def go_on(self, by: int) -> None:
        """Go to the next older (1) or newer (-1) match, in one query where an index serves. Raises what reading raises.

        Runs until it is cancelled, also on the server, where rows have to be looked through.
        """
        pane, start, search = self._pane, self._pane.current, self._state.search
        if pane.reader is None or start is None or search is None:
            return
        matching = pane.reader.matching(search.audit_filter)
        place = Place.of(start)
        async for step in matching.older(place, 1) if by > 0 else matching.newer(place, 1):
            if step.rows:
                self._page.status.clear()
                await pane.open_at(step.rows[0])
                await pane.mark_the_rest()
                return
            if step.searched_to is not None:
                until = to_the_minute(step.searched_to, pane.zone)
                self._page.status.say(f"Searching ... {'back' if by > 0 else 'up'} to {until}; esc stops.")
        where, other = ("older", "N") if by > 0 else ("newer", "n")
        await pane.mark_the_rest()
        self._page.status.say(f"No {where} row matches; {other} searches the other way.")
