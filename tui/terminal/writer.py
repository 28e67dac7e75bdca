"""Writes to the terminal in a thread of its own, so that the program never waits for it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import struct
import termios
import threading
import time

AT_ONCE = 4096
STALLED_AFTER_S = 0.5
"""How long `stop` waits for a terminal that accepts nothing."""
LONGEST_DRAIN_S = 1.0
ENDS_WITHIN_S = 0.2
FLUSHES = 5
# https://man7.org/linux/man-pages/man2/TIOCCONS.2const.html lists it; Python's termios does not have it.
TIOCGDEV = 0x80045432
# CAN ends a sequence that was cut, ST a string; then as Textual's driver leaves it: no synchronized update, plain text,
# no pastes in brackets, wrapped lines, plain keys, the first screen, a cursor, no reports of the focus or the mouse.
LEAVE_CLEAN = (
    "\x18\x1b\\\x1b[?2026l\x1b[0m\x1b[?2004l\x1b[?7h\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l\x1b[?1000l\x1b[?1006l"
)


class TerminalWriter(threading.Thread):
    """Accepts text from any thread and writes it in its own.

    It opens the terminal anew to write without blocking: the flag on an inherited descriptor
    would reach the shell. Where that is refused (after `su`), a write blocks this thread alone.
    """

    # The queue of Textual's own writer is bounded: while the terminal reads nothing it blocks the event loop, and with
    # that the handlers of signals.

    def __init__(self, descriptor: int) -> None:
        super().__init__(name="terminal-output", daemon=True)
        self._inherited = descriptor
        self._changed = threading.Condition()
        self._queue: list[bytes] = []
        self._pending = 0
        self._progress_at = time.monotonic()
        self._is_stopped = False
        self._is_gone = False
        self._descriptor = _own_descriptor(descriptor)

    @property
    def pending(self) -> int:
        """Bytes that the terminal has not accepted yet."""
        return self._pending

    def write(self, text: str) -> None:
        """Queue a text; it is dropped once the terminal is gone."""
        data = text.encode("utf-8", "replace")
        with self._changed:
            if not self._is_gone and not self._is_stopped:
                self._queue.append(data)
                self._pending += len(data)
                self._changed.notify_all()

    def run(self) -> None:
        """Write until `stop`."""
        while (data := self._next()) is not None:
            view = memoryview(data)
            while view and not self._is_gone:
                written = self._write_some(view[:AT_ONCE])
                view = view[written:]
                if written:
                    self._account(written)
        os.close(self._descriptor)

    def stop(self) -> None:
        """Wait until all is written; a terminal that accepts nothing is abandoned."""
        deadline = time.monotonic() + LONGEST_DRAIN_S
        with self._changed:
            while self._pending and not self._is_gone:
                remaining = min(self._progress_at + STALLED_AFTER_S, deadline) - time.monotonic()
                if remaining <= 0:
                    break
                self._changed.wait(remaining)
            is_stalled = bool(self._pending)
            self._is_stopped = True
            self._changed.notify_all()
        if is_stalled:
            self.abandon()
        self.join(timeout=ENDS_WITHIN_S)

    def abandon(self) -> None:
        """Drop what is pending and restore the terminal for the shell, as far as it accepts anything."""
        with self._changed:
            self._is_stopped = True
        self.drop()
        # A write that is under way goes on as soon as there is room again: let it end before the last words.
        for _ in range(FLUSHES):
            with contextlib.suppress(termios.error):
                termios.tcflush(self._inherited, termios.TCOFLUSH)
            self.join(timeout=ENDS_WITHIN_S / FLUSHES)
            if not self.is_alive():
                break
        _leave_clean(self._inherited)

    def drop(self) -> None:
        """Stop writing and drop what is queued."""
        with self._changed:
            self._is_gone, self._pending = True, 0
            self._queue.clear()
            self._changed.notify_all()

    def _next(self) -> bytes | None:
        """Wait for bytes to write; return None after `stop`."""
        with self._changed:
            while not self._queue:
                if self._is_stopped:
                    return None
                self._changed.wait()
            data = b"".join(self._queue)
            self._queue.clear()
            self._progress_at = time.monotonic()
            return data

    def _write_some(self, data: memoryview) -> int:
        try:
            if select.select([], [self._descriptor], [], 0.1)[1] and not self._is_gone:
                return os.write(self._descriptor, data)
        except BlockingIOError:
            return 0
        except (OSError, ValueError):
            # The terminal has gone away; the thread that reads from it ends the program.
            self.drop()
        return 0

    def _account(self, written: int) -> None:
        with self._changed:
            self._pending = max(0, self._pending - written)
            self._progress_at = time.monotonic()
            self._changed.notify_all()


def _leave_clean(descriptor: int) -> None:
    """Flush the terminal's queue and write LEAVE_CLEAN, as far as it accepts anything."""
    try:
        termios.tcflush(descriptor, termios.TCOFLUSH)
        own = _own_descriptor(descriptor)
        if select.select([], [own], [], 0.1)[1]:
            os.write(own, LEAVE_CLEAN.encode())
        os.close(own)
    except (OSError, termios.error):
        return


def _own_descriptor(descriptor: int) -> int:
    """Return the terminal opened without blocking, or a blocking copy where that is refused."""
    for path in (_name_of(descriptor), "/dev/tty"):
        with contextlib.suppress(OSError):
            own = os.open(path, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
            if _device(own) == os.fstat(descriptor).st_rdev:
                return own
            os.close(own)
    return os.dup(descriptor)


def _name_of(descriptor: int) -> str:
    try:
        return os.ttyname(descriptor)
    except OSError:
        return ""


def _device(descriptor: int) -> int:
    """Return the device number of the terminal, on Linux also for /dev/tty, which only points to another one."""
    device = os.fstat(descriptor).st_rdev
    with contextlib.suppress(OSError):
        (device,) = struct.unpack("I", fcntl.ioctl(descriptor, TIOCGDEV, b"\0\0\0\0"))
    return device
