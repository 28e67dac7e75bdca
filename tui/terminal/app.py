"""The base of the app: it runs on TerminalDriver, knows a slow terminal, and how it ends: asked to, or with a crash."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual.app import App
from textual.worker import Worker, WorkerState

from tui.errors import Crashed
from tui.process.crash_report import crash_report
from tui.terminal.driver import TerminalDriver

if TYPE_CHECKING:
    from pathlib import Path


class TerminalApp(App[int]):
    """Runs on `TerminalDriver`; `run` returns the exit status, and `crash_file` names the report after a crash.

    `EndingOnSignals` calls `end_soon` and `wake`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.driver_class = TerminalDriver
        # Every screen would have two widgets more, and be laid out once more behind its first frame, for what is said
        # on the status line here.
        self._disable_notifications = self._disable_tooltips = True
        self.crash_file: Path | None = None
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

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Let nothing that a worker of the app did not expect go by in silence."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.fail(event.worker.error)

    def fail(self, error: BaseException) -> None:
        """End the program with a crash report."""
        if isinstance(error, Exception):
            self._handle_exception(error)

    def _fatal_error(self) -> None:
        # In place of Textual's crash page, which prints local variables, and with them whatever secret they hold.
        if self._exit:
            # A screen that was being laid out when the end came finds its widgets gone: that is no crash.
            self._return_code = 0
            self._close_messages_no_wait()
            return
        if self._exception is not None and self.crash_file is None:
            self.crash_file = crash_report(self._exception)
        self._return_code = Crashed.exit_status
        self._return_value = Crashed.exit_status
        self._close_messages_no_wait()

    def panic(self, *renderables: object) -> None:
        """Never print what an exception wants to show: it may hold a secret."""
        self._fatal_error()

    @property
    def terminal_is_behind(self) -> bool:
        """Whether the terminal has not accepted, or not drawn, earlier frames."""
        return isinstance(self._driver, TerminalDriver) and self._driver.is_behind


def _do_nothing() -> None:
    """Do nothing: the call alone wakes a loop."""
