"""The last filter before the terminal."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.color import Color
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import Static

from tests.support.hostile_strings import hostile_strings
from tui.widgets.line_filters.control import ControlFilter

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest
    from textual.app import ComposeResult
    from textual.filter import LineFilter

HOSTILE = hostile_strings()
BACKGROUND = Color(0, 0, 0)
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def through(text: str) -> str:
    return ControlFilter().apply([Segment(text)], BACKGROUND)[0].text


def test_no_control_of_any_hostile_string_gets_through_and_the_width_stays() -> None:
    for label, text in HOSTILE.items():
        assert not UNSAFE.search(through(text)), label
        assert cell_len(through(text)) == cell_len(text), label


def test_every_deleted_code_point_takes_no_cell_and_every_replaced_one_takes_one() -> None:
    for code in range(0x10000):
        if UNSAFE.match(chr(code)):
            assert cell_len(through(chr(code))) == cell_len(chr(code))


def test_styles_stay_and_only_the_unsafe_segment_changes() -> None:
    red, blue = Style(color="red"), Style(color="blue")
    line = [Segment("a\x1b[31mb", red), Segment("│ ok\xa0", blue), Segment("x\ud800", red)]
    assert ControlFilter().apply(line, BACKGROUND) == [
        Segment("a[31mb", red),
        Segment("│ ok\xa0", blue),
        Segment("x\ufffd", red),
    ]


def test_a_harmless_line_is_handed_on_as_it_is() -> None:
    for text in ("plain", "漢字 │ é", "no-break\xa0space \u3000"):
        line = [Segment(text, Style.null())]
        assert ControlFilter().apply(line, BACKGROUND) is line


class Lines(ScrollView):
    """The Line API: nothing stands between the data and the strip."""

    def render_line(self, y: int) -> Strip:
        return Strip([Segment(list(HOSTILE.values())[y % len(HOSTILE)][:60])])


class Careless(App[None]):
    """Shows stored strings without safe_text."""

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [ControlFilter(), *super().get_line_filters()]

    def compose(self) -> ComposeResult:
        for text in HOSTILE.values():
            static = Static(text[:60], markup=False)
            static.border_title = text[:20].replace("[", "(")
            yield static
        yield Lines()


async def test_not_even_a_careless_screen_sends_a_control() -> None:
    app = Careless()
    async with app.run_test(size=(80, 200)) as pilot:
        await pilot.pause()
        drawn = "".join(strip.text for strip in app.screen._compositor.render_strips())
    assert "PWNED" in drawn
    assert not UNSAFE.search(drawn)


def test_a_full_screen_costs_less_than_a_millisecond(capsys: pytest.CaptureFixture[str]) -> None:
    line = [
        Segment(text, Style.null())
        for text in ("│ ", "alice@example.com   ", " exotel_phone ", "active", " 漢字\xa0│", "  ")
    ]
    best = float("inf")
    for _ in range(20):
        started = time.perf_counter()
        for _ in range(24):
            ControlFilter().apply(line, BACKGROUND)
        best = min(best, time.perf_counter() - started)
    with capsys.disabled():
        print(f"\nline filter: {best * 1e6:.0f} µs for a screen of 24 lines")
    assert best < 0.001
