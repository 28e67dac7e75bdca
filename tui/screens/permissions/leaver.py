"""The leaver report: what somebody can reach, and which secrets they know that were not changed since."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tui.data.permissions.leaver import leaver_report
from tui.data.permissions.leaving import undo_departure
from tui.providers import is_secret, title_of
from tui.screens.page import Page
from tui.screens.permissions.view import applied_words
from tui.widgets.bindings import bind
from tui.widgets.frame import Hints, Part
from tui.widgets.notices import Notice, NoticeList
from tui.widgets.row_list import Cell, Column, Row, RowBody
from tui.widgets.state_switcher import StateSwitcher
from tui.widgets.wrapped_list import WrappedList
from tui.words.counts import counted
from tui.words.permissions import access_in_full, holder_in_full, secret_in_full
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import tzinfo

    from textual.binding import BindingType
    from textual.widget import Widget

    from tui.data.permissions.leaver import KnownSecret, LeaverReport
    from tui.data.permissions.leaving import Departure
    from tui.data.permissions.listing import Holder
    from tui.widgets.frame import Tone
    from tui.widgets.glyphs import Glyphs
    from tui.words.invocation import Invocation

COLUMNS = (Column("What", 24), Column("Detail", 30, grows=True))


class LeaverScreen(Page):
    """Lists secrets to rotate and access to revoke, the urgent part first; leaves with whether it changed anything."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind(
            "A",
            "review",
            "Revoke, return",
            id="leaver.review",
            tooltip="Review and apply every revoke and return together",
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

    def compose_body(self) -> Iterable[Widget]:
        yield StateSwitcher(WrappedList(COLUMNS))
        yield NoticeList(self.console.glyphs, classes="detail")

    def hints(self) -> Hints:
        return (("A", "revoke and return all"), ("u", "undo"), ("esc", "back"), ("?", "help"))

    def context(self) -> tuple[Part, ...]:
        return (Part(f"Leaver report: {holder_in_full(self._person)}", "warning"),)

    async def load(self) -> None:
        organization = self.session.organization
        if organization is None:
            return
        switcher = self.query_one(StateSwitcher)
        switcher.show_loading("the report")
        report = await leaver_report(self.session.database, organization.id, self._person)
        if self.is_mounted:
            self._report = report
            rows = report_rows(report, self.session.settings.timezone, self.console.glyphs)
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
        organization, report = self.session.organization, self._report
        if organization is None or report is None:
            return
        staged = report.staged_revokes(organization.id)
        if len(staged) or report.numbers:
            self.console.navigation.open_leaver_review(self._person, staged, report.numbers, self._after_review)
        else:
            self.status.say("There is no permission to revoke and no number to return.")

    def _after_review(self, done: Departure | None) -> None:
        if done is not None:
            self._say_done(done)
        # Somebody else may have changed something meanwhile.
        self.start_load()

    def _say_done(self, done: Departure) -> None:
        self._done = done
        word = "Undone" if done.applied.undo_of else "Applied"
        self.status.say(f"{word} in one transaction: {departure_words(done)}. u undoes all of it.", "good")

    def action_undo(self) -> None:
        if self._done is None:
            self.status.say("Nothing to undo: nothing was revoked or returned since this report was opened.")
        else:
            self.act(self._undo(self._done))

    async def _undo(self, done: Departure) -> None:
        what = "Undo the last undo" if done.applied.undo_of else "Undo it"
        question = f"{what} ({departure_words(done)})? The reverse is written in one transaction."
        if await self.prompt.confirm(question, "undo all"):
            self._say_done(await self.writing(undo_departure(self.session.database, done)))
            self.start_load()


def departure_words(done: Departure) -> str:
    """Return what was written for a leaver, in counts."""
    permissions = [applied_words(done.applied)] if done.applied.cells else []
    where = "returned to the pool" if done.is_taken else "given back"
    numbers = [f"{counted(len(done.numbers), 'number')} {where}"] if done.numbers else []
    return ", ".join(permissions + numbers)


def report_rows(report: LeaverReport, zone: tzinfo, glyphs: Glyphs) -> list[tuple[Cell, Cell]]:
    """Return the report as lines of two cells: secrets to rotate, access, phone numbers."""
    # Fields that are no secrets are in the log because they were typed.
    secrets = [secret for secret in report.secrets if is_secret(secret.integration_type, secret.field)]
    rotate = [secret for secret in secrets if secret.to_be_rotated]
    others = [secret for secret in secrets if not secret.to_be_rotated]
    to_revoke = [entry for entry in report.access if entry.access.rights]
    rows = [_title(f"Secrets to rotate ({len(rotate)})", "bad" if rotate else "good")]
    rows += [(_secret(secret), Cell(secret_in_full(secret, zone), "bad")) for secret in rotate]
    if not rotate:
        rows.append((Cell(""), Cell(f"{glyphs.yes} none known to Switchboard", "quiet")))
    if others:
        rows.append(_title(f"Seen, and changed since ({len(others)})", "plain"))
        rows += [(_secret(other), Cell(secret_in_full(other, zone), "quiet")) for other in others]
    rows.append(_title(f"Access to revoke ({len(to_revoke)})", "warning" if to_revoke else "good"))
    rows += [
        (Cell(f"  {_name(entry.integration.integration_type)}"), Cell(access_in_full(entry.access, zone)))
        for entry in to_revoke
    ]
    rows.append(_title(f"Phone numbers ({len(report.phone_numbers)})", "plain"))
    rows += [
        (Cell(f"  {safe_text(number, 30)}"), Cell("to be assigned to somebody else")) for number in report.phone_numbers
    ]
    return rows


def not_known(report: LeaverReport) -> list[str]:
    """Return what the report cannot tell, in sentences."""
    notes = []
    if report.other_organizations:
        others = counted(report.other_organizations, "other organisation")
        notes.append(f"They also have permissions in {others}.")
    if report.unattributed:
        many = counted(report.unattributed, "opening of secrets names", "openings of secrets name")
        notes.append(f"{many} nobody in the log; it may have been this person.")
    notes.append("Who saw a secret is what consoles and other programs reported; it is not proven.")
    notes.append("What was read without Switchboard, with the master key and a database login, is in no log.")
    return notes


def _title(text: str, tone: Tone) -> tuple[Cell, Cell]:
    return Cell(text, tone), Cell("")


def _name(integration_type: str) -> str:
    return safe_text(title_of(integration_type), 40)


def _secret(secret: KnownSecret) -> Cell:
    return Cell(f"  {_name(secret.integration_type)}")
