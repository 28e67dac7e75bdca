"""[control] is written into a file of which every other byte stays, or not at all."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tui.errors import InvalidInput
from tui.providers.declared.control_table import with_control
from tui.providers.declared.definition import Control, Definition
from tui.providers.declared.reading import read_definition

MADE = Control(date(2026, 11, 30), "a" * 64)
TABLE = f'[control]\ndate = 2026-11-30\nsha256 = "{"a" * 64}"\n'
OLD = f'[control] # by hand\n# twice a year\nsha256 = "{"b" * 64}" # of [check]\ndate = 2025-01-01\n'
TEXT = '''\
name = "acme_voice"
title = "Acme voice"   # as its own people say
help = """
A [control] of their own \\
[control]"""

[[field]]
name = "token"
label = "Token"
kind = "secret"
help = "It stands there."
required = true

'''
PATH = Path("/nowhere/acme_voice.toml")


def definition_of(text: str) -> Definition:
    read = read_definition(PATH, text.encode(), "user")
    assert isinstance(read, Definition), read
    return read


HEAD, FIELD = TEXT.split("[[field]]")
FIRST = f"{HEAD}{OLD}\n[[field]]{FIELD}"
WRITTEN = {
    TEXT: TEXT + TABLE,
    TEXT.rstrip("\n"): TEXT + TABLE,
    TEXT[:-1]: TEXT + TABLE,
    # In its place, with whatever else stands there.
    FIRST: FIRST.replace(f'"{"b" * 64}" # of [check]', f'"{"a" * 64}"').replace("2025-01-01", "2026-11-30"),
    f"{TEXT}[control] # new\n# twice": f"{TEXT}[control] # new\n{TABLE.removeprefix('[control]')[1:]}# twice",
}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_only_what_the_control_says_changes(end: str) -> None:
    for before, after in WRITTEN.items():
        content = before.replace("\n", end).encode()
        definition = definition_of(TEXT)
        changed = with_control(content, MADE, definition)
        assert changed == after.replace("\n", end).encode()
        again = definition_of(changed.decode())
        assert (again.control, again.sha256) == (MADE, definition.sha256)
        assert with_control(changed, MADE, again) == changed


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        TEXT.replace("Acme voice", "Other voice").encode(),
        f'control = {{ date = 2025-01-01, sha256 = "{"b" * 64}" }}\n{TEXT}'.encode(),
        f'control.date = 2025-01-01\ncontrol.sha256 = "{"b" * 64}"\n{TEXT}'.encode(),
    ],
)
def test_what_is_not_understood_or_was_changed_is_not_written(content: bytes) -> None:
    with pytest.raises(InvalidInput, match="The control was not written"):
        with_control(content, MADE, definition_of(TEXT))
