"""What idle consoles cost the server: `python -m tests.benchmarks.bench_idle [consoles] [seconds]`.

Prints the processor time of a Postgres with a million log rows while so many consoles look for changes, as a share of
one core, and the seconds until each of them has noticed a row; fails where the share is 1 % or more (issue 15).
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import time
from pathlib import Path

import psycopg

from tests.support.acme import ACME, opened
from tests.support.database.log_rows import fill_log, log_row
from tests.support.servers.postgres import TestServer, run_schema_files
from tui.data.audit.change_watch import ChangeWatch
from tui.screens.freshness import LOOK_EVERY_S

CONSOLES = 20
SECONDS = 60.0
ROWS = 1_000_000
MOST_SHARE = 0.01
TICKS = os.sysconf("SC_CLK_TCK")


def processor_s(postmaster: int) -> float:
    """Processor time so far of a server with its children, ended ones as well, in seconds."""
    own, total = Path(f"/proc/{postmaster}/stat").read_text().rpartition(") ")[2].split(), 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        fields = stat.read_text().rpartition(") ")[2].split()
        if int(fields[1]) == postmaster:
            total += sum(map(int, fields[11:15]))
    return (total + sum(map(int, own[11:15]))) / TICKS


async def look(conninfo: str, noticed: list[float], start_at: float) -> None:
    """Look like one console, beginning at its own moment; note when a row was new."""
    await asyncio.sleep(start_at)
    async with opened(conninfo) as database:
        watch = ChangeWatch(ACME)
        await watch.has_news(database)
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if await watch.has_news(database):
                noticed.append(time.monotonic())


async def measure(server: TestServer, conninfo: str, consoles: int, seconds: float) -> tuple[float, list[float]]:
    """Return the share of a core that the consoles cost, and the seconds until each noticed a row."""
    pid = int((server.server.cluster / "postmaster.pid").read_text().split()[0])
    noticed: list[float] = []
    looking = [asyncio.create_task(look(conninfo, noticed, LOOK_EVERY_S * n / consoles)) for n in range(consoles)]
    await asyncio.sleep(2 * LOOK_EVERY_S)
    before = processor_s(pid)
    await asyncio.sleep(seconds)
    share = (processor_s(pid) - before) / seconds
    with psycopg.connect(conninfo) as writer:
        log_row(writer)
    written = time.monotonic()
    noticed.clear()
    await asyncio.sleep(LOOK_EVERY_S + 1)
    for task in looking:
        task.cancel()
    await asyncio.gather(*looking, return_exceptions=True)
    return share, [at - written for at in noticed]


def main() -> int:
    consoles = int(sys.argv[1]) if len(sys.argv) > 1 else CONSOLES
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else SECONDS
    server = TestServer()
    try:
        conninfo = server.conninfo(server.create_database())
        run_schema_files(conninfo)
        fill_log(conninfo, ROWS)
        share, waits = asyncio.run(measure(server, conninfo, consoles, seconds))
    finally:
        server.close()
    print(f"{consoles} idle consoles: {share:.2%} of a core (at most {MOST_SHARE:.0%})")
    print(f"a change is noticed after {statistics.median(waits):.1f} s, at most {max(waits):.1f} s, by {len(waits)}")
    return int(share >= MOST_SHARE or len(waits) < consoles)


if __name__ == "__main__":
    sys.exit(main())
