"""What a profile is called where it is shown, and which colour it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.settings.configuration import Colour

PRODUCTION = "production"


def profile_colour(name: str, chosen: Mapping[str, Colour]) -> Colour:
    """Return the colour that was chosen for a profile; else red for one whose name begins with prod."""
    return chosen.get(name, "red" if name.startswith("prod") else "none")


def profile_label(name: str, colour: Colour) -> str:
    """Return its name; of a red one with a word, since a colour alone must say nothing."""
    if colour != "red":
        return name
    return PRODUCTION.upper() if name == PRODUCTION else f"{PRODUCTION.upper()}: {name}"
