"""How an export of the audit log ends: what the log says of it, and that no half file is left of one that failed."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.support.acme import ACME, opened
from tests.support.database.log_rows import fill_log, log_row, resolve_line
from tests.support.servers.tcp_proxy import TcpProxy
from tui.data.audit.export.file import NewFile, Stream
from tui.data.audit.export.run import export_audit_log, next_rows
from tui.errors import Advice, ExportFailed, InvalidInput, PermissionDenied

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.servers.postgres import TestServer
    from tui.data.audit.export.file import Destination
    from tui.data.audit.export.run import ExportResult, Progress

HALF_A_DAY = "org:* since:2025-12-31T12:00 until:2025-12-31"
EXPORT_LOG_ROWS = """
select status, organization_id, details from integration_audit_logs where action = 'log_exported' order by created_at
"""


def export_log_rows(conninfo: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(conninfo) as connection:
        return connection.execute(EXPORT_LOG_ROWS).fetchall()


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refuse_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """As exFAT and some network file systems do."""

    def link(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)


async def export(
    conninfo: str,
    destination: Destination,
    line: str = "org:*",
    on_progress: Callable[[Progress], None] | None = None,
    *,
    read_only: bool = False,
) -> ExportResult:
    async with opened(conninfo, read_only=read_only) as console:
        audit_filter = await resolve_line(console, line)
        return await export_audit_log(console, audit_filter, "jsonl", destination, on_progress=on_progress)


def end_other_sessions(conninfo: str) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )


@pytest.fixture(scope="module")
def large_log(postgres: TestServer, installed_template: str) -> Iterator[str]:
    """Connection URI (superuser) of a database whose log is 20 MB large: more than fits into what lies between."""
    name = postgres.create_database(template=installed_template, prefix="large_log")
    fill_log(postgres.conninfo(name), 20_000, padding=1_000)
    yield postgres.conninfo(name)
    postgres.drop_database(name)
    postgres.drop_new_roles()


class TestTheLog:
    async def test_says_who_exported_what_before_and_what_came_of_it_after_as_one_operation(
        self, installed_database: str, tmp_path: Path
    ) -> None:
        with psycopg.connect(installed_database) as connection:
            log_row(connection)
        snapshots: list[list[tuple[Any, ...]]] = []

        def take_snapshot(_progress: object) -> None:
            snapshots.append(export_log_rows(installed_database))

        line = f"org:{ACME} action:email_sent"
        exported = await export(installed_database, NewFile(tmp_path / "log"), line, take_snapshot)
        ((status, organization, before),) = snapshots[0]
        assert (status, organization, before["filter"], before["format"]) == ("pending", ACME, line, "jsonl")
        assert (before["operator"], before["output"]) == ("asha@acme.example", "log")
        (_, (status, organization, after)) = export_log_rows(installed_database)
        assert (status, organization, after["rows"], after["sha256"]) == ("success", ACME, 1, exported.sha256)
        assert before["operation_id"] == after["operation_id"] == exported.manifest["operation_id"]

    async def test_is_written_in_read_only_mode_too(self, installed_database: str, tmp_path: Path) -> None:
        await export(installed_database, NewFile(tmp_path / "log"), read_only=True)
        assert [status for status, *_ in export_log_rows(installed_database)] == ["pending", "success"]

    async def test_that_cannot_be_written_lets_nothing_be_exported(
        self, installed_database: str, postgres: TestServer, tmp_path: Path
    ) -> None:
        postgres.create_role("eve", "login")
        with psycopg.connect(installed_database) as connection:
            log_row(connection)
            connection.execute("grant usage on schema switchboard to eve")
            connection.execute("grant select on integration_audit_logs, switchboard.people to eve")
            connection.execute("alter table integration_audit_logs disable row level security")
        eve = installed_database.replace("postgres@", "eve@")
        with pytest.raises(PermissionDenied):
            await export(eve, NewFile(tmp_path / "log"))
        assert names_in(tmp_path) == []


class TestAFile:
    async def test_that_is_there_already_or_cannot_be_made_is_said_before_anything_is_logged(
        self, installed_database: str, tmp_path: Path
    ) -> None:
        for occupied in ("log", "log.manifest.json", "log.part"):
            (tmp_path / occupied).symlink_to(tmp_path / "elsewhere")
            with pytest.raises(InvalidInput, match=re.escape(occupied)):
                await export(installed_database, NewFile(tmp_path / "log"))
            assert names_in(tmp_path) == [occupied]
            (tmp_path / occupied).unlink()
        (tmp_path / "a file").touch()
        for name in ("missing/log", "a file/log", "x" * 300, "nul\0"):
            with pytest.raises((ExportFailed, InvalidInput), match="could not be written"):
                await export(installed_database, NewFile(tmp_path / name))
        assert export_log_rows(installed_database) == []

    @pytest.mark.parametrize("links", [True, False])
    async def test_that_appears_meanwhile_is_not_replaced(
        self, installed_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
    ) -> None:
        if not links:
            refuse_links(monkeypatch)

        def create_it(_progress: object) -> None:
            (tmp_path / "log").write_text("somebody else's")

        fill_log(installed_database, 1)
        with pytest.raises(InvalidInput, match="replaces nothing"):
            await export(installed_database, NewFile(tmp_path / "log"), on_progress=create_it)
        assert names_in(tmp_path) == ["log"]
        assert (tmp_path / "log").read_text() == "somebody else's"
        assert [status for status, *_ in export_log_rows(installed_database)] == ["pending", "failed"]

    async def test_is_made_too_where_the_file_system_has_no_links(
        self, installed_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        refuse_links(monkeypatch)
        await export(installed_database, NewFile(tmp_path / "log"))
        assert names_in(tmp_path) == ["log", "log.manifest.json"]


class TestAnExportThatBreaksOff:
    async def test_because_the_connection_is_lost_leaves_no_file(self, large_log: str, tmp_path: Path) -> None:
        def lose_connection(_progress: object) -> None:
            end_other_sessions(large_log)

        with pytest.raises(ExportFailed, match=r"stopped after [\d,]+ rows and is incomplete"):
            await export(large_log, NewFile(tmp_path / "log"), on_progress=lose_connection)
        assert names_in(tmp_path) == []
        assert [status for status, *_ in export_log_rows(large_log)[-2:]] == ["pending", "failed"]

    async def test_because_the_server_falls_silent_leaves_no_file(
        self, large_log: str, postgres: TestServer, tmp_path: Path
    ) -> None:
        postgres.create_role("walter", "login superuser password 'walter'")
        name = str(conninfo_to_dict(large_log)["dbname"])
        with TcpProxy(postgres.port) as proxy:
            through = proxy.conninfo(name, user="walter", password="walter")
            started = time.monotonic()
            silent = r"stopped after [\d,]+ rows .* has not answered for \d seconds"
            with pytest.raises(ExportFailed, match=silent) as broken:
                await export(through, NewFile(tmp_path / "log"), on_progress=lambda _: proxy.swallow())
            assert time.monotonic() - started < 10
        # As of every failure that may pass, so that the command adds "then run it again".
        assert isinstance(broken.value.advice, Advice)
        assert names_in(tmp_path) == []

    async def test_because_a_row_cannot_be_read_says_what_the_server_said(self, installed_database: str) -> None:
        rows: list[bytes] = []
        failing = "copy (select 1 / (9000 - n), repeat('x', 100) from generate_series(1, 9999) as n) to stdout"
        async with await psycopg.AsyncConnection.connect(installed_database) as connection:
            with pytest.raises(psycopg.errors.DivisionByZero):
                async with connection.cursor() as cursor, cursor.copy(failing) as copy:
                    while block := await connection.wait(next_rows(copy)):
                        rows += block
            assert 8_000 < len(rows) < 9_000
            await connection.rollback()
            async with connection.cursor() as cursor, cursor.copy("copy (select 1) to stdout") as copy:
                assert [await connection.wait(next_rows(copy)) for _ in range(2)] == [[b"1\n"], []]

    async def test_because_the_disk_is_full_leaves_no_file_and_a_connection_that_works(
        self, large_log: str, tmp_path: Path, small_files: None
    ) -> None:
        async with opened(large_log) as console:
            everything = await resolve_line(console, "org:*")
            with pytest.raises(ExportFailed, match="could not be written"):
                await export_audit_log(console, everything, "jsonl", NewFile(tmp_path / "log"))
        assert names_in(tmp_path) == []
        status, _, details = export_log_rows(large_log)[-1]
        assert status == "failed"
        assert "could not be written" in details["error"]

    async def test_because_it_is_cancelled_leaves_no_file_and_stops_on_the_server(
        self, large_log: str, tmp_path: Path
    ) -> None:
        async with opened(large_log) as console:
            everything = await resolve_line(console, "org:*")
            begun = asyncio.Event()
            work = export_audit_log(
                console, everything, "jsonl", NewFile(tmp_path / "log"), on_progress=lambda _: begun.set()
            )
            task = asyncio.ensure_future(work)
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            with psycopg.connect(large_log) as watcher:
                running = "select count(*) from pg_stat_activity where state = 'active' and query like 'copy%'"
                assert watcher.execute(running).fetchone() == (0,)
        assert names_in(tmp_path) == []
        status, _, details = export_log_rows(large_log)[-1]
        assert (status, details["error"]) == ("failed", "cancelled")


class TestAStream:
    async def test_whose_reader_is_slow_stops_nothing_else_and_gets_everything(self, large_log: str) -> None:
        reader, writer = os.pipe()

        def read_all() -> bytes:
            with os.fdopen(reader, "rb") as pipe:
                return pipe.read()

        task = asyncio.ensure_future(export(large_log, Stream(writer, "a pipe"), HALF_A_DAY))
        ready = asyncio.Event()
        asyncio.get_running_loop().add_reader(reader, ready.set)
        # Nobody reads yet, and still the loop goes on: the pipe is full, or soon will be.
        await ready.wait()
        asyncio.get_running_loop().remove_reader(reader)
        reading = asyncio.create_task(asyncio.to_thread(read_all))
        exported = await task
        os.close(writer)
        received = await reading
        assert len(received) == exported.size
        assert received.count(b"\n") == exported.rows > 2_000

    async def test_that_takes_no_more_is_an_error_of_the_system_and_in_the_log(self, large_log: str) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        with pytest.raises(BrokenPipeError):
            await export(large_log, Stream(writer, "a pipe"), HALF_A_DAY)
        os.close(writer)
        assert [status for status, *_ in export_log_rows(large_log)[-2:]] == ["pending", "failed"]


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file of this process may grow beyond 1 MB, which for a writer is as a full disk."""
    import resource
    import signal

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    signal.signal(signal.SIGXFSZ, before)
