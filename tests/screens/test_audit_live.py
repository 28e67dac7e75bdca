"""Section 4 while things happen: following, the histogram, folding, exports, and rows that mean harm."""

from __future__ import annotations

import json
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.hostile import UNSAFE, hostile_strings
from tests.screens.log_driver import (
    OF_ACME,
    apply,
    body,
    current,
    log,
    of_sql,
    pane,
    press,
    seen,
    settled,
)
from tests.support.commands import execute
from tests.support.log_rows import fill_log, log_row
from tests.support.sitting import ACME
from tui.screens.log_ruler import LogRuler
from tui.widgets.time_ruler import BARS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.console_app import Console
    from tests.support.postgres import TestServer

FAILED = "status:failed"


def slow_for_eve(connection: psycopg.Connection[Any], seconds: str = "0") -> None:
    """Make a login that may read everything, and takes so long for each row: an expression of n."""
    connection.execute("create role eve login")
    connection.execute("grant usage on schema switchboard to eve")
    connection.execute("grant select on all tables in schema public, switchboard to eve")
    connection.execute("grant execute on all functions in schema switchboard to eve")
    for setting in ("enable_seqscan", "enable_sort", "enable_bitmapscan"):
        connection.execute(f"alter role eve set {setting} = off".encode())
    slowly = f"(select pg_sleep({seconds})::text = '' from (select (details ->> 'n')::int) as of_row (n))"
    condition = "true" if seconds == "0" else f"case when details ->> 'n' is null then true else {slowly} end"
    connection.execute(f"create policy slow on integration_audit_logs for select to eve using ({condition})".encode())


def write(conninfo: str, count: int = 1, **columns: Any) -> None:
    with psycopg.connect(conninfo) as connection:
        for _ in range(count):
            log_row(connection, **columns)


class TestFollowing:
    async def test_shows_new_rows_on_top_and_counts_them_while_the_cursor_is_elsewhere(
        self, keyed_database: str
    ) -> None:
        write(keyed_database, 30, created_at="2026-01-01 00:00+00")
        async with log(keyed_database) as it:
            before = of_sql(keyed_database)
            await press(it, "f")
            assert "following" in it.text
            assert "30 rows" in it.text
            write(keyed_database, action="fresh_one")
            await it.wait_for("fresh_one")
            assert seen(it) == of_sql(keyed_database)[: body(it).lines_seen]
            assert (body(it).cursor, current(it)) == (0, of_sql(keyed_database)[0])
            assert "30 rows" not in it.text
            await press(it, "down", "down")
            assert "paused (g)" in it.text
            write(keyed_database, 2, action="later_one")
            await it.wait_for("paused, 2 new (g)")
            assert current(it) == before[1]
            assert "later_one" not in it.text
            await press(it, "g")
            await it.wait_for("later_one")
            await settled(it)
            assert seen(it) == of_sql(keyed_database)[: body(it).lines_seen]
            assert " following" in it.text
            await press(it, "f")
            assert "following" not in it.text.splitlines()[1]

    async def test_shows_only_rows_of_the_filter_and_goes_on_after_the_connection_was_lost(
        self, keyed_database: str, postgres: TestServer
    ) -> None:
        write(keyed_database, created_at="2026-01-01 00:00+00", status="failed", action="old_one")
        async with log(keyed_database) as it:
            await apply(it, FAILED)
            await press(it, "f")
            write(keyed_database, action="other_one")
            write(keyed_database, action="wanted_one", status="failed")
            await it.wait_for("wanted_one")
            assert "other_one" not in it.text
            name = keyed_database.partition("@/")[2].partition("?")[0]
            with postgres.admin() as admin:
                admin.execute(f"alter database {name} allow_connections false".encode())
                admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
                await it.wait_for("connection lost")
                admin.execute(f"alter database {name} allow_connections true".encode())
            write(keyed_database, action="meanwhile", status="failed")
            await it.wait_for("● connected")
            await it.wait_for("meanwhile")
            write(keyed_database, action="afterwards", status="failed")
            await it.wait_for("afterwards")
            assert "following" in it.text

    async def test_of_an_empty_log_shows_its_first_row_and_says_when_it_cannot_go_on(self, keyed_database: str) -> None:
        with psycopg.connect(keyed_database) as connection:
            slow_for_eve(connection)
        async with log(keyed_database.replace("postgres@", "eve@")) as it:
            await press(it, "f")
            write(keyed_database, action="first_one")
            await it.wait_for("first_one")
            execute(keyed_database, "revoke select on integration_audit_logs from eve")
            await it.wait_for(lambda: "permission" in it.status.lower() or "may not" in it.status)
            await it.wait_for(lambda: "following" not in it.text.splitlines()[1])


class TestTheHistogram:
    @pytest.mark.parametrize("text", ["", "type:zoho_mail since:2025-12-31T12:00"])
    async def test_draws_what_sql_counts_with_the_failed_apart(self, filled_log: str, text: str) -> None:
        where = OF_ACME
        if text:
            where += " and integration_type = 'zoho_mail' and created_at >= '2025-12-31 12:00+00'"
        query = f"""
            select extract(hour from created_at)::int, count(*), count(*) filter (where status = 'failed')
              from integration_audit_logs where {where} and created_at is not null group by 1 order by 1"""
        counted = execute(filled_log, query)
        async with log(filled_log) as it:
            await apply(it, text)
            assert "▲" in it.text
            await press(it, "b")
            ruler = it.page.query_one(LogRuler)
            for at, label in ((1, "rows"), (2, "failed")):
                values = [row[at] for row in counted]
                line = next(one for one in it.text.splitlines() if one.startswith(f"{label} "))
                bars, width = line[12 : 12 + ruler.track], ruler.track
                expected = [BARS[-(-value * 8 // max(values)) - 1] if value else " " for value in values]
                assert bars == "".join(expected[cell * len(values) // width] for cell in range(width))
                assert f"max {max(values)}/hour" in line
            marker = next(one for one in it.text.splitlines() if "▲" in one).index("▲") - 12
            assert marker == ruler.track - 1
            await press(it, "G", *["up"] * 40)
            row = pane(it).current
            assert row
            assert row.created_at
            hours = (row.created_at.hour + row.created_at.minute / 60) - counted[0][0]
            marker = next(one for one in it.text.splitlines() if "▲" in one).index("▲") - 12
            assert abs(marker - hours / len(counted) * ruler.track) < 1
            await press(it, "b")
            assert "max " not in it.text

    async def test_stops_with_esc_and_shows_what_was_not_counted(self, keyed_database: str) -> None:
        fill_log(keyed_database, 600)
        with psycopg.connect(keyed_database) as connection:
            slow_for_eve(connection, "case when n <= 400 then 0.004 else 0 end")
        async with log(keyed_database.replace("postgres@", "eve@")) as it:
            await it.press("b")
            await it.wait_for("/hour")
            await it.press("escape")
            await it.wait_for("hours that show ? were not counted")
            await settled(it)
            running = "select 1 from pg_stat_activity where state = 'active' and usename = 'eve'"
            assert execute(keyed_database, running) == []
            line = next(one for one in it.text.splitlines() if one.startswith("rows "))
            assert re.search(r"\?+[▁-█]", line)


async def test_rows_of_one_operation_fold_and_space_shows_and_hides_them(keyed_database: str) -> None:
    with psycopg.connect(keyed_database) as connection:
        log_row(connection, action="before_it", created_at="2026-01-01 00:00+00")
        for n in range(3):
            details = {"operation_id": "one", "source": "trigger"}
            log_row(connection, action=f"number_added_{n}", created_at="2026-01-01 00:01+00", details=details)
        log_row(
            connection, action="numbers_synced", created_at="2026-01-01 00:01:01+00", details={"operation_id": "one"}
        )
        log_row(connection, action="after_it", created_at="2026-01-01 00:02+00")
    async with log(keyed_database) as it:
        await press(it, "down")
        assert " +2026-01-01 00:01:01" in it.text
        assert "numbers_synced +3" in it.text
        assert "4 rows of one operation: space unfolds them" in it.text
        assert "number_added" not in it.text
        await press(it, "space", "down", "down")
        for wanted in (" -2026-01-01 00:01:01", " |2026-01-01 00:01:00", "number_added_0", "number_added_2"):
            assert wanted in it.text
        await press(it, "space")
        assert "number_added" not in it.text
        assert "numbers_synced +3" in it.text.splitlines()[3 + body(it).cursor]
        # A match that is folded away is unfolded.
        await apply(it, "action:number_added_1", "s")
        assert "number_added_1" in it.text.splitlines()[3 + body(it).cursor]
        await press(it, "escape", "w")
        await it.wait_for("[o] the operation")
        await press(it, "o")
        assert "4 rows" in it.text
        assert "after_it" not in it.text


class TestAnExport:
    async def ask(self, it: Console, path: Path) -> None:
        await it.press("x")
        await it.wait_for("to which new file?")
        await it.press("ctrl+u")
        await it.type(str(path))
        await it.press("enter")

    @pytest.mark.parametrize("ending", ["jsonl", "csv"])
    async def test_writes_the_rows_of_the_filter_also_in_read_only_mode(
        self, keyed_database: str, tmp_path: Path, ending: str
    ) -> None:
        fill_log(keyed_database, 60)
        async with log(keyed_database, size=(160, 30), SWITCHBOARD_READ_ONLY="1") as it:
            await apply(it, FAILED)
            expected = of_sql(keyed_database, f"{OF_ACME} and status = 'failed'")
            path = tmp_path / f"log.{ending}"
            await self.ask(it, tmp_path / "log.txt")
            await it.wait_for("ends in neither .jsonl nor .csv")
            await it.press(*["backspace"] * 3)
            await it.type(ending)
            await it.press("enter")
            await it.wait_for("the manifest is beside it")
            assert f"Exported {len(expected)} rows" in it.status
            assert ("altered so that no field is a formula" in it.status) == (ending == "csv")
            text = path.read_text()
            assert [str(one) in text for one in expected] == [True] * len(expected)
            assert len(text.splitlines()) == len(expected) + (ending == "csv")
            manifest = json.loads((tmp_path / f"log.{ending}.manifest.json").read_text())
            assert manifest["rows"] == len(expected)
            await self.ask(it, path)
            await it.wait_for("There is log")
            assert path.read_text() == text
            await press(it, "x", "escape")
            assert not it.page.prompt.is_asking

    async def test_is_stopped_with_esc_and_y_and_leaves_no_file(self, keyed_database: str, tmp_path: Path) -> None:
        async with self.running(keyed_database, tmp_path) as it:
            await it.press("escape")
            await it.wait_for("Stop the export? No file is left of it.")
            await it.press("n")
            assert "exporting" in it.text
            await it.press("escape")
            await it.wait_for("Stop the export?")
            await it.press("y")
            await it.wait_for("The export was stopped; no file is left of it.")
            assert "exporting" not in it.text
            assert "2025-12-31" in it.text
        self.check_nothing_left(keyed_database, tmp_path)

    async def test_that_runs_is_named_when_somebody_quits(self, keyed_database: str, tmp_path: Path) -> None:
        async with self.running(keyed_database, tmp_path) as it:
            await it.press("q")
            await it.wait_for("An export of the log is running; leaving stops it")
            await it.press("escape")
            assert "exporting" in it.text
            await it.press("q")
            await it.wait_for("An export of the log is running")
            await it.press("d")
            await it.wait_for(lambda: it.app._exit)
        self.check_nothing_left(keyed_database, tmp_path)

    @asynccontextmanager
    async def running(self, conninfo: str, tmp_path: Path) -> AsyncIterator[Console]:
        """A console whose export has written rows and cannot end soon: the server takes long for the oldest."""
        fill_log(conninfo, 3_000)
        with psycopg.connect(conninfo) as connection:
            slow_for_eve(connection, "case when n <= 1000 then 0.05 else 0.0005 end")
        async with log(conninfo.replace("postgres@", "eve@"), size=(120, 24)) as it:
            await self.ask(it, tmp_path / "log.jsonl")
            await it.wait_for("the log says so first ... esc stops")
            await it.wait_for("a second")
            assert re.search(r"Exporting: [\d,]+ rows?.*, [\d,]+ a second.* \.\.\. esc stops", it.status)
            assert [file.name for file in tmp_path.iterdir()] == ["log.jsonl.part"]
            yield it

    def check_nothing_left(self, conninfo: str, tmp_path: Path) -> None:
        assert list(tmp_path.iterdir()) == []
        rows = "select status, details ->> 'error' from integration_audit_logs where action = 'log_exported'"
        assert execute(conninfo, f"{rows} order by created_at") == [("pending", None), ("failed", "cancelled")]


async def test_a_row_whose_every_field_is_hostile_does_no_harm(keyed_database: str) -> None:
    strings = [text.replace("\0", "").encode("utf-8", "replace").decode() for text in hostile_strings().values()]
    with psycopg.connect(keyed_database) as connection:
        for n, text in enumerate(strings):
            log_row(
                connection,
                action=text[:100] or "x",
                integration_type=text[:50] or "x",
                status=text[:50] or "x",
                user_agent=text,
                details={
                    text: {text: [text]},
                    "before": {text: text},
                    "after": {text: [text]},
                    "operator": text,
                    "operation_id": text,
                    "session_user": text,
                    "role": text,
                    "envelope": {"after": text},
                },
                created_at=f"2026-01-01 00:00:{n:02}+00",
            )
            connection.execute(
                "insert into switchboard.organization_labels values (%s, %s) on conflict (id) do update set name = %s",
                (ACME, text[:200], text[:200]),
            )
    async with log(keyed_database, size=(200, 50)) as it:
        for _ in range(len(strings)):
            assert not UNSAFE.search(it.text.replace("\n", ""))
            await it.press("space", "down")
        await press(it, "g", "enter")
        for _ in range(len(strings)):
            assert not UNSAFE.search(it.text.replace("\n", ""))
            await it.press("y", "right")
            assert not UNSAFE.search(it.app.clipboard.replace("\n", ""))
        await press(it, "escape", "w", "escape", "y")
        assert not UNSAFE.search(it.app.clipboard.replace("\t", ""))
        await press(it, "w", "a")
        assert pane(it).window.entries
