"""How a profile is shown: its name in its colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.widgets.frame import Part, Tone
from tui.words.profiles import profile_colour, profile_label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.settings.configuration import Colour

TONES: dict[Colour, Tone] = {
    "none": "plain",
    "red": "bad",
    "yellow": "warning",
    "green": "good",
    "blue": "blue",
    "magenta": "magenta",
    "cyan": "cyan",
}


def profile_part(name: str, chosen: Mapping[str, Colour]) -> Part:
    """Return the name, with a word where it is red; `chosen` has the colours that somebody chose."""
    colour = profile_colour(name, chosen)
    return Part(profile_label(name, colour), TONES[colour], give=1)
