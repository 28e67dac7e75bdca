"""What the sections that are one list share: its states, its focus and the row to copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.screens.page import Page
from tui.widgets.row_list import RowBody
from tui.widgets.state_switcher import StateSwitcher

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tui.errors import SwitchboardError
    from tui.models import Organization
    from tui.widgets.row_list import Cell


class ListPage(Page):
    """A section whose body is one list."""

    filterable = True

    def organization_to_list(self) -> Organization | None:
        """Return the organisation whose rows are to be listed; None where the list says why there is none."""
        if not self.session.is_set_up:
            self.query_one(StateSwitcher).show_empty("Switchboard is not set up in this database.", "5  set it up")
            return None
        if self.session.organization is None:
            self.query_one(StateSwitcher).show_empty("No organisation is chosen.", "o  choose one")
        return self.session.organization

    def show_failure(self, failure: SwitchboardError) -> None:
        self.query_one(StateSwitcher).show_failed(failure.title, failure.sentence, failure.what_to_do)
        super().show_failure(failure)

    def focus_body(self) -> None:
        self.set_focus(self.query_one(RowBody))

    def on_mount(self) -> None:
        # Before the rows are read, so that j and enter work on them from the first key on.
        self.focus_body()
        if not self.session.is_connected and self.console.connection.failure is None:
            self.query_one(StateSwitcher).show_loading("the connection")
        elif self.session.schema is not None and not self.session.is_set_up:
            # Nothing is loaded before the wizard is done.
            self.organization_to_list()

    def copy_row(self, cells: Iterable[Cell]) -> None:
        """Send a row's text to the terminal's clipboard."""
        self.app.copy_to_clipboard("\t".join(cell.text.strip() for cell in cells))
        self.status.say("Row sent to your terminal's clipboard (cannot be confirmed).")
