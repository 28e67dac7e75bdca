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


def follows(ui: Console) -> bool:
    """Whether new rows are looked for."""
    return any(worker.group == "follow" and worker.is_running for worker in ui.app.workers)


def says_following(ui: Console) -> bool:
    """Whether the context line says that new rows are shown, or counted."""
    return any(word in ui.text.splitlines()[1] for word in ("following", "paused"))


async def test_a_key_that_reads_while_a_filter_is_opened_reads_the_rows_of_that_filter(keyed_database: str) -> None:
    fill_log(keyed_database, 300)
    wanted = ids_by_sql(keyed_database, f"{OF_ACME} and status = 'failed'")
    async with audit_log(keyed_database) as ui:
        with psycopg.connect(keyed_database) as blocker:
            blocker.execute(LOCK)
            await ui.press("f", "slash")
            await ui.type("status:failed")
            await ui.press("enter")
            await ui.wait_for(lambda: ui.page.filter_text)
            body(ui).action_end(1)
            await ui.pilot.pause()
            blocker.rollback()
        await wait_until_idle(ui)
        assert [line.row.id for line in pane(ui).window.lines()][-1] == wanted[-1]
        assert set(visible_ids(ui)) <= set(wanted)
        assert f"{len(wanted)} rows" in ui.text
        assert says_following(ui) == follows(ui)


@pytest.mark.parametrize("key", ["escape", "f"])
async def test_following_that_is_given_up_before_it_began_follows_nothing(keyed_database: str, key: str) -> None:
    fill_log(keyed_database, 60)
    async with audit_log(keyed_database) as ui:
        with psycopg.connect(keyed_database) as blocker:
            blocker.execute(LOCK)
            await ui.press("f")
            await ui.wait_for("Loading the log")
            await ui.press(key)
            await ui.pilot.pause()
            blocker.rollback()
        await wait_until_idle(ui)
        assert not says_following(ui)
        assert not follows(ui)
        assert "Loading" not in ui.text
        assert visible_ids(ui)
        before = current_id(ui)
        await press_and_wait(ui, "down")
        assert current_id(ui) != before


@pytest.mark.parametrize("timed", [True, False])
async def test_a_row_deep_among_rows_of_one_time_or_of_none_is_found_again(keyed_database: str, *, timed: bool) -> None:
    with psycopg.connect(keyed_database) as connection:
        for n in range(300):
            log_row(connection, id=UUID(int=n), timed=timed, action="deep" if n in (70, 200) else "email_sent")
        log_row(connection, created_at="2026-01-01 00:00+00")
    everything = ids_by_sql(keyed_database)
    deep = ids_by_sql(keyed_database, "action = 'deep'")
    async with audit_log(keyed_database) as ui:
        await apply_filter(ui, "action:deep", "s")
        found = [current_id(ui)]
        await press_and_wait(ui, "n")
        found.append(current_id(ui))
        assert found == deep
        await press_and_wait(ui, "r")
        assert current_id(ui) == deep[1]
        shown = visible_ids(ui)
        at = everything.index(shown[0])
        assert shown == everything[at : at + len(shown)]
        await press_and_wait(ui, "N")
        assert current_id(ui) == deep[0]


async def test_the_row_beside_one_in_full_is_beside_it_though_new_ones_came_on_top(keyed_database: str) -> None:
    with psycopg.connect(keyed_database) as connection:
        for n in range(3):
            log_row(connection, action=f"old_{n}", created_at=f"2026-01-01 00:0{n}+00")
    async with audit_log(keyed_database) as ui:
        await press_and_wait(ui, "f")
        await press_and_wait(ui, "enter")
        await ui.wait_for("old_2: success")
        with psycopg.connect(keyed_database) as connection:
            for n in range(2):
                log_row(connection, action=f"fresh_{n}", created_at=f"2026-11-01 00:0{n}+00")
            log_row(connection, action="fresh_2")
        await ui.wait_for(lambda: pane(ui).window.entries[0].headline.action == "fresh_2")
        await ui.press("right")
        await ui.wait_for("old_1: success")


async def test_how_an_export_ended_is_read_after_a_filter_was_typed_meanwhile(
    keyed_database: str, tmp_path: Path
) -> None:
    fill_log(keyed_database, 60)
    async with audit_log(keyed_database, size=(120, 24)) as ui:
        with psycopg.connect(keyed_database) as blocker:
            blocker.execute(LOCK)
            await ui.press("x")
            await wait_for_question(ui)
            await ui.press("ctrl+u")
            await ui.type(str(tmp_path / "log.jsonl"))
            await ui.press("enter")
            await ui.wait_for("the log says so first")
            await ui.press("slash")
            await ui.type("status:failed")
            blocker.rollback()
        await ui.wait_for((tmp_path / "log.jsonl.manifest.json").exists)
        await ui.wait_for(lambda: not ui.page.unsaved())
        await ui.press("enter")
        await wait_until_idle(ui)
        assert "/status:failed" in ui.text
        await wait_for_status(ui, "the manifest is beside it")


async def test_an_export_to_the_home_of_nobody_is_a_file_that_cannot_be_made(keyed_database: str) -> None:
    async with audit_log(keyed_database) as ui:
        await ui.press("x")
        await wait_for_question(ui)
        await ui.press("ctrl+u")
        await ui.type("~nobody_is_called_that/log.csv")
        await ui.press("enter")
        await wait_for_status(ui, "could not be")
        assert ui.app.is_running


async def test_people_in_view_keep_their_names_however_many_others_were_met(
    keyed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names_and_matches, "MOST_PEOPLE", 20)
    create_people(keyed_database)
    fill_log(keyed_database, 60)
    with psycopg.connect(keyed_database) as connection:
        for _ in range(30):
            log_row(connection, user_id=ASHA)
    async with audit_log(keyed_database) as ui:
        await press_and_wait(ui, "pagedown", "pagedown", "pagedown", "g")
        name = "Asha"
        assert all(name in line for line in ui.text.splitlines()[3 : 3 + body(ui).lines_seen])


async def test_esc_stops_looking_through_newer_rows_and_keeps_the_filter(slow_log: str) -> None:
    async with audit_log(slow_log) as ui:
        await apply_filter(ui, "call_made")
        await press_and_wait(ui, "G")
        await ui.press(*["pageup"] * 3)
        await ui.wait_for(lambda: pane(ui).state.reading is Reading.NEWER)
        await ui.press("escape")
        assert ui.page.filter_text
        await wait_for_status(ui, "Stopped.")


async def test_a_search_that_was_stopped_stays_so_when_a_followed_row_comes(slow_log: str) -> None:
    async with audit_log(slow_log) as ui:
        await ui.press("f")
        await ui.wait_for(lambda: follows(ui))
        await wait_until_idle(ui)
        await ui.press("slash")
        await ui.type("ip:192.0.2.1")
        await ui.press("enter")
        await ui.wait_for("... esc stops")
        await ui.press("escape")
        await ui.wait_for("; down searches on")
        with psycopg.connect(slow_log.replace("eve@", "postgres@")) as connection:
            log_row(connection, action="followed", ip_address="192.0.2.1")
        await wait_for_rows(ui, "followed")
        await ui.pilot.pause()
        assert "; down searches on" in ui.text
        assert pane(ui).state.reading is Reading.STOPPED


async def test_the_list_has_the_keys_again_after_filters_without_a_row(keyed_database: str) -> None:
    fill_log(keyed_database, 60)
    async with audit_log(keyed_database) as ui:
        await apply_filter(ui, "action:nothing_like_it")
        await ui.wait_for("No row of the log is in this filter.")
        await press_and_wait(ui, "ctrl+g")
        await ui.type("2024-01-01")
        await press_and_wait(ui, "enter")
        assert "oldest row" not in ui.status
        await press_and_wait(ui, "slash", "escape")
        await apply_filter(ui, "action:nothing_like_it_either")
        await apply_filter(ui, "status:failed")
        before = current_id(ui)
        await press_and_wait(ui, "down")
        assert current_id(ui) != before


async def test_following_without_a_connection_leaves_what_is_said_of_it(keyed_database: str) -> None:
    async with piloted(console(f"{keyed_database}_that_is_not_there")) as ui:
        await ui.wait_for("no connection")
        await ui.press("4")
        await ui.wait_for(lambda: isinstance(ui.app.screen, AuditScreen))
        before = ui.text
        await press_and_wait(ui, "f")
        assert ui.text == before


async def test_a_question_that_takes_the_place_of_another_is_asked_and_gives_the_list_its_keys_back(
    filled_log: str,
) -> None:
    async with audit_log(filled_log) as ui:
        before = current_id(ui)
        await ui.press("x")
        await wait_for_question(ui)
        # What the palette does, which opens over a question too.
        await ui.app.screen.run_action("jump")
        await ui.wait_for("Go to which date or time")
        await ui.pilot.pause()
        assert "Export the rows" not in ui.text
        await ui.type("2025-12-31 16:30")
        await press_and_wait(ui, "enter")
        assert not ui.page.prompt.is_asking
        assert current_id(ui) != before
        await press_and_wait(ui, "up")
