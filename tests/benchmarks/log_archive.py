"""What archiving a whole log costs, beside psql copying the same rows, and what removing a month of it costs."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.benchmarks.measures import TIME, measure
from tests.support.database.archives import BACK_DATE
from tui.data.archive.folder import ArchiveFolder
from tui.data.archive.lines import query
from tui.data.archive.month import Month
from tui.data.archive.plan import plan_months
from tui.data.archive.remove import remove_month
from tui.data.archive.write import archive_months
from tui.data.audit.export.format import FORMATS
from tui.data.seals.sealing import seal_log
from tui.data.seals.sealing_keys import SealKey

if TYPE_CHECKING:
    from tests.benchmarks.measures import Bench

BEFORE = Month(2026, 2)


@measure("archive")
async def archive(bench: Bench) -> None:
    """Archive every month, beside psql with the same COPY and with the one of an export; then remove the newest."""
    key = SealKey(Ed25519PrivateKey.generate())
    await seal_log(bench.database, key)
    _forget_peak()
    resident, processor = _peak_kib(), sum(os.times()[:2])
    rows = size = 0
    with tempfile.TemporaryDirectory(dir=bench.log.folder) as name, ArchiveFolder(Path(name)) as folder:
        planned = await plan_months(bench.database, BEFORE)
        months = [each.month for each in planned if each.state != "removed"]
        started = time.perf_counter()
        async for record in archive_months(bench.database, folder, months):
            rows, size = rows + record.rows, size + record.size
        seconds = time.perf_counter() - started
        processor = sum(os.times()[:2]) - processor
        grown = (_peak_kib() - resident) / 1024
        rate = f"{rows:,} rows, {seconds:.1f} s, {rows / seconds:,.0f} rows/s, {size / 1e6:,.0f} MB"
        bench.tell("archive", f"{rate}, {processor:.1f} s of our processor, memory grown by {grown:.0f} MiB")
    own = sum(_psql_seconds(bench, query(distinct_ids=True, leaves_out=False), month) for month in months)
    bench.tell("  psql, the same COPY to /dev/null", f"{own:.1f} s, ours is {own / seconds:.2f}x")
    of_month = "l.created_at >= to_timestamp(%(start)s::float8) and l.created_at < to_timestamp(%(until)s::float8)"
    exported = FORMATS["jsonl"].query(of_month, "l.created_at, l.id")
    theirs = sum(_psql_seconds(bench, exported, month) for month in months)
    bench.tell("  psql, the COPY of an export as jsonl", f"{theirs:.1f} s, ours is {theirs / seconds:.2f}x")
    with psycopg.connect(bench.log.conninfo) as connection:
        connection.execute(BACK_DATE.encode())
    await seal_log(bench.database, key)
    started = time.perf_counter()
    removed = await remove_month(bench.database, months[-2])
    seconds = time.perf_counter() - started
    bench.tell("remove a month", f"{removed.rows:,} rows, {seconds:.1f} s, {seconds / removed.rows * 1e6:.0f} us a row")


def _forget_peak() -> None:
    """Set the peak back to what is resident now: proc_pid_clear_refs(5)."""
    Path("/proc/self/clear_refs").write_text("5")


def _peak_kib() -> int:
    with Path("/proc/self/status").open() as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def _psql_seconds(bench: Bench, statement: str, month: Month) -> float:
    values = {"start": month.start, "until": month.end, "left_out": []}
    with psycopg.connect(bench.log.conninfo) as connection:
        text = psycopg.ClientCursor(connection).mogrify(statement, values)
    (took,) = TIME.findall(bench.log.psql(f"\\o /dev/null\n\\timing on\n{text};\n"))
    return float(took) / 1000
