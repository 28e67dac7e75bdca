"""Prints what a large log costs beside psql: `python -m tests.benchmarks.bench_audit [ROWS] [--folder DIR]`.

Builds the log on an embedded Postgres below /tmp first (10,000,000 rows unless told: some minutes, 9 GB), then reads,
filters, scrolls, counts, exports, seals and verifies it, and writes to it: half an hour or more. With --folder it stays
there for the next time. --only WORD runs the measures with that word in their title.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from tests.benchmarks import log_archive, log_export, log_reading, log_screen, log_seals, log_triggers
from tests.benchmarks.log_server import LogServer
from tests.benchmarks.measures import MEASURES, Bench
from tui.data.postgres.database import Database
from tui.process.identity import Operator

# Each registers its measures when it is imported.
PARTS = (log_reading, log_screen, log_export, log_seals, log_triggers, log_archive)


async def run(log: LogServer, pages: int, only: str) -> None:
    database = Database(log.conninfo, Operator(None, "a benchmark"))
    await database.open()
    bench = Bench(log, database, log.rows, pages)
    bench.record()
    try:
        for title, function in MEASURES.items():
            if only in title:
                print(f"\n{title}\n  {'':44} {'ours p50 / p95 ms':>17} {'psql p50 / p95':>17}", flush=True)
                await function(bench)
    finally:
        await database.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench_audit", description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=10_000_000)
    parser.add_argument("--folder", type=Path, help="where the server is kept for the next time")
    parser.add_argument("--pages", type=int, default=10_000, help="how many pages the memory is measured over")
    parser.add_argument("--only", default="", metavar="WORD")
    chosen = parser.parse_args()
    with LogServer(chosen.rows, chosen.folder) as log:
        asyncio.run(run(log, chosen.pages, chosen.only))


if __name__ == "__main__":
    main()
