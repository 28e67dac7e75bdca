"""The connections of an installation: a new one for each part, for as long as the server answers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg.rows import dict_row

from tui.data.postgres.connect import connect
from tui.data.postgres.deadline import run_with_deadline
from tui.data.postgres.failures import translate
from tui.data.postgres.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from psycopg import AsyncConnection

    from tui.data.postgres.commit import Commit

T = TypeVar("T")


class Server:
    """Runs parts of an installation; the limits and transactions of `Database` do not suit them."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._pool = Pool(self.connect)
        self._pool.is_open = True
        self.liveness = self._pool.liveness

    async def connect(self) -> AsyncConnection[Any]:
        """Return a new connection. Raises psycopg.Error or OSError."""
        return await connect(self._conninfo, dict_row)

    async def run(
        self,
        work: Callable[[AsyncConnection[Any]], Awaitable[T]],
        *,
        commit: Commit | None = None,
    ) -> T:
        """Run work on a new connection; `commit` is that of the work's transaction. Raises SwitchboardError."""

        async def on_a_connection(connections: list[AsyncConnection[Any]]) -> T:
            conn = await self.connect()
            try:
                connections.append(conn)
                return await work(conn)
            finally:
                await conn.close()

        try:
            return await run_with_deadline(
                on_a_connection, math.inf, liveness=self.liveness, may_cancel=lambda: commit is None or not commit.sent
            )
        except (psycopg.Error, OSError) as exc:
            raise translate(exc) from None

    def close(self) -> None:
        """Close the connections that ask whether the server lives."""
        self._pool.close()
