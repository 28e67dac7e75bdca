"""The list of the audit log over details of the row under the cursor: reads on as one scrolls, and says how far."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from textual.message import Message

from tui.data.audit.pages import Place, ReadStep
from tui.errors import SwitchboardError
from tui.screens.audit.names_and_matches import NamesAndMatches
from tui.screens.audit.state import READING, Reading
from tui.screens.audit.view import MOST_BESIDE, columns, detail, note_of, row_of
from tui.screens.audit.window import AuditWindow
from tui.screens.background import background
from tui.screens.paging_pane import PagingPane, ReadFailed
from tui.widgets.state_switcher import StateSwitcher
from tui.widgets.text_lines import DetailPane
from tui.widgets.window_list import WindowBody, WindowList

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence
    from datetime import tzinfo

    from textual.app import ComposeResult

    from tui.data.audit.filter import AuditFilter
    from tui.data.audit.pages import AuditReader
    from tui.data.postgres.database import Database
    from tui.data.seals.marks import SealMarks
    from tui.models.log import AuditRow
    from tui.screens.audit.state import AuditState
    from tui.screens.audit.view import Names
    from tui.screens.audit.window import Direction, ListLine
    from tui.widgets.row_list import Row

FIRST_PAGE = 51
READ_AHEAD = 200


class AuditPane(PagingPane):
    """Shows the rows of one reader. A window round what is seen is held, however far one scrolls."""

    DEFAULT_CSS = """
    AuditPane { height: 1fr; }
    AuditPane > #detail { height: 6; }
    """

    class Moved(Message):
        """Another row is under the cursor, or reading has come further."""

    def __init__(self, zone: tzinfo, state: AuditState, marks: Callable[[], SealMarks | None] = lambda: None) -> None:
        super().__init__()
        self._marks = marks
        self.reader: AuditReader | None = None
        self.window = AuditWindow()
        self._names_and_matches = NamesAndMatches(lambda: self.window.rows)
        self.zone = zone
        self.state = state
        self._lines: list[ListLine] = []
        # Which reading is the last that was begun: one that is cancelled may end after the next has begun.
        self._turn = 0

    @property
    def names(self) -> Names:
        """What people and organisations are called."""
        return self._names_and_matches.names

    @property
    def switcher(self) -> StateSwitcher:
        """What stands in the list's place while there is nothing to show."""
        return self.query_one(StateSwitcher)

    @property
    def body(self) -> WindowBody:
        """The lines of the list."""
        return self.query_one(WindowBody)

    @property
    def line(self) -> ListLine | None:
        """The line under the cursor."""
        cursor = self.body.cursor
        return self._lines[cursor] if cursor < len(self._lines) else None

    @property
    def current(self) -> AuditRow | None:
        """The row under the cursor."""
        return self.line.row if self.line else None

    @property
    def is_searching(self) -> bool:
        """Whether rows are being looked through, which may take long."""
        return self.state.reading in READING and self.reader is not None and self.reader.in_windows

    @property
    def at_top(self) -> bool:
        """Whether the cursor is on the newest row there is."""
        return self.body.cursor == 0 and self.window.at_newest

    @property
    def takes_new(self) -> bool:
        """Whether rows that have just been written belong on top of what is shown, and would be seen there."""
        return self.at_top or (self.window.at_newest and not self.window.entries)

    def compose(self) -> ComposeResult:
        switcher = StateSwitcher(WindowList(()))
        yield switcher
        yield DetailPane(switcher, wanted=MOST_BESIDE)

    async def open(self, reader: AuditReader, *, place: Place | None = None) -> None:
        """Show a reader's rows from its newest, or from a place on. Raises what reading raises."""
        self._begin(reader, AuditWindow(at_newest=place is None))
        if place is not None:
            self.window.begin_at(place)
        await self._read("older", max(FIRST_PAGE, 2 * self.body.lines_seen))
        if self.is_mounted:
            self._read_on()

    async def open_newest(self) -> None:
        """Show the reader's newest rows again. Raises what reading raises."""
        if self.reader is not None:
            await self.open(self.reader)

    async def open_place(self, place: Place) -> bool:
        """Show the rows from a place on, or the last where it is behind all (False). Raises what reading raises."""
        if self.reader is None:
            return True
        await self.open(self.reader, place=place)
        is_behind_all = not self.window.entries and self.window.at_oldest
        if is_behind_all:
            await self.open_end()
        return not is_behind_all

    async def open_end(self) -> None:
        """Show the last rows of the log. Raises what reading raises."""
        if self.reader is None:
            return
        self._begin(self.reader, AuditWindow(at_oldest=True))
        await self._read("newer", max(FIRST_PAGE, 2 * self.body.lines_seen))
        if self.is_mounted:
            self.body.move_to(len(self._lines) - 1)

    async def open_at(self, row: AuditRow, reader: AuditReader | None = None) -> None:
        """Show the log round a row, with the cursor on it; read anew with a reader. Raises what reading raises."""
        reading = reader or self.reader
        if reading is None:
            return
        is_current = self.current is not None and self.current.id == row.id
        at_line = self.body.cursor - self.body.top if is_current else None
        if reader is not None or self.window.entry_of(row.id) is None:
            self._begin(reading, AuditWindow())
            self.window.begin_at(Place(row.created_at_text or None))
            await self._read("older", FIRST_PAGE)
            if self.window.entry_of(row.id) is None and await reading.among([row.id]):
                # It lies deep among rows of the same time, or of none.
                self._begin(reading, AuditWindow())
                await self._names_and_matches.look_up(reading.database, [row])
                self.window.add_older(ReadStep((row,), more=True, done=True))
                await self._read("older", FIRST_PAGE)
            await self._read("newer", self.body.lines_seen)
        if self.is_mounted:
            self.go_to(row, at_line)

    async def read_again(self, reader: AuditReader) -> None:
        """Show what a reader finds by now, once it is there: until then keys act on what is shown.

        The cursor stays on its row, or on top. Raises what reading raises.
        """
        at, seen = None if self.at_top else self.current, self.body.lines_seen
        window = AuditWindow(at_newest=at is None)
        if at is not None:
            window.begin_at(Place(at.created_at_text or None))
        await self._fill(window, reader, "older", max(FIRST_PAGE, 2 * seen))
        if at is not None:
            await self._fill(window, reader, "newer", seen)
        if not self.is_mounted:
            return
        # Where the cursor is by now: somebody may have moved it since.
        row, at_line = None if self.at_top else self.current, self.body.cursor - self.body.top
        if row is None and not window.at_newest:
            await self.open(reader)
        elif row is not None and window.entry_of(row.id) is None:
            await self.open_at(row, reader)
        else:
            self._begin(reader, window)
            self.refresh_lines()
            if window.entries:
                self.switcher.show_content()
            if row is not None:
                self.go_to(row, at_line)
            self._read_on()

    async def _fill(self, window: AuditWindow, reader: AuditReader, direction: Direction, limit: int) -> None:
        """Read rows into a window that is not shown yet."""
        async with aclosing(_steps(window, reader, direction, limit)) as steps:
            async for step in steps:
                await self._names_and_matches.look_up(reader.database, step.rows)
                window.add(direction, step)

    def leave(self) -> None:
        """Hold nothing: other rows are wanted, and no key may act on these, which stay painted until then."""
        self._begin(None, AuditWindow())
        self._show_detail()

    def _begin(self, reader: AuditReader | None, window: AuditWindow) -> None:
        self.stop()
        self.reader, self.window, self.state.reading = reader, window, Reading.IDLE
        self.body.reset()
        self._lines = []

    def go_to(self, row: AuditRow, at_line: int | None = None) -> bool:
        """Put the cursor on a row that is held, unfolding what hides it; False where it is not held.

        It is seen `at_line`, counted from the top; without that where it is, or in the middle.
        """
        entry = self.window.entry_of(row.id)
        if entry is None:
            return False
        is_headline = entry.headline.id == row.id
        entry.unfolded = entry.unfolded or not is_headline
        self.refresh_lines()
        key = f"entry {entry.key}" if is_headline else str(row.id)
        place = next(n for n, line in enumerate(self._lines) if line.key == key)
        first = self.body.top
        if at_line is not None:
            self.body.stand(place, at_line)
        elif first <= place < first + self.body.lines_seen:
            self.body.move_to(place)
        else:
            self.body.stand(place, self.body.lines_seen // 2)
        return True

    async def name_organizations(self, database: Database) -> None:
        """Show what organisations are called now. Raises what reading raises."""
        if await self._names_and_matches.name_organizations(database):
            self.refresh_lines()

    async def mark(self, search: AuditFilter | None) -> None:
        """Mark the rows that a search within the filter matches. Raises what reading raises."""
        self.unmark()
        if self.reader is not None and search is not None:
            self._names_and_matches.search(self.reader.matching(search))
            await self.mark_the_rest()

    async def mark_the_rest(self) -> None:
        """Mark the rows that are held where that was broken off. Raises what reading raises."""
        if await self._names_and_matches.complete() and self.is_mounted:
            self.refresh_lines()

    @property
    def at_match(self) -> bool:
        """Whether the row under the cursor is marked."""
        return self.current is not None and self.current.id in self._names_and_matches.matches

    def unmark(self) -> None:
        """Mark nothing."""
        self._names_and_matches.search(None)
        self.refresh_lines()

    def toggle_fold(self) -> None:
        """Unfold the entry under the cursor, or fold it."""
        line = self.line
        if line is not None and len(line.entry.numbered) > 1:
            line.entry.unfolded = not line.entry.unfolded
            self.refresh_lines()
            self.body.move_to(self._lines.index(next(other for other in self._lines if other.entry is line.entry)))

    async def add_new(self, rows: Sequence[AuditRow]) -> bool:
        """Put rows on top that have just been written, newest first; the cursor stays on top.

        False where that is not the place any more once they are looked up: then they are not shown.
        """
        if self.reader is not None:
            await self._names_and_matches.look_up(self.reader.database, rows)
        takes_new = self.is_mounted and self.takes_new
        if takes_new:
            self.window.add_newer(ReadStep(tuple(rows), more=False, done=True))
            self.window.forget(0, 4 * self.body.lines_seen + READ_AHEAD)
            self.switcher.show_content()
            self.refresh_lines()
            self.body.move_to(0, by_key=False)
        return takes_new

    def stop(self) -> None:
        """Stop reading, on the server too."""
        self.workers.cancel_group(self, "read on")
        self.state.reading = Reading.STOPPED if self.state.reading in READING else Reading.IDLE
        self._turn += 1

    def refresh_lines(self) -> None:
        """Show what the window holds now."""
        self._lines = self.window.lines()
        self._use_columns()
        lines, names, zone, matches = self._lines, self.names, self.zone, self._names_and_matches.matches
        marks = self._marks()

        def row_at(place: int) -> Row:
            line = lines[place]
            found = marks.of(line.row) if marks else ""
            return row_of(line, names, zone, is_match=line.row.id in matches, found=found)

        in_windows = self.reader is not None and self.reader.in_windows
        note = note_of(self.window, self.state.reading, self.zone, in_windows=in_windows)
        self.body.show([line.key for line in lines], row_at, note)
        self._show_detail()

    def _show_detail(self) -> None:
        self.query_one(DetailPane).show(detail(self.line, self.names, self.zone) if self.line else ())

    def on_resize(self) -> None:
        self._use_columns()

    def _use_columns(self) -> None:
        width, longest = self.query_one(DetailPane).width_of_list, self.names.longest
        self.query_one(WindowList).use_columns(columns(self.zone, width, longest, several=self.state.lists_several))

    def on_window_body_moved(self, event: WindowBody.Moved) -> None:
        event.stop()
        self._show_detail()
        # What somebody has stopped goes on only when they move.
        if event.by_key and self.state.reading is Reading.STOPPED:
            self.state.reading = Reading.IDLE
        self._read_on()
        self.post_message(self.Moved())

    def _missing_direction(self) -> Direction | None:
        """In which direction rows are missing for what is seen and two pages beyond, which may be wanted at once.

        Only one page beyond where rows are looked through, which costs the server more.
        """
        if self.reader is None or not self.is_mounted:
            return None
        body, window = self.body, self.window
        beyond = (1 if window.searched_to is not None else 2) * body.lines_seen
        if not window.at_oldest and body.top + body.lines_seen + beyond > len(self._lines):
            return "older"
        return "newer" if not window.at_newest and body.top < beyond else None

    def _read_on(self) -> None:
        direction = self._missing_direction()
        if self.state.reading is Reading.IDLE and direction is not None:
            self.state.reading = Reading(direction)
            self._reading_on()

    @background("read on")
    async def _reading_on(self) -> None:
        try:
            while (direction := self._missing_direction()) is not None:
                await self._read(direction, READ_AHEAD)
        except SwitchboardError as failure:
            self.state.reading = Reading.STOPPED
            self.post_message(ReadFailed(failure))

    async def _read(self, direction: Direction, limit: int) -> None:
        """Read rows beyond what is held, showing them as they come; what is far from view is forgotten."""
        reader, window = self.reader, self.window
        if reader is None:
            return
        self.state.reading, self._turn = Reading(direction), self._turn + 1
        turn, reached = self._turn, window.place(direction)
        try:
            async with aclosing(_steps(window, reader, direction, limit)) as steps:
                async for step in steps:
                    await self._names_and_matches.look_up(reader.database, step.rows)
                    if not self.is_mounted or window is not self.window:
                        return
                    if reached is not None and window.place(direction) != reached:
                        # What was read last is forgotten: rows beyond it would leave a gap.
                        break
                    reached = self._take(direction, step)
        finally:
            if turn == self._turn:
                self.state.reading = Reading.IDLE
        if self.is_mounted and window is self.window:
            self.refresh_lines()
            self.post_message(self.Moved())

    def _take(self, direction: Direction, step: ReadStep) -> Place | None:
        """Add what was read, and forget what is far from view; returns how far has been read."""
        window, body = self.window, self.body
        window.add(direction, step)
        reached = window.place(direction)
        self.refresh_lines()
        if self._lines:
            self.switcher.show_content()
            seen = {id(line.entry) for line in self._lines[body.top : body.top + body.lines_seen]}
            places = [n for n, entry in enumerate(window.entries) if id(entry) in seen]
            if places:
                reach, count = 4 * body.lines_seen + READ_AHEAD, len(window.entries)
                window.forget(max(0, places[0] - reach), places[-1] + reach)
                if len(window.entries) != count:
                    self.refresh_lines()
        elif step.searched_to is not None and not step.done:
            self.switcher.show_content()
        self.post_message(self.Moved())
        return reached


def _steps(
    window: AuditWindow, reader: AuditReader, direction: Direction, limit: int
) -> AsyncGenerator[ReadStep, None]:
    place = window.place(direction)
    return reader.older(place, limit) if direction == "older" else reader.newer(place, limit)
