"""First settled screen against a bare Textual and psycopg program: `python -m tests.benchmarks.bench_first_screen`.

Prints bytes and seconds of both, median of RUNS on one pty each, and fails where Switchboard needs more than 20,000
bytes.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from typing import TYPE_CHECKING

from tests.support.servers.postgres import TestServer, run_schema_files
from tests.support.terminal.console_driver import add, settings_of
from tests.support.terminal.pty import SWITCHBOARD, Terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

RUNS = 5
MOST_BYTES = 20_000
BARE = """
import sys, psycopg
from textual.app import App
from textual.widgets import DataTable

class Bare(App):
    def compose(self):
        yield DataTable()

    async def on_mount(self):
        table = self.query_one(DataTable)
        table.add_columns("type", "display name", "active")
        async with await psycopg.AsyncConnection.connect(sys.argv[1]) as connection:
            rows = await connection.execute(
                "select integration_type, display_name, is_active::text from integration_credentials")
            for row in await rows.fetchall():
                table.add_row(*row)

Bare().run(mouse=False)
"""


def measure(command: Sequence[str], environment: dict[str, str], expected: str) -> tuple[int, float, float]:
    """Return bytes until quiet, seconds to the first text, and seconds until `settled` is on the screen."""
    started = time.monotonic()
    with Terminal(command, environment=environment) as terminal:
        terminal.wait_for(lambda text: text.strip())
        first = time.monotonic() - started
        terminal.wait_for(expected)
        seconds = time.monotonic() - started
        terminal.wait_until_quiet(0.5)
        return len(terminal.bytes_since()), first, seconds


def main() -> int:
    """Measure both in one run."""
    server = TestServer()
    try:
        conninfo = server.conninfo(server.create_database())
        run_schema_files(conninfo)
        for kind in ("exotel_phone", "exotel_sms", "zoho_mail"):
            asyncio.run(add(conninfo, kind))
        programs = {
            "bare Textual + psycopg": ((sys.executable, "-c", BARE, conninfo), {}, "zoho_mail"),
            "switchboard": (SWITCHBOARD, settings_of(conninfo), "● active"),
        }
        print(f"{'first settled screen, 80x24':30} {'bytes':>8} {'first text':>11} {'settled':>9}")
        figures = {}
        for name, (command, environment, expected) in programs.items():
            runs = [measure(command, environment, expected) for _ in range(RUNS)]
            figures[name] = [statistics.median(column) for column in zip(*runs, strict=True)]
            size, first, seconds = figures[name]
            print(f"{name:30} {size:8.0f} {first:9.2f} s {seconds:7.2f} s")
        print(f"{'floor: at most':30} {MOST_BYTES:8}")
        return 0 if figures["switchboard"][0] <= MOST_BYTES else 1
    finally:
        server.close()


if __name__ == "__main__":
    sys.exit(main())
