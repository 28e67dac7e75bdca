"""Texts that people typed as patterns of LIKE, meaning themselves."""

from __future__ import annotations


def escaped(text: str) -> str:
    """Return the pattern that only the text itself matches (Postgres manual, 9.7.1: the escape is a backslash)."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def containing(text: str) -> str:
    """Return the pattern that whatever has the text in it matches."""
    return f"%{escaped(text)}%"
