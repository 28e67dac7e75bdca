"""What a session of ours is pinned to, whatever ALTER DATABASE, ALTER ROLE or the environment say."""

from __future__ import annotations

import contextlib
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
from psycopg.rows import dict_row

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from psycopg import AsyncConnection

# Named in BEGIN, because the session's default may be another.
READ_COMMITTED = "isolation level read committed"
SNAPSHOT = "isolation level repeatable read, read only"

BEFORE_THE_ANSWER = 3
"""Results that stand before that of a query: of begin, and of the two statements that pin."""

# What decides how a text is read, how a value is written, which rows are seen, and when a session ends. Left to
# whoever runs the database: where things are kept, how they are planned, how durable a commit is, whether a
# session may write (default_transaction_read_only), and what else only a superuser may set. Each value is written as
# the server shows it.
_PINNED = {
    "array_nulls": "on",
    "bytea_output": "hex",
    "check_function_bodies": "on",
    # So that a statement does not run on for a client that is gone.
    "client_connection_check_interval": "2s",
    "client_encoding": "UTF8",
    "client_min_messages": "warning",
    "createrole_self_grant": "",
    "DateStyle": "ISO, YMD",
    "default_transaction_isolation": "read committed",
    "exit_on_error": "off",
    "extra_float_digits": "1",
    # Any other value lets an index scan leave rows out at random.
    "gin_fuzzy_search_limit": "0",
    # The pool keeps idle connections, and closes them itself.
    "idle_session_timeout": "0",
    "IntervalStyle": "postgres",
    # Compiling a query over the catalogue takes seconds, running it some milliseconds.
    "jit": "off",
    "plpgsql.extra_errors": "none",
    "quote_all_identifiers": "off",
    "restrict_nonsystem_relation_kind": "",
    "row_security": "on",
    "search_path": "pg_catalog, pg_temp",
    # Under any other, foreign keys are not kept; who may not set it is refused, and the server says why.
    "session_replication_role": "origin",
    "standard_conforming_strings": "on",
    "TimeZone": "UTC",
    "transaction_timeout": "0",
    "transform_null_equals": "off",
}


class Limits(NamedTuple):
    """How long a session waits, in milliseconds: for a lock, for a statement to end, for us inside a transaction."""

    lock_ms: int
    statement_ms: int
    idle_in_transaction_ms: int


async def pin_session(connection: AsyncConnection[Any], limits: Limits) -> None:
    """Pin a session that is nobody else's afterwards, in one round trip. Raises psycopg.Error."""
    await connection.execute(_pins(limits, local=False))


async def begin(connection: AsyncConnection[Any], limits: Limits, *, characteristics: str = READ_COMMITTED) -> None:
    """Begin a transaction and pin its settings in the same round trip; its end leaves nothing. Raises psycopg.Error."""
    await connection.execute(f"begin {characteristics}; ".encode() + _pins(limits, local=True))


async def ask_once(connection: AsyncConnection[Any], query: str, limits: Limits) -> dict[str, Any] | None:
    """Return the first row of a query in a pinned transaction of its own, in one round trip. Raises psycopg.Error."""
    whole = b";".join((f"begin {READ_COMMITTED}".encode(), _pins(limits, local=True), query.encode(), b"commit"))
    cursor = connection.cursor(row_factory=dict_row)
    async with _rolled_back_by_a_failure(connection):
        await cursor.execute(whole)
    for _ in range(BEFORE_THE_ANSWER):
        cursor.nextset()
    return await cursor.fetchone()


@contextlib.asynccontextmanager
async def pinned_transaction(
    connection: AsyncConnection[Any], limits: Limits, *, is_pinned: bool = False
) -> AsyncIterator[None]:
    """A transaction with everything pinned, which it may be already; committed, and rolled back by any failure."""
    if is_pinned:
        await connection.execute(f"begin {READ_COMMITTED}".encode())
    else:
        await begin(connection, limits)
    async with _rolled_back_by_a_failure(connection):
        yield
    await connection.execute("commit")


@contextlib.asynccontextmanager
async def _rolled_back_by_a_failure(connection: AsyncConnection[Any]) -> AsyncIterator[None]:
    try:
        yield
    except BaseException:
        with contextlib.suppress(psycopg.Error):
            await connection.execute("rollback")
        raise


@cache
def _pins(limits: Limits, *, local: bool) -> bytes:
    waits = {
        "lock_timeout": str(limits.lock_ms),
        "idle_in_transaction_session_timeout": str(limits.idle_in_transaction_ms),
    }
    values = ", ".join(f"('{name}', '{value}')" for name, value in (_PINNED | waits).items())
    # The time-out comes first and alone, since it may be too short for what follows. Settings that a server does not
    # know are null, and left out. Looking at the line to the client while a statement runs is refused with 22023 by
    # servers on Windows, and by those of Postgres 14 on anything but Linux.
    return f"""
        set {"local" if local else "session"} statement_timeout = {limits.statement_ms};
        select pg_catalog.set_config(s.name, s.value, {local}) from (values {values}) as s (name, value)
         where pg_catalog.current_setting(s.name, true) operator(pg_catalog.<>) s.value
           and (s.name operator(pg_catalog.<>) 'client_connection_check_interval'
                or pg_catalog.version() operator(pg_catalog.~) 'linux')
    """.encode()
