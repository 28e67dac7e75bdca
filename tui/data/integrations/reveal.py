"""Opening secrets for a person or for a program: logged and committed before the envelope is handed out."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Literal

from tui.data.integrations.credentials import binding
from tui.data.integrations.envelope_opening import take_envelope
from tui.data.keys.gate import why_closed
from tui.errors import NotFound, Unreadable
from tui.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.data.keys.encryption import Keyring, Opened
    from tui.data.postgres.database import Database
    from tui.models.integrations import Integration


async def open_secret(
    database: Database, keyring: Keyring, integration: Integration, field: str, purpose: Literal["reveal", "copy"]
) -> Secret:
    """Return one field of the stored credential, its log row being committed before.

    Raises PermissionDenied, DatabaseFailed, Unreadable, WrongMasterKey where somebody has changed the key, and NotFound
    where the field is not stored.
    """
    contents = await _open(database, keyring, integration, purpose, field)
    if field not in contents.credential:
        raise NotFound(f"No {field} is stored in this credential.", "Enter it with the editor.")
    return Secret(str(contents.credential[field]))


async def open_fields(
    database: Database, keyring: Keyring, integration: Integration, fields: Sequence[str]
) -> dict[str, Secret]:
    """Return those of the fields that are stored, to be lent to a program; the log row names all of them.

    Raises PermissionDenied, DatabaseFailed, Unreadable, and WrongMasterKey where somebody has changed the key.
    """
    contents = await _open(database, keyring, integration, "run", ",".join(fields))
    stored = {name: contents.credential.get(name) for name in fields}
    return {name: Secret(_as_text(value)) for name, value in stored.items() if value is not None}


async def _open(
    database: Database,
    keyring: Keyring,
    integration: Integration,
    purpose: Literal["reveal", "copy", "run"],
    fields: str,
) -> Opened:
    sealed = await take_envelope(database, integration, purpose, fields=fields)
    try:
        return await asyncio.to_thread(keyring.open, sealed.envelope, binding(integration))
    except Unreadable as problem:
        raise await why_closed(database, keyring, problem) from None


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else json.dumps(value)
