"""What sealing and verifying a whole log costs, beside Postgres computing the same leaves by itself."""

from __future__ import annotations

import resource
import statistics
import time
from typing import TYPE_CHECKING, TypeVar

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.benchmarks.measures import TIME, measure
from tests.support.database.seal_tampering import as_owner
from tui.data.seals.hours import LEAVES, hours_with_rows
from tui.data.seals.sealing import seal_log
from tui.data.seals.sealing_keys import SealKey
from tui.data.seals.verify import verify_log

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from tests.benchmarks.measures import Bench

T = TypeVar("T")

ALL_LEAVES = f"select count({LEAVES[2]}) from public.integration_audit_logs as l"
BY_HOUR = f"""
select count(h.digest) from (
  select sha256(string_agg({LEAVES[2]}, ''::bytea order by l.created_at, l.id)) as digest
    from public.integration_audit_logs as l group by date_trunc('hour', l.created_at, 'UTC')) as h
"""
BUSIEST = """
select extract(epoch from hour)::bigint, row_count from switchboard.seals order by row_count desc limit 1
"""
SIZES = """
select pg_size_pretty(pg_total_relation_size('switchboard.seals')),
       pg_size_pretty(pg_total_relation_size('public.integration_audit_logs'))
"""


@measure("seals")
async def seals(bench: Bench) -> None:
    """Seal everything, again with nothing to do, verify everything; then one busy hour by itself."""
    logged = "delete from public.integration_audit_logs where action = 'log_sealed'"
    await as_owner(bench.log.conninfo, "truncate switchboard.seals", logged)
    key = SealKey(Ed25519PrivateKey.generate())
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds, sealed = await _timed(seal_log(bench.database, key))
    bench.tell("seal", _rate(seconds, sealed.rows, f"{sealed.seals:,} seals"))
    seconds, _ = await _timed(seal_log(bench.database, key))
    bench.tell("seal, nothing to do", f"{seconds * 1000:.0f} ms")
    seconds, report = await _timed(verify_log(bench.database, public_keys=(key.public_key,)))
    bench.tell("verify", _rate(seconds, report.rows, f"{report.finding_count} findings"))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - resident) / 1024
    bench.tell("memory grown by, at most", f"{grown:.0f} MiB")
    for name, query in (
        ("floor: psql, every leaf, one scan", ALL_LEAVES),
        ("floor: psql, digests by hour, one statement", BY_HOUR),
    ):
        (took,) = TIME.findall(bench.log.psql(f"set max_parallel_workers_per_gather = 0;\n\\timing on\n{query};\n"))
        bench.tell(name, _rate(float(took) / 1000, bench.rows, ""))
    with psycopg.connect(bench.log.conninfo) as connection:
        hour, rows = connection.execute(BUSIEST).fetchone() or (0, 0)
        seals_size, log_size = connection.execute(SIZES).fetchone() or ("", "")
    for listed in (False, True):
        milliseconds = []
        for _ in range(20):
            seconds, _ = await _timed(_hour(bench, hour, listed=listed))
            milliseconds.append(seconds * 1000)
        list_state = "with its list" if listed else "without a list"
        bench.tell(f"one hour of {rows:,} rows, {list_state}", f"median {statistics.median(milliseconds):.1f} ms")
    bench.tell("size of the seals, beside the log", f"{seals_size}, {log_size}")


async def _hour(bench: Bench, hour: int, *, listed: bool) -> None:
    async for _ in hours_with_rows(bench.database, hour, hour + 3600, listed=listed):
        pass


async def _timed(work: Awaitable[T]) -> tuple[float, T]:
    started = time.perf_counter()
    result = await work
    return time.perf_counter() - started, result


def _rate(seconds: float, rows: int, more: str) -> str:
    million = seconds / rows * 1_000_000 if rows else 0.0
    return f"{seconds:.2f} s, {rows / seconds:,.0f} rows/s, {million:.1f} s a million  {more}".rstrip()
