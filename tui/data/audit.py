"""The audit log: its columns as they are read, and adding the rows of Switchboard's own acts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from uuid import UUID

    from tui.data.database import Connection
    from tui.data.models import Json

LOG_COLUMNS = """l.id, l.organization_id, l.user_id, l.integration_type, l.action, l.status, l.details,
       host(l.ip_address) as ip_address, l.user_agent, l.created_at, l.created_at::text as created_at_text"""

# What somebody had before their eyes; every action, and who may log it, stands in switchboard.actions() (sql/).
OPENINGS = frozenset({"credential_revealed", "credential_copied", "credential_lent"})

LOG_ACT = """
select switchboard.log_act(%(action)s, %(organization_id)s, %(integration_type)s, %(status)s, %(details)s) as id
"""


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
