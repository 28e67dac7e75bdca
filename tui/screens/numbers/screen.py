"""Section 3: the phone numbers of the organisation, who has them, and whose a number is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from tui.data.audit.history import history_of_number, of_own_rows
from tui.data.numbers.changes import activate_number, assign_number, deactivate_number, make_primary, unassign_number
from tui.data.numbers.listing import FEWEST_DIGITS, find_phone_numbers, list_phone_numbers, read_number_rights
from tui.data.numbers.observed import with_observed
from tui.errors import SwitchboardError
from tui.screens.background import background
from tui.screens.detail_page import DetailPage
from tui.screens.numbers.view import (
    COLUMNS,
    EVERYWHERE,
    SORTS,
    VIEWS,
    detail,
    is_figures,
    is_in_view,
    matches,
    row_of,
    sort_key,
)
from tui.widgets.bindings import bind
from tui.widgets.frame import Hints, Part
from tui.widgets.row_list import RowList
from tui.words.log.invocation import Invocation
from tui.words.numbers.description import (
    activated,
    added,
    assigned,
    assignee_in_full,
    deactivated,
    deactivation_question,
    edited,
    made_primary,
    organization_of,
    reassignment,
    shown_number,
    unassigned,
)
from tui.words.people.names import person_in_full
from tui.words.people.scope import not_in_directory

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from textual.binding import BindingType

    from tui.data.numbers.changes import NumberChanged
    from tui.models.numbers import PhoneNumber
    from tui.models.people import Person
    from tui.widgets.row_list import Row
    from tui.widgets.text_lines import TextLine

REFUSED = {
    "add": "may not add numbers (INSERT on organization_phone_numbers). Ask an administrator.",
    "change": "may not change numbers (UPDATE on organization_phone_numbers). Ask an administrator.",
    "sync": "may not open credentials for a sync (switchboard.begin_open). Ask an administrator.",
}
ON_A_NUMBER = ("assign", "unassign", "edit", "switch", "primary", "copy")


class PhoneNumbersScreen(DetailPage["PhoneNumber"]):
    """Lists, finds, adds, edits, assigns and syncs phone numbers."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("space", "assign", "Assign", id="numbers.assign", tooltip="Assign it to a person (enter too)"),
        bind("p", "unassign", "To the pool", id="numbers.unassign", tooltip="Return it to the pool"),
        bind("a", "add", "Add", id="numbers.add", tooltip="Add a number by hand"),
        bind("e", "edit", "Edit", id="numbers.edit", tooltip="Change its name, type and what it can do"),
        bind("m", "primary", "Make primary", id="numbers.primary", tooltip="Make it the organisation's main number"),
        bind(
            "d", "switch", "Deactivate", id="numbers.switch", tooltip="Deactivate or activate it; it is never deleted"
        ),
        bind("S", "sync", "Sync", id="numbers.sync", tooltip="Compare with what the provider lists"),
        bind("v", "view", "View", id="numbers.view", tooltip="Show all, free, assigned or inactive numbers"),
        bind("s", "sort", "Sort", id="numbers.sort", tooltip="Change the order of the list"),
        bind("H", "history", "History", id="numbers.history", tooltip="Show its rows in the log; esc goes back"),
        bind("y", "copy", "Copy row", id="numbers.copy", tooltip="Copy the row"),
    ]
    section = "phone_numbers"
    columns = COLUMNS
    orders = SORTS
    refused = REFUSED

    def __init__(self) -> None:
        super().__init__()
        self._elsewhere: list[PhoneNumber] = []
        self._view = 0

    def hints(self) -> Hints:
        current = self.current
        if current is None:
            return (("a", "add"), ("S", "sync"), ("/", "find"), ("o", "organisation"), ("?", "help"))
        acts = [("enter", "assign")] if current.is_active else [("d", "activate")]
        if current.assigned_to_user_id is not None:
            acts.append(("p", "to the pool"))
        acts.append(("e", "edit"))
        if not self._is_ours(current) or not self.is_allowed("change"):
            acts = []
        return (*acts, ("S", "sync"), ("/", "find"), ("v", "view"), ("H", "history"), ("?", "help"))

    def scope(self) -> tuple[Part, ...]:
        view = (Part(VIEWS[self._view], "warning"),) if self._view else ()
        order = (Part("in every organisation", "quiet", give=1),) if self._everywhere else super().scope()
        return (*view, *order)

    @property
    def total(self) -> int:
        return len(self._rows) if self._everywhere else super().total

    @property
    def _everywhere(self) -> bool:
        """Whether the filter is a number, which is looked for in every organisation."""
        return is_figures(self.filter_text) and sum(map(str.isdigit, self.filter_text)) >= FEWEST_DIGITS

    def _is_ours(self, number: PhoneNumber) -> bool:
        organization = self.session.organization
        return organization is not None and number.organization_id == organization.id

    def matching(self) -> list[PhoneNumber]:
        view = VIEWS[self._view]
        ours = [number for number in self._items if matches(number, self.filter_text) and is_in_view(number, view)]
        ours.sort(key=lambda number: sort_key(self.order, number))
        our_ids = {number.id for number in ours}
        return [*ours, *(number for number in self._elsewhere if number.id not in our_ids)]

    def row_of(self, item: PhoneNumber) -> Row:
        return row_of(item, self.console.glyphs, everywhere=self._everywhere)

    def detail_of(self, item: PhoneNumber) -> Sequence[TextLine]:
        unknown = not_in_directory(self.session.database.login if self.session.is_connected else None)
        return detail(item, self.session.settings.timezone, unknown)

    def history_of(self, item: PhoneNumber) -> str:
        return history_of_number(item.phone_number)

    def name_of(self, item: PhoneNumber) -> str:
        return shown_number(item)

    def rows_about(self, item: PhoneNumber) -> str:
        return of_own_rows(self.history_of(item))

    def why_empty(self) -> tuple[str, str]:
        if self._everywhere:
            return (
                f"No number in any organisation that you may read matches “{self.filter_text}”.",
                "esc  clear the filter",
            )
        if self.filter_text or self._view:
            quoted = f" “{self.filter_text}”" if self.filter_text else ""
            view = f" among {VIEWS[self._view]}" if self._view else ""
            return f"No number matches{quoted}{view}.", "esc  clear the filter    v  another view"
        return "This organisation has no phone numbers.", "S  sync from Exotel    a  add one by hand"

    async def load(self) -> None:
        organization = self.organization_to_list()
        if organization is None:
            return
        self.show_loading("phone numbers")
        self._rights = await read_number_rights(self.session.database)
        listed = await list_phone_numbers(self.session.database, organization.id)
        numbers = await with_observed(self.session.database, listed)
        if self.is_mounted:
            self._items = numbers
            self.filter_changed()

    def filter_changed(self) -> None:
        """Show what matches here at once; a number is also looked for in every organisation."""
        self._elsewhere = []
        if self._everywhere and self.session.is_connected:
            self._search(self.filter_text)
        else:
            self.workers.cancel_group(self, "search")
        self.show_rows()

    @background("search")
    async def _search(self, text: str) -> None:
        try:
            result = await find_phone_numbers(self.session.database, text)
            found = await with_observed(self.session.database, result.numbers)
        except SwitchboardError as failure:
            if self.is_mounted:
                self.report_failure(failure)
            return
        # The answer may come after the next key.
        if self.is_mounted and text == self.filter_text:
            self._elsewhere = found
            self.show_rows()

    def show_rows(self) -> None:
        self.query_one(RowList).use_columns(EVERYWHERE if self._everywhere else COLUMNS)
        super().show_rows()

    def on_row_body_opened(self) -> None:
        self.action_assign()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if self.is_busy and action in (*ON_A_NUMBER, "add", "sync"):
            return None
        if action in ON_A_NUMBER and self.current is None:
            return None
        if action == "unassign" and self.current is not None and self.current.assigned_to_user_id is None:
            return None
        return True

    def _number_to_change(self, *, active: bool = False) -> PhoneNumber | None:
        """Return the number under the cursor; None, with the reason said, where it may not be changed from here."""
        number = self.current
        if number is None or self.is_busy or not self.may("change"):
            return None
        if not self._is_ours(number):
            # The people to choose from are those of the organisation that is looked at.
            self.status.say(
                f"It belongs to {organization_of(number)}: switch to that organisation first (o).", "warning"
            )
            return None
        if active and not number.is_active:
            self.status.say(f"{shown_number(number)} is not active: activate it first (d).", "warning")
            return None
        return number

    def invocations(self) -> Sequence[Invocation]:
        number = self.current
        if number is None:
            return (self.invocation("phone-numbers list"),)
        values = {"number": number.e164 or str(number.id)}
        return (Invocation("phone-numbers list", values, number.organization_id),)

    def action_view(self) -> None:
        self._view = (self._view + 1) % len(VIEWS)
        self.show_rows()

    def action_assign(self) -> None:
        number = self._number_to_change(active=True)
        if number is not None:
            self.console.navigation.choose_person(
                f"Assign {shown_number(number)} to", lambda person: self.act(self._assign(number, person))
            )

    async def _assign(self, number: PhoneNumber, person: Person) -> None:
        name = person_in_full(person)
        # Asked of a free number too: an enter held down opens the people and takes the first of them.
        question = f"{shown_number(number)} is free. Assign it to {name}?"
        if number.assigned_to_user_id is not None:
            question = reassignment(number, person)
        if number.assigned_to_user_id == person.id or await self.prompt.confirm(question, "assign"):
            change = partial(assign_number, self.session.database, number, person)
            await self._change(change, partial(assigned, number))

    def action_unassign(self) -> None:
        number = self._number_to_change()
        if number is not None and number.assigned_to_user_id is not None:
            self.act(self._unassign(number))

    async def _unassign(self, number: PhoneNumber) -> None:
        question = f"Take {shown_number(number)} from {assignee_in_full(number)} and return it to the pool?"
        if await self.prompt.confirm(question, "return to pool"):
            change = partial(unassign_number, self.session.database, number)
            await self._change(change, partial(unassigned, number))

    def action_primary(self) -> None:
        number = self._number_to_change(active=True)
        if number is not None:
            self.act(self._make_primary(number))

    async def _make_primary(self, number: PhoneNumber) -> None:
        # More than one where an adopted database has several; the change is refused where they are others by now.
        primaries = [other for other in self._items if other.is_primary]
        others = [other for other in primaries[:1] if other.id != number.id]
        instead = f" instead of {shown_number(others[0])}" if others else ""
        if await self.prompt.confirm(f"Make {shown_number(number)} the primary number{instead}?", "make it primary"):
            change = partial(make_primary, self.session.database, number, [other.id for other in primaries])
            await self._change(change, made_primary)

    def action_switch(self) -> None:
        number = self._number_to_change()
        if number is not None:
            self.act(self._switch(number))

    async def _switch(self, number: PhoneNumber) -> None:
        if number.is_active:
            question = deactivation_question(number)
            answer, change, outcome = "deactivate", deactivate_number, deactivated
        else:
            # Asked as well: the letter may be the end of an escape sequence that a slow line has cut in two.
            question = f"Activate {shown_number(number)}? Programs and people may use it again."
            answer, change, outcome = "activate", activate_number, activated
        if await self.prompt.confirm(question, answer):
            await self._change(partial(change, self.session.database, number), outcome)

    async def _change(
        self, change: Callable[[], Awaitable[NumberChanged]], outcome: Callable[[NumberChanged], str]
    ) -> None:
        """Make a change and read the list again; where it is refused, the list shows why and the refusal stays."""
        try:
            done: NumberChanged = await self.writing(change())
        except SwitchboardError as failure:
            await self.load()
            self.report_failure(failure)
        else:
            await self.load()
            self._report(done, outcome(done))

    def _report(self, done: NumberChanged, sentence: str) -> None:
        warning = f" {done.warning}" if done.warning else ""
        self.status.say(f"{sentence}{warning}", "warning" if done.warning else "good" if done.changed else "plain")

    def action_add(self) -> None:
        if not self.is_busy and self.may("add") and self.session.organization is not None:
            self.console.navigation.open_number(None, self._on_form_left)

    def action_edit(self) -> None:
        number = self._number_to_change()
        if number is not None:
            self.console.navigation.open_number(number, self._on_form_left)

    def _on_form_left(self, done: NumberChanged | None) -> None:
        if done is None:
            return
        self._report(done, added(done) if done.changed == ("phone_number",) else edited(done))
        self.start_load()

    def action_sync(self) -> None:
        if self.may("sync", "add", "change") and not self.is_busy and self.session.organization is not None:
            self.console.navigation.open_number_sync(self._on_sync_left)

    def _on_sync_left(self, sentence: str | None) -> None:
        if sentence:
            self.status.say(sentence, "good")
            self.start_load()
