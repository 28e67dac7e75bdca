"""A connection that tells whenever the server says something on it, and whose cancelling is not broken off."""

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
Wanted = TypeVar("Wanted")

POLL_EVERY_S = 0.1

_cancelling: set[asyncio.Task[None]] = set()


def _nobody() -> None:
    """Listen to nothing."""


at_login: ContextVar[Callable[[], None]] = ContextVar("at_login", default=_nobody)
"""Who is told of what a server says while it lets somebody in, before there is a connection."""


class ListeningConnection(psycopg.AsyncConnection[Row]):
    """Calls `listener` for each piece of an answer, be it a row or an error; not for an end of the line."""

    listener: Callable[[], None] = staticmethod(_nobody)

    @classmethod
    def _connect_gen(cls, conninfo: str = "") -> PQGenConn[Self]:
        return _told(super()._connect_gen(conninfo), at_login.get())

    async def wait(self, gen: PQGen[RV], interval: float = POLL_EVERY_S, timeout: float | None = None) -> RV:  # noqa: ASYNC109
        """Wait as psycopg does."""
        return await super().wait(_told(gen, self.listener), interval, timeout)

    async def _try_cancel(self, *, timeout: float = 5.0) -> None:  # noqa: ASYNC109
        # PgBouncer 1.18 dies of a request to cancel that is hung up on: a second interruption leaves it to itself.
        cancelling = asyncio.create_task(super()._try_cancel(timeout=timeout))
        _cancelling.add(cancelling)
        cancelling.add_done_callback(_cancelling.discard)
        await asyncio.shield(cancelling)


def listen(connection: psycopg.AsyncConnection[Any], listener: Callable[[], None]) -> None:
    """Have a connection of `tui.data.postgres.connecting.connect` tell from now on."""
    if isinstance(connection, ListeningConnection):
        connection.listener = listener


def _told(gen: Generator[Wanted, Any, RV], listener: Callable[[], None]) -> Generator[Wanted, Any, RV]:
    """Run one of psycopg's generators, and tell whenever it has taken in what arrived."""
    ready = 0
    try:
        wanted = next(gen)
        while True:
            ready = (yield wanted) or 0
            wanted = gen.send(ready)
            if ready & Ready.R:
                listener()
    except StopIteration as end:
        if ready & Ready.R:
            listener()
        result: RV = end.value
        return result
