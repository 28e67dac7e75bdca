"""The salt that the master key had in each database that was opened, so that the next start need not wait for it.

A salt is no secret, each envelope has it; what is derived with one that is not the database's any more is never used.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

from tui.errors import ConfigError
from tui.settings.checked_file import read_checked, replace_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tui.settings.settings import Settings

MOST_KEPT = 50
SALT_HEX_DIGITS = 32


class KeptSalt:
    """The salt of the database that the settings name."""

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        self._place = _place(settings, environ)
        self._file: Path | None = None
        # Whoever is at the locked console shares an account with others.
        if self._place and not settings.locked:
            import platformdirs

            self._file = platformdirs.user_state_path("switchboard", appauthor=False) / "salts.json"

    def read(self) -> bytes | None:
        """Return the salt; None where none is kept, or the file is not one that only its owner could have written."""
        return self._read_all().get(self._place)

    def keep(self, salt: bytes) -> None:
        """Keep the salt, unless it is kept already or the file cannot be written: then the next start is slower."""
        kept = self._read_all()
        if self._file is None or kept.get(self._place) == salt:
            return
        kept.pop(self._place, None)
        newest = [*list(kept.items())[1 - MOST_KEPT :], (self._place, salt)]
        with contextlib.suppress(ConfigError, OSError):
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_file(self._file, json.dumps({place: each.hex() for place, each in newest}, indent=1).encode())

    def _read_all(self) -> dict[str, bytes]:
        try:
            content = read_checked(self._file, other_way="") if self._file is not None else None
            kept = json.loads(content or b"{}")
            salts = {place: bytes.fromhex(salt) for place, salt in kept.items() if len(salt) == SALT_HEX_DIGITS}
        except (ConfigError, OSError, ValueError, AttributeError, TypeError, RecursionError):
            return {}
        return salts


def _place(settings: Settings, environ: Mapping[str, str]) -> str:
    """Host, port and database without user and password; empty where that cannot be told from a string apart."""
    url = settings.database_url
    if url is None:
        return " ".join(
            environ.get(name) or settings.libpq.get(name, "") for name in ("PGHOST", "PGPORT", "PGDATABASE")
        )
    scheme, separator, rest = url.partition("://")
    return rest.partition("?")[0].rpartition("@")[2] if separator and scheme.startswith("postgres") else ""
