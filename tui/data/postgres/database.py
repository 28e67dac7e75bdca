"""One database as one operator sees it: the pool, and the units of work that run on it."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import math
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import psycopg
from psycopg import errors as pg
from psycopg.rows import dict_row, scalar_row
from psycopg.types.json import set_json_loads

from tui.data.postgres.commit import Commit
from tui.data.postgres.connect import Connection, connect
from tui.data.postgres.deadline import run_with_deadline
from tui.data.postgres.failures import load_texts, translate
from tui.data.postgres.json_loader import tolerant_loads
from tui.data.postgres.lock_holder import FIND_HOLDER, holder_sentence, name_lock_holder
from tui.data.postgres.operator_settings import name_operator, set_operator
from tui.data.postgres.pool import Pool
from tui.data.postgres.probe import encoding_problem, probe
from tui.data.postgres.session_settings import READ_COMMITTED, SNAPSHOT, Limits, begin, pin_session, pinned_transaction
from tui.data.postgres.timestamp_loader import TolerantTimestamptzLoader
from tui.errors import (
    ConnectionFailed,
    ConnectionLost,
    ReadOnlyMode,
    SchemaNewer,
    ServerUnsuitable,
    SwitchboardError,
    TimedOut,
)

if TYPE_CHECKING:
    from uuid import UUID

    import typing_extensions
    from psycopg.rows import AsyncRowFactory

    from tui.models.people import Login
    from tui.models.server import ServerInfo
    from tui.process.identity import Operator

    # typing has none with a default before Python 3.13.
    Row = typing_extensions.TypeVar("Row", default=dict[str, Any])

T = TypeVar("T")
Unit = Callable[[Connection], Awaitable[T]]
Parameters = Mapping[str, Any]
__all__ = ["Connection", "Database", "Unit"]

# A person who waits for a lock is told after five seconds who holds it.
LOCK_TIMEOUT_MS = 5_000
STATEMENT_TIMEOUT_MS = 15_000
# No transaction of ours waits for a person, so one that idles was left behind.
IDLE_IN_TRANSACTION_MS = 10_000
LIMITS = Limits(LOCK_TIMEOUT_MS, STATEMENT_TIMEOUT_MS, IDLE_IN_TRANSACTION_MS)
# Of a write that goes through whole tables: each of its statements is one batch, however long all of them take.
LONG_LIMITS = Limits(LOCK_TIMEOUT_MS, 600_000, 60_000)
OPENS_WITHIN_S = 9.0
# The server's own limits come first; what is longer than they allow is a line that no longer carries anything.
ANSWERS_WITHIN_S = 20.0
WRITE_ANSWERS_WITHIN_S = 60.0
ATTEMPTS = 3

# Local to the transaction, which outside of one ends with the pipeline:
# https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
STATEMENT_LIMIT = "select pg_catalog.set_config('statement_timeout', %(limit)s, true)"


@dataclass(slots=True, eq=False, repr=False)
class _Attempt:
    """One run of a unit: what it takes to find out who blocks it, and how a write ended."""

    log_only: bool = False
    limits: Limits = LIMITS
    backend_pid: int = 0
    commit: Commit = field(default_factory=Commit)
    result: Any = None


class Database:
    """Runs units of work: reads may be repeated by themselves, writes carry the operator and never are.

    A unit is an async callable that is given a connection whose rows are dicts; `fetch_all`, `fetch_one`, `fetch_value`
    and `execute` are units of one statement. Whatever goes wrong is raised as one of `tui.errors`. `open` must have
    been called before.
    """

    def __init__(self, conninfo: str, operator: Operator, *, read_only: bool = False) -> None:
        self._conninfo = conninfo
        self._pool = Pool(self._connect)
        self.operator = operator
        self.refusal: type[ReadOnlyMode] | None = ReadOnlyMode if read_only else None
        self.info: ServerInfo | None = None
        self.login: Login | None = None
        """What the database takes the login for; None where nobody has asked, or may ask."""
        self.latest_schema: int | None = None
        """The newest schema that may be written to; None where that was not asked yet."""

    def acting_as(self, operator: Operator) -> Database:
        """Return the same database, on the same connections, as somebody else sees it."""
        other = copy.copy(self)
        other.operator = operator
        return other

    def queue_for(self, seconds: float) -> None:
        """Let units wait so long for a connection while all are taken, where many ask at once."""
        self._pool.turn_within_s = seconds

    @property
    def read_only(self) -> bool:
        """Whether nothing but the log may be written; `refusal` says why."""
        return self.refusal is not None

    async def open(self) -> ServerInfo:
        """Connect once for an exact error, probe the server, and keep the connection for what follows.

        Raises ConnectionFailed and its like, within ten seconds.
        """

        async def work(connections: list[Connection]) -> Connection:
            connection = await self._plain_connection()
            connections.append(connection)
            self.info = await probe(connection, connections)
            await self._configure(connection)
            return connection

        try:
            first = await run_with_deadline(work, OPENS_WITHIN_S)
        except (psycopg.Error, OSError, UnicodeError) as exc:
            raise translate(exc, connecting=True) from None
        if self.info is None:
            raise AssertionError("a probe that succeeds has facts")
        if problem := encoding_problem(self.info):
            first.pgconn.finish()
            raise ServerUnsuitable(*problem)
        self._pool.is_open = True
        self._pool.keep(first)
        return self.info

    async def close(self) -> None:
        """Close the connections; waits for nobody."""
        self._pool.close()

    @property
    def is_silent(self) -> bool:
        """Whether the server was asked and has not answered."""
        return self._pool.liveness.is_silent

    def note_traffic(self) -> None:
        """Note that the server is sending, so that nobody takes it for silent."""
        self._pool.liveness.note_traffic()

    async def until_lost(self) -> SwitchboardError:
        """Watch the server until no connection can be had; return why."""
        liveness = self._pool.liveness
        failure: SwitchboardError | None = None

        def is_lost() -> bool:
            nonlocal failure
            failure = liveness.failure
            # Where the server refuses another connection, those that are in use are enough.
            return failure is not None and (liveness.is_silent or not self._pool.is_in_use)

        await liveness.until(is_lost)
        if failure is None:
            raise AssertionError("what was waited for is there")
        return failure

    async def until_back(self) -> SwitchboardError | None:
        """Try to connect every two seconds until it succeeds; return a failure that this cannot mend, else None."""
        liveness = self._pool.liveness
        await liveness.until(lambda: liveness.failure is None or not liveness.failure.may_pass)
        return liveness.failure

    @property
    def seconds_to_next_try(self) -> float:
        """How long it is until the server is asked again while `until_back` waits."""
        return self._pool.liveness.next_at - time.monotonic()

    async def read(self, unit: Unit[T]) -> T:
        """Run a unit that only reads; repeated once when the connection broke under it."""
        try:
            return await self._read_once(unit)
        except ConnectionLost:
            if self.is_silent:
                raise
            return await self._read_once(unit)

    async def fetch_all(
        self,
        query: str,
        parameters: Parameters | None = None,
        *,
        row_factory: AsyncRowFactory[Row] = dict_row,  # type: ignore[assignment]
        binary: bool = False,
        statement_timeout_ms: int | None = None,
    ) -> list[Row]:
        """Read with one statement and return its rows, as dicts where no psycopg row factory says otherwise.

        `binary` has values sent in Postgres's binary format, which takes half the bytes for bytea. Raises TimedOut
        where the server needs more than `statement_timeout_ms`, by default STATEMENT_TIMEOUT_MS, else as `read`.
        """

        async def unit(connection: Connection) -> list[Row]:
            cursor = connection.cursor(row_factory=row_factory, binary=binary)
            if statement_timeout_ms is None:
                return await (await cursor.execute(query, parameters)).fetchall()
            # In one round trip; where a transaction is open already, in two.
            is_open = self._names_operator() or (self.info is not None and self.info.pooling == "transaction")
            async with contextlib.nullcontext() if is_open else connection.pipeline():
                await connection.execute(STATEMENT_LIMIT, {"limit": str(statement_timeout_ms)})
                return await (await cursor.execute(query, parameters)).fetchall()

        return await self.read(unit)

    async def fetch_one(
        self,
        query: str,
        parameters: Parameters | None = None,
        *,
        row_factory: AsyncRowFactory[Row] = dict_row,  # type: ignore[assignment]
    ) -> Row | None:
        """Read with one statement and return its first row, None where there is none."""
        rows = await self.fetch_all(query, parameters, row_factory=row_factory)
        return rows[0] if rows else None

    async def fetch_value(self, query: str, parameters: Parameters | None = None) -> Any:
        """Read with one statement and return the first column of its first row, None where there is none."""
        return await self.fetch_one(query, parameters, row_factory=scalar_row)

    async def execute(self, query: str, parameters: Parameters | None = None) -> None:
        """Write with one statement, as `write` does."""
        await self.write(lambda connection: connection.execute(query, parameters))

    async def read_at_length(self, unit: Unit[T], *, statement_timeout_ms: int) -> T:
        """Run a unit once that reads everything from one snapshot, for hours where it must.

        `statement_timeout_ms` limits each of its statements; nothing else ends it while the server lives.
        """

        async def work(connections: list[Connection]) -> T:
            try:
                async with self._pool.connection() as connection:
                    connections.append(connection)
                    limits = LIMITS._replace(statement_ms=statement_timeout_ms)
                    await begin(connection, limits, characteristics=SNAPSHOT)
                    try:
                        await self._name_operator(connection)
                        return await unit(connection)
                    finally:
                        with contextlib.suppress(psycopg.Error):
                            await connection.execute("rollback")
            except (psycopg.Error, OSError, UnicodeError) as exc:
                raise translate(exc, role=self._role()) from None

        return await run_with_deadline(work, math.inf, liveness=self._pool.liveness)

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
        for number in range(1, ATTEMPTS + 1):
            attempt = _Attempt(log_only=log_only)
            try:
                return await self._write_until_decided(unit, operation, attempt)
            except (pg.DeadlockDetected, pg.SerializationFailure) as exc:
                if number == ATTEMPTS or attempt.commit.sent:
                    raise translate(exc) from None
                # At random: two that collided would collide again after equal waits.
                await asyncio.sleep(random.uniform(0.02, 0.1) * number)  # noqa: S311
        raise AssertionError("unreachable")

    async def write_at_length(self, unit: Unit[T], *, operation_id: UUID | None = None) -> T:
        """Run a unit in one transaction as `write` does, for as long as it takes.

        Nothing ends it while the server lives but what LONG_LIMITS says, and a cancellation. After a deadlock or a
        serialization failure it is run once more. Raises as `write`.
        """
        if self.refusal is not None:
            raise self.refusal()
        operation = operation_id or uuid4()
        attempt = _Attempt(limits=LONG_LIMITS)
        try:
            return await self._write_until_decided(unit, operation, attempt)
        except (pg.DeadlockDetected, pg.SerializationFailure) as exc:
            if attempt.commit.sent:
                raise translate(exc) from None
        try:
            return await self._write_until_decided(unit, operation, _Attempt(limits=LONG_LIMITS))
        except (pg.DeadlockDetected, pg.SerializationFailure) as exc:
            raise translate(exc) from None

    async def _write_once(self, unit: Unit[T], operation: UUID, attempt: _Attempt, connections: list[Connection]) -> T:
        try:
            async with self._pool.connection() as connection:
                connections.append(connection)
                attempt.backend_pid = connection.info.backend_pid
                if self._is_pooled() or attempt.limits is not LIMITS:
                    # Pinned for a session, settings would stay with the next program that gets it.
                    await begin(connection, attempt.limits)
                else:
                    await connection.execute(f"begin {READ_COMMITTED}".encode())
                try:
                    await self._begin(connection, operation, attempt)
                    result = await unit(connection)
                except BaseException:
                    with contextlib.suppress(psycopg.Error):
                        await connection.execute("rollback")
                    raise
                attempt.result = result
                await attempt.commit.send(connection, self._plain_connection)
                return result
        except (pg.DeadlockDetected, pg.SerializationFailure):
            raise
        except (psycopg.Error, OSError, UnicodeError) as exc:
            raise translate(exc, role=self._role()) from None

    async def _begin(self, connection: Connection, operation: UUID, attempt: _Attempt) -> None:
        schema_number = await set_operator(connection, self.operator, operation)
        # It may have been set up anew since the console looked.
        if self.latest_schema is not None and schema_number > self.latest_schema:
            self.refusal = SchemaNewer
            if not attempt.log_only:
                raise SchemaNewer
        await attempt.commit.note(connection)

    async def _write_until_decided(self, unit: Unit[T], operation: UUID, attempt: _Attempt) -> T:
        """Await a write; when the answer to its COMMIT does not come, find out how it ended."""
        load_texts()
        commit = attempt.commit
        try:
            return await name_lock_holder(
                run_with_deadline(
                    lambda connections: self._write_once(unit, operation, attempt, connections),
                    WRITE_ANSWERS_WITHIN_S if attempt.limits is LIMITS else math.inf,
                    liveness=self._pool.liveness,
                    may_cancel=lambda: not commit.sent,
                ),
                lambda: self._find_lock_holder(attempt),
            )
        except (ConnectionFailed, TimedOut):
            if not commit.sent:
                raise
        except asyncio.CancelledError:
            if commit.sent:
                await commit.ask_after_interruption(self._plain_connection)
            raise
        if await commit.was_committed(self._plain_connection, self._pool.liveness):
            result: T = attempt.result
            return result
        raise ConnectionLost(
            "The connection broke while saving; nothing was saved.", "Try again once the connection is back."
        )

    async def _find_lock_holder(self, attempt: _Attempt) -> str:
        """Say who blocks an attempt; empty where nobody does, or the server does not tell."""

        async def unit(connection: Connection) -> dict[str, Any] | None:
            return await (await connection.execute(FIND_HOLDER, {"pid": attempt.backend_pid})).fetchone()

        try:
            row = await self._read_within_deadline(unit, _Attempt())
        except SwitchboardError:
            return ""
        return holder_sentence(row) if row else ""

    async def _read_once(self, unit: Unit[T]) -> T:
        attempt = _Attempt()
        return await name_lock_holder(
            self._read_within_deadline(unit, attempt), lambda: self._find_lock_holder(attempt)
        )

    async def _read_within_deadline(self, unit: Unit[T], attempt: _Attempt) -> T:
        return await run_with_deadline(
            lambda connections: self._read_on_pool(unit, connections, attempt),
            ANSWERS_WITHIN_S,
            liveness=self._pool.liveness,
        )

    async def _read_on_pool(self, unit: Unit[T], connections: list[Connection], attempt: _Attempt) -> T:
        try:
            async with self._pool.connection(is_repeatable=True) as connection:
                connections.append(connection)
                attempt.backend_pid = connection.info.backend_pid
                if not self._is_pooled() and not self._names_operator():
                    return await unit(connection)
                async with pinned_transaction(connection, LIMITS, is_pinned=not self._is_pooled()):
                    await self._name_operator(connection)
                    return await unit(connection)
        except (psycopg.Error, OSError, UnicodeError) as exc:
            raise translate(exc, role=self._role()) from None

    async def _connect(self) -> Connection:
        connection = await self._plain_connection()
        await self._configure(connection)
        return connection

    async def _plain_connection(self) -> Connection:
        try:
            connection = await connect(self._conninfo, dict_row)
        except UnicodeError:
            # Python's own, before any name server is asked: psycopg passes it on as it is.
            sentence = "The host is not a valid name: each part between its dots must have 1 to 63 characters."
            raise ConnectionFailed(sentence, "Correct the host.") from None
        connection.adapters.register_loader("timestamptz", TolerantTimestamptzLoader)
        set_json_loads(tolerant_loads, connection)
        return connection

    async def _configure(self, connection: Connection) -> None:
        if not self._is_pooled():
            await pin_session(connection, LIMITS)

    def _is_pooled(self) -> bool:
        """Whether a pooler hands the server's session on to other programs, as far as is known yet."""
        return self.info is None or self.info.pooling != "direct"

    def _names_operator(self) -> bool:
        """Whether the database shows nothing to this login while it does not say for whom it speaks."""
        return self.login is not None and self.login.vouches

    async def _name_operator(self, connection: Connection) -> None:
        if self._names_operator():
            await name_operator(connection, self.operator)

    def _role(self) -> str | None:
        return self.info.role if self.info else None
