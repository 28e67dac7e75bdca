"""The filter for terminals without Unicode (SWITCHBOARD_ASCII): every cell drawn holds an ASCII character."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.filter import LineFilter

if TYPE_CHECKING:
    from rich.segment import Segment
    from textual.color import Color

STAND_INS = str.maketrans(
    {
        **dict.fromkeys("─━═▔", "-"),
        **dict(zip("▁▂▃▄▅▆▇█", "_.:-=+*#", strict=True)),
        **dict.fromkeys("│┃║▏▎▍▌▋▊▉▕", "|"),
        **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯", "+"),
        **{"●": "*", "○": "o", "◌": "~", "✓": "+", "✗": "x", "▲": "!", "■": "#", "□": ".", "×": "x"},
        **{"→": ">", "…": ".", "•": "*", "“": '"', "”": '"'},
    }
)


class AsciiFilter(LineFilter):
    """Replaces drawing by its nearest sign and everything else that is not ASCII by question marks, cell for cell."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments in ASCII, each as wide as it was."""
        if all(text.isascii() for text, _style, _control in segments):
            return segments
        return [segment._replace(text=_in_ascii(segment.text)) for segment in segments]


@lru_cache(maxsize=4096)
def _in_ascii(text: str) -> str:
    drawn = text.translate(STAND_INS)
    return "".join(char if char.isascii() else "?" * cell_len(char) for char in drawn)
