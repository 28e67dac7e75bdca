"""Section 4 holds rows without a gap and under the right name, whatever comes while something else is read."""

from __future__ import annotations

import asyncio
from datetime import UTC
from itertools import pairwise
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg

from tests.screens.audit.driver import OF_ACME, apply, asked, body, current, log, of_sql, pane, press, settled
from tests.support.log_rows import fill_log, log_row, slow_log_of_eve
from tui.data import directory
from tui.data.audit.pages import AuditReader
from tui.screens.audit.row import MOST_LINES, row_lines
from tui.screens.audit.state import Reading
from tui.screens.audit.view import Names
from tui.screens.audit.window import AuditWindow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    import pytest

    from tests.support.terminal.console_app import Console
    from tui.data.postgres.database import Database


async def hold(it: Console, key: str, entries: int) -> None:
    """Press a key until so many entries are held and more are being read."""
    for _ in range(400):
        if len(pane(it).window.entries) >= entries and pane(it).state.reading in (Reading.OLDER, Reading.NEWER):
            return
        it.send(key)
        await it.pilot.pause()
    raise AssertionError(f"{len(pane(it).window.entries)} entries are held")


def gaps(it: Console, expected: Sequence[UUID]) -> list[tuple[int, int]]:
    """Where two rows stand beside one another that are not neighbours."""
    places = [expected.index(row.id) for row in pane(it).window.rows]
    return [(one, other) for one, other in pairwise(places) if other != one + 1]


async def test_rows_read_at_one_end_leave_no_gap_where_one_moves_to_the_other(
    keyed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = slow_log_of_eve(keyed_database, monkeypatch, 2_400, "between 1 and 1600")
    expected = of_sql(keyed_database, f"{OF_ACME} and action = 'call_made'")
    async with log(slow) as it:
        await it.press("slash")
        await it.type("call_made")
        await it.press("enter")
        await it.wait_for(lambda: pane(it).window.entries)
        await hold(it, "pagedown", 300)
        await it.press("home")
        await it.wait_for(lambda: len(pane(it).window.entries) < 300)
        for _ in range(4):
            it.send("pagedown")
            await it.wait_for(lambda: it.app.keys_done)
            assert gaps(it, expected) == []
        while expected.index(current(it)) < 330:
            await it.press("pagedown")
            assert gaps(it, expected) == []


async def test_a_row_that_comes_while_a_date_is_gone_to_takes_no_place_there(
    keyed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = slow_log_of_eve(keyed_database, monkeypatch, 600, "> 0")
    async with log(slow) as it:
        await press(it, "f")
        await apply(it, "ip:10.0.7.0/24")
        held = len(pane(it).window.rows)
        assert held == 3
        await it.press("ctrl+g")
        await asked(it)
        await it.type("2025-12-31 21:40")
        await it.press("enter")
        with psycopg.connect(keyed_database) as connection:
            log_row(connection, action="came_meanwhile", ip_address="10.0.7.1")
        await it.wait_for(lambda: pane(it).window.entries)
        await it.wait_for("paused, 1 new (g)")
        await settled(it)
        await press(it, "home")
        expected = of_sql(keyed_database, f"{OF_ACME} and ip_address <<= '10.0.7.0/24'")
        await it.wait_for(lambda: [row.id for row in pane(it).window.rows] == expected)
        assert len(expected) == held + 1


async def test_a_row_is_counted_where_one_moves_away_while_its_person_is_looked_up(
    keyed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_log(keyed_database, 300)
    asked_for, go_on, look_up = asyncio.Event(), asyncio.Event(), directory.people_by_id

    async def at_length(database: Database, ids: set[UUID]) -> object:
        asked_for.set()
        await go_on.wait()
        return await look_up(database, ids)

    async with log(keyed_database) as it:
        await press(it, "f")
        monkeypatch.setattr(directory, "people_by_id", at_length)
        with psycopg.connect(keyed_database) as connection:
            log_row(connection, action="of_somebody_new", user_id=uuid4())
        await it.wait_for(asked_for.is_set)
        await it.press("down")
        go_on.set()
        await it.wait_for("paused, 1 new (g)")
        await press(it, "home")
        await it.wait_for("of_somebody_new")


async def test_no_histogram_stands_under_the_name_of_another_filter(
    keyed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with log(slow_log_of_eve(keyed_database, monkeypatch, 600, "<= 560")) as it:
        await apply(it, "since:2025-12-31T23:50")
        await press(it, "b")
        await it.wait_for("max ")
        await it.press("slash", "ctrl+u")
        await it.type("ip:10.0.7.0/24")
        await it.press("enter")
        await it.wait_for("... esc stops")
        assert "max " not in it.text
        await it.press("escape")
        await it.wait_for("; down searches on")
        assert "max " not in it.text


async def test_the_note_behind_the_last_row_is_seen_with_it(keyed_database: str) -> None:
    fill_log(keyed_database, 100)
    async with log(keyed_database) as it:
        await apply(it, "call_made")
        await press(it, "pagedown", "pagedown", "pagedown", "pagedown")
        assert body(it).cursor == len(pane(it).window.entries) - 1 > body(it).lines_seen
        assert "the log has no older row in this filter" in it.text


async def test_a_search_from_the_oldest_row_up_says_so(keyed_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with log(slow_log_of_eve(keyed_database, monkeypatch, 600, "> 0")) as it:
        await it.press("slash")
        await it.type("ip:192.0.2.1")
        await it.press("enter")
        await it.wait_for("... esc stops")
        await it.press("end")
        await it.wait_for("searching from the oldest row up ... esc stops")
        await it.press("escape")
        await it.wait_for("Stopped.")


async def test_reading_again_leaves_the_cursor_where_it_is_seen_also_while_following(keyed_database: str) -> None:
    fill_log(keyed_database, 600)
    async with log(keyed_database) as it:
        for keys in (["down"] * 10, ["pagedown"] * 3, ["f", *["down"] * 40, "up"]):
            await press(it, *keys)
            before = (current(it), body(it).cursor - body(it).top)
            await press(it, "r")
            assert (current(it), body(it).cursor - body(it).top) == before
        assert "paused (g)" in it.text


async def test_the_neighbour_of_a_row_is_its_neighbour_though_more_rows_came_than_are_held(keyed_database: str) -> None:
    fill_log(keyed_database, 100)
    async with log(keyed_database) as it:
        await press(it, "f")
        opened = current(it)
        await press(it, "enter")
        with psycopg.connect(keyed_database) as connection:
            for number in range(400):
                log_row(connection, action=f"fresh_{number}")
        screen = it.app.screen_stack[0]
        held = screen.query_one("AuditPane").window
        assert isinstance(held, AuditWindow)
        await it.wait_for(lambda: held.entry_of(opened) is None)
        everything = of_sql(keyed_database)
        await it.press("right")
        assert "There is no older row here yet." in it.status
        await it.wait_for(lambda: all(worker.is_finished for worker in it.app.workers if worker.group == "load"))
        await it.press("right")
        assert it.page._row.id == everything[everything.index(opened) + 1]


async def test_marks_that_were_broken_off_come_with_the_next_match(
    keyed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_log(keyed_database, 300)
    go_on, among = asyncio.Event(), AuditReader.among

    async def at_length(reader: AuditReader, ids: list[UUID]) -> set[UUID]:
        await go_on.wait()
        return await among(reader, ids)

    async with log(keyed_database) as it:
        monkeypatch.setattr(AuditReader, "among", at_length)
        await it.press("s")
        await it.type("status:failed")
        await it.press("enter")
        await it.wait_for(lambda: not it.page.is_filtering)
        await it.press("n")
        go_on.set()
        await settled(it)
        failed = [line for line in it.text.splitlines() if "failed" in line and "status:" not in line]
        assert failed
        assert all(line.startswith("*") for line in failed)


async def test_a_row_that_is_too_long_says_that_it_is_cut(keyed_database: str) -> None:
    with psycopg.connect(keyed_database) as connection:
        log_row(connection, details={"a": list(range(6_000)), "evidence": "at the end"})
    async with log(keyed_database) as it:
        row = pane(it).current
        assert row is not None
        lines = row_lines(row, Names(), UTC, 79)
        assert len(lines) == MOST_LINES
        assert lines[-1][0].startswith("Cut after 5,000 lines: y copies the whole row")


async def test_a_row_whose_details_the_list_did_not_read_shows_their_beginning_and_how_much_there_is(
    keyed_database: str,
) -> None:
    with psycopg.connect(keyed_database) as connection:
        log_row(connection, action="small", created_at="2026-01-02", details={"n": 1})
        log_row(connection, action="huge", created_at="2026-01-01", details={"a": "x" * 300_000, "operator": "Ann"})
    async with log(keyed_database) as it:
        await it.press("enter")
        await it.wait_for("small: success")
        await it.press("right")
        await it.wait_for("First 200,000 characters of 300,028 bytes; x in the list exports all.")
        assert "~operator Ann (claimed)" in it.text
        await it.press("left")
        await it.wait_for("small: success")
        assert "characters of" not in it.text


async def test_the_status_is_seen_on_the_smallest_terminal(filled_log: str) -> None:
    async with log(filled_log, size=(60, 20)) as it:
        assert "failed" in it.text
        assert "success" in it.text
