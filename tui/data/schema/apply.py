"""One run of the files inside a transaction: its lock, its limits, and what its errors mean."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg

from tui.data.postgres.failures import translate
from tui.data.postgres.failures.translation import is_of_another_program
from tui.data.postgres.session_settings import Limits
from tui.data.schema.catalogue_queries import TABLES, execute, fetch_rows
from tui.data.schema.files import schema_files
from tui.errors import Locked, SchemaInTheWay, SwitchboardError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from psycopg import AsyncConnection

T = TypeVar("T")

# The letters "switchbd" as a number: any constant will do that no other program takes.
LOCK_KEY = int.from_bytes(b"switchbd")
ATTEMPTS = 5
IN_THE_WAY = "SB003"

# Short, and tried again: whoever comes after a statement that waits for a table's lock waits behind it.
LIMITS = Limits(lock_ms=3_000, statement_ms=60_000, idle_in_transaction_ms=60_000)

_HOLDERS = """
select distinct coalesce(nullif(a.application_name, ''), 'a program without a name') || ' as role ' || a.usename,
       extract(epoch from clock_timestamp() - a.xact_start)::int
from pg_locks l join pg_stat_activity a on a.pid = l.pid
where l.granted and a.pid <> pg_backend_pid()
  and l.database = (select d.oid from pg_database d where d.datname = current_database())
  and (l.relation in (select c.oid from pg_class c
                      where c.relnamespace = to_regnamespace('public') and c.relname = any (%(tables)s))
       or (l.locktype = 'advisory' and (l.classid::bigint << 32 | l.objid::bigint) = %(key)s))
order by 2 desc limit 1
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """The statement that is about to run: `done` of `total` statements are behind."""

    file: str
    number: int
    done: int
    total: int


async def run_files(conn: AsyncConnection[Any], progress: Callable[[Progress], None] | None = None) -> int:
    """Run every statement of sql/ in the transaction that is open; return how many.

    Raises SchemaInTheWay, PermissionDenied, Locked and other errors of `tui.errors`; none carries a row.
    """
    statements = [statement for file in schema_files() for statement in file.statements]
    for done, statement in enumerate(statements):
        if progress is not None:
            progress(Progress(statement.file, statement.number, done, len(statements)))
        try:
            await execute(conn, statement.sql)
        except psycopg.Error as exc:
            raise _failure(exc, conn, f"{statement.file}, statement {statement.number}") from None
    return len(statements)


async def take_lock(conn: AsyncConnection[Any]) -> None:
    """Wait in the open transaction for any other installation to end, LIMITS.lock_ms at most. Raises psycopg.Error.

    It asks again and again: waiting inside pg_advisory_xact_lock holds a snapshot, for whose end a concurrent build of
    an index waits, and the builder holds this lock.
    """
    ends = time.monotonic() + LIMITS.lock_ms / 1000
    # Without parameters, since a query with some keeps its snapshot until the next one.
    while not (await fetch_rows(conn, f"select pg_try_advisory_xact_lock({LOCK_KEY})"))[0][0]:
        if time.monotonic() >= ends:
            raise psycopg.errors.LockNotAvailable
        await asyncio.sleep(0.1)


async def with_retries(conn: AsyncConnection[Any], act: Callable[[], Awaitable[T]]) -> T:
    """Run an act, again up to five times in all while a lock is in the way. Raises Locked, naming who holds it."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            try:
                return await act()
            except psycopg.Error as exc:
                raise _failure(exc, conn, "") from None
        except Locked as failure:
            if attempt == ATTEMPTS:
                raise Locked(
                    f"The tables are locked by {await _holder(conn)}.",
                    "Try again when it has ended; nothing was changed.",
                    details=failure.details,
                ) from None
            await asyncio.sleep(0.1 * 2**attempt)
    raise AssertionError("unreachable")


async def _holder(conn: AsyncConnection[Any]) -> str:
    holders = await fetch_rows(conn, _HOLDERS, {"tables": list(TABLES), "key": LOCK_KEY})
    return f"{holders[0][0]}, in a transaction open for {holders[0][1]} s" if holders else "somebody else"


def _failure(exc: psycopg.Error, conn: AsyncConnection[Any], where: str) -> SwitchboardError:
    if exc.sqlstate == IN_THE_WAY and not is_of_another_program(exc):
        # Raised by the files themselves, whose texts hold names and types, never values.
        return SchemaInTheWay(
            f"{(exc.diag.message_primary or '').rstrip('.')}.".replace("the ", "The ", 1),
            exc.diag.message_hint or "Move it out of the way.",
            details=exc.diag.message_detail or "",
        )
    failure = translate(exc, role=conn.info.user)
    if where:
        failure.details = f"{where}: {failure.details}"
    return failure
