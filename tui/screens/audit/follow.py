"""Following the log on the screen: new rows come on top while the cursor is there, and are counted while it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.errors import SwitchboardError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.data.audit.filter import LogFilter
    from tui.data.audit.tail import Tail
    from tui.screens.audit.pane import LogPane
    from tui.screens.page import Page


class LogFollow:
    """Polls while it is on. The page reads its rows after `begin`, so that nothing is missed in between."""

    def __init__(self, page: Page, pane: LogPane, resume: Callable[[], None]) -> None:
        self._page = page
        self._pane = pane
        self._resume = resume
        self.is_on = False
        self.came = False
        """Whether rows have come since `begin`, so that what was counted before holds no more."""
        self._waiting = 0

    @property
    def words(self) -> str:
        """Whether it follows, for the context line."""
        if not self.is_on:
            return ""
        if self._pane.takes_new:
            return "following"
        return f"paused, {self._waiting:,} new (g)" if self._waiting else "paused (g)"

    def stop(self) -> None:
        """Follow no more."""
        self.is_on = False
        self.pause()

    def pause(self) -> None:
        """Look for nothing until `begin`: what comes is of what was shown before."""
        self._page.workers.cancel_group(self._page, "follow")

    def give_up(self) -> None:
        """Follow no more where `begin` was not reached."""
        if not any(worker.group == "follow" and worker.is_running for worker in self._page.workers):
            self.stop()

    def failed(self, failure: SwitchboardError) -> None:
        """Follow no more, unless there will be a connection again: then the page is loaded anew, and begins anew."""
        self.is_on = self.is_on and failure.may_pass

    async def begin(self, wanted: LogFilter) -> None:
        """Take what is in the log by now as known, and look for what is new from now on. Raises what reading raises."""
        from tui.data.audit.tail import Tail

        self._waiting, self.came = 0, False
        tail = Tail(self._page.session.database, wanted)
        await tail.begin()
        if self.is_on:
            self._page.run_worker(self._poll(tail), group="follow", exclusive=True, exit_on_error=False)

    async def _poll(self, tail: Tail) -> None:
        from tui.data.audit.tail import follow

        try:
            async for rows in follow(tail):
                if not self._page.is_mounted:
                    return
                self.came = True
                if not self._pane.takes_new or not await self._pane.add_new(rows[::-1]):
                    self._waiting += len(rows)
                self._page.refresh_frame()
        except SwitchboardError as failure:
            self.failed(failure)
            if self._page.is_mounted:
                self._page.tell_failure(failure)
                self._page.refresh_frame()

    def moved(self) -> None:
        """Go on where the cursor is back on top: what has come meanwhile is read."""
        if self.is_on and self._waiting and self._pane.at_top:
            self._waiting = 0
            self._resume()
