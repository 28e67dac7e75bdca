"""Section 1: every integration of the organisation, configured or not."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType

from tui.providers import registry, title_of
from tui.providers.naming import full_name
from tui.screens.integrations.view import COLUMNS, SORTS, detail, key_of, row_of, sort_key
from tui.screens.list_page import ListPage
from tui.widgets.frame import Part
from tui.widgets.prompt import Choice
from tui.widgets.row_list import RowBody, RowList
from tui.widgets.state_switcher import StateSwitcher
from tui.widgets.text_lines import TextLines
from tui.words.counts import counted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from textual.widget import Widget

    from tui.data.integrations.authors import Authors
    from tui.data.integrations.rights import Rights
    from tui.models import Integration


REFUSED = {
    "configure": "may not write credentials (INSERT, UPDATE on credentials_encrypted). Ask an administrator.",
    "envelopes": "may not read credentials (SELECT on credentials_encrypted). Ask an administrator.",
    "enable": "may not enable or disable (UPDATE on is_active). Ask an administrator.",
    "delete": "may not delete integrations (DELETE). Ask an administrator; disabling keeps everything.",
}


class IntegrationsScreen(ListPage):
    """Lists, filters, sorts, enables, disables and deletes integrations; opens the credential editor."""

    CSS_PATH: ClassVar[Any] = ["screen.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "edit", "Edit", show=False, id="integrations.edit", tooltip="Edit the credential (enter too)"),
        Binding("a", "edit", "Add", show=False, id="integrations.add", tooltip="Set the type under the cursor up"),
        Binding("space", "toggle_active", "Enable / disable", show=False, id="integrations.toggle"),
        Binding("t", "test", "Test", show=False, id="integrations.test", tooltip="Ask the provider whether it works"),
        Binding("T", "test_all", "Test all", show=False, id="integrations.test_all", tooltip="Test every integration"),
        Binding("d", "delete", "Delete", show=False, id="integrations.delete", tooltip="Delete, after counting"),
        Binding(
            "R", "secrets", "Reveal", show=False, id="integrations.secrets", tooltip="Show or copy a secret; logged"
        ),
        Binding("s", "sort", "Sort", show=False, id="integrations.sort", tooltip="Next order of the list"),
        Binding("y", "copy", "Copy row", show=False, id="integrations.copy", tooltip="Copy the row, never a secret"),
    ]
    section = "integrations"
    refused = REFUSED

    def __init__(self) -> None:
        super().__init__()
        self._listed: list[Integration] = []
        self._authors: dict[UUID, Authors] = {}
        self._rights: Rights | None = None
        self._sort = 0

    def compose_body(self) -> Iterable[Widget]:
        """Lay the list over the detail of the row under the cursor."""
        yield StateSwitcher(RowList(COLUMNS))
        yield TextLines(id="detail")

    def hints(self) -> tuple[tuple[str, str], ...]:
        """Return the keys that fit the row under the cursor."""
        current = self.current
        if current is None:
            return (("o", "organisation"), ("r", "refresh"), ("?", "help"))
        if current.id is None:
            return (("enter", "set up"), ("/", "filter"), ("o", "organisation"), ("q", "quit"), ("?", "help"))
        rights = self._rights
        acts = (
            (rights is None or rights.configure, "enter", "edit"),
            (True, "t", "test"),
            (rights is None or rights.enable, "space", "disable" if current.is_active else "enable"),
            (rights is None or rights.delete, "d", "delete"),
        )
        allowed = tuple((key, meaning) for may, key, meaning in acts if may)
        return (*allowed, ("/", "filter"), ("s", "sort"), ("o", "organisation"), ("?", "help"))

    @property
    def current(self) -> Integration | None:
        """The integration under the cursor."""
        key = self.query_one(RowBody).current_key
        return next((integration for integration in self._listed if key_of(integration) == key), None)

    async def load(self) -> None:
        """Read the organisation's integrations and the people named in them."""
        from tui.data.integrations.listing import list_integrations
        from tui.data.integrations.rights import read_rights

        organization = self.organization_to_list()
        if organization is None:
            return
        self.query_one(StateSwitcher).show_loading("integrations")
        database, types = self.session.database, list(registry())
        self._rights = await read_rights(database)
        if not self._listed:
            # Deriving the key takes a third of a second: the rows need not wait for what it says of them.
            await self._show(await list_integrations(database, None, organization.id, types, rights=self._rights))
        await self._show(
            await list_integrations(database, self.session.keyring, organization.id, types, rights=self._rights)
        )

    async def _show(self, listed: list[Integration]) -> None:
        from tui.data.integrations.authors import authors_of

        authors = await authors_of(self.session.database, listed, rights=self._rights)
        if self.is_mounted:
            self._listed, self._authors = listed, authors
            self.filter_changed()

    def filter_changed(self) -> None:
        """Show the rows that contain the filter in their title, name, type or state."""
        wanted = self.filter_text.casefold()
        matching = [
            integration
            for integration in self._listed
            if wanted
            in " ".join(
                (
                    title_of(integration.integration_type),
                    integration.integration_type,
                    integration.display_name or "",
                    integration.state,
                )
            ).casefold()
        ]
        matching.sort(key=lambda integration: sort_key(SORTS[self._sort], integration))
        self.query_one(RowBody).show([row_of(integration, self.console.glyphs) for integration in matching])
        switcher = self.query_one(StateSwitcher)
        if matching:
            switcher.show_content()
        elif self._listed:
            switcher.show_empty(f"No integration matches “{self.filter_text}”.", "esc  clear the filter")
        self._show_detail()

    def context(self) -> tuple[Part, ...]:
        """Return the filter, the order and the count."""
        count = len(self.query_one(RowBody).rows)
        total = f"{count} of {len(self._listed)}" if count != len(self._listed) else f"{count}"
        return (
            *super().context(),
            Part(f"sorted by {SORTS[self._sort]}", "quiet", give=1),
            Part(total, "quiet", give=2),
        )

    def on_row_body_moved(self) -> None:
        """Follow the cursor with the detail and the hints."""
        self._show_detail()

    def on_row_body_opened(self) -> None:
        """Open the editor."""
        self.action_edit()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done with the row under the cursor, and nothing while a write runs."""
        if action in ("toggle_active", "delete", "secrets", "test"):
            possible = not self.busy and self.current is not None and self.current.id is not None
            return True if possible else None
        return super().check_action(action, parameters)

    def action_edit(self) -> None:
        """Open the credential editor on the type under the cursor."""
        if self.current is not None and not self.busy and self.may(self._rights, "configure"):
            self.console.navigation.open_editor(self.current.integration_type, self.current)

    def action_secrets(self) -> None:
        """List the secrets of the integration under the cursor."""
        if self.current is not None and self.may(self._rights, "envelopes"):
            self.console.navigation.open_secrets(self.current)

    def action_test(self) -> None:
        """Ask the provider whether the credential under the cursor works."""
        current = self.current
        if current is not None and current.id is not None and not self.busy:
            self._test(f"Test of {title_of(current.integration_type)}", [current])

    def action_test_all(self) -> None:
        """Test every integration that is set up."""
        known = registry()
        testable = {name for name, provider in known.items() if provider.test is not None}
        wanted = [
            integration
            for integration in self._listed
            if integration.id is not None and integration.integration_type in testable
        ]
        if self.busy:
            return
        if wanted:
            self._test("Test of all", wanted)
        else:
            self.status.say("Nothing is set up here that could be tested.")

    def _test(self, title: str, wanted: list[Integration]) -> None:
        from tui.session.connection_test import Job, run_on_stored

        self.status.clear()
        jobs = [
            Job(full_name(integration), partial(run_on_stored, self.session, integration)) for integration in wanted
        ]
        self.console.navigation.open_connection_test(title, jobs, lambda _: self.start_load())

    def action_sort(self) -> None:
        """Order by the next column."""
        self._sort = (self._sort + 1) % len(SORTS)
        self.filter_changed()
        self.refresh_frame()

    def action_copy(self) -> None:
        """Send the row's text to the terminal's clipboard."""
        if self.current is not None:
            self.copy_row(row_of(self.current, self.console.glyphs).cells)

    def action_toggle_active(self) -> None:
        """Enable or disable the integration, after asking."""
        if self.current is not None and self.may(self._rights, "enable"):
            self.act(self._toggle(self.current))

    async def _toggle(self, integration: Integration) -> None:
        from tui.data.integrations.listing import set_active

        title = full_name(integration)
        wanted = not integration.is_active
        if wanted:
            question = f"Enable {title}? Programs and people may use it again."
        else:
            question = (
                f"Disable {title}? Nothing is deleted, and it can be enabled again."
                f"{_who_loses_it(integration.people_with_access)}"
            )
        if not await self.prompt.confirm(question, "enable" if wanted else "disable"):
            return
        changed = await self.writing(set_active(self.session.database, integration, active=wanted))
        word = "enabled" if wanted else "disabled"
        self.status.say(f"{title} is {word}." if changed else f"Nothing changed: {title} was {word} already.", "good")
        await self.load()

    def action_delete(self) -> None:
        """Delete the integration, after counting what goes with it and asking for its type."""
        if self.current is not None and self.may(self._rights, "delete"):
            self.act(self._delete(self.current))

    async def _delete(self, integration: Integration) -> None:
        from tui.data.integrations.listing import delete, what_goes_with

        title, name = full_name(integration), integration.integration_type
        expected = await what_goes_with(self.session.database, integration)
        offer = [Choice("t", "type its name to delete it")]
        if integration.is_active:
            offer.insert(0, Choice("space", "disable it instead"))
        chosen = await self.prompt.choose(
            f"Deleting {title} cannot be undone. It {expected.sentence()}. The credential itself is gone too.", offer
        )
        if chosen == "space":
            await self._toggle(integration)
        if chosen != "t":
            return
        typed = await self.prompt.line(f"Type {name} to delete {title}, or esc to leave it:")
        if typed is None or typed.strip() != name:
            self.status.say("Nothing was deleted.")
            return
        gone = await self.writing(delete(self.session.database, integration, expected))
        self.status.say(f"{title} is deleted; it {gone.sentence()}.", "good")
        await self.load()

    def _show_detail(self) -> None:
        current = self.current
        self.query_one("#detail", TextLines).show(
            detail(current, self._authors_of(current), self.session.settings.timezone) if current else ()
        )
        self.refresh_frame()

    def _authors_of(self, integration: Integration) -> Authors:
        from tui.data.integrations.authors import Authors

        return self._authors.get(integration.id, Authors()) if integration.id else Authors()


def _who_loses_it(people: int | None) -> str:
    if people is None:
        return ""
    if not people:
        return " Nobody has access through it."
    return f" {counted(people, 'person loses', 'people lose')} access until then."
