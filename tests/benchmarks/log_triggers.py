"""What the log's triggers cost a write to the tables they watch, on a server of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.benchmarks import bench_triggers
from tests.benchmarks.measures import measure

if TYPE_CHECKING:
    from tests.benchmarks.measures import Bench

ROUNDS = 2_000


@measure("what the triggers cost a write")
async def triggers(bench: Bench) -> None:
    await asyncio.to_thread(bench_triggers.main, ROUNDS)
