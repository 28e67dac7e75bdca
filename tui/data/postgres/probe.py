"""A live connection's first questions: what server this is, what the role may do, and what stands in between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import pq
from psycopg.rows import dict_row, scalar_row

from tui.data.postgres.connect import connect
from tui.data.postgres.conninfo.settings import (
    TRANSACTION_POOLER_PORT,
    ConnectionSettings,
    PoolingKind,
)
from tui.data.postgres.session_settings import Limits, ask_once
from tui.models.server import ServerInfo

if TYPE_CHECKING:
    import psycopg

SERVER_FACTS = """
select pg_catalog.current_setting('server_version_num')::int as version,
       pg_catalog.current_database()::text as database,
       current_user::text as role,
       pg_catalog.getdatabaseencoding()::text as encoding,
       pg_catalog.pg_backend_pid() as backend_pid,
       (select s.version from pg_catalog.pg_stat_ssl as s
         where s.pid = pg_catalog.pg_backend_pid() and s.ssl) as tls,
       pg_catalog.pg_is_in_recovery() as in_recovery,
       pg_catalog.current_setting('transaction_read_only')::bool as read_only,
       r.rolsuper as superuser, r.rolcreaterole as create_role,
       pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') as create_in_database,
       coalesce(pg_catalog.has_schema_privilege(pg_catalog.to_regnamespace('public')::oid, 'CREATE'), false)
           as create_in_public,
       exists (select from pg_catalog.pg_proc as p join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
                where p.proname = 'my_login' and n.nspname = 'switchboard'
                  and pg_catalog.has_schema_privilege(n.oid, 'USAGE')
                  and pg_catalog.has_function_privilege(p.oid, 'EXECUTE')) as tells_login
  from pg_catalog.pg_roles as r where r.rolname = current_user
"""

FACTS_WITHIN_MS = 5_000
BACKEND_PID = "select pg_catalog.pg_backend_pid()"
POOLING_ROUNDS = 3


async def probe(
    connection: psycopg.AsyncConnection[Any], connections: list[psycopg.AsyncConnection[Any]] | None = None
) -> ServerInfo:
    """Ask a fresh connection about its server and role: one transaction, and two connections more behind a pooler.

    Appends those to `connections`. Raises psycopg.Error.
    """
    facts = await _facts(connection)
    settings = _settings_of(connection)
    pooling: PoolingKind = "direct"
    if settings.port == TRANSACTION_POOLER_PORT:
        pooling = "transaction"
    elif connection.info.backend_pid != facts.pop("backend_pid"):
        pooling = await pooling_kind(connection.info.dsn, password=connection.info.password, connections=connections)
    facts.pop("backend_pid", None)
    tls = facts.pop("tls")
    if not connection.pgconn.ssl_in_use:
        tls = None
    elif tls is None or pooling != "direct":
        tls = "TLS"
    return ServerInfo(
        host=connection.info.host,
        port=connection.info.port,
        tls=tls,
        is_local=settings.is_local,
        pooling=pooling,
        **facts,
    )


async def _facts(connection: psycopg.AsyncConnection[Any]) -> dict[str, Any]:
    if connection.info.transaction_status != pq.TransactionStatus.IDLE:
        cursor = connection.cursor(row_factory=dict_row)
        await cursor.execute(SERVER_FACTS)
        return await cursor.fetchone() or {}
    # What is in between is not known yet, so nothing may stay in the session.
    return await ask_once(connection, SERVER_FACTS, Limits(0, FACTS_WITHIN_MS, FACTS_WITHIN_MS)) or {}


def encoding_problem(server: ServerInfo) -> tuple[str, str] | None:
    """Say why the database's encoding is none to work with, and what to do; None where it is UTF8."""
    if server.encoding == "UTF8":
        return None
    return (
        f"The database {server.database} keeps its texts in {server.encoding}, which cannot hold every name and note.",
        "Create a database with encoding 'UTF8' (create database ... encoding 'UTF8' template template0) and move the "
        "tables there.",
    )


async def pooling_kind(
    conninfo: str, *, password: str | None = None, connections: list[psycopg.AsyncConnection[Any]] | None = None
) -> PoolingKind:
    """Find out with two connections of its own what stands between us and the server.

    One backend serving both connections, or one connection served by several: the pooler hands out
    transactions. A backend that is not the one the connection was told of: some pooler is in between.
    Raises psycopg.Error or OSError.
    """
    async with (
        await connect(conninfo, scalar_row, password=password) as first,
        await connect(conninfo, scalar_row, password=password) as second,
    ):
        if connections is not None:
            connections += [first, second]
        backend_pids = [(await _backend_pid(first), await _backend_pid(second)) for _ in range(POOLING_ROUNDS)]
        if any(first_pid == second_pid for first_pid, second_pid in backend_pids) or len(set(backend_pids)) > 1:
            return "transaction"
        return "direct" if backend_pids[0] == (first.info.backend_pid, second.info.backend_pid) else "session"


async def _backend_pid(connection: psycopg.AsyncConnection[int]) -> int | None:
    cursor = await connection.execute(BACKEND_PID)
    return await cursor.fetchone()


def _settings_of(connection: psycopg.AsyncConnection[Any]) -> ConnectionSettings:
    parameters = connection.info.get_parameters()
    return ConnectionSettings(
        host=parameters.pop("host", None),
        port=str(connection.info.port),
        database=connection.info.dbname,
        user=connection.info.user,
        parameters=parameters,
    )
