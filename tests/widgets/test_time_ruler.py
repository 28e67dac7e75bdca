"""The time ruler as a widget: bars of any number of units, what nobody has counted, and the marker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.app import App

from tui.widgets.time_ruler import LABEL, TAIL, Scale, Series, TimeRuler

if TYPE_CHECKING:
    from textual.app import ComposeResult

TRACK = 20


class RulerApp(App[None]):
    """Nothing but a ruler."""

    def compose(self) -> ComposeResult:
        yield TimeRuler(id="ruler")

    def track(self, y: int) -> str:
        """What stands in the track of a line."""
        return self.query_one(TimeRuler).render_line(y).text[LABEL : LABEL + TRACK]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((1, 8), "▁" * 10 + "█" * 10),
        ((0, 1, 1000, None), "     ▁▁▁▁▁█████?????"),
        (tuple(range(20)), " ▁▁▂▂▃▃▃▄▄▅▅▆▆▆▇▇███"),
        # More units than cells: none of them vanishes, each cell shows its highest.
        ((*[1] * 39, 8), "▁" * 19 + "█"),
        ((*[8] * 2, *[0] * 38), "█" + " " * 19),
        ((*[None] * 39, 8), "?" * 19 + "█"),
        ((), " " * 20),
    ],
)
async def test_bars_are_as_high_as_their_units_however_many_share_a_cell(
    values: tuple[int | None, ...], expected: str
) -> None:
    app = RulerApp()
    async with app.run_test(size=(LABEL + TRACK + TAIL, 5)) as pilot:
        ruler = app.query_one(TimeRuler)
        ruler.show(Scale("left", "right"))
        ruler.draw((Series("rows", values, "max 8"),))
        await pilot.pause()
        assert ruler.size.height == 2
        assert app.track(0) == expected
        assert ruler.render_line(0).text.startswith("rows ")
        assert "max 8" in ruler.render_line(0).text


async def test_the_marker_is_where_the_share_is_and_stays_on_the_ruler() -> None:
    app = RulerApp()
    async with app.run_test(size=(LABEL + TRACK + TAIL, 5)):
        ruler = app.query_one(TimeRuler)
        assert app.track(0).strip() == ""
        ruler.show(Scale("left", "right"))
        for share, place in ((0.0, 0), (0.5, 10), (0.99, 19), (1.0, 19), (7.0, 19), (-1.0, 0)):
            ruler.mark(share)
            assert app.track(0).index("▲") == place
        ruler.mark(None)
        assert "▲" not in app.track(0)
        line = ruler.render_line(0).text
        assert line.startswith("left ")
        assert line.rstrip().endswith(" right")
