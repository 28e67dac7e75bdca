"""Choosing the organisation that every section looks at, by name or id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.data.directory import FOUND_ORGANIZATIONS, directory_sources, list_organizations
from tui.screens.choosers.search import SearchChooser
from tui.widgets.row_list import Cell, Column, Row
from tui.words.people.organizations import NO_NAME
from tui.words.people.scope import in_sight
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.models.people import Organization


class OrganizationChooser(SearchChooser["Organization"]):
    """Switches the organisation."""

    heading = "Choose an organisation"
    columns = (Column("Organisation", 30, grows=True), Column("Id", 36))
    what = "organisations"
    most = FOUND_ORGANIZATIONS

    async def find(self, text: str) -> Sequence[Organization]:
        return await list_organizations(self.session.database, text, self.most)

    def row_of(self, match: Organization) -> Row:
        name = safe_text(match.name or NO_NAME, 80)
        return Row(str(match.id), (Cell(name), Cell(str(match.id))))

    async def why_empty(self, text: str) -> tuple[str, str]:
        if text.strip():
            return "Nothing matches.", "backspace  type less"
        if seen := in_sight(self.session.database.login):
            return f"No organisation{seen} has a name here.", "esc  go back"
        note = (await directory_sources(self.session.database))["organizations"].note
        source = f" {note[0]}" if note else ""
        return f"There is no organisation yet.{source}", "5  set one up"

    def take(self, match: Organization) -> None:
        self.session.organization = match
        self.dismiss()
        self.console.read_again()
