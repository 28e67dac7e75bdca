"""Opening one secret of a credential for a person: logged and committed before the envelope is handed out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

from tui.data.credentials import binding
from tui.data.errors import NotFound
from tui.data.secret import Secret

if TYPE_CHECKING:
    from uuid import UUID

    from tui.data.database import Connection, Database
    from tui.data.encryption import Keyring
    from tui.data.models import Integration

BEGIN_OPEN = "select switchboard.begin_open(%(id)s, %(purpose)s) as ticket"
OPEN_ENVELOPE = "select switchboard.open_envelope(%(ticket)s) as envelope"


async def open_secret(
    database: Database, keyring: Keyring, integration: Integration, field: str, purpose: Literal["reveal", "copy"]
) -> Secret:
    """Return one field of the stored credential, its log row being committed before.

    The database enforces the order, the right to read envelopes, and at most ten of each purpose in five minutes
    (database.md, "Opening an envelope"). Works in read-only mode, since nothing but the log is written.
    Raises PermissionDenied, DatabaseFailed, Unreadable, and NotFound where the field is not stored.
    """
    row = binding(integration)

    async def begin(connection: Connection) -> UUID:
        await connection.execute("select set_config('switchboard.fields', %s, true)", (field,))
        values = {"id": row.row_id, "purpose": purpose}
        found = await (await connection.execute(BEGIN_OPEN, values)).fetchone()
        ticket: UUID = (found or {})["ticket"]
        return ticket

    ticket = await database.write(begin, log_only=True)

    async def take(connection: Connection) -> str:
        found = await (await connection.execute(OPEN_ENVELOPE, {"ticket": ticket})).fetchone()
        return str((found or {})["envelope"])

    envelope = await database.write(take, log_only=True)
    opened = await asyncio.to_thread(keyring.open, envelope, row)
    if field not in opened.credential:
        raise NotFound(f"No {field} is stored in this credential.", "Enter it with the editor.")
    return Secret(str(opened.credential[field]))
