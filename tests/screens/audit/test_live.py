"""Section 4 while things happen: rows that come, a connection that goes, exports that run."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg

from tests.screens.audit.driver import (
    OF_ACME,
    apply_filter,
    audit_log,
    body,
    current_id,
    ids_by_sql,
    log_slow_to_export,
    pane,
    press_and_wait,
    visible_ids,
    wait_for_question,
    wait_for_rows,
    wait_for_status,
    wait_until_idle,
)
from tests.support.commands import execute
from tests.support.database.log_rows import log_row
from tui.data import directory
from tui.data.audit.tail import follow
from tui.screens.audit import export as audit_export
from tui.screens.audit import live_updates

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    import pytest

    from tests.support.servers.postgres import TestServer
    from tests.support.terminal.console_driver import ConsoleDriver
    from tui.data.postgres.database import Database


def write(conninfo: str, count: int = 1, **columns: Any) -> None:
    with psycopg.connect(conninfo) as connection:
        for _ in range(count):
            log_row(connection, **columns)


async def test_new_rows_come_on_top_and_leave_whoever_reads_where_they_are(
    keyed_database: str, postgres: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_updates, "follow", partial(follow, interval=0.1))
    write(keyed_database, 30, created_at="2025-01-01 00:00+00")
    async with audit_log(keyed_database) as console:
        await new_rows_are_shown_and_counted_while_the_cursor_is_elsewhere(console, keyed_database)
        await a_row_is_counted_where_one_moves_away_while_its_person_is_looked_up(console, keyed_database, monkeypatch)
        await rows_of_one_operation_fold_and_space_shows_and_hides_them(console, keyed_database)
        await the_row_beside_one_in_full_is_beside_it_though_more_came_than_are_held(console, keyed_database)
        await following_goes_on_after_the_connection_was_lost(console, keyed_database, postgres)


async def new_rows_are_shown_and_counted_while_the_cursor_is_elsewhere(console: ConsoleDriver, conninfo: str) -> None:
    before = ids_by_sql(conninfo)
    await press_and_wait(console, "f")
    assert "following" in console.text
    assert "30 rows" in console.text
    write(conninfo, action="fresh_one")
    await wait_for_rows(console, "fresh_one")
    assert visible_ids(console) == ids_by_sql(conninfo)[: body(console).lines_seen]
    assert (body(console).cursor, current_id(console)) == (0, ids_by_sql(conninfo)[0])
    await console.wait_for(lambda: "30 rows" not in console.text)
    await press_and_wait(console, "down", "down")
    assert "paused (g)" in console.text
    write(conninfo, 2, action="later_one")
    await console.wait_for("paused, 2 new (g)")
    assert current_id(console) == before[1]
    assert "later_one" not in console.text
    await press_and_wait(console, "g")
    await wait_for_rows(console, "later_one")
    await wait_until_idle(console)
    assert visible_ids(console) == ids_by_sql(conninfo)[: body(console).lines_seen]
    assert " following" in console.text


async def a_row_is_counted_where_one_moves_away_while_its_person_is_looked_up(
    console: ConsoleDriver, conninfo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_for, go_on, look_up = asyncio.Event(), asyncio.Event(), directory.people_by_id

    async def at_length(database: Database, ids: set[UUID]) -> object:
        asked_for.set()
        await go_on.wait()
        return await look_up(database, ids)

    with monkeypatch.context() as slowly:
        slowly.setattr(directory, "people_by_id", at_length)
        write(conninfo, action="of_somebody_new", user_id=uuid4())
        await console.wait_for(asked_for.is_set)
        await console.press("down")
        go_on.set()
        await console.wait_for("paused, 1 new (g)")
    await press_and_wait(console, "home")
    await console.wait_for("of_somebody_new")


async def rows_of_one_operation_fold_and_space_shows_and_hides_them(console: ConsoleDriver, conninfo: str) -> None:
    details = {"operation_id": "one", "source": "trigger", "session_user": "app"}
    now = datetime.now(UTC)
    with psycopg.connect(conninfo) as connection:
        for n in range(3):
            log_row(connection, action=f"number_added_{n}", details=details, created_at=now)
        act = details | {"source": "switchboard"}
        log_row(connection, action="numbers_synced", details=act, created_at=now + timedelta(milliseconds=1))
    await console.wait_for("4 rows: Zoho Mail numbers synced")
    assert "4 rows of one operation: space unfolds them" in console.text
    assert "number_added" not in console.text
    await press_and_wait(console, "space", "down", "down")
    text = console.text
    assert re.search(r" -2\d{3}-.* Zoho Mail numbers synced", text)
    assert re.search(r" \|2\d{3}-.* number_added_0", text)
    assert "number_added_2" in text
    await press_and_wait(console, "space")
    assert "number_added" not in console.text
    assert "4 rows: Zoho Mail numbers synced" in console.text.splitlines()[3 + body(console).cursor]
    # A match that is folded away is unfolded.
    await apply_filter(console, "action:number_added_1", "s")
    assert "number_added_1" in console.text.splitlines()[3 + body(console).cursor]
    await press_and_wait(console, "escape", "w")
    await console.wait_for("[o] the operation")
    await press_and_wait(console, "o")
    await console.wait_for("4 rows")
    assert "fresh_one" not in console.text
    await press_and_wait(console, "escape", "g")


async def the_row_beside_one_in_full_is_beside_it_though_more_came_than_are_held(
    console: ConsoleDriver, conninfo: str
) -> None:
    opened = current_id(console)
    await press_and_wait(console, "enter")
    window = pane(console).window
    write(conninfo, action="one_more")
    await console.wait_for(lambda: window.entries[0].headline.action == "one_more")
    everything = ids_by_sql(conninfo)
    await console.press("right")
    # The entry under the cursor is one line, and the next line is the next entry.
    assert console.page._row.id == everything[everything.index(opened) + 4]
    await press_and_wait(console, "escape", "g")
    opened = current_id(console)
    await press_and_wait(console, "enter")
    window = pane(console).window
    write(conninfo, 400, action="many_more")
    await console.wait_for(lambda: window.entry_of(opened) is None)
    everything = ids_by_sql(conninfo)
    await console.press("right")
    assert "There is no older row here yet." in console.status
    await console.wait_for(lambda: all(worker.is_finished for worker in console.app.workers if worker.group == "load"))
    await console.press("right")
    assert console.page._row.id == everything[everything.index(opened) + 1]
    await press_and_wait(console, "escape", "g")


async def following_goes_on_after_the_connection_was_lost(
    console: ConsoleDriver, conninfo: str, postgres: TestServer
) -> None:
    await apply_filter(console, "status:failed")
    write(conninfo, action="other_one")
    write(conninfo, action="wanted_one", status="failed")
    await wait_for_rows(console, "wanted_one")
    assert "other_one" not in console.text
    name = conninfo.partition("@/")[2].partition("?")[0]
    with postgres.admin() as admin:
        admin.execute(f"alter database {name} allow_connections false".encode())
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
        await console.wait_for(lambda: console.app.connection.health.state == "lost")
        admin.execute(f"alter database {name} allow_connections true".encode())
    write(conninfo, action="meanwhile", status="failed")
    await console.wait_for(lambda: console.app.connection.health.state == "connected")
    await wait_for_rows(console, "meanwhile")
    write(conninfo, action="afterwards", status="failed")
    await wait_for_rows(console, "afterwards")
    assert "following" in console.text
    await press_and_wait(console, "f")
    assert "following" not in console.text.splitlines()[1]


async def test_exports_write_the_filter_and_are_stopped_only_by_who_says_so(
    keyed_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_export, "PROGRESS_EVERY_S", 0.1)
    monkeypatch.chdir(tmp_path)
    eve = log_slow_to_export(keyed_database, 3_000)
    async with audit_log(eve, size=(160, 30), SWITCHBOARD_READ_ONLY="1") as console:
        await an_export_is_stopped_with_esc_and_y_and_leaves_no_file(console, tmp_path)
        check_nothing_left(keyed_database, tmp_path, exports=1)
        await the_rows_of_a_filter_are_exported_also_in_read_only_mode(console, keyed_database, tmp_path)
        await an_export_that_runs_is_named_when_somebody_quits(console, tmp_path)
    check_nothing_left(keyed_database, tmp_path, exports=4)


async def begin_export(console: ConsoleDriver, name: str) -> None:
    await console.press("x")
    await wait_for_question(console)
    await console.press("ctrl+u")
    await console.type(name)
    await console.press("enter")


async def wait_until_exporting(console: ConsoleDriver, tmp_path: Path) -> None:
    await wait_for_status(console, "a second")
    assert re.search(r"Exporting: [\d,]+ rows?.*, [\d,]+ a second.* \.\.\. esc stops", console.status)
    assert (tmp_path / "stopped.jsonl.part").exists()


async def an_export_is_stopped_with_esc_and_y_and_leaves_no_file(console: ConsoleDriver, tmp_path: Path) -> None:
    await begin_export(console, "stopped.jsonl")
    await wait_until_exporting(console, tmp_path)
    await console.press("escape")
    await console.wait_for("Stop the export? No file is kept.")
    await console.press("n")
    assert "exporting" in console.text
    await console.press("escape")
    await console.wait_for("Stop the export?")
    await console.press("y")
    await wait_for_status(console, "Export stopped; no file was kept.")
    assert "exporting" not in console.text
    assert "2025-12-31" in console.text


async def the_rows_of_a_filter_are_exported_also_in_read_only_mode(
    console: ConsoleDriver, conninfo: str, tmp_path: Path
) -> None:
    await apply_filter(console, "status:failed since:2025-12-31T23:00")
    where = f"{OF_ACME} and status = 'failed' and created_at >= '2025-12-31 23:00+00'"
    expected = [str(row_id) for row_id in ids_by_sql(conninfo, where)]
    for ending in ("jsonl", "csv"):
        await begin_export(console, "log.txt")
        await console.wait_for("must end in .jsonl or .csv")
        await console.press(*["backspace"] * 3)
        await console.type(ending)
        await console.press("enter")
        await wait_for_status(console, "the manifest is beside it", f"Exported {len(expected)} rows")
        assert ("altered so that no field is a formula" in console.status) == (ending == "csv")
        text = (tmp_path / f"log.{ending}").read_text()
        assert all(row_id in text for row_id in expected)
        assert len(text.splitlines()) == len(expected) + (ending == "csv")
        manifest = json.loads((tmp_path / f"log.{ending}.manifest.json").read_text())
        assert manifest["rows"] == len(expected)
    await begin_export(console, "log.csv")
    await wait_for_status(console, "There is log.csv already")
    assert (tmp_path / "log.csv").read_text() == text
    # The home of nobody is a folder that is not there.
    await begin_export(console, "~nobody_is_called_that/log.csv")
    await wait_for_status(console, "could not be")
    await press_and_wait(console, "x", "escape")
    assert not console.page.prompt.is_asking
    empty(tmp_path)
    await press_and_wait(console, "escape")


def empty(folder: Path) -> None:
    """Delete the files in a folder."""
    for file in folder.iterdir():
        file.unlink()


async def an_export_that_runs_is_named_when_somebody_quits(console: ConsoleDriver, tmp_path: Path) -> None:
    await begin_export(console, "stopped.jsonl")
    await wait_until_exporting(console, tmp_path)
    await console.press("q")
    await console.wait_for("An export of the log is running. Leaving stops it")
    await console.press("escape")
    assert "exporting" in console.text
    await console.press("q")
    await console.wait_for("An export of the log is running")
    await console.press("d")
    await console.wait_for(lambda: console.app._exit)


def check_nothing_left(conninfo: str, folder: Path, exports: int) -> None:
    assert [path.name for path in folder.iterdir()] == []
    rows = "select status, details ->> 'error' from integration_audit_logs where action = 'log_exported'"
    ends = execute(conninfo, f"{rows} order by created_at")
    assert len(ends) == 2 * exports
    assert ends[-2:] == [("pending", None), ("failed", "cancelled")]
