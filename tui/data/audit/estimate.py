"""How many rows of the audit log a filter has, by the statistics of the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.data.audit.where import Where
    from tui.data.postgres.database import Database

ESTIMATE = "explain (format json) select from public.integration_audit_logs as l where {where}"


async def estimated_rows(database: Database, where: Where) -> int:
    """Return how many rows of the log the server's statistics expect; takes about a millisecond at any size."""
    plans = await database.fetch_value(ESTIMATE.format(where=where.sql), where.parameters)
    return int(plans[0]["Plan"]["Plan Rows"])
