"""Choosing one of many by typing a part of its name: the base of the help, the palette and the searches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tui.screens.page import Page
from tui.widgets.bindings import bind
from tui.widgets.frame import Hints, Part
from tui.widgets.line_input import LineInput
from tui.widgets.row_list import Column, Row, RowBody, RowList
from tui.widgets.state_switcher import StateSwitcher

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.binding import BindingType
    from textual.widget import Widget
    from textual.widgets import Input

    from tui.widgets.row_list import ColumnList


class ChooserScreen(Page):
    """A line to type into and the rows that match it; enter takes the row, escape leaves."""

    CSS_PATH: ClassVar[Any] = ["chooser.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("up", "move(-1)", "Up"),
        bind("down", "move(1)", "Down"),
        bind("pageup", "page(-1)", "Page up"),
        bind("pagedown", "page(1)", "Page down"),
    ]
    is_inner = True
    heading = ""
    columns: ClassVar[Sequence[Column]] = ()

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Row] = []

    def compose_body(self) -> Iterable[Widget]:
        yield LineInput(placeholder="type to filter", id="name")
        yield StateSwitcher(self.new_list())

    def new_list(self) -> ColumnList:
        """Return the list of what can be chosen."""
        return RowList(self.columns, moved_from_elsewhere=True)

    def on_mount(self) -> None:
        if not self.session.is_connected:
            self.start_load()

    @property
    def typed(self) -> str:
        """The part of a name that is typed."""
        return self.query_one("#name", LineInput).value

    def focus_body(self) -> None:
        self.set_focus(self.query_one("#name", LineInput))

    def hints(self) -> Hints:
        return (("enter", "choose"), ("up/down", "move"), ("esc", "back"))

    def context(self) -> tuple[Part, ...]:
        return (Part(self.heading, "warning"),)

    def show_rows(self) -> None:
        """Show the rows that contain every word typed."""
        words = self.typed.casefold().split()
        matching = [
            row
            for row in self.rows
            if all(word in " ".join(cell.text for cell in row.cells).casefold() for word in words)
        ]
        self.query_one(RowBody).show(matching)
        switcher = self.query_one(StateSwitcher)
        switcher.show_content() if matching else switcher.show_empty("Nothing matches.", "backspace  type less")

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.input.id == "name":
            event.stop()
            self.show_rows()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.choose_current()

    def choose_current(self) -> None:
        """Choose the row under the cursor, where there is one."""
        key = self.query_one(RowBody).current_key
        if key is not None:
            self.choose(key)

    def on_row_body_opened(self, event: RowBody.Opened) -> None:
        self.choose(event.key)

    def choose(self, key: str) -> None:
        """Do what choosing this row means."""
        raise NotImplementedError

    def action_move(self, by: int) -> None:
        self.query_one(RowBody).action_move(by)

    def action_page(self, by: int) -> None:
        self.query_one(RowBody).action_page(by)

    def action_back(self) -> None:
        self.dismiss()
