"""The pty helper that the terminal tests stand on."""

import signal
import sys
import textwrap

import pytest

from tests.support.terminal.pty import Terminal

ECHO = """
    import os, signal, sys
    def resized(number, frame):
        # Not print(), which may be under way: a signal comes at any time.
        os.write(1, "size {} {}\\n".format(*os.get_terminal_size()).encode())
    signal.signal(signal.SIGWINCH, resized)
    print("ready", os.get_terminal_size().columns, os.environ.get("PGHOST", "no host"), flush=True)
    for line in sys.stdin:
        if line == "end\\n":
            sys.exit(7)
        print("<" + line.strip()[::-1] + ">", flush=True)
"""
TEXTUAL = """
    from textual.app import App
    from textual.widgets import Input, Static
    class Small(App):
        def compose(self):
            yield Static("top line of it")
            yield Input()
        def on_input_submitted(self, event):
            self.query_one(Static).update("got " + event.value)
    app = Small()
    app.run(mouse=False)
"""


def program(text: str) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(text)]


def test_keys_go_in_and_the_screen_comes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "of-this-machine")
    with Terminal(program(ECHO), columns=60, rows=10) as terminal:
        terminal.wait_for("ready 60 no host")
        mark = terminal.mark()
        terminal.type("abc")
        terminal.press("enter")
        terminal.wait_for("<cba>")
        assert b"<cba>" in terminal.bytes_since(mark)
        assert b"ready" not in terminal.bytes_since(mark)
        terminal.type("end\r")
        assert terminal.wait_for_exit() == 7


def test_a_resize_and_a_signal_reach_the_program() -> None:
    with Terminal(program(ECHO)) as terminal:
        terminal.wait_for("ready 80")
        terminal.resize(100, 30)
        # Python may be about to read when the signal comes, and sees it only with the line.
        terminal.type("abc\r")
        terminal.wait_for("size 100 30")
        terminal.signal(signal.SIGTERM)
        assert terminal.wait_for_exit() == 128 + signal.SIGTERM


def test_a_dropped_link_hangs_the_program_up() -> None:
    with Terminal(program(ECHO)) as terminal:
        terminal.wait_for("ready 80")
        terminal.hang_up()
        assert terminal.wait_for_exit() == 128 + signal.SIGHUP


def test_what_never_comes_is_reported_with_the_screen() -> None:
    with Terminal(program(ECHO)) as terminal:
        terminal.wait_for("ready 80")
        with pytest.raises(TimeoutError, match=r"never showed 'missing'\n(?s:.*)ready 80"):
            terminal.wait_for("missing", timeout=0.1)
        terminal.type("end\r")
        with pytest.raises(EOFError, match="the program ended"):
            terminal.wait_for("missing")


def test_a_textual_screen_is_read_without_stray_characters() -> None:
    with Terminal(program(TEXTUAL), rows=5) as terminal:
        terminal.wait_for("top line of it")
        assert terminal.lines[0] == "top line of it"
        terminal.type("hello")
        terminal.press("enter")
        terminal.wait_for("got hello")
        terminal.wait_until_quiet()
        assert terminal.lines[0] == "got hello"
        terminal.press("ctrl+q")
        assert terminal.wait_for_exit() == 0
