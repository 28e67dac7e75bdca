"""Counts as people read them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_MANY = {"index": "indexes", "policy": "policies"}


def counted(number: int, one: str, many: str = "") -> str:
    """Return "1 row" or "2,612 rows"; `many` is for what takes more than an s: "person is", "people are"."""
    return f"{number:,} {plural(number, one, many)}"


def plural(number: int, one: str, many: str = "") -> str:
    """Return the word that stands behind a number."""
    return one if number == 1 else many or _MANY.get(one, f"{one}s")


def counted_kinds(kinds: Iterable[str]) -> str:
    """Return how often there is each kind, by name: "2 indexes, 1 table", or "nothing"."""
    return ", ".join(counted(number, kind) for kind, number in sorted(Counter(kinds).items())) or "nothing"
