"""Acme and Globex: their ids, a person, master keys, credentials, and a Database opened as that person."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import UUID

from tui.data.integrations.listing import list_integrations
from tui.data.keys.encryption import Keyring
from tui.data.keys.master_key import MasterKey
from tui.data.postgres.database import Database
from tui.process.identity import Operator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tui.models.integrations import Integration

ACME = UUID("00000000-0000-4000-8000-00000000acce")
GLOBEX = UUID("00000000-0000-4000-8000-0000000910be")
ASHA = UUID("00000000-0000-4000-8000-0000000a54a0")
KEY = "q0Zr7VxuJd2mWc9LfTnB4hYgKpE8sAi3OvUe5XwR1yM="
OTHER_KEY = "T8bNqk3RzWv1LxY7mJd5cHgA0sPfUe9oKiC2tBnXr4Q="
SALT = bytes(range(16))
MASTER_KEY = MasterKey(KEY, "a test")
OTHER_MASTER_KEY = MasterKey(OTHER_KEY, "another test")

PHONE = {
    "account_sid": "acme1",
    "api_key": "5f0c1e2d3b4a59687766554433221100",
    "api_token": "99887766554433221100aabbccddeeff",
    "virtual_number": "01141169368",
}


def keyring(key: MasterKey | None = MASTER_KEY, *previous: MasterKey) -> Keyring:
    """A keyring whose derived keys are shared by all tests of a process."""
    return Keyring(key, previous)


def operator() -> Operator:
    """Asha at a console that came in over SSH."""
    return Operator(ASHA, "asha@acme.example", "192.0.2.7", "switchboard/test (asha@jump)")


@asynccontextmanager
async def opened(conninfo: str, *, read_only: bool = False) -> AsyncIterator[Database]:
    """An open Database, closed afterwards."""
    database = Database(conninfo, operator(), read_only=read_only)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


async def phone_integration(database: Database) -> Integration:
    """Return the first integration of Acme's, which is the phone's."""
    return (await list_integrations(database, keyring(), ACME, []))[0]
