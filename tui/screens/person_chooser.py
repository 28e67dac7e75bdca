"""Choosing a person of the organisation by name, e-mail or id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work

from tui.data.errors import SwitchboardError
from tui.screens.chooser import ChooserScreen
from tui.text import safe_text
from tui.widgets.faces import Faces
from tui.widgets.frame import Part
from tui.widgets.line_input import LineInput
from tui.widgets.row_list import Cell, Column, Row, RowBody

if TYPE_CHECKING:
    from textual.widgets import Input

    from tui.data.models import Person
    from tui.widgets.frame import Tone


class PersonScreen(ChooserScreen):
    """Finds people on the server as they are typed; dismissed with the chosen one."""

    columns = (Column("Name", 20, grows=True), Column("E-mail", 30), Column("Id", 36, drops=1))

    def __init__(self, heading: str) -> None:
        super().__init__()
        self.heading_text = heading
        self._known: dict[str, Person] = {}

    async def load(self) -> None:
        """Show the first people."""
        self.query_one(Faces).show_loading("people")
        await self._find(self.query_one("#wanted", LineInput).value)

    def context(self) -> tuple[Part, ...]:
        """Say what the person is chosen for."""
        return (Part(self.heading_text, "warning"),)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Look for what is typed."""
        if event.input.id == "wanted":
            event.stop()
            self._search(event.value)

    def show_rows(self) -> None:
        """Rows come from the server: there is nothing to filter here."""

    @work(group="search", exclusive=True, exit_on_error=False)
    async def _search(self, text: str) -> None:
        try:
            await self._find(text)
        except SwitchboardError as failure:
            if self.is_mounted:
                self.tell_failure(failure)

    async def _find(self, text: str) -> None:
        from tui.data.directory import search_people

        organization = self.session.organization
        if organization is None:
            return
        found = await search_people(self.session.database, organization.id, text)
        if not self.is_mounted or text != self.query_one("#wanted", LineInput).value:
            return
        self._known = {str(one.id): one for one in found}
        self.query_one(RowBody).show([_row(one) for one in found])
        faces = self.query_one(Faces)
        if found:
            faces.show_content()
        elif text.strip():
            faces.show_empty("Nobody matches.", "backspace  type less    a whole user id works too")
        else:
            faces.show_empty("The directory has nobody in this organisation.", "type a user id")

    def chosen(self, key: str) -> None:
        """Leave with that person."""
        self.leave(self._known[key])


def _row(person: Person) -> Row:
    name = safe_text(person.name or "(no name)", 80)
    state = "" if person.is_active else " (not active)"
    tone: Tone = "plain" if person.is_active else "quiet"
    return Row(
        str(person.id),
        (Cell(name + state, tone), Cell(safe_text(person.email or "", 80)), Cell(str(person.id), "quiet")),
    )
