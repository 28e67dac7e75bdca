"""Section 3: the phone numbers of the organisation, who has them, and whose a number is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.binding import Binding, BindingType

from tui.errors import SwitchboardError
from tui.screens.list_page import ListPage
from tui.screens.numbers.view import (
    COLUMNS,
    EVERYWHERE,
    FEWEST_DIGITS,
    SORTS,
    VIEWS,
    detail,
    is_figures,
    is_in_view,
    matches,
    row_of,
    sort_key,
)
from tui.widgets.frame import Part
from tui.widgets.row_list import RowBody, RowList
from tui.widgets.state_switcher import StateSwitcher
from tui.widgets.text_lines import TextLines
from tui.words.numbers import assignee_in_full, organization_of, shown_number
from tui.words.people import person_in_full

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

    from textual.widget import Widget

    from tui.data.numbers.changes import NumberChanged
    from tui.data.numbers.listing import NumberRights
    from tui.models import Person, PhoneNumber

REFUSED = {
    "add": "may not add numbers (INSERT on organization_phone_numbers). Ask an administrator.",
    "change": "may not change numbers (UPDATE on organization_phone_numbers). Ask an administrator.",
    "sync": "may not open credentials for a sync (switchboard.begin_open). Ask an administrator.",
}
ON_A_NUMBER = ("assign", "unassign", "edit", "switch", "primary", "copy")


class PhoneNumbersScreen(ListPage):
    """Lists, finds, adds, edits, assigns and syncs phone numbers."""

    CSS_PATH: ClassVar[Any] = ["screen.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "assign", "Assign", show=False, id="numbers.assign", tooltip="To a person (enter too)"),
        Binding(
            "p", "unassign", "To the pool", show=False, id="numbers.unassign", tooltip="Take it back from a person"
        ),
        Binding("a", "add", "Add", show=False, id="numbers.add", tooltip="Add a number by hand"),
        Binding("e", "edit", "Edit", show=False, id="numbers.edit", tooltip="Name, type, what it can do"),
        Binding(
            "m", "primary", "Make primary", show=False, id="numbers.primary", tooltip="The organisation's main one"
        ),
        Binding("d", "switch", "Deactivate", show=False, id="numbers.switch", tooltip="Or activate; never deleted"),
        Binding("S", "sync", "Sync", show=False, id="numbers.sync", tooltip="Compare with what the provider lists"),
        Binding("v", "view", "View", show=False, id="numbers.view", tooltip="All, free, assigned, not active"),
        Binding("s", "sort", "Sort", show=False, id="numbers.sort", tooltip="Next order of the list"),
        Binding("y", "copy", "Copy row", show=False, id="numbers.copy", tooltip="Copy the row"),
    ]
    section = "phone_numbers"
    refused = REFUSED

    def __init__(self) -> None:
        super().__init__()
        self._listed: list[PhoneNumber] = []
        self._found: list[PhoneNumber] = []
        self._rights: NumberRights | None = None
        self._sort = 0
        self._view = 0

    def compose_body(self) -> Iterable[Widget]:
        """Lay the list over the detail of the number under the cursor."""
        yield StateSwitcher(RowList(COLUMNS))
        yield TextLines(id="detail")

    def hints(self) -> tuple[tuple[str, str], ...]:
        """Return the keys that fit the number under the cursor."""
        current, rights = self.current, self._rights
        if current is None:
            return (("a", "add"), ("S", "sync"), ("/", "whose?"), ("o", "organisation"), ("?", "help"))
        acts = [("enter", "assign")] if current.is_active else [("d", "activate")]
        if current.assigned_to_user_id is not None:
            acts.append(("p", "to the pool"))
        acts.append(("e", "edit"))
        here = self.session.organization
        if here is None or current.organization_id != here.id or (rights is not None and not rights.change):
            acts = []
        return (*acts, ("S", "sync"), ("/", "whose?"), ("v", "view"), ("?", "help"))

    def context(self) -> tuple[Part, ...]:
        """Return the filter, the view and the count."""
        count = len(self.query_one(RowBody).rows)
        view = VIEWS[self._view]
        where = "in every organisation" if self._everywhere else f"sorted by {SORTS[self._sort]}"
        return (
            *super().context(),
            *((Part(view, "warning"),) if self._view else ()),
            Part(where, "quiet", give=1),
            Part(f"{count}" if self._everywhere else f"{count} of {len(self._listed)}", "quiet", give=2),
        )

    @property
    def current(self) -> PhoneNumber | None:
        """The number under the cursor."""
        key = self.query_one(RowBody).current_key
        return next((number for number in self._shown if str(number.id) == key), None)

    @property
    def _everywhere(self) -> bool:
        """Whether the filter is a number, which is looked for in every organisation."""
        return is_figures(self.filter_text) and sum(map(str.isdigit, self.filter_text)) >= FEWEST_DIGITS

    @property
    def _shown(self) -> list[PhoneNumber]:
        here = [
            number
            for number in self._listed
            if matches(number, self.filter_text) and is_in_view(number, VIEWS[self._view])
        ]
        here.sort(key=lambda number: sort_key(SORTS[self._sort], number))
        if not self._everywhere:
            return here
        known = {number.id for number in here}
        return [*here, *(number for number in self._found if number.id not in known)]

    async def load(self) -> None:
        """Read the organisation's numbers, and look again for the number in the filter."""
        from tui.data.numbers.listing import list_phone_numbers, read_number_rights

        organization = self.organization_to_list()
        if organization is None:
            return
        self.query_one(StateSwitcher).show_loading("phone numbers")
        self._rights = await read_number_rights(self.session.database)
        listed = await list_phone_numbers(self.session.database, organization.id)
        if self.is_mounted:
            self._listed = listed
            self.filter_changed()

    def filter_changed(self) -> None:
        """Show what matches here at once; a number is also looked for in every organisation."""
        self._found = []
        if self._everywhere and self.session.is_connected:
            self._search(self.filter_text)
        else:
            self.workers.cancel_group(self, "search")
        self._show()

    @work(group="search", exclusive=True, exit_on_error=False)
    async def _search(self, text: str) -> None:
        from tui.data.numbers.listing import find_phone_numbers

        try:
            found = await find_phone_numbers(self.session.database, text)
        except SwitchboardError as failure:
            if self.is_mounted:
                self.tell_failure(failure)
            return
        if self.is_mounted and text == self.filter_text:
            self._found = list(found.numbers)
            self._show()

    def _show(self) -> None:
        shown, everywhere = self._shown, self._everywhere
        rows = self.query_one(RowList)
        rows.use_columns(EVERYWHERE if everywhere else COLUMNS)
        rows.body.show([row_of(number, self.console.glyphs, everywhere=everywhere) for number in shown])
        switcher = self.query_one(StateSwitcher)
        if shown:
            switcher.show_content()
        elif everywhere:
            switcher.show_empty(f"No organisation that you may read has “{self.filter_text}”.", "esc  clear the filter")
        elif self.filter_text or self._view:
            named = f" “{self.filter_text}”" if self.filter_text else ""
            view = f" among {VIEWS[self._view]}" if self._view else ""
            switcher.show_empty(f"No number matches{named}{view}.", "esc  clear the filter    v  another view")
        else:
            switcher.show_empty("This organisation has no phone numbers.", "S  sync from Exotel    a  add one by hand")
        self._show_detail()

    def _show_detail(self) -> None:
        current = self.current
        self.query_one("#detail", TextLines).show(detail(current, self.session.settings.timezone) if current else ())
        self.refresh_frame()

    def on_row_body_moved(self) -> None:
        """Follow the cursor with the detail and the hints."""
        self._show_detail()

    def on_row_body_opened(self) -> None:
        """Assign the number."""
        self.action_assign()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done with the number under the cursor, and nothing while a write runs."""
        if self.busy and action in (*ON_A_NUMBER, "add", "sync"):
            return None
        if action in ON_A_NUMBER and self.current is None:
            return None
        if action == "unassign" and self.current is not None and self.current.assigned_to_user_id is None:
            return None
        return True

    def _own(self) -> PhoneNumber | None:
        """The number under the cursor, where it is one that may be changed from here."""
        current = self.current
        if current is None or self.busy or not self.may(self._rights, "change"):
            return None
        organization = self.session.organization
        if organization is None or current.organization_id != organization.id:
            self.status.say(
                f"It belongs to {organization_of(current)}: look at that organisation first (o).", "warning"
            )
            return None
        return current

    def action_view(self) -> None:
        """Show the next kind of numbers: all, free, assigned, not active."""
        self._view = (self._view + 1) % len(VIEWS)
        self._show()

    def action_sort(self) -> None:
        """Order by the next column."""
        self._sort = (self._sort + 1) % len(SORTS)
        self._show()

    def action_copy(self) -> None:
        """Send the row's text to the terminal's clipboard."""
        if self.current is not None:
            self.copy_row(row_of(self.current, self.console.glyphs, everywhere=False).cells)

    def action_assign(self) -> None:
        """Choose the person who gets the number."""
        number = self._own()
        if number is None:
            return
        if not number.is_active:
            self.status.say(f"{shown_number(number)} is not active: d activates it first.", "warning")
            return
        self.console.navigation.choose_person(
            f"Assign {shown_number(number)} to", lambda person: self.act(self._assign(number, person))
        )

    async def _assign(self, number: PhoneNumber, person: Person) -> None:
        from tui.data.numbers.changes import assign_number

        name = person_in_full(person)
        if number.assigned_to_user_id != person.id:
            # Asked of a free one too: an enter held down opens the people and takes the first of them.
            question = f"{shown_number(number)} is free. Give it to {name}?"
            if number.assigned_to_user_id is not None:
                question = f"{shown_number(number)} is taken from {assignee_in_full(number)} and given to {name}."
            if not await self.prompt.confirm(question, "assign it"):
                return
        done = await self._changed(assign_number(self.session.database, number, person))
        if done is not None:
            self._tell(done, f"{shown_number(number)} is assigned to {name}.")

    def action_unassign(self) -> None:
        """Return the number to the pool, after asking."""
        number = self._own()
        if number is not None and number.assigned_to_user_id is not None:
            self.act(self._unassign(number))

    async def _unassign(self, number: PhoneNumber) -> None:
        from tui.data.numbers.changes import unassign_number

        question = f"Take {shown_number(number)} from {assignee_in_full(number)} and return it to the pool?"
        if not await self.prompt.confirm(question, "return it"):
            return
        done = await self._changed(unassign_number(self.session.database, number))
        if done is not None:
            self._tell(done, f"{shown_number(number)} is free.")

    def action_primary(self) -> None:
        """Make the number the organisation's primary one, after asking."""
        number = self._own()
        if number is not None:
            self.act(self._make_primary(number))

    async def _make_primary(self, number: PhoneNumber) -> None:
        from tui.data.numbers.changes import make_primary

        before = [number for number in self._listed if number.is_primary]
        if not number.is_active:
            self.status.say(f"{shown_number(number)} is not active: d activates it first.", "warning")
            return
        instead = f" instead of {shown_number(before[0])}" if before and before[0].id != number.id else ""
        if not await self.prompt.confirm(
            f"Make {shown_number(number)} the primary number{instead}?", "make it primary"
        ):
            return
        done = await self._changed(make_primary(self.session.database, number, [number.id for number in before]))
        if done is not None:
            self._tell(done, f"{shown_number(number)} is the primary number.")

    def action_switch(self) -> None:
        """Deactivate the number, or activate it again, after asking."""
        number = self._own()
        if number is not None:
            self.act(self._switch(number))

    async def _switch(self, number: PhoneNumber) -> None:
        from tui.data.numbers.changes import activate_number, deactivate_number

        name = shown_number(number)
        if number.is_active:
            losses = [f"{assignee_in_full(number)} cannot use it until then"] if number.assigned_to_user_id else []
            if number.is_primary:
                losses.append("the organisation is left without a primary number")
            and_so = f" {'; '.join(losses)}." if losses else ""
            question = f"Deactivate {name}? It is kept, and can be activated again.{and_so}"
            if not await self.prompt.confirm(question, "deactivate"):
                return
            done = await self._changed(deactivate_number(self.session.database, number))
        else:
            if not await self.prompt.confirm(f"Activate {name}? Programs and people may use it again.", "activate"):
                return
            done = await self._changed(activate_number(self.session.database, number))
        if done is not None:
            self._tell(done, f"{name} is {'active' if done.number.is_active else 'not active any more'}.")

    async def _changed(self, coroutine: Coroutine[Any, Any, NumberChanged]) -> NumberChanged | None:
        """Await a change; where it is refused, the list shows what is true now and the refusal stays readable."""
        try:
            done: NumberChanged = await self.writing(coroutine)
        except SwitchboardError as failure:
            await self.load()
            self.tell_failure(failure)
            return None
        await self.load()
        return done

    def _tell(self, done: NumberChanged, sentence: str) -> None:
        if not done.changed:
            self.status.say("Nothing changed: it was so already.")
            return
        before = f" It was {shown_number(done.previous[0])}." if done.previous else ""
        warning = f" {done.warning}" if done.warning else ""
        self.status.say(f"{sentence}{before}{warning}", "warning" if done.warning else "good")

    def action_add(self) -> None:
        """Add a number by hand."""
        if not self.busy and self.may(self._rights, "add") and self.session.organization is not None:
            self.console.navigation.open_number(None, self._saved)

    def action_edit(self) -> None:
        """Edit the number's name, its type and what it can do."""
        number = self._own()
        if number is not None:
            self.console.navigation.open_number(number, self._saved)

    def _saved(self, done: NumberChanged | None) -> None:
        if done is None:
            return
        what = "is added to the pool" if done.changed == ("phone_number",) else "is saved"
        self._tell(done, f"{shown_number(done.number)} {what}.")
        self.start_load()

    def action_sync(self) -> None:
        """Compare with what the provider lists; nothing is written before the plan was seen."""
        allowed = self.may(self._rights, "sync") and self.may(self._rights, "add") and self.may(self._rights, "change")
        if allowed and not self.busy and self.session.organization is not None:
            self.console.navigation.open_number_sync(self._synced)

    def _synced(self, sentence: str | None) -> None:
        if sentence:
            self.status.say(sentence, "good")
            self.start_load()
