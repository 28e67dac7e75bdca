"""Adding a row of one of Switchboard's own acts to the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from tui.data.postgres.database import Connection
    from tui.models import Json

# In the row of an act that is of all organisations at once, these stand for none of them.
NO_ORGANIZATION = UUID(int=0)

LOG_ACT = """
select switchboard.log_act(%(action)s::text, %(organization_id)s::uuid, %(integration_type)s::text, %(status)s::text,
                           %(details)s::jsonb) as id
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
