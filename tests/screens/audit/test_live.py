"""Section 4 while things happen: following, the histogram, folding, exports, and rows that mean harm."""

from __future__ import annotations

import json
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import psycopg

from tests.screens.audit.driver import (
    OF_ACME,
    apply_filter,
    audit_log,
    body,
    current_id,
    ids_by_sql,
    press_and_wait,
    visible_ids,
    wait_for_question,
    wait_for_rows,
    wait_for_status,
    wait_until_idle,
)
from tests.support.acme import ACME
from tests.support.commands import execute
from tests.support.database.log_rows import fill_log, let_eve_read, log_row
from tests.support.database.seal_tampering import seal
from tests.support.hostile_strings import UNSAFE, hostile_strings
from tui.screens.audit.histogram import AuditHistogram
from tui.widgets.time_ruler import BARS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from uuid import UUID

    from tests.support.servers.postgres import TestServer
    from tests.support.terminal.console_driver import ConsoleDriver

FAILED = "status:failed"


def slow_for_eve(connection: psycopg.Connection[Any], seconds: str = "0") -> None:
    """Make a login that may read everything, and takes so long for each row: an expression of n."""
    let_eve_read(connection)
    connection.execute("grant execute on all functions in schema switchboard to eve")
    for setting in ("enable_seqscan", "enable_sort", "enable_bitmapscan"):
        connection.execute(f"alter role eve set {setting} = off".encode())
    slowly = f"(select pg_sleep({seconds})::text = '' from (select (details ->> 'n')::int) as of_row (n))"
    condition = "true" if seconds == "0" else f"case when details ->> 'n' is null then true else {slowly} end"
    connection.execute(f"create policy slow on integration_audit_logs for select to eve using ({condition})".encode())


def names_in(folder: Path) -> list[str]:
    """The names of the files in a folder."""
    return [path.name for path in folder.iterdir()]


def write(conninfo: str, count: int = 1, **columns: Any) -> None:
    with psycopg.connect(conninfo) as connection:
        for _ in range(count):
            log_row(connection, **columns)


class TestFollowing:
    async def test_shows_new_rows_on_top_and_counts_them_while_the_cursor_is_elsewhere(
        self, keyed_database: str
    ) -> None:
        write(keyed_database, 30, created_at="2026-01-01 00:00+00")
        async with audit_log(keyed_database) as console:
            before = ids_by_sql(keyed_database)
            await press_and_wait(console, "f")
            assert "following" in console.text
            assert "30 rows" in console.text
            write(keyed_database, action="fresh_one")
            await wait_for_rows(console, "fresh_one")
            assert visible_ids(console) == ids_by_sql(keyed_database)[: body(console).lines_seen]
            assert (body(console).cursor, current_id(console)) == (0, ids_by_sql(keyed_database)[0])
            assert "30 rows" not in console.text
            await press_and_wait(console, "down", "down")
            assert "paused (g)" in console.text
            write(keyed_database, 2, action="later_one")
            await console.wait_for("paused, 2 new (g)")
            assert current_id(console) == before[1]
            assert "later_one" not in console.text
            await press_and_wait(console, "g")
            await wait_for_rows(console, "later_one")
            await wait_until_idle(console)
            assert visible_ids(console) == ids_by_sql(keyed_database)[: body(console).lines_seen]
            assert " following" in console.text
            await press_and_wait(console, "f")
            assert "following" not in console.text.splitlines()[1]

    async def test_shows_only_rows_of_the_filter_and_goes_on_after_the_connection_was_lost(
        self, keyed_database: str, postgres: TestServer
    ) -> None:
        write(keyed_database, created_at="2026-01-01 00:00+00", status="failed", action="old_one")
        async with audit_log(keyed_database) as console:
            await apply_filter(console, FAILED)
            await press_and_wait(console, "f")
            write(keyed_database, action="other_one")
            write(keyed_database, action="wanted_one", status="failed")
            await wait_for_rows(console, "wanted_one")
            assert "other_one" not in console.text
            name = keyed_database.partition("@/")[2].partition("?")[0]
            with postgres.admin() as admin:
                admin.execute(f"alter database {name} allow_connections false".encode())
                admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
                await console.wait_for(lambda: console.app.connection.health.state == "lost")
                admin.execute(f"alter database {name} allow_connections true".encode())
            write(keyed_database, action="meanwhile", status="failed")
            await console.wait_for(lambda: console.app.connection.health.state == "connected")
            await wait_for_rows(console, "meanwhile")
            write(keyed_database, action="afterwards", status="failed")
            await wait_for_rows(console, "afterwards")
            assert "following" in console.text

    async def test_of_an_empty_log_shows_its_first_row_and_says_when_it_cannot_go_on(self, keyed_database: str) -> None:
        with psycopg.connect(keyed_database) as connection:
            slow_for_eve(connection)
        async with audit_log(keyed_database.replace("postgres@", "eve@")) as console:
            await press_and_wait(console, "f")
            write(keyed_database, action="first_one")
            await wait_for_rows(console, "first_one")
            execute(keyed_database, "revoke select on integration_audit_logs from eve")
            await console.wait_for(lambda: "permission" in console.status.lower() or "may not" in console.status)
            await console.wait_for(lambda: "following" not in console.text.splitlines()[1])


class TestTheHistogram:
    async def test_draws_what_sql_counts_with_the_failed_apart(self, filled_log: str) -> None:
        async with audit_log(filled_log) as console:
            for text, where in (
                ("", OF_ACME),
                (
                    "type:zoho_mail since:2025-12-31T12:00",
                    f"{OF_ACME} and integration_type = 'zoho_mail' and created_at >= '2025-12-31 12:00+00'",
                ),
            ):
                await apply_filter(console, text)
                await press_and_wait(console, "b")
                self.check_bars(console, execute(filled_log, self.PER_HOUR.format(where=where)))
                await press_and_wait(console, "b")
                assert "max " not in console.text
            await console.press("ctrl+g")
            await console.type("2025-12-31 17:30")
            await press_and_wait(console, "enter")
            # The ruler spans the hours from 12 to before 24.
            assert abs(self.marker(console) - 5.5 / 12 * console.page.query_one(AuditHistogram).track) < 1

    PER_HOUR = """
        select count(*), count(*) filter (where status = 'failed')
          from integration_audit_logs where {where} and created_at is not null
         group by extract(hour from created_at) order by extract(hour from created_at)"""

    def check_bars(self, console: ConsoleDriver, counted: list[tuple[Any, ...]]) -> None:
        width = console.page.query_one(AuditHistogram).track
        for at, label in ((0, "rows"), (1, "failed")):
            values = [row[at] for row in counted]
            line = next(line for line in console.text.splitlines() if line.startswith(f"{label} "))
            expected = [BARS[-(-value * 8 // max(values)) - 1] if value else " " for value in values]
            assert line[12 : 12 + width] == "".join(expected[cell * len(values) // width] for cell in range(width))
            assert f"max {max(values)}/hour" in line
        assert self.marker(console) == width - 1

    def marker(self, console: ConsoleDriver) -> int:
        """In which cell of the ruler the marker is."""
        return next(line for line in console.text.splitlines() if "▲" in line).index("▲") - 12

    async def test_stops_with_esc_and_shows_what_was_not_counted(self, keyed_database: str) -> None:
        fill_log(keyed_database, 600)
        with psycopg.connect(keyed_database) as connection:
            slow_for_eve(connection, "case when n <= 400 then 0.004 else 0 end")
        async with audit_log(keyed_database.replace("postgres@", "eve@")) as console:
            await console.press("b")
            await console.wait_for(lambda: console.page.query_one(AuditHistogram)._counted)
            await console.press("escape")
            await wait_for_status(console, "hours that show ? were not counted")
            await wait_until_idle(console)
            running = "select 1 from pg_stat_activity where state = 'active' and usename = 'eve'"
            assert execute(keyed_database, running) == []
            line = next(line for line in console.text.splitlines() if line.startswith("rows "))
            assert re.search(r"\?+[▁-█]", line)


async def test_rows_of_one_operation_fold_and_space_shows_and_hides_them(keyed_database: str) -> None:
    with psycopg.connect(keyed_database) as connection:
        log_row(connection, action="before_it", created_at="2026-01-01 00:00+00")
        for n in range(3):
            details = {"operation_id": "one", "source": "trigger", "session_user": "app"}
            log_row(connection, action=f"number_added_{n}", created_at="2026-01-01 00:01+00", details=details)
        log_row(
            connection,
            action="numbers_synced",
            created_at="2026-01-01 00:01:01+00",
            details=details | {"source": "switchboard"},
        )
        log_row(connection, action="after_it", created_at="2026-01-01 00:02+00")
    async with audit_log(keyed_database) as console:
        await press_and_wait(console, "down")
        assert " +2026-01-01 00:01:01" in console.text
        assert "numbers_synced +3" in console.text
        assert "4 rows of one operation: space unfolds them" in console.text
        assert "number_added" not in console.text
        await press_and_wait(console, "space", "down", "down")
        for line in (" -2026-01-01 00:01:01", " |2026-01-01 00:01:00", "number_added_0", "number_added_2"):
            assert line in console.text
        await press_and_wait(console, "space")
        assert "number_added" not in console.text
        assert "numbers_synced +3" in console.text.splitlines()[3 + body(console).cursor]
        # A match that is folded away is unfolded.
        await apply_filter(console, "action:number_added_1", "s")
        assert "number_added_1" in console.text.splitlines()[3 + body(console).cursor]
        await press_and_wait(console, "escape", "w")
        await console.wait_for("[o] the operation")
        await press_and_wait(console, "o")
        assert "4 rows" in console.text
        assert "after_it" not in console.text


class TestAnExport:
    async def ask(self, console: ConsoleDriver, path: Path) -> None:
        await console.press("x")
        await wait_for_question(console)
        await console.press("ctrl+u")
        await console.type(str(path))
        await console.press("enter")

    async def test_writes_the_rows_of_the_filter_also_in_read_only_mode(
        self, keyed_database: str, tmp_path: Path
    ) -> None:
        fill_log(keyed_database, 60)
        expected = [str(identifier) for identifier in ids_by_sql(keyed_database, f"{OF_ACME} and status = 'failed'")]
        async with audit_log(keyed_database, size=(160, 30), SWITCHBOARD_READ_ONLY="1") as console:
            await apply_filter(console, FAILED)
            for ending in ("jsonl", "csv"):
                await self.ask(console, tmp_path / "log.txt")
                await console.wait_for("ends in neither .jsonl nor .csv")
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
            await self.ask(console, tmp_path / "log.csv")
            await wait_for_status(console, "There is log.csv already")
            assert (tmp_path / "log.csv").read_text() == text
            await press_and_wait(console, "x", "escape")
            assert not console.page.prompt.is_asking

    async def test_is_stopped_with_esc_and_y_and_leaves_no_file(self, keyed_database: str, tmp_path: Path) -> None:
        async with self.running(keyed_database, tmp_path) as console:
            await console.press("escape")
            await console.wait_for("Stop the export? No file is left of it.")
            await console.press("n")
            assert "exporting" in console.text
            await console.press("escape")
            await console.wait_for("Stop the export?")
            await console.press("y")
            await wait_for_status(console, "The export was stopped; no file is left of it.")
            assert "exporting" not in console.text
            assert "2025-12-31" in console.text
        self.check_nothing_left(keyed_database, tmp_path)

    async def test_that_runs_is_named_when_somebody_quits(self, keyed_database: str, tmp_path: Path) -> None:
        async with self.running(keyed_database, tmp_path) as console:
            await console.press("q")
            await console.wait_for("An export of the log is running; leaving stops it")
            await console.press("escape")
            assert "exporting" in console.text
            await console.press("q")
            await console.wait_for("An export of the log is running")
            await console.press("d")
            await console.wait_for(lambda: console.app._exit)
        self.check_nothing_left(keyed_database, tmp_path)

    @asynccontextmanager
    async def running(self, conninfo: str, tmp_path: Path) -> AsyncIterator[ConsoleDriver]:
        """A console whose export has written rows and cannot end soon: the server takes long for the oldest."""
        fill_log(conninfo, 3_000)
        with psycopg.connect(conninfo) as connection:
            slow_for_eve(connection, "case when n <= 1000 then 0.05 else 0.0005 end")
        async with audit_log(conninfo.replace("postgres@", "eve@"), size=(120, 24)) as console:
            await self.ask(console, tmp_path / "log.jsonl")
            await wait_for_status(console, "the log says so first ... esc stops")
            await wait_for_status(console, "a second")
            assert re.search(r"Exporting: [\d,]+ rows?.*, [\d,]+ a second.* \.\.\. esc stops", console.status)
            assert names_in(tmp_path) == ["log.jsonl.part"]
            yield console

    def check_nothing_left(self, conninfo: str, tmp_path: Path) -> None:
        assert names_in(tmp_path) == []
        rows = "select status, details ->> 'error' from integration_audit_logs where action = 'log_exported'"
        assert execute(conninfo, f"{rows} order by created_at") == [("pending", None), ("failed", "cancelled")]


async def test_a_row_whose_every_field_is_hostile_does_no_harm(keyed_database: str) -> None:
    texts = [text.replace("\0", "").encode("utf-8", "replace").decode() or "x" for text in hostile_strings().values()]
    with psycopg.connect(keyed_database) as connection:
        for n in range(20):
            # Every string is somewhere, and in no row is a field that is not one of them.
            a, b, c, d, e, f = (texts[(n + 10 * k) % len(texts)] for k in range(6))
            details = {a: {b: [c]}, "before": {d: e, f: a}, "after": {d: [f]}, "envelope": {"after": b}, "operator": c}
            details |= {"operation_id": d, "session_user": e, "role": f}
            at = f"2026-01-01 00:00:{n:02}+00"
            columns = {"action": a[:100], "integration_type": b[:50], "status": c[:50], "user_agent": d}
            log_row(connection, details=details, created_at=at, **columns)
        label = "insert into switchboard.organization_labels values (%s, %s)"
        connection.execute(label, (ACME, "".join(texts)[:200]))
    async with audit_log(keyed_database, size=(200, 50)) as console:
        assert len(visible_ids(console)) == 20
        for _ in range(20):
            assert not UNSAFE.search(console.text.replace("\n", ""))
            await console.press("down")
        await press_and_wait(console, "g", "enter")
        for _ in range(20):
            assert not UNSAFE.search(console.text.replace("\n", ""))
            await console.press("y", "right")
            assert not UNSAFE.search(console.app.clipboard.replace("\n", ""))
        await press_and_wait(console, "escape", "y")
        assert not UNSAFE.search(console.app.clipboard.replace("\t", ""))
        action = of_row(keyed_database, current_id(console))
        await press_and_wait(console, "w", "a")
        assert [of_row(keyed_database, identifier) for identifier in visible_ids(console)] == [action]


def of_row(conninfo: str, row_id: UUID) -> str:
    """The action of a row."""
    ((action,),) = execute(conninfo, "select action from integration_audit_logs where id = %s", row_id)
    return str(action)


async def test_a_row_in_full_says_whether_its_hour_is_sealed(keyed_database: str) -> None:
    write(keyed_database, created_at="2026-01-01 00:00+00")
    write(keyed_database)
    await seal(keyed_database)
    async with audit_log(keyed_database) as console:
        await press_and_wait(console, "enter")
        await console.wait_for("its hour is not sealed yet")
        await press_and_wait(console, "right")
        await console.wait_for("its hour is sealed: `switchboard audit verify` checks it")
