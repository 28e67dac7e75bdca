"""The audit log: reading its newest rows, and adding the rows of Switchboard's own acts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from tui.data.models import LogRow

if TYPE_CHECKING:
    from uuid import UUID

    from tui.data.database import Connection, Database
    from tui.data.models import Json

LOG_COLUMNS = """l.id, l.organization_id, l.user_id, l.integration_type, l.action, l.status, l.details,
       host(l.ip_address) as ip_address, l.user_agent, l.created_at, l.created_at::text as created_at_text"""

NEWEST = """
select {columns} from public.integration_audit_logs as l
 where {where} order by {order}l.id desc limit %(limit)s
"""

LOG_ACT = """
select switchboard.log_act(%(action)s, %(organization_id)s, %(integration_type)s, %(status)s, %(details)s) as id
"""


async def newest(database: Database, organization_id: UUID | None, limit: int) -> list[LogRow]:
    """Return the newest rows of one organisation, or of all, newest first; rows without a time come last."""
    where = "" if organization_id is None else "l.organization_id = %(organization_id)s and"
    timed = NEWEST.format(columns=LOG_COLUMNS, where=f"{where} l.created_at is not null", order="l.created_at desc, ")
    timeless = NEWEST.format(columns=LOG_COLUMNS, where=f"{where} l.created_at is null", order="")

    async def unit(connection: Connection) -> list[LogRow]:
        found: list[LogRow] = []
        # In two steps, since no index serves "nulls last".
        for query in (timed, timeless):
            if len(found) < limit:
                values = {"organization_id": organization_id, "limit": limit - len(found)}
                found += [LogRow(**row) for row in await (await connection.execute(query, values)).fetchall()]
        return found

    return await database.read(unit)


async def log_act(
    connection: Connection,
    action: str,
    organization_id: UUID,
    integration_type: str,
    *,
    status: str = "success",
    details: Json | None = None,
) -> UUID:
    """Add the row of one of Switchboard's own acts, within the caller's transaction; returns its id.

    `details` must hold no secret. Goes through switchboard.log_act, since nobody holds INSERT on the log.
    """
    values: dict[str, Any] = {
        "action": action,
        "organization_id": organization_id,
        "integration_type": integration_type,
        "status": status,
        "details": Jsonb(details or {}),
    }
    row = await (await connection.execute(LOG_ACT, values)).fetchone()
    if row is None:
        raise AssertionError("a function call returns one row")
    log_id: UUID = row["id"]
    return log_id
