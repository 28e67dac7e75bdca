"""Choosing one of many by typing a part of its name: the base, the palette and the help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType

from tui.screens.key_table import key_rows
from tui.screens.page import Page
from tui.widgets.frame import Part
from tui.widgets.line_input import LineInput
from tui.widgets.row_list import Column, Row, RowBody, RowList
from tui.widgets.state_switcher import StateSwitcher

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.screen import Screen
    from textual.widget import Widget
    from textual.widgets import Input


class ChooserScreen(Page):
    """A line to type into and the rows that match it; enter takes the row, escape leaves."""

    CSS_PATH: ClassVar[Any] = ["chooser.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
    ]
    is_inner = True
    heading = ""
    columns: ClassVar[Sequence[Column]] = ()

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Row] = []

    def compose_body(self) -> Iterable[Widget]:
        yield LineInput(placeholder="type to filter", id="wanted")
        yield StateSwitcher(RowList(self.columns, moved_from_elsewhere=True))

    def on_mount(self) -> None:
        """Start typing at once."""
        self.focus_body()
        if not self.session.is_connected:
            self.start_load()

    def focus_body(self) -> None:
        self.set_focus(self.query_one("#wanted", LineInput))

    def hints(self) -> tuple[tuple[str, str], ...]:
        return (("enter", "choose"), ("up/down", "move"), ("esc", "back"))

    def context(self) -> tuple[Part, ...]:
        return (Part(self.heading, "warning"),)

    def show_rows(self) -> None:
        """Show the rows that contain every word typed."""
        words = self.query_one("#wanted", LineInput).value.casefold().split()
        matching = [row for row in self.rows if all(w in " ".join(c.text for c in row.cells).casefold() for w in words)]
        self.query_one(RowBody).show(matching)
        switcher = self.query_one(StateSwitcher)
        switcher.show_content() if matching else switcher.show_empty("Nothing matches.", "backspace  type less")

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.input.id == "wanted":
            event.stop()
            self.show_rows()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.take_current()

    def take_current(self) -> None:
        key = self.query_one(RowBody).current_key
        if key is not None:
            self.chosen(key)

    def on_row_body_opened(self, event: RowBody.Opened) -> None:
        self.chosen(event.key)

    def chosen(self, key: str) -> None:
        """Do what choosing this row means."""
        raise NotImplementedError

    def action_move(self, by: int) -> None:
        self.query_one(RowBody).action_move(by)

    def action_page(self, by: int) -> None:
        self.query_one(RowBody).action_page(by)

    def action_back(self) -> None:
        self.dismiss()


class KeysScreen(ChooserScreen):
    """Lists the keys that work on another screen; choosing one presses it there."""

    columns = (Column("Key", 14), Column("What it does", 22), Column("", 20, grows=True))

    def __init__(self, below: Screen[Any]) -> None:
        super().__init__()
        self._below = below

    async def load(self) -> None:
        """Collect the keys; they are known without the database."""
        self.rows = key_rows(self._below.active_bindings.values())
        self.show_rows()

    def on_mount(self) -> None:
        """Show the keys, whether there is a connection or not."""
        self.start_load()

    def chosen(self, key: str) -> None:
        """Press the key on the screen below."""
        self.dismiss()
        self.app.call_later(self.app.simulate_key, key)


class PaletteScreen(KeysScreen):
    """Runs an act by its name."""

    heading = "Run"


class HelpScreen(KeysScreen):
    """Explains every key of the screen below."""

    heading = "Keys on this screen"
