"""Names looked up in threads that nothing waits for at the end of the program.

The event loop's own threads hold up that end for as long as a name server is silent.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from concurrent.futures import Future
from typing import Any

Addresses = list[tuple[Any, ...]]

_lookups: dict[tuple[str, int | None], Future[Addresses]] = {}
"""The names that are being looked up: one thread for each, however many wait for it."""


async def look_up(host: str, port: int | None = None) -> Addresses:
    """Return what getaddrinfo knows of a host for TCP. Raises OSError, and UnicodeError for what is no name."""
    answer = _lookups.get((host, port))
    if answer is None:
        answer = _lookups[host, port] = Future()
        # Once it runs, whoever no longer waits for it cannot cancel it for the others.
        answer.set_running_or_notify_cancel()
        threading.Thread(target=_look_up, args=(host, port, answer), name="name look-up", daemon=True).start()
    return await asyncio.wrap_future(answer)


def _look_up(host: str, port: int | None, answer: Future[Addresses]) -> None:
    try:
        addresses = socket.getaddrinfo(host, port, proto=socket.IPPROTO_TCP, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as failure:
        del _lookups[host, port]
        answer.set_exception(failure)
    else:
        del _lookups[host, port]
        answer.set_result(list(addresses))
