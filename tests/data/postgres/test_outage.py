"""A server that is gone, full, or only slow: who is told what, how soon, and what goes on."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import math
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest
from psycopg.rows import tuple_row

from tests.support.acme import operator
from tests.support.servers.loopback import ScriptedServer, letting_in
from tests.support.servers.pooler import TransactionPooler
from tests.support.servers.tcp_proxy import TcpProxy
from tests.support.waiting import wait_until
from tui.data.postgres import database as database_module
from tui.data.postgres import deadline, liveness, pool
from tui.data.postgres.connect import connect
from tui.data.postgres.database import Connection, Database
from tui.data.postgres.deadline import run_with_deadline
from tui.errors import ConnectionFailed, ConnectionLost, NoFreeConnection, TimedOut

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    import psycopg

    from tests.support.servers.postgres import TestServer


@pytest.fixture
async def database(proxy: TcpProxy) -> AsyncIterator[Database]:
    """A database that was opened through the proxy."""
    database = Database(through(proxy), operator())
    await database.open()
    yield database
    started = time.monotonic()
    await database.close()
    assert time.monotonic() - started < 0.5


def through(proxy: TcpProxy) -> str:
    return proxy.conninfo("postgres", user="walter", password="walter")


def sleep_statement(seconds: float) -> str:
    return f"select pg_sleep({seconds})"


@pytest.fixture
def asks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is silent is taken for gone within tenths of a second, so that nothing need last for seconds."""
    monkeypatch.setattr(deadline, "WATCHED_AFTER_S", 0.1)
    monkeypatch.setattr(liveness, "BEAT_EVERY_S", 0.1)
    monkeypatch.setattr(pool, "PATIENCE_S", 0.3)
    monkeypatch.setattr(pool, "LOGIN_PATIENCE_S", 0.4)


async def test_cancelling_in_a_black_hole_gives_control_back_within_three_seconds_and_the_connections_too(
    proxy: TcpProxy, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many units at once as there are connections, so that one that is not given back is missed."""
    monkeypatch.setattr(pool.Pool, "turn_within_s", 0.3)
    at_work = asyncio.Barrier(pool.MAX_SIZE + 1)
    lent: list[Connection] = []

    async def unit(connection: Connection) -> None:
        lent.append(connection)
        await at_work.wait()
        await connection.execute(sleep_statement(60))

    run = (database.read, database.write)
    units = [asyncio.create_task(run[number % 2](unit)) for number in range(pool.MAX_SIZE)]
    await at_work.wait()
    proxy.swallow()
    started = time.monotonic()
    for task in units:
        task.cancel()
    ended = await asyncio.gather(*units, return_exceptions=True)
    assert {type(outcome) for outcome in ended} == {asyncio.CancelledError}
    assert time.monotonic() - started < 3
    assert [connection.closed for connection in lent] == [True] * pool.MAX_SIZE
    proxy.restore()
    assert await database.read(_select_one) == 1


async def test_whoever_reads_right_after_the_login_gets_its_connection_and_asks_nothing_first(
    proxy: TcpProxy, database: Database, postgres: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "JUST_ANSWERED_S", 60.0)
    monkeypatch.setattr(liveness, "BEAT_EVERY_S", 60.0)

    async def unit(connection: Connection) -> str:
        with postgres.admin() as admin:
            query = "select query from pg_stat_activity where pid = %s"
            ((statement,),) = admin.execute(query, [connection.info.backend_pid]).fetchall()
        await connection.execute("select 2")
        return str(statement)

    watching = asyncio.create_task(database.until_lost())
    await database.read(unit)
    assert await database.read(unit) == "select 2"
    assert proxy.connections == 1
    watching.cancel()
    monkeypatch.undo()
    await asyncio.sleep(0.06)
    assert await database.read(unit) == "select 1"


async def test_what_is_done_once_gets_another_connection_where_the_server_has_ended_the_one_that_just_answered(
    database: Database, postgres: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "JUST_ANSWERED_S", 60.0)
    for run in (database.write, partial(database.read_at_length, statement_timeout_ms=5_000)):
        ended = await database.read(_backend)
        with postgres.admin() as admin:
            admin.execute("select pg_terminate_backend(%s, 5000)", [ended])
        assert await run(_backend) != ended  # type: ignore[operator]


async def test_trying_again_ends_while_the_server_goes_on_sending_to_others(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(liveness, "BEAT_EVERY_S", 0.5)
    at_work, ended = asyncio.Event(), asyncio.Event()

    async def unit(connection: Connection) -> None:
        while not ended.is_set():
            await connection.execute(sleep_statement(0.05))
            at_work.set()

    reading = asyncio.create_task(database.read_at_length(unit, statement_timeout_ms=15_000))
    await at_work.wait()
    assert await asyncio.wait_for(database.until_back(), 20) is None
    # Also where others were watching before.
    with database._pool.liveness.watched():
        assert await asyncio.wait_for(database.until_back(), 20) is None
    ended.set()
    await reading


async def test_a_read_from_a_server_that_fell_silent_is_lost_and_one_that_takes_too_long_has_timed_out(
    proxy: TcpProxy, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "ANSWERS_WITHIN_S", 1.5)
    monkeypatch.setattr(pool, "PATIENCE_S", 0.2)
    monkeypatch.setattr(pool, "LOGIN_PATIENCE_S", 0.2)
    at_work = asyncio.Event()

    async def unit(connection: Connection) -> None:
        at_work.set()
        await connection.execute(sleep_statement(60))

    slow = asyncio.create_task(database.read(unit))
    assert (await asyncio.wait({slow}, timeout=5))[0]
    with pytest.raises(TimedOut):
        await slow
    at_work.clear()
    reading = asyncio.create_task(database.read(unit))
    await at_work.wait()
    proxy.swallow()
    assert (await asyncio.wait({reading}, timeout=4))[0]
    with pytest.raises(ConnectionLost, match="has not answered for 2 seconds"):
        await reading


async def test_cancelling_the_first_questions_gives_control_back_within_three_seconds() -> None:
    question_came = threading.Event()
    with ScriptedServer(letting_in(question_came)) as server:
        database = Database(f"host=127.0.0.1 port={server.port} user=x dbname=x sslmode=disable", operator())
        opening = asyncio.create_task(database.open())
        await asyncio.to_thread(question_came.wait, 20)
        started = time.monotonic()
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        assert time.monotonic() - started < 3


async def test_connecting_gives_up_within_six_seconds() -> None:
    with TcpProxy(1) as proxy:
        proxy.swallow()
        database = Database(through(proxy), operator())
        started = time.monotonic()
        with pytest.raises(ConnectionFailed):
            await database.open()
        assert time.monotonic() - started < 6


async def test_a_query_that_is_silent_for_long_goes_on_while_the_server_answers_others(
    proxy: TcpProxy, postgres: TestServer, asks_often: None
) -> None:
    """Also where it answers that it has no connection left."""
    for limit in (-1, 1):
        with postgres.admin() as admin:
            admin.execute(f"alter role walter connection limit {limit}".encode())
        database = Database(through(proxy), operator())
        await database.open()
        try:

            async def work(held: list[psycopg.AsyncConnection[object]], database: Database = database) -> str:
                async with database._pool.connection() as connection:
                    held.append(connection)
                    await connection.execute(sleep_statement(1.5))
                return "done"

            asked = database._pool.liveness
            assert await run_with_deadline(work, math.inf, liveness=asked, gone_after_s=0.5) == "done", limit
        finally:
            await database.close()


async def test_work_ends_soon_after_the_server_is_gone(proxy: TcpProxy, database: Database, asks_often: None) -> None:
    at_work = asyncio.Event()

    async def work(held: list[psycopg.AsyncConnection[object]]) -> None:
        async with database._pool.connection() as connection:
            held.append(connection)
            at_work.set()
            await connection.execute(sleep_statement(60))

    ending = asyncio.create_task(run_with_deadline(work, math.inf, liveness=database._pool.liveness, gone_after_s=0.5))
    await at_work.wait()
    proxy.swallow()
    started = time.monotonic()
    with pytest.raises(ConnectionLost, match=r"has not answered for \d seconds"):
        await ending
    assert time.monotonic() - started < 4


@pytest.mark.parametrize("outage", [TcpProxy.refuse, TcpProxy.swallow])
async def test_an_outage_is_seen_within_three_seconds_and_its_end_within_five(
    proxy: TcpProxy, database: Database, outage: object
) -> None:
    watching = asyncio.create_task(database.until_lost())
    await database.read(_select_one)
    started = time.monotonic()
    outage(proxy)  # type: ignore[operator]
    failure = await watching
    assert time.monotonic() - started < 3.2
    assert failure.may_pass
    back = asyncio.create_task(database.until_back())
    assert not (await asyncio.wait({back}, timeout=0.5))[0]
    proxy.restore()
    started = time.monotonic()
    assert await back is None
    assert await database.read(_select_one) == 1
    assert time.monotonic() - started < 5


async def test_that_all_connections_are_taken_is_said_as_that(
    proxy: TcpProxy, database: Database, postgres: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool.Pool, "turn_within_s", 0.3)
    busy = asyncio.Barrier(pool.MAX_SIZE + 1)

    async def unit(connection: Connection) -> None:
        await connection.execute("select 1")
        await busy.wait()
        await busy.wait()

    units = [asyncio.create_task(database.read(unit)) for _ in range(pool.MAX_SIZE)]
    await busy.wait()
    with pytest.raises(NoFreeConnection) as ours:
        await database.read(_select_one)
    await busy.wait()
    await asyncio.gather(*units)
    with postgres.admin() as admin:
        admin.execute("alter role walter connection limit 0")
        admin.execute("select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = 'walter'")
    with pytest.raises(NoFreeConnection) as theirs:
        await database.read(_select_one)
    with pytest.raises(NoFreeConnection) as at_first:
        await Database(through(proxy), operator()).open()
    for failure in (ours.value, theirs.value, at_first.value):
        assert failure.title == "No free connection"
        assert failure.may_pass


async def test_a_login_that_is_refused_is_not_tried_again(proxy: TcpProxy, postgres: TestServer) -> None:
    database = Database(through(proxy).replace("password=walter", "password=wrong"), operator())
    with pytest.raises(ConnectionFailed) as failure:
        await database.open()
    assert not failure.value.may_pass
    assert (await database.until_back()) is not None
    await database.close()


async def test_a_server_that_is_slow_to_let_in_is_not_lost(proxy: TcpProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "PATIENCE_S", 0.8)
    monkeypatch.setattr(pool, "LOGIN_PATIENCE_S", 1.6)
    slow = Database(f"{through(proxy)} options='-c post_auth_delay=1'", operator())
    await slow.open()
    units = [asyncio.create_task(slow.read(_sleep(1))) for _ in range(2)]
    lost = asyncio.create_task(slow.until_lost())
    await asyncio.gather(*units)
    assert not lost.done()
    lost.cancel()
    await slow.close()


async def test_a_pooler_whose_only_backend_is_taken_is_not_lost(postgres: TestServer) -> None:
    async with TransactionPooler(postgres.conninfo("postgres")) as pooler:
        database = Database(pooler.conninfo, operator())
        await database.open()
        async with await connect(pooler.conninfo, tuple_row) as other:
            lost = asyncio.create_task(database.until_lost())
            await other.execute(sleep_statement(4))
            assert not lost.done()
            lost.cancel()
        await database.close()


async def test_while_all_connections_are_at_work_none_is_opened_to_ask(proxy: TcpProxy, database: Database) -> None:
    at_work = asyncio.Barrier(pool.MAX_SIZE + 1)

    async def unit(connection: Connection) -> None:
        await connection.execute("select 1")
        await at_work.wait()
        await connection.execute(sleep_statement(0.5))

    units = [asyncio.create_task(database.read(unit)) for _ in range(pool.MAX_SIZE)]
    await at_work.wait()
    lost = asyncio.create_task(database.until_lost())
    await asyncio.gather(*units)
    assert proxy.connections == pool.MAX_SIZE
    lost.cancel()


async def test_an_old_connection_is_kept_until_there_is_another(
    proxy: TcpProxy, postgres: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "LIVES_S", 0.0)
    monkeypatch.setattr(pool, "RENEWED_AGAIN_AFTER_S", 0.0)
    with postgres.admin() as admin:
        admin.execute("alter role walter connection limit 1")
        database = Database(through(proxy), operator())
        await database.open()
        first = await database.read(_backend)
        lost = asyncio.create_task(database.until_lost())
        await asyncio.to_thread(wait_until, lambda: proxy.connections > 1)
        assert await database.read(_backend) == first
        admin.execute("alter role walter connection limit -1")
        alive = "select from pg_stat_activity where pid = %s"
        await asyncio.to_thread(wait_until, lambda: admin.execute(alive, (first,)).fetchone() is None)
        assert await database.read(_backend) != first
        assert not lost.done()
        lost.cancel()
        await database.close()


async def test_a_request_to_cancel_is_not_hung_up_on_by_a_second_interruption() -> None:
    question_came, cancelled, hung_up = threading.Event(), threading.Event(), threading.Event()
    answer = threading.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readexactly(8)
        if head[4:] != b"\x04\xd2\x16\x2e":
            await letting_in(question_came)(reader, writer)
            return
        await reader.readexactly(int.from_bytes(head[:4]) - 8)
        cancelled.set()
        end = asyncio.ensure_future(reader.read())
        end.add_done_callback(lambda _: answer.is_set() or hung_up.set())
        await asyncio.to_thread(answer.wait, 20)

    with ScriptedServer(talk) as server:
        connection = await connect(f"host=127.0.0.1 port={server.port} user=x dbname=x sslmode=disable", tuple_row)
        asking = asyncio.create_task(connection.execute("select 1"))
        assert await asyncio.to_thread(question_came.wait, 20)
        asking.cancel()
        assert await asyncio.to_thread(cancelled.wait, 20)
        asking.cancel()
        await asyncio.wait({asking})
        assert not await asyncio.to_thread(hung_up.wait, 0.2)
        answer.set()


async def test_work_that_fails_after_control_was_given_back_is_not_reported_by_the_loop() -> None:
    reported: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    goes_on = asyncio.Event()
    tasks: list[asyncio.Task[object]] = []

    async def work(_: list[psycopg.AsyncConnection[object]]) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.append(task)
        del task
        while not goes_on.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await goes_on.wait()
        raise ValueError

    with pytest.raises(ConnectionLost):
        await run_with_deadline(work, 0.0, may_cancel=lambda: False)
    goes_on.set()
    await asyncio.wait([tasks.pop()])
    gc.collect()
    assert not reported


async def _backend(connection: Connection) -> int:
    return connection.info.backend_pid


def _sleep(seconds: float) -> Callable[[Connection], Awaitable[None]]:
    async def unit(connection: Connection) -> None:
        await connection.execute(sleep_statement(seconds))

    return unit


async def _select_one(connection: Connection) -> int:
    row = await (await connection.execute("select 1 as one")).fetchone()
    return int(row["one"]) if row else 0
