"""Section 4 where one thing overtakes another: keys while rows are read, and rows that take the server long."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import psycopg

from tests.screens.audit.driver import (
    OF_ACME,
    apply_filter,
    body,
    current_id,
    ids_by_sql,
    open_audit_log,
    pane,
    press_and_wait,
    visible_ids,
    wait_for_question,
    wait_for_rows,
    wait_for_status,
    wait_until_idle,
)
from tests.support.commands import execute
from tests.support.database.log_rows import fill_log, locked_log, log_row, slow_log_of_eve
from tests.support.terminal.console_driver import new_app, run_headless
from tui.screens.audit.histogram import AuditHistogram
from tui.screens.audit.state import Reading

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.support.terminal.console_driver import ConsoleDriver

RUNNING = """
select query from pg_stat_activity
 where state = 'active' and usename = 'eve' and datname = current_database()
"""


def follows(console: ConsoleDriver) -> bool:
    """Whether new rows are looked for."""
    return any(worker.group == "follow" and worker.is_running for worker in console.app.workers)


def says_following(console: ConsoleDriver) -> bool:
    """Whether the context line says that new rows are shown, or counted."""
    return any(word in console.text.splitlines()[1] for word in ("following", "paused"))


async def test_keys_pressed_while_the_log_cannot_be_read_yet(
    keyed_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fill_log(keyed_database, 300)
    async with run_headless(new_app(keyed_database), (120, 24)) as console:
        await console.wait_for("● connected")
        await reading_that_is_stopped_before_anything_came_says_so(console, keyed_database)
        for key in ("escape", "f"):
            await following_that_is_given_up_before_it_began_follows_nothing(console, keyed_database, key)
        await a_key_that_reads_while_a_filter_is_opened_reads_its_rows(console, keyed_database)
        await how_an_export_ended_is_read_after_a_filter_was_typed_meanwhile(console, keyed_database, tmp_path)
        await the_list_stays_and_the_cursor_moves_while_it_is_read_again_behind(console, keyed_database)


async def the_list_stays_and_the_cursor_moves_while_it_is_read_again_behind(
    console: ConsoleDriver, conninfo: str
) -> None:
    await apply_filter(console, "")
    await press_and_wait(console, "g", "j", "j")
    with locked_log(conninfo):
        before = visible_ids(console)
        assert console.page.read_behind()
        await console.press("j")
        assert visible_ids(console) == before
        assert current_id(console) == before[3]
    await wait_until_idle(console)
    assert current_id(console) == before[3]
    await press_and_wait(console, *["pagedown"] * 3)
    with locked_log(conninfo):
        assert console.page.read_behind()
        await console.press("pageup")
        above = current_id(console)
    await wait_until_idle(console)
    assert current_id(console) == above
    await press_and_wait(console, "g")


async def reading_that_is_stopped_before_anything_came_says_so(console: ConsoleDriver, conninfo: str) -> None:
    with locked_log(conninfo) as blocker:
        await console.press("4")
        await console.wait_for("Loading the log")
        await console.press("escape")
        await console.wait_for("r  try again")
        assert "Loading" not in console.text
        blocker.rollback()
    await console.press("r")
    await console.wait_for("2025-12-31 23:59:00")
    await wait_until_idle(console)


async def following_that_is_given_up_before_it_began_follows_nothing(
    console: ConsoleDriver, conninfo: str, key: str
) -> None:
    with locked_log(conninfo) as blocker:
        await console.press("f")
        await console.wait_for("Loading the log")
        await console.press(key)
        await console.pilot.pause()
        blocker.rollback()
    await wait_until_idle(console)
    assert not says_following(console), key
    assert not follows(console), key
    assert "Loading" not in console.text
    assert visible_ids(console)
    before = current_id(console)
    await press_and_wait(console, "down")
    assert current_id(console) != before


async def a_key_that_reads_while_a_filter_is_opened_reads_its_rows(console: ConsoleDriver, conninfo: str) -> None:
    failed = ids_by_sql(conninfo, f"{OF_ACME} and status = 'failed'")
    with locked_log(conninfo) as blocker:
        await console.press("f", "slash")
        await console.type("status:failed")
        await console.press("enter")
        await console.wait_for(lambda: console.page.filter_text)
        body(console).action_end(1)
        await console.pilot.pause()
        blocker.rollback()
    await wait_until_idle(console)
    assert [line.row.id for line in pane(console).window.lines()][-1] == failed[-1]
    assert set(visible_ids(console)) <= set(failed)
    assert f"{len(failed)} rows" in console.text
    assert says_following(console) == follows(console)


async def how_an_export_ended_is_read_after_a_filter_was_typed_meanwhile(
    console: ConsoleDriver, conninfo: str, tmp_path: Path
) -> None:
    with locked_log(conninfo) as blocker:
        await console.press("x")
        await wait_for_question(console)
        await console.press("ctrl+u")
        await console.type("log.jsonl")
        await console.press("enter")
        await console.wait_for("writing this to the log first")
        await console.press("slash", "ctrl+u")
        await console.type("status:pending")
        blocker.rollback()
    await console.wait_for((tmp_path / "log.jsonl.manifest.json").exists)
    await console.wait_for(lambda: not console.page.unsaved())
    await press_and_wait(console, "enter")
    assert "/status:pending" in console.text
    await wait_for_status(console, "the manifest is beside it")


async def test_what_takes_the_server_long_is_stopped_and_gone_on_with(
    keyed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = slow_log_of_eve(keyed_database, monkeypatch, 600, "<= 560")
    async with run_headless(new_app(slow)) as console:
        await open_audit_log(console)
        await console.wait_for("too many rows to count quickly")
        await counting_for_the_histogram_stops_with_esc_and_says_what_was_not_counted(console, keyed_database)
        await hits_come_one_by_one_and_esc_stops_the_search_on_the_server(console, keyed_database)
        await no_histogram_stands_under_the_name_of_another_filter(console)
        await a_search_that_was_stopped_stays_so_when_a_followed_row_comes(console, keyed_database)
        await esc_stops_looking_through_newer_rows_and_keeps_the_filter(console)
        await another_filter_takes_its_place_at_once(console, keyed_database)


async def type_filter(console: ConsoleDriver, text: str) -> None:
    """Apply a filter and do not wait for its rows."""
    await console.press("slash", "ctrl+u")
    await console.type(text)
    await console.press("enter")


async def counting_for_the_histogram_stops_with_esc_and_says_what_was_not_counted(
    console: ConsoleDriver, conninfo: str
) -> None:
    await console.press("b")
    await console.wait_for(lambda: console.page.query_one(AuditHistogram)._counted)
    await console.press("escape")
    await wait_for_status(console, "hours that show ? were not counted")
    await wait_until_idle(console)
    assert execute(conninfo, RUNNING) == []
    line = next(line for line in console.text.splitlines() if line.startswith("rows "))
    assert re.search(r"\?+[▁-█]", line)
    await press_and_wait(console, "b")


async def hits_come_one_by_one_and_esc_stops_the_search_on_the_server(console: ConsoleDriver, conninfo: str) -> None:
    hits = ids_by_sql(conninfo, f"{OF_ACME} and ip_address <<= '10.0.7.0/24'")
    assert len(hits) == 3
    await type_filter(console, "ip:10.0.7.0/24")
    await console.wait_for(lambda: pane(console).window.entries)
    assert re.search(r"searched back to 2025-12-31 \d\d:\d\d UTC \.\.\. esc stops", console.text)
    assert [line.row.id for line in pane(console).window.lines()] == hits[:1]
    await console.press("escape")
    await console.wait_for("; down continues the search")
    await wait_until_idle(console)
    assert execute(conninfo, RUNNING) == []
    assert console.page.filter_text
    assert [line.row.id for line in pane(console).window.lines()] == hits[:1]
    await console.press("down")
    await console.wait_for("no older row matches this filter")
    assert [line.row.id for line in pane(console).window.lines()] == hits


async def no_histogram_stands_under_the_name_of_another_filter(console: ConsoleDriver) -> None:
    await apply_filter(console, "since:2025-12-31T23:50")
    await press_and_wait(console, "b")
    await console.wait_for("max ")
    await type_filter(console, "ip:192.0.2.1")
    await console.wait_for("... esc stops")
    assert "max " not in console.text
    await console.press("escape")
    await console.wait_for("; down continues the search")
    assert "max " not in console.text
    await press_and_wait(console, "b")


async def a_search_that_was_stopped_stays_so_when_a_followed_row_comes(console: ConsoleDriver, conninfo: str) -> None:
    await apply_filter(console, "since:2025-12-31T23:50")
    await press_and_wait(console, "f")
    await console.wait_for(lambda: follows(console))
    await type_filter(console, "ip:192.0.2.1")
    await console.wait_for("... esc stops")
    await console.press("escape")
    await console.wait_for("; down continues the search")
    # Without a hit too it goes on where it was stopped.
    reached = pane(console).window.searched_to
    assert reached is not None
    await console.press("down")
    await console.wait_for(lambda: (pane(console).window.searched_to or reached) < reached)
    await console.press("escape")
    await console.wait_for("; down continues the search")
    with psycopg.connect(conninfo) as connection:
        log_row(connection, action="followed", ip_address="192.0.2.1")
    await wait_for_rows(console, "followed")
    await console.pilot.pause()
    assert "; down continues the search" in console.text
    assert pane(console).state.reading is Reading.STOPPED
    await press_and_wait(console, "f")


async def esc_stops_looking_through_newer_rows_and_keeps_the_filter(console: ConsoleDriver) -> None:
    await type_filter(console, "ip:198.51.100.1")
    await console.wait_for("... esc stops")
    await console.press("end")
    await console.wait_for("searching from the oldest row up ... esc stops")
    await console.press("escape")
    await wait_for_status(console, "Stopped.")
    assert console.page.filter_text == "ip:198.51.100.1"


async def another_filter_takes_its_place_at_once(console: ConsoleDriver, conninfo: str) -> None:
    """Nothing of the one before comes after it."""
    await console.press("slash", "ctrl+u")
    await console.type("ip:10.0.7.0/24")
    await console.press("enter", "slash", "ctrl+u")
    await console.type("since:2025-12-31T23:50 until:2026-01-01")
    await console.press("enter")
    await wait_until_idle(console)
    expected = ids_by_sql(conninfo, f"{OF_ACME} and created_at >= '2025-12-31 23:50+00' and created_at < '2026-01-02'")
    assert visible_ids(console) == expected[: body(console).lines_seen]
