"""The base of the app: it runs on TerminalDriver, can be ended from any thread, and knows a slow terminal."""

from __future__ import annotations

import asyncio

from textual.app import App

from tui.terminal.driver import TerminalDriver


class TerminalApp(App[int]):
    """Runs on `TerminalDriver`; `run` returns the exit status. `EndingOnSignals` calls `end_soon` and `wake`."""

    def __init__(self) -> None:
        super().__init__()
        self.driver_class = TerminalDriver
        self._running_loop: asyncio.AbstractEventLoop | None = None
        self._requested_status: int | None = None

    def on_mount(self) -> None:
        """End at once where a signal came before the loop ran."""
        self._running_loop = asyncio.get_running_loop()
        self.app_resume_signal.subscribe(self, self._redraw)
        if self._requested_status is not None:
            self.exit(self._requested_status)

    def end_soon(self, status: int) -> None:
        """End with this exit status; may be called from any thread, also before the first screen is drawn."""
        self._requested_status = status
        if self._running_loop is not None:
            self._running_loop.call_soon_threadsafe(self.exit, status)

    def wake(self) -> None:
        """Let the event loop take a turn; may be called from any thread."""
        if self._running_loop is not None:
            self._running_loop.call_soon_threadsafe(_do_nothing)

    def after_resume(self) -> None:
        """Handle that the program goes on after it was stopped (SIGTSTP)."""

    def _redraw(self, _: object) -> None:
        self.after_resume()
        # Textual draws only what has changed, and the terminal has cleared its screen.
        self.screen.refresh()

    def abandon_terminal(self) -> None:
        """Restore the terminal, just before the process ends in whatever state the console is."""
        if isinstance(self._driver, TerminalDriver):
            self._driver.abandon()

    @property
    def terminal_is_behind(self) -> bool:
        """Whether the terminal has not accepted, or not drawn, earlier frames."""
        return isinstance(self._driver, TerminalDriver) and self._driver.is_behind


def _do_nothing() -> None:
    """Do nothing: the call alone wakes a loop."""
