"""Who holds the lock that a statement waits for, so that a lock time-out can name them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from tui.errors import Locked

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

T = TypeVar("T")

# Most locks are held for less, and the question takes a connection more.
ASKS_AFTER_S = 1.0

FIND_HOLDER = """
select a.usename as role, a.application_name as program, a.client_addr::text as address,
       extract(epoch from clock_timestamp() - a.xact_start)::int as seconds
  from unnest(pg_catalog.pg_blocking_pids(%(pid)s)) as b(pid)
  join pg_catalog.pg_stat_activity as a on a.pid = b.pid
 order by a.xact_start limit 1
"""


async def name_lock_holder(work: Awaitable[T], find_holder: Callable[[], Awaitable[str]]) -> T:
    """Await work that may wait for a lock; raise Locked with the sentence of `find_holder` where it ends in that.

    The holder is asked for while the work still waits: once it has given up, nobody blocks it any more.
    """

    async def ask() -> str:
        await asyncio.sleep(ASKS_AFTER_S)
        return await find_holder()

    asking = asyncio.ensure_future(ask())
    try:
        return await work
    except Locked as failure:
        holder = asking.result() if asking.done() else ""
        if holder:
            raise failure.rephrased(Locked, f"{failure.sentence} {holder}") from None
        raise
    finally:
        asking.cancel()


def holder_sentence(row: Mapping[str, Any]) -> str:
    """Say for a person what FIND_HOLDER returned."""
    program = row["program"] or "a program without a name"
    since = "" if row["seconds"] is None else f", in a transaction open for {row['seconds']} s"
    return f"It is held by {program} as role {row['role']}{since}."
