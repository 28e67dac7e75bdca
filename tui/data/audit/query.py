"""One statement that reads the audit log, with a time limit of its own, in one round trip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.data.audit.where import Where
    from tui.data.postgres.database import Database

ESTIMATE = "explain (format json) select from public.integration_audit_logs as l where {where}"


async def fetch(
    database: Database, query: str, parameters: Mapping[str, Any], milliseconds: int
) -> list[dict[str, Any]]:
    """Return the rows of a query. Raises TimedOut when it takes the server longer than `milliseconds`."""
    return await database.fetch_all(query, parameters, statement_timeout_ms=milliseconds)


async def estimated_rows(database: Database, where: Where) -> int:
    """Return how many rows of the log the server's statistics expect; takes about a millisecond at any size."""
    plans = await database.fetch_value(ESTIMATE.format(where=where.sql), where.parameters)
    return int(plans[0]["Plan"]["Plan Rows"])
