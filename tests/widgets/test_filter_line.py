"""The filter line as a widget: offers put in at their place, and carets under the word that is wrong."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len
from textual.app import App

from tui.widgets.filter_line import FilterLine
from tui.widgets.frame import PartsLine

if TYPE_CHECKING:
    from textual.app import ComposeResult


class LineApp(App[None]):
    """Nothing but a filter line."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[object] = []

    def compose(self) -> ComposeResult:
        yield FilterLine()

    def on_filter_line_submitted(self, event: FilterLine.Submitted) -> None:
        self.messages.append(event.text)

    def on_filter_line_cancelled(self) -> None:
        self.messages.append("left")

    @property
    def line(self) -> FilterLine:
        return self.query_one(FilterLine)

    @property
    def below(self) -> str:
        """What stands below the text, as it is drawn."""
        widget = self.query_one("#filter-offers", PartsLine)
        return widget.render_line(0).text.rstrip()


async def test_an_offer_takes_the_place_of_what_it_completes_and_no_more() -> None:
    app = LineApp()
    async with app.run_test(size=(60, 5)) as pilot:
        app.line.open("filter", "status:f type:x")
        await pilot.pause()
        app.line.offer(7, 8, [("failed", "it"), ("pending", "")])
        await pilot.press("down", "up", "up")
        assert "[pending]" in app.below
        await pilot.press("down", "tab")
        assert app.line.field.value == "status:failed type:x"
        assert app.line.field.cursor_position == len("status:failed")
        await pilot.press("tab")
        assert app.line.field.value == "status:failed type:x"
        app.line.offer(0, 6, [("-status:", "")])
        await pilot.press("tab", "enter")
        assert app.messages == ["-status::failed type:x"]
        await pilot.press("escape")
        assert app.messages[1:] == ["left"]
        assert not app.line.is_open


async def test_up_in_an_empty_line_goes_through_earlier_texts_until_one_is_edited() -> None:
    app = LineApp()
    async with app.run_test(size=(60, 5)) as pilot:
        app.line.open("filter", "", ["newest", "older"])
        for key, text in (
            *(("up", "newest"), ("up", "older"), ("up", "older"), ("down", "newest"), ("down", ""), ("down", "")),
            *(("up", "newest"), ("x", "newestx"), ("up", "newestx"), ("ctrl+u", ""), ("up", "newest")),
        ):
            await pilot.press(key)
            assert app.line.field.value == text, key
        app.line.open("filter", "typed", ["newest"])
        await pilot.press("up")
        assert app.line.field.value == "typed"


@pytest.mark.parametrize("before", ["", "status:failed ", "名前 ", "a\u0301 ", "x" * 80 + " "])
async def test_the_carets_stand_under_the_word_whatever_is_before_it(before: str) -> None:
    app = LineApp()
    async with app.run_test(size=(60, 5)) as pilot:
        app.line.open("filter", before + "acton:x")
        await pilot.pause()
        app.line.point(len(before), 5)
        await pilot.pause()
        shown = app.line.field.render_line(0)
        title = len("filter") + 1
        cells = ["\0"] * title
        for character in shown.text:
            cells += [character, *[""] * (cell_len(character) - 1)] if cell_len(character) else []
        carets = [n for n, character in enumerate(app.below) if character == "^"]
        assert "".join(cells[n] for n in carets) == "acton"


async def test_many_offers_say_how_many_more_there_are_and_the_marked_one_is_seen() -> None:
    app = LineApp()
    async with app.run_test(size=(100, 5)) as pilot:
        app.line.open("filter", "")
        await pilot.pause()
        app.line.offer(0, 0, [(f"offer{n}", "") for n in range(40)])
        await pilot.pause()
        assert "+28" in app.below
        await pilot.press("up")
        assert "[offer39]" in app.below
        await pilot.press("down")
        assert "[offer0]" in app.below


async def test_a_word_is_pointed_at_also_before_the_line_is_laid_out() -> None:
    class ClosedLineApp(LineApp):
        CSS = "FilterLine { display: none; }"

    app = ClosedLineApp()
    async with app.run_test(size=(60, 5)) as pilot:
        app.line.open("filter", "foo:bar")
        app.line.point(0, 4)
        async with asyncio.timeout(10):
            while not app.below:
                await pilot.pause()
        assert app.below == f"{' ' * len('filter ')}^^^^"
