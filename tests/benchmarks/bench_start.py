"""The console's start against bare programs, in one run: `python -m tests.benchmarks.bench_start [runs]`.

Prints the median time and processor time from exec until a text stands on an 80x24 pty, and the ratios; fails where
the first settled screen needs more than 20,000 bytes, or a ratio of times is above its goal.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import resource
import select
import shutil
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
from typing import TYPE_CHECKING, NamedTuple

from tests.support.servers.postgres import TestServer, run_schema_files
from tests.support.terminal.console_driver import add, settings_of
from tests.support.terminal.pty import REPOSITORY, SWITCHBOARD, Terminal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RUNS = 9
GIVEN_UP_AFTER_S = 60.0
# What a start keeps for the next: as on a machine where the console was open before.
STATE = tempfile.mkdtemp(prefix="bench-start-")
MOST_BYTES = 20_000
TABLE = """
from textual.app import App
from textual.widgets import DataTable

class Bare(App):
    def compose(self):
        yield DataTable()

    async def on_mount(self):
        self.query_one(DataTable).add_columns("type", "display name", "active")

Bare().run(mouse=False)
"""
QUERY = TABLE.replace("\nfrom", "import sys, psycopg\nfrom", 1).replace(
    "\n\nBare()",
    """
        async with await psycopg.AsyncConnection.connect(sys.argv[1]) as connection:
            rows = await connection.execute(
                "select integration_type, display_name, is_active::text from integration_credentials")
            for row in await rows.fetchall():
                self.query_one(DataTable).add_row(*row)

Bare()""",
)
# Written by Textual's driver alone, before its first frame: what a program draws by itself comes earlier.
PASTES_IN_BRACKETS = rb"\x1b\[\?2004h"
TEXT = re.compile(rb"\A(?:\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07|\s)*[^\x1b\s]")


class Measure(NamedTuple):
    """A program that runs until it has written something, and how many times as long as another that may take."""

    command: Sequence[str]
    environment: Mapping[str, str]
    awaited: re.Pattern[bytes]
    most: float | None = None
    of: str = ""


class Taken(NamedTuple):
    """Seconds by the clock and of the processor."""

    wall: float
    cpu: float


def run_until_written(measure: Measure) -> Taken:
    """Run the program on a pty until it has written what is awaited, or has ended, and kill it."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": tempfile.gettempdir(),
        "XDG_STATE_HOME": STATE,
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(REPOSITORY),
        **measure.environment,
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    process, terminal = pty.fork()
    if process == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        os.execve(measure.command[0], measure.command, environment)
    output = b""
    try:
        while not measure.awaited.search(output):
            if not select.select([terminal], [], [], GIVEN_UP_AFTER_S)[0]:
                raise TimeoutError(f"never came: {measure.awaited!r} in {output!r}")
            try:
                output += os.read(terminal, 65_536)
            except OSError:
                # It has ended: for a command, that is what is awaited.
                break
        wall = time.monotonic() - started
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(terminal)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Taken(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def measures(conninfo: str) -> dict[str, Measure]:
    """Return what is measured, by name; what others are compared with comes first."""
    python, console = (sys.executable,), settings_of(conninfo)
    never = re.compile(rb"\Z.")
    table, row = "bare Textual, table", "bare Textual, psycopg, row"
    return {
        "bare Python": Measure((*python, "-c", "pass"), {}, never),
        table: Measure((*python, "-c", TABLE), {}, re.compile(b"display name")),
        row: Measure((*python, "-c", QUERY, conninfo), {}, re.compile(b"zoho_mail")),
        "first text": Measure(SWITCHBOARD, console, TEXT, 0.15, table),
        "first frame of Textual's": Measure(
            SWITCHBOARD, console, re.compile(PASTES_IN_BRACKETS + b".*help", re.DOTALL), 1.25, table
        ),
        "first row": Measure(SWITCHBOARD, console, re.compile("checking|\u25cf active".encode()), 1.25, row),
        "judged row": Measure(SWITCHBOARD, console, re.compile("\u25cf active".encode()), 1.7, row),
        "switchboard --version": Measure((*SWITCHBOARD, "--version"), {}, never),
        "switchboard integrations list": Measure((*SWITCHBOARD, "integrations", "list"), console, never),
    }


def count_bytes(measure: Measure) -> int:
    """Return how much the program has written once it falls quiet."""
    with Terminal(measure.command, environment=dict(measure.environment)) as terminal:
        terminal.wait_for("\u25cf active")
        terminal.wait_until_quiet(0.5)
        return len(terminal.output)


def main(runs: int = RUNS) -> int:
    """Measure each in turn, `runs` times, after one run that compiles and is not counted."""
    server = TestServer()
    try:
        conninfo = server.conninfo(server.create_database())
        run_schema_files(conninfo)
        for kind in ("exotel_phone", "exotel_sms", "zoho_mail"):
            asyncio.run(add(conninfo, kind))
        programs = measures(conninfo)
        taken: dict[str, list[Taken]] = {name: [] for name in programs}
        for number in range(runs + 1):
            for name, measure in programs.items():
                one = run_until_written(measure)
                if number:
                    taken[name].append(one)
        size = count_bytes(programs["judged row"])
    finally:
        server.close()
        shutil.rmtree(STATE, ignore_errors=True)
    medians = {name: Taken(*map(statistics.median, zip(*each, strict=True))) for name, each in taken.items()}
    missed = size > MOST_BYTES
    print(f"{f'medians of {runs}, 80x24':32} {'time':>9} {'cpu':>9} {'ratio':>7} {'of cpu':>7}  goal")
    for name, (wall, cpu) in medians.items():
        line = f"{name:32} {wall * 1000:6.0f} ms {cpu * 1000:6.0f} ms"
        if programs[name].most is not None:
            floor = medians[programs[name].of]
            missed |= wall / floor.wall > programs[name].most
            line += f" {wall / floor.wall:6.2f}x {cpu / floor.cpu:6.2f}x  {programs[name].most}x of {programs[name].of}"
        print(line)
    print(f"{'first settled screen':32} {size:9,} bytes {'at most':>18} {MOST_BYTES:,}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
