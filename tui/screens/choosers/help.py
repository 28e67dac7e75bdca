"""The help and the palette: the keys that work on the screen below; choosing one presses it there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.errors import ConfigError
from tui.screens.choosers.chooser import ChooserScreen
from tui.screens.choosers.key_table import key_rows
from tui.screens.page import Page
from tui.settings.kept_filters import LONGEST_NAME, kept_filters_file, read_kept_filters
from tui.widgets.row_list import Cell, Column, Row
from tui.widgets.wrapped_list import WrappedList
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.screen import Screen

    from tui.widgets.row_list import ColumnList

# No key of a keyboard begins so: a row of the palette with such a key is a saved filter.
FILTER = "filter "
SHOWN = 200


class KeysScreen(ChooserScreen):
    """Lists the keys of the screen below."""

    columns = (Column("Key", 6), Column("What it does", 16), Column("", 20, grows=True))

    def __init__(self, below: Screen[Any]) -> None:
        super().__init__()
        self._below = below
        self._saved: Mapping[str, str] = {}

    def new_list(self) -> ColumnList:
        return WrappedList(self.columns, moved_from_elsewhere=True)

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
    """Runs an act by its name, and shows the rows of the log that a saved filter has."""

    heading = "Run"

    async def load(self) -> None:
        self.rows = key_rows(self._below.active_bindings.values())
        if len(self.app.screen_stack) == 2 and isinstance(self._below, Page) and not self._below.prompt.is_asking:
            try:
                self._saved = read_kept_filters(kept_filters_file(self.session.settings)).saved
            except ConfigError as failure:
                self.report_failure(failure)
        for name, text in self._saved.items():
            cells = (Cell("filter"), Cell(safe_text(name, LONGEST_NAME)), Cell(safe_text(text, SHOWN), "quiet"))
            self.rows.append(Row(f"{FILTER}{name}", cells))
        self.show_rows()

    def choose(self, key: str) -> None:
        text = self._saved.get(key.removeprefix(FILTER)) if key.startswith(FILTER) else None
        if text is None:
            super().choose(key)
        else:
            self.dismiss()
            self.app.call_later(self.console.navigation.open_log, text)


class HelpScreen(KeysScreen):
    """Explains every key of the screen below."""

    heading = "Keys on this screen"
