"""The plan of an installation, made on a connection of its own: the limits and transactions of units do not suit it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from tui.data.schema.plan import make_plan
from tui.data.schema.server import Server

if TYPE_CHECKING:
    from tui.data.schema.plan import Plan


async def plan_setup(conninfo: str) -> Plan:
    """Find out what an installation would do there; nothing stays changed. Raises as `make_plan` does."""
    with closing(Server(conninfo)) as server:
        return await server.run(make_plan)
