"""Choosing a person of the organisation by name, e-mail or id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.data.directory import FOUND_PEOPLE, search_people
from tui.screens.choosers.search import SearchChooser
from tui.widgets.row_list import Cell, Column, Row
from tui.words.people.organizations import NO_NAME
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.models.people import Person
    from tui.widgets.frame import Tone


class PersonChooser(SearchChooser["Person"]):
    """Dismissed with the chosen person, or None."""

    columns = (Column("Name", 20, grows=True), Column("E-mail", 30), Column("Id", 36, drops=1))
    what = "people"
    most = FOUND_PEOPLE

    def __init__(self, heading: str) -> None:
        super().__init__()
        self.heading = heading

    async def find(self, text: str) -> Sequence[Person]:
        organization = self.session.organization
        return [] if organization is None else await search_people(self.session.database, organization.id, text)

    def row_of(self, match: Person) -> Row:
        name = safe_text((match.name or "").strip() or NO_NAME, 80)
        state = "" if match.is_active else " (not active)"
        tone: Tone = "plain" if match.is_active else "quiet"
        cells = (Cell(name + state, tone), Cell(safe_text(match.email or "", 80)), Cell(str(match.id), "quiet"))
        return Row(str(match.id), cells)

    async def why_empty(self, text: str) -> tuple[str, str]:
        if text.strip():
            return "Nobody matches.", "backspace  type less    a whole user id works too"
        return "The directory has nobody in this organisation.", "type a user id"

    def take(self, match: Person) -> None:
        self.leave(match)
