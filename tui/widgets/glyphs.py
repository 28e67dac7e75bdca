"""The few signs that screens draw; where there is no Unicode, AsciiFilter puts others in their place."""

from __future__ import annotations

from typing import NamedTuple


class Glyphs(NamedTuple):
    """One sign per meaning; each also stands beside a word, so that none is needed to understand a screen."""

    good: str
    bad: str
    warning: str
    empty: str
    busy: str
    yes: str
    no: str
    arrow: str


UNICODE = Glyphs("●", "✗", "▲", "○", "◌", "✓", "✗", "→")
