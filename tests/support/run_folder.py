"""A folder that the workers of one run share: what one of them has prepared there, the others need not prepare."""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.servers.folders import new_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Derivation = Callable[[bytes, bytes, int], bytes]

VARIABLE = "TESTS_RUN_FOLDER"


def run_folder() -> Path:
    """The folder: made by the first process that asks, which deletes it when it ends; its children inherit it."""
    if VARIABLE not in os.environ:
        folder = new_folder("switchboard-run-")
        os.environ[VARIABLE] = str(folder)
        atexit.register(shutil.rmtree, folder)
    return Path(os.environ[VARIABLE])


@contextmanager
def made_by_the_first(path: Path) -> Iterator[Path]:
    """The same path, at which whoever comes first makes something; others wait until it is there."""
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield path


def derived_once(derive: Derivation) -> Derivation:
    """The same derivation of a key, which takes a third of a second, done once by all processes of the run."""
    folder = run_folder()

    def find_or_derive(key: bytes, salt: bytes, n: int) -> bytes:
        if not os.access(folder, os.W_OK):
            # A process that has become an ordinary user.
            return derive(key, salt, n)
        with made_by_the_first(folder / sha256(repr((key, salt, n)).encode()).hexdigest()) as file:
            if not file.exists():
                file.write_bytes(derive(key, salt, n))
            return file.read_bytes()

    return find_or_derive
