"""Which colours the console draws with: the terminal's own sixteen, or none at all (NO_COLOR)."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from rich.style import Style
from textual.filter import LineFilter
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


def colours_are_unwanted(environ: Mapping[str, str]) -> bool:
    """Whether NO_COLOR is there and not empty (https://no-color.org); Textual would take an empty one as well."""
    return bool(environ.get("NO_COLOR"))


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
