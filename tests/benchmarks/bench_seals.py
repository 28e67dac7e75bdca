"""Prints what seals cost, and their floor: `python -m tests.benchmarks.bench_seals [ROWS] [--folder DIR]`.

Builds a log of 1,000,000 rows unless told otherwise; bench_audit measures the same on its larger one.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from tests.benchmarks.bench_audit import run
from tests.benchmarks.log_seals import seals
from tests.benchmarks.log_server import LogServer


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench_seals", description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the server is kept for the next time")
    chosen = parser.parse_args()
    with LogServer(chosen.rows, chosen.folder) as log:
        asyncio.run(run(log, 0, seals.__name__))


if __name__ == "__main__":
    main()
