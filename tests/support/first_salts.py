"""Salts of keys that nobody has recorded: the same ones in each test, so that a run derives a key with each once."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.data.keys.master_key import MasterKey

_salts: dict[MasterKey, bytes] = {}


def first_salt(key: MasterKey) -> bytes:
    """The first salt of a key: within a test no two keys have the same, as if they were random."""
    # Not above: a release that is tried in place of this one has it elsewhere.
    from tui.data.keys.envelopes import SALT_BYTES

    if key not in _salts:
        text = key._bytes()
        number = sum(other._bytes() == text for other in _salts)
        _salts[key] = sha256(text + bytes([number])).digest()[:SALT_BYTES]
    return _salts[key]


def forget_first_salts() -> None:
    """Begin again, for another test."""
    _salts.clear()
