"""Searching the audit log in windows: the rows that an index would find, in steps, stoppable, whatever the plan."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg
import pytest

import tui.data.audit.pages
import tui.data.audit.windows
from tests.support.acme import ACME, opened
from tests.support.database.log_rows import fill_log, log_row, read_all, resolve_line
from tui.data.audit.pages import AuditReader, Place
from tui.data.audit.windows import FIRST_WINDOW, LARGEST_WINDOW, SMALLEST_WINDOW
from tui.errors import TimedOut

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from tests.support.servers.postgres import TestServer
    from tui.data.postgres.database import Database

ROWS = 30_000
# Takes the server a millisecond a row: what a log without indexes, or a slow machine, is like.
SLOWLY = """
create function public.slowly(inet) returns boolean language plpgsql as
  $$ begin perform pg_sleep(0.001); return true; end $$;
alter table public.integration_audit_logs enable row level security;
create policy slow on public.integration_audit_logs for select to clerk using (public.slowly(ip_address));
grant usage on schema switchboard to clerk;
grant select on public.integration_audit_logs to clerk;
"""


@pytest.fixture(scope="module")
def log(postgres: TestServer, installed_template: str) -> Iterator[str]:
    name = postgres.create_database(template=installed_template, prefix="windows")
    fill_log(postgres.conninfo(name), ROWS)
    yield postgres.conninfo(name)
    postgres.drop_database(name)


async def reader_of(database: Database, line: str, *, size: int = 1_000) -> AuditReader:
    reader = AuditReader(database, await resolve_line(database, line, ACME))
    reader._windows.size = size
    return reader


def rows_where(conninfo: str, condition: str) -> list[UUID]:
    with psycopg.connect(conninfo) as connection:
        query = (
            f"select id from integration_audit_logs where organization_id = '{ACME}' and {condition}"
            " order by created_at desc nulls last, id desc"
        )
        return [row_id for (row_id,) in connection.execute(query.encode())]


@pytest.mark.parametrize(
    ("line", "condition"),
    [
        ("ip:10.0.7.0/24", "ip_address <<= '10.0.7.0/24'"),
        ("details.n:29001", "details ->> 'n' = '29001'"),
        ("-type:zoho_mail -action:call_made", "false"),
        ("-type:zoho_mail", "integration_type <> 'zoho_mail'"),
        ('"agent/3" status:pending', "user_agent = 'agent/3' and status = 'pending'"),
        ("user:none", "user_id is null"),
        ("action:credential_deleted agent", "action = 'credential_deleted'"),
    ],
)
async def test_all_rows_are_found_in_steps_and_each_says_how_far_it_has_come(
    log: str, line: str, condition: str
) -> None:
    expected = rows_where(log, condition)
    async with opened(log) as database:
        reader = await reader_of(database, line, size=4)
        assert reader.in_windows
        steps = [step async for step in reader.older(None, ROWS)]
        assert [row.id for step in steps for row in step.rows] == expected
        reached = [step.searched_to for step in steps if step.searched_to is not None]
        assert len(reached) >= 2 and reached == sorted(reached, reverse=True)
        assert [step.done for step in steps] == [False] * (len(steps) - 1) + [True]
        assert not steps[-1].more
        back = await read_all((await reader_of(database, line)).newer(None, ROWS), newer=True)
        assert [row.id for row in back.rows] == expected


async def test_reading_stops_at_the_window_with_enough_rows(log: str) -> None:
    async with opened(log) as database:
        reader = await reader_of(database, "-type:zoho_mail")
        steps = [step async for step in reader.older(None, 20)]
        assert (len(steps), len(steps[0].rows), steps[0].more) == (1, 20, True)
        next_steps = [step async for step in reader.older(Place.of(steps[0].rows[-1]), 20)]
        assert (
            len(next_steps) == 1 and next_steps[0].rows[0].id == rows_where(log, "integration_type <> 'zoho_mail'")[20]
        )


async def test_a_page_that_no_index_serves_turns_into_windows(log: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Actions and types that never meet: the server would read every row of the one for the other."""
    monkeypatch.setattr(tui.data.audit.pages, "PAGE_MS", 1)
    async with opened(log) as database:
        reader = await reader_of(database, "action:call_made type:zoho_mail status:success")
        assert not reader.in_windows
        steps = [step async for step in reader.older(None, 50)]
        assert reader.in_windows
        assert len(steps) > 3 and not steps[-1].more
        assert not any(step.rows for step in steps)


async def test_windows_grow_where_the_server_is_quick(log: str) -> None:
    async with opened(log) as database:
        reader = await reader_of(database, "details.n:-1", size=SMALLEST_WINDOW)
        await read_all(reader.older(None, 10))
        assert SMALLEST_WINDOW * 8 < reader._windows.size <= LARGEST_WINDOW


@pytest.fixture
def slow_log(log: str, postgres: TestServer) -> Iterator[str]:
    """The log to a login for which each row takes a while."""
    postgres.create_role("clerk")
    with psycopg.connect(log) as connection:
        connection.execute(SLOWLY.encode())
    yield postgres.conninfo(log.partition("?")[0].rpartition("/")[2], user="clerk")
    with psycopg.connect(log) as connection:
        # What was stopped may still be ending.
        connection.execute("select pg_terminate_backend(pid, 20000) from pg_stat_activity where usename = 'clerk'")
        connection.execute("drop owned by clerk; drop function public.slowly cascade; drop role clerk")


async def test_windows_shrink_until_a_slow_server_keeps_the_time(slow_log: str) -> None:
    async with opened(slow_log) as database:
        reader = AuditReader(database, await resolve_line(database, "details.n:-1"))
        first = await anext(aiter(reader.older(None, 10)))
        assert not first.rows and first.searched_to is not None and first.more
        assert reader._windows.size < FIRST_WINDOW / 4


async def test_what_stays_too_slow_in_the_smallest_window_is_said(
    slow_log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tui.data.audit.windows, "LONGEST_STEP_MS", 20)
    monkeypatch.setattr(tui.data.audit.windows, "STEP_MS", 10)
    async with opened(slow_log) as database:
        reader = AuditReader(database, await resolve_line(database, "details.n:-1"))
        reader._windows._patience = 10
        with pytest.raises(TimedOut):
            await read_all(reader.older(None, 10))


async def test_stopping_a_search_stops_it_on_the_server(
    slow_log: str, log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tui.data.audit.windows, "STEP_MS", 60_000)
    async with opened(slow_log) as database:
        reader = AuditReader(database, await resolve_line(database, "details.n:-1"))
        reader._windows._patience = 60_000
        task = asyncio.ensure_future(read_all(reader.older(None, 10)))
        running = "select count(*) from pg_stat_activity where usename = 'clerk' and wait_event = 'PgSleep'"
        async with await psycopg.AsyncConnection.connect(log, autocommit=True) as watcher:

            async def active_queries() -> int:
                row = await (await watcher.execute(running)).fetchone()
                return row[0] if row else 0

            while not await active_queries():
                assert not task.done()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await active_queries() == 0
        assert await database.read(select_one) == 1


async def select_one(connection: psycopg.AsyncConnection[dict[str, int]]) -> int:
    row = await (await connection.execute("select 1 as one")).fetchone()
    return row["one"] if row else 0


async def test_many_rows_of_one_moment_are_one_window(postgres: TestServer, installed_template: str) -> None:
    name = postgres.create_database(template=installed_template, prefix="ties")
    conninfo = postgres.conninfo(name)
    try:
        with psycopg.connect(conninfo) as connection:
            for at in ("2026-01-01", "2026-01-02", "2026-01-03"):
                for _ in range(40):
                    log_row(connection, created_at=f"{at} 00:00+00")
        async with opened(conninfo) as database:
            reader = await reader_of(database, "-action:nothing", size=10)
            steps = [step async for step in reader.older(None, 200)]
            assert [len(step.rows) for step in steps[:2]] == [40, 40]
            assert len({row.id for step in steps for row in step.rows}) == 120
    finally:
        postgres.drop_database(name)
