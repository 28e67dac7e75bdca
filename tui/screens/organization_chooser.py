"""Choosing the organisation that every section looks at, by name or id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.data.directory import FOUND_ORGANIZATIONS
from tui.screens.search_chooser import SearchScreen
from tui.widgets.row_list import Cell, Column, Row
from tui.widgets.state_switcher import StateSwitcher
from tui.words.organizations import NO_NAME
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.models import Organization


class OrganizationScreen(SearchScreen):
    """Switches the organisation."""

    heading = "Choose an organisation"
    columns = (Column("Organisation", 30, grows=True), Column("Id", 36))
    what = "organisations"
    most = FOUND_ORGANIZATIONS

    async def find(self, text: str) -> Sequence[tuple[Organization, Row]]:
        """Return the organisations this login may see."""
        from tui.data.directory import list_organizations

        return [
            (organization, _row(organization))
            for organization in await list_organizations(self.session.database, text, self.most)
        ]

    async def show_none(self, text: str) -> None:
        """Say why there is none, and where they should come from."""
        from tui.data.directory import directory_sources

        if text.strip():
            self.query_one(StateSwitcher).show_empty("Nothing matches.", "backspace  type less")
            return
        note = (await directory_sources(self.session.database))["organizations"].note
        said = f" {note[0]}" if note else ""
        self.query_one(StateSwitcher).show_empty(f"There is no organisation yet.{said}", "5  set one up")

    def chosen(self, key: str) -> None:
        """Look at that organisation from now on."""
        self.session.organization = self.known[key]
        self.dismiss()
        self.console.organization_changed()


def _row(organization: Organization) -> Row:
    name = safe_text(organization.name or NO_NAME, 80)
    return Row(str(organization.id), (Cell(name), Cell(str(organization.id))))
