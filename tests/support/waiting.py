"""Waiting for what another process does, without taking from it the processor that it needs for that."""

from __future__ import annotations

import select
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LOOK_EVERY_S = 0.005


def wait_until(condition: Callable[[], object], timeout: float = 20) -> None:
    """Wait until a condition holds, at most `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        select.select([], [], [], LOOK_EVERY_S)
