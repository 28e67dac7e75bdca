"""--watch: a list that is read again and again over one connection, and drawn in place on a terminal."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import sys
from contextlib import redirect_stderr, redirect_stdout, suppress
from datetime import datetime
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.cells import cell_len

from tui.cli.output import Output
from tui.errors import ConnectionFailed, InvalidInput, Locked, TimedOut
from tui.terminal.early_screen import OUTPUT, early_screen
from tui.words.text import fit, plain

if TYPE_CHECKING:
    from typing import TextIO

    from tui.cli.request import Options, Work
    from tui.session.session import Session

# Drawn in one piece by terminals that know of it: https://gist.github.com/christianparpart/d8a62cc1ab659194337d73e399004036
BEGIN, END = "\x1b[?2026h", "\x1b[?2026l"


def require_watchable(options: Options) -> None:
    """Raise InvalidInput where nobody could watch: for programs, and without a terminal."""
    if options.form != "table":
        raise InvalidInput(f"--watch and --format {options.form} do not go together.", "Leave one of them out.")
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise InvalidInput("--watch needs a terminal, and there is none.", "Leave it out, or run it in a terminal.")


async def watch(session: Session, work: Work, every_s: int) -> None:
    """Do the work every so many seconds, and draw what it prints on the terminal's other screen, until ctrl+c.

    While the database is out of reach, or a table locked, the last lines stay, and it is said that they are old.
    """
    zone = session.settings.timezone
    resized = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGWINCH, resized.set)
    screen, lines, read_at = _Screen(), [""], ""
    while True:
        resized.clear()
        frame = _Frame(sys.stdout)
        try:
            with redirect_stdout(frame), redirect_stderr(frame):
                await work(session, Output())
            lines, read_at = frame.getvalue().splitlines(), f"{datetime.now(zone):%H:%M:%S} {zone}"
            head = f"Every {every_s} s; read at {read_at}; ctrl+c ends it."
        except (ConnectionFailed, Locked, TimedOut) as failure:
            why = plain(f"{failure.sentence} {failure.what_to_do}")
            head = f"Not read since {read_at or 'it began'}; trying again every {every_s} s. {why}"
        screen.draw([head, "", *lines])
        with suppress(TimeoutError):
            await asyncio.wait_for(resized.wait(), every_s)


class _Frame(io.StringIO):
    """What the work prints, as wide as the terminal that it will be drawn on."""

    def __init__(self, terminal: TextIO) -> None:
        super().__init__()
        self._terminal = terminal

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._terminal.encoding

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._terminal.fileno()


class _Screen:
    """The other screen, on which only lines that changed are written again."""

    def __init__(self) -> None:
        self._drawn: list[str] = []
        self._size: os.terminal_size | None = None

    def draw(self, lines: list[str]) -> None:
        """Draw lines from the top; those that are too long are wrapped, and those too many are counted."""
        size = os.get_terminal_size(OUTPUT)
        shown = _fitted(lines, size)
        if not early_screen.is_taken:
            # At first, and after ctrl+z and fg.
            early_screen.take("")
            self._drawn = []
        if not early_screen.is_taken:
            # In the background the terminal is somebody else's.
            return
        before = self._drawn if size == self._size else []
        clear = "" if before else "\x1b[2J"
        # What is not drawn yet is blank.
        known = before + [""] * (len(shown) - len(before))
        blank = [""] * (len(known) - len(shown))
        changed = "".join(
            f"\x1b[{row};1H{line}\x1b[K"
            for row, (line, old) in enumerate(zip([*shown, *blank], known, strict=True), start=1)
            if line != old
        )
        if clear or changed:
            _write(f"{BEGIN}{clear}{changed}{END}")
        self._drawn, self._size = shown, size


def _fitted(lines: list[str], size: os.terminal_size) -> list[str]:
    """Return the lines as they stand on a terminal of that size."""
    pieces: list[str] = []
    for line in lines:
        whole = [line] if cell_len(line) <= size.columns else wrap(line, size.columns)
        pieces += [fit(piece, size.columns).rstrip() for piece in whole]
    if len(pieces) <= size.lines:
        return pieces
    kept = max(size.lines - 1, 0)
    return [*pieces[:kept], fit(f"... {len(pieces) - kept} lines more", size.columns).rstrip()]


def _write(text: str) -> None:
    unwritten = text.encode()
    while unwritten:
        unwritten = unwritten[os.write(OUTPUT, unwritten) :]
