"""The developers' way to a single screen, on a real terminal."""

from __future__ import annotations

import sys

import pytest

from tests.dev.screen import SECTION_KEYS, screen_names, way_to
from tests.support.terminal.every_screen import LOCK, WALK
from tests.support.terminal.pty import Terminal
from tui.screens.audit.row import AuditRowScreen

NAMES = screen_names()


def test_each_stop_has_a_name_and_a_way_that_begins_at_its_section() -> None:
    assert list(NAMES.values()) == [*WALK, LOCK]
    assert NAMES["audit-row"].screen is AuditRowScreen
    for name, stop in NAMES.items():
        if stop is not LOCK:
            way = way_to(stop)
            assert way[-1] is stop, name
            assert way[0].keys in SECTION_KEYS or way[0] is WALK[0], name
            assert not any(other.keys in SECTION_KEYS for other in way[1:]), name


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_the_console_opens_at_the_screen_of_that_name(name: str) -> None:
    with Terminal([sys.executable, "-m", "tests.dev.screen", name]) as terminal:
        terminal.wait_for(NAMES[name].shows, timeout=60)
        terminal.process.terminate()
        assert terminal.wait_for_exit() == 143
