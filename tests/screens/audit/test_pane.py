"""The list of the log as a widget on rows in memory: without a gap, whatever comes while something is read."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from textual.app import App

from tests.screens.audit.log_in_memory import BEGIN, LogReader, row
from tui.data import directory
from tui.data.audit.pages import Place
from tui.models.people import Person
from tui.screens.audit import pane as audit_pane
from tui.screens.audit.pane import AuditPane
from tui.screens.audit.state import AuditState, Reading

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from textual.app import ComposeResult

    from tui.models.log import AuditRow

ACTIONS = {"down": ("move", 1), "up": ("move", -1), "pagedown": ("page", 1), "pageup": ("page", -1)}


class PaneApp(App[None]):
    """Nothing but the list."""

    def __init__(self) -> None:
        super().__init__()
        self.pane = AuditPane(UTC, AuditState())

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_mount(self) -> None:
        self.pane.body.focus()

    def fail(self, error: BaseException) -> None:
        raise error


class Driver:
    """Presses keys and waits for conditions."""

    def __init__(self, app: PaneApp, pilot: Any) -> None:
        self.app, self.pane, self.pilot = app, app.pane, pilot

    async def press(self, *keys: str) -> None:
        """Do what keys do, and wait until what that asks for is read."""
        for key in keys:
            act, by = ACTIONS[key]
            getattr(self.pane.body, f"action_{act}")(by)
            await self.read()

    async def read(self) -> None:
        """Wait until what is asked for is read."""
        await self.settle()
        await self.app.workers.wait_for_complete(list(self.app.workers))
        await self.settle()

    async def settle(self) -> None:
        """Wait until every message of the list has reached the pane."""
        for node in self.pane.body.ancestors_with_self:
            handled = asyncio.Event()
            node.call_later(handled.set)
            await handled.wait()
            if node is self.pane:
                return

    async def until(self, condition: Any) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await self.pilot.pause()

    @property
    def text(self) -> str:
        strips = self.app.screen._compositor.render_strips()[: self.app.size.height]
        return "\n".join(strip.text.rstrip() for strip in strips)

    @property
    def visible(self) -> list[AuditRow]:
        """The rows in view."""
        body = self.pane.body
        return [line.row for line in self.pane.window.lines()][body.top : body.top + body.lines_seen]

    @property
    def marked(self) -> list[str]:
        """The lines that begin with the mark of a match."""
        return [line for line in self.text.splitlines() if line.startswith("*")]

    def gaps(self, reader: LogReader) -> list[tuple[int, int]]:
        """Where two rows stand beside one another that are not neighbours."""
        places = [reader.places[held.id] for held in self.pane.window.rows]
        return [(place, after) for place, after in pairwise(places) if after != place + 1]


@asynccontextmanager
async def shown(*, size: tuple[int, int] = (80, 18)) -> AsyncIterator[Driver]:
    """An app with the list."""
    app = PaneApp()
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Driver(app, pilot)


def rows_of(count: int, *, timeless: int = 0) -> list[AuditRow]:
    """Rows of which three each share a time; the last ones have none."""
    return [row(n, None if n >= count - timeless else n // 3 * 60) for n in range(count)]


async def test_every_row_is_reached_by_pages_both_ways_and_far_ones_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(audit_pane, "READ_AHEAD", 30)
    reader = LogReader(rows_of(400, timeless=4))
    async with shown(size=(60, 27)) as driver:
        pane = driver.pane
        await pane.open(reader)
        step = pane.body.lines_seen - 1
        for keys, places in (
            ("pagedown", [*range(0, 399, step), 399]),
            ("pageup", [*range(399, 0, -step), 0]),
        ):
            for place in places:
                if place not in (0, 399) or pane.current is None or reader.places[pane.current.id] != place:
                    await driver.press(keys)
                assert pane.current is reader.rows[place]
                top = reader.places[driver.visible[0].id]
                assert driver.visible == reader.rows[top : top + step + 1]
                assert driver.gaps(reader) == []
                assert len(pane.window.rows) < 300
        assert "without a time" not in driver.text
        await pane.open_end()
        assert (pane.current, driver.visible[-1]) == (reader.rows[-1], reader.rows[-1])
        assert "without a time" in driver.text
        await driver.press("up", "up", "pageup")
        assert pane.current is reader.rows[-3 - step]
        await pane.open_newest()
        await driver.press("down", "down", "up")
        assert pane.current is reader.rows[1]


async def test_a_date_is_gone_to_and_what_lies_behind_all_is_the_last_row() -> None:
    reader = LogReader(rows_of(300))
    async with shown() as driver:
        await driver.pane.open(reader)
        moment = reader.rows[120].created_at
        assert moment is not None
        assert await driver.pane.open_place(Place.at_time(moment))
        assert driver.pane.current is reader.rows[120]
        await driver.read()
        await driver.press("up")
        assert driver.pane.current is reader.rows[119]
        assert not await driver.pane.open_place(Place.at_time(BEGIN.replace(year=2024)))
        assert driver.pane.current is reader.rows[-1]


async def test_rows_read_at_one_end_leave_no_gap_where_one_moves_to_the_other() -> None:
    reader = LogReader(rows_of(1_200), windows=20)
    async with shown() as driver:
        pane = driver.pane
        await pane.open(reader)
        while len(pane.window.entries) < 300 or not pane.window.searched_to:
            await driver.press("pagedown")
        # While older rows are read, somebody goes to the newest: what comes then is of another place.
        reader.permits = asyncio.Semaphore(0)
        while pane.state.reading is not Reading.OLDER:
            pane.body.action_page(1)
            await driver.settle()
        pane.body.move_to(0)
        for _ in range(12):
            reader.permits.release()
            await driver.settle()
            pane.body.action_page(1)
            await driver.settle()
            assert driver.gaps(reader) == []
        reader.permits = asyncio.Semaphore(1_000)
        await driver.read()
        while pane.current is None or reader.places[pane.current.id] < 330:
            await driver.press("pagedown")
            assert driver.gaps(reader) == []


async def test_a_row_that_comes_while_a_date_is_gone_to_takes_no_place_there() -> None:
    reader = LogReader(rows_of(300), windows=20)
    async with shown() as driver:
        pane = driver.pane
        await pane.open(reader)
        assert await pane.add_new([row(-1, -60)])
        assert pane.window.entries[0].headline.id == row(-1).id
        reader.permits = asyncio.Semaphore(0)
        going = asyncio.create_task(pane.open_place(Place.at_time(BEGIN.replace(year=2025, month=12, day=31))))
        await driver.until(lambda: not pane.window.entries)
        assert not await pane.add_new([row(-2, -120)])
        reader.permits = asyncio.Semaphore(1_000)
        reader.permits.release()
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)
        assert pane.window.entry_of(row(-2).id) is None


async def test_a_row_is_not_taken_where_one_moves_away_while_its_person_is_looked_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked_for, go_on = asyncio.Event(), asyncio.Event()

    async def at_length(_database: object, ids: set[UUID]) -> dict[UUID, Person]:
        asked_for.set()
        await go_on.wait()
        return {identifier: Person(identifier, None, "Asha Rao", None, True) for identifier in ids}

    monkeypatch.setattr(directory, "people_by_id", at_length)
    async with shown() as driver:
        await driver.pane.open(LogReader(rows_of(100)))
        assert driver.pane.takes_new
        adding = asyncio.create_task(driver.pane.add_new([row(-1, -60, user_id=uuid4())]))
        await asked_for.wait()
        driver.pane.body.action_move(1)
        go_on.set()
        assert not await adding
        assert driver.pane.window.entry_of(row(-1).id) is None


async def test_the_note_behind_the_last_row_is_seen_with_it() -> None:
    async with shown() as driver:
        await driver.pane.open(LogReader(rows_of(60), windows=20))
        await driver.press(*["pagedown"] * 4, *["down"] * 20)
        assert driver.pane.body.cursor == 59 > driver.pane.body.lines_seen
        assert "no older row matches this filter" in driver.text


async def test_reading_again_leaves_the_cursor_where_it_is_seen() -> None:
    reader = LogReader(rows_of(400))
    async with shown() as driver:
        pane = driver.pane
        await pane.open(reader)
        for keys in (["down"] * 10, ["pagedown"] * 3, [*["down"] * 20, "up"]):
            await driver.press(*keys)
            before = (pane.current, pane.body.cursor - pane.body.top)
            assert pane.current is not None
            await pane.open_at(pane.current, LogReader(reader.rows))
            await driver.read()
            assert (pane.current, pane.body.cursor - pane.body.top) == before
            assert driver.gaps(reader) == []


@pytest.mark.parametrize("timed", [True, False])
async def test_a_row_deep_among_rows_of_one_time_or_of_none_is_found_again(*, timed: bool) -> None:
    rows = [row(n, 60 if timed else None, action="deep" if n in (70, 200) else "sent") for n in range(300)]
    reader = LogReader([row(-1, 0), *rows] if timed else rows)
    async with shown() as driver:
        for number in (200, 70):
            await driver.pane.open(reader)
            await driver.pane.open_at(rows[number])
            await driver.read()
            assert driver.pane.current is rows[number]
            top = reader.places[driver.visible[0].id]
            assert driver.visible == reader.rows[top : top + driver.pane.body.lines_seen]


async def test_marks_that_were_broken_off_come_with_the_next_reading_that_asks_for_them() -> None:
    reader = LogReader([row(n, n, status="failed" if n % 4 == 1 else "success") for n in range(100)])
    searched = reader.matching(lambda row: row.status == "failed")
    searched.permits = asyncio.Semaphore(0)
    reader.matching = lambda _: searched  # type: ignore[method-assign]
    async with shown() as driver:
        await driver.pane.open(reader)
        marking = asyncio.create_task(driver.pane.mark(object()))  # type: ignore[arg-type]
        await driver.until(lambda: searched.steps_begun)
        marking.cancel()
        await asyncio.gather(marking, return_exceptions=True)
        await driver.pilot.pause()
        assert driver.marked == []
        searched.permits = asyncio.Semaphore(1_000)
        await driver.pane.mark_the_rest()
        await driver.pilot.pause()
        failed = [line for line in driver.text.splitlines() if "failed" in line]
        assert len(failed) > 2
        assert driver.marked == failed
        # Rows that are read later are marked as they come.
        await driver.press("pagedown", "pagedown")
        assert driver.marked == [line for line in driver.text.splitlines() if "failed" in line]
        driver.pane.unmark()
        await driver.pilot.pause()
        assert driver.marked == []


async def test_hits_come_one_by_one_and_what_was_stopped_goes_on_only_when_somebody_moves() -> None:
    reader = LogReader(rows_of(300), windows=20, found=lambda row: row.id.int % 100 == 20)
    reader.permits = asyncio.Semaphore(0)
    hits = [row for row in reader.rows if row.id.int % 100 == 20]
    assert len(hits) == 3
    async with shown() as driver:
        pane = driver.pane
        opening = asyncio.create_task(pane.open(reader))
        while not pane.window.entries:
            assert not opening.done()
            reader.permits.release()
            await driver.pilot.pause()
        assert pane.window.rows == hits[:1]
        assert pane.is_searching
        assert "searched back to 2025-12-31" in driver.text
        assert "... esc stops" in driver.text
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        pane.state.reading = Reading.OLDER
        pane.stop()
        pane.refresh_lines()
        await driver.pilot.pause()
        assert pane.state.reading is Reading.STOPPED
        assert "; down continues the search" in driver.text
        # What is read on while somebody scrolls is stopped too.
        pane.body.action_move(1)
        await driver.settle()
        assert pane.state.reading is Reading.OLDER
        pane.stop()
        await driver.settle()
        assert all(worker.is_finished for worker in driver.app.workers)
        # A row that comes by itself moves nobody.
        reader.permits = asyncio.Semaphore(1_000)
        assert await pane.add_new([row(-1, -60)])
        await driver.read()
        assert pane.state.reading is Reading.STOPPED
        await driver.press("down")
        assert pane.window.rows == [row(-1, -60), *hits]
        assert "no older row matches this filter" in driver.text


async def test_a_search_from_the_oldest_row_up_says_so_and_is_stopped() -> None:
    reader = LogReader(rows_of(300), windows=20, found=lambda row: False)
    reader.permits = asyncio.Semaphore(0)
    async with shown() as driver:
        going = asyncio.create_task(driver.pane.open(LogReader(rows_of(60), windows=20)))
        await going
        going = asyncio.create_task(driver.pane.open(reader))
        await driver.until(lambda: reader.steps_begun)
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)
        going = asyncio.create_task(driver.pane.open_end())
        reader.permits.release()
        await driver.until(lambda: "searching from the oldest row up ... esc stops" in driver.text)
        assert driver.pane.is_searching
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)
        assert not driver.pane.is_searching


async def test_the_first_row_of_an_empty_log_is_taken_where_it_was_read_to_its_newest_row() -> None:
    async with shown() as driver:
        await driver.pane.open(LogReader([]), place=Place.at_time(BEGIN))
        assert not driver.pane.takes_new
        await driver.pane.open(LogReader([]))
        assert await driver.pane.add_new([row(0, 0)])
        await driver.pilot.pause()
        assert driver.pane.current == row(0, 0)
        assert "e-mail" in driver.text
