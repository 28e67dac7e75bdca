"""Section 4: the log at any size, newest first: filtered, searched, followed, measured and exported."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import work

from tui.data.audit.pages import LogReader, Place
from tui.errors import FilterError, SwitchboardError
from tui.screens.audit.export import LogExport
from tui.screens.audit.filter_line import LogFilterLine
from tui.screens.audit.follow import LogFollow
from tui.screens.audit.keys import KEYS, SEARCHING, TYPING, reading
from tui.screens.audit.pane import LogPane
from tui.screens.audit.questions import ask_likeness, ask_moment
from tui.screens.audit.ruler import LogRuler
from tui.screens.audit.scope import no_rows, resolve
from tui.screens.audit.search import LogSearch
from tui.screens.audit.view import row_of
from tui.screens.list_page import ListPage
from tui.widgets.frame import Part
from tui.widgets.state_switcher import StateSwitcher
from tui.words.audit import count_words

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from textual.binding import BindingType
    from textual.widget import Widget

    from tui.data.audit.counts import Count
    from tui.data.audit.filter import LogFilter
    from tui.models import LogRow
    from tui.widgets.filter_line import FilterLine
    from tui.widgets.window_list import WindowBody


class AuditScreen(ListPage):
    """Shows the log of the organisation, or what the filter names."""

    BINDINGS: ClassVar[list[BindingType]] = KEYS
    section = "audit"

    def __init__(self) -> None:
        super().__init__()
        self._filter: LogFilter | None = None
        self._shown: tuple[object, ...] = ()
        self._count: Count | None = None
        self._typing_search = self._from_newest = False
        self._read_before = Part("")
        self._opened: LogRow | None = None
        # Until it is known which rows a load wants, and until they are marked and counted: who cancels it sees to that.
        self._opening = self._unfinished = False

    @property
    def pane(self) -> LogPane:
        """The list and what is known of the row under the cursor."""
        return self.query_one(LogPane)

    def compose_body(self) -> Iterable[Widget]:
        """Lay the list over the ruler and the line for the filter."""
        pane = LogPane(self.session.settings.timezone)
        self._search = LogSearch(self, pane, self._resolved)
        self._follow = LogFollow(self, pane, lambda: self._go_to_end(-1))
        self._export = LogExport(self)
        yield pane
        yield LogRuler()
        yield LogFilterLine()

    def hints(self) -> tuple[tuple[str, str], ...]:
        """Return the keys that fit what is shown."""
        if self.is_filtering:
            return TYPING
        return SEARCHING if self._search.text else reading(following=self._follow.is_on)

    def context(self) -> tuple[Part, ...]:
        """Return the filter, the search, how many rows, and what is going on."""
        count = "" if self._count is None or self._follow.came else count_words(self._count)
        return (
            *super().context(),
            Part(self._search.words, "warning", give=1),
            Part(self._follow.words, "good", give=-1),
            Part(self._export.words, "warning", give=-1),
            Part(count, "quiet", give=2),
        )

    def focus_body(self) -> None:
        """Focus the list."""
        self.set_focus(self.pane.body)

    async def load(self) -> None:
        """Show the newest rows of the filter, or again those round the cursor; then count them."""
        organization = self.organization_to_list()
        if organization is None:
            return
        self.query_one(StateSwitcher).show_loading("the log")
        self._count, self._opening = None, True
        before, self._shown = self._shown, (self.session, organization.id, self.filter_text)
        if before != self._shown:
            self.pane.leave()
            self.query_one(LogRuler).forget()
        self._follow.pause()
        try:
            resolved = await resolve(self.session, self.filter_text)
            self._filter = resolved.log_filter
            if self._follow.is_on:
                await self._follow.begin(self._filter)
        except SwitchboardError as failure:
            self._follow.failed(failure)
            raise
        if resolved.notes:
            self.status.say(" ".join(resolved.notes), "warning")
        reader, row = LogReader(self.session.database, self._filter), self.pane.current
        stays = row is not None and not self.pane.at_top and not self._from_newest
        self._from_newest = False
        self._opening, self._unfinished = False, True
        await (self.pane.open_at(row, reader) if row is not None and stays else self.pane.open(reader))
        await self._finish()

    async def _finish(self) -> None:
        """Say why there is nothing, where that is so; mark and count the rows of a load once."""
        if self._unfinished and self._search.text:
            await self._search.look_for(self._search.text)
        if not self.is_mounted:
            return
        if not self.pane.window.entries and self.pane.window.at_oldest:
            self.query_one(StateSwitcher).show_empty(*no_rows(self.filter_text))
        if self._unfinished:
            self._unfinished = False
            self._measure()

    async def _resolved(self, text: str) -> LogFilter:
        return (await resolve(self.session, text)).log_filter

    @work(group="measure", exclusive=True, exit_on_error=False)
    async def _measure(self) -> None:
        """Count the rows, find the time they span and what organisations are called; none keeps anybody waiting."""
        from tui.data.audit.counts import count_rows

        wanted = self._filter
        if wanted is None:
            return
        try:
            await self.pane.name_organizations(self.session.database)
            count = await count_rows(self.session.database, wanted)
            if self.is_mounted and wanted is self._filter:
                self._count = count
                self.refresh_frame()
                await self.query_one(LogRuler).measure(self.session.database, wanted, self.session.settings.timezone)
                self._mark_time()
        except SwitchboardError as failure:
            if self.is_mounted:
                self.tell_failure(failure)

    def _mark_time(self) -> None:
        row = self.pane.current
        self.query_one(LogRuler).mark_time(row.created_at if row else None)

    def filter_changed(self) -> None:
        """Show the rows of `filter_text`."""
        self._search.end()
        self.status.clear()
        self.start_load()

    def action_filter(self) -> None:
        """Type a filter; it is applied with enter."""
        self._type("filter", self.filter_text, search=False)

    def action_search(self) -> None:
        """Type what to look for within the filter."""
        self._type("search", self._search.text, search=True)

    def _type(self, title: str, text: str, *, search: bool) -> None:
        if self.console.connection.ready and self._filter is not None:
            self._typing_search, organization = search, self.session.organization
            self._read_before = self.status.said
            line = self.query_one(LogFilterLine)
            line.use(self.session.database, organization.id if organization else None)
            self.status.display = False
            line.open(title, text)
            self.refresh_frame()

    @property
    def is_filtering(self) -> bool:
        """Whether a filter or a search is being typed."""
        return self.query_one(LogFilterLine).is_open

    def end_filtering(self) -> None:
        """Close the line and focus the list."""
        self.query_one(LogFilterLine).close()
        self.status.display = True
        self.focus_body()
        self.refresh_frame()

    def on_filter_line_left(self) -> None:
        """Leave everything as it was."""
        self.workers.cancel_group(self, "apply")
        self.end_filtering()

    def on_filter_line_edited(self) -> None:
        """Take away what was said of the text before."""
        if self.is_filtering:
            self.status.display = False

    def on_filter_line_submitted(self, event: FilterLine.Submitted) -> None:
        """Apply what was typed, or point at the word that is wrong."""
        self._apply(event.text.strip(), event.text)

    @work(group="apply", exclusive=True, exit_on_error=False)
    async def _apply(self, text: str, typed: str) -> None:
        line = self.query_one(LogFilterLine)
        try:
            await self._resolved(text)
        except FilterError as failure:
            if not line.is_open:
                return
            blanks = len(typed) - len(typed.lstrip())
            line.point(failure.offset + blanks, failure.length)
            self.status.display = True
            self.tell_failure(failure)
            self._read_before = self.status.said
            return
        except SwitchboardError as failure:
            self.end_filtering()
            self.tell_failure(failure)
            return
        if not self.is_mounted or not line.is_open:
            return
        news = self.status.said
        self.end_filtering()
        self.status.clear()
        if self._typing_search:
            self._read(lambda: self._search.begin(text))
        else:
            self._set_filter(text)
        if news != self._read_before:
            self.status.said = news  # How an export ended meanwhile, which nobody has read.

    def on_log_pane_moved(self) -> None:
        """Follow the cursor on the ruler, and say how far reading has come."""
        self._mark_time()
        self._follow.moved()
        self.refresh_frame()

    def on_reading_pane_failed(self, event: LogPane.Failed) -> None:
        """Say what went wrong, and keep what is shown."""
        self.tell_failure(event.failure)

    def on_reading_pane_crashed(self, event: LogPane.Crashed) -> None:
        """End the program on the crash page."""
        self.console.fail(event.error)

    def on_log_ruler_failed(self, event: LogRuler.Failed) -> None:
        """Say what went wrong with the histogram."""
        self.tell_failure(event.failure)

    def on_window_body_end_wanted(self, event: WindowBody.EndWanted) -> None:
        """Go to the newest or the oldest row, reading it where it is not held."""
        window, body = self.pane.window, self.pane.body
        if window.at_newest if event.direction < 0 else window.at_oldest:
            body.action_move(event.direction * len(window.lines()))
        else:
            self._go_to_end(event.direction)

    def _go_to_end(self, direction: int) -> None:
        self._read(self.pane.open_newest if direction < 0 else self.pane.open_end)

    def on_window_body_opened(self) -> None:
        """Open the row in full."""
        self._opened = self.pane.current
        if self._opened is not None:
            self.console.navigation.open_log_row(self._opened, self.pane.names, self._step)

    def _step(self, by: int) -> LogRow | None:
        opened = self._opened
        # Rows that came on top meanwhile have taken the cursor with them, or were more than are held.
        if opened is not None and not self.pane.go_to(opened):
            self._read(lambda: self.pane.open_at(opened))
            return None
        before = self.pane.current
        self.pane.body.action_move(by)
        self._opened = self.pane.current
        return None if self._opened is before else self._opened

    @work(group="load", exclusive=True, exit_on_error=False)
    async def _read(self, reading: Callable[[], Awaitable[object]]) -> None:
        try:
            if self._opening:
                # A load was given up for this, and what is wanted is in the rows that it was to show.
                await self.load()
            await reading()
            await self._finish()
        except SwitchboardError as failure:
            if self.is_mounted:
                (self.tell_failure if self.pane.window.entries else self.show_failure)(failure)
        if self.is_mounted:
            self._mark_time()
            self.refresh_frame()

    def action_match(self, by: int) -> None:
        """Go to the next older or newer row that matches the search."""
        if not self._search.text:
            self.action_search()
        elif self.pane.current is not None:
            self._read(lambda: self._search.go_on(by))

    def action_jump(self) -> None:
        """Ask for a date, and go to the last row of it or the next older one."""
        if self.pane.reader is not None:
            self.run_worker(self._jump(), group="ask", exclusive=True, exit_on_error=False)

    async def _jump(self) -> None:
        moment = await ask_moment(self.prompt, self.session.settings.timezone)
        if moment is not None and self.is_mounted:
            self.status.clear()
            self._read(lambda: self._go_to(Place.at_time(moment)))

    async def _go_to(self, place: Place) -> None:
        if not await self.pane.open_place(place) and self.pane.window.entries:
            self.status.say("The log begins later than that: this is its oldest row.")

    def action_fold(self) -> None:
        """Unfold the operation under the cursor, or fold it."""
        self.pane.toggle_fold()

    def action_follow(self) -> None:
        """Follow the log from its newest row on, or stop following."""
        if self._follow.is_on:
            self._follow.stop()
        elif self._filter is not None:
            self._follow.is_on = self._from_newest = True
            self.start_load()
        self.refresh_frame()

    def action_bars(self) -> None:
        """Show the histogram, or hide it."""
        self.query_one(LogRuler).toggle()

    def action_export(self) -> None:
        """Export the rows of the filter."""
        if self._filter is not None:
            # Not the rows on the list: those of a filter that has just been applied may not be there yet.
            text = self.filter_text
            self._export.start(lambda: self._resolved(text))

    def action_copy(self) -> None:
        """Send the row's text to the terminal's clipboard."""
        line = self.pane.line
        if line is not None:
            cells = row_of(line, self.pane.names, self.session.settings.timezone, is_match=False).cells
            self.copy_row(cells)

    def action_like_this(self) -> None:
        """Filter by something that the row under the cursor has."""
        if self.pane.current is not None:
            self.run_worker(self._like_this(self.pane.current), group="ask", exclusive=True, exit_on_error=False)

    async def _like_this(self, row: LogRow) -> None:
        words = await ask_likeness(self.prompt, row)
        if words is not None and self.is_mounted:
            self._set_filter(f"{self.filter_text} {words}".strip())

    def action_back(self) -> None:
        """Stop what runs, else end the search, else clear the filter."""
        pane = self.pane
        reading = any(worker.group == "load" and worker.is_running for worker in self.workers)
        if reading or pane.is_searching:
            self.workers.cancel_group(self, "load")
            pane.stop_here()
            self._follow.give_up()
            self.status.say("Stopped.")
            if pane.window.entries or pane.window.searched_to is not None:
                self.query_one(StateSwitcher).show_content()
            else:
                self.query_one(StateSwitcher).show_empty("Reading the log was stopped.", "r  read it again")
        elif self._export.is_running:
            self._export.ask_to_stop()
        elif self.query_one(LogRuler).stop():
            self.status.say("Stopped: hours that show ? were not counted.")
        elif self._search.text:
            self._search.end()
            self.refresh_frame()
        else:
            super().action_back()

    def unsaved(self) -> str:
        """Say that leaving would stop an export."""
        return (
            "An export of the log is running; leaving stops it, and no file is left." if self._export.is_running else ""
        )

    def forget_unsaved(self) -> None:
        """Stop the export."""
        self._export.stop()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Dim what needs a row where there is none."""
        if action in ("fold", "like_this", "copy", "match") and self.pane.current is None:
            return None
        return None if action == "export" and self._export.is_running else True
