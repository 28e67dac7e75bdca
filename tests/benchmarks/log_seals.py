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
from tui.data.seals import sealing
from tui.data.seals.hours import LEAVES, hours_with_rows
from tui.data.seals.sealing import seal_log
from tui.data.seals.sealing_keys import SealKey
from tui.data.seals.verify import verify_log

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from tests.benchmarks.measures import Bench
    from tui.data.seals.hour_digest import Version

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
    """Seal and verify everything in each version, again with nothing to do; then one busy hour by itself."""
    logged = "delete from public.integration_audit_logs where action = 'log_sealed'"
    key = SealKey(Ed25519PrivateKey.generate())
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    took: dict[Version, tuple[float, float]] = {}
    versions: tuple[Version, ...] = (1, 2)
    for version in versions:
        constraint = "drop constraint seals_of_version_2"
        if version == 2:
            constraint = "add constraint seals_of_version_2 check (root is not null) not valid"
        altered = f"alter table switchboard.seals {constraint}"
        await as_owner(bench.log.conninfo, "truncate switchboard.seals", logged, altered)
        sealing.VERSION = version
        seal_s, sealed = await _timed(seal_log(bench.database, key))
        bench.tell(f"seal, version {version}", _rate(seal_s, sealed.rows, f"{sealed.seals:,} seals"))
        verify_s, report = await _timed(verify_log(bench.database, public_keys=(key.public_key,)))
        bench.tell(f"verify, version {version}", _rate(verify_s, report.rows, f"{report.finding_count} findings"))
        took[version] = seal_s, verify_s
    ratios = [after / before for before, after in zip(took[1], took[2], strict=True)]
    bench.tell("version 2 beside version 1", f"seal {ratios[0]:.2f}x, verify {ratios[1]:.2f}x")
    seconds, _ = await _timed(seal_log(bench.database, key))
    bench.tell("seal, nothing to do", f"{seconds * 1000:.0f} ms")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - resident) / 1024
    bench.tell("memory grown by, at most", f"{grown:.0f} MiB")
    for name, query in (
        ("floor: psql, every leaf, one scan", ALL_LEAVES),
        ("floor: psql, digests by hour, one statement", BY_HOUR),
    ):
        said = bench.log.psql(f"set max_parallel_workers_per_gather = 0;\n\\timing on\n{query};\n")
        (milliseconds,) = TIME.findall(said)
        bench.tell(name, _rate(float(milliseconds) / 1000, bench.rows, ""))
    with psycopg.connect(bench.log.conninfo) as connection:
        hour, rows = connection.execute(BUSIEST).fetchone() or (0, 0)
        seals_size, log_size = connection.execute(SIZES).fetchone() or ("", "")
    for listed in (False, True):
        times_ms = []
        for _ in range(20):
            seconds, _ = await _timed(_hour(bench, hour, listed=listed))
            times_ms.append(seconds * 1000)
        list_state = "with its list" if listed else "without a list"
        bench.tell(f"one hour of {rows:,} rows, {list_state}", f"median {statistics.median(times_ms):.1f} ms")
    bench.tell("size of the seals, beside the log", f"{seals_size}, {log_size}")


async def _hour(bench: Bench, hour: int, *, listed: bool) -> None:
    async for _ in hours_with_rows(bench.database, hour, hour + 3600, 2, listed=listed):
        pass


async def _timed(work: Awaitable[T]) -> tuple[float, T]:
    started = time.perf_counter()
    result = await work
    return time.perf_counter() - started, result


def _rate(seconds: float, rows: int, more: str) -> str:
    million = seconds / rows * 1_000_000 if rows else 0.0
    return f"{seconds:.2f} s, {rows / seconds:,.0f} rows/s, {million:.1f} s a million  {more}".rstrip()
