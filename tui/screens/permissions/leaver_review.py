"""The review of what is taken from a leaver: every revoke, number and login, applied in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tui.data.permissions.leaving import left_to_others, take_everything
from tui.providers import title_of
from tui.screens.page import Page, enter_does
from tui.widgets.bindings import bind
from tui.widgets.frame import Hints, Part
from tui.widgets.row_list import Cell, Column, Row, RowBody
from tui.widgets.state_switcher import StateSwitcher
from tui.widgets.wrapped_list import WrappedList
from tui.words.people.access import SQL_FOR_OTHERS
from tui.words.people.leavers import ANYWHERE, closes_all, in_organization, login_in_full, to_take_words
from tui.words.people.permissions import access_in_full, holder_in_full
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.binding import BindingType
    from textual.widget import Widget

    from tui.data.permissions.leaver import LeaverReport
    from tui.words.log.invocation import Invocation

    Cells = tuple[Cell, Cell, Cell]

COLUMNS = (Column("What", 24), Column("Before", 30, grows=True), Column("After", 12))


class LeaverReviewScreen(Page):
    """Lists what is revoked, returned and removed, which enter does as one; leaves with what was written."""

    BINDINGS: ClassVar[list[BindingType]] = [
        enter_does("apply", "Apply", id="leaver_review.apply", tooltip="Apply everything in one transaction"),
        # A opened the review: held down, or as the end of a broken sequence, it must not apply it too.
        bind("A", "say_how", ""),
    ]
    section = "permissions"
    is_inner = True

    def __init__(self, report: LeaverReport) -> None:
        super().__init__()
        self._report = report
        self._is_shown = False

    def compose_body(self) -> Iterable[Widget]:
        yield StateSwitcher(WrappedList(COLUMNS))

    def hints(self) -> Hints:
        return (("enter", "apply all"), ("esc", "back, no changes"), ("?", "help"))

    def context(self) -> tuple[Part, ...]:
        return (Part(to_take_words(self._report), "warning"), Part(holder_in_full(self._report.person), give=1))

    def invocations(self) -> Sequence[Invocation]:
        return (self.invocation("permissions offboard", user=str(self._report.person.id)),)

    async def load(self) -> None:
        switcher = self.query_one(StateSwitcher)
        switcher.show_loading("the review")
        left = await left_to_others(self.session.database, self._report.logins.to_remove)
        if not self.is_mounted:
            return
        rows = self._logins()
        if closes_all(self._report, left):
            rows.append((Cell(""), Cell(ANYWHERE, "quiet"), Cell("")))
        rows += [*self._revokes(), *self._numbers()]
        if left:
            rows += [_title(f"SQL for others ({len(left)})"), (Cell(""), Cell(SQL_FOR_OTHERS), Cell(""))]
            rows += [(Cell(""), Cell(safe_text(statement, 300), "warning"), Cell("")) for statement in left]
        self.query_one(RowBody).show([Row(str(n), cells) for n, cells in enumerate(rows)])
        switcher.show_content()
        self._is_shown = True

    def _logins(self) -> list[Cells]:
        zone = self.session.settings.timezone
        return _section(
            "Logins",
            [
                (Cell(f"  {safe_text(login.login, 63)}"), Cell(login_in_full(login, zone)), Cell("removed"))
                for login in self._report.logins.to_remove
            ],
        )

    def _revokes(self) -> list[Cells]:
        here, zone = self._report.here.organization, self.session.settings.timezone
        rows = []
        for held in self._report.holdings:
            where = in_organization(held.organization, here)
            names = {entry.integration.id: entry.integration.integration_type for entry in held.access}
            rows += [
                (
                    Cell(f"  {safe_text(title_of(names[change.integration_id]), 40)}"),
                    Cell(where + access_in_full(change.before, zone)),
                    Cell("nothing"),
                )
                for change in held.staged_revokes().review().revokes
            ]
        return _section("Revokes", rows)

    def _numbers(self) -> list[Cells]:
        here = self._report.here.organization
        return _section(
            "Phone numbers",
            [
                (
                    Cell(f"  {safe_text(number.phone_number, 30)}"),
                    Cell(f"{in_organization(held.organization, here)}assigned to them"),
                    Cell("in the pool"),
                )
                for held in self._report.holdings
                for number in held.numbers
            ],
        )

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
        self.leave(await self.writing(take_everything(self.session.database, self._report)))


def _section(name: str, rows: list[Cells]) -> list[Cells]:
    return [_title(f"{name} ({len(rows)})"), *rows] if rows else []


def _title(text: str) -> Cells:
    return Cell(text, "quiet"), Cell(""), Cell("")
