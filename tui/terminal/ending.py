"""Ends the program on signals and a lost terminal: at once where it listens, else by force within two seconds."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

ENDS_WITHIN_S = 1.8
# Textual handles none of the first two: the process would end and leave the terminal raw.
SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class EndingOnSignals:
    """A context in which SIGTERM, SIGHUP and SIGINT ask the program to end with 128 + n, and then force it.

    A thread of its own reads the signals from the pipe that the interpreter writes their numbers to
    (https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd): a stuck event loop would not see them.
    Enter it in the main thread, and not beside `loop.add_signal_handler`, which takes the same pipe.
    """

    def __init__(self, ask: Callable[[int], None], force: Callable[[], None], wake: Callable[[], None]) -> None:
        """`ask` gets the exit status in the thread; `force` restores the terminal just before the end.

        `wake` wakes the event loop for the handlers of other signals: the system may deliver a signal to any thread,
        and Python runs its handler only when the main thread does something.
        """
        self._ask = ask
        self._wake = wake
        self._force = force
        self._is_over = threading.Event()
        self._read, self._write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._thread = threading.Thread(target=self._listen, name="signals", daemon=True)

    def __enter__(self) -> Self:
        os.set_blocking(self._read, True)
        self._before = {number: signal.signal(number, _ignore_signal) for number in SIGNALS}
        self._wakeup_before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        signal.set_wakeup_fd(self._wakeup_before)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._write)
        self._thread.join()
        os.close(self._read)

    def _listen(self) -> None:
        while numbers := os.read(self._read, 64):
            with contextlib.suppress(RuntimeError):
                self._wake()
            ending = next((number for number in numbers if number in SIGNALS), None)
            if ending is None:
                continue
            with contextlib.suppress(RuntimeError):
                # The loop has just been closed: then the program is ending already.
                self._ask(128 + ending)
            if not self._is_over.wait(ENDS_WITHIN_S):
                self._force()
                os._exit(128 + ending)


def _ignore_signal(number: int, frame: object) -> None:
    """Do nothing: the thread reads the number from the pipe."""
