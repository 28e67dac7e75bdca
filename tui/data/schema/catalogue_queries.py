"""Queries on the catalogue: rows are tuples whatever the connection's row factory is, and names name their schema."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from psycopg.rows import tuple_row

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from psycopg import AsyncConnection

TABLES = (
    "integration_credentials",
    "user_integration_permissions",
    "integration_audit_logs",
    "organization_phone_numbers",
)


async def execute(conn: AsyncConnection[Any], query: str, parameters: Mapping[str, Any] | None = None) -> None:
    """Run a query whose rows nobody wants; its text is this package's own, or of sql/. Raises psycopg.Error."""
    # As bytes: for psycopg's types a text must be a literal.
    await conn.cursor(row_factory=tuple_row).execute(query.encode(), parameters)


async def fetch_rows(
    conn: AsyncConnection[Any], query: str, parameters: Mapping[str, Any] | None = None
) -> list[tuple[Any, ...]]:
    """Return all rows of a query. Raises psycopg.Error."""
    cursor = conn.cursor(row_factory=tuple_row)
    await cursor.execute(query.encode(), parameters)
    return await cursor.fetchall()


@contextlib.asynccontextmanager
async def full_names(conn: AsyncConnection[Any]) -> AsyncIterator[None]:
    """Set search_path to pg_catalog, so that texts from the catalogue name every other schema. Raises psycopg.Error."""
    async with conn.transaction():
        search_path = (await fetch_rows(conn, "select current_setting('search_path')"))[0][0]
        await execute(conn, "select set_config('search_path', 'pg_catalog, pg_temp', true)")
        yield
        await execute(conn, "select set_config('search_path', %(before)s, true)", {"before": search_path})
