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

    from tests.support.terminal.console_app import Console
    from tui.data.postgres.database import Database


async def hold(ui: Console, key: str, entries: int) -> None:
    """Press a key until so many entries are held and more are being read."""
    for _ in range(400):
        if len(pane(ui).window.entries) >= entries and pane(ui).state.reading in (Reading.OLDER, Reading.NEWER):
            return
        ui.send(key)
        await ui.pilot.pause()
    raise AssertionError(f"{len(pane(ui).window.entries)} entries are held")


def gaps(ui: Console, expected: Sequence[UUID]) -> list[tuple[int, int]]:
    """Where two rows stand beside one another that are not neighbours."""
    places = [expected.index(row.id) for row in pane(ui).window.rows]
    return [(place, next_place) for place, next_place in pairwise(places) if next_place != place + 1]


async def test_rows_read_at_one_end_leave_no_gap_where_one_moves_to_the_other(
    keyed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = slow_log_of_eve(keyed_database, monkeypatch, 2_400, "between 1 and 1600")
    expected = ids_by_sql(keyed_database, f"{OF_ACME} and action = 'call_made'")
    async with audit_log(slow) as ui:
        await ui.press("slash")
        await ui.type("call_made")
        await ui.press("enter")
        await ui.wait_for(lambda: pane(ui).window.entries)
        await hold(ui, "pagedown", 300)
        await ui.press("home")
        await ui.wait_for(lambda: len(pane(ui).window.entries) < 300)
        for _ in range(4):
            ui.send("pagedown")
            await ui.wait_for(lambda: ui.app.keys_done)
            assert gaps(ui, expected) == []
        while expected.index(current_id(ui)) < 330:
            await ui.press("pagedown")
            assert gaps(ui, expected) == []


async def test_a_row_that_comes_while_a_date_is_gone_to_takes_no_place_there(
    keyed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = slow_log_of_eve(keyed_database, monkeypatch, 600, "> 0")
    async with audit_log(slow) as ui:
        await press_and_wait(ui, "f")
        await apply_filter(ui, "ip:10.0.7.0/24")
        held = len(pane(ui).window.rows)
        assert held == 3
        await ui.press("ctrl+g")
        await wait_for_question(ui)
        await ui.type("2025-12-31 21:40")
        await ui.press("enter")
        with psycopg.connect(keyed_database) as connection:
            log_row(connection, action="came_meanwhile", ip_address="10.0.7.1")
        await ui.wait_for(lambda: pane(ui).window.entries)
        await ui.wait_for("paused, 1 new (g)")
        await wait_until_idle(ui)
        await press_and_wait(ui, "home")
        expected = ids_by_sql(keyed_database, f"{OF_ACME} and ip_address <<= '10.0.7.0/24'")
        await ui.wait_for(lambda: [row.id for row in pane(ui).window.rows] == expected)
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

    async with audit_log(keyed_database) as ui:
        await press_and_wait(ui, "f")
        monkeypatch.setattr(directory, "people_by_id", at_length)
        with psycopg.connect(keyed_database) as connection:
            log_row(connection, action="of_somebody_new", user_id=uuid4())
        await ui.wait_for(asked_for.is_set)
        await ui.press("down")
        go_on.set()
        await ui.wait_for("paused, 1 new (g)")
        await press_and_wait(ui, "home")
        await ui.wait_for("of_somebody_new")


async def test_no_histogram_stands_under_the_name_of_another_filter(
    keyed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with audit_log(slow_log_of_eve(keyed_database, monkeypatch, 600, "<= 560")) as ui:
        await apply_filter(ui, "since:2025-12-31T23:50")
        await press_and_wait(ui, "b")
        await ui.wait_for("max ")
        await ui.press("slash", "ctrl+u")
        await ui.type("ip:10.0.7.0/24")
        await ui.press("enter")
        await ui.wait_for("... esc stops")
        assert "max " not in ui.text
        await ui.press("escape")
        await ui.wait_for("; down searches on")
        assert "max " not in ui.text


async def test_the_note_behind_the_last_row_is_seen_with_it(keyed_database: str) -> None:
    fill_log(keyed_database, 100)
    async with audit_log(keyed_database) as ui:
        await apply_filter(ui, "call_made")
        await press_and_wait(ui, "pagedown", "pagedown", "pagedown", "pagedown")
        assert body(ui).cursor == len(pane(ui).window.entries) - 1 > body(ui).lines_seen
        assert "the log has no older row in this filter" in ui.text


async def test_a_search_from_the_oldest_row_up_says_so(keyed_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with audit_log(slow_log_of_eve(keyed_database, monkeypatch, 600, "> 0")) as ui:
        await ui.press("slash")
        await ui.type("ip:192.0.2.1")
        await ui.press("enter")
        await ui.wait_for("... esc stops")
        await ui.press("end")
        await ui.wait_for("searching from the oldest row up ... esc stops")
        await ui.press("escape")
        await ui.wait_for("Stopped.")


async def test_reading_again_leaves_the_cursor_where_it_is_seen_also_while_following(keyed_database: str) -> None:
    fill_log(keyed_database, 600)
    async with audit_log(keyed_database) as ui:
        for keys in (["down"] * 10, ["pagedown"] * 3, ["f", *["down"] * 40, "up"]):
            await press_and_wait(ui, *keys)
            before = (current_id(ui), body(ui).cursor - body(ui).top)
            await press_and_wait(ui, "r")
            assert (current_id(ui), body(ui).cursor - body(ui).top) == before
        assert "paused (g)" in ui.text


async def test_the_neighbour_of_a_row_is_its_neighbour_though_more_rows_came_than_are_held(keyed_database: str) -> None:
    fill_log(keyed_database, 100)
    async with audit_log(keyed_database) as ui:
        await press_and_wait(ui, "f")
        opened = current_id(ui)
        await press_and_wait(ui, "enter")
        with psycopg.connect(keyed_database) as connection:
            for number in range(400):
                log_row(connection, action=f"fresh_{number}")
        screen = ui.app.screen_stack[0]
        held = screen.query_one("AuditPane").window
        assert isinstance(held, AuditWindow)
        await ui.wait_for(lambda: held.entry_of(opened) is None)
        everything = ids_by_sql(keyed_database)
        await ui.press("right")
        assert "There is no older row here yet." in ui.status
        await ui.wait_for(lambda: all(worker.is_finished for worker in ui.app.workers if worker.group == "load"))
        await ui.press("right")
        assert ui.page._row.id == everything[everything.index(opened) + 1]


async def test_marks_that_were_broken_off_come_with_the_next_match(
    keyed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_log(keyed_database, 300)
    go_on, among = asyncio.Event(), AuditReader.among

    async def at_length(reader: AuditReader, ids: list[UUID]) -> set[UUID]:
        await go_on.wait()
        return await among(reader, ids)

    async with audit_log(keyed_database) as ui:
        monkeypatch.setattr(AuditReader, "among", at_length)
        await ui.press("s")
        await ui.type("status:failed")
        await ui.press("enter")
        await ui.wait_for(lambda: not ui.page.is_filtering)
        await ui.press("n")
        go_on.set()
        await wait_until_idle(ui)
        failed = [line for line in ui.text.splitlines() if "failed" in line and "status:" not in line]
        assert failed
        assert all(line.startswith("*") for line in failed)


async def test_a_row_that_is_too_long_says_that_it_is_cut(keyed_database: str) -> None:
    with psycopg.connect(keyed_database) as connection:
        log_row(connection, details={"a": list(range(6_000)), "evidence": "at the end"})
    async with audit_log(keyed_database) as ui:
        row = pane(ui).current
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
    async with audit_log(keyed_database) as ui:
        await ui.press("enter")
        await ui.wait_for("small: success")
        await ui.press("right")
        await ui.wait_for("First 200,000 characters of 300,028 bytes; x in the list exports all.")
        assert "~operator Ann (claimed)" in ui.text
        await ui.press("left")
        await ui.wait_for("small: success")
        assert "characters of" not in ui.text


async def test_the_status_is_seen_on_the_smallest_terminal(filled_log: str) -> None:
    async with audit_log(filled_log, size=(60, 20)) as ui:
        assert "failed" in ui.text
        assert "success" in ui.text
