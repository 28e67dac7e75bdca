"""Which account the embedded Postgres runs as, and what that account must be able to reach."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

OWN_ACCOUNT = "switchboard-demo"
FALLBACK_ACCOUNT = "nobody"
SYSTEM_PATH = "/usr/sbin:/sbin:/usr/bin:/bin"
USERADD_OPTIONS = (
    *("--system", "--user-group", "--no-create-home"),
    *("--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"),
)


@dataclass(frozen=True, slots=True)
class Account:
    """An operating-system account that a server process is started as."""

    name: str
    uid: int
    gid: int

    @classmethod
    def named(cls, name: str) -> Account:
        """Return the account of that name; raises KeyError where there is none."""
        entry = pwd.getpwnam(name)
        return cls(name, entry.pw_uid, entry.pw_gid)

    def may_reach(self, path: Path) -> bool:
        """Whether the account can pass every folder above `path` and read it (and enter or run it).

        Decided from the mode bits; access control lists are not looked at.
        """
        return all(self._allowed(parent, 0o1) for parent in path.resolve().parents) and self.may_read(path)

    def may_read(self, path: Path) -> bool:
        """Whether the account could read `path` (and enter or run it) once it is past the folders above."""
        usable = path.is_dir() or bool(path.stat().st_mode & stat.S_IXUSR)
        return self._allowed(path, 0o5 if usable else 0o4)

    def _allowed(self, path: Path, bits: int) -> bool:
        facts = path.stat()
        shift = 6 if facts.st_uid == self.uid else 3 if facts.st_gid == self.gid else 0
        return (facts.st_mode >> shift) & bits == bits


def running_as_root() -> bool:
    """Postgres refuses to run as root, so root's server needs an account of its own."""
    return os.geteuid() == 0


def account_for_root(search_path: str = SYSTEM_PATH) -> Account:
    """Return the account that root's server runs as.

    OWN_ACCOUNT, created with useradd where it does not exist yet; `nobody` where there is no useradd in
    `search_path` or it fails.
    """
    with suppress(KeyError):
        return Account.named(OWN_ACCOUNT)
    useradd = shutil.which("useradd", path=search_path)
    if useradd is None:
        return Account.named(FALLBACK_ACCOUNT)
    added = subprocess.run([useradd, *USERADD_OPTIONS, OWN_ACCOUNT], check=False, capture_output=True)
    return Account.named(OWN_ACCOUNT if added.returncode == 0 else FALLBACK_ACCOUNT)
