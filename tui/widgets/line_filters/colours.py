"""Which colours the console draws with: the terminal's own sixteen, a palette of ours, or none at all (NO_COLOR)."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from rich.style import Style
from rich.terminal_theme import TerminalTheme
from textual.filter import ANSIToTruecolor, LineFilter
from textual.theme import BUILTIN_THEMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.segment import Segment
    from textual.color import Color

# The terminal's sixteen colours are readable on light and dark backgrounds alike, and the first screen takes 17.6 KB
# on the wire at 80x24 in place of 32.7 KB. An absolute black behind a scrollbar is a stripe on a light background.
TERMINAL_COLOURS = replace(
    BUILTIN_THEMES["ansi-dark"],
    name="switchboard",
    variables=BUILTIN_THEMES["ansi-dark"].variables | {"scrollbar-background": "ansi_default"},
)
REVERSE = Style(reverse=True)
TERMINALS_OWN = Style(color="default", bgcolor="default")
# Black, red, green, yellow, blue, magenta, cyan and white; each is readable on the background (a contrast of 4.5).
PALETTE = TerminalTheme(
    (0x12, 0x17, 0x1E),
    (0xD9, 0xE0, 0xE8),
    [
        *((0x2B, 0x33, 0x3D), (0xFF, 0x7B, 0x72), (0x7E, 0xE0, 0x92), (0xF2, 0xCC, 0x60)),
        *((0x79, 0xB8, 0xFF), (0xD2, 0xA8, 0xFF), (0x6C, 0xD9, 0xE0), (0xD9, 0xE0, 0xE8)),
    ],
    [
        *((0x8B, 0x97, 0xA5), (0xFF, 0xA1, 0x98), (0xA4, 0xF0, 0xB3), (0xFF, 0xE0, 0x8A)),
        *((0xA5, 0xD0, 0xFF), (0xE2, 0xC5, 0xFF), (0x9A, 0xEB, 0xF0), (0xFF, 0xFF, 0xFF)),
    ],
)


def colours_are_unwanted(environ: Mapping[str, str]) -> bool:
    """Whether NO_COLOR is there and not empty (https://no-color.org); Textual would take an empty one as well."""
    return bool(environ.get("NO_COLOR"))


class PaletteFilter(ANSIToTruecolor):
    """Puts PALETTE in the place of the terminal's own colours, of its text and its background as well."""

    def __init__(self) -> None:
        super().__init__(PALETTE)

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments with a colour and a background each."""
        whole = [segment._replace(style=TERMINALS_OWN + (segment.style or Style.null())) for segment in segments]
        return super().apply(whole, background)


class ColourlessFilter(LineFilter):
    """Takes every colour away and keeps bold, dim, underline and reverse; what stood out by its background is reversed.

    Textual's own filters write colours all the same: NoColor the codes of the default ones, Monochrome greys.
    """

    # Textual chooses Monochrome when an app is made, before a theme is set: it then painted black on black.

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments without colours."""
        return [segment._replace(style=_colourless(segment.style or Style.null())) for segment in segments]


@lru_cache(maxsize=4096)
def _colourless(style: Style) -> Style:
    stands_out = style.bgcolor is not None and not style.bgcolor.is_default
    return style.without_color + REVERSE if stands_out else style.without_color
