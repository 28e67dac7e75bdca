"""Work on connections whose caller gets control back, whatever the server does or does not do."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, TypeVar

from tui.data.postgres.connect import cut
from tui.data.postgres.liveness import GONE_AFTER_S
from tui.errors import Advice, ConnectionLost, TimedOut

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from psycopg import AsyncConnection

    from tui.data.postgres.liveness import Liveness

T = TypeVar("T")

CANCEL_WITHIN_S = 1.0
ENDS_WITHIN_S = 0.5
# Most work has ended by then, without a question beside it whether the server lives.
WATCHED_AFTER_S = 1.0
LOOK_EVERY_S = 0.25


async def run_with_deadline(
    work: Callable[[list[AsyncConnection[Any]]], Awaitable[T]],
    seconds: float,
    *,
    liveness: Liveness | None = None,
    gone_after_s: float = GONE_AFTER_S,
    may_cancel: Callable[[], bool] = lambda: True,
) -> T:
    """Await work on connections, and return or raise in time whatever the server does.

    `work` appends each connection that it uses to the list that it is given. It may take `seconds` while the server
    lives. Work that is cancelled or too slow is cancelled on the server; where the server does not confirm that
    within CANCEL_WITHIN_S, is gone, or `may_cancel` says no, its connections are cut off here. Raises TimedOut after
    `seconds` where the server lives, else ConnectionLost, also once it has sent nothing for `gone_after_s`.
    """
    # Not asyncio.timeout: it waits until the cancelled work has ended, and psycopg ends a query that is cancelled only
    # when the server has confirmed that, however long it takes.
    connections: list[AsyncConnection[Any]] = []
    started = time.monotonic()
    task = asyncio.ensure_future(work(connections))
    # It may end after this has, and then nobody asks how.
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    try:
        await asyncio.wait(
            {task}, timeout=seconds if liveness is None else 0 if liveness.is_silent else WATCHED_AFTER_S
        )
        if not task.done() and liveness is not None:
            with liveness.watched():
                while not task.done() and time.monotonic() - started < seconds:
                    if liveness.is_gone(started, after=gone_after_s):
                        raise liveness.lost()
                    await asyncio.wait({task}, timeout=LOOK_EVERY_S)
        if task.done():
            return task.result()
        if liveness is not None and not liveness.is_silent:
            raise TimedOut(
                f"It took longer than {seconds:.0f} seconds.",
                "Ask for less, or try again when the server is less busy.",
            )
        raise ConnectionLost(f"The database has not answered for {seconds:.0f} seconds.", Advice.CHECK_NETWORK)
    finally:
        await _end(task, connections, may_cancel=may_cancel() and not (liveness is not None and liveness.is_silent))


async def _end(task: asyncio.Future[Any], connections: list[AsyncConnection[Any]], *, may_cancel: bool) -> None:
    """End the work: on the server where it may be cancelled there and listens, and here in any case."""
    try:
        if not task.done() and may_cancel:
            task.cancel()
            await asyncio.wait({task}, timeout=CANCEL_WITHIN_S)
    finally:
        if not task.done():
            for connection in connections:
                cut(connection)
            if connections and not may_cancel:
                # What was cut off fails by itself; cancelled, it would ask the server to cancel.
                await asyncio.wait({task}, timeout=ENDS_WITHIN_S)
            task.cancel()
            await asyncio.wait({task}, timeout=ENDS_WITHIN_S)
