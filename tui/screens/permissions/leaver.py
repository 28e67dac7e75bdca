"""The leaver report: the logins that are somebody's, what they can reach, and which secrets they know."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tui.data.permissions.leaver import leaver_report
from tui.data.permissions.leaving import undo_departure
from tui.providers import is_secret, title_of
from tui.screens.page import Page
from tui.widgets.bindings import bind
from tui.widgets.frame import Hints, Part
from tui.widgets.notices import Notice, NoticeList
from tui.widgets.row_list import Cell, Column, Row, RowBody
from tui.widgets.state_switcher import StateSwitcher
from tui.widgets.wrapped_list import WrappedList
from tui.words.counts import counted
from tui.words.people.access import SQL_FOR_OTHERS
from tui.words.people.leavers import about_logins, departure_words, in_organization, login_in_full, nothing_to_take
from tui.words.people.permissions import access_in_full, holder_in_full, secret_in_full
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import tzinfo

    from textual.binding import BindingType
    from textual.widget import Widget

    from tui.data.permissions.leaver import LeaverReport
    from tui.data.permissions.leaving import Departure
    from tui.data.permissions.listing import Holder
    from tui.widgets.frame import Tone
    from tui.widgets.glyphs import Glyphs
    from tui.words.log.invocation import Invocation

COLUMNS = (Column("What", 24), Column("Detail", 30, grows=True))


class LeaverScreen(Page):
    """Lists logins, secrets to rotate and access, the urgent part first; leaves with whether it changed anything."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind(
            "A",
            "review",
            "Take all",
            id="leaver.review",
            tooltip="Review and apply every revoke, return and removed login together",
        ),
        bind("u", "undo", "Undo", id="leaver.undo", tooltip="Undo what was revoked and returned here"),
    ]
    section = "permissions"
    is_inner = True

    def __init__(self, person: Holder) -> None:
        super().__init__()
        self._person = person
        self._report: LeaverReport | None = None
        self._done: Departure | None = None
        self._left_to_do: tuple[str, ...] = ()

    def compose_body(self) -> Iterable[Widget]:
        yield StateSwitcher(WrappedList(COLUMNS))
        yield NoticeList(self.console.glyphs, classes="detail")

    def hints(self) -> Hints:
        if self.session.read_only:
            return super().hints()
        return (("A", "take all"), ("u", "undo"), ("esc", "back"), ("?", "help"))

    def context(self) -> tuple[Part, ...]:
        return (Part(f"Leaver report: {holder_in_full(self._person)}", "warning"),)

    async def load(self) -> None:
        organization = self.session.organization
        if organization is None:
            return
        switcher = self.query_one(StateSwitcher)
        switcher.show_loading("the report")
        report = await leaver_report(self.session.database, organization, self._person)
        if self.is_mounted:
            self._report = report
            rows = left_to_do_rows(self._left_to_do)
            rows += report_rows(report, self.session.settings.timezone, self.console.glyphs)
            self.query_one(RowBody).show([Row(str(n), cells) for n, cells in enumerate(rows)])
            self.query_one(NoticeList).say(Notice("plain", note) for note in not_known(report))
            switcher.show_content()

    def invocations(self) -> Sequence[Invocation]:
        return (self.invocation("permissions report", user=str(self._person.id)),)

    def leave(self, result: object = None) -> None:
        super().leave(self._done is not None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("review", "undo"):
            return None if self.is_busy or self.prompt.is_asking or self.session.read_only else True
        return super().check_action(action, parameters)

    def action_review(self) -> None:
        if self._report is None:
            return
        if self._report.has_anything_to_take:
            self.console.navigation.open_leaver_review(self._report, self._after_review)
        else:
            self.status.say(nothing_to_take(self._report))

    def _after_review(self, done: Departure | None) -> None:
        if done is not None:
            self._left_to_do += done.left_to_do
            self._say_done(done)
        # Somebody else may have changed something meanwhile.
        self.start_load()

    def _say_done(self, done: Departure) -> None:
        self._done = done
        word = "Undone" if done.undo_of else "Applied"
        undoes = "u gives back all but the logins" if done.logins else "u undoes all of it"
        self.status.say(f"{word} in one transaction: {departure_words(done)}. {undoes}.", "good")

    def action_undo(self) -> None:
        if self._done is None:
            self.status.say("Nothing to undo: nothing was revoked or returned since this report was opened.")
        elif not self._done.is_undoable:
            self.status.say("Nothing to undo: a login that was removed is mapped again by `switchboard access add`.")
        else:
            self.act(self._undo(self._done))

    async def _undo(self, done: Departure) -> None:
        what = "Undo the last undo" if done.undo_of else "Undo it"
        but = " The logins stay removed." if done.logins else ""
        question = f"{what} ({departure_words(done)})? The reverse is written in one transaction.{but}"
        if await self.prompt.confirm(question, "undo all"):
            self._say_done(await self.writing(undo_departure(self.session.database, done)))
            self.start_load()


def left_to_do_rows(statements: Sequence[str]) -> list[tuple[Cell, Cell]]:
    """Return the SQL that somebody else has to run, as lines of two cells."""
    if not statements:
        return []
    rows = [_title(f"SQL for others ({len(statements)})", "bad"), (Cell(""), Cell(SQL_FOR_OTHERS, "bad"))]
    return rows + [(Cell(""), Cell(safe_text(statement, 300), "bad")) for statement in statements]


def report_rows(report: LeaverReport, zone: tzinfo, glyphs: Glyphs) -> list[tuple[Cell, Cell]]:
    """Return the report as lines of two cells: logins, secrets to rotate, access, phone numbers."""
    here = report.here.organization
    is_open = any(login.is_removable for login in report.logins.found)
    # Fields that are no secrets are in the log because they were typed.
    secrets = [
        (secret, Cell(f"  {_name(secret.integration_type)}"), in_organization(held.organization, here))
        for held in report.holdings
        for secret in held.secrets
        if is_secret(secret.integration_type, secret.field)
    ]
    rotate = [entry for entry in secrets if entry[0].to_be_rotated]
    others = [entry for entry in secrets if not entry[0].to_be_rotated]
    access = [
        (Cell(f"  {_name(entry.integration.integration_type)}"), Cell(where + access_in_full(entry.access, zone)))
        for held in report.holdings
        for where in (in_organization(held.organization, here),)
        for entry in held.given
    ]
    numbers = [
        (
            Cell(f"  {safe_text(number.phone_number, 30)}"),
            Cell(f"{in_organization(held.organization, here)}to be assigned to somebody else"),
        )
        for held in report.holdings
        for number in held.numbers
    ]
    # That nothing is left is known to nobody who sees a part.
    good: Tone = "good" if report.is_whole else "plain"
    rows = []
    if report.logins.is_told and report.logins.has_any:
        rows.append(_title(f"Logins ({len(report.logins.found)})", "bad" if is_open else good))
        rows += [
            (
                Cell(f"  {safe_text(login.login, 63)}"),
                Cell(login_in_full(login, zone), "bad" if login.is_removable else "quiet"),
            )
            for login in report.logins.found
        ]
    rows.append(_title(f"Secrets to rotate ({len(rotate)})", "bad" if rotate else good))
    rows += [(name, Cell(where + secret_in_full(secret, zone), "bad")) for secret, name, where in rotate]
    if not rotate:
        known = f"{glyphs.yes} none known to Switchboard" if report.is_whole else "none that your login sees"
        rows.append((Cell(""), Cell(known, "quiet")))
    if others:
        rows.append(_title(f"Seen, and changed since ({len(others)})", "plain"))
        rows += [(name, Cell(where + secret_in_full(other, zone), "quiet")) for other, name, where in others]
    rows.append(_title(f"Access to revoke ({len(access)})", "warning" if access else good))
    rows += access
    rows.append(_title(f"Phone numbers ({len(numbers)})", "plain"))
    return rows + numbers


def not_known(report: LeaverReport) -> list[str]:
    """Return what the report cannot tell, in sentences, the most important first."""
    notes = about_logins(report)
    if unattributed := sum(held.unattributed for held in report.holdings):
        many = counted(unattributed, "opening of secrets names", "openings of secrets name")
        notes.append(f"{many} nobody in the log; it may have been this person.")
    if not all(secret.proven for held in report.holdings for secret in held.secrets):
        notes.append(
            "Who saw a secret is what consoles and other programs reported, where it is not said to be proven."
        )
    notes.append("What was read without Switchboard, with the master key and a database login, is in no log.")
    return notes


def _title(text: str, tone: Tone) -> tuple[Cell, Cell]:
    return Cell(text, tone), Cell("")


def _name(integration_type: str) -> str:
    return safe_text(title_of(integration_type), 40)
