"""The review of staged permissions: grants, changes and revokes, applied in one transaction, and its conflicts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from tui.data.permissions.apply import Applied, apply
from tui.data.permissions.listing import holders_by_id, integrations_of
from tui.data.rights import RIGHTS
from tui.providers import title_of
from tui.screens.page import Page, enter_does
from tui.screens.permissions.invocations import invocations_of_review
from tui.screens.permissions.view import letter_change
from tui.widgets.bindings import bind
from tui.widgets.frame import Hints, Part
from tui.widgets.prompt import Choice
from tui.widgets.row_list import Cell, Column, Row, RowBody
from tui.widgets.state_switcher import StateSwitcher
from tui.widgets.text_lines import TextLine, TextLines, wrapped
from tui.widgets.wrapped_list import WrappedList
from tui.words.counts import counted
from tui.words.people.permissions import access_in_full, value_changes
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from textual import events
    from textual.binding import BindingType
    from textual.widget import Widget

    from tui.data.permissions.apply import Conflict, Conflicts
    from tui.data.permissions.listing import Holder
    from tui.data.permissions.staging import Change, Staged
    from tui.data.permissions.values import CellKey
    from tui.models.integrations import Integration
    from tui.widgets.frame import Tone
    from tui.words.log.invocation import Invocation

COLUMNS = (
    Column("Person", 20, grows=True),
    Column("Integration", 15),
    Column("Rights", 2 * len(RIGHTS) + 3),
    Column("Expiry and limits", 28),
)
LABEL = 10
FEWEST_LINES, BORDER = 5, 1


class PermissionReviewScreen(Page):
    """Lists the net changes, which enter applies as one; leaves with what stays staged and what was applied."""

    CSS_PATH: ClassVar[Any] = ["review.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        enter_does("apply", "Apply", id="review.apply", tooltip="Apply everything in one transaction"),
        # A opened the review: held down, or as the end of a broken sequence, it must not apply it too.
        bind("A", "say_how", ""),
        bind("d", "drop", "Unstage", id="review.drop", tooltip="Remove this change from the review"),
    ]
    section = "permissions"
    is_inner = True

    def __init__(self, staged: Staged) -> None:
        super().__init__()
        self._staged = staged
        self._review = staged.review()
        self._people: Mapping[UUID, Holder] = {}
        self._integrations: Mapping[UUID, Integration] = {}
        self._conflicts: dict[CellKey, Conflict] = {}
        self._changes: dict[str, Change] = {}

    def compose_body(self) -> Iterable[Widget]:
        yield StateSwitcher(WrappedList(COLUMNS))
        yield TextLines(id="detail", classes="detail")

    def hints(self) -> Hints:
        return (
            ("enter", "apply all"),
            ("d", "unstage"),
            ("esc", "back, keep staged"),
            ("?", "help"),
        )

    def context(self) -> tuple[Part, ...]:
        review = self._review
        configure = review.configure_given
        gained = f"gives configure {'once' if configure == 1 else counted(configure, 'time')}" if configure else ""
        return (Part(review.sentence(), "warning", give=1), Part(gained, "bad"))

    async def load(self) -> None:
        switcher = self.query_one(StateSwitcher)
        switcher.show_loading("the review")
        database, organization_id = self.session.database, self._staged.organization_id
        people = {change.user_id for change in self._review.all}
        self._people = await holders_by_id(database, organization_id, people)
        listed = await integrations_of(database, organization_id)
        self._integrations = {integration.id: integration for integration in listed if integration.id is not None}
        if self.is_mounted:
            self._show()

    def _show(self) -> None:
        review = self._review
        rows: list[Row] = []
        self._changes = {}
        groups: tuple[tuple[str, Sequence[Change]], ...] = (
            ("Grants", review.grants),
            ("Changes", review.changes),
            ("Revokes", review.revokes),
        )
        for title, changes in groups:
            if changes:
                rows.append(Row(title, (Cell(f"{title} ({len(changes):,})", "quiet"), Cell(""), Cell(""), Cell(""))))
            for change in changes:
                key = f"{change.user_id} {change.integration_id}"
                self._changes[key] = change
                rows.append(Row(key, self._cells(change)))
        body = self.query_one(RowBody)
        body.show(rows)
        if body.current_key not in self._changes and len(rows) > 1:
            body.cursor = min(body.cursor + 1, len(rows) - 1)
        switcher = self.query_one(StateSwitcher)
        switcher.show_content() if rows else switcher.show_empty("Nothing is staged.", "esc  back to the grid")
        self._show_detail()

    def _cells(self, change: Change) -> tuple[Cell, ...]:
        tone: Tone = "bad" if change.key in self._conflicts else "plain"
        sign = f"{self.console.glyphs.bad} " if change.key in self._conflicts else "  "
        values = "; ".join(value_changes(change.before, change.wanted, self.session.settings.timezone))
        return (
            Cell(f"{sign}{self._person(change.user_id)}", tone),
            Cell(self._integration(change.integration_id)),
            Cell(letter_change(change.before, change.wanted, self.console.glyphs)),
            Cell(safe_text(values, 200)),
        )

    def _person(self, user_id: UUID) -> str:
        holder = self._people.get(user_id)
        return safe_text(holder.label if holder else user_id, 60)

    def _integration(self, integration_id: UUID) -> str:
        integration = self._integrations.get(integration_id)
        return safe_text(title_of(integration.integration_type), 40) if integration else "deleted since"

    def invocations(self) -> Sequence[Invocation]:
        types = {identifier: integration.integration_type for identifier, integration in self._integrations.items()}
        zone, organization_id = self.session.settings.timezone, self._staged.organization_id
        return invocations_of_review(self._review, types, organization_id, zone, datetime.now(UTC))

    def on_row_body_moved(self) -> None:
        self._show_detail()

    @property
    def _current(self) -> Change | None:
        return self._changes.get(self.query_one(RowBody).current_key or "")

    def _show_detail(self) -> None:
        change = self._current
        lines: tuple[TextLine, ...] = ()
        if change is not None:
            zone = self.session.settings.timezone
            conflict = self._conflicts.get(change.key)
            who = f"{self._person(change.user_id)}, {self._integration(change.integration_id)}"
            now = None if conflict is None else _now_words(conflict, zone)
            lines = (
                TextLine(who, label="Cell".ljust(LABEL)),
                TextLine(
                    access_in_full(change.before, zone), label=("Before" if now is None else "You saw").ljust(LABEL)
                ),
                *(() if now is None else (TextLine(now, "bad", label="Now".ljust(LABEL)),)),
                TextLine(
                    access_in_full(change.wanted, zone), label=("After" if now is None else "You want").ljust(LABEL)
                ),
            )
        pane = self.query_one("#detail", TextLines)
        # What was granted may be longer than a line, and is never cut where somebody decides on it.
        width = pane.size.width or self.size.width
        pieces = [piece for line in lines for piece in wrapped(line, width)]
        pane.styles.height = max(FEWEST_LINES, len(pieces) + BORDER)
        pane.show(pieces)
        self.refresh_frame()

    def on_resize(self, event: events.Resize) -> None:
        """Wrap the detail again, once it has its width; Page looks after the rest."""
        self.call_after_refresh(self._show_detail)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return (
            None
            if action in ("apply", "drop") and (self.is_busy or not self._changes or self.prompt.is_asking)
            else True
        )

    def action_drop(self) -> None:
        change = self._current
        if change is not None:
            self._drop([change.key])

    def _drop(self, keys: Iterable[CellKey]) -> None:
        dropped = set(keys)
        self._staged = self._staged.without(dropped)
        self._review = self._staged.review()
        self._conflicts = {key: conflict for key, conflict in self._conflicts.items() if key not in dropped}
        self._show()

    def action_say_how(self) -> None:
        # Letters only prepare; another kind of key applies. Said before the rows are read, too: all of a held key's may
        # come before them.
        if len(self._staged):
            self.status.say("Nothing is applied yet: press enter to apply all.")

    def action_apply(self) -> None:
        if not self.refuse_held_key("Nothing is applied yet: press A, then enter, to apply all."):
            self.act(self._apply())

    async def _apply(self) -> None:
        while len(self._staged):
            outcome = await self.writing(apply(self.session.database, self._staged))
            if isinstance(outcome, Applied):
                self._staged.clear()
                self.leave((self._staged, outcome))
                return
            if not await self._ask_about_conflicts(outcome):
                return
        self.status.say("Nothing else was staged, so nothing was applied.")

    async def _ask_about_conflicts(self, conflicts: Conflicts) -> bool:
        """Show the conflicts and ask what to do; return whether to apply the rest now."""
        self._conflicts = {cell.key: cell for cell in conflicts.cells}
        self._show()
        self._go_to_first_conflict()
        count, rest = len(conflicts.cells), len(self._staged) - len(conflicts.cells)
        cells = counted(count, "cell has", "cells have")
        first = conflicts.cells[0]
        zone = self.session.settings.timezone
        seen, wanted = access_in_full(first.seen, zone), access_in_full(first.wanted, zone)
        what = (
            f"{self._person(first.user_id)}, {self._integration(first.integration_id)}: "
            f"you saw {seen}; now {_now_words(first, zone)}; you want {wanted}."
        )
        choices = [Choice("l", "look at each one"), Choice("d", "unstage mine there")]
        if rest:
            choices.insert(0, Choice("g", f"apply the other {rest:,}"))
        chosen = await self.prompt.choose(
            f"Nothing was written: {cells} changed since you saw {'it' if count == 1 else 'them'}.\n{what}", choices
        )
        if chosen in ("g", "d"):
            self._drop(conflicts.keys)
        elif chosen is None:
            self.leave((self._staged, None))
        return chosen == "g"

    def _go_to_first_conflict(self) -> None:
        body = self.query_one(RowBody)
        keys = [f"{user} {integration}" for user, integration in self._conflicts]
        place = next((n for n, row in enumerate(body.rows) if row.key in keys), None)
        if place is not None:
            body.cursor = place

    def action_back(self) -> None:
        if not self.is_busy:
            self.leave((self._staged, None))


def _now_words(conflict: Conflict, zone: Any) -> str:
    return "the integration was deleted" if conflict.integration_deleted else access_in_full(conflict.now, zone)
