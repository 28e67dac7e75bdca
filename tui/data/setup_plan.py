"""The plan of an installation, made on a connection of its own: the pool's limits and transactions do not suit it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from tui.data.failures import translate
from tui.data.schema.plan import make_plan

if TYPE_CHECKING:
    from tui.data.schema.plan import Plan


async def plan_setup(conninfo: str) -> Plan:
    """Find out what an installation would do there; nothing stays changed. Raises as `make_plan` does."""
    try:
        async with await psycopg.AsyncConnection.connect(
            conninfo, autocommit=True, prepare_threshold=None
        ) as connection:
            return await make_plan(connection)
    except (psycopg.Error, OSError) as exc:
        raise translate(exc, doing="planning") from None
