"""What an export of a whole log costs, beside psql copying the same rows."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from tests.benchmarks.measures import TIME, measure
from tui.data.audit.export.file import NewFile
from tui.data.audit.export.format import FORMATS
from tui.data.audit.export.run import TIMED, export_audit_log
from tui.data.audit.filter import parse_filter
from tui.data.audit.name_resolution import resolve_filter
from tui.data.audit.where import where

if TYPE_CHECKING:
    from tests.benchmarks.measures import Bench
    from tui.data.audit.export.format import FormatName
    from tui.data.audit.filter import AuditFilter

EVERYTHING = "org:* -action:log_exported"
# Found by no index: rows are looked through while they are streamed.
SOME = "org:* ip:10.0.0.0/12"


@measure("export")
async def export(bench: Bench) -> None:
    """Export everything in both formats, and a filter that no index serves; rate, size, and memory grown by."""
    for line in (EVERYTHING, SOME):
        chosen = (await resolve_filter(bench.database, parse_filter(line), None)).audit_filter
        for form in FORMATS:
            await _export_once(bench, chosen, form, line)


async def _export_once(bench: Bench, chosen: AuditFilter, form: FormatName, line: str) -> None:
    _forget_peak()
    resident = _peak_kib()
    with tempfile.TemporaryDirectory(dir=bench.log.folder) as folder:
        started, queued = time.perf_counter(), _queued_seconds()
        exported = await export_audit_log(bench.database, chosen, form, NewFile(Path(folder) / "log"))
        seconds = time.perf_counter() - started
        queued = _queued_seconds() - queued
    grown = (_peak_kib() - resident) / 1024
    rate = (
        f"{exported.rows:,} rows, {seconds:.1f} s, {exported.rows / seconds:,.0f} rows/s, {exported.size / 1e6:,.0f} MB"
    )
    bench.tell(f"{form}: {line}", f"{rate}, memory grown by {grown:.0f} MiB")
    psql, server = _psql_seconds(bench, chosen, form)
    bench.tell("  psql, the same COPY to /dev/null", f"{psql:.1f} s, {exported.rows / psql:,.0f} rows/s")
    # psql cannot be quicker than its server. On a busy machine ours waits for a core more often, as it has more to do.
    alone = f"{server / (seconds - queued):.2f} beside the server's {server:.1f} s, the wait for a core left out"
    bench.tell("  ours beside psql", f"{psql / seconds:.2f} of its rate; {alone}")


def _forget_peak() -> None:
    """Set the peak back to what is resident now: proc_pid_clear_refs(5)."""
    Path("/proc/self/clear_refs").write_text("5")


def _peak_kib() -> int:
    with Path("/proc/self/status").open() as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def _queued_seconds() -> float:
    """How long this process has waited for a core: https://docs.kernel.org/scheduler/sched-stats.html"""
    return int(Path("/proc/self/schedstat").read_text().split()[1]) / 1e9


def _psql_seconds(bench: Bench, chosen: AuditFilter, form: FormatName) -> tuple[float, float]:
    """What it took psql, and its server in processor time."""
    condition, order = TIMED
    where_clause = where(chosen).also(condition, **FORMATS[form].parameters)
    with psycopg.connect(bench.log.conninfo) as connection:
        cursor = psycopg.ClientCursor(connection)
        statement = cursor.mogrify(FORMATS[form].query(where_clause.sql, order), where_clause.parameters)
    spent = r"\! cut -d ' ' -f 1 /proc/$BACKEND/schedstat"
    script = f"select pg_backend_pid() as pid \\gset\n\\setenv BACKEND :pid\n{spent}\n\\o /dev/null\n\\timing on\n"
    printed = bench.log.psql(f"{script}{statement};\n\\timing off\n{spent}\n")
    (took,) = TIME.findall(printed)
    before, after = (int(line) for line in printed.splitlines() if line.isdigit())
    return float(took) / 1000, (after - before) / 1e9
