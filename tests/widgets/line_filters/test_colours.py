"""What NO_COLOR leaves of a line, and when it counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import DimFilter, Monochrome
from textual.strip import Strip

from tests.support.terminal.console_driver import new_app
from tui.widgets.line_filters.colours import PALETTE, ColourlessFilter, PaletteFilter
from tui.widgets.line_filters.control import ControlFilter

if TYPE_CHECKING:
    from pathlib import Path

    from rich.color_triplet import ColorTriplet

BACKGROUND = Color(0, 0, 0)


def drawn(style: str | None) -> str:
    """What the terminal gets for the letter x in that style."""
    line = ControlFilter().apply([Segment("x", None if style is None else Style.parse(style))], BACKGROUND)
    (segment,) = ColourlessFilter().apply(line, BACKGROUND)
    assert segment.style is not None
    return Strip.render_style(segment.style, segment.text, ColorSystem.TRUECOLOR)


@pytest.mark.parametrize(
    ("style", "sent"),
    [
        (None, "x"),
        ("red", "x"),
        ("default on default", "x"),
        ("#ff0000 on default", "x"),
        ("bold dim underline green", "\x1b[1;2;4mx\x1b[0m"),
        ("reverse yellow", "\x1b[7mx\x1b[0m"),
        # What stands out by its background alone has to stand out without it.
        ("black on bright_blue", "\x1b[7mx\x1b[0m"),
        ("bold on #123456", "\x1b[1;7mx\x1b[0m"),
        ("reverse white on black", "\x1b[7mx\x1b[0m"),
    ],
)
def test_colours_go_and_everything_else_stays(style: str | None, sent: str) -> None:
    assert drawn(style) == sent


def test_a_segment_without_a_style_reaches_no_later_filter() -> None:
    for text in ("harmless", "a\x1b[31mb"):
        line = ControlFilter().apply([Segment("first", Style(bold=True)), Segment(text)], BACKGROUND)
        assert [segment.style for segment in line] == [Style(bold=True), Style.null()]
        for later in (Monochrome(), DimFilter(), ColourlessFilter()):
            later.apply(line, BACKGROUND)


@pytest.mark.parametrize(("value", "counts"), [("1", True), ("0", True), ("", False)])
def test_no_color_counts_when_it_is_not_empty(monkeypatch: pytest.MonkeyPatch, value: str, counts: bool) -> None:
    # Textual looks at the process's own environment, and takes an empty one as well.
    monkeypatch.setenv("NO_COLOR", value)
    filters = new_app("postgresql://nowhere", NO_COLOR=value).get_line_filters()
    assert [type(line_filter) for line_filter in filters] == [
        ControlFilter,
        *([ColourlessFilter] if counts else []),
    ]


def luminance(colour: ColorTriplet) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    parts = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized)
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def test_every_colour_of_the_palette_but_black_is_readable_on_its_background() -> None:
    ground = luminance(PALETTE.background_color)
    for number in range(1, 16):
        contrast = (luminance(PALETTE.ansi_colors[number]) + 0.05) / (ground + 0.05)
        assert contrast > 4.5, (number, contrast)


def test_the_palette_takes_the_place_of_every_colour_of_the_terminals_and_no_color_of_the_palette(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text, ground = (";".join(map(str, colour)) for colour in (PALETTE.foreground_color, PALETTE.background_color))
    for style in (None, Style(), Style(color="default", bgcolor="default")):
        (segment,) = PaletteFilter().apply([Segment("x", style)], BACKGROUND)
        assert segment.style is not None
        sent = Strip.render_style(segment.style, segment.text, ColorSystem.TRUECOLOR)
        assert sent == f"\x1b[38;2;{text};48;2;{ground}mx\x1b[0m"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "switchboard").mkdir()
    (tmp_path / "switchboard" / "config.toml").write_text('theme = "truecolor"')
    for environ, last in (({}, PaletteFilter), ({"NO_COLOR": "1"}, ColourlessFilter)):
        filters = new_app("postgresql://nowhere", **environ).get_line_filters()
        assert [type(line_filter) for line_filter in filters] == [ControlFilter, last]
