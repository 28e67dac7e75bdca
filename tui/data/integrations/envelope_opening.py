"""Opening an envelope by ticket: the log row is committed before the envelope is handed out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tui.data.integrations.credentials import binding

if TYPE_CHECKING:
    from uuid import UUID

    from tui.data.postgres.database import Connection, Database
    from tui.models.integrations import Integration

Purpose = Literal["reveal", "run", "copy", "test", "sync"]

BEGIN_OPEN = "select switchboard.begin_open(%(id)s::uuid, %(purpose)s::text) as ticket"
OPEN_ENVELOPE = "select switchboard.open_envelope(%(ticket)s::uuid) as envelope"
STAMP = "select c.updated_at::text as stamp from public.integration_credentials as c where c.id = %(id)s"


@dataclass(frozen=True, slots=True)
class StampedEnvelope:
    """An envelope, and the stamp of the row it was taken from: another stamp later means another content."""

    envelope: str
    stamp: str | None

    def __repr__(self) -> str:
        return "StampedEnvelope(…)"


async def take_envelope(
    database: Database,
    integration: Integration,
    purpose: Purpose,
    *,
    fields: str = "",
    operation_id: UUID | None = None,
) -> StampedEnvelope:
    """Return the envelope of an integration that is set up, its log row being committed before.

    The database enforces the order, who may do it, and how many in five minutes (sql/006_acts.sql). Works in read-only
    mode, since nothing but the log is written. `fields` are the names, with commas between, that the log row says are
    shown. Raises PermissionDenied and DatabaseFailed.
    """
    row = binding(integration)

    async def begin(connection: Connection) -> UUID:
        await connection.execute("select set_config('switchboard.fields', %s, true)", (fields,))
        values = {"id": row.row_id, "purpose": purpose}
        opening = await (await connection.execute(BEGIN_OPEN, values)).fetchone()
        ticket: UUID = (opening or {})["ticket"]
        return ticket

    ticket = await database.write(begin, operation_id=operation_id, log_only=True)

    # In a second transaction: the server opens no ticket of the present one, so that its log row is committed first.
    async def take(connection: Connection) -> StampedEnvelope:
        # The stamp first: what changes in between is then noticed, instead of taken for what was opened.
        stamp = await (await connection.execute(STAMP, {"id": row.row_id})).fetchone()
        opened = await (await connection.execute(OPEN_ENVELOPE, {"ticket": ticket})).fetchone()
        return StampedEnvelope(str((opened or {})["envelope"]), (stamp or {}).get("stamp"))

    return await database.write(take, operation_id=operation_id, log_only=True)
