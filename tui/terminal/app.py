"""An app on a terminal of its own driver: what ends it from outside, and whether the terminal keeps up."""

from __future__ import annotations

import asyncio

from textual.app import App

from tui.terminal.driver import TerminalDriver


class TerminalApp(App[int]):
    """Runs on `TerminalDriver`; `run` returns the exit status. See `EndingOnSignals` for who asks it to end."""

    def __init__(self) -> None:
        super().__init__()
        self.driver_class = TerminalDriver
        self._loop_to_end: asyncio.AbstractEventLoop | None = None
        self._asked_to_end: int | None = None

    def on_mount(self) -> None:
        """End at once where that was asked before."""
        self._loop_to_end = asyncio.get_running_loop()
        self.app_resume_signal.subscribe(self, self._draw_again)
        if self._asked_to_end is not None:
            self.exit(self._asked_to_end)

    def end_soon(self, status: int) -> None:
        """End with this exit status; called in any thread, also before the first screen is drawn."""
        self._asked_to_end = status
        if self._loop_to_end is not None:
            self._loop_to_end.call_soon_threadsafe(self.exit, status)

    def wake(self) -> None:
        """Let the event loop take a turn; called in any thread."""
        if self._loop_to_end is not None:
            self._loop_to_end.call_soon_threadsafe(_nothing)

    def resumed(self) -> None:
        """Do what is due after the program was stopped (SIGTSTP) and goes on."""

    def _draw_again(self, _: object) -> None:
        self.resumed()
        # Textual draws only what has changed, and the terminal has cleared its screen.
        self.screen.refresh()

    def abandon_terminal(self) -> None:
        """Leave the terminal as it was: the process ends now, in whatever state the console is."""
        if isinstance(self._driver, TerminalDriver):
            self._driver.abandon()

    @property
    def terminal_is_behind(self) -> bool:
        """Whether the terminal has not taken, or not drawn, the frames before."""
        return isinstance(self._driver, TerminalDriver) and self._driver.is_behind


def _nothing() -> None:
    """Be called: that alone wakes a loop."""
