"""The last filter before the terminal: no control character of stored data leaves the program."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual.filter import LineFilter

if TYPE_CHECKING:
    from textual.color import Color

# None of the deleted takes a cell and a surrogate takes one, so the width that Textual has computed stays true.
_DELETED = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_PLAIN = Style.null()
_UNSAFE = re.compile(f"[{_DELETED}\ud800-\udfff]")


class ControlFilter(LineFilter):
    """Deletes C0, DEL, C1 and bidi controls from every segment, and replaces lone surrogates by U+FFFD.

    The second of two layers (the first is `safe_text`); it stands first in `App.get_line_filters()`. A lone
    surrogate cannot be encoded and would end Textual's writer. Segments without a style, which end filters of
    Textual's, get an empty one.
    """

    # Textual itself strips five characters (7, 8, 11, 12, 13): ESC and C1 in stored data reached the terminal from each
    # of the 22 widgets that were tried, and OSC 52 in a user agent sets the operator's clipboard.
    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments without controls; the same list where nothing had to be done."""
        for text, style, _control in segments:
            # isprintable() is the cheapest question that no unsafe text answers with yes.
            if style is None or (not text.isprintable() and _UNSAFE.search(text)):
                return [
                    Segment(_UNSAFE.sub(_replacement, text), style or _PLAIN, control)
                    for text, style, control in segments
                ]
        return segments


def _replacement(match: re.Match[str]) -> str:
    return "\ufffd" if match[0] >= "\ud800" else ""
