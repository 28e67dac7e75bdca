"""What a cell of a terminal looks like to a person: its two colours in a dark or a light palette of real terminals."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyte.screens import Char

    from tests.support.terminal.pty import Terminal

Colour = tuple[int, int, int]
# As pyte calls the sixteen; "brown" is the third one, yellow.
NAMES = ("black", "red", "green", "brown", "blue", "magenta", "cyan", "white")


def _palette(foreground: str, background: str, sixteen: str) -> Mapping[str, Colour]:
    names = (*NAMES, *(f"bright{name}" for name in NAMES))
    colours = dict(zip(names, map(_rgb, sixteen.split()), strict=True))
    return colours | {"default": _rgb(foreground), "background": _rgb(background)}


def _rgb(text: str) -> Colour:
    return int(text[:2], 16), int(text[2:4], 16), int(text[4:], 16)


PALETTES: Mapping[str, Mapping[str, Colour]] = {
    # XTerm-col.ad of xterm, white on black.
    "dark": _palette(
        "e5e5e5",
        "000000",
        "000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5 "
        "7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff",
    ),
    # Tango, as GNOME's terminal has it, black on white.
    "light": _palette(
        "000000",
        "ffffff",
        "2e3436 cc0000 4e9a06 c4a000 3465a4 75507b 06989a d3d7cf "
        "555753 ef2929 8ae234 fce94f 729fcf ad7fa8 34e2e2 eeeeec",
    ),
}
LEAST_CONTRAST = 2.0
"""WCAG asks for 4.5, which the yellow of light palettes does not reach; this is what they all do."""


def unreadable_cells(terminal: Terminal) -> Iterator[str]:
    """Yield what is wrong with each cell that a person could not read in one of the palettes."""
    for row, line in enumerate(terminal.lines):
        for column in range(len(line)):
            cell = terminal.cell(column, row)
            for name, palette in PALETTES.items():
                if cell.data.strip() and _contrast(*_colours_of(cell, palette)) < LEAST_CONTRAST:
                    yield f"{name}: {cell} at {column},{row}"


def _colours_of(cell: Char, palette: Mapping[str, Colour]) -> tuple[Colour, Colour]:
    foreground = palette[cell.fg]
    background = palette["background" if cell.bg == "default" else cell.bg]
    return (background, foreground) if cell.reverse else (foreground, background)


@cache
def _contrast(first: Colour, second: Colour) -> float:
    """The ratio of two colours' luminances (WCAG 2.2, "contrast ratio"): from 1 for the same to 21."""
    darker, lighter = sorted(map(_luminance, (first, second)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Colour) -> float:
    linear = [part / 3294.6 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
