"""Which streams and terminals are refused, with the way out."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.fresh_python import python
from tui.errors import InvalidInput
from tui.process.terminal_checks import refuse_other_encodings

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("name", ["", "utf-8", "UTF8", "utf-8:surrogateescape", ":replace"])
def test_utf8_output_is_accepted(name: str) -> None:
    refuse_other_encodings({"PYTHONIOENCODING": name} if name else {})


@pytest.mark.parametrize("name", ["latin-1", "ascii:replace", "utf-16", "no\x1bsuch"])
def test_any_other_output_encoding_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        refuse_other_encodings({"PYTHONIOENCODING": name})
    assert caught.value.exit_status == 2
    assert str(caught.value).isprintable()


TERMINAL = """
import sys
from tui.errors import NoTerminal
from tui.process.terminal_checks import require_terminal
try:
    require_terminal("switchboard integrations list")
except NoTerminal as refused:
    open(sys.argv[1] if len(sys.argv) > 1 else 3, "w").write(str(refused))
"""


def refusal(arrange: Callable[[int], dict[str, Any]], environ: dict[str, str] | None = None) -> str:
    """What require_terminal says to a process whose streams `arrange` makes out of a terminal."""
    ours, terminal = os.openpty()
    read, write = os.pipe()
    try:
        code = TERMINAL.replace("3", str(write))
        streams = {"stdin": terminal, "stdout": terminal, "stderr": terminal} | arrange(terminal)
        python(code, environ={"TERM": "xterm"} | (environ or {}), pass_fds=(write,), **streams)
        os.close(write)
        return os.read(read, 10_000).decode()
    finally:
        for descriptor in (ours, terminal, read):
            os.close(descriptor)


def test_a_terminal_is_accepted() -> None:
    assert refusal(lambda terminal: {}) == ""


@pytest.mark.parametrize("stream", ["stdin", "stdout", "stderr"])
def test_a_stream_that_is_no_terminal_is_named_with_the_way_out(stream: str) -> None:
    output = refusal(lambda terminal: {stream: subprocess.DEVNULL})
    name = {"stdin": "input", "stdout": "output", "stderr": "error"}[stream]
    assert output.startswith(f"The console needs a terminal, and standard {name} is not one.")
    assert "`ssh -t`" in output
    assert "`switchboard integrations list`" in output


def test_a_closed_stream_is_no_terminal() -> None:
    output = refusal(lambda terminal: {"preexec_fn": lambda: os.close(0)})
    assert "standard input is not one" in output


def test_a_dumb_terminal_is_refused() -> None:
    assert "TERM says dumb" in refusal(lambda terminal: {}, {"TERM": "dumb"})


def test_a_terminal_of_another_encoding_is_refused() -> None:
    output = refusal(lambda terminal: {}, {"PYTHONIOENCODING": "latin-1"})
    assert "the locale says iso8859-1" in output
    assert "C.UTF-8" in output
