"""The review of what is taken from a leaver: every revoke and every number, applied in one transaction."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from tui.data.permissions.leaving import revoke_and_return
from tui.data.permissions.listing import integrations_of
from tui.providers import title_of
from tui.screens.page import Page, enter_does
from tui.screens.permissions.invocations import invocations_of_review
from tui.widgets.bindings import bind
from tui.widgets.frame import Hints, Part
from tui.widgets.row_list import Cell, Column, Row, RowBody
from tui.widgets.state_switcher import StateSwitcher
from tui.widgets.wrapped_list import WrappedList
from tui.words.counts import counted
from tui.words.permissions import access_in_full, holder_in_full
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from textual.binding import BindingType
    from textual.widget import Widget

    from tui.data.permissions.leaver import AssignedNumber
    from tui.data.permissions.listing import Holder
    from tui.data.permissions.staging import Staged
    from tui.words.invocation import Invocation

COLUMNS = (Column("What", 24), Column("Before", 30, grows=True), Column("After", 12))


class LeaverReviewScreen(Page):
    """Lists what is revoked and returned, which enter does as one; leaves with what was written."""

    BINDINGS: ClassVar[list[BindingType]] = [
        enter_does("apply", "Apply", id="leaver_review.apply", tooltip="Apply everything in one transaction"),
        # A opened the review: held down, or as the end of a broken sequence, it must not apply it too.
        bind("A", "say_how", ""),
    ]
    section = "permissions"
    is_inner = True

    def __init__(self, person: Holder, staged: Staged, numbers: Sequence[AssignedNumber]) -> None:
        super().__init__()
        self._person = person
        self._staged = staged
        self._numbers = numbers
        self._types: dict[UUID, str] = {}
        self._is_shown = False

    def compose_body(self) -> Iterable[Widget]:
        yield StateSwitcher(WrappedList(COLUMNS))

    def hints(self) -> Hints:
        return (("enter", "apply all"), ("esc", "back, no changes"), ("?", "help"))

    def context(self) -> tuple[Part, ...]:
        revokes = [counted(len(self._staged), "revoke")] if len(self._staged) else []
        numbers = [f"{counted(len(self._numbers), 'number')} returned"] if self._numbers else []
        return (Part(", ".join(revokes + numbers), "warning"), Part(holder_in_full(self._person), give=1))

    def invocations(self) -> Sequence[Invocation]:
        zone, organization_id = self.session.settings.timezone, self._staged.organization_id
        review = self._staged.review()
        return [
            *invocations_of_review(review, self._types, organization_id, zone, datetime.now(UTC)),
            *(self.invocation("phone-numbers unassign", number=str(number.id)) for number in self._numbers),
        ]

    async def load(self) -> None:
        switcher = self.query_one(StateSwitcher)
        switcher.show_loading("the review")
        listed = await integrations_of(self.session.database, self._staged.organization_id)
        if not self.is_mounted:
            return
        self._types = {integration.id: integration.integration_type for integration in listed if integration.id}
        titles = {identifier: title_of(name) for identifier, name in self._types.items()}
        zone = self.session.settings.timezone
        rows = [
            (Cell(f"  {safe_text(titles.get(change.integration_id) or 'deleted since', 40)}"), before, Cell("nothing"))
            for change in self._staged.review().revokes
            for before in (Cell(access_in_full(change.before, zone)),)
        ]
        if rows:
            rows.insert(0, _title(f"Revokes ({len(rows)})"))
        if self._numbers:
            rows.append(_title(f"Phone numbers ({len(self._numbers)})"))
        rows += [
            (Cell(f"  {safe_text(number.phone_number, 30)}"), Cell("assigned to them"), Cell("in the pool"))
            for number in self._numbers
        ]
        self.query_one(RowBody).show([Row(str(n), cells) for n, cells in enumerate(rows)])
        switcher.show_content()
        self._is_shown = True

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "apply":
            return None if self.is_busy or self.prompt.is_asking or not self._is_shown else True
        return super().check_action(action, parameters)

    def action_say_how(self) -> None:
        self.status.say("Nothing is applied yet: press enter to apply all.")

    def action_apply(self) -> None:
        if not self.refuse_held_key("Nothing is applied yet: press A, then enter, to apply all."):
            self.act(self._apply())

    async def _apply(self) -> None:
        database, user_id = self.session.database, self._person.id
        self.leave(await self.writing(revoke_and_return(database, user_id, self._staged, self._numbers)))


def _title(text: str) -> tuple[Cell, Cell, Cell]:
    return Cell(text, "quiet"), Cell(""), Cell("")
