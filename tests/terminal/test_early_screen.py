"""The screen that is taken before Textual is imported: keys, signals and failures until Textual has it."""

from __future__ import annotations

import os
import re
import signal
import sys
import termios
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.terminal.forked_terminal import ForkedTerminal
from tests.support.terminal.pty import REPOSITORY, SWITCHBOARD, Terminal
from tests.support.waiting import wait_until
from tui.skeleton import skeleton
from tui.terminal.early_screen import ENTER, LEAVE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NO_SERVER = "postgresql://127.0.0.1:1/acme"
DRAWN = (ENTER + skeleton(80, 24)).encode()
GIVEN_BACK = LEAVE.encode()
TAKEN_OVER = b"\x1b[?1004h"
# Reads from a pipe what it then runs, at the first import of Textual.
WAITS_FOR_PIPE = """
import sys
class Waits:
    def find_spec(self, name, path=None, target=None):
        if name == "textual":
            sys.meta_path.remove(self)
            with open({pipe!r}) as pipe:
                exec(pipe.read())
sys.meta_path.insert(0, Waits())
"""


class HeldStart:
    """A start that waits where Textual would be imported, until it is released."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self._pipe = folder / "pipe"
        os.mkfifo(self._pipe)
        (folder / "sitecustomize.py").write_text(WAITS_FOR_PIPE.format(pipe=str(self._pipe)))
        environment = {"PYTHONPATH": f"{folder}:{REPOSITORY}", "DATABASE_URL": NO_SERVER}
        self.terminal = Terminal(SWITCHBOARD, environment=environment, cwd=folder, **options)
        self._write = -1

    def wait(self) -> None:
        """Wait until it waits."""

        def is_read() -> bool:
            with suppress(OSError):
                self._write = os.open(self._pipe, os.O_WRONLY | os.O_NONBLOCK)
            return self._write >= 0

        wait_until(is_read)

    def release(self, code: str = "") -> None:
        """Run the code there, and let it go on."""
        os.write(self._write, code.encode())
        os.close(self._write)
        self._write = -1


@contextmanager
def held_start(folder: Path, *, typed: str = "", **options: Any) -> Iterator[HeldStart]:
    """A start that has reached the import of Textual, with keys that were typed before the skeleton was drawn."""
    held = HeldStart(folder, **options)
    with held.terminal:
        held.terminal.type(typed)
        held.wait()
        yield held


def attributes_of_a_new_terminal() -> list[Any]:
    """What termios says of a terminal that nobody has changed."""
    ours, terminal = os.openpty()
    try:
        return termios.tcgetattr(terminal)
    finally:
        os.close(ours)
        os.close(terminal)


def is_as_before(terminal: Terminal) -> bool:
    """Whether the terminal's attributes are those that it began with."""
    return termios.tcgetattr(terminal.descriptor) == attributes_of_a_new_terminal()


def imported(code: str, until: bytes = b"\x1b") -> set[str]:
    """What a fresh interpreter on a terminal imports behind `site` until it writes that, or ends."""
    program = (*(SWITCHBOARD[0], "-X", "importtime", "-c"), code)
    with Terminal(program, environment={"DATABASE_URL": NO_SERVER}) as terminal:
        with suppress(EOFError):
            terminal.wait_for(lambda _: until in terminal.output)
        report = terminal.output.partition(until)[0].decode().partition("| site\r\n")[2]
    return set(re.findall(r"\| +([\w.]+)\r\n", report))


def test_nothing_slow_is_imported_before_the_skeleton_is_drawn() -> None:
    before = imported("from tui.__main__ import main; main()", until=DRAWN)
    ours = {"tui", "tui.__main__", "tui.process", "tui.process.hardening", "tui.process.terminal_checks"}
    ours |= {"tui.skeleton", "tui.settings", "tui.settings.profiles", "tui.terminal", "tui.terminal.early_screen"}
    assert before - imported("import __future__, ctypes, resource, select, termios") == ours


def test_keys_and_a_new_size_before_textual_runs_are_neither_lost_nor_echoed(tmp_path: Path) -> None:
    with held_start(tmp_path, typed="4") as held:
        terminal = held.terminal
        terminal.type("/\x13acme\r")
        # The first was typed while the shell's terminal still echoed it.
        assert terminal.bytes_since().removeprefix(b"4") == DRAWN
        terminal.resize(100, 30)
        # Without arguments nothing of the command line is imported.
        held.release("assert 'click' not in sys.modules")
        terminal.wait_for(lambda text: "[4 Audit]" in text and "/acme" in text)
        terminal.wait_until_quiet()
        assert "? help" in terminal.lines[29]
        assert terminal.text.count("? help") == 1
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
        assert terminal.output.count(b"\x1b[?1049h") == 1
        assert is_as_before(terminal)


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGQUIT, 131), (None, 130)],
    ids=["SIGTERM", "SIGHUP", "SIGQUIT", "ctrl+c"],
)
def test_an_end_before_textual_runs_leaves_the_terminal_as_it_was(
    number: signal.Signals | None, status: int, tmp_path: Path
) -> None:
    with held_start(tmp_path) as held:
        assert not is_as_before(held.terminal)
        if number is None:
            held.terminal.press("ctrl+c")
        else:
            held.terminal.signal(number)
        assert held.terminal.wait_for_exit() == status
        assert held.terminal.bytes_since() == DRAWN + GIVEN_BACK
        assert is_as_before(held.terminal)


def test_a_crash_before_textual_runs_is_said_on_the_screen_of_the_shell(tmp_path: Path) -> None:
    with held_start(tmp_path) as held:
        held.release("raise KeyError")
        assert held.terminal.wait_for_exit() == 70
        drawn, given_back, said = held.terminal.bytes_since().partition(GIVEN_BACK)
        assert (drawn, given_back) == (DRAWN, GIVEN_BACK)
        assert said.count(b"\n") == 1
        assert is_as_before(held.terminal)


def test_nothing_is_drawn_once_a_crash_has_given_the_terminal_back(tmp_path: Path) -> None:
    script = """
import sys, tui.app, tui.__main__
def fails(app): raise ValueError
tui.app.SwitchboardApp.on_mount = fails
sys.argv = ["switchboard"]
sys.exit(tui.__main__.main())
"""
    environment = {"PYTHONPATH": str(REPOSITORY), "DATABASE_URL": NO_SERVER}
    with Terminal((sys.executable, "-c", script), environment=environment, cwd=tmp_path) as terminal:
        assert terminal.wait_for_exit() == 70
        after = terminal.bytes_since().rpartition(b"\x1b[?1049l")[2]
        assert b"Switchboard crashed" in after
        assert b"\x1b[2;1H" not in after
        assert b"Permissions" not in after


def test_textuals_first_frame_does_not_wait_for_the_timer_that_draws_all_others(tmp_path: Path) -> None:
    script = """
import sys, textual.screen, tui.__main__
textual.screen.UPDATE_PERIOD = 3600.0
sys.argv = ["switchboard"]
sys.exit(tui.__main__.main())
"""
    environment = {"PYTHONPATH": str(REPOSITORY), "DATABASE_URL": NO_SERVER}
    with Terminal((sys.executable, "-c", script), environment=environment, cwd=tmp_path) as terminal:
        terminal.wait_for(lambda _: b"Integrations" in terminal.output.partition(TAKEN_OVER)[2])


def test_what_stops_gives_the_terminal_back_and_textual_takes_it_when_it_goes_on(tmp_path: Path) -> None:
    with held_start(tmp_path) as held:
        terminal = held.terminal
        # Linux never really stops the leader of a session.
        terminal.press("ctrl+z")
        terminal.wait_for(lambda _: terminal.output == DRAWN + GIVEN_BACK)
        assert is_as_before(terminal)
        held.release()
        terminal.wait_for("no connection")
        assert terminal.output.count(b"\x1b[?1049h") == 2
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
        assert is_as_before(terminal)


def test_a_terminal_of_another_program_is_left_alone(tmp_path: Path) -> None:
    # Nobody would restore it after ctrl+c, which is no signal there.
    with held_start(tmp_path, is_owner=False) as held:
        assert held.terminal.bytes_since() == b""
        assert is_as_before(held.terminal)


def test_a_setting_that_is_refused_is_said_on_the_screen_of_the_shell() -> None:
    environment = {"DATABASE_URL": NO_SERVER, "SWITCHBOARD_IDLE_LOCK": "soon"}
    with ForkedTerminal(environment=environment) as terminal:
        assert terminal.wait_for_exit() == 2
        said = terminal.bytes_since().removeprefix(DRAWN + GIVEN_BACK)
        assert said == (b"SWITCHBOARD_IDLE_LOCK is not a number of seconds. Use a whole number from 1 to 86400.\r\n")
        assert is_as_before(terminal)


def test_a_warning_stands_on_the_screen_of_the_shell(tmp_path: Path) -> None:
    environment = {"DATABASE_URL": NO_SERVER, "SWITCHBOARD_COLOUR": "1"}
    with ForkedTerminal(environment=environment, cwd=tmp_path) as terminal:
        terminal.wait_for("no connection")
        drawn, _, warned = terminal.bytes_since().partition(TAKEN_OVER)[0].partition(GIVEN_BACK)
        assert drawn == DRAWN
        sentence, _, taken = warned.partition(b"\r\n")
        assert sentence == b"Warning: Not a setting of Switchboard, ignored: SWITCHBOARD_COLOUR."
        assert taken.startswith(b"\x1b[?1049h")
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
        assert is_as_before(terminal)
