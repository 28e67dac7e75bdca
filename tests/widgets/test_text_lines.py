"""A pane of lines beside a list."""

from __future__ import annotations

from textual.app import App, ComposeResult

from tui.widgets.text_lines import TextLine, TextLines, wrapped_while_free


class Pane(App[None]):
    CSS = "TextLines { border: round; padding: 0 1; }"

    def compose(self) -> ComposeResult:
        pane = TextLines()
        pane.wraps = True
        # As a screen does, before anything has a size.
        pane.show([TextLine("[red]Delhi desk, as entered years ago"), TextLine("active", label="State ")])
        yield pane


async def test_a_title_that_the_border_would_cut_stands_below_it_from_the_first_frame_on() -> None:
    app = Pane()
    async with app.run_test(size=(30, 10)) as pilot:
        lines = app.query_one(TextLines)._lines
        assert [line.text for line in lines] == ["[red]Delhi desk, as", "entered years ago", "active"]
        assert app.query_one(TextLines)._border_title is None
        await pilot.resize_terminal(60, 10)
        await pilot.pause()
        assert [line.text for line in app.query_one(TextLines)._lines] == ["active"]
        assert str(app.query_one(TextLines)._border_title) == "[red]Delhi desk, as entered years ago"
        await pilot.resize_terminal(30, 4)
        await pilot.pause()
        # Where not all have room, each line is begun.
        assert [line.text for line in app.query_one(TextLines)._lines] == [
            "[red]Delhi desk, as entered years ago",
            "active",
        ]


def test_below_a_list_a_line_goes_on_below_its_text_only_where_lines_are_free() -> None:
    lines = (TextLine("one two three", label="A "), TextLine("four five six"), TextLine(""))
    shown = [[line.label + line.text for line in wrapped_while_free(lines, 10, height)] for height in (2, 3, 4)]
    assert shown[0] == ["A one two three", "four five six"]
    assert shown[1] == ["A one two", "  three", "four five six"]
    assert shown[2] == ["A one two", "  three", "four five", "six"]
