"""Connections one by one: opened without waiting for a name server, asked for a sign of life, and cut off at once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg

from tui.data.postgres.host_lookup import resolve_hosts
from tui.data.postgres.monitored_connection import MonitoredConnection

if TYPE_CHECKING:
    from psycopg.rows import AsyncRowFactory

Connection = psycopg.AsyncConnection[dict[str, Any]]
Row = TypeVar("Row")
T = TypeVar("T")

LATE_S = 0.25

# The driver's own warnings would be written over the screen; what they say is raised as well.
logging.getLogger("psycopg").addHandler(logging.NullHandler())


async def connect(
    conninfo: str, row_factory: AsyncRowFactory[Row], *, password: str | None = None
) -> psycopg.AsyncConnection[Row]:
    """Return a new connection in autocommit mode.

    A cancelled call ends at once, also while a name is looked up. Raises psycopg.Error, OSError, and UnicodeError for
    a host that is no name.
    """
    hosts = await resolve_hosts(conninfo)
    try:
        return await MonitoredConnection.connect(
            conninfo,
            autocommit=True,
            # A prepared statement with optional parameters took 2 ms, and 2,156 ms from its 11th execution on, with a
            # generic plan; and behind a pooler of transactions the next execution is on another session.
            prepare_threshold=None,
            row_factory=row_factory,
            password=password,
            **hosts,  # type: ignore[arg-type]
        )
    except asyncio.CancelledError as cancelled:
        # Who keeps this failure, as Textual's workers do, would keep in its frames the socket open: for a minute the
        # server waits for a password, and whoever creates or drops a database there waits for this login.
        cancelled.__context__ = None
        raise cancelled.with_traceback(None) from None


async def is_responding(connection: psycopg.AsyncConnection[Any], within: float) -> bool:
    """Return whether the server answers on an idle connection within so many seconds; close it otherwise."""
    asking = asyncio.ensure_future(connection.execute("select 1"))
    asking.add_done_callback(lambda done: _close_unless_answered(connection, done))
    try:
        await first_done({asking}, within)
    finally:
        if not asking.done():
            cut(connection)
    return asking.done() and not connection.closed


async def first_done(futures: set[asyncio.Future[T]], within: float) -> set[asyncio.Future[T]]:
    """Return the futures that are done as soon as any is, or none after `within` seconds.

    Waits once more where this process was suspended meanwhile: an answer may have come that the loop has not read.
    """
    loop = asyncio.get_running_loop()
    while True:
        ends = loop.time() + within
        done, _ = await asyncio.wait(futures, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        if done or loop.time() < ends + LATE_S:
            return done


def _close_unless_answered(connection: psycopg.AsyncConnection[Any], asking: asyncio.Future[Any]) -> None:
    if asking.cancelled() or asking.exception() is not None:
        connection.pgconn.finish()


def cut(connection: psycopg.AsyncConnection[Any]) -> None:
    """Shut a connection's socket down: whoever waits on it gets psycopg.OperationalError. What was sent goes out."""
    # Closing would give the descriptor to the next file that is opened while others still wait on it.
    with contextlib.suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(connection.pgconn.socket)) as end:
        end.shutdown(socket.SHUT_RDWR)
