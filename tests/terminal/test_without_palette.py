"""Textual without its command palette."""

from __future__ import annotations

import json

from tests.support.fresh_python import python

CODE = """
import json, sys
from tui.terminal.without_palette import leave_out_palette
leave_out_palette()
import tui.app
imported = sorted(sys.modules)
from textual.command import CommandInput
from textual.command import CommandPalette
print(json.dumps([imported, CommandInput.__mro__[1].__name__, CommandPalette.__module__, CommandPalette.__name__]))
"""


def test_what_it_imports_is_left_out_and_whoever_asks_for_more_gets_the_real_one() -> None:
    ended = python(CODE)
    assert ended.returncode == 0, ended.stderr
    imported, *real = json.loads(ended.stdout)
    assert {"textual.fuzzy", "textual.types", "textual.widgets._option_list"} & set(imported) == set()
    assert real == ["Input", "textual.command", "CommandPalette"]
