"""A folder that the workers of one run share: what one of them has prepared there, the others need not prepare."""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.servers.folders import new_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    Derivation = Callable[[bytes, bytes, int], bytes]

VARIABLE = "TESTS_RUN_FOLDER"


def run_folder() -> Path:
    """The folder: made by the first process that asks and deleted when that ends; its children inherit it."""
    if VARIABLE not in os.environ:
        folder = new_folder("switchboard-run-")
        os.environ[VARIABLE] = str(folder)
        atexit.register(delete_run_folder)
    return Path(os.environ[VARIABLE])


def made_once(path: Path, make: Callable[[Path], object]) -> Path:
    """The same path, at which whoever comes first makes a file or a folder; others wait until it is there, whole."""
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            part = path.with_suffix(".part")
            # Of somebody who failed, or was ended while it was made.
            shutil.rmtree(part, ignore_errors=True)
            make(part)
            part.rename(path)
    return path


def delete_run_folder() -> None:
    """Delete it, if it is still there."""
    shutil.rmtree(os.environ[VARIABLE], ignore_errors=True)


def derived_once(derive: Derivation) -> Derivation:
    """The same derivation of a key, which takes a third of a second, done once by all processes of the run.

    Another of another name is done on its own.
    """
    folder = run_folder()

    def find_or_derive(key: bytes, salt: bytes, n: int) -> bytes:
        if not os.access(folder, os.W_OK):
            # A process that has become an ordinary user.
            return derive(key, salt, n)
        file = folder / sha256(repr((derive.__name__, key, salt, n)).encode()).hexdigest()
        return made_once(file, lambda part: part.write_bytes(derive(key, salt, n))).read_bytes()

    return find_or_derive
