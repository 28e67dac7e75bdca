"""Section 4 holds rows without a gap and under the right name, whatever comes while something else is read."""

from __future__ import annotations

import asyncio
from datetime import UTC
from itertools import pairwise
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg

from tests.screens.audit.driver import (
    OF_ACME,
    apply_filter,
    audit_log,
    body,
    current_id,
    ids_by_sql,
    pane,
    press_and_wait,
    wait_for_question,
    wait_until_idle,
)
from tests.support.database.log_rows import fill_log, log_row, slow_log_of_eve
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

    from tests.support.terminal.console_driver import ConsoleDriver
    from tui.data.postgres.database import Database


async def hold(console: ConsoleDriver, key: str, entries: int) -> None:
    """Press a key until so many entries are held and more are being read."""
    for _ in range(400):
        if len(pane(console).window.entries) >= entries and pane(console).state.reading in (
            Reading.OLDER,
            Reading.NEWER,
        ):
            return
        console.send(key)
        await console.pilot.pause()
    raise AssertionError(f"{len(pane(console).window.entries)} entries are held")


def gaps(console: ConsoleDriver, expected: Sequence[UUID]) -> list[tuple[int, int]]:
    """Where two rows stand beside one another that are not neighbours."""
    places = [expected.index(row.id) for row in pane(console).window.rows]
    return [(place, next_place) for place, next_place in pairwise(places) if next_place != place + 1]


async def test_rows_read_at_one_end_leave_no_gap_where_one_moves_to_the_other(
    keyed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = slow_log_of_eve(keyed_database, monkeypatch, 2_400, "between 1 and 1600")
    expected = ids_by_sql(keyed_database, f"{OF_ACME} and action = 'call_made'")
    async with audit_log(slow) as console:
        await console.press("slash")
        await console.type("call_made")
        await console.press("enter")
        await console.wait_for(lambda: pane(console).window.entries)
        await hold(console, "pagedown", 300)
        await console.press("home")
        await console.wait_for(lambda: len(pane(console).window.entries) < 300)
        for _ in range(4):
            console.send("pagedown")
            await console.wait_for(lambda: console.app.keys_done)
            assert gaps(console, expected) == []
        while expected.index(current_id(console)) < 330:
            await console.press("pagedown")
            assert gaps(console, expected) == []


async def test_a_row_that_comes_while_a_date_is_gone_to_takes_no_place_there(
    keyed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = slow_log_of_eve(keyed_database, monkeypatch, 600, "> 0")
    async with audit_log(slow) as console:
        await press_and_wait(console, "f")
        await apply_filter(console, "ip:10.0.7.0/24")
        count = len(pane(console).window.rows)
        assert count == 3
        await console.press("ctrl+g")
        await wait_for_question(console)
        await console.type("2025-12-31 21:40")
        await console.press("enter")
        with psycopg.connect(keyed_database) as connection:
            log_row(connection, action="came_meanwhile", ip_address="10.0.7.1")
        await console.wait_for(lambda: pane(console).window.entries)
        await console.wait_for("paused, 1 new (g)")
        await wait_until_idle(console)
        await press_and_wait(console, "home")
        expected = ids_by_sql(keyed_database, f"{OF_ACME} and ip_address <<= '10.0.7.0/24'")
        await console.wait_for(lambda: [row.id for row in pane(console).window.rows] == expected)
        assert len(expected) == count + 1


async def test_a_row_is_counted_where_one_moves_away_while_its_person_is_looked_up(
    keyed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_log(keyed_database, 300)
    asked_for, go_on, look_up = asyncio.Event(), asyncio.Event(), directory.people_by_id

    async def at_length(database: Database, ids: set[UUID]) -> object:
        asked_for.set()
        await go_on.wait()
        return await look_up(database, ids)

    async with audit_log(keyed_database) as console:
        await press_and_wait(console, "f")
        monkeypatch.setattr(directory, "people_by_id", at_length)
        with psycopg.connect(keyed_database) as connection:
            log_row(connection, action="of_somebody_new", user_id=uuid4())
        await console.wait_for(asked_for.is_set)
        await console.press("down")
        go_on.set()
        await console.wait_for("paused, 1 new (g)")
        await press_and_wait(console, "home")
        await console.wait_for("of_somebody_new")


async def test_no_histogram_stands_under_the_name_of_another_filter(
    keyed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with audit_log(slow_log_of_eve(keyed_database, monkeypatch, 600, "<= 560")) as console:
        await apply_filter(console, "since:2025-12-31T23:50")
        await press_and_wait(console, "b")
        await console.wait_for("max ")
        await console.press("slash", "ctrl+u")
        await console.type("ip:10.0.7.0/24")
        await console.press("enter")
        await console.wait_for("... esc stops")
        assert "max " not in console.text
        await console.press("escape")
        await console.wait_for("; down searches on")
        assert "max " not in console.text


async def test_the_note_behind_the_last_row_is_seen_with_it(keyed_database: str) -> None:
    fill_log(keyed_database, 100)
    async with audit_log(keyed_database) as console:
        await apply_filter(console, "call_made")
        await press_and_wait(console, "pagedown", "pagedown", "pagedown", "pagedown")
        assert body(console).cursor == len(pane(console).window.entries) - 1 > body(console).lines_seen
        assert "the log has no older row in this filter" in console.text


async def test_a_search_from_the_oldest_row_up_says_so(keyed_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with audit_log(slow_log_of_eve(keyed_database, monkeypatch, 600, "> 0")) as console:
        await console.press("slash")
        await console.type("ip:192.0.2.1")
        await console.press("enter")
        await console.wait_for("... esc stops")
        await console.press("end")
        await console.wait_for("searching from the oldest row up ... esc stops")
        await console.press("escape")
        await console.wait_for("Stopped.")


async def test_reading_again_leaves_the_cursor_where_it_is_seen_also_while_following(keyed_database: str) -> None:
    fill_log(keyed_database, 600)
    async with audit_log(keyed_database) as console:
        for keys in (["down"] * 10, ["pagedown"] * 3, ["f", *["down"] * 40, "up"]):
            await press_and_wait(console, *keys)
            before = (current_id(console), body(console).cursor - body(console).top)
            await press_and_wait(console, "r")
            assert (current_id(console), body(console).cursor - body(console).top) == before
        assert "paused (g)" in console.text


async def test_the_neighbour_of_a_row_is_its_neighbour_though_more_rows_came_than_are_held(keyed_database: str) -> None:
    fill_log(keyed_database, 100)
    async with audit_log(keyed_database) as console:
        await press_and_wait(console, "f")
        opened = current_id(console)
        await press_and_wait(console, "enter")
        with psycopg.connect(keyed_database) as connection:
            for number in range(400):
                log_row(connection, action=f"fresh_{number}")
        screen = console.app.screen_stack[0]
        window = screen.query_one("AuditPane").window
        assert isinstance(window, AuditWindow)
        await console.wait_for(lambda: window.entry_of(opened) is None)
        everything = ids_by_sql(keyed_database)
        await console.press("right")
        assert "There is no older row here yet." in console.status
        await console.wait_for(
            lambda: all(worker.is_finished for worker in console.app.workers if worker.group == "load")
        )
        await console.press("right")
        assert console.page._row.id == everything[everything.index(opened) + 1]


async def test_marks_that_were_broken_off_come_with_the_next_match(
    keyed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_log(keyed_database, 300)
    go_on, among = asyncio.Event(), AuditReader.among

    async def at_length(reader: AuditReader, ids: list[UUID]) -> set[UUID]:
        await go_on.wait()
        return await among(reader, ids)

    async with audit_log(keyed_database) as console:
        monkeypatch.setattr(AuditReader, "among", at_length)
        await console.press("s")
        await console.type("status:failed")
        await console.press("enter")
        await console.wait_for(lambda: not console.page.is_filtering)
        await console.press("n")
        go_on.set()
        await wait_until_idle(console)
        failed = [line for line in console.text.splitlines() if "failed" in line and "status:" not in line]
        assert failed
        assert all(line.startswith("*") for line in failed)


async def test_a_row_that_is_too_long_says_that_it_is_cut(keyed_database: str) -> None:
    with psycopg.connect(keyed_database) as connection:
        log_row(connection, details={"a": list(range(6_000)), "evidence": "at the end"})
    async with audit_log(keyed_database) as console:
        row = pane(console).current
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
    async with audit_log(keyed_database) as console:
        await console.press("enter")
        await console.wait_for("small: success")
        await console.press("right")
        await console.wait_for("First 200,000 characters of 300,028 bytes; x in the list exports all.")
        assert "~operator Ann (claimed)" in console.text
        await console.press("left")
        await console.wait_for("small: success")
        assert "characters of" not in console.text


async def test_the_status_is_seen_on_the_smallest_terminal(filled_log: str) -> None:
    async with audit_log(filled_log, size=(60, 20)) as console:
        assert "failed" in console.text
        assert "success" in console.text
