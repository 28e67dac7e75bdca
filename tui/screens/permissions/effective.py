"""Effective access: all that one person can do, and everybody who can use one integration, with the reasons against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tui.data.permissions.effective import access_of_person, access_to_integration, enforcement
from tui.providers import title_of
from tui.screens.page import Page
from tui.screens.permissions.view import letters, person_sign, use_words
from tui.widgets.bindings import bind
from tui.widgets.frame import Hints, Part
from tui.widgets.row_list import Cell, Column, Row, RowBody, RowList
from tui.widgets.state_switcher import StateSwitcher
from tui.widgets.text_lines import TextLine, TextLines
from tui.words.people.permissions import holder_in_full, reasons_against, until_words
from tui.words.text import safe_text
from tui.words.times import to_the_minute

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import tzinfo

    from textual.binding import BindingType
    from textual.widget import Widget

    from tui.data.permissions.effective import EffectiveAccess
    from tui.data.permissions.listing import Holder
    from tui.models.integrations import Integration
    from tui.widgets.glyphs import Glyphs
    from tui.words.log.invocation import Invocation

LABEL = 11


class AccessScreen(Page):
    """A list of what is allowed and why no more is, over the details of the row under the cursor."""

    CSS_PATH: ClassVar[Any] = ["effective.tcss"]
    section = "permissions"
    is_inner = True
    first_column: ClassVar[str] = ""

    def __init__(self) -> None:
        super().__init__()
        self._entries: dict[str, EffectiveAccess] = {}
        self._more = False

    def compose_body(self) -> Iterable[Widget]:
        columns = (Column(self.first_column, 20, grows=True), Column("Granted", 7), Column("Can do now", 21))
        yield StateSwitcher(RowList((*columns, Column("Why not more", 26, drops=1))))
        yield TextLines(id="detail", classes="detail")

    def show(self, entries: Sequence[tuple[str, str, EffectiveAccess]]) -> None:
        """Show entries, each given with its key and its name."""
        self._entries = {key: entry for key, _, entry in entries}
        self.query_one(RowBody).show([_row(key, name, access, self.console.glyphs) for key, name, access in entries])
        self.query_one(StateSwitcher).show_content()
        self._show_detail()

    async def show_enforcement(self) -> None:
        """Say on the status line whether any program asks for these permissions."""
        sentence = (await enforcement(self.session.database)).sentence()
        if self.is_mounted:
            self.status.say(sentence)

    def on_row_body_moved(self) -> None:
        self._show_detail()

    def _show_detail(self) -> None:
        entry = self._entries.get(self.query_one(RowBody).current_key or "")
        lines = detail(entry, self.session.settings.timezone, self.console.glyphs) if entry else ()
        self.query_one("#detail", TextLines).show(lines)
        self.refresh_frame()


class AccessOfPersonScreen(AccessScreen):
    """Every integration, and what one person can do with it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind(
            "L",
            "leaver",
            "Leaver report",
            id="access.leaver",
            tooltip="What this person could reach, and which secrets they know",
        ),
    ]
    first_column = "Integration"

    def __init__(self, person: Holder) -> None:
        super().__init__()
        self._person = person

    def hints(self) -> Hints:
        return (("L", "leaver report"), *super().hints())

    def context(self) -> tuple[Part, ...]:
        return (Part(holder_in_full(self._person), "warning"),)

    async def load(self) -> None:
        organization = self.session.organization
        if organization is None:
            return
        switcher = self.query_one(StateSwitcher)
        switcher.show_loading("effective access")
        access = await access_of_person(self.session.database, organization.id, self._person.id)
        if not self.is_mounted:
            return
        self.show(
            [(str(entry.integration.id), title_of(entry.integration.integration_type), entry) for entry in access]
        )
        if not access:
            switcher.show_empty("No integration is set up here, so there is nothing to use.", "esc  back")
        await self.show_enforcement()

    def invocations(self) -> Sequence[Invocation]:
        return (self.invocation("permissions list", user=str(self._person.id)),)

    def action_leaver(self) -> None:
        self.console.navigation.open_leaver_report(self._person)


class UsersOfIntegrationScreen(AccessScreen):
    """Everybody who holds a right on an integration, and what each can do."""

    first_column = "Person"

    def __init__(self, integration: Integration) -> None:
        super().__init__()
        self._integration = integration

    def context(self) -> tuple[Part, ...]:
        able = sum(bool(entry.can_do) for entry in self._entries.values())
        people = f"{len(self._entries):,}{' or more' if self._more else ''}"
        off = "" if self._integration.is_active else " (disabled)"
        title = f"{safe_text(title_of(self._integration.integration_type), 40)}{off}"
        return (Part(title, "warning"), Part(f"{able:,} of {people} holders can use it now", "quiet", give=1))

    async def load(self) -> None:
        organization, integration_id = self.session.organization, self._integration.id
        if organization is None or integration_id is None:
            return
        switcher = self.query_one(StateSwitcher)
        switcher.show_loading("who can use it")
        users = await access_to_integration(self.session.database, organization.id, integration_id)
        if not self.is_mounted:
            return
        self._integration, self._more = users.integration, users.more
        self.show([(str(entry.person.id), entry.person.label, entry) for entry in users.entries])
        if not users.entries:
            switcher.show_empty("Nobody holds a right on this integration.", "esc  back to the grid")
        await self.show_enforcement()

    def invocations(self) -> Sequence[Invocation]:
        return (self.invocation("permissions list", integration_type=self._integration.integration_type),)


def _row(key: str, name: str, entry: EffectiveAccess, glyphs: Glyphs) -> Row:
    can = ", ".join(entry.can_do)
    sign = f"{person_sign(entry.person.standing, glyphs)} " if person_sign(entry.person.standing, glyphs) else ""
    return Row(
        key,
        (
            Cell(f"{sign}{safe_text(name, 80)}"),
            Cell(letters(entry.access)),
            Cell(f"{glyphs.yes} {can}" if can else f"{glyphs.no} nothing", "good" if can else "quiet"),
            # Rights that were never given explain themselves by their letters.
            Cell(reasons_against(entry), "warning" if entry.access.rights else "quiet"),
        ),
    )


def detail(entry: EffectiveAccess, zone: tzinfo, glyphs: Glyphs) -> tuple[TextLine, ...]:
    """Return what decides: a verdict for each right, the row, and the use against its limits."""
    decisions = [
        TextLine(
            f"{glyphs.yes} yes" if decision.allowed else f"{glyphs.no} no: {decision.reason}",
            label=decision.right.ljust(LABEL),
        )
        for decision in entry.decisions
    ]
    grant = entry.grant
    if grant is None:
        return (*decisions, TextLine("There is no permission.", "quiet", label="Expires".ljust(LABEL)))
    granted = f"   granted {to_the_minute(grant.granted_at, zone)}" if grant.granted_at else ""
    return (
        *decisions,
        TextLine(f"{until_words(grant.access, entry.now, zone)}{granted}", label="Expires".ljust(LABEL)),
        TextLine(use_words(grant.access, entry.use), label="Sent".ljust(LABEL)),
    )
