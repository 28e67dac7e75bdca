"""Counts as people read them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_MANY = {"index": "indexes", "policy": "policies"}


def counted(number: int, singular: str, plural_form: str = "") -> str:
    """Return "1 row" or "2,612 rows"; `plural_form` is for what takes more than an s: "person is", "people are"."""
    return f"{number:,} {plural(number, singular, plural_form)}"


def plural(number: int, singular: str, plural_form: str = "") -> str:
    """Return the word that stands behind a number."""
    return singular if number == 1 else plural_form or _MANY.get(singular, f"{singular}s")


def counted_kinds(kinds: Iterable[str]) -> str:
    """Return how often there is each kind, by name: "2 indexes, 1 table", or "nothing"."""
    return ", ".join(counted(number, kind) for kind, number in sorted(Counter(kinds).items())) or "nothing"
