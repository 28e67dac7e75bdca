"""What the sections that are one list share: why there is nothing on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.screens.page import Page
from tui.widgets.state_switcher import StateSwitcher

if TYPE_CHECKING:
    from tui.models.people import Organization

CONNECTING_SAID_AFTER_S = 1.0
"""The top line says so from the first frame on; most connections are there before."""


class ListPage(Page):
    """A section whose body is one list, or a grid."""

    filterable = True
    follows_changes = True

    def organization_to_list(self) -> Organization | None:
        """Return the organisation whose rows are to be listed; None where the list says why there is none."""
        if not self.session.is_set_up:
            from tui.data.schema.state import SCHEMA_SENTENCES

            sentence = SCHEMA_SENTENCES[self.session.schema or "missing"]
            self.query_one(StateSwitcher).show_empty(sentence, "5  set it up")
            return None
        if self.session.organization is None:
            self.query_one(StateSwitcher).show_empty("No organisation is chosen.", "o  choose one")
        return self.session.organization

    def on_mount(self) -> None:
        # Before a message takes the list's place: whoever had the focus then gets it back with the list.
        self.focus_body()
        if not self.session.is_connected and self.console.connection.failure is None:
            self.query_one(StateSwitcher).show_loading("the connection", after_s=CONNECTING_SAID_AFTER_S)
        elif self.session.schema is not None and not self.session.is_set_up:
            # Nothing is loaded before the wizard is done.
            self.organization_to_list()
