"""Work on connections whose caller gets control back, whatever the server does or does not do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from tui.data.errors import ConnectionLost

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from psycopg import AsyncConnection

T = TypeVar("T")

CANCEL_TIMEOUT_S = 2.0


async def given_back(work: Callable[[list[AsyncConnection[Any]]], Awaitable[T]], seconds: float) -> T:
    """Await work that puts the connection it uses into the list it is given, and give control back in any case.

    When this is cancelled, or `seconds` have passed, the work is cancelled on the server; where that gets no answer
    within CANCEL_TIMEOUT_S either, the connection is closed here. Raises ConnectionLost after the time.
    Source: safety.md, "A black hole".
    """
    held: list[AsyncConnection[Any]] = []
    task = asyncio.ensure_future(work(held))
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
        if done:
            return task.result()
        raise ConnectionLost(
            f"The database has not answered for {seconds:.0f} seconds.",
            "Check the network; Switchboard reconnects by itself.",
        )
    finally:
        if not task.done():
            task.cancel()
            _, left = await asyncio.wait({task}, timeout=CANCEL_TIMEOUT_S)
            if left:
                for connection in held:
                    connection.pgconn.finish()
        if task.done() and not task.cancelled():
            task.exception()
