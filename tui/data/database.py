"""One database as one operator sees it: the pool, and the units of work that run on it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID, uuid4

import psycopg
from psycopg import errors as pg
from psycopg.rows import dict_row, scalar_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from tui.data.connection import encoding_problem, probe
from tui.data.errors import (
    CommitInDoubt,
    ConnectionFailed,
    ConnectionLost,
    Locked,
    ReadOnlyMode,
    ServerUnsuitable,
    SwitchboardError,
)
from tui.data.failures import translate
from tui.data.given_back import given_back
from tui.data.json_values import register_tolerant_json
from tui.data.session_settings import READ_COMMITTED, SNAPSHOT, Limits, begin, pin_session, pinned_transaction
from tui.data.timestamps import register_tolerant_timestamps

if TYPE_CHECKING:
    from tui.data.models import Operator, ServerInfo

# The driver's own warnings would be written over the screen; what they say is raised as well.
logging.getLogger("psycopg").addHandler(logging.NullHandler())

Connection = psycopg.AsyncConnection[dict[str, Any]]
T = TypeVar("T")
Unit = Callable[[Connection], Awaitable[T]]

LOCK_TIMEOUT_MS = 5_000
STATEMENT_TIMEOUT_MS = 15_000
IDLE_IN_TRANSACTION_MS = 10_000
LIMITS = Limits(LOCK_TIMEOUT_MS, STATEMENT_TIMEOUT_MS, IDLE_IN_TRANSACTION_MS)
BLOCKER_LOOK_AFTER_S = 1.0
CLOSE_TIMEOUT_S = 2.0
# The server's own limits come first; what is longer than they allow is a server that no longer answers.
ANSWERS_WITHIN_S = 20.0
WRITE_ANSWERS_WITHIN_S = 60.0
ATTEMPTS = 3

OPERATOR_SETTINGS = """
select set_config('switchboard.operator_id', %(operator_id)s, true),
       set_config('switchboard.operator_label', %(operator_label)s, true),
       set_config('switchboard.source_address', %(source_address)s, true),
       set_config('switchboard.user_agent', %(user_agent)s, true),
       set_config('switchboard.operation_id', %(operation_id)s, true)
"""

BLOCKERS = """
select a.usename as role, a.application_name as program, a.client_addr::text as address,
       extract(epoch from clock_timestamp() - a.xact_start)::int as seconds
  from unnest(pg_catalog.pg_blocking_pids(%(pid)s)) as b(pid)
  join pg_catalog.pg_stat_activity as a on a.pid = b.pid
 order by a.xact_start limit 1
"""


@dataclass(slots=True)
class _Attempt:
    """What a unit has told about itself so far: enough to find out who blocks it, and how a write ended."""

    backend_pid: int = 0
    transaction_id: str | None = None
    committing: bool = False
    asked: bool = False
    result: Any = None


async def answers(connection: Connection) -> None:
    """A unit of work that only finds out whether the server answers."""
    await connection.execute("select 1")


class Database:
    """Runs units of work: reads may be repeated by themselves, writes carry the operator and never are.

    A unit is an async callable that is given a connection whose rows are dicts; whatever goes wrong in it is raised
    as one of `tui.data.errors`. `open` must have been called before.
    """

    def __init__(self, conninfo: str, operator: Operator, *, read_only: bool = False) -> None:
        self._conninfo = conninfo
        self._pool: AsyncConnectionPool[Connection] | None = None
        self.operator = operator
        self.refusal: type[ReadOnlyMode] | None = ReadOnlyMode if read_only else None
        self.info: ServerInfo | None = None

    @property
    def read_only(self) -> bool:
        """Whether nothing but the log may be written; `refusal` says why."""
        return self.refusal is not None

    async def open(self) -> ServerInfo:
        """Connect once for an exact error, probe the server, then open the pool behind it.

        Raises ConnectionFailed and its like; takes no longer than connect_timeout.
        """
        try:
            async with await self._connect() as connection:
                info = await probe(connection)
        except (psycopg.Error, OSError, UnicodeError) as exc:
            raise translate(exc, doing="connecting") from None
        if problem := encoding_problem(info):
            raise ServerUnsuitable(*problem)
        self.info = info
        self._pool = AsyncConnectionPool(
            self._conninfo,
            connection_class=psycopg.AsyncConnection[dict[str, Any]],
            kwargs={"autocommit": True, "prepare_threshold": None, "row_factory": dict_row},
            configure=self._configure,
            check=AsyncConnectionPool.check_connection,
            min_size=1,
            max_size=4,
            max_lifetime=1800,
            reconnect_timeout=30,
            timeout=6,
            open=False,
        )
        await self._pool.open(wait=False)
        return info

    async def close(self) -> None:
        """Close the pool, leaving at most two seconds to a server that does not answer."""
        if self._pool is not None:
            pool, self._pool = self._pool, None
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(pool.close(timeout=CLOSE_TIMEOUT_S), CLOSE_TIMEOUT_S + 0.5)

    async def read(self, unit: Unit[T]) -> T:
        """Run a unit that only reads; repeated once when the connection broke under it."""
        try:
            return await self._read_once(unit)
        except ConnectionLost:
            return await self._read_once(unit)

    async def read_at_length(self, unit: Unit[T], *, statement_timeout_ms: int) -> T:
        """Run once, never again, a unit that reads everything from one snapshot and may take long.

        The limit is on each of its statements; whether the server still answers is for the caller to watch.
        """

        async def work(held: list[Connection]) -> T:
            try:
                async with self._connection() as connection:
                    held.append(connection)
                    limits = replace(LIMITS, statement_ms=statement_timeout_ms)
                    await begin(connection, limits, characteristics=SNAPSHOT)
                    try:
                        return await unit(connection)
                    finally:
                        with contextlib.suppress(psycopg.Error):
                            await connection.execute("rollback")
            except (psycopg.Error, OSError, UnicodeError) as exc:
                raise translate(exc, doing="reading", role=self._role()) from None

        return await given_back(work, math.inf)

    async def write(self, unit: Unit[T], *, operation_id: UUID | None = None, log_only: bool = False) -> T:
        """Run a unit in one transaction that carries the operator, and commit it.

        The whole unit is run again, at most three times, after a deadlock or a serialization failure, and never once
        COMMIT was sent. When the reply to COMMIT is lost, the server is asked how it ended: either the result is
        returned, or ConnectionLost says that nothing was saved, or CommitInDoubt that it is not known.
        `log_only` marks units that write nothing but the log, which read-only mode allows.
        Raises ReadOnlyMode, or what else `refusal` is, before anything is sent.
        """
        if self.refusal is not None and not log_only:
            raise self.refusal()
        operation = operation_id or uuid4()
        for attempt in range(1, ATTEMPTS + 1):
            progress = _Attempt()
            try:
                return await self._watched(unit, operation, progress)
            except (pg.DeadlockDetected, pg.SerializationFailure) as exc:
                if attempt == ATTEMPTS or progress.committing:
                    raise translate(exc, doing="saving") from None
                await asyncio.sleep(random.uniform(0.02, 0.1) * attempt)  # noqa: S311
        raise AssertionError("unreachable")

    async def _write_once(self, unit: Unit[T], operation: UUID, progress: _Attempt, held: list[Connection]) -> T:
        try:
            async with self._connection() as connection:
                held.append(connection)
                progress.backend_pid = connection.info.backend_pid
                if self._is_pooled():
                    await begin(connection, LIMITS)
                else:
                    await connection.execute(f"begin {READ_COMMITTED}".encode())
                try:
                    await self._begin(connection, operation, progress)
                    result = await unit(connection)
                except BaseException:
                    with contextlib.suppress(psycopg.Error):
                        await connection.execute("rollback")
                    raise
                progress.result, progress.committing = result, True
                await connection.execute("commit")
                return result
        except (pg.DeadlockDetected, pg.SerializationFailure):
            raise
        except (psycopg.Error, OSError, UnicodeError) as exc:
            failure = translate(exc, doing="saving", role=self._role())
            if progress.committing and isinstance(failure, ConnectionFailed):
                settled: T = await self._settled(progress)
                return settled
            raise failure from None

    async def _begin(self, connection: Connection, operation: UUID, progress: _Attempt) -> None:
        operator = self.operator
        await connection.execute(
            OPERATOR_SETTINGS,
            {
                "operator_id": str(operator.user_id or ""),
                "operator_label": operator.label,
                "source_address": operator.source_address or "",
                "user_agent": operator.user_agent,
                "operation_id": str(operation),
            },
        )
        cursor = connection.cursor(row_factory=scalar_row)
        await cursor.execute("select pg_catalog.pg_current_xact_id()::text")
        progress.transaction_id = await cursor.fetchone()

    async def _watched(self, unit: Unit[T], operation: UUID, progress: _Attempt) -> T:
        """Await a write; when the answer to its COMMIT does not come, find out how it ended."""
        try:
            return await self._naming_the_holder(
                given_back(lambda held: self._write_once(unit, operation, progress, held), WRITE_ANSWERS_WITHIN_S),
                progress,
            )
        except ConnectionLost:
            if progress.committing and not progress.asked:
                settled: T = await self._settled(progress)
                return settled
            raise

    async def _naming_the_holder(self, work: Awaitable[T], progress: _Attempt) -> T:
        """Await what may wait for a lock; when it ends in a lock time-out, say who held the lock."""
        look = asyncio.ensure_future(self._blocker(progress))
        try:
            return await work
        except Locked as failure:
            holder = look.result() if look.done() else ""
            if holder:
                raise Locked(f"{failure.sentence} {holder}", failure.what_to_do, details=failure.details) from None
            raise
        finally:
            look.cancel()

    async def _blocker(self, progress: _Attempt) -> str:
        """Wait a moment, then say who blocks the attempt; nothing where nobody does, or that cannot be found out."""
        await asyncio.sleep(BLOCKER_LOOK_AFTER_S)
        pid = progress.backend_pid

        async def look(connection: Connection) -> dict[str, Any] | None:
            return await (await connection.execute(BLOCKERS, {"pid": pid})).fetchone()

        try:
            row = await given_back(lambda held: self._read_held(look, held, _Attempt()), ANSWERS_WITHIN_S)
        except SwitchboardError:
            return ""
        if row is None:
            return ""
        program = row["program"] or "a program without a name"
        since = "" if row["seconds"] is None else f", in a transaction open for {row['seconds']} s"
        return f"It is held by {program} as role {row['role']}{since}."

    async def _settled(self, progress: _Attempt) -> Any:
        """Return the result of a unit whose COMMIT did reach the server; raise where it did not, or nobody knows."""
        progress.asked = True
        if await self._was_committed(progress):
            return progress.result
        raise ConnectionLost(
            "The connection broke while saving; nothing was saved.", "Try again once the connection is back."
        )

    async def _was_committed(self, progress: _Attempt) -> bool:
        """Ask the server, for up to ten seconds, how a transaction ended. Raises CommitInDoubt when it cannot say."""
        doubt = CommitInDoubt(
            "The connection broke while saving, and the server could not be asked whether it was saved.",
            "Reload and look before you try again.",
        )
        deadline = asyncio.get_running_loop().time() + 10
        while asyncio.get_running_loop().time() < deadline:
            try:
                async with await self._connect() as connection:
                    cursor = connection.cursor(row_factory=scalar_row)
                    await cursor.execute(
                        "select pg_catalog.pg_xact_status(%s::text::pg_catalog.xid8)",
                        (progress.transaction_id,),
                    )
                    status = await cursor.fetchone()
            except (psycopg.Error, OSError):
                status = "unreachable"
            if status in ("committed", "aborted"):
                return bool(status == "committed")
            await asyncio.sleep(0.2)
        raise doubt

    async def _read_once(self, unit: Unit[T]) -> T:
        progress = _Attempt()
        return await self._naming_the_holder(
            given_back(lambda held: self._read_held(unit, held, progress), ANSWERS_WITHIN_S), progress
        )

    async def _read_held(self, unit: Unit[T], held: list[Connection], progress: _Attempt) -> T:
        try:
            async with self._connection() as connection:
                held.append(connection)
                progress.backend_pid = connection.info.backend_pid
                if not self._is_pooled():
                    return await unit(connection)
                async with pinned_transaction(connection, LIMITS):
                    return await unit(connection)
        except (psycopg.Error, OSError, UnicodeError) as exc:
            raise translate(exc, doing="reading", role=self._role()) from None

    @contextlib.asynccontextmanager
    async def _connection(self) -> Any:
        if self._pool is None:
            raise ConnectionFailed("There is no connection to the database.", "Wait until it is back, or restart.")
        try:
            async with self._pool.connection() as connection:
                yield connection
        except PoolTimeout:
            raise ConnectionLost(
                "The database did not answer for six seconds.",
                "Check the network; Switchboard reconnects by itself.",
            ) from None

    async def _connect(self) -> Connection:
        try:
            connection = await psycopg.AsyncConnection.connect(
                self._conninfo, autocommit=True, prepare_threshold=None, row_factory=dict_row
            )
        except UnicodeError:
            # Python's own, before any name server is asked: psycopg passes it on as it is.
            sentence = "The host is no name that can be looked up: between its dots stand 1 to 63 characters."
            raise ConnectionFailed(sentence, "Correct the host.") from None
        register_tolerant_timestamps(connection)
        register_tolerant_json(connection)
        return connection

    async def _configure(self, connection: Connection) -> None:
        register_tolerant_timestamps(connection)
        register_tolerant_json(connection)
        if not self._is_pooled():
            await pin_session(connection, LIMITS)

    def _is_pooled(self) -> bool:
        """Whether a pooler hands the server's session on to other programs, after each transaction or each client."""
        return self.info is not None and self.info.pooling != "direct"

    def _role(self) -> str | None:
        return self.info.role if self.info else None
