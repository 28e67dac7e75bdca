"""The developers' way to a single screen, on a real terminal."""

from __future__ import annotations

import sys

import pytest

from tests.dev.screen import screen_names
from tests.support.terminal.pty import Terminal

NAMES = screen_names()
SAMPLE = "audit-row"


@pytest.mark.parametrize(
    "name", [SAMPLE, *(pytest.param(name, marks=pytest.mark.long) for name in NAMES if name != SAMPLE)]
)
def test_the_console_opens_at_the_screen_of_that_name(name: str) -> None:
    with Terminal([sys.executable, "-m", "tests.dev.screen", name]) as terminal:
        terminal.wait_for(NAMES[name].shows, timeout=60)
        terminal.process.terminate()
        assert terminal.wait_for_exit() == 143
