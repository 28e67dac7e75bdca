"""Prints what the log costs each role beside its owner: `python -m tests.benchmarks.bench_roles [ROWS] [--folder DIR]`.

Builds a log of 1,000,000 rows unless told otherwise. Each figure is the median of 15 samples of at least 50 ms of work;
the owner's, of the same run, is the floor, and 1.15 of it the budget. The roles take turns within a sample, so that
what else the machine does meets them alike.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import math
import statistics
import time
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg.conninfo import make_conninfo

from tests.benchmarks.log_server import LogServer
from tests.support.database.log_rows import read_all
from tests.support.servers.postgres import run_schema_files
from tui.data.audit.counts import count_buckets, count_exactly, count_rows, plan_histogram
from tui.data.audit.filter import parse_filter
from tui.data.audit.name_resolution import resolve_filter
from tui.data.audit.pages import AuditReader
from tui.data.postgres.database import Database
from tui.data.schema.roles import ROLES
from tui.process.identity import Operator

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tui.data.audit.filter import AuditFilter

    Measure = Callable[[Database, AuditFilter], Awaitable[object]]

SAMPLES, SAMPLE_MS, BUDGET = 15, 50, 1.15
LAST_90_DAYS = "since:2025-11-02"


async def first_page(database: Database, audit_filter: AuditFilter) -> None:
    await read_all(AuditReader(database, audit_filter).older(None, 51))


async def histogram(database: Database, audit_filter: AuditFilter) -> None:
    plan = await plan_histogram(database, audit_filter, UTC, most=31)
    _ = [bucket async for bucket in count_buckets(database, audit_filter, plan)]


MEASURES: dict[str, tuple[str, Measure]] = {
    "first page": ("", first_page),
    "first page, failed": ("status:failed", first_page),
    "first page, words": ("timeout", first_page),
    "count as the screen shows it": ("", count_rows),
    "count, exact": ("", count_exactly),
    "count, failed of 90 days": (f"status:failed {LAST_90_DAYS}", count_exactly),
    "histogram of 31 days": (f"{LAST_90_DAYS}", histogram),
}


async def sample(
    measure: Measure, databases: dict[str, Database], audit_filter: AuditFilter, times: int
) -> dict[str, float]:
    """Milliseconds of one run in each database, of so many."""
    seconds_by_name = dict.fromkeys(databases, 0.0)
    for _ in range(times):
        for name, database in databases.items():
            started = time.perf_counter()
            await measure(database, audit_filter)
            seconds_by_name[name] += time.perf_counter() - started
    return {name: seconds * 1000 / times for name, seconds in seconds_by_name.items()}


async def compare(
    conninfo: str, users: dict[str, str], measures: dict[str, tuple[str, Measure]], budget: float
) -> None:
    """Print the measures for the owner and, by the names of their columns, for each user."""
    logins = {"owner": conninfo} | {name: make_conninfo(conninfo, user=user) for name, user in users.items()}
    async with contextlib.AsyncExitStack() as stack:
        databases = {}
        for name, login in logins.items():
            databases[name] = Database(login, Operator(None, "a benchmark"))
            await databases[name].open()
            stack.push_async_callback(databases[name].close)
        print(f"{'median ms':44} {'owner':>10} " + " ".join(f"{name:>18}" for name in users))
        for title, (line, measure) in measures.items():
            audit_filter = (await resolve_filter(databases["owner"], parse_filter(line), None)).audit_filter
            await sample(measure, databases, audit_filter, 1)
            once = (await sample(measure, databases, audit_filter, 3))["owner"]
            samples = [
                await sample(measure, databases, audit_filter, math.ceil(SAMPLE_MS / once)) for _ in range(SAMPLES)
            ]
            figures = {name: statistics.median(record[name] for record in samples) for name in databases}
            floor = figures.pop("owner")
            columns = [
                f"{milliseconds:8.2f} ({milliseconds / floor:4.2f}){'!' if milliseconds > floor * budget else ' '}"
                for milliseconds in figures.values()
            ]
            print(
                f"{title:44} {floor:10.2f} " + " ".join(f"{milliseconds:>18}" for milliseconds in columns), flush=True
            )
    print(f"In brackets beside the owner's; ! is over the budget of {budget}.")


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench_roles", description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the server is kept for the next time")
    chosen = parser.parse_args()
    with LogServer(chosen.rows, chosen.folder) as log:
        with psycopg.connect(log.conninfo) as connection:
            existing = {name for (name,) in connection.execute("select rolname::text from pg_roles").fetchall()}
            for role in ROLES:
                for name, options in ((role, "nologin"), (f"bench_of_{role}", f"login in role {role}")):
                    if name not in existing:
                        connection.execute(f"create role {name} {options}".encode())
        # Its policies and grants are for the roles that exist.
        run_schema_files(log.conninfo)
        users = {role.partition("_")[2]: f"bench_of_{role}" for role in ROLES}
        asyncio.run(compare(log.conninfo, users, MEASURES, BUDGET))


if __name__ == "__main__":
    main()
