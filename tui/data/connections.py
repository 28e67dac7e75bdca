"""The connections to one server: few, lent for one unit of work each, and kept for the next.

Not psycopg_pool: its back-off, which grows to half a minute, would decide when a server that is back is found, and it
does not tell whoever waits why there is no connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import psycopg
from psycopg.pq import TransactionStatus

from tui.data.connecting import answers, standing_of
from tui.data.errors import ConnectionFailed, NoFreeConnection
from tui.data.pulse import ANSWERS_WITHIN_S, ASKS_FOR_S, Pulse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tui.data.connecting import Connection

MOST = 4
TURN_WITHIN_S = 6.0
AGAIN_AFTER_S = 0.5
LIVES_S = 1800.0
# What nobody has needed for so long is closed, but for one: a session pooler may have fifteen for everybody.
IDLE_S = 60.0


class Connections:
    """At most four connections, and the server's pulse, which is felt on one that is idle or on a new one.

    None is kept, and none lent, unless `is_open`.
    """

    def __init__(self, connect: Callable[[], Awaitable[Connection]]) -> None:
        """`connect` returns a new connection that is ready for use; it raises psycopg.Error or OSError."""
        self._connect = connect
        self._turns = asyncio.Semaphore(MOST)
        self._lent = 0
        self._idle: list[Connection] = []
        self._used_at: WeakKeyDictionary[Connection, float] = WeakKeyDictionary()
        self._ends_at: WeakKeyDictionary[Connection, float] = WeakKeyDictionary()
        self.is_open = False
        self.pulse = Pulse(self._ask)

    @contextlib.asynccontextmanager
    async def lent(self) -> AsyncIterator[Connection]:
        """Lend a connection that has just answered. While the server is silent this waits for it, without an end.

        Raises NoFreeConnection after TURN_WITHIN_S where all are taken, here or on the server, psycopg.Error or OSError
        where the login is refused, and ConnectionFailed where these are not open.
        """
        if not self.is_open:
            raise ConnectionFailed("There is no connection to the database.", "Wait until it is back, or restart.")
        ends = time.monotonic() + TURN_WITHIN_S
        try:
            async with asyncio.timeout(TURN_WITHIN_S):
                await self._turns.acquire()
        except TimeoutError:
            raise _none_is_free() from None
        try:
            connection = await self._ready(ends)
            self._lent += 1
            try:
                yield connection
            finally:
                self._lent -= 1
                self._used_at[connection] = time.monotonic()
                self.keep(connection)
        finally:
            self._turns.release()

    def keep(self, connection: Connection) -> None:
        """Keep a connection for the next unit, or close it where it is too old, in a transaction, or one too many."""
        now = time.monotonic()
        is_usable = not connection.closed and connection.info.transaction_status == TransactionStatus.IDLE
        has_room = self.is_open and len(self._idle) + self._lent < MOST
        if is_usable and has_room and now < self._ends_at.setdefault(connection, now + LIVES_S):
            self._idle.append(connection)
            self.pulse.heard()
        else:
            connection.pgconn.finish()

    @property
    def is_in_use(self) -> bool:
        """Whether some unit works on a connection now."""
        return self._lent > 0

    def close(self) -> None:
        """Close what is idle now, and what is lent when it comes back."""
        self.is_open = False
        self._close_idle()

    async def _ready(self, ends: float) -> Connection:
        while True:
            while self._idle:
                connection = self._idle.pop()
                if await answers(connection, ANSWERS_WITHIN_S):
                    return connection
                # The others are on the same line, and would each take as long.
                self._close_idle()
            try:
                return await self._connect()
            except (psycopg.Error, OSError) as failure:
                standing = standing_of(failure)
                if standing == "refuses" or not self.is_open:
                    raise
                if standing == "full" and time.monotonic() >= ends:
                    raise _none_is_free() from None
            await asyncio.sleep(AGAIN_AFTER_S)

    async def _ask(self) -> None:
        """Find out whether the server answers. Raises psycopg.Error or OSError."""
        while self._idle:
            oldest = self._idle.pop(0)
            if self._idle and time.monotonic() - self._used_at.get(oldest, 0.0) > IDLE_S:
                oldest.pgconn.finish()
                continue
            if await answers(oldest, ANSWERS_WITHIN_S):
                self.keep(oldest)
                return
            self._close_idle()
        async with asyncio.timeout(ASKS_FOR_S):
            connection = await self._connect()
        self.keep(connection)

    def _close_idle(self) -> None:
        for connection in self._idle:
            connection.pgconn.finish()
        self._idle.clear()


def _none_is_free() -> NoFreeConnection:
    return NoFreeConnection("Every connection is in use.", "Try again in a moment.")
