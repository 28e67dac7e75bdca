"""Prints how long the list of a large account takes: `python -m tests.benchmarks.bench_sync [rounds]`."""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import time

from tests.support.servers.exotel import ExotelServer, exophones
from tui.providers.exotel_check import list_numbers

NUMBERS = 500


async def one_listing(server: ExotelServer) -> float:
    """Milliseconds from the stored credential to the whole list, TLS and all."""
    started = time.perf_counter()
    numbers = await list_numbers(server.credential(), lambda count: None)
    assert len(numbers) == NUMBERS
    return (time.perf_counter() - started) * 1000


async def main(rounds: int) -> None:
    with ExotelServer(numbers=exophones(NUMBERS)) as server:
        os.environ |= server.environment
        first = await one_listing(server)
        pages = len(server.requests)
        milliseconds = [await one_listing(server) for _ in range(rounds)]
    print(f"{NUMBERS} numbers on {pages} pages: first (with imports) {first:.0f} ms, then median ", end="")
    print(f"{statistics.median(milliseconds):.0f} ms, worst {max(milliseconds):.0f} ms of {rounds}")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
