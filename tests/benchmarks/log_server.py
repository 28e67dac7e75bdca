"""A Postgres on disk with a large log, built by generate_audit.sql and set up as `switchboard setup` does it."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from tui.data.schema.install import install
from tui.demo.account import Account, running_as_root
from tui.demo.embedded import EmbeddedServer

if TYPE_CHECKING:
    from types import TracebackType

GENERATE = Path(__file__).parent / "generate_audit.sql"
DATABASE = "bench"
SETTINGS = {
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "maintenance_work_mem": "512MB",
    "checkpoint_timeout": "30min",
}


class LogServer:
    """A server with a log of so many rows; in a folder that is named it stays, and is taken up again."""

    def __init__(self, rows: int, folder: Path | None = None) -> None:
        self.rows = rows
        self.kept = folder is not None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="switchboard-bench-", dir="/tmp"))
        self.folder.mkdir(exist_ok=True)
        if running_as_root():
            self.folder.chmod(0o711)
        self.server = EmbeddedServer(
            self.folder / "postgres",
            account=Account.named("nobody") if running_as_root() else None,
            superuser="postgres",
            settings=SETTINGS,
        )

    def __enter__(self) -> LogServer:
        self.server.start()
        mark = self.folder / "built"
        if not (mark.exists() and mark.read_text() == str(self.rows)):
            self._build()
            mark.write_text(str(self.rows))
        else:
            # The schema may have moved on since it was built.
            asyncio.run(install(self.conninfo, operator_label="a benchmark"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.stop()
        if not self.kept:
            shutil.rmtree(self.folder)

    @property
    def conninfo(self) -> str:
        """The database with the log."""
        return self.server.conninfo(DATABASE)

    def psql(self, script: str) -> str:
        """Run a script; return what it printed. The environment adds nothing to it."""
        process = subprocess.run(
            [self.server.binaries / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", self.conninfo],
            input=script,
            capture_output=True,
            text=True,
            check=True,
            env={"PATH": os.environ["PATH"], "PAGER": "", "LC_ALL": "C.UTF-8"},
        )
        return process.stdout

    def _build(self) -> None:
        started = time.perf_counter()
        with psycopg.connect(self.server.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(f"drop database if exists {DATABASE}")
            connection.execute(f"create database {DATABASE}")
        self.psql(f"\\set rows {self.rows}\n{GENERATE.read_text(encoding='utf-8')}")
        generated = time.perf_counter()
        report = asyncio.run(install(self.conninfo, operator_label="a benchmark"))
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            connection.execute("vacuum (analyze) public.integration_audit_logs")
        print(
            f"built {self.rows:,} rows in {generated - started:.0f} s; set up with {len(report.indexes_built)} indexes "
            f"in {time.perf_counter() - generated:.0f} s",
            flush=True,
        )
