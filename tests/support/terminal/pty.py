"""A real pseudo-terminal with a program on it: keys go in, pyte reads the screen, every byte is kept."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pyte

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from tests.support.terminal.forked_program import ForkedProcess

DEFAULT_TIMEOUT = 15.0
REPOSITORY = Path(__file__).parents[3]
SWITCHBOARD = (sys.executable, "-m", "tui")
# What pyte does not know and would print: private sequences other than modes (kitty keys, queries), and
# device control strings. The second group is a sequence that the next read completes.
UNKNOWN_TO_PYTE = re.compile(
    rb"\x1b\[[<=>][0-9;:]*[ -/]*[@-~]|\x1b\[\?[0-9;]*(?:[ -/]+[@-~]|[a-gi-km-z])|\x1b[P_^X].*?\x1b\\", re.DOTALL
)
INCOMPLETE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|[P_^X](?:(?!\x1b\\).)*)?\Z", re.DOTALL)
# Only a process of the new session can make the pty its controlling terminal; then it becomes the command.
TAKE_TERMINAL = (
    *(sys.executable, "-I", "-S", "-c"),
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])",
)
KEYS = {
    "enter": "\r",
    "esc": "\x1b",
    "tab": "\t",
    "shift+tab": "\x1b[Z",
    "backspace": "\x7f",
    "delete": "\x1b[3~",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~",
    "f1": "\x1bOP",
    "space": " ",
} | {f"ctrl+{letter}": chr(ord(letter) - 96) for letter in "abcdefghijklmnopqrstuvwxyz"}


class Terminal:
    """Runs a command as the session leader of a pty of the given size.

    Use as a context manager: whatever is still running at the end is killed. Of the test's own environment only
    PATH gets in, and HOME is the working folder (or nothing at all), so that no machine's settings do;
    `environment` is added to it. Not `is_owner`, the terminal is that of another program, as after `su` or in a
    container, and nobody sends SIGHUP when it goes away. SWITCHBOARD is the command of the source tree, whatever the
    working folder. All waits look at the screen each time bytes arrive and end by `TimeoutError` with the screen in it.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str] | None = None,
        columns: int = 80,
        rows: int = 24,
        cwd: Path | None = None,
        user: int | None = None,
        group: int | None = None,
        is_owner: bool = True,
    ) -> None:
        self._take_terminal = TAKE_TERMINAL if is_owner else ()
        self.output = bytearray()
        self._unread = b""
        self._is_watched = True
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._master, slave = pty.openpty()
        _set_size(self._master, columns, rows)
        whole = {
            "PATH": os.environ["PATH"],
            "HOME": str(cwd or "/nonexistent"),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(REPOSITORY),
        } | dict(environment or {})
        self.process = self._start(command, slave, cwd, whole, user, group)
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def lines(self) -> list[str]:
        """The screen's lines without trailing blanks."""
        # pyte's own `display` measures every character again; behind a wide one it keeps an empty cell.
        columns = range(self._screen.columns)
        rows = [self._screen.buffer[row] for row in range(self._screen.lines)]
        return ["".join([row[column].data for column in columns]).rstrip() for row in rows]

    @property
    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self.lines)

    @property
    def descriptor(self) -> int:
        """The side of the pty that a terminal has."""
        return self._master

    @property
    def cursor(self) -> tuple[int, int]:
        """The cursor's column and row, from 0."""
        return self._screen.cursor.x, self._screen.cursor.y

    def cell(self, column: int, row: int) -> pyte.screens.Char:
        """One cell with its colours and attributes."""
        return self._screen.buffer[row][column]

    def press(self, *keys: str) -> None:
        """Press keys by name ("enter", "ctrl+c", "f1") or single characters, in order."""
        for key in keys:
            os.write(self._master, KEYS.get(key, key).encode())

    def type(self, text: str) -> None:
        """Send text as if typed."""
        os.write(self._master, text.encode())

    def send(self, text: str) -> None:
        """Send text in which U+DC80 to U+DCFF are bytes that are no UTF-8."""
        os.write(self._master, text.encode("utf-8", "surrogateescape"))

    def paste(self, text: str) -> None:
        """Send text as a bracketed paste."""
        os.write(self._master, f"\x1b[200~{text}\x1b[201~".encode())

    def wait_for(self, expected: str | Callable[[str], object], timeout: float = DEFAULT_TIMEOUT) -> str:
        """Wait until the text is on the screen (or the predicate holds for the screen's text); return the text."""
        is_shown = (lambda: expected in self.text) if isinstance(expected, str) else (lambda: bool(expected(self.text)))
        self._read_until(is_shown, timeout, f"the screen never showed {expected!r}")
        return self.text

    def wait_until_gone(self, unwanted: str, timeout: float = DEFAULT_TIMEOUT) -> str:
        """Wait until the text is not on the screen."""
        return self.wait_for(lambda text: unwanted not in text, timeout)

    def wait_until_quiet(self, quiet: float = 0.3, timeout: float = DEFAULT_TIMEOUT) -> str:
        """Wait until nothing was written for `quiet` seconds: for counting bytes, not for telling a state."""
        deadline = time.monotonic() + timeout
        while self._read(quiet):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the program never fell quiet\n{self.text}")
        return self.text

    def wait_for_exit(self, timeout: float = DEFAULT_TIMEOUT) -> int:
        """Wait until the program has ended; return its exit status (128 + n for signal n)."""
        deadline = time.monotonic() + timeout
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the program is still running\n{self.text}")
            # The pty is closed on the other side a moment before the process can be waited for.
            if not self._read(0.05):
                self._wait_briefly()
        while self._read(0):
            pass
        status = self.process.returncode
        return status if status >= 0 else 128 - status

    def bytes_since(self, mark: int = 0) -> bytes:
        """What the program wrote after the mark (`len(terminal.output)` at some moment)."""
        while self._read(0):
            pass
        return bytes(self.output[mark:])

    def mark(self) -> int:
        """The number of bytes written until now, to be given to `bytes_since`."""
        self.bytes_since()
        return len(self.output)

    def resize(self, columns: int, rows: int, *, watched: bool = True) -> None:
        """Change the terminal's size; the program gets SIGWINCH.

        Not `watched`, what is written is kept but not drawn: half a million cells take the screen many seconds.
        """
        self._is_watched = watched
        if watched:
            self._screen.resize(rows, columns)
        _set_size(self._master, columns, rows)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program."""
        self.process.send_signal(number)

    def hang_up(self) -> None:
        """Close the terminal, as a dropped link does."""
        os.close(self._master)
        self._master = -1

    def close(self) -> None:
        """Kill the program's session and close the terminal."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self._master >= 0:
            self.hang_up()

    def _start(
        self,
        command: Sequence[str | Path],
        slave: int,
        cwd: Path | None,
        environment: dict[str, str],
        user: int | None,
        group: int | None,
    ) -> subprocess.Popen[bytes] | ForkedProcess:
        return subprocess.Popen(
            [*self._take_terminal, *(os.fspath(part) for part in command)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=cwd,
            env=environment,
            start_new_session=True,
            user=user,
            group=group,
            extra_groups=[] if user is not None else None,
        )

    def _read_until(self, is_reached: Callable[[], bool], timeout: float, complaint: str) -> None:
        deadline = time.monotonic() + timeout
        while not is_reached():
            seconds = deadline - time.monotonic()
            if seconds <= 0:
                raise TimeoutError(f"{complaint}\n{self.text}")
            if not self._read(seconds) and self.process.poll() is not None and not is_reached():
                raise EOFError(f"{complaint}; the program ended ({self.process.returncode})\n{self.text}")

    def _read(self, timeout: float) -> bool:
        """Read what there is, waiting at most `timeout` seconds; False where nothing came."""
        if self._master < 0 or not select.select([self._master], [], [], timeout)[0]:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return False
        self.output += data
        self._unread += data
        incomplete = INCOMPLETE.search(self._unread)
        ready = self._unread[: incomplete.start()] if incomplete else self._unread
        self._unread = self._unread[len(ready) :]
        if self._is_watched:
            self._stream.feed(UNKNOWN_TO_PYTE.sub(b"", ready))
        return bool(data)

    def _wait_briefly(self) -> None:
        try:
            self.process.wait(timeout=0.05)
        except subprocess.TimeoutExpired:
            return


def _set_size(descriptor: int, columns: int, rows: int) -> None:
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
