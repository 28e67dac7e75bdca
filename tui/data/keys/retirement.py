"""The end of a master key that nothing needs any more."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tui.data.keys.encryption import Keyring
from tui.data.keys.envelope_count import Opening, count_rows, pages, report_nothing
from tui.data.keys.envelopes import envelope_format
from tui.data.keys.gate import KEY_RECORDS
from tui.errors import Conflict, Unreadable

if TYPE_CHECKING:
    from tui.data.keys.envelope_count import Progress
    from tui.data.keys.master_key import MasterKey
    from tui.data.postgres.database import Connection, Database

HOLD = "select switchboard.hold_envelopes() as key_id"
RETIRE = "select switchboard.retire_key(%(key_id)s::text, %(legacy)s::bigint)"


async def retire_key(database: Database, keyring: Keyring, key_id: str, progress: Progress = report_nothing) -> None:
    """Make a decrypt-only key one that is never used again, where nothing needs it any more.

    A legacy envelope does not name its key, so each has to open with another configured key. Raises Conflict where
    something may need the key, and MasterKeyError where it is not decrypt-only.
    """

    async def unit(connection: Connection) -> None:
        await connection.execute(HOLD)
        records = await (await connection.execute(KEY_RECORDS)).fetchall()
        others = Keyring(None, await asyncio.to_thread(_keys_without, keyring, records, key_id))
        legacy = read = 0
        total = (await count_rows(connection)).total
        progress("read", read, total)
        async for place, rows in pages(connection):
            found = [row for row in rows if envelope_format(row["envelope"] or "") == "legacy"]
            legacy += len(found)
            closed = await asyncio.to_thread(_first_closed, others, found)
            if closed is not None:
                raise Conflict(
                    f"The {place} {closed} is a legacy envelope that opens with no other key, so it may need {key_id}.",
                    "Configure the key in use, or rotate once more, and try again; nothing was changed.",
                )
            read += len(rows)
            progress("read", read, total)
        await connection.execute(RETIRE, {"key_id": key_id, "legacy": legacy})

    await database.write_at_length(unit)


def _keys_without(keyring: Keyring, records: list[dict[str, Any]], key_id: str) -> list[MasterKey]:
    salts = [bytes(record["salt"]) for record in records if record["key_id"] == key_id]
    return [key for key in keyring.keys if not any(key.key_id(salt) == key_id for salt in salts)]


def _first_closed(keyring: Keyring, rows: list[dict[str, Any]]) -> Any:
    openings = (Opening.of(keyring, row) for row in rows)
    return next((opening.row["id"] for opening in openings if isinstance(opening.result, Unreadable)), None)
