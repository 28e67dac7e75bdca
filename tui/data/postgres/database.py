"""One database as one operator sees it: the pool, and the units of work that run on it."""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID, uuid4

import psycopg
from psycopg import errors as pg
from psycopg.rows import dict_row

from tui.data.postgres.commit import Commit
from tui.data.postgres.connecting import Connection, connect
from tui.data.postgres.deadline import run_with_deadline
from tui.data.postgres.failures import translate
from tui.data.postgres.json_values import register_tolerant_json
from tui.data.postgres.pool import Pool
from tui.data.postgres.probe import encoding_problem, probe
from tui.data.postgres.session_settings import READ_COMMITTED, SNAPSHOT, Limits, begin, pin_session, pinned_transaction
from tui.data.postgres.timestamps import register_tolerant_timestamps
from tui.errors import (
    ConnectionFailed,
    ConnectionLost,
    Locked,
    ReadOnlyMode,
    SchemaNewer,
    ServerUnsuitable,
    SwitchboardError,
    TimedOut,
)

if TYPE_CHECKING:
    from tui.models import Operator, ServerInfo

T = TypeVar("T")
Unit = Callable[[Connection], Awaitable[T]]
__all__ = ["Connection", "Database", "Unit"]

LOCK_TIMEOUT_MS = 5_000
STATEMENT_TIMEOUT_MS = 15_000
IDLE_IN_TRANSACTION_MS = 10_000
LIMITS = Limits(LOCK_TIMEOUT_MS, STATEMENT_TIMEOUT_MS, IDLE_IN_TRANSACTION_MS)
BLOCKER_LOOK_AFTER_S = 1.0
OPENS_WITHIN_S = 9.0
# The server's own limits come first; what is longer than they allow is a line that no longer carries anything.
ANSWERS_WITHIN_S = 20.0
WRITE_ANSWERS_WITHIN_S = 60.0
ATTEMPTS = 3

OPERATOR_SETTINGS = """
select set_config('switchboard.operator_id', %(operator_id)s, true),
       set_config('switchboard.operator_label', %(operator_label)s, true),
       set_config('switchboard.source_address', %(source_address)s, true),
       set_config('switchboard.user_agent', %(user_agent)s, true),
       set_config('switchboard.operation_id', %(operation_id)s, true),
       pg_catalog.substring(pg_catalog.obj_description(pg_catalog.to_regnamespace('switchboard'), 'pg_namespace'),
                            '^switchboard schema ([0-9]{1,9})$')::int as schema_number
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

    log_only: bool = False
    backend_pid: int = 0
    commit: Commit = field(default_factory=Commit)
    result: Any = None


class Database:
    """Runs units of work: reads may be repeated by themselves, writes carry the operator and never are.

    A unit is an async callable that is given a connection whose rows are dicts; whatever goes wrong in it is raised
    as one of `tui.errors`. `open` must have been called before.
    """

    def __init__(self, conninfo: str, operator: Operator, *, read_only: bool = False) -> None:
        self._conninfo = conninfo
        self._pool = Pool(self._connect)
        self.operator = operator
        self.refusal: type[ReadOnlyMode] | None = ReadOnlyMode if read_only else None
        self.info: ServerInfo | None = None
        self.latest_schema: int | None = None
        """The newest schema that may be written to; None where that was not asked yet."""

    @property
    def read_only(self) -> bool:
        """Whether nothing but the log may be written; `refusal` says why."""
        return self.refusal is not None

    async def open(self) -> ServerInfo:
        """Connect once for an exact error, probe the server, and keep the connection for what follows.

        Raises ConnectionFailed and its like, within ten seconds.
        """

        async def work(held: list[Connection]) -> Connection:
            connection = await self._plain_connection()
            held.append(connection)
            self.info = await probe(connection, held)
            await self._configure(connection)
            return connection

        try:
            first = await run_with_deadline(work, OPENS_WITHIN_S)
        except (psycopg.Error, OSError, UnicodeError) as exc:
            raise translate(exc, doing="connecting") from None
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

    def heard(self) -> None:
        """Note that the server is sending, so that nobody takes it for silent."""
        self._pool.liveness.heard()

    async def until_lost(self) -> SwitchboardError:
        """Ask whether the server lives until there is no connection to be had; return why."""
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
        """Try to connect, every two seconds, until it succeeds; return what trying again cannot help against."""
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

    async def read_at_length(self, unit: Unit[T], *, statement_timeout_ms: int) -> T:
        """Run once, never again, a unit that reads everything from one snapshot and may take long.

        The limit is on each of its statements; it ends before only once the server is gone.
        """

        async def work(held: list[Connection]) -> T:
            try:
                async with self._pool.lent() as connection:
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
        for attempt in range(1, ATTEMPTS + 1):
            progress = _Attempt(log_only=log_only)
            try:
                return await self._watched(unit, operation, progress)
            except (pg.DeadlockDetected, pg.SerializationFailure) as exc:
                if attempt == ATTEMPTS or progress.commit.sent:
                    raise translate(exc, doing="saving") from None
                await asyncio.sleep(random.uniform(0.02, 0.1) * attempt)  # noqa: S311
        raise AssertionError("unreachable")

    async def _write_once(self, unit: Unit[T], operation: UUID, progress: _Attempt, held: list[Connection]) -> T:
        try:
            async with self._pool.lent() as connection:
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
                progress.result = result
                await progress.commit.send(connection, self._plain_connection)
                return result
        except (pg.DeadlockDetected, pg.SerializationFailure):
            raise
        except (psycopg.Error, OSError, UnicodeError) as exc:
            raise translate(exc, doing="saving", role=self._role()) from None

    async def _begin(self, connection: Connection, operation: UUID, progress: _Attempt) -> None:
        operator = self.operator
        cursor = await connection.execute(
            OPERATOR_SETTINGS,
            {
                "operator_id": str(operator.user_id or ""),
                "operator_label": operator.label,
                "source_address": operator.source_address or "",
                "user_agent": operator.user_agent,
                "operation_id": str(operation),
            },
        )
        row = await cursor.fetchone()
        # It may have been set up anew since the console looked.
        if row and self.latest_schema is not None and (row["schema_number"] or 0) > self.latest_schema:
            self.refusal = SchemaNewer
            if not progress.log_only:
                raise SchemaNewer
        await progress.commit.note(connection)

    async def _watched(self, unit: Unit[T], operation: UUID, progress: _Attempt) -> T:
        """Await a write; when the answer to its COMMIT does not come, find out how it ended."""
        commit = progress.commit
        try:
            return await self._naming_the_holder(
                run_with_deadline(
                    lambda held: self._write_once(unit, operation, progress, held),
                    WRITE_ANSWERS_WITHIN_S,
                    liveness=self._pool.liveness,
                    may_cancel=lambda: not commit.sent,
                ),
                progress,
            )
        except (ConnectionFailed, TimedOut):
            if not commit.sent:
                raise
        except asyncio.CancelledError:
            if commit.sent:
                await commit.interrupted(self._plain_connection)
            raise
        if await commit.was_made(self._plain_connection, self._pool.liveness):
            result: T = progress.result
            return result
        raise ConnectionLost(
            "The connection broke while saving; nothing was saved.", "Try again once the connection is back."
        )

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
            row = await self._given_back(look, _Attempt())
        except SwitchboardError:
            return ""
        if row is None:
            return ""
        program = row["program"] or "a program without a name"
        since = "" if row["seconds"] is None else f", in a transaction open for {row['seconds']} s"
        return f"It is held by {program} as role {row['role']}{since}."

    async def _read_once(self, unit: Unit[T]) -> T:
        progress = _Attempt()
        return await self._naming_the_holder(self._given_back(unit, progress), progress)

    async def _given_back(self, unit: Unit[T], progress: _Attempt) -> T:
        return await run_with_deadline(
            lambda held: self._read_held(unit, held, progress), ANSWERS_WITHIN_S, liveness=self._pool.liveness
        )

    async def _read_held(self, unit: Unit[T], held: list[Connection], progress: _Attempt) -> T:
        try:
            async with self._pool.lent() as connection:
                held.append(connection)
                progress.backend_pid = connection.info.backend_pid
                if not self._is_pooled():
                    return await unit(connection)
                async with pinned_transaction(connection, LIMITS):
                    return await unit(connection)
        except (psycopg.Error, OSError, UnicodeError) as exc:
            raise translate(exc, doing="reading", role=self._role()) from None

    async def _connect(self) -> Connection:
        connection = await self._plain_connection()
        await self._configure(connection)
        return connection

    async def _plain_connection(self) -> Connection:
        try:
            connection = await connect(self._conninfo, dict_row)
        except UnicodeError:
            # Python's own, before any name server is asked: psycopg passes it on as it is.
            sentence = "The host is no name that can be looked up: between its dots stand 1 to 63 characters."
            raise ConnectionFailed(sentence, "Correct the host.") from None
        register_tolerant_timestamps(connection)
        register_tolerant_json(connection)
        return connection

    async def _configure(self, connection: Connection) -> None:
        if not self._is_pooled():
            await pin_session(connection, LIMITS)

    def _is_pooled(self) -> bool:
        """Whether a pooler hands the server's session on to other programs, as far as is known yet."""
        return self.info is None or self.info.pooling != "direct"

    def _role(self) -> str | None:
        return self.info.role if self.info else None
