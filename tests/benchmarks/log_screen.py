"""What the log costs on the screen, with a large log and a small one side by side: bytes, times, and memory."""

from __future__ import annotations

import asyncio
import re
import statistics
import time
from typing import TYPE_CHECKING

import psycopg

from tests.benchmarks.bench_grid import cost, resident_kb
from tests.benchmarks.log_server import LogServer
from tests.benchmarks.measures import measure, spread
from tests.support.database.log_rows import read_all
from tests.support.terminal.console_driver import settings_of
from tests.support.terminal.pty import SWITCHBOARD, Terminal
from tui.data.audit.filter import parse_filter
from tui.data.audit.name_resolution import resolve_filter
from tui.data.audit.pages import AuditReader, Place
from tui.screens.audit.pane import READ_AHEAD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.benchmarks.measures import Bench

SMALL = 10_000
RUNS = 6
MOVES, EDGE_MOVES, PAGES, ENDS = 9, 10, 20, 5
# Bytes written.
MOST_OPENING, MOST_MOVE, MOST_PAGE = 20_000, 1_000, 5_000
PAGES_BACK = 2_000
PAGE_WITHIN_S = 10.0
IDLE_WITHIN_S = 15.0
LARGEST = "select md5('org1')::uuid::text"
NEWER = """
select count(*) from public.integration_audit_logs where organization_id = md5('org1')::uuid and created_at > %s
"""
BUSY = """
select count(*) from pg_stat_activity
 where datname = current_database() and state = 'active' and pid <> pg_backend_pid() and backend_type = 'client backend'
"""
ROW = re.compile(r"^..\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.MULTILINE)
# The lines of the list and of what is below it at 80x24: from below the titles to above the ruler.
TOP, RULER = 3, 20


def console(conninfo: str) -> Terminal:
    """The program on a pty of 80x24 in the log's largest organisation, on its first section."""
    with psycopg.connect(conninfo) as connection:
        ((organization,),) = connection.execute(LARGEST)
    terminal = Terminal(SWITCHBOARD, environment=settings_of(conninfo, SWITCHBOARD_ORGANIZATION=organization))
    terminal.wait_for("● connected")
    terminal.wait_for("Zoho Mail")
    terminal.wait_until_quiet()
    # What the first section asks of the log is not what is measured here.
    with psycopg.connect(conninfo, autocommit=True) as connection:
        deadline = time.monotonic() + IDLE_WITHIN_S
        while connection.execute(BUSY).fetchone() != (0,) and time.monotonic() < deadline:
            terminal.wait_until_quiet()
    return terminal


def open_section(terminal: Terminal) -> float:
    """Milliseconds from the key to the first row."""
    started = time.perf_counter()
    terminal.press("4")
    terminal.wait_for(ROW.search)
    milliseconds = (time.perf_counter() - started) * 1000
    terminal.wait_for("▲")
    terminal.wait_until_quiet()
    return milliseconds


def turn_page(terminal: Terminal, key: str) -> float:
    """Milliseconds until a key that turns the page has changed the list, or the lines below it."""
    before = terminal.lines[TOP:RULER]
    started = time.perf_counter()
    terminal.press(key)
    terminal.wait_for(lambda _: terminal.lines[TOP:RULER] != before, PAGE_WITHIN_S)
    return (time.perf_counter() - started) * 1000


@measure("the screen: opening it, with a large log and a small one")
async def opening(bench: Bench) -> None:
    await asyncio.to_thread(compare_opening, bench)


def compare_opening(bench: Bench) -> None:
    """Start the program for each time, in turn with one log and the other; the key 4 imports the screen as well."""
    with LogServer(SMALL) as small:
        first_open: dict[int, list[float]] = {bench.rows: [], small.rows: []}
        again: dict[int, list[float]] = {bench.rows: [], small.rows: []}
        for _ in range(RUNS):
            for log in (bench.log, small):
                with console(log.conninfo) as terminal:
                    first_open[log.rows].append(open_section(terminal))
                    again[log.rows].append(home(terminal))
        for title, figures in (("from 4 to the first row", first_open), ("from End to Home", again)):
            for rows, milliseconds in figures.items():
                bench.tell(f"{title}, {rows:,} rows", f"{spread(milliseconds)} ms, best {min(milliseconds):.0f} ms")


def home(terminal: Terminal) -> float:
    """Milliseconds that Home takes from the other end of the log, which reads its first page again."""
    turn_page(terminal, "end")
    terminal.wait_until_quiet()
    return turn_page(terminal, "home")


@measure("the screen: bytes on the wire at 80x24")
async def wire(bench: Bench) -> None:
    await asyncio.to_thread(count_bytes, bench)


def count_bytes(bench: Bench) -> None:
    """Count what is written until it is quiet."""
    with console(bench.log.conninfo) as terminal:
        mark = terminal.mark()
        open_section(terminal)
        tell_bytes(bench, "opening the section", [len(terminal.bytes_since(mark))], MOST_OPENING)
        tell_bytes(bench, "cursor move", [cost(terminal, "j") for _ in range(MOVES)], MOST_MOVE)
        terminal.press("pagedown")
        terminal.wait_until_quiet()
        # From here on the cursor is on the last line: there is no way to scroll but to draw every line.
        tell_bytes(bench, "cursor move that scrolls", [cost(terminal, "j") for _ in range(EDGE_MOVES)], MOST_PAGE)
        tell_bytes(bench, "page down", [cost(terminal, "pagedown") for _ in range(PAGES)], MOST_PAGE)
        tell_bytes(bench, "page up", [cost(terminal, "pageup") for _ in range(PAGES)], MOST_PAGE)
        ends: dict[str, list[int]] = {"end": [], "home": []}
        for _ in range(ENDS):
            for key, costs in ends.items():
                costs.append(cost(terminal, key))
        tell_bytes(bench, "End", ends["end"], MOST_PAGE)
        tell_bytes(bench, "Home", ends["home"], MOST_PAGE)
        terminal.press("b")
        terminal.wait_for(" max ")
        terminal.wait_until_quiet()
        tell_bytes(bench, "cursor move below the histogram", [cost(terminal, "j") for _ in range(MOVES)], MOST_MOVE)
        tell_bytes(
            bench, "page down below the histogram", [cost(terminal, "pagedown") for _ in range(PAGES)], MOST_PAGE
        )


def tell_bytes(bench: Bench, name: str, costs: Sequence[int], most: int) -> None:
    verdict = "ok" if max(costs) <= most else "MISSED"
    bench.tell(name, f"{statistics.median(costs):,.0f} bytes, at most {max(costs):,}; budget {most:,}: {verdict}")


@measure("the screen: pages down, and the memory they take")
async def scrolling(bench: Bench) -> None:
    reader = AuditReader(bench.database, (await resolve_filter(bench.database, parse_filter(""), None)).audit_filter)
    place: Place | None = None
    bench.queries.clear()
    milliseconds = []
    for _ in range(40):
        started = time.perf_counter()
        page = await read_all(reader.older(place, READ_AHEAD))
        milliseconds.append((time.perf_counter() - started) * 1000)
        place = Place.of(page.rows[-1])
    bench.say(f"what it reads at once: {READ_AHEAD} rows", milliseconds)
    await asyncio.to_thread(scroll, bench)


def scroll(bench: Bench) -> None:
    """Turn so many pages down and some back, each when the one before is there; memory is the program's VmRSS."""
    with console(bench.log.conninfo) as terminal:
        open_section(terminal)
        program = terminal.process.pid
        memory = {"when it is open": resident_kb(program)}
        down = []
        for page in range(1, bench.pages + 1):
            down.append(turn_page(terminal, "pagedown"))
            if page in (100, 1_000, bench.pages):
                memory[f"after {page:,} pages"] = resident_kb(program)
        bench.tell(f"{bench.pages:,} pages down in one go", f"{rows_above(bench, terminal):,} rows from the newest")
        back = [turn_page(terminal, "pageup") for _ in range(min(PAGES_BACK, bench.pages // 2))]
        memory[f"after {len(back):,} pages back"] = resident_kb(program)
        bench.tell("page down, key to screen", f"{spread(down)} ms, at most {max(down):.0f} ms")
        bench.tell("page up, key to screen", f"{spread(back)} ms, at most {max(back):.0f} ms")
        for when, kilobytes in memory.items():
            bench.tell(f"memory of the program {when}", f"{kilobytes / 1024:.1f} MB")


def rows_above(bench: Bench, terminal: Terminal) -> int:
    """How many rows of the organisation are newer than the first one on the screen."""
    moment = terminal.lines[TOP][2:21]
    with psycopg.connect(bench.log.conninfo) as connection:
        ((rows,),) = connection.execute(NEWER, (f"{moment}+00",))
    return int(rows)
