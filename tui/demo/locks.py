"""Kernel locks on files (flock): held by a process and its children, and gone with them however they end."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def open_lock(path: Path) -> int:
    """Open a lock file, creating it where it is missing; closing the descriptor releases the lock."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)


def lock_shared(descriptor: int) -> None:
    """Take the lock in shared mode, waiting for an exclusive holder."""
    fcntl.flock(descriptor, fcntl.LOCK_SH)


def try_lock_exclusively(descriptor: int) -> bool:
    """Take the lock exclusively if nobody else holds it; the descriptor's shared lock is given up for it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def exclusive_lock(path: Path) -> Iterator[int]:
    """Hold the lock exclusively, waiting for it; a child that inherits the descriptor goes on holding it."""
    descriptor = open_lock(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def is_held(path: Path) -> bool:
    """Tell whether any process holds the lock."""
    if not path.exists():
        return False
    descriptor = open_lock(path)
    try:
        return not try_lock_exclusively(descriptor)
    finally:
        os.close(descriptor)
