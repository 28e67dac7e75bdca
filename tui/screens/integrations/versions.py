"""The earlier credentials of an integration: what each replaced, and the way back to one of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from tui.data.integrations.role_privileges import RolePrivileges, read_privileges
from tui.data.integrations.roll_back import plan_roll_back, roll_back
from tui.data.integrations.versions import list_versions
from tui.errors import Conflict, NotFound
from tui.providers import is_check_proven
from tui.providers.naming import full_name
from tui.screens.page import Page, enter_does
from tui.widgets.bindings import bind
from tui.widgets.frame import Hints, Part
from tui.widgets.row_list import Cell, Column, Row, RowBody, RowList
from tui.widgets.state_switcher import StateSwitcher
from tui.widgets.text_lines import DetailPane, TextLine
from tui.words.counts import counted
from tui.words.integrations.description import NOT_VISIBLE, unreadable_words
from tui.words.integrations.seen_checks import verified_words
from tui.words.integrations.versions import (
    LIVE_AGAIN,
    NOT_KEPT,
    changed_words,
    comparison,
    content_words,
    difference_words,
    rolled_back,
    tested_words,
    version_in_full,
    who_replaced,
)
from tui.words.text import safe_text
from tui.words.times import to_the_minute

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

    from textual.binding import BindingType
    from textual.widget import Widget

    from tui.data.integrations.credentials import PassedTest
    from tui.data.integrations.roll_back import RollBackPlan
    from tui.data.integrations.versions import Version
    from tui.models.integrations import Integration
    from tui.session.connection_test import ConnectionTestResult
    from tui.widgets.frame import Tone

COLUMNS = (
    Column("Version", 7),
    Column("Replaced", 20),
    Column("By", 14, drops=1),
    Column("Changed", 16, grows=True),
    Column("Content", 12, drops=2),
)
MOST_FIELDS = 6
"""Fields that a question names; the detail below the list has all of them."""


class VersionsScreen(Page):
    """Lists versions, the newest first; enter asks whether to go back to one. Leaves with whether anything changed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        enter_does("roll_back", "Go back to it", id="versions.roll_back", tooltip="Put it in use again, after asking"),
        # V opened this list: held down, or as the end of a broken sequence, it must not go back too.
        bind("V", "say_how", ""),
        bind("t", "test", "Test", id="versions.test", tooltip="Ask the provider about this version"),
    ]
    section = "integrations"
    is_inner = True

    def __init__(self, integration: Integration) -> None:
        super().__init__()
        self._integration = integration
        self._check_proven = is_check_proven(integration.integration_type)
        self._versions: dict[str, Version] = {}
        self._passed: dict[int, PassedTest] = {}
        self._has_changed = False
        self._rights = RolePrivileges(envelopes=True, configure=True)
        """Yes until they are read, since the database asks again."""

    def compose_body(self) -> Iterable[Widget]:
        switcher = StateSwitcher(RowList(COLUMNS))
        yield switcher
        yield DetailPane(switcher)

    def hints(self) -> Hints:
        back = (("enter", "go back to it"),) if self._may_go_back else ()
        test = (("t", "test it"),) if self._rights.envelopes else ()
        acts = (*back, *test, ("r", "refresh")) if self._versions else ()
        return (*acts, ("esc", "back"), ("?", "help"))

    def context(self) -> tuple[Part, ...]:
        return (
            Part(f"{full_name(self._integration)}: versions", "warning"),
            Part(counted(len(self._versions), "version"), "quiet"),
        )

    @property
    def _may_go_back(self) -> bool:
        return self._rights.envelopes and self._rights.configure and not self.session.read_only

    @property
    def _current(self) -> Version | None:
        return self._versions.get(self.query_one(RowBody).current_key or "")

    async def load(self) -> None:
        switcher = self.query_one(StateSwitcher)
        self.show_loading("the versions")
        self._rights = await read_privileges(self.session.database)
        versions = await list_versions(self.session.database, self.session.keyring, self._integration)
        if not self.is_mounted:
            return
        self._versions = {str(version.id): version for version in versions}
        zone = self.session.settings.timezone
        self.query_one(RowBody).show([row_of(version, zone) for version in versions])
        if versions:
            switcher.show_content()
        else:
            switcher.show_empty(NOT_KEPT, "esc  back")
        self._show_detail()

    def on_row_body_moved(self) -> None:
        self._show_detail()

    def _show_detail(self) -> None:
        current = self._current
        zone, proven = self.session.settings.timezone, self._check_proven
        lines = () if current is None else detail_of(current, zone, check_proven=proven)
        self.query_one(DetailPane).show(lines)

    def leave(self, result: object = None) -> None:
        super().leave(self._has_changed)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "roll_back":
            is_possible = self._may_go_back and not (self.is_busy or self.prompt.is_asking)
            return True if is_possible and self._current is not None else None
        if action == "test":
            is_possible = self._rights.envelopes and not (self.is_busy or self.prompt.is_asking)
            return True if is_possible and self._current is not None else None
        return super().check_action(action, parameters)

    def action_say_how(self) -> None:
        if self._may_go_back:
            self.status.say("enter goes back to the version under the cursor, after asking.")

    def action_test(self) -> None:
        if self._current is not None:
            self.act(self._test(self._current))

    async def _test(self, version: Version) -> None:
        from tui.session.connection_test import Job, run_on_draft

        plan = await self._plan(version)
        if plan.problem is not None:
            raise plan.problem
        title = f"{full_name(self._integration)}, version {version.id}"
        run = partial(run_on_draft, self.session, plan.draft(), stored=plan.credential)
        self.console.navigation.open_connection_test(
            f"Test of {title}", [Job(title, run)], partial(self._on_test_left, version)
        )

    def _on_test_left(self, version: Version, results: tuple[ConnectionTestResult | None, ...]) -> None:
        tested = results[0] if results else None
        if tested is None:
            return
        if tested.passed_draft is not None:
            self._passed[version.id] = tested.passed_draft
            verified = verified_words(check_proven=self._check_proven)
            self.status.say(f"The provider accepts version {version.id}: enter goes back to it, {verified}.", "good")
        else:
            self._passed.pop(version.id, None)
            self.status.say(f"Version {version.id}: {tested.conclusion()}", "warning" if tested.is_unknown else "bad")

    def action_roll_back(self) -> None:
        if self._current is not None and not self.refuse_held_key("V, then enter, goes back to it."):
            self.act(self._roll_back(self._current))

    async def _roll_back(self, version: Version) -> None:
        plan = await self._plan(version)
        if not await self._confirm(plan):
            return
        database, keyring, test = self.session.database, self.session.keyring, self._passed.get(version.id)
        unread = plan.problem is not None
        try:
            done = await self.writing(roll_back(database, keyring, plan, test=test, unread=unread))
        except Conflict:
            self.start_load()
            raise
        self._has_changed = True
        self._passed.clear()
        words = rolled_back(
            full_name(self._integration), done.version, verified=done.verified, check_proven=self._check_proven
        )
        self.status.say(f"{words} {LIVE_AGAIN}", "good")
        await self.load()

    async def _plan(self, version: Version) -> RollBackPlan:
        try:
            return await plan_roll_back(self.session.database, self.session.keyring, self._integration, version.id)
        except NotFound:
            # The integration was deleted meanwhile, or the version is not kept any more.
            self._has_changed = True
            self.start_load()
            raise

    async def _confirm(self, plan: RollBackPlan) -> bool:
        """Ask with another key than the enter that opened the question; a version that cannot be read by its name."""
        name = self._integration.integration_type
        question = (
            f"Go back to {version_in_full(plan, self.session.settings.timezone, check_proven=self._check_proven)}?"
        )
        if plan.problem is None:
            lines = comparison(plan)
            shown = lines[:MOST_FIELDS] + [f"and {len(lines) - MOST_FIELDS} more"] * (len(lines) > MOST_FIELDS)
            return await self.prompt.confirm("\n".join([question, "; ".join(shown)]), "go back to it")
        typed = await self.prompt.ask(
            f"{question}\nNo key that is configured here opens it ({plan.problem.reason}).\n"
            f"Type {name} to go back to it, or esc to cancel:"
        )
        if typed is None or typed.strip() != name:
            self.status.say("Nothing was written.")
            return False
        return True


def row_of(version: Version, zone: tzinfo) -> Row:
    """Return a version as a row of the list."""
    tone: Tone = "bad" if version.problem not in (None, "not visible") else "plain"
    cells = (
        Cell(str(version.id).rjust(7)),
        Cell(to_the_minute(version.replaced_at, zone)),
        Cell(who_replaced(version)),
        Cell(changed_words(version)),
        Cell("as now" if version.is_present else content_words(version), "good" if version.is_present else tone),
    )
    return Row(str(version.id), cells)


def detail_of(version: Version, zone: tzinfo, *, check_proven: bool) -> tuple[TextLine, ...]:
    """Return everything known of a version, a line each; never a value."""
    what = "Deleted" if version.kind == "deleted" else "Replaced"
    facts = [
        (what, f"{to_the_minute(version.replaced_at, zone)} by {who_replaced(version)}"),
        ("Login", safe_text(version.login, 60)),
        ("Changed", changed_words(version)),
        ("Going back", difference_words(version)),
        ("Until then", tested_words(version, check_proven=check_proven)),
        (
            "Content",
            NOT_VISIBLE
            if version.problem == "not visible"
            else f"does not open: {unreadable_words(version.problem)}"
            if version.problem
            else f"fingerprint {version.fingerprint or 'not known'}",
        ),
    ]
    return (
        TextLine(f"Version {version.id}"),
        *(TextLine(text, label=label.ljust(12)) for label, text in facts),
    )
