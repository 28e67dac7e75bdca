"""Temporary folders for servers: in memory where there is room, and open to the account that a server runs as."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from tui.demo.account import Account, running_as_root

IN_MEMORY = "/dev/shm"
ROOM_BYTES = 4 << 30


def new_folder(prefix: str) -> Path:
    """Make an empty folder with a short path, which the caller deletes; pytest's own tmp_path is closed to servers.

    Tests make and drop hundreds of databases of 300 files each: on a disk, more than half of the time of that goes
    into finding free inodes.
    """
    for candidate in (IN_MEMORY, tempfile.gettempdir(), "/tmp", "/var/tmp"):
        if candidate == IN_MEMORY and not _roomy(candidate):
            continue
        if not running_as_root() or Account.named("nobody").may_reach(Path(candidate)):
            folder = Path(tempfile.mkdtemp(prefix=prefix, dir=candidate))
            if running_as_root():
                folder.chmod(0o711)
            return folder
    raise RuntimeError("no temporary folder that the server's account can reach")


def _roomy(candidate: str) -> bool:
    """Whether programs may be started from there (copies of Postgres are) and several clusters fit."""
    with suppress(OSError):
        executable = not os.statvfs(candidate).f_flag & os.ST_NOEXEC
        return executable and os.access(candidate, os.W_OK) and shutil.disk_usage(candidate).free > ROOM_BYTES
    return False
