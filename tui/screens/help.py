"""The help and the palette: the keys that work on the screen below; choosing one presses it there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.screens.chooser import ChooserScreen
from tui.screens.key_table import key_rows
from tui.widgets.row_list import Column

if TYPE_CHECKING:
    from textual.screen import Screen


class KeysScreen(ChooserScreen):
    """Lists the keys of the screen below."""

    columns = (Column("Key", 14), Column("What it does", 22), Column("", 20, grows=True))

    def __init__(self, below: Screen[Any]) -> None:
        super().__init__()
        self._below = below

    async def load(self) -> None:
        self.rows = key_rows(self._below.active_bindings.values())
        self.show_rows()

    def on_mount(self) -> None:
        # Keys are known without the database: they are shown whether there is a connection or not.
        self.start_load()

    def choose(self, key: str) -> None:
        self.dismiss()
        # Once this screen is gone, so that the key reaches the one below.
        self.app.call_later(self.app.simulate_key, key)


class PaletteScreen(KeysScreen):
    """Runs an act by its name."""

    heading = "Run"


class HelpScreen(KeysScreen):
    """Explains every key of the screen below."""

    heading = "Keys on this screen"
