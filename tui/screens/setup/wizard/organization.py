"""The wizard's sixth step: whose integrations they are, and who is at the console."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from tui.data.directory import (
    FOUND_ORGANIZATIONS,
    directory_sources,
    find_person,
    list_organizations,
    name_organization,
    organizations_by_id,
    parse_uuid,
)
from tui.errors import SwitchboardError
from tui.models.people import Organization
from tui.screens.background import background
from tui.screens.live_search import LiveSearch
from tui.screens.setup.wizard.saving import SaveLines
from tui.screens.setup.wizard.step import Step
from tui.widgets.form import Field
from tui.widgets.line_input import LineInput
from tui.widgets.notices import Notice, NoticeList
from tui.widgets.row_list import Cell, Column, Row, RowBody, RowList
from tui.words.people.names import operator_label
from tui.words.people.organizations import NO_NAME
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.widget import Widget
    from textual.widgets import Input

    from tui.screens.setup.wizard.flow import Flow
    from tui.widgets.frame import Hints

NEW = "new"
COLUMNS = (Column("Organisation", 30, grows=True), Column("Id", 36))


class OrganizationStep(Step):
    """Choose an organisation or name a new one; say who you are."""

    key = "organization"
    rail_name = "Organisation"
    heading = "Whose integrations are they, and who are you?"
    lead = "Every integration belongs to an organisation, and the log says who did what."

    def __init__(self, flow: Flow) -> None:
        super().__init__(flow)
        self._organizations: list[Organization] = []
        self._may_add = True
        self._source_note: tuple[str, str] | None = None
        self._list = RowList(COLUMNS, id="o-list")
        self._part = LineInput(placeholder="a part of its name or id", id="o-part")
        self._search = LiveSearch(self, lambda: self._part.value, self._find, self._show)
        self._new_name = LineInput(placeholder="the name people know it by", id="o-name")
        self._new_id = LineInput(str(uuid4()), id="o-id")
        self._operator = LineInput(
            flow.operator_setting or "",
            placeholder=f"e-mail or user id; if empty: {safe_text(flow.operator.label, 20)}, without one",
            id="o-operator",
        )
        self._note = NoticeList(flow.glyphs, id="o-note")
        self._save = SaveLines(flow, "both", ticked=flow.settings.nothing_configured)

    def compose_step(self) -> Iterable[Widget]:
        yield Field("Find", self._part, id="o-part-line")
        yield self._list
        yield Field("Name", self._new_name, id="o-name-line")
        yield Field("Id", self._new_id, id="o-id-line")
        yield Field("You are", self._operator, id="o-operator-line")
        yield self._note
        yield self._save

    def on_mount(self) -> None:
        """Most databases have no organisation yet, so begin with the name of a new one."""
        self._list.display = self.query_one("#o-part-line").display = False

    async def arrive(self) -> None:
        """List the organisations there are; without any, ask for a new one."""
        sources = await directory_sources(self.flow.connected())
        self._may_add, self._source_note = sources["organizations"].is_labelled, sources["organizations"].note
        self._part.value = ""
        await self._search.run()
        # Where a list does not hold them all, a part of the name is typed.
        self.query_one("#o-part-line").display = len(self._organizations) >= FOUND_ORGANIZATIONS
        if self._chosen is None:
            self._note.say([Notice("bad", "There is no organisation in public.organizations.", "Add one there first.")])

    async def _find(self, text: str) -> list[Organization]:
        """What is found, the one chosen before at first, which may not be among so many."""
        database = self.flow.connected()
        organizations = await list_organizations(database, text, FOUND_ORGANIZATIONS)
        preferred = self._preferred_id
        if text or preferred is None or preferred in [organization.id for organization in organizations]:
            return organizations
        return [
            *(Organization(*id_and_name) for id_and_name in (await organizations_by_id(database, [preferred])).items()),
            *organizations,
        ]

    async def _show(self, text: str, organizations: list[Organization]) -> None:
        self._organizations = organizations
        rows = [
            Row(str(organization.id), (_name_cell(organization), Cell(str(organization.id))))
            for organization in organizations
        ]
        if self._may_add:
            rows.append(Row(NEW, (Cell("+ a new one"), Cell("named below", "quiet"))))
        self._list.body.show(rows)
        self._list.styles.height = min(7, len(rows) + 1)
        self._list.display = bool(organizations) or bool(text)
        if not text:
            self._preselect(rows)
        self._show_fields()

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.input is self._part:
            event.stop()
            self._follow()

    @background("part of a name", exclusive=False)
    async def _follow(self) -> None:
        try:
            await self._search.follow()
        except SwitchboardError as failure:
            self.fail(failure)

    def first_line(self) -> Widget:
        """Begin at the part of a name, at the list, or at the name of a new one."""
        if self.query_one("#o-part-line").display:
            return self._part
        return self._list.body if self._organizations else self._new_name

    def hints(self) -> Hints:
        return (("up/down", "choose"),) if self._list.body.has_focus else ()

    async def finish(self) -> bool:
        """Take both over, naming a new organisation in the database."""
        database = self.flow.connected()
        operator = self._operator.value.strip()
        if operator:
            person = await find_person(database, operator)
            database.operator = self.flow.operator._replace(user_id=person.id, label=operator_label(person))
        if not self._search.is_answered:
            return self.refuse("The list does not match what you typed yet.", "Press enter once it does.")
        if self._chosen is None:
            return self.refuse("There is no organisation to choose.", "Add one to public.organizations first.")
        organization = await self._new_organization() if self._chosen == NEW else self._known_organization(self._chosen)
        if organization is None:
            return False
        values = {"SWITCHBOARD_ORGANIZATION": str(organization.id)}
        if operator or self.flow.settings.operator:
            values["SWITCHBOARD_OPERATOR"] = operator
        await self._save.save(values)
        self.flow.organization, self.flow.operator_setting = organization, operator or None
        return True

    def on_row_body_moved(self, event: RowBody.Moved) -> None:
        event.stop()
        self._show_fields()

    def on_row_body_opened(self, event: RowBody.Opened) -> None:
        """Enter on an organisation goes on; on a new one to its name."""
        event.stop()
        if event.key == NEW and not self._new_name.value.strip():
            self._new_name.focus()
        else:
            self.action_proceed()

    @property
    def _chosen(self) -> str | None:
        return self._list.body.current_key

    @property
    def _preferred_id(self) -> UUID | None:
        """The organisation that was chosen or configured before."""
        chosen = self.flow.organization
        return chosen.id if chosen else parse_uuid(self.flow.settings.organization or "")

    def _preselect(self, rows: list[Row]) -> None:
        keys = [row.key for row in rows]
        preferred = str(self._preferred_id or "")
        if preferred in keys:
            self._list.body.cursor = keys.index(preferred)
        elif preferred and self._may_add:
            self._new_id.value = preferred
            self._list.body.cursor = keys.index(NEW)

    def _show_fields(self) -> None:
        is_new = self._chosen == NEW
        self.query_one("#o-name-line").display = self.query_one("#o-id-line").display = is_new
        notes = [Notice("warning", self._source_note[0])] if self._source_note else []
        if is_new:
            notes.append(
                Notice("plain", "If another program has this organisation already, replace the random id by its id.")
            )
        self._note.say(notes)

    def _known_organization(self, key: str) -> Organization | None:
        return next((organization for organization in self._organizations if organization.id == UUID(key)), None)

    async def _new_organization(self) -> Organization | None:
        organization_id = parse_uuid(self._new_id.value)
        if organization_id is None:
            self._new_id.focus()
            self.refuse("The id is not a UUID.", "It looks like 3f0c9a51-7d7e-4c55-9d3e-2b1f0f8a6c11.")
            return None
        if not self._new_name.value.strip():
            self._new_name.focus()
            self.refuse("The organisation has no name yet.", "Type the name people know it by.")
            return None
        await name_organization(self.flow.connected(), organization_id, self._new_name.value)
        return Organization(organization_id, self._new_name.value.strip())


def _name_cell(organization: Organization) -> Cell:
    return Cell(safe_text(organization.name)) if organization.name else Cell(NO_NAME, "quiet")
