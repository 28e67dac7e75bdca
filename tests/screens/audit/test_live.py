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
    from tests.support.terminal.console_app import Console

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
        async with audit_log(keyed_database) as ui:
            before = ids_by_sql(keyed_database)
            await press_and_wait(ui, "f")
            assert "following" in ui.text
            assert "30 rows" in ui.text
            write(keyed_database, action="fresh_one")
            await wait_for_rows(ui, "fresh_one")
            assert visible_ids(ui) == ids_by_sql(keyed_database)[: body(ui).lines_seen]
            assert (body(ui).cursor, current_id(ui)) == (0, ids_by_sql(keyed_database)[0])
            assert "30 rows" not in ui.text
            await press_and_wait(ui, "down", "down")
            assert "paused (g)" in ui.text
            write(keyed_database, 2, action="later_one")
            await ui.wait_for("paused, 2 new (g)")
            assert current_id(ui) == before[1]
            assert "later_one" not in ui.text
            await press_and_wait(ui, "g")
            await wait_for_rows(ui, "later_one")
            await wait_until_idle(ui)
            assert visible_ids(ui) == ids_by_sql(keyed_database)[: body(ui).lines_seen]
            assert " following" in ui.text
            await press_and_wait(ui, "f")
            assert "following" not in ui.text.splitlines()[1]

    async def test_shows_only_rows_of_the_filter_and_goes_on_after_the_connection_was_lost(
        self, keyed_database: str, postgres: TestServer
    ) -> None:
        write(keyed_database, created_at="2026-01-01 00:00+00", status="failed", action="old_one")
        async with audit_log(keyed_database) as ui:
            await apply_filter(ui, FAILED)
            await press_and_wait(ui, "f")
            write(keyed_database, action="other_one")
            write(keyed_database, action="wanted_one", status="failed")
            await wait_for_rows(ui, "wanted_one")
            assert "other_one" not in ui.text
            name = keyed_database.partition("@/")[2].partition("?")[0]
            with postgres.admin() as admin:
                admin.execute(f"alter database {name} allow_connections false".encode())
                admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
                await ui.wait_for(lambda: ui.app.connection.health.state == "lost")
                admin.execute(f"alter database {name} allow_connections true".encode())
            write(keyed_database, action="meanwhile", status="failed")
            await ui.wait_for(lambda: ui.app.connection.health.state == "connected")
            await wait_for_rows(ui, "meanwhile")
            write(keyed_database, action="afterwards", status="failed")
            await wait_for_rows(ui, "afterwards")
            assert "following" in ui.text

    async def test_of_an_empty_log_shows_its_first_row_and_says_when_it_cannot_go_on(self, keyed_database: str) -> None:
        with psycopg.connect(keyed_database) as connection:
            slow_for_eve(connection)
        async with audit_log(keyed_database.replace("postgres@", "eve@")) as ui:
            await press_and_wait(ui, "f")
            write(keyed_database, action="first_one")
            await wait_for_rows(ui, "first_one")
            execute(keyed_database, "revoke select on integration_audit_logs from eve")
            await ui.wait_for(lambda: "permission" in ui.status.lower() or "may not" in ui.status)
            await ui.wait_for(lambda: "following" not in ui.text.splitlines()[1])


class TestTheHistogram:
    async def test_draws_what_sql_counts_with_the_failed_apart(self, filled_log: str) -> None:
        async with audit_log(filled_log) as ui:
            for text, where in (
                ("", OF_ACME),
                (
                    "type:zoho_mail since:2025-12-31T12:00",
                    f"{OF_ACME} and integration_type = 'zoho_mail' and created_at >= '2025-12-31 12:00+00'",
                ),
            ):
                await apply_filter(ui, text)
                await press_and_wait(ui, "b")
                self.check_bars(ui, execute(filled_log, self.PER_HOUR.format(where=where)))
                await press_and_wait(ui, "b")
                assert "max " not in ui.text
            await ui.press("ctrl+g")
            await ui.type("2025-12-31 17:30")
            await press_and_wait(ui, "enter")
            # The ruler spans the hours from 12 to before 24.
            assert abs(self.marker(ui) - 5.5 / 12 * ui.page.query_one(AuditHistogram).track) < 1

    PER_HOUR = """
        select count(*), count(*) filter (where status = 'failed')
          from integration_audit_logs where {where} and created_at is not null
         group by extract(hour from created_at) order by extract(hour from created_at)"""

    def check_bars(self, ui: Console, counted: list[tuple[Any, ...]]) -> None:
        width = ui.page.query_one(AuditHistogram).track
        for at, label in ((0, "rows"), (1, "failed")):
            values = [row[at] for row in counted]
            line = next(line for line in ui.text.splitlines() if line.startswith(f"{label} "))
            expected = [BARS[-(-value * 8 // max(values)) - 1] if value else " " for value in values]
            assert line[12 : 12 + width] == "".join(expected[cell * len(values) // width] for cell in range(width))
            assert f"max {max(values)}/hour" in line
        assert self.marker(ui) == width - 1

    def marker(self, ui: Console) -> int:
        """In which cell of the ruler the marker is."""
        return next(line for line in ui.text.splitlines() if "▲" in line).index("▲") - 12

    async def test_stops_with_esc_and_shows_what_was_not_counted(self, keyed_database: str) -> None:
        fill_log(keyed_database, 600)
        with psycopg.connect(keyed_database) as connection:
            slow_for_eve(connection, "case when n <= 400 then 0.004 else 0 end")
        async with audit_log(keyed_database.replace("postgres@", "eve@")) as ui:
            await ui.press("b")
            await ui.wait_for(lambda: ui.page.query_one(AuditHistogram)._counted)
            await ui.press("escape")
            await wait_for_status(ui, "hours that show ? were not counted")
            await wait_until_idle(ui)
            running = "select 1 from pg_stat_activity where state = 'active' and usename = 'eve'"
            assert execute(keyed_database, running) == []
            line = next(line for line in ui.text.splitlines() if line.startswith("rows "))
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
    async with audit_log(keyed_database) as ui:
        await press_and_wait(ui, "down")
        assert " +2026-01-01 00:01:01" in ui.text
        assert "numbers_synced +3" in ui.text
        assert "4 rows of one operation: space unfolds them" in ui.text
        assert "number_added" not in ui.text
        await press_and_wait(ui, "space", "down", "down")
        for wanted in (" -2026-01-01 00:01:01", " |2026-01-01 00:01:00", "number_added_0", "number_added_2"):
            assert wanted in ui.text
        await press_and_wait(ui, "space")
        assert "number_added" not in ui.text
        assert "numbers_synced +3" in ui.text.splitlines()[3 + body(ui).cursor]
        # A match that is folded away is unfolded.
        await apply_filter(ui, "action:number_added_1", "s")
        assert "number_added_1" in ui.text.splitlines()[3 + body(ui).cursor]
        await press_and_wait(ui, "escape", "w")
        await ui.wait_for("[o] the operation")
        await press_and_wait(ui, "o")
        assert "4 rows" in ui.text
        assert "after_it" not in ui.text


class TestAnExport:
    async def ask(self, ui: Console, path: Path) -> None:
        await ui.press("x")
        await wait_for_question(ui)
        await ui.press("ctrl+u")
        await ui.type(str(path))
        await ui.press("enter")

    async def test_writes_the_rows_of_the_filter_also_in_read_only_mode(
        self, keyed_database: str, tmp_path: Path
    ) -> None:
        fill_log(keyed_database, 60)
        expected = [str(identifier) for identifier in ids_by_sql(keyed_database, f"{OF_ACME} and status = 'failed'")]
        async with audit_log(keyed_database, size=(160, 30), SWITCHBOARD_READ_ONLY="1") as ui:
            await apply_filter(ui, FAILED)
            for ending in ("jsonl", "csv"):
                await self.ask(ui, tmp_path / "log.txt")
                await ui.wait_for("ends in neither .jsonl nor .csv")
                await ui.press(*["backspace"] * 3)
                await ui.type(ending)
                await ui.press("enter")
                await wait_for_status(ui, "the manifest is beside it", f"Exported {len(expected)} rows")
                assert ("altered so that no field is a formula" in ui.status) == (ending == "csv")
                text = (tmp_path / f"log.{ending}").read_text()
                assert all(row_id in text for row_id in expected)
                assert len(text.splitlines()) == len(expected) + (ending == "csv")
                manifest = json.loads((tmp_path / f"log.{ending}.manifest.json").read_text())
                assert manifest["rows"] == len(expected)
            await self.ask(ui, tmp_path / "log.csv")
            await wait_for_status(ui, "There is log.csv already")
            assert (tmp_path / "log.csv").read_text() == text
            await press_and_wait(ui, "x", "escape")
            assert not ui.page.prompt.is_asking

    async def test_is_stopped_with_esc_and_y_and_leaves_no_file(self, keyed_database: str, tmp_path: Path) -> None:
        async with self.running(keyed_database, tmp_path) as ui:
            await ui.press("escape")
            await ui.wait_for("Stop the export? No file is left of it.")
            await ui.press("n")
            assert "exporting" in ui.text
            await ui.press("escape")
            await ui.wait_for("Stop the export?")
            await ui.press("y")
            await wait_for_status(ui, "The export was stopped; no file is left of it.")
            assert "exporting" not in ui.text
            assert "2025-12-31" in ui.text
        self.check_nothing_left(keyed_database, tmp_path)

    async def test_that_runs_is_named_when_somebody_quits(self, keyed_database: str, tmp_path: Path) -> None:
        async with self.running(keyed_database, tmp_path) as ui:
            await ui.press("q")
            await ui.wait_for("An export of the log is running; leaving stops it")
            await ui.press("escape")
            assert "exporting" in ui.text
            await ui.press("q")
            await ui.wait_for("An export of the log is running")
            await ui.press("d")
            await ui.wait_for(lambda: ui.app._exit)
        self.check_nothing_left(keyed_database, tmp_path)

    @asynccontextmanager
    async def running(self, conninfo: str, tmp_path: Path) -> AsyncIterator[Console]:
        """A console whose export has written rows and cannot end soon: the server takes long for the oldest."""
        fill_log(conninfo, 3_000)
        with psycopg.connect(conninfo) as connection:
            slow_for_eve(connection, "case when n <= 1000 then 0.05 else 0.0005 end")
        async with audit_log(conninfo.replace("postgres@", "eve@"), size=(120, 24)) as ui:
            await self.ask(ui, tmp_path / "log.jsonl")
            await wait_for_status(ui, "the log says so first ... esc stops")
            await wait_for_status(ui, "a second")
            assert re.search(r"Exporting: [\d,]+ rows?.*, [\d,]+ a second.* \.\.\. esc stops", ui.status)
            assert names_in(tmp_path) == ["log.jsonl.part"]
            yield ui

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
    async with audit_log(keyed_database, size=(200, 50)) as ui:
        assert len(visible_ids(ui)) == 20
        for _ in range(20):
            assert not UNSAFE.search(ui.text.replace("\n", ""))
            await ui.press("down")
        await press_and_wait(ui, "g", "enter")
        for _ in range(20):
            assert not UNSAFE.search(ui.text.replace("\n", ""))
            await ui.press("y", "right")
            assert not UNSAFE.search(ui.app.clipboard.replace("\n", ""))
        await press_and_wait(ui, "escape", "y")
        assert not UNSAFE.search(ui.app.clipboard.replace("\t", ""))
        action = of_row(keyed_database, current_id(ui))
        await press_and_wait(ui, "w", "a")
        assert [of_row(keyed_database, identifier) for identifier in visible_ids(ui)] == [action]


def of_row(conninfo: str, row_id: UUID) -> str:
    """The action of a row."""
    ((action,),) = execute(conninfo, "select action from integration_audit_logs where id = %s", row_id)
    return str(action)


async def test_a_row_in_full_says_whether_its_hour_is_sealed(keyed_database: str) -> None:
    write(keyed_database, created_at="2026-01-01 00:00+00")
    write(keyed_database)
    await seal(keyed_database)
    async with audit_log(keyed_database) as ui:
        await press_and_wait(ui, "enter")
        await ui.wait_for("its hour is not sealed yet")
        await press_and_wait(ui, "right")
        await ui.wait_for("its hour is sealed: `switchboard audit verify` checks it")
