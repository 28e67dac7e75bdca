"""The connections to one server: few, lent for one unit of work each, and kept for the next.

Not psycopg_pool: its back-off, which grows to half a minute, would decide when a server that is back is found, and it
does not tell whoever waits why there is no connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import psycopg
from psycopg.pq import TransactionStatus

from tui.data.postgres.connect import first_done, is_responding
from tui.data.postgres.failures import availability_of
from tui.data.postgres.liveness import RETRY_EVERY_S, Liveness
from tui.data.postgres.monitored_connection import monitor, on_login_traffic
from tui.errors import NoFreeConnection, not_connected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tui.data.postgres.connect import Connection

MAX_SIZE = 4
TURN_WITHIN_S = 6.0
AGAIN_AFTER_S = 0.5
ANSWERS_WITHIN_S = 1.5
# Not asked again for so long where the caller can repeat its work: a screen reads in several units, and each question
# is a round trip. With more, a line that died meanwhile would be taken for a slow server.
JUST_ANSWERED_S = 0.05
# A connection that does not answer at once is asked on beside a new one: it may be waiting its turn in a pooler.
AT_ONCE_S = 0.75
ASKS_FOR_S = 9.0
# Together with a beat of Liveness these show an outage within three seconds. A login takes longer than an answer.
PATIENCE_S = 1.8
LOGIN_PATIENCE_S = 2.5
# While all are lent, a question needs a connection more.
ALL_LENT_REST_S = 3.0
LIVES_S = 1800.0
RENEWED_AGAIN_AFTER_S = 60.0
# What nobody has needed for so long is closed, but for one: a session pooler may have fifteen for everybody.
IDLE_S = 60.0


class Pool:
    """At most four connections, and whether the server lives, which is asked on one that is idle or on a new one.

    It keeps and lends none unless `is_open`.
    """

    turn_within_s = TURN_WITHIN_S
    """How long whoever wants one waits while all are taken."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]]) -> None:
        """`connect` returns a new connection that is ready for use; it raises psycopg.Error or OSError."""
        self._connect = connect
        self._turns = asyncio.Semaphore(MAX_SIZE)
        self._lent = 0
        self._idle: list[Connection] = []
        self._answered_at: WeakKeyDictionary[Connection, float] = WeakKeyDictionary()
        self._used_at: WeakKeyDictionary[Connection, float] = WeakKeyDictionary()
        self._ends_at: WeakKeyDictionary[Connection, float] = WeakKeyDictionary()
        self._opens_at = 0.0
        self._renewing: asyncio.Task[None] | None = None
        self.is_open = False
        self.liveness = Liveness(
            self._ask,
            patience=lambda: PATIENCE_S if self._idle else LOGIN_PATIENCE_S,
            rest=lambda: ALL_LENT_REST_S if self._lent >= MAX_SIZE else 0.0,
        )

    @contextlib.asynccontextmanager
    async def connection(self, *, is_repeatable: bool = False) -> AsyncIterator[Connection]:
        """Lend a connection that was asked whether it lives. Waits without an end while the server is silent.

        It is not asked where it answered within JUST_ANSWERED_S and the caller's work `is_repeatable`: what is done
        once must not fail because the server had ended the connection. Raises NoFreeConnection after `turn_within_s`
        where all are taken, here or on the server, psycopg.Error or OSError where the login is refused, and
        ConnectionLost unless `is_open`.
        """
        if not self.is_open:
            raise not_connected()
        ends = time.monotonic() + self.turn_within_s
        try:
            async with asyncio.timeout(self.turn_within_s):
                await self._turns.acquire()
        except TimeoutError:
            raise _no_free_connection() from None
        try:
            connection = await self._take_idle_or_new(ends, trusted_for=JUST_ANSWERED_S if is_repeatable else 0.0)
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
        """Keep a connection for the next unit, or close it where it is in a transaction, or one too many."""
        # A unit that leaves a transaction open was broken off in the middle, and nobody knows what the session is like.
        is_usable = not connection.closed and connection.info.transaction_status == TransactionStatus.IDLE
        if is_usable and self._has_room:
            monitor(connection, self.liveness.note_traffic)
            self._answered_at[connection] = time.monotonic()
            self._ends_at.setdefault(connection, time.monotonic() + LIVES_S)
            self._idle.append(connection)
            self.liveness.note_traffic()
        else:
            # The others are on the same line: if it broke, each is asked first.
            self._answered_at.clear()
            connection.pgconn.finish()

    @property
    def _has_room(self) -> bool:
        return self.is_open and len(self._idle) + self._lent < MAX_SIZE

    @property
    def is_in_use(self) -> bool:
        """Whether some unit works on a connection now."""
        return self._lent > 0

    def close(self) -> None:
        """Close what is idle now, and what is lent when it comes back."""
        self.is_open = False
        self._close_idle()
        if self._renewing is not None:
            self._renewing.cancel()

    async def _take_idle_or_new(self, ends: float, *, trusted_for: float) -> Connection:
        while True:
            while self._idle:
                # The one used last is the likeliest to live, and the others grow old enough to be closed.
                connection = self._idle.pop()
                silent_for = time.monotonic() - self._answered_at.get(connection, -math.inf)
                if silent_for < trusted_for or await is_responding(connection, ANSWERS_WITHIN_S):
                    return connection
                # The others are on the same line, and would each take as long.
                self._close_idle()
            try:
                return await self._open_connection()
            except (psycopg.Error, OSError) as failure:
                availability = availability_of(failure)
                if availability == "refuses" or not self.is_open:
                    raise
                if availability == "full" and time.monotonic() >= ends:
                    raise _no_free_connection() from None
            await asyncio.sleep(AGAIN_AFTER_S)

    async def _open_connection(self) -> Connection:
        """Open a connection; what the server says at the login counts as traffic. Raises psycopg.Error or OSError."""
        token = on_login_traffic.set(self.liveness.note_traffic)
        try:
            connection = await self._connect()
        finally:
            on_login_traffic.reset(token)
        monitor(connection, self.liveness.note_traffic)
        return connection

    async def _keep_another(self) -> None:
        """Open a connection for the next unit, two seconds after the last. Raises psycopg.Error or OSError."""
        now = time.monotonic()
        opens_at = max(now, self._opens_at)
        self._opens_at = opens_at + RETRY_EVERY_S
        await asyncio.sleep(opens_at - now)
        async with asyncio.timeout(ASKS_FOR_S):
            connection = await self._open_connection()
        self.keep(connection)

    async def _ask(self) -> None:
        """Find out whether the server answers. Raises psycopg.Error or OSError."""
        self._close_unneeded()
        if not self._idle:
            await self._keep_another()
            return
        oldest = self._idle.pop(0)
        asking = asyncio.ensure_future(is_responding(oldest, ASKS_FOR_S))
        opening: asyncio.Task[None] | None = None
        try:
            if not await first_done({asking}, AT_ONCE_S):
                opening = asyncio.create_task(self._keep_another())
                await asyncio.wait({asking, opening}, return_when=asyncio.FIRST_COMPLETED)
                if opening.done() and _is_refused_for_now(opening.exception()):
                    await asyncio.wait({asking})
            if asking.done() and asking.result():
                self.keep(oldest)
                self._renew(oldest)
                return
            # The others are on the same line.
            if asking.done() or (opening is not None and opening.exception() is not None):
                self._close_idle()
            await (opening or self._keep_another())
        finally:
            asking.cancel()
            if opening is not None:
                opening.cancel()
                opening.add_done_callback(lambda task: task.cancelled() or task.exception())

    def _close_unneeded(self) -> None:
        now = time.monotonic()
        while len(self._idle) > 1 and now - self._used_at.get(self._idle[0], 0.0) > IDLE_S:
            self._idle.pop(0).pgconn.finish()

    def _renew(self, connection: Connection) -> None:
        """Replace an idle connection that is too old, once there is another: the server may have none to give."""
        is_due = self._has_room and time.monotonic() >= self._ends_at.get(connection, 0.0)
        if is_due and (self._renewing is None or self._renewing.done()):
            self._ends_at[connection] = time.monotonic() + RENEWED_AGAIN_AFTER_S
            self._renewing = asyncio.create_task(self._replace(connection))

    async def _replace(self, connection: Connection) -> None:
        with contextlib.suppress(psycopg.Error, OSError):
            await self._keep_another()
            if connection in self._idle:
                self._idle.remove(connection)
                connection.pgconn.finish()

    def _close_idle(self) -> None:
        for connection in self._idle:
            connection.pgconn.finish()
        self._idle.clear()


def _is_refused_for_now(failure: BaseException | None) -> bool:
    return failure is not None and availability_of(failure) == "full"


def _no_free_connection() -> NoFreeConnection:
    return NoFreeConnection("Every connection is in use.", "Try again in a moment.")
