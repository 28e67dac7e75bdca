"""Section 1: every integration of the organisation, configured or not."""

from __future__ import annotations

from contextlib import suppress
from itertools import accumulate
from typing import TYPE_CHECKING, ClassVar

from textual.content import Content

from tui.errors import Conflict, NotFound, UnknownType
from tui.providers import known_type, title_of, type_titles
from tui.providers.naming import full_name, name_in_commands
from tui.screens.detail_page import DetailPage
from tui.screens.integrations.view import COLUMNS, SORTS, detail, matches, row_of, sort_key
from tui.screens.logged_detail import TALL
from tui.widgets.bindings import bind
from tui.widgets.prompt import Choice
from tui.words.counts import counted
from tui.words.integrations.description import activation, deletion, deletion_warning
from tui.words.integrations.usage import deletion_facts
from tui.words.integrations.versions import LIVE_AGAIN, restored, way_back, what_comes_back
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from textual.binding import BindingType
    from textual.geometry import Size

    from tui.data.integrations.authors import Authors
    from tui.data.integrations.deleted import RestorePlan
    from tui.data.integrations.role_privileges import RolePrivileges
    from tui.data.integrations.usage import Usage
    from tui.models.integrations import Integration
    from tui.widgets.frame import Hints
    from tui.widgets.row_list import Row
    from tui.widgets.text_lines import TextLine
    from tui.words.log.invocation import Invocation

MOST_LINES = 14
"""Of a question that Prompt has room for, without its choices."""
WIDE_ENOUGH = 160
"""Columns from which on the facts beside the list have room on any screen that is wide."""
REFUSED = {
    "configure": "may not write credentials (INSERT, UPDATE on credentials_encrypted). Ask an administrator.",
    "envelopes": "may not read credentials (SELECT on credentials_encrypted). Ask an administrator.",
    "enable": "may not enable or disable (UPDATE on is_active). Ask an administrator.",
    "delete": "may not delete integrations (DELETE). Ask an administrator; disabling keeps everything.",
    "restore": "may not bring back integrations (INSERT). Ask an administrator.",
}


class IntegrationsScreen(DetailPage["Integration"]):
    """Lists, filters, sorts, enables, disables and deletes integrations; opens the credential editor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("e", "edit", "Edit", id="integrations.edit", tooltip="Edit the credential (enter too)"),
        bind("a", "edit", "Add", id="integrations.add", tooltip="Set up this type"),
        bind("space", "toggle_active", "Enable / disable", id="integrations.toggle"),
        bind("t", "test", "Test", id="integrations.test", tooltip="Ask the provider whether it works"),
        bind("T", "test_all", "Test all", id="integrations.test_all", tooltip="Test every integration"),
        bind("d", "delete", "Delete", id="integrations.delete", tooltip="Delete, after counting"),
        bind("R", "secrets", "Reveal", id="integrations.secrets", tooltip="Show or copy a secret; logged"),
        bind("s", "sort", "Sort", id="integrations.sort", tooltip="Change the order of the list"),
        bind("H", "history", "History", id="integrations.history", tooltip="Show its rows in the log; esc goes back"),
        bind("V", "versions", "Versions", id="integrations.versions", tooltip="Earlier credentials, and back to one"),
        bind("u", "restore", "Undo a delete", id="integrations.restore", tooltip="Bring back what was deleted, whole"),
        bind("y", "copy", "Copy row", id="integrations.copy", tooltip="Copy the row, never a secret"),
    ]
    section = "integrations"
    columns = COLUMNS
    orders = SORTS
    refused = REFUSED

    def __init__(self) -> None:
        super().__init__()
        self._authors: dict[UUID, Authors] | None = None
        """None while only the rows themselves are read."""
        self._usage: dict[UUID, Usage] = {}
        self._deleted: Integration | None = None
        """What was deleted here last, and not brought back since."""

    def stands_beside(self, size: Size) -> bool:
        # Up to 15 facts wrap to twice as many lines in a narrow pane, which a low screen does not have.
        return super().stands_beside(size) and (size.width >= WIDE_ENOUGH or size.height >= TALL)

    def hints(self) -> Hints:
        current = self.current
        if current is None:
            return (("o", "organisation"), ("r", "refresh"), ("?", "help"))
        if current.id is None:
            return (("enter", "set up"), ("/", "filter"), ("o", "organisation"), ("q", "quit"), ("?", "help"))
        acts = (
            (self.is_allowed("configure"), "enter", "edit"),
            (True, "t", "test"),
            (self.is_allowed("enable"), "space", "disable" if current.is_active else "enable"),
            (self.is_allowed("delete"), "d", "delete"),
            (self.is_allowed("envelopes"), "R", "reveal"),
        )
        allowed = tuple((key, meaning) for may, key, meaning in acts if may)
        return (*allowed, ("/", "filter"), ("s", "sort"), ("o", "organisation"), ("H", "history"), ("?", "help"))

    async def load(self) -> None:
        from tui.data.integrations.listing import list_integrations
        from tui.data.integrations.role_privileges import read_privileges

        organization = self.organization_to_list()
        if organization is None:
            return
        self.show_loading("integrations")
        database, types = self.session.database, list(type_titles())
        rights = self._rights = await read_privileges(database)
        if not self._items:
            # Deriving the key takes a third of a second, and each question a turn of the line: the rows need not wait
            # for what either says of them.
            self._show(await list_integrations(database, None, organization.id, types, rights=rights), None)
            if self.is_mounted:
                # What follows would be read before they are drawn.
                await self.wait_for_refresh()
        await self._read_whole(organization.id, types, rights)

    async def _read_whole(self, organization_id: UUID, types: Sequence[str], rights: RolePrivileges) -> None:
        from tui.data.integrations.authors import authors_of
        from tui.data.integrations.listing import list_integrations
        from tui.data.integrations.usage import usage_of
        from tui.data.keys.gate import replaced_key
        from tui.session.key_ahead import derive_with_recorded_salt
        from tui.session.seen_checks import read_checks, with_checks

        database = self.session.database
        seen = await read_checks(self.session, organization_id, rights=rights)
        rows = await list_integrations(database, self.session.keyring, organization_id, types, rights=rights)
        listed = with_checks(rows, seen)
        self._show(listed, await authors_of(database, listed, rights=rights))
        is_closed = any(integration.unreadable == "other key" for integration in listed)
        if is_closed and (replaced := await replaced_key(database, self.session.keyring)):
            self.report_failure(replaced)
        usage = await usage_of(database, listed, rights=rights)
        if self.is_mounted:
            self._usage = usage
            self.show_rows()
        await derive_with_recorded_salt(self.session)

    def _show(self, integrations: list[Integration], authors: dict[UUID, Authors] | None) -> None:
        """Show the rows; without authors what they have by themselves, and nothing that is still to be asked."""
        # The screen may be left while the server answers.
        if self.is_mounted:
            self._items, self._authors = integrations, authors
            self.show_rows()

    def matching(self) -> list[Integration]:
        integrations = [integration for integration in self._items if matches(integration, self.filter_text)]
        return sorted(integrations, key=lambda integration: sort_key(self.order, integration))

    def row_of(self, item: Integration) -> Row:
        return row_of(item, self.console.glyphs, is_whole=self._authors is not None)

    def detail_of(self, item: Integration) -> Sequence[TextLine]:
        authors = None
        if self._authors is not None and item.id:
            from tui.data.integrations.authors import Authors

            authors = self._authors.get(item.id, Authors())
        usage = self._usage.get(item.id) if item.id else None
        return detail(item, authors, usage, self.session.settings.timezone, self.console.glyphs)

    def history_of(self, item: Integration) -> str:
        from tui.data.audit.history import history_of_type

        return history_of_type(item.integration_type)

    def rows_about(self, item: Integration) -> str:
        # Asked for once, when all is read.
        return "" if self._authors is None else self.history_of(item)

    def name_of(self, item: Integration) -> str:
        return safe_text(title_of(item.integration_type), 40)

    def why_empty(self) -> tuple[str, str] | None:
        # Every type has a row, so a list without any is not read yet.
        return (f"No integration matches “{self.filter_text}”.", "esc  clear the filter") if self._items else None

    def on_row_body_opened(self) -> None:
        self.action_edit()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("toggle_active", "delete", "secrets", "test", "versions"):
            possible = not self.is_busy and self.current is not None and self.current.id is not None
            return True if possible else None
        return super().check_action(action, parameters)

    def invocations(self) -> Sequence[Invocation]:
        current = self.current
        if current is None:
            return (self.invocation("integrations list"),)
        command = "integrations configure" if current.id is None else "integrations show"
        return (self.invocation(command, integration_type=name_in_commands(current)),)

    def action_edit(self) -> None:
        if self.current is not None and not self.is_busy and self.may("configure"):
            try:
                self.console.navigation.open_editor(self.current.integration_type, self.current)
            except UnknownType as failure:
                self.report_failure(failure)

    def action_history(self) -> None:
        if self.current is not None:
            about = self.current if self.current.id is not None else None
            self.console.navigation.open_history(self.history_of(self.current), self.name_of(self.current), about)

    def action_versions(self) -> None:
        if self.current is not None and self.current.id is not None:
            self.console.navigation.open_versions(self.current)

    def action_secrets(self) -> None:
        if self.current is not None and self.may("envelopes"):
            self.console.navigation.open_secrets(self.current)

    def action_test(self) -> None:
        current = self.current
        if current is not None and current.id is not None and not self.is_busy:
            self._test(f"Test of {title_of(current.integration_type)}", [current])

    def action_test_all(self) -> None:
        if self.is_busy:
            return
        integrations = [
            integration
            for integration in self._items
            if integration.id is not None and (type_ := known_type(integration.integration_type)) and type_.test
        ]
        if integrations:
            self._test("Test of all", integrations)
        else:
            self.status.say("No integration of this organisation can be tested.")

    def _test(self, title: str, integrations: list[Integration]) -> None:
        from tui.session.connection_test import Job
        from tui.session.observing import StoredTest

        self.status.clear()
        # Each on a ticket of its own when it runs, so that the result is kept in the row that was tested.
        tests = [(integration, StoredTest(self.session, integration)) for integration in integrations]
        jobs = [
            Job(full_name(integration), test.run, name_in_commands(integration), test.read_on)
            for integration, test in tests
        ]
        self.console.navigation.open_connection_test(title, jobs, lambda _: self.start_load())

    def action_toggle_active(self) -> None:
        if self.current is not None and self.may("enable"):
            self.act(self._toggle(self.current))

    async def _toggle(self, integration: Integration) -> None:
        from tui.data.integrations.listing import set_active

        title = full_name(integration)
        enable = not integration.is_active
        if enable:
            question = f"Enable {title}? Programs and people may use it again."
        else:
            question = (
                f"Disable {title}? Nothing is deleted, and it can be enabled again."
                f"{_who_loses_it(integration.people_with_access)}"
            )
        if not await self.prompt.confirm(question, "enable" if enable else "disable"):
            return
        changed = await self.writing(set_active(self.session.database, integration, active=enable))
        self.status.say(activation(title, active=enable, changed=changed), "good")
        await self.load()

    def action_delete(self) -> None:
        if self.current is not None and self.may("delete"):
            self.act(self._delete(self.current))

    async def _delete(self, integration: Integration) -> None:
        from tui.data.integrations.listing import count_dependents, delete
        from tui.data.integrations.usage import named_dependents, usage_of
        from tui.data.integrations.versions import read_bounds

        title, name = full_name(integration), integration.integration_type
        expected = await count_dependents(self.session.database, integration)
        bounds = await read_bounds(self.session.database)
        back = way_back(bounds, "u")
        (usage,) = (await usage_of(self.session.database, [integration])).values()
        named = await named_dependents(self.session.database, integration)
        warning = deletion_warning(title, expected, back)
        lines = [warning, *deletion_facts(usage, named, self.session.settings.timezone)]
        # On the smallest screen the choices take two lines.
        question = "\n".join(lines[: _fitting(lines, self.size.width, MOST_LINES - 1)])
        offer = [Choice("t", "type its name to delete it")]
        if integration.is_active:
            # Not by d, which opened the question: a key that is held down answers nothing.
            offer.insert(0, Choice("space", "disable it instead"))
        chosen = await self.prompt.choose(question, offer)
        if chosen == "space":
            await self._toggle(integration)
        if chosen != "t":
            return
        # A yes is a habit; a name that is typed is read first.
        typed = await self.prompt.ask(f"Type {name} to delete {title}, or esc to cancel:")
        if typed is None or typed.strip() != name:
            self.status.say("Nothing was deleted.")
            return
        # Refused where more would go by now than the question said.
        deleted = await self.writing(delete(self.session.database, integration, expected))
        self._deleted = integration
        self.status.say(f"{deletion(title, deleted)}{' u brings it back.' if bounds.kept else ''}", "good")
        await self.load()

    def action_restore(self) -> None:
        organization = self.session.organization
        if organization is None or self.is_busy or not self.may("restore"):
            return
        candidates = [self.current.integration_type] if self.current is not None and self.current.id is None else []
        if self._deleted is not None and self._deleted.organization_id == organization.id:
            candidates.append(str(self._deleted.id))
        if candidates:
            self.act(self._restore(organization.id, candidates))
        else:
            self.status.say("Nothing was deleted here. On a type that is not set up, u brings back the last one.")

    async def _restore(self, organization_id: UUID, candidates: list[str]) -> None:
        """Bring back the first of these types and ids of which something is kept."""
        from tui.data.integrations.restore import restore

        plan = await self._plan_restore(organization_id, candidates)
        title = title_of(plan.integration_type)
        if not await self.prompt.confirm(_what_a_restore_does(title, plan, self.size.width), "bring it back"):
            return
        done = await self.writing(restore(self.session.database, plan))
        self._deleted = None
        self.status.say(f"{restored(title, done)} {LIVE_AGAIN}", "good")
        await self.load()

    async def _plan_restore(self, organization_id: UUID, candidates: list[str]) -> RestorePlan:
        from tui.data.integrations.deleted import plan_restore

        *first, last = candidates
        for candidate in first:
            with suppress(NotFound):
                return await plan_restore(self.session.database, organization_id, candidate)
        try:
            return await plan_restore(self.session.database, organization_id, last)
        except (NotFound, Conflict):
            # It is back already, or nothing is kept of it: it must not stand in the way of another one.
            self._deleted = None
            raise


def _what_a_restore_does(title: str, plan: RestorePlan, width: int) -> str:
    """What comes back, and a line for each thing that does not, as many as a question has room for."""
    lines = [f"{title} {what_comes_back(plan)}.", *(f"Not back: {loss}" for loss in plan.losses)]
    if _fitting(lines, width, MOST_LINES) == len(lines):
        return "\n".join(lines)
    command = f"`switchboard integrations restore {plan.integration_type} --dry-run`"
    # What says how many more there are takes three lines on the smallest screen.
    shown = max(1, _fitting(lines, width, MOST_LINES - 3))
    more = len(lines) - shown
    return "\n".join([*lines[:shown], f"{more} more do not come back: {command} lists them."])


def _fitting(lines: Sequence[str], width: int, most: int) -> int:
    """Return how many of the lines have room in so many rows of the screen."""
    return sum(end <= most for end in accumulate(len(Content(line).wrap(width)) for line in lines))


def _who_loses_it(people: int | None) -> str:
    if people is None:
        return ""
    if not people:
        return " Nobody loses access."
    return f" {counted(people, 'person loses', 'people lose')} access until it is enabled."
