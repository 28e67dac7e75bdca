"""Section 4: the audit log at any size, newest first: filtered, searched, followed, measured and exported."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from tui.data.audit.archived import archived_before
from tui.data.audit.counts import count_rows
from tui.data.audit.pages import AuditReader, Place
from tui.errors import FilterError, SwitchboardError
from tui.screens.audit.bindings import KEYS, SEARCHING_HINTS, reading_hints, typing_hints
from tui.screens.audit.export import AuditExport
from tui.screens.audit.filter_line import AuditFilterLine
from tui.screens.audit.filter_memory import FilterMemory
from tui.screens.audit.filter_resolution import no_rows, resolve, resolve_load
from tui.screens.audit.histogram import AuditHistogram
from tui.screens.audit.invocations import log_invocation
from tui.screens.audit.live_updates import LiveUpdates
from tui.screens.audit.pane import AuditPane
from tui.screens.audit.prompts import ask_likeness, ask_moment
from tui.screens.audit.search import AuditSearch
from tui.screens.audit.state import AuditState, Following, History, Rows, Typing
from tui.screens.audit.view import row_of
from tui.screens.background import background
from tui.screens.list_page import ListPage
from tui.screens.log_verification import STOPPED, LogVerification
from tui.widgets.frame import Hints, Part
from tui.widgets.state_switcher import StateSwitcher
from tui.words.log.archived import archived_words
from tui.words.log.rows import count_words

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from textual.binding import BindingType
    from textual.widget import Widget

    from tui.data.audit.filter import AuditFilter
    from tui.models.integrations import Integration
    from tui.models.log import AuditRow
    from tui.widgets.filter_line import FilterLine
    from tui.widgets.row_list import EndWanted
    from tui.words.log.invocation import Invocation

BARS_AFTER_S = 60.0
"""Counting for the histogram may take seconds: no oftener than that for rows that only came in between."""


class AuditScreen(ListPage):
    """Shows the log of the organisation, or what the filter names."""

    BINDINGS: ClassVar[list[BindingType]] = KEYS
    section = "audit"

    def __init__(self) -> None:
        super().__init__()
        self._state = AuditState()
        self._measured_at = 0.0

    @property
    def pane(self) -> AuditPane:
        """The list and what is known of the row under the cursor."""
        return self.query_one(AuditPane)

    def compose_body(self) -> Iterable[Widget]:
        pane = AuditPane(self.session.settings.timezone, self._state, lambda: self.session.log_marks)
        self._search = AuditSearch(self, pane, self._state)
        self._updates = LiveUpdates(self, pane, self._state, lambda: self._go_to_end(-1))
        self._export = AuditExport(self, self._state)
        self._memory = FilterMemory(self)
        self._verification = LogVerification(self, pane.refresh_lines)
        yield pane
        yield AuditHistogram()
        yield AuditFilterLine()

    def hints(self) -> Hints:
        if self.is_filtering:
            return typing_hints(has_earlier=self.query_one(AuditFilterLine).has_earlier)
        hints = SEARCHING_HINTS if self._search.text else reading_hints(following=self._state.is_following)
        if not self._in_history or self._search.text:
            return hints
        return (("esc", "back"), *((("V", "versions"),) if self._history_of is not None else ()), *hints)

    @property
    def _in_history(self) -> bool:
        """Whether what is shown is what another section asked for, so that esc goes back there."""
        return self._state.history is not None and self._state.history.filter_text == self.filter_text

    @property
    def _history_of(self) -> Integration | None:
        """The integration whose history is shown."""
        return self._state.history.integration if self._in_history and self._state.history else None

    def action_versions(self) -> None:
        if self._history_of is not None:
            self.console.navigation.open_versions(self._history_of)

    def show_history(self, filter_text: str, of: str, origin: str, integration: Integration | None = None) -> None:
        """Show what a filter leaves until esc, which brings back the filter that was there, and the section.

        `of` is what the thing is called whose rows these are, as safe text.
        """
        before = self._state.history.before if self._in_history and self._state.history else self.filter_text
        self._state.history = History(filter_text, of, before, origin, integration)
        if self.is_mounted and self.filter_text != filter_text:
            self._set_filter(filter_text)
        else:
            # What is loaded first is that.
            self.filter_text = filter_text

    def context(self) -> tuple[Part, ...]:
        count = "" if self._state.count is None or self._state.rows_arrived else count_words(self._state.count)
        archived = archived_words(self._state.archived_before)
        history = self._state.history
        # A filter that nobody typed is not what they would recognise.
        filtered = (Part(f"History of {history.of}", "warning"),) if history and self._in_history else super().context()
        return (
            *filtered,
            Part(self._search.words, "warning", give=1),
            Part(self._updates.words, "good", give=-1),
            Part(self._export.words, "warning", give=-1),
            Part(archived, "warning", give=1),
            Part(count, "quiet", give=2),
        )

    def focus_body(self) -> None:
        self.set_focus(self.pane.body)

    def read_behind(self) -> bool:
        """Read the rows again, unless new ones come by themselves."""
        return self._state.is_following or super().read_behind()

    @property
    def age(self) -> str:
        return "" if self._state.is_following else super().age

    async def load(self) -> None:
        organization = self.organization_to_list()
        if organization is None:
            return
        self.show_loading("the log")
        state = self._state
        if state.begin_load(self.session, organization.id, self.filter_text):
            self.pane.leave()
            self.query_one(AuditHistogram).forget()
        self._updates.pause()
        from_newest = state.following is Following.STARTING
        try:
            resolved = await resolve_load(self.session, state, self.filter_text)
            # Before the rows are read: one that is written in between would be neither on the list nor new.
            if state.is_following:
                await self._updates.begin(resolved.audit_filter)
        except SwitchboardError as failure:
            self._updates.on_failure(failure)
            raise
        if resolved.notes:
            self.status.say(" ".join(resolved.notes), "warning")
        state.rows = Rows.UNCOUNTED
        reader, row = AuditReader(self.session.database, resolved.audit_filter), self.pane.current
        if self.reading.is_behind:
            await self.pane.read_again(reader)
        elif row is None or self.pane.at_top or from_newest:
            await self.pane.open(reader)
        else:
            await self.pane.open_at(row, reader)
        # Behind the rows, which nobody waits longer for.
        state.archived_before = await archived_before(self.session.database, resolved.audit_filter)
        await self._finish()

    async def _finish(self) -> None:
        """Say why there is nothing, where that is so; mark and count the rows of a load once."""
        if self._state.rows is Rows.UNCOUNTED and self._search.text:
            await self._search.mark()
        if not self.is_mounted:
            return
        if not self.pane.window.entries and self.pane.window.at_oldest:
            self.query_one(StateSwitcher).show_empty(
                *no_rows(self.filter_text, self._state.filter, self._state.archived_before)
            )
        if self._state.rows is Rows.UNCOUNTED:
            self._state.rows = Rows.COUNTED
            self._measure(bars=not self.reading.is_behind or time.monotonic() - self._measured_at > BARS_AFTER_S)

    # Not in the group of the load: going to another row cancels that, and the count of the filter stays wanted.
    @background("measure")
    async def _measure(self, *, bars: bool) -> None:
        """Count the rows, find the time they span and what organisations are called; none keeps anybody waiting."""
        if self._state.filter is None:
            return
        audit_filter = self._state.filter.audit_filter
        try:
            await self.pane.name_organizations(self.session.database)
            count = await count_rows(self.session.database, audit_filter)
            if self.is_mounted and audit_filter is self._state.filter.audit_filter:
                self._state.count = count
                self.refresh_frame()
            if bars and self.is_mounted and audit_filter is self._state.filter.audit_filter:
                self._measured_at = time.monotonic()
                await self.query_one(AuditHistogram).measure(
                    self.session.database, audit_filter, self.session.settings.timezone
                )
                self._mark_time()
        except SwitchboardError as failure:
            if self.is_mounted:
                self.report_failure(failure)

    def _mark_time(self) -> None:
        row = self.pane.current
        self.query_one(AuditHistogram).mark_time(row.created_at if row else None)

    def filter_changed(self) -> None:
        self._search.end()
        self.status.clear()
        self.start_load()

    def action_filter(self) -> None:
        self._type(Typing.FILTER, self.filter_text)

    def action_search(self) -> None:
        self._type(Typing.SEARCH, self._search.text)

    def _type(self, typing: Typing, text: str) -> None:
        if self.console.connection.ready and self._state.filter is not None:
            organization = self.session.organization
            self._state.typing, self._state.status_before = typing, self.status.sentence
            line = self.query_one(AuditFilterLine)
            line.use(self.session.database, organization.id if organization else None)
            self.status.display = False
            line.open(typing.value, text, self._memory.earlier())
            self.refresh_frame()

    @property
    def is_filtering(self) -> bool:
        """Whether a filter or a search is being typed."""
        return self.query_one(AuditFilterLine).is_open

    def end_filtering(self) -> None:
        """Close the line and focus the list."""
        self.query_one(AuditFilterLine).close()
        self.status.display = True
        self.focus_body()
        self.refresh_frame()

    def on_filter_line_cancelled(self) -> None:
        self.workers.cancel_group(self, "apply")
        self.end_filtering()

    def on_filter_line_edited(self) -> None:
        # What was said is of the text before.
        if self.is_filtering:
            self.status.display = False

    def on_filter_line_submitted(self, event: FilterLine.Submitted) -> None:
        self._apply(event.text)

    @background("apply")
    async def _apply(self, typed: str) -> None:
        try:
            resolved = await self.query_one(AuditFilterLine).resolve(self.session, typed)
        except SwitchboardError as failure:
            if isinstance(failure, FilterError):
                self.status.display = True
            else:
                self.end_filtering()
            self.report_failure(failure)
            self._state.status_before = self.status.sentence
            return
        if resolved is None:
            return
        news = self.status.sentence
        self.end_filtering()
        self.status.clear()
        if self._state.typing is Typing.SEARCH:
            self._read(lambda: self._search.begin(resolved))
        else:
            self._state.applied = resolved
            self._set_filter(resolved.audit_filter.text)
        if news != self._state.status_before:
            self.status.sentence = news  # How an export ended meanwhile, which nobody has read.
        await self._memory.add(resolved.audit_filter.text)

    def on_audit_pane_moved(self) -> None:
        self._mark_time()
        self._updates.on_cursor_moved()
        self.refresh_frame()

    def on_end_wanted(self, event: EndWanted) -> None:
        window, body = self.pane.window, self.pane.body
        if window.at_newest if event.direction < 0 else window.at_oldest:
            body.action_move(event.direction * len(window.lines()))
        else:
            self._go_to_end(event.direction)

    def _go_to_end(self, direction: int) -> None:
        self._read(self.pane.open_newest if direction < 0 else self.pane.open_end)

    def on_window_body_opened(self) -> None:
        self._state.opened = self.pane.current
        if self._state.opened is not None:
            self.console.navigation.open_audit_row(self._state.opened, self.pane.names, self._step)

    def _step(self, by: int) -> AuditRow | None:
        opened = self._state.opened
        # Rows that came on top meanwhile have taken the cursor with them, or were more than are held.
        if opened is not None and not self.pane.go_to(opened):
            self._read(lambda: self.pane.open_at(opened))
            return None
        before = self.pane.current
        self.pane.body.action_move(by)
        self._state.opened = self.pane.current
        return None if self._state.opened is before else self._state.opened

    @background("load")
    async def _read(self, reading: Callable[[], Awaitable[object]]) -> None:
        try:
            if self._state.rows is Rows.UNRESOLVED:
                # A load was given up for this, and what is wanted is in the rows that it was to show.
                await self.load()
            await reading()
            await self._finish()
        except SwitchboardError as failure:
            if self.is_mounted:
                (self.report_failure if self.pane.window.entries else self.show_failure)(failure)
        if self.is_mounted:
            self._mark_time()
            self.refresh_frame()

    def action_match(self, by: int) -> None:
        if not self._search.text:
            self.action_search()
        elif self.pane.current is not None:
            self._read(lambda: self._search.go_on(by))

    @background("ask")
    async def action_jump(self) -> None:
        if self.pane.reader is None:
            return
        moment = await ask_moment(self.prompt, self.session.settings.timezone)
        if moment is not None and self.is_mounted:
            self.status.clear()
            self._read(lambda: self._go_to(Place.at_time(moment)))

    async def _go_to(self, place: Place) -> None:
        if not await self.pane.open_place(place) and self.pane.window.entries:
            self.status.say("The log begins later than that: this is its oldest row.")

    def action_fold(self) -> None:
        self.pane.toggle_fold()

    def action_follow(self) -> None:
        if self._state.is_following:
            self._updates.stop()
        elif self._state.filter is not None:
            self._state.following = Following.STARTING
            self.start_load()
        self.refresh_frame()

    def action_bars(self) -> None:
        self.query_one(AuditHistogram).toggle()

    def action_export(self) -> None:
        text, organization = self.filter_text, self.session.organization
        if self._state.filter is None:
            return
        # Not the rows on the list: those of a filter that has just been applied may not be there yet.
        resolved = self._state.resolved(text, organization.id if organization else None)

        async def resolve_filter() -> AuditFilter:
            return (resolved or await resolve(self.session, text)).audit_filter

        self._export.start(resolve_filter)

    def invocations(self) -> Sequence[Invocation]:
        """Return the command for the export whose file is asked for, else for the list, or for what is followed."""
        organization = self.session.organization
        organization_id = organization.id if organization else None
        file = self._export.file_asked_for()
        if file is not None:
            return (log_invocation("audit export", self.filter_text, organization_id, output=file),)
        command = "audit tail" if self._state.is_following else "audit list"
        return (log_invocation(command, self.filter_text, organization_id),)

    def action_verify(self) -> None:
        self._verification.start()

    def on_screen_resume(self) -> None:
        # The log may have been checked from section 5 meanwhile.
        self.pane.refresh_lines()

    def action_copy(self) -> None:
        line = self.pane.line
        if line is not None:
            self.copy_row(row_of(line, self.pane.names, self.session.settings.timezone, is_match=False).text)

    @background("ask")
    async def action_like_this(self) -> None:
        row = self.pane.current
        words = await ask_likeness(self.prompt, row) if row is not None else None
        if words is not None and self.is_mounted:
            self._set_filter(f"{self.filter_text} {words}".strip())

    @background("ask")
    async def action_save_filter(self) -> None:
        await self._memory.ask_to_save(self.filter_text)

    def show_filter(self, text: str) -> None:
        """Show the rows of another filter; called before this screen is there, it begins with them."""
        if not (self.is_mounted and self.console.connection.ready):
            self.filter_text = text
            return
        if self.is_filtering:
            self.end_filtering()
        self._set_filter(text)

    def action_back(self) -> None:
        """Stop what runs, else end the search, else clear the filter."""
        pane = self.pane
        if self.reading.is_waited_for or pane.is_searching:
            self.workers.cancel_group(self, "load")
            pane.stop()
            pane.refresh_lines()
            self._updates.give_up()
            self.status.say("Stopped.")
            if pane.window.entries or pane.window.searched_to is not None:
                self.query_one(StateSwitcher).show_content()
            else:
                self.query_one(StateSwitcher).show_empty("Reading the log was stopped.", "r  try again")
        elif self._export.is_running:
            self._export.ask_to_stop()
        elif self._verification.stop():
            self.status.say(STOPPED)
        elif self.query_one(AuditHistogram).stop():
            self.status.say("Stopped: hours that show ? were not counted.")
        elif self._search.text:
            self._search.end()
            self.refresh_frame()
        elif self._in_history and self._state.history is not None:
            history, self._state.history = self._state.history, None
            self._set_filter(history.before)
            self.console.navigation.open_section(history.origin)
        else:
            super().action_back()

    def unsaved(self) -> str:
        return (
            "An export of the log is running. Leaving stops it, and no file is kept." if self._export.is_running else ""
        )

    def forget_unsaved(self) -> None:
        self._export.stop()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("fold", "like_this", "copy", "match") and self.pane.current is None:
            return None
        if action == "versions":
            return None if self._history_of is None else True
        return None if action == "export" and self._export.is_running else True
