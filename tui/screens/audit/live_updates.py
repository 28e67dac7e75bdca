"""Following the audit log: new rows come on top while the cursor is on the newest, and are counted while it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.data.audit.tail import Tail, follow
from tui.errors import SwitchboardError
from tui.screens.audit.state import Following

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.data.audit.filter import AuditFilter
    from tui.screens.audit.pane import AuditPane
    from tui.screens.audit.state import AuditState
    from tui.screens.page import Page


class LiveUpdates:
    """Polls for new rows. The page reads its rows after `begin`, so that nothing is missed in between."""

    def __init__(self, page: Page, pane: AuditPane, state: AuditState, show_newest: Callable[[], None]) -> None:
        self._page = page
        self._pane = pane
        self._state = state
        self._show_newest = show_newest

    @property
    def words(self) -> str:
        """Whether new rows are shown, for the context line."""
        if not self._state.is_following:
            return ""
        if self._pane.takes_new:
            return "following"
        waiting = self._state.rows_waiting
        return f"paused, {waiting:,} new (g)" if waiting else "paused (g)"

    def stop(self) -> None:
        """Follow no more."""
        self.pause()
        self._state.following = Following.OFF

    def pause(self) -> None:
        """Look for nothing until `begin`: what comes is of what was shown before."""
        self._page.workers.cancel_group(self._page, "follow")
        self._state.pause_following()

    def give_up(self) -> None:
        """Follow no more where `begin` was not reached."""
        if self._state.following is not Following.ON:
            self.stop()

    def on_failure(self, failure: SwitchboardError) -> None:
        """Follow no more, unless there will be a connection again: then the page is loaded anew, and begins anew."""
        self._state.pause_following()
        if not failure.may_pass:
            self._state.following = Following.OFF

    async def begin(self, audit_filter: AuditFilter) -> None:
        """Take what is in the log by now as known, and look for what is new from now on. Raises what reading raises."""
        self._state.rows_arrived = self._state.rows_waiting = 0
        tail = Tail(self._page.session.database, audit_filter)
        await tail.begin()
        if self._state.is_following:
            self._state.following = Following.ON
            self._page.run_worker(self._poll(tail), group="follow", exclusive=True, exit_on_error=False)

    async def _poll(self, tail: Tail) -> None:
        try:
            async for rows in follow(tail):
                if not self._page.is_mounted:
                    return
                self._state.rows_arrived += len(rows)
                if not self._pane.takes_new or not await self._pane.add_new(rows[::-1]):
                    self._state.rows_waiting += len(rows)
                self._page.refresh_frame()
        except SwitchboardError as failure:
            self.on_failure(failure)
            if self._page.is_mounted:
                self._page.report_failure(failure)
                self._page.refresh_frame()

    def on_cursor_moved(self) -> None:
        """Go on where the cursor is back on top: what has come meanwhile is read."""
        if self._state.is_following and self._state.rows_waiting and self._pane.at_top:
            self._state.rows_waiting = 0
            self._show_newest()
