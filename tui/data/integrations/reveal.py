"""Opening one secret of a credential for a person: logged and committed before the envelope is handed out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

from tui.data.integrations.credentials import binding
from tui.data.integrations.envelope_opening import take_envelope
from tui.errors import NotFound
from tui.secret import Secret

if TYPE_CHECKING:
    from tui.data.keys.encryption import Keyring
    from tui.data.postgres.database import Database
    from tui.models import Integration


async def open_secret(
    database: Database, keyring: Keyring, integration: Integration, field: str, purpose: Literal["reveal", "copy"]
) -> Secret:
    """Return one field of the stored credential, its log row being committed before.

    Raises PermissionDenied, DatabaseFailed, Unreadable, and NotFound where the field is not stored.
    """
    sealed = await take_envelope(database, integration, purpose, fields=field)
    contents = await asyncio.to_thread(keyring.open, sealed.envelope, binding(integration))
    if field not in contents.credential:
        raise NotFound(f"No {field} is stored in this credential.", "Enter it with the editor.")
    return Secret(str(contents.credential[field]))
