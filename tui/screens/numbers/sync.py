"""The sync of phone numbers: lists them at the provider, shows the plan, writes it when a person confirms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tui.data.numbers.sync import SyncConflict, apply_sync
from tui.providers import title_of
from tui.screens.numbers.view import SYNC_COLUMNS, plan_rows
from tui.screens.page import Page, enter_does
from tui.widgets.bindings import bind
from tui.widgets.frame import Hints, Part
from tui.widgets.row_list import RowBody
from tui.widgets.state_switcher import StateSwitcher
from tui.widgets.text_lines import TextLine, TextLines
from tui.widgets.wrapped_list import WrappedList
from tui.words.numbers.sync_plan import (
    NOTHING_PLANNED,
    deactivation_of_all,
    plan_doubts,
    sync_outcome,
    untouched_numbers,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.binding import BindingType
    from textual.widget import Widget

    from tui.data.numbers.sync_plan import SyncPlan
    from tui.errors import SwitchboardError
    from tui.words.log.invocation import Invocation

NOTES_MOST = 3
"""Lines of notes below the list, beside the summary."""


class NumberSyncScreen(Page):
    """Shows what the sync would write; enter writes it in one transaction. Dismissed with a sentence, or None."""

    CSS_PATH: ClassVar[Any] = ["sync.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        enter_does("apply", "Apply", id="number_sync.apply", tooltip="Apply the plan in one transaction"),
        bind("A", "say_how", ""),
    ]
    section = "phone_numbers"
    is_inner = True

    def __init__(self) -> None:
        super().__init__()
        self._plan: SyncPlan | None = None
        self._listed = 0
        self._source = "the provider"
        self._is_listing = False

    def compose_body(self) -> Iterable[Widget]:
        yield StateSwitcher(WrappedList(SYNC_COLUMNS))
        yield TextLines(id="notes", classes="detail")

    def hints(self) -> Hints:
        if self._plan is None:
            return (("esc", "stop" if self._is_listing else "back"), ("r", "list again"), ("?", "help"))
        apply = (("enter", "apply"),) if self._plan.writes else ()
        return (*apply, ("r", "list again"), ("esc", "cancel" if self._plan.writes else "back"), ("?", "help"))

    def context(self) -> tuple[Part, ...]:
        summary = self._plan.sentence() if self._plan else f"{self._listed} listed so far"
        return (Part(f"Sync from {self._source}"), Part(summary, "quiet"))

    def invocations(self) -> Sequence[Invocation]:
        return (self.invocation("phone-numbers sync"),)

    async def load(self) -> None:
        from tui.session.number_sync import integration_to_sync, plan_from_provider

        organization = self.session.organization
        if organization is None:
            return
        await self._drop_plan()
        self._listed, self._is_listing = 0, True
        self.refresh_frame()
        switcher = self.query_one(StateSwitcher)
        switcher.show_loading("the numbers at the provider")
        integration = await integration_to_sync(self.session, organization.id)
        self._source = title_of(integration.integration_type)
        self._show(await plan_from_provider(self.session, integration, self._show_count))

    def _show_count(self, listed: int) -> None:
        self._listed = listed
        self.refresh_frame()

    def _show(self, plan: SyncPlan) -> None:
        self._plan, self._is_listing = plan, False
        rows = plan_rows(plan)
        self.query_one(RowBody).show(rows)
        switcher = self.query_one(StateSwitcher)
        if rows:
            switcher.show_content()
        else:
            switcher.show_empty(NOTHING_PLANNED, "esc  back")
        self._show_notes()
        self.focus_body()
        self.refresh_frame()

    def show_failure(self, failure: SwitchboardError) -> None:
        self._is_listing = False
        super().show_failure(failure)

    def _show_notes(self) -> None:
        if self._plan is None:
            return
        summary = TextLine(f"{self._plan.sentence()}.")
        self.query_one("#notes", TextLines).show([summary, *_notes(self._plan)])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "apply":
            possible = self._plan is not None and self._plan.writes and not self.is_busy and not self.prompt.is_asking
            return True if possible else None
        return True

    def action_say_how(self) -> None:
        # As on the review of permissions, A only prepares: an act that writes takes a second, different key.
        if self._plan is not None and self._plan.writes:
            self.status.say("Nothing is written yet: press enter to apply all.")

    def action_apply(self) -> None:
        is_held = self.refuse_held_key("Nothing is written yet: press A, then enter, to apply all.")
        if not is_held and self._plan is not None and self._plan.writes and not self.is_busy:
            self.act(self._apply(self._plan))

    async def _apply(self, plan: SyncPlan) -> None:
        # The list may be that of another account.
        if plan.deactivates_all and not await self.prompt.confirm(deactivation_of_all(plan), "deactivate them"):
            self.status.say("Nothing was written.")
            return
        try:
            result = await self.writing(apply_sync(self.session.database, plan, deactivate_all=plan.deactivates_all))
        except SyncConflict as conflict:
            self._show(conflict.plan)
            self.report_failure(conflict)
            return
        self._plan = None
        self.leave(sync_outcome(result))

    def action_back(self) -> None:
        """Stop listing, else leave without writing anything."""
        if any(worker.group == "load" and worker.is_running for worker in self.workers):
            super().action_back()
            self._is_listing = False
            self.query_one(StateSwitcher).show_empty("Stopped, and nothing was written.", "r  list again    esc  back")
            self.refresh_frame()
        elif not self.is_busy and not self.prompt.is_asking:
            self.act(self._leave())

    async def _leave(self) -> None:
        await self._drop_plan()
        self.leave()

    async def _drop_plan(self) -> None:
        """Drop the plan, and write into the log that it was not applied."""
        from tui.session.number_sync import leave_plan

        if self._plan is not None:
            plan, self._plan = self._plan, None
            await leave_plan(self.session, plan, "not confirmed" if plan.writes else "dry run")


def _notes(plan: SyncPlan) -> list[TextLine]:
    """Return the first notes and how many more there are, in at most three lines."""
    notes = [TextLine(doubt, "warning") for doubt in plan_doubts(plan)]
    notes += [TextLine(sentence) for sentence in untouched_numbers(plan)]
    if len(notes) <= NOTES_MOST:
        return notes
    further = len(notes) - NOTES_MOST + 1
    more = TextLine(f"{further:,} more: `switchboard phone-numbers sync --dry-run` lists them.", "quiet")
    return [*notes[: NOTES_MOST - 1], more]
