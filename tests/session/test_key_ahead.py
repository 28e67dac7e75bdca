"""The master key is derived before anything is met that it could open."""

from __future__ import annotations

from pathlib import Path

import psycopg

from tests.support.acme import KEY, SALT
from tests.support.reference_envelope import unb64
from tests.support.waiting import wait_until
from tui.data.keys.encryption import Keyring
from tui.data.keys.master_key import MasterKey
from tui.session.session import Session
from tui.settings.settings import load_settings


async def test_a_connected_console_derives_the_key_in_use_without_any_envelope(keyed_database: str) -> None:
    key = MasterKey(KEY, "a test")
    settings = load_settings({"DATABASE_URL": keyed_database}, cwd=Path("/proc"))
    session = Session(settings, {}, Keyring(key))
    await session.connect()
    try:
        await session.derive_key_ahead()
    finally:
        await session.close()
    with psycopg.connect(keyed_database) as connection:
        ((key_id,),) = connection.execute("select key_id from switchboard.keys").fetchall()
    wait_until(lambda: key.salt_of(unb64(key_id)) == SALT)
