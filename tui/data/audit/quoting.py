"""How a value is written in a filter line, apart from what reads one: naming the rows of a thing needs no more."""

from __future__ import annotations

import re

BARE = re.compile(r'[^\s,"][^\s,]*')
"""A value that needs no quotes, unless there is one in it."""


def quoted(value: str) -> str:
    """Return a value as it has to be written in a filter: between quotes where it needs them."""
    # action://x would be a text with a colon, as an address of the web is.
    plain = BARE.fullmatch(value) and '"' not in value and not value.startswith(("-", "//"))
    return value if plain else f'"{escaped(value)}"'


def escaped(value: str) -> str:
    """Return a value as it stands between quotes."""
    return value.replace("\\", "\\\\").replace('"', '\\"')
