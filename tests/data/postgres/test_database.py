"""The units of work: what they carry, when they are repeated, and what a broken connection means."""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import tuple_row

from tests.support.acme import ASHA, opened
from tests.support.servers.pooler import TransactionPooler
from tests.support.servers.tcp_proxy import TcpProxy
from tui.data.postgres.database import Connection, Database
from tui.data.postgres.pool import MAX_SIZE
from tui.errors import (
    ConnectionFailed,
    ConnectionLost,
    ConstraintViolated,
    DatabaseFailed,
    Locked,
    ReadOnlyMode,
    SchemaMissing,
    TimedOut,
)
from tui.process.identity import Operator

if TYPE_CHECKING:
    from tests.support.servers.postgres import TestServer

ADD = "insert into public.things (name) values ('one') returning id"


@pytest.fixture
def things(empty_database: str) -> str:
    """A database with one small table."""
    with psycopg.connect(empty_database) as connection:
        connection.execute(
            "create table public.things (id int generated always as identity primary key, name text unique)"
        )
    return empty_database


async def _setting(connection: Connection, name: str) -> Any:
    row = await (await connection.execute("select current_setting(%s, true) as value", (name,))).fetchone()
    return row["value"] if row else None


async def _count(database: Database) -> int:
    return int(await database.fetch_value("select count(*) from public.things"))


@pytest.mark.parametrize("is_pooled", [False, True])
async def test_a_statement_has_its_rows_as_asked_for_and_its_own_time_limit(things: str, is_pooled: bool) -> None:
    async with contextlib.AsyncExitStack() as stack:
        conninfo = (await stack.enter_async_context(TransactionPooler(things))).conninfo if is_pooled else things
        database = await stack.enter_async_context(opened(conninfo))
        await database.execute("insert into public.things (name) values (%(name)s)", {"name": "one"})
        every = "select name from public.things"
        assert await database.fetch_all(every) == [{"name": "one"}]
        assert await database.fetch_all(every, row_factory=tuple_row, statement_timeout_ms=9_000) == [("one",)]
        assert await database.fetch_one(f"{every} where name = %(name)s", {"name": "two"}) is None
        with pytest.raises(TimedOut):
            await database.fetch_all("select pg_sleep(20)", statement_timeout_ms=50)
        assert await database.fetch_value("show statement_timeout") == "15s"


async def test_a_write_carries_the_operator_and_leaves_nothing_behind_on_the_connection(things: str) -> None:
    operation = uuid4()

    async def unit(connection: Connection) -> list[Any]:
        names = ("operator_id", "operator_label", "source_address", "user_agent", "operation_id")
        return [await _setting(connection, f"switchboard.{name}") for name in names]

    async def after(connection: Connection) -> Any:
        return await _setting(connection, "switchboard.operator_id")

    async with opened(things) as database:
        carried = await database.write(unit, operation_id=operation)
        assert carried == [str(ASHA), "asha@acme.example", "192.0.2.7", "switchboard/test (asha@jump)", str(operation)]
        assert await database.read(after) in ("", None)


async def test_every_connection_has_its_time_limits(things: str) -> None:
    async def unit(connection: Connection) -> list[Any]:
        names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
        return [await _setting(connection, name) for name in names]

    async with opened(things) as database:
        assert await database.read(unit) == ["5s", "15s", "10s"]
        assert await database.write(unit) == ["5s", "15s", "10s"]


async def test_a_unit_that_fails_writes_nothing(things: str) -> None:
    async def unit(connection: Connection) -> None:
        await connection.execute(ADD)
        await connection.execute("select * from not_there")

    async with opened(things) as database:
        with pytest.raises(SchemaMissing):
            await database.write(unit)
        assert await _count(database) == 0


async def test_a_connection_left_in_a_transaction_is_closed_and_not_lent_again(things: str) -> None:
    lent: list[Connection] = []

    async def unit(connection: Connection) -> None:
        lent.append(connection)
        await connection.execute("begin")

    async with opened(things) as database:
        for _ in range(MAX_SIZE + 1):
            await database.read(unit)
        assert [connection.closed for connection in lent] == [True] * len(lent)
        assert await _count(database) == 0


async def test_a_constraint_error_never_shows_the_row(things: str) -> None:
    async def unit(connection: Connection) -> None:
        await connection.execute("insert into public.things (name) values ('s3cret-canary'), ('s3cret-canary')")

    async with opened(things) as database:
        with pytest.raises(ConstraintViolated) as caught:
            await database.write(unit)
    texts = f"{caught.value} {caught.value.details} {caught.value!r} {caught.value.__cause__!r}"
    assert "canary" not in texts


async def test_read_only_mode_refuses_a_write_before_it_reaches_the_server(things: str) -> None:
    async def unit(connection: Connection) -> None:
        await connection.execute(ADD)

    async with opened(things, read_only=True) as database:
        with pytest.raises(ReadOnlyMode):
            await database.write(unit)
        assert await _count(database) == 0
        await database.write(unit, log_only=True)
        assert await _count(database) == 1


async def test_a_deadlock_runs_the_whole_unit_again(things: str) -> None:
    with psycopg.connect(things) as connection:
        connection.execute("insert into public.things (name) values ('a'), ('b')")
    runs: list[str] = []
    first_locks = asyncio.Barrier(2)

    def swapping(first: str, second: str) -> Any:
        async def unit(connection: Connection) -> None:
            runs.append(first)
            await connection.execute("update public.things set name = name where name = %s", (first,))
            if len(runs) <= 2:
                await first_locks.wait()
            await connection.execute("update public.things set name = name where name = %s", (second,))

        return unit

    async with opened(things) as database:
        await asyncio.gather(database.write(swapping("a", "b")), database.write(swapping("b", "a")))
    assert len(runs) == 3


async def test_a_collision_that_commit_reports_is_not_tried_again(things: str) -> None:
    with psycopg.connect(things) as connection:
        connection.execute(
            "create function public.collide() returns trigger language plpgsql as "
            "$$begin raise exception 'collided' using errcode = 'serialization_failure'; end$$;"
            "create constraint trigger collide after insert on public.things deferrable initially deferred "
            "for each row execute function public.collide()"
        )
    runs = 0

    async def unit(connection: Connection) -> None:
        nonlocal runs
        runs += 1
        await connection.execute(ADD)

    async with opened(things) as database:
        with pytest.raises(DatabaseFailed):
            await database.write(unit)
        assert await _count(database) == 0
    assert runs == 1


async def test_a_lock_wait_ends_after_five_seconds_and_names_the_holder(things: str) -> None:
    def lock(name: str) -> Any:
        async def unit(connection: Connection) -> None:
            await connection.execute("select set_config('lock_timeout', '2s', false)")
            await connection.execute("select from public.things where name = %s for update", (name,))

        return unit

    with psycopg.connect(things, application_name="somebody's psql") as holder:
        holder.execute("insert into public.things (name) values ('a'), ('b')")
        holder.commit()
        holder.execute("select from public.things for update")
        async with opened(things) as database:
            failures = await asyncio.gather(database.write(lock("a")), database.read(lock("b")), return_exceptions=True)
    for failure in failures:
        assert isinstance(failure, Locked)
        assert "somebody's psql" in failure.sentence


async def test_a_statement_that_takes_too_long_is_cancelled_and_the_connection_stays_usable(things: str) -> None:
    async def unit(connection: Connection) -> None:
        await connection.execute("set local statement_timeout = '50ms'")
        await connection.execute("select pg_sleep(20)")

    async with opened(things) as database:
        with pytest.raises(TimedOut):
            await database.write(unit)
        assert await _count(database) == 0


async def test_cancelling_a_read_cancels_it_on_the_server(things: str) -> None:
    started = asyncio.Event()

    async def unit(connection: Connection) -> None:
        started.set()
        await connection.execute("select pg_sleep(20) /* to be cancelled */")

    running = "select count(*) from pg_stat_activity where query like '%%to be cancelled%%' and state = 'active'"
    async with opened(things) as database:
        task = asyncio.create_task(database.read(unit))
        await started.wait()
        with psycopg.connect(things, autocommit=True) as watcher:
            while not await asyncio.to_thread(_scalar, watcher, running + " and pid <> pg_backend_pid()"):
                pass
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert _scalar(watcher, running + " and pid <> pg_backend_pid()") == 0


async def test_a_read_is_repeated_by_itself_when_its_backend_was_killed(things: str) -> None:
    runs = 0

    async def unit(connection: Connection) -> int:
        nonlocal runs
        runs += 1
        if runs == 1:
            _kill(things, connection.info.backend_pid)
        row = await (await connection.execute("select 42 as answer")).fetchone()
        return int(row["answer"]) if row else 0

    async with opened(things) as database:
        assert await database.read(unit) == 42
    assert runs == 2


async def test_a_write_is_never_repeated_when_its_backend_was_killed(things: str) -> None:
    runs = 0

    async def unit(connection: Connection) -> None:
        nonlocal runs
        runs += 1
        await connection.execute(ADD)
        _kill(things, connection.info.backend_pid)
        await connection.execute("select 1")

    async with opened(things) as database:
        with pytest.raises(ConnectionLost):
            await database.write(unit)
        assert await _count(database) == 0
    assert runs == 1


async def test_when_the_reply_to_commit_is_lost_the_server_is_asked_how_it_ended(postgres: TestServer) -> None:
    name = postgres.create_database(prefix="doubt")
    with psycopg.connect(postgres.conninfo(name)) as connection:
        connection.execute("create table public.things (id int generated always as identity primary key, name text)")
    try:
        for reaches_server in (True, False):
            await _commit_in_doubt(postgres.conninfo(name), reaches_server=reaches_server)
    finally:
        postgres.drop_database(name)


async def _commit_in_doubt(conninfo: str, *, reaches_server: bool) -> None:
    """Cut the connection between COMMIT and its reply, the server having got it or not."""

    async def unit(connection: Connection) -> str:
        await connection.execute(ADD)
        connection.execute = execute_and_cut  # type: ignore[method-assign, assignment]
        connections.append(connection)
        return "done"

    async def execute_and_cut(query: str) -> None:
        connection = connections[0]
        if reaches_server and query == "commit":
            connection.pgconn.send_query(b"commit")
            with psycopg.connect(conninfo, autocommit=True) as watcher:
                pid = connection.info.backend_pid
                idle = f"select count(*) from pg_stat_activity where pid = {pid} and state = 'idle'"
                while not await asyncio.to_thread(_scalar, watcher, idle):
                    pass
        else:
            _kill(conninfo, connection.info.backend_pid)
        connection.pgconn.finish()
        raise psycopg.OperationalError("the connection is closed")

    connections: list[Connection] = []
    async with opened(conninfo) as database:
        before = await _count(database)
        if reaches_server:
            assert await database.write(unit) == "done"
        else:
            with pytest.raises(ConnectionLost) as caught:
                await database.write(unit)
            assert "nothing was saved" in caught.value.sentence
        assert await _count(database) == before + (1 if reaches_server else 0)


async def test_an_answer_to_commit_that_never_comes_is_asked_for_over_another_connection(things: str) -> None:
    """Also through a pooler of transactions."""

    async def unit(connection: Connection) -> str:
        await connection.execute(ADD)
        return "done"

    async with TransactionPooler(things) as pooler:
        with TcpProxy(int(str(conninfo_to_dict(pooler.conninfo)["port"]))) as proxy:
            async with opened(make_conninfo(pooler.conninfo, port=proxy.port)) as database:
                assert database.info is not None
                assert database.info.pooling == "transaction"
                proxy.lose_commit()
                started = time.monotonic()
                assert await database.write(unit) == "done"
                assert time.monotonic() - started < 5
                assert await _count(database) == 1


async def test_a_dead_server_is_a_failed_connection_and_not_a_traceback() -> None:
    database = Database("host=127.0.0.1 port=1 connect_timeout=2", Operator(None, "nobody"))
    with pytest.raises(ConnectionFailed):
        await database.open()
    with pytest.raises(ConnectionFailed):
        await database.read(_never_run)


async def test_points_in_time_that_a_datetime_cannot_hold_load_as_none(things: str) -> None:
    async def unit(connection: Connection) -> list[Any]:
        query = "select t::timestamptz as t from unnest(array['infinity', '-infinity', '20000-01-01']) as u(t)"
        return [row["t"] for row in await (await connection.execute(query)).fetchall()]

    async with opened(things) as database:
        assert await database.read(unit) == [None, None, None]


async def test_times_are_read_whatever_way_the_database_writes_them(things: str) -> None:
    async def unit(connection: Connection) -> tuple[Any, Any]:
        row = await (await connection.execute("select t, t::text as text from (values (now())) as v(t)")).fetchone()
        return (row["t"], datetime.fromisoformat(row["text"])) if row else (None, None)

    with psycopg.connect(things) as owner:
        owner.execute(f"alter database {owner.info.dbname} set datestyle to 'SQL, DMY'")
        # Its abbreviation, IST, is Israel's to Postgres.
        owner.execute(f"alter database {owner.info.dbname} set timezone to 'Asia/Kolkata'")
    async with opened(things) as database:
        moment, text = await database.read(unit)
    assert moment is not None
    assert moment == text


async def _never_run(connection: Connection) -> None:
    raise AssertionError("there is no connection to run this on")


def _scalar(connection: psycopg.Connection, query: str) -> Any:
    row = connection.execute(query).fetchone()
    return row[0] if row else None


def _kill(conninfo: str, pid: int) -> None:
    with psycopg.connect(conninfo, autocommit=True) as admin:
        admin.execute("select pg_terminate_backend(%s, 5000)", (pid,))
