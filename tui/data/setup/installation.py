"""What a database holds of an installation already, for whoever is about to set one up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.data.keys.gate import RECORDED_KEY, WHAT_EXISTS
from tui.data.schema.state import schema_state
from tui.data.setup.findings import Finding, Subject
from tui.errors import SwitchboardError
from tui.words.counts import counted

if TYPE_CHECKING:
    from tui.data.postgres.database import Connection, Database

CREDENTIALS = "select count(*) as visible from public.integration_credentials"


async def installation_findings(database: Database) -> list[Finding]:
    """Say how many credentials there are and which key wrote them; nothing where none can be, or the role sees none."""
    try:
        return await database.read(_look)
    except SwitchboardError:
        # What the role may not read is no failure of the connection, and the steps that need it say so.
        return []


async def _look(connection: Connection) -> list[Finding]:
    exists = await (await connection.execute(WHAT_EXISTS)).fetchone() or {}
    if not exists["credentials"]:
        return []
    # Another program's table counts as well: its credentials are what the key has to open.
    is_ours = await schema_state(connection) != "partial"
    row = await (await connection.execute(CREDENTIALS)).fetchone()
    recorded = await (await connection.execute(RECORDED_KEY)).fetchone() if exists["keys"] else None
    count = row["visible"] if row else 0
    what = counted(count, "credential") if count else "no credential yet"
    key = f", key id {recorded['key_id']}" if recorded else ""
    return [
        Finding(
            Subject.SCHEMA,
            "warning" if count else "ok",
            f"{'Installed here already' if is_ours else 'Tables of another program are here already'}: {what}{key}.",
            "The master key that it was set up with will be needed." if count else "",
        )
    ]
