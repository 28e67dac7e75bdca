"""Section 4 where one thing overtakes another: keys before rows are there, rows while keys are pressed, ends unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import psycopg
import pytest

from tests.screens.audit.driver import (
    OF_ACME,
    apply_filter,
    audit_log,
    body,
    current_id,
    ids_by_sql,
    pane,
    press_and_wait,
    visible_ids,
    wait_for_question,
    wait_for_rows,
    wait_for_status,
    wait_until_idle,
)
from tests.support.acme import ASHA
from tests.support.database.log_rows import fill_log, log_row, slow_log_of_eve
from tests.support.database.number_rows import create_people
from tests.support.terminal.console_driver import new_app, run_headless
from tui.screens.audit import names_and_matches
from tui.screens.audit.screen import AuditScreen
from tui.screens.audit.state import Reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.terminal.console_driver import ConsoleDriver

LOCK = "lock table integration_audit_logs in access exclusive mode"


@pytest.fixture
def slow_log(keyed_database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """600 rows that take the server a while each, looked through in small windows."""
    return slow_log_of_eve(keyed_database, monkeypatch, 600, "> 0", seconds="0.003")


def follows(console: ConsoleDriver) -> bool:
    """Whether new rows are looked for."""
    return any(worker.group == "follow" and worker.is_running for worker in console.app.workers)


def says_following(console: ConsoleDriver) -> bool:
    """Whether the context line says that new rows are shown, or counted."""
    return any(word in console.text.splitlines()[1] for word in ("following", "paused"))


async def test_a_key_that_reads_while_a_filter_is_opened_reads_the_rows_of_that_filter(keyed_database: str) -> None:
    fill_log(keyed_database, 300)
    failed = ids_by_sql(keyed_database, f"{OF_ACME} and status = 'failed'")
    async with audit_log(keyed_database) as console:
        with psycopg.connect(keyed_database) as blocker:
            blocker.execute(LOCK)
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


@pytest.mark.parametrize("key", ["escape", "f"])
async def test_following_that_is_given_up_before_it_began_follows_nothing(keyed_database: str, key: str) -> None:
    fill_log(keyed_database, 60)
    async with audit_log(keyed_database) as console:
        with psycopg.connect(keyed_database) as blocker:
            blocker.execute(LOCK)
            await console.press("f")
            await console.wait_for("Loading the log")
            await console.press(key)
            await console.pilot.pause()
            blocker.rollback()
        await wait_until_idle(console)
        assert not says_following(console)
        assert not follows(console)
        assert "Loading" not in console.text
        assert visible_ids(console)
        before = current_id(console)
        await press_and_wait(console, "down")
        assert current_id(console) != before


@pytest.mark.parametrize("timed", [True, False])
async def test_a_row_deep_among_rows_of_one_time_or_of_none_is_found_again(keyed_database: str, *, timed: bool) -> None:
    with psycopg.connect(keyed_database) as connection:
        for n in range(300):
            log_row(connection, id=UUID(int=n), timed=timed, action="deep" if n in (70, 200) else "email_sent")
        log_row(connection, created_at="2026-01-01 00:00+00")
    everything = ids_by_sql(keyed_database)
    deep = ids_by_sql(keyed_database, "action = 'deep'")
    async with audit_log(keyed_database) as console:
        await apply_filter(console, "action:deep", "s")
        visited = [current_id(console)]
        await press_and_wait(console, "n")
        visited.append(current_id(console))
        assert visited == deep
        await press_and_wait(console, "r")
        assert current_id(console) == deep[1]
        shown = visible_ids(console)
        at = everything.index(shown[0])
        assert shown == everything[at : at + len(shown)]
        await press_and_wait(console, "N")
        assert current_id(console) == deep[0]


async def test_the_row_beside_one_in_full_is_beside_it_though_new_ones_came_on_top(keyed_database: str) -> None:
    with psycopg.connect(keyed_database) as connection:
        for n in range(3):
            log_row(connection, action=f"old_{n}", created_at=f"2026-01-01 00:0{n}+00")
    async with audit_log(keyed_database) as console:
        await press_and_wait(console, "f")
        await press_and_wait(console, "enter")
        await console.wait_for("old_2: success")
        with psycopg.connect(keyed_database) as connection:
            for n in range(2):
                log_row(connection, action=f"fresh_{n}", created_at=f"2026-11-01 00:0{n}+00")
            log_row(connection, action="fresh_2")
        await console.wait_for(lambda: pane(console).window.entries[0].headline.action == "fresh_2")
        await console.press("right")
        await console.wait_for("old_1: success")


async def test_how_an_export_ended_is_read_after_a_filter_was_typed_meanwhile(
    keyed_database: str, tmp_path: Path
) -> None:
    fill_log(keyed_database, 60)
    async with audit_log(keyed_database, size=(120, 24)) as console:
        with psycopg.connect(keyed_database) as blocker:
            blocker.execute(LOCK)
            await console.press("x")
            await wait_for_question(console)
            await console.press("ctrl+u")
            await console.type(str(tmp_path / "log.jsonl"))
            await console.press("enter")
            await console.wait_for("the log says so first")
            await console.press("slash")
            await console.type("status:failed")
            blocker.rollback()
        await console.wait_for((tmp_path / "log.jsonl.manifest.json").exists)
        await console.wait_for(lambda: not console.page.unsaved())
        await console.press("enter")
        await wait_until_idle(console)
        assert "/status:failed" in console.text
        await wait_for_status(console, "the manifest is beside it")


async def test_an_export_to_the_home_of_nobody_is_a_file_that_cannot_be_made(keyed_database: str) -> None:
    async with audit_log(keyed_database) as console:
        await console.press("x")
        await wait_for_question(console)
        await console.press("ctrl+u")
        await console.type("~nobody_is_called_that/log.csv")
        await console.press("enter")
        await wait_for_status(console, "could not be")
        assert console.app.is_running


async def test_people_in_view_keep_their_names_however_many_others_were_met(
    keyed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names_and_matches, "MOST_PEOPLE", 20)
    create_people(keyed_database)
    fill_log(keyed_database, 60)
    with psycopg.connect(keyed_database) as connection:
        for _ in range(30):
            log_row(connection, user_id=ASHA)
    async with audit_log(keyed_database) as console:
        await press_and_wait(console, "pagedown", "pagedown", "pagedown", "g")
        name = "Asha"
        assert all(name in line for line in console.text.splitlines()[3 : 3 + body(console).lines_seen])


async def test_esc_stops_looking_through_newer_rows_and_keeps_the_filter(slow_log: str) -> None:
    async with audit_log(slow_log) as console:
        await apply_filter(console, "call_made")
        await press_and_wait(console, "G")
        await console.press(*["pageup"] * 3)
        await console.wait_for(lambda: pane(console).state.reading is Reading.NEWER)
        await console.press("escape")
        assert console.page.filter_text
        await wait_for_status(console, "Stopped.")


async def test_a_search_that_was_stopped_stays_so_when_a_followed_row_comes(slow_log: str) -> None:
    async with audit_log(slow_log) as console:
        await console.press("f")
        await console.wait_for(lambda: follows(console))
        await wait_until_idle(console)
        await console.press("slash")
        await console.type("ip:192.0.2.1")
        await console.press("enter")
        await console.wait_for("... esc stops")
        await console.press("escape")
        await console.wait_for("; down searches on")
        with psycopg.connect(slow_log.replace("eve@", "postgres@")) as connection:
            log_row(connection, action="followed", ip_address="192.0.2.1")
        await wait_for_rows(console, "followed")
        await console.pilot.pause()
        assert "; down searches on" in console.text
        assert pane(console).state.reading is Reading.STOPPED


async def test_the_list_has_the_keys_again_after_filters_without_a_row(keyed_database: str) -> None:
    fill_log(keyed_database, 60)
    async with audit_log(keyed_database) as console:
        await apply_filter(console, "action:nothing_like_it")
        await console.wait_for("No row of the log is in this filter.")
        await press_and_wait(console, "ctrl+g")
        await console.type("2024-01-01")
        await press_and_wait(console, "enter")
        assert "oldest row" not in console.status
        await press_and_wait(console, "slash", "escape")
        await apply_filter(console, "action:nothing_like_it_either")
        await apply_filter(console, "status:failed")
        before = current_id(console)
        await press_and_wait(console, "down")
        assert current_id(console) != before


async def test_following_without_a_connection_leaves_what_is_said_of_it(keyed_database: str) -> None:
    async with run_headless(new_app(f"{keyed_database}_that_is_not_there")) as console:
        await console.wait_for("no connection")
        await console.press("4")
        await console.wait_for(lambda: isinstance(console.app.screen, AuditScreen))
        before = console.text
        await press_and_wait(console, "f")
        assert console.text == before


async def test_a_question_that_takes_the_place_of_another_is_asked_and_gives_the_list_its_keys_back(
    filled_log: str,
) -> None:
    async with audit_log(filled_log) as console:
        before = current_id(console)
        await console.press("x")
        await wait_for_question(console)
        # What the palette does, which opens over a question too.
        await console.app.screen.run_action("jump")
        await console.wait_for("Go to which date or time")
        await console.pilot.pause()
        assert "Export the rows" not in console.text
        await console.type("2025-12-31 16:30")
        await press_and_wait(console, "enter")
        assert not console.page.prompt.is_asking
        assert current_id(console) != before
        await press_and_wait(console, "up")
