"""A connection that reports whatever the server sends on it, and whose request to cancel is not broken off."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg.waiting import Ready

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Self

    from psycopg.abc import PQGen, PQGenConn

Row = TypeVar("Row")
RV = TypeVar("RV")
WaitsFor = TypeVar("WaitsFor")

POLL_EVERY_S = 0.1  # as in psycopg

_cancelling: set[asyncio.Task[None]] = set()


def _ignore() -> None:
    """Nobody is interested."""


on_login_traffic: ContextVar[Callable[[], None]] = ContextVar("on_login_traffic", default=_ignore)
"""Called for what a server sends during a login, when there is no connection yet that could be monitored."""


class MonitoredConnection(psycopg.AsyncConnection[Row]):
    """Calls `on_traffic` for each piece of an answer, be it a row or an error; not for the end of the connection."""

    on_traffic: Callable[[], None] = staticmethod(_ignore)

    @classmethod
    def _connect_gen(cls, conninfo: str = "") -> PQGenConn[Self]:
        return _report_traffic(super()._connect_gen(conninfo), on_login_traffic.get())

    async def wait(self, gen: PQGen[RV], interval: float = POLL_EVERY_S, timeout: float | None = None) -> RV:  # noqa: ASYNC109
        """Wait as psycopg does."""
        return await super().wait(_report_traffic(gen, self.on_traffic), interval, timeout)

    async def _try_cancel(self, *, timeout: float = 5.0) -> None:  # noqa: ASYNC109
        # PgBouncer 1.18 dies of a request to cancel that is hung up on: a second interruption leaves it to itself.
        cancelling = asyncio.create_task(super()._try_cancel(timeout=timeout))
        _cancelling.add(cancelling)
        cancelling.add_done_callback(_cancelling.discard)
        await asyncio.shield(cancelling)


def monitor(connection: psycopg.AsyncConnection[Any], on_traffic: Callable[[], None]) -> None:
    """Have a connection of `tui.data.postgres.connect` report from now on."""
    if isinstance(connection, MonitoredConnection):
        connection.on_traffic = on_traffic


def _report_traffic(gen: Generator[WaitsFor, Any, RV], on_traffic: Callable[[], None]) -> Generator[WaitsFor, Any, RV]:
    """Run one of psycopg's generators, and report whenever it has read from the socket.

    psycopg has no hook for that: its generators are the one place through which every byte passes.
    """
    ready = 0
    try:
        waiting_for = next(gen)
        while True:
            ready = (yield waiting_for) or 0
            waiting_for = gen.send(ready)
            if ready & Ready.R:
                on_traffic()
    except StopIteration as end:
        if ready & Ready.R:
            on_traffic()
        result: RV = end.value
        return result
