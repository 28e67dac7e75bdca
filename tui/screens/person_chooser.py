"""Choosing a person of the organisation by name, e-mail or id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.data.directory import FOUND_PEOPLE
from tui.screens.search_chooser import SearchScreen
from tui.widgets.row_list import Cell, Column, Row
from tui.widgets.state_switcher import StateSwitcher
from tui.words.organizations import NO_NAME
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.models import Person
    from tui.widgets.frame import Tone


class PersonScreen(SearchScreen):
    """Finds people on the server as they are typed; dismissed with the chosen one."""

    columns = (Column("Name", 20, grows=True), Column("E-mail", 30), Column("Id", 36, drops=1))
    what = "people"
    most = FOUND_PEOPLE

    def __init__(self, heading: str) -> None:
        super().__init__()
        self.heading = heading

    async def find(self, text: str) -> Sequence[tuple[Person, Row]]:
        """Return people of the organisation."""
        from tui.data.directory import search_people

        organization = self.session.organization
        if organization is None:
            return ()
        return [(person, _row(person)) for person in await search_people(self.session.database, organization.id, text)]

    async def show_none(self, text: str) -> None:
        """Say what else works."""
        if text.strip():
            self.query_one(StateSwitcher).show_empty(
                "Nobody matches.", "backspace  type less    a whole user id works too"
            )
        else:
            self.query_one(StateSwitcher).show_empty("The directory has nobody in this organisation.", "type a user id")

    def chosen(self, key: str) -> None:
        """Leave with that person."""
        self.leave(self.known[key])


def _row(person: Person) -> Row:
    name = safe_text((person.name or "").strip() or NO_NAME, 80)
    state = "" if person.is_active else " (not active)"
    tone: Tone = "plain" if person.is_active else "quiet"
    return Row(
        str(person.id),
        (Cell(name + state, tone), Cell(safe_text(person.email or "", 80)), Cell(str(person.id), "quiet")),
    )
