"""The master key derived before anything is met that it opens: that takes a core for 0.4 s, and is waited for last."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING

from tui.errors import SwitchboardError
from tui.settings.kept_salts import KeptSalt

if TYPE_CHECKING:
    from tui.data.keys.master_key import MasterKey
    from tui.session.session import Session


def derive_with_kept_salt(session: Session) -> None:
    """Begin with the salt that the database had at the last start, while nothing is connected yet."""
    key = session.keyring.current
    salt = None if key is None else KeptSalt(session.settings, session.environ).read()
    if key is not None and salt is not None:
        session.is_key_ahead = True
        # Daemonic, so that a program which is left at once need not wait for it.
        threading.Thread(target=key.derive_ahead, args=(salt,), name="key derivation", daemon=True).start()


async def derive_with_recorded_salt(session: Session) -> None:
    """Begin with the salt in the database, unless it was asked for before, and keep it for the next start."""
    key = session.keyring.current
    if key is None or session.is_salt_asked:
        return
    session.is_salt_asked = True
    from tui.data.keys.gate import recorded_salt

    with contextlib.suppress(SwitchboardError):
        salt = await recorded_salt(session.database)
        if salt is not None:
            kept = KeptSalt(session.settings, session.environ)
            asyncio.get_running_loop().run_in_executor(None, _derive_and_keep, key, salt, kept)


def _derive_and_keep(key: MasterKey, salt: bytes, kept: KeptSalt) -> None:
    key.derive_ahead(salt)
    kept.keep(salt)
