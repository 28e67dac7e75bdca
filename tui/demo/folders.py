"""Makes the folders an embedded server lives in, and never opens one that was there before."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from tui.errors import DemoFailed

if TYPE_CHECKING:
    from pathlib import Path

    from tui.demo.account import Account


def make_folder(folder: Path, account: Account | None) -> None:
    """Make a folder and those above it where they are missing, so that the server's account can pass them.

    Raises OSError.
    """
    for part in reversed([folder, *folder.parents]):
        if not part.exists():
            part.mkdir()
            # Root's server has to pass the folder; what is private in it is private by itself.
            part.chmod(0o711 if account else 0o700)


def make_private(folder: Path, account: Account | None) -> None:
    """Make a folder that only the server's account (and root) can enter.

    Raises DemoFailed where it is there and is not such a folder, or where the account cannot reach it; OSError.
    """
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        if account is not None:
            os.chown(folder, account.uid, account.gid)
    facts = folder.lstat()
    owner = account.uid if account else os.geteuid()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != owner or facts.st_mode & 0o077:
        raise DemoFailed(
            f"{folder} is not a private folder of the account that runs the embedded database.",
            "Remove it and start again.",
        )
    if account is not None and not account.may_reach(folder):
        raise DemoFailed(
            f"The account {account.name} cannot reach {folder}, and no folder is opened for it.",
            "Correct the permissions of the folders above it.",
        )
