"""Measures of reading the log: pages, filters, windows, counts, the histogram, memory, and what the indexes cost."""

from __future__ import annotations

import asyncio
import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from tests.benchmarks.measures import Bench, measure, spread
from tests.support.database.log_rows import read_all
from tui.data.audit.completion import Completer
from tui.data.audit.counts import count_buckets, count_rows, plan_histogram
from tui.data.audit.filter import parse_filter
from tui.data.audit.name_resolution import resolve_filter
from tui.data.audit.pages import AuditReader, Place
from tui.data.audit.qualifiers import QUALIFIERS
from tui.data.audit.stats import Statistics, statistics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tui.data.audit.pages import ReadStep

PAGE = 51
ROUNDS = 40
GIVE_UP_AFTER_S = 20
FIRST_DAY = datetime(2025, 1, 31, tzinfo=UTC)
ORGANIZATIONS = "select md5('org' || n)::uuid::text from generate_series(1, 50) n"
USERS = "select md5('user' || n)::uuid::text from generate_series(1, 2000) n"
RARE, COMMON = "credential_deleted", "call_made"
INSERTED = 100_000


async def reader(bench: Bench, line: str) -> AuditReader:
    """A reader of all organisations' rows in a filter."""
    return AuditReader(bench.database, (await resolve_filter(bench.database, parse_filter(line), None)).audit_filter)


async def page_ms(steps: AsyncIterator[ReadStep]) -> float:
    """Milliseconds until the whole page was there."""
    started = time.perf_counter()
    await read_all(steps)
    return (time.perf_counter() - started) * 1000


def choices(bench: Bench, query: str) -> list[str]:
    """The first column of a query's rows."""
    with psycopg.connect(bench.log.conninfo) as connection:
        return [value for (value,) in connection.execute(query.encode())]


@measure("first page by filter (an index serves it)")
async def first_pages(bench: Bench) -> None:
    chosen = random.Random(5)
    organizations, users = choices(bench, ORGANIZATIONS), choices(bench, USERS)
    lines = {
        "all organisations": lambda: "",
        "organisation": lambda: f"org:{chosen.choice(organizations)}",
        "action, common": lambda: f"action:{COMMON}",
        "action, rare": lambda: f"action:{RARE}",
        "action that does not exist": lambda: "action:nothing",
        "organisation + rare action": lambda: f"org:{chosen.choice(organizations)} action:{RARE}",
        "organisation + action that does not exist": lambda: f"org:{chosen.choice(organizations)} action:nothing",
        "two actions": lambda: f"action:{COMMON},{RARE}",
        "failed": lambda: "status:failed",
        "organisation + failed": lambda: f"org:{chosen.choice(organizations)} status:failed",
        "action + failed": lambda: f"action:{RARE} status:failed",
        "user": lambda: f"user:{chosen.choice(users)}",
        "user + failed": lambda: f"user:{chosen.choice(users)} status:failed",
        "user + action": lambda: f"user:{chosen.choice(users)} action:{COMMON}",
        "type": lambda: "type:zoho_mail",
        "organisation + type": lambda: f"org:{chosen.choice(organizations)} type:zoho_mail",
        "a day": lambda: f"since:{day(chosen)} until:{day(chosen)}",
        "organisation + a day": lambda: f"org:{chosen.choice(organizations)} until:{day(chosen)}",
    }
    for name, make_line in lines.items():
        chosen_lines = [make_line() for _ in range(ROUNDS)]
        # Twice over: psql, which comes afterwards, finds in memory what the first reading brought there.
        cold, warm, windows = [], [], 0
        for milliseconds in (cold, warm):
            bench.queries.clear()
            for line in chosen_lines:
                reading = await reader(bench, line)
                milliseconds.append(await page_ms(reading.older(None, PAGE)))
                windows += reading.in_windows and milliseconds is warm
        notes = [f"read for the first time {spread(cold)}", *([f"in windows {windows} of {ROUNDS}"] if windows else [])]
        bench.say(name, warm, note="; ".join(notes))


def day(chosen: random.Random) -> str:
    """A day of the log's year."""
    return f"{FIRST_DAY + timedelta(days=chosen.randrange(365)):%Y-%m-%d}"


@measure("moving about")
async def moving(bench: Bench) -> None:
    chosen = random.Random(6)
    organizations = choices(bench, ORGANIZATIONS)
    for name, line in (("all", lambda: ""), ("organisation", lambda: f"org:{chosen.choice(organizations)}")):
        milliseconds_by_move: dict[str, list[float]] = {
            "jump to a time": [],
            "page down": [],
            "page up": [],
            "End": [],
            "next match": [],
        }
        queries: dict[str, list[object]] = {move: [] for move in milliseconds_by_move}
        for _ in range(ROUNDS):
            reading = await reader(bench, line())
            moment = FIRST_DAY + timedelta(seconds=chosen.randrange(365 * 86_400))
            page = await read_all(reading.older(Place.at_time(moment), PAGE))
            place = Place.of(page.rows[-1]) if page.rows else Place.at_time(moment)
            matching = reading.matching(parse_filter(f"action:{RARE}"))
            for move, steps in (
                ("jump to a time", reading.older(Place.at_time(moment), PAGE)),
                ("page down", reading.older(place, PAGE)),
                ("page up", reading.newer(place, PAGE)),
                ("End", reading.newer(None, PAGE)),
                ("next match", matching.older(place, 1)),
            ):
                bench.queries.clear()
                milliseconds_by_move[move].append(await page_ms(steps))
                queries[move] += bench.queries
        for move, milliseconds in milliseconds_by_move.items():
            bench.queries[:] = queries[move]  # type: ignore[assignment]
            bench.say(f"{name}: {move}", milliseconds)


@measure("looked for in windows: first answer / worst step / to 51 rows or the end")
async def windows(bench: Bench) -> None:
    for line in (
        "ip:10.3.17.20",
        "ip:10.3.0.0/16",
        "details.error_code:429",
        "details.error_code:9999",
        "-type:zoho_mail",
        "-type:exotel_phone,exotel_whatsapp,zoho_mail",
        '"Rate limit exceeded"',
        "BX-99999",
        "text-that-is-nowhere",
        f"action:{COMMON} type:zoho_mail",
        "type:nothing",
        "hour:3",
        f"day:sun action:{RARE}",
        "hour:20-08@Europe/Berlin since:2025-06-01 until:2025-06-30",
        "operation:0b8f8e5e-8a6f-4f0a-9d5c-3f1f0c7f1f5e",
        "has:before",
        "user:none",
    ):
        reading = await reader(bench, line)
        bench.queries.clear()
        steps, rows, more = [], 0, True
        started = before = time.perf_counter()
        back_to = ""
        async for step in reading.older(None, PAGE):
            now = time.perf_counter()
            steps.append((now - before) * 1000)
            before, rows, more = now, rows + len(step.rows), step.more
            back_to = f"{step.searched_to:%Y-%m-%d}" if step.searched_to else back_to
            if now - started > GIVE_UP_AFTER_S:
                break
        whole = time.perf_counter() - started
        end = "" if not more or rows >= PAGE else f", stopped at {back_to}"
        times = f"{steps[0]:.0f} ms / {max(steps):.0f} ms / {whole:.2f} s"
        psql = sum(bench.psql_times(list(bench.queries))) / 1000
        bench.tell(line, f"{times} in {len(steps)} steps (psql, the same queries: {psql:.2f} s): {rows} rows{end}")


@measure("counts, histogram, completion, statistics")
async def counts(bench: Bench) -> None:
    organizations = choices(bench, ORGANIZATIONS)
    for name, line in (("all", ""), ("largest organisation", f"org:{organizations[0]}"), ("failed", "status:failed")):
        reading = await reader(bench, line)
        bench.queries.clear()
        started = time.perf_counter()
        count = await count_rows(bench.database, reading.audit_filter)
        bench.say(f"{name}: count", [(time.perf_counter() - started) * 1000], note=count.text)
        for most, span in ((31, "since:2025-12-31 "), (400, "")):
            narrowed = (await reader(bench, span + line)).audit_filter
            histogram = await plan_histogram(bench.database, narrowed, UTC, most=most)
            bench.queries.clear()
            started = time.perf_counter()
            first, buckets = 0.0, 0
            async for _ in count_buckets(bench.database, narrowed, histogram):
                first = first or time.perf_counter() - started
                buckets += 1
            whole = (time.perf_counter() - started) * 1000
            note = f"first after {first * 1000:.0f} ms, {buckets} of {len(histogram.spans)} days (psql: each query)"
            bench.say(f"{name}: histogram of {len(histogram.spans)} days", [whole], note=note)
    started = time.perf_counter()
    actions = await Completer(bench.database, None).values(QUALIFIERS["action"])
    bench.say("values of action", [(time.perf_counter() - started) * 1000], note=f"{len(actions)} by leaps")
    started = time.perf_counter()
    result = Statistics()
    async for counted in statistics(bench.database, (await reader(bench, "")).audit_filter, UTC):
        result = counted
    whole = time.perf_counter() - started
    bench.tell("statistics of all", f"{result.rows:,} rows in {whole:.1f} s{'' if result.complete else ', not all'}")


def resident() -> float:
    """Megabytes of memory that this process has."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


@measure("memory")
async def memory(bench: Bench) -> None:
    reading = await reader(bench, "")
    place: Place | None = None
    before = after_100 = resident()
    started = time.perf_counter()
    for number in range(bench.pages):
        page = await read_all(reading.older(place, PAGE))
        bench.queries.clear()
        place = Place.of(page.rows[-1]) if page.more else None
        if number == 99:
            after_100 = resident()
    seconds = time.perf_counter() - started
    text = f"{before:.1f} MB, after 100 {after_100:.1f} MB, after all {resident():.1f} MB ({seconds:.0f} s)"
    bench.tell(f"{bench.pages:,} pages down in one go", text)


@measure("what the indexes cost a bulk insert")
async def inserts(bench: Bench) -> None:
    await asyncio.to_thread(compare_inserts, bench)


def compare_inserts(bench: Bench) -> None:
    """Insert the same rows into two empty copies of the log: with its own index alone, and with all."""
    rates: dict[str, list[float]] = {"with the other program's index alone": [], "with all indexes": []}
    with psycopg.connect(bench.log.conninfo, autocommit=True) as connection:
        for _ in range(3):
            for name, rate in rates.items():
                connection.execute("drop table if exists public.bench_copy")
                everything = name == "with all indexes"
                including = "including defaults including indexes" if everything else "including defaults"
                connection.execute(
                    f"create table public.bench_copy (like public.integration_audit_logs {including})".encode()
                )
                if not everything:
                    connection.execute("alter table public.bench_copy add primary key (id)")
                    connection.execute("create index on public.bench_copy (organization_id, created_at desc)")
                started = time.perf_counter()
                connection.execute(
                    "insert into public.bench_copy select l.id, l.organization_id, l.user_id, l.integration_type, "
                    "l.action, l.status, l.details, l.ip_address, l.user_agent, l.created_at "
                    f"from public.integration_audit_logs l limit {INSERTED}".encode()
                )
                rate.append(INSERTED / (time.perf_counter() - started))
        connection.execute("drop table public.bench_copy")
    for name, rate in rates.items():
        bench.tell(name, f"{max(rate):,.0f} rows/s")
