"""The few signs that screens draw, with their ASCII stand-ins."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One sign per meaning; each also stands beside a word, so that none is needed to understand a screen."""

    good: str
    bad: str
    warning: str
    empty: str
    busy: str
    yes: str
    no: str
    rule: str
    separator: str
    arrow: str
    ellipsis: str


UNICODE = Glyphs("●", "✗", "▲", "○", "◌", "✓", "✗", "─", "│", "→", "…")
ASCII = Glyphs("*", "x", "!", "o", "~", "+", "-", "-", "|", "->", "...")


def glyphs(*, ascii_only: bool) -> Glyphs:
    """Return the set to draw with (SWITCHBOARD_ASCII)."""
    return ASCII if ascii_only else UNICODE
