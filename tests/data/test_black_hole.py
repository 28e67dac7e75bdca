"""A server that takes everything and answers nothing: control comes back all the same."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.support.black_hole import BlackHole
from tests.support.sitting import operator
from tui.data.database import Connection, Database
from tui.data.errors import ConnectionFailed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.postgres import TestServer


@pytest.fixture
async def swallowed(postgres: TestServer) -> AsyncIterator[tuple[BlackHole, Database]]:
    """A database opened through a proxy that has not swallowed anything yet."""
    postgres.create_role("walter", "login password 'walter'")
    target = conninfo_to_dict(postgres.conninfo("postgres", user="walter", password="walter"))
    async with BlackHole(int(target["port"])) as hole:
        database = Database(
            f"host=127.0.0.1 port={hole.port} user=walter password=walter dbname=postgres sslmode=disable "
            "connect_timeout=5",
            operator(),
        )
        await database.open()
        yield hole, database
        started = time.monotonic()
        await database.close()
        assert time.monotonic() - started < 3
    postgres.drop_new_roles()


async def sleeping(connection: Connection) -> None:
    await connection.execute("select pg_sleep(60)")


@pytest.mark.parametrize("kind", ["read", "write"])
async def test_cancelling_gives_control_back_within_three_seconds(
    swallowed: tuple[BlackHole, Database], kind: str
) -> None:
    hole, database = swallowed
    at_work = asyncio.Event()

    async def unit(connection: Connection) -> None:
        at_work.set()
        await sleeping(connection)

    task = asyncio.create_task(database.read(unit) if kind == "read" else database.write(unit))
    await at_work.wait()
    hole.swallow()
    started = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - started < 3


async def test_connecting_gives_up_within_six_seconds() -> None:
    async with BlackHole(1) as hole:
        hole.swallow()
        database = Database(f"host=127.0.0.1 port={hole.port} user=x dbname=x connect_timeout=5", operator())
        started = time.monotonic()
        with pytest.raises(ConnectionFailed):
            await database.open()
        assert time.monotonic() - started < 6
