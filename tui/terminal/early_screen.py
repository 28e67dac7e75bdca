"""The terminal's other screen, taken before Textual is imported, and given back however the start ends."""

from __future__ import annotations

# signal.py imports enum, which would take a third of the time from exec to the first byte.
import _signal  # type: ignore[import-not-found]
import os
import select
import termios

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Textual reads from the one and writes to the other.
INPUT, OUTPUT = 0, 2
# By default they would end or stop the program and leave the terminal as it is; ctrl+c raises KeyboardInterrupt.
SIGNALS = (_signal.SIGTERM, _signal.SIGHUP, _signal.SIGQUIT, _signal.SIGTSTP)
# A terminal without another screen is cleared, as it is when Textual draws its first frame.
ENTER = "\x1b[?1049h\x1b[?25l\x1b[0m\x1b[H\x1b[2J"
LEAVE = "\r\x1b[0m\x1b[2K\x1b[?1049l\x1b[?25h"
WRITABLE_WITHIN_S = 0.1


class EarlyScreen:
    """Is taken once, with a picture on it, and either given back or handed over to Textual's driver."""

    def __init__(self) -> None:
        self._attributes: list[Any] | None = None

    @property
    def is_taken(self) -> bool:
        """Whether the terminal is in the state that `take` left it in."""
        return self._attributes is not None

    def take(self, picture: str) -> None:
        """Show a picture on the other screen and keep what is typed, unechoed, for whoever reads the terminal next.

        Does nothing in the background, without job control, or where the terminal accepts nothing.
        """
        try:
            attributes = termios.tcgetattr(INPUT)
            if os.tcgetpgrp(INPUT) != os.getpgrp() or not select.select([], [OUTPUT], [], 0)[1]:
                return
            self._attributes = attributes
            for number in SIGNALS:
                if _signal.getsignal(number) == _signal.SIG_DFL:
                    _signal.signal(number, self._give_back_and_repeat)
            termios.tcsetattr(INPUT, termios.TCSANOW, _without_echo(attributes))
            os.write(OUTPUT, (ENTER + picture).encode())
        except (OSError, termios.error):
            self.give_back()

    def give_back(self) -> None:
        """Leave the terminal as it was before `take`, unless that is done or Textual has it; never waits for long."""
        attributes = self.hand_over()
        if attributes is None:
            return
        try:
            termios.tcsetattr(INPUT, termios.TCSANOW, attributes)
            if select.select([], [OUTPUT], [], WRITABLE_WITHIN_S)[1]:
                os.write(OUTPUT, LEAVE.encode())
        except (OSError, termios.error):
            # It has gone away.
            return

    def hand_over(self) -> list[Any] | None:
        """Return the attributes from before `take` to whoever restores them from now on; None where it is not taken."""
        attributes, self._attributes = self._attributes, None
        return attributes

    def _give_back_and_repeat(self, number: int, frame: object) -> None:
        self.give_back()
        _signal.signal(number, _signal.SIG_DFL)
        os.kill(os.getpid(), number)


def _without_echo(attributes: list[Any]) -> list[Any]:
    """Return the attributes as Textual's driver sets them, but with signals by keys: nothing reads ctrl+c yet."""
    iflag, oflag, cflag, lflag, ispeed, ospeed, characters = attributes
    iflag &= ~(termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR)
    lflag &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
    characters = [*characters]
    characters[termios.VMIN] = 1
    return [iflag, oflag, cflag, lflag, ispeed, ospeed, characters]


early_screen = EarlyScreen()
"""The one of this process."""
