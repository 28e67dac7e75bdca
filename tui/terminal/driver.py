"""A driver for Textual on a terminal behind a slow line that may go away at any moment."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import termios
import time
from typing import Any

from textual.drivers.linux_driver import LinuxDriver

from tui.terminal.early_screen import early_screen
from tui.terminal.input_grammar import InputGrammar
from tui.terminal.keys import KeyReader
from tui.terminal.pace import ANSWER, Pace
from tui.terminal.writer import TerminalWriter

READ_AT_ONCE = 65_536
# How often the input thread looks whether it is to end.
LOOKS_EVERY_S = 0.1
LAST_ANSWER_WITHIN_S = 0.5
LOOKS_FOR_ANSWER_EVERY_S = 0.01
OTHER_SCREEN = "\x1b[?1049h"
# Buttons and wheel, by numbers: https://invisible-island.net/xterm/ctlseqs/ctlseqs.html#h2-Mouse-Tracking
MOUSE = "\x1b[?1000h\x1b[?1006h"
USUAL_SIZE = (80, 24)
# The other screen, no cursor, reports of the focus, pastes in brackets, no wrapped lines: a shell may have undone them.
RETAKE_TERMINAL = f"{OTHER_SCREEN}\x1b[?25l\x1b[?1004h\x1b[?2004h\x1b[?7l"
# Any client of SSH may ask for 65535x65535, which would take gigabytes.
LARGEST_SIZE = (1000, 1000)


class TerminalDriver(LinuxDriver):
    """Reads by a grammar of its own, writes without blocking, and ends the program when the terminal is gone.

    `run_input_thread`, `_get_terminal_size`, `_query_in_band_window_resize`, `_enable_mouse_support` and `attrs_before`
    are Textual's own: its version is pinned.
    """

    def __init__(self, app: Any, **more: Any) -> None:
        super().__init__(app, **more)
        self._output = sys.__stderr__.fileno() if sys.__stderr__ is not None else 2
        self._writer: TerminalWriter | None = None
        self._pace = Pace()
        self._is_drawing = False
        self._is_suspended = False
        self._is_given_back = False
        self._raw_attributes: list[Any] | None = None

    @property
    def is_behind(self) -> bool:
        """Whether the terminal has not accepted, or is known not to have drawn, all that was written."""
        return self._pace.is_behind or (self._writer is not None and self._writer.pending > 0)

    def write(self, data: str) -> None:
        """Queue text for the terminal, unless it is given back: a screen may draw while Textual shuts down."""
        # The early screen is the other screen already: it would be cleared, and stay so until the first frame.
        is_superfluous = early_screen.is_taken and data == OTHER_SCREEN
        if self._writer is not None and not self._is_given_back and not is_superfluous:
            self._pace.record_write(len(data))
            self._writer.write(data)

    def flush(self) -> None:
        """Ask the terminal after some frames whether it has drawn them."""
        if question := self._pace.question():
            self.write(question)

    def start_application_mode(self) -> None:
        """Take over the terminal, unless the program was continued in the background and will be stopped again."""
        self._is_given_back = False
        self._writer, self._pace = TerminalWriter(self._output), Pace()
        self._writer.start()
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self._is_drawing = self._key_thread is not None and self._key_thread.is_alive()
        if not self._is_drawing:
            self.close()
            return
        self.attrs_before = early_screen.hand_over() or self.attrs_before
        with contextlib.suppress(termios.error):
            self._raw_attributes = termios.tcgetattr(self.fileno)

    def stop_application_mode(self) -> None:
        """Give the terminal back."""
        if self._is_drawing:
            self._is_drawing = False
            super().stop_application_mode()
            self._is_given_back = True

    def suspend_application_mode(self) -> None:
        """Give the terminal back for a while."""
        self._is_suspended = True
        super().suspend_application_mode()

    def resume_application_mode(self) -> None:
        """Take the terminal over again."""
        super().resume_application_mode()
        self._is_suspended = not self._is_drawing

    def _sigtstp_application(self, *_: object) -> None:
        """Stop the program once, however often SIGTSTP comes."""
        if not self._is_suspended:
            early_screen.give_back()
            super()._sigtstp_application()

    def _sigcont_application(self, *_: object) -> None:
        """Resume after SIGTSTP as Textual does; after SIGSTOP, which nothing announces, take the terminal and redraw.

        SIGCONT also comes to programs that were never stopped: systemd sends it after SIGTERM.
        """
        if self._is_suspended:
            super()._sigcont_application()
        elif self._is_drawing and self._raw_attributes is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self._raw_attributes)
            self.write(RETAKE_TERMINAL)
            self._enable_mouse_support()
            self.send_message(self.SignalResume())

    def disable_input(self) -> None:
        """Stop reading once a pending answer has come, which the shell would take for keys."""
        deadline = time.monotonic() + LAST_ANSWER_WITHIN_S
        while self._pace.awaits_answer and not self.exit_event.is_set() and time.monotonic() < deadline:
            time.sleep(LOOKS_FOR_ANSWER_EVERY_S)
        super().disable_input()

    def close(self) -> None:
        """Write what is pending if the terminal accepts it, and close."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            writer.stop()
        super().close()

    def abandon(self) -> None:
        """Restore the terminal from any thread and without waiting, just before the process ends."""
        if self._writer is not None:
            self._writer.abandon()
        if self.attrs_before is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)

    def run_input_thread(self) -> None:
        """Read until the driver stops; end of file raises SIGHUP."""
        # Textual's parser hands out what stays incomplete for 100 ms as single keys: an arrow that a slow line cuts
        # after its bracket was the key A, and applied what was staged in 12 of 12 trials.
        grammar, keys = InputGrammar(), KeyReader(with_mouse=self._mouse)
        while not self.exit_event.is_set():
            deadline = grammar.deadline
            wait = LOOKS_EVERY_S if deadline is None else min(LOOKS_EVERY_S, max(0.0, deadline - time.monotonic()))
            if select.select([self.fileno], [], [], wait)[0]:
                try:
                    data = os.read(self.fileno, READ_AT_ONCE)
                except BlockingIOError:
                    # Another program has made the shared terminal non-blocking.
                    continue
                except OSError:
                    data = b""
                if not data:
                    # `su` and `docker exec` hold the terminal's SIGHUP back.
                    os.kill(os.getpid(), signal.SIGHUP)
                    return
                tokens = grammar.feed(data, time.monotonic())
            else:
                tokens = grammar.tick(time.monotonic())
            for token in tokens:
                if token.text == ANSWER:
                    self._pace.record_answer()
            for message in keys.messages(tokens):
                self.process_message(message)

    def _enable_mouse_support(self) -> None:
        """Ask for buttons and wheel where the mouse is wanted; not for every motion, which is what Textual asks for."""
        if self._mouse:
            self.write(MOUSE)

    def _get_terminal_size(self) -> tuple[int, int]:
        return terminal_size(self._output)

    def _query_in_band_window_resize(self) -> None:
        """Ask for no sizes in the input: SIGWINCH tells of a new one, and terminal_size reads it."""


def terminal_size(descriptor: int) -> tuple[int, int]:
    """Return columns and rows of the terminal, at most LARGEST_SIZE; COLUMNS and LINES are ignored."""
    try:
        columns, rows = os.get_terminal_size(descriptor)
    except OSError:
        columns = rows = 0
    return min(columns or USUAL_SIZE[0], LARGEST_SIZE[0]), min(rows or USUAL_SIZE[1], LARGEST_SIZE[1])
