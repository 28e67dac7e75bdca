"""Section 4 where one thing overtakes another: keys before rows are there, rows while keys are pressed, ends unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import psycopg
import pytest

from tests.screens.audit.driver import (
    OF_ACME,
    apply,
    asked,
    body,
    current,
    listed,
    log,
    of_sql,
    pane,
    press,
    said,
    seen,
    settled,
)
from tests.support.log_rows import fill_log, log_row, slow_log_of_eve
from tests.support.numbers import create_people
from tests.support.sitting import ASHA
from tests.support.terminal.console_app import console, piloted
from tui.screens.audit import names_and_matches
from tui.screens.audit.screen import AuditScreen
from tui.screens.audit.state import Reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.terminal.console_app import Console

LOCK = "lock table integration_audit_logs in access exclusive mode"


@pytest.fixture
def slow_log(keyed_database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """600 rows that take the server a while each, looked through in small windows."""
    return slow_log_of_eve(keyed_database, monkeypatch, 600, "> 0", seconds="0.003")


def follows(it: Console) -> bool:
    """Whether new rows are looked for."""
    return any(worker.group == "follow" and worker.is_running for worker in it.app.workers)


def says_following(it: Console) -> bool:
    """Whether the context line says that new rows are shown, or counted."""
    return any(word in it.text.splitlines()[1] for word in ("following", "paused"))


async def test_a_key_that_reads_while_a_filter_is_opened_reads_the_rows_of_that_filter(keyed_database: str) -> None:
    fill_log(keyed_database, 300)
    wanted = of_sql(keyed_database, f"{OF_ACME} and status = 'failed'")
    async with log(keyed_database) as it:
        with psycopg.connect(keyed_database) as blocker:
            blocker.execute(LOCK)
            await it.press("f", "slash")
            await it.type("status:failed")
            await it.press("enter")
            await it.wait_for(lambda: it.page.filter_text)
            body(it).action_end(1)
            await it.pilot.pause()
            blocker.rollback()
        await settled(it)
        assert [line.row.id for line in pane(it).window.lines()][-1] == wanted[-1]
        assert set(seen(it)) <= set(wanted)
        assert f"{len(wanted)} rows" in it.text
        assert says_following(it) == follows(it)


@pytest.mark.parametrize("key", ["escape", "f"])
async def test_following_that_is_given_up_before_it_began_follows_nothing(keyed_database: str, key: str) -> None:
    fill_log(keyed_database, 60)
    async with log(keyed_database) as it:
        with psycopg.connect(keyed_database) as blocker:
            blocker.execute(LOCK)
            await it.press("f")
            await it.wait_for("Loading the log")
            await it.press(key)
            await it.pilot.pause()
            blocker.rollback()
        await settled(it)
        assert not says_following(it)
        assert not follows(it)
        assert "Loading" not in it.text
        assert seen(it)
        before = current(it)
        await press(it, "down")
        assert current(it) != before


@pytest.mark.parametrize("timed", [True, False])
async def test_a_row_deep_among_rows_of_one_time_or_of_none_is_found_again(keyed_database: str, *, timed: bool) -> None:
    with psycopg.connect(keyed_database) as connection:
        for n in range(300):
            log_row(connection, id=UUID(int=n), timed=timed, action="deep" if n in (70, 200) else "email_sent")
        log_row(connection, created_at="2026-01-01 00:00+00")
    everything = of_sql(keyed_database)
    deep = of_sql(keyed_database, "action = 'deep'")
    async with log(keyed_database) as it:
        await apply(it, "action:deep", "s")
        found = [current(it)]
        await press(it, "n")
        found.append(current(it))
        assert found == deep
        await press(it, "r")
        assert current(it) == deep[1]
        shown = seen(it)
        at = everything.index(shown[0])
        assert shown == everything[at : at + len(shown)]
        await press(it, "N")
        assert current(it) == deep[0]


async def test_the_row_beside_one_in_full_is_beside_it_though_new_ones_came_on_top(keyed_database: str) -> None:
    with psycopg.connect(keyed_database) as connection:
        for n in range(3):
            log_row(connection, action=f"old_{n}", created_at=f"2026-01-01 00:0{n}+00")
    async with log(keyed_database) as it:
        await press(it, "f")
        await press(it, "enter")
        await it.wait_for("old_2: success")
        with psycopg.connect(keyed_database) as connection:
            for n in range(2):
                log_row(connection, action=f"fresh_{n}", created_at=f"2026-11-01 00:0{n}+00")
            log_row(connection, action="fresh_2")
        await it.wait_for(lambda: pane(it).window.entries[0].headline.action == "fresh_2")
        await it.press("right")
        await it.wait_for("old_1: success")


async def test_how_an_export_ended_is_read_after_a_filter_was_typed_meanwhile(
    keyed_database: str, tmp_path: Path
) -> None:
    fill_log(keyed_database, 60)
    async with log(keyed_database, size=(120, 24)) as it:
        with psycopg.connect(keyed_database) as blocker:
            blocker.execute(LOCK)
            await it.press("x")
            await asked(it)
            await it.press("ctrl+u")
            await it.type(str(tmp_path / "log.jsonl"))
            await it.press("enter")
            await it.wait_for("the log says so first")
            await it.press("slash")
            await it.type("status:failed")
            blocker.rollback()
        await it.wait_for((tmp_path / "log.jsonl.manifest.json").exists)
        await it.wait_for(lambda: not it.page.unsaved())
        await it.press("enter")
        await settled(it)
        assert "/status:failed" in it.text
        await said(it, "the manifest is beside it")


async def test_an_export_to_the_home_of_nobody_is_a_file_that_cannot_be_made(keyed_database: str) -> None:
    async with log(keyed_database) as it:
        await it.press("x")
        await asked(it)
        await it.press("ctrl+u")
        await it.type("~nobody_is_called_that/log.csv")
        await it.press("enter")
        await said(it, "could not be")
        assert it.app.is_running


async def test_people_in_view_keep_their_names_however_many_others_were_met(
    keyed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names_and_matches, "MOST_PEOPLE", 20)
    create_people(keyed_database)
    fill_log(keyed_database, 60)
    with psycopg.connect(keyed_database) as connection:
        for _ in range(30):
            log_row(connection, user_id=ASHA)
    async with log(keyed_database) as it:
        await press(it, "pagedown", "pagedown", "pagedown", "g")
        name = "Asha"
        assert all(name in line for line in it.text.splitlines()[3 : 3 + body(it).lines_seen])


async def test_esc_stops_looking_through_newer_rows_and_keeps_the_filter(slow_log: str) -> None:
    async with log(slow_log) as it:
        await apply(it, "call_made")
        await press(it, "G")
        await it.press(*["pageup"] * 3)
        await it.wait_for(lambda: pane(it).state.reading is Reading.NEWER)
        await it.press("escape")
        assert it.page.filter_text
        await said(it, "Stopped.")


async def test_a_search_that_was_stopped_stays_so_when_a_followed_row_comes(slow_log: str) -> None:
    async with log(slow_log) as it:
        await it.press("f")
        await it.wait_for(lambda: follows(it))
        await settled(it)
        await it.press("slash")
        await it.type("ip:192.0.2.1")
        await it.press("enter")
        await it.wait_for("... esc stops")
        await it.press("escape")
        await it.wait_for("; down searches on")
        with psycopg.connect(slow_log.replace("eve@", "postgres@")) as connection:
            log_row(connection, action="followed", ip_address="192.0.2.1")
        await listed(it, "followed")
        await it.pilot.pause()
        assert "; down searches on" in it.text
        assert pane(it).state.reading is Reading.STOPPED


async def test_the_list_has_the_keys_again_after_filters_without_a_row(keyed_database: str) -> None:
    fill_log(keyed_database, 60)
    async with log(keyed_database) as it:
        await apply(it, "action:nothing_like_it")
        await it.wait_for("No row of the log is in this filter.")
        await press(it, "ctrl+g")
        await it.type("2024-01-01")
        await press(it, "enter")
        assert "oldest row" not in it.status
        await press(it, "slash", "escape")
        await apply(it, "action:nothing_like_it_either")
        await apply(it, "status:failed")
        before = current(it)
        await press(it, "down")
        assert current(it) != before


async def test_following_without_a_connection_leaves_what_is_said_of_it(keyed_database: str) -> None:
    async with piloted(console(f"{keyed_database}_that_is_not_there")) as it:
        await it.wait_for("no connection")
        await it.press("4")
        await it.wait_for(lambda: isinstance(it.app.screen, AuditScreen))
        before = it.text
        await press(it, "f")
        assert it.text == before


async def test_a_question_that_takes_the_place_of_another_is_asked_and_gives_the_list_its_keys_back(
    filled_log: str,
) -> None:
    async with log(filled_log) as it:
        before = current(it)
        await it.press("x")
        await asked(it)
        # What the palette does, which opens over a question too.
        await it.app.screen.run_action("jump")
        await it.wait_for("Go to which date or time")
        await it.pilot.pause()
        assert "Export the rows" not in it.text
        await it.type("2025-12-31 16:30")
        await press(it, "enter")
        assert not it.page.prompt.is_asking
        assert current(it) != before
        await press(it, "up")
