"""One statement that reads the audit log, with a time limit of its own, in one round trip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.data.audit.where import Where
    from tui.data.postgres.database import Connection, Database

# Local to the transaction, which outside of one ends with the pipeline:
# https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
LIMIT = "select pg_catalog.set_config('statement_timeout', %(limit)s, true)"
ESTIMATE = "explain (format json) select from public.integration_audit_logs as l where {where}"


async def fetch(
    database: Database, query: str, parameters: Mapping[str, Any], milliseconds: int
) -> list[dict[str, Any]]:
    """Return the rows of a query. Raises TimedOut when it takes the server longer than `milliseconds`."""

    async def unit(connection: Connection) -> list[dict[str, Any]]:
        limit = {"limit": str(milliseconds)}
        if database.info is not None and database.info.pooling == "transaction":
            await connection.execute(LIMIT, limit)
            return await (await connection.execute(query, parameters)).fetchall()
        async with connection.pipeline():
            await connection.execute(LIMIT, limit)
            return await (await connection.execute(query, parameters)).fetchall()

    return await database.read(unit)


async def estimated_rows(database: Database, where: Where) -> int:
    """Return how many rows of the log the server's statistics expect; takes about a millisecond at any size."""

    async def unit(connection: Connection) -> int:
        cursor = await connection.execute(ESTIMATE.format(where=where.sql), where.parameters)
        row = await cursor.fetchone()
        return int(row["QUERY PLAN"][0]["Plan"]["Plan Rows"]) if row else 0

    return await database.read(unit)
