"""Requests over HTTP a second, and how long the slowest twentieth takes: `python -m tests.benchmarks.bench_http`.

The list beside its own query by psycopg alone: the same transaction, without HTTP, tokens and rights. The server is a
process of its own, as `serve` is, without limits; the client writes bytes on 1, 4 and 32 connections.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import psycopg

from tests.support.acme import ACME, ASHA, GLOBEX, MASTER_KEY, PHONE, SALT
from tests.support.database.requesters import populate
from tests.support.servers.http import SETTINGS, HttpServer, token
from tests.support.servers.postgres import TestServer, run_schema_files
from tui.data.integrations.columns import COLUMNS
from tui.data.integrations.listing import NUMBERS
from tui.data.postgres.operator_settings import NAME_OPERATOR

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

Ask = Callable[[], Awaitable[None]]

LIST = f"""
select {COLUMNS}, {NUMBERS} as phone_numbers from public.integration_credentials as c
 where c.organization_id = %(organization_id)s order by c.created_at, c.id
"""
AT_ONCE = (1, 4, 32)


def run_server(conninfo: str, ready: Connection) -> None:
    """Serve until this process is ended."""
    with HttpServer(conninfo) as server:
        ready.send(server.address)
        ready.recv()


async def measure(make: Callable[[], Awaitable[Ask]], at_once: int, seconds: float) -> tuple[float, float, float]:
    """Ask on so many connections; return how often a second, and the median and 95 % of milliseconds."""
    asks = [await make() for _ in range(at_once)]
    taken: list[float] = []
    ends = time.perf_counter() + seconds

    async def ask_on(ask: Ask) -> None:
        while (begun := time.perf_counter()) < ends:
            await ask()
            taken.append((time.perf_counter() - begun) * 1000)

    await asyncio.gather(*(ask_on(ask) for ask in asks))
    return len(taken) / seconds, statistics.median(taken), statistics.quantiles(taken, n=20)[-1]


async def over_http(address: str, path: str) -> Ask:
    """A kept connection that asks for a path."""
    host, _, port = address.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token(ASHA)}\r\n\r\n".encode()

    async def ask() -> None:
        writer.write(head)
        answered = await reader.readuntil(b"\r\n\r\n")
        if not answered.startswith(b"HTTP/1.1 200"):
            raise AssertionError(answered)
        length = next(line for line in answered.lower().split(b"\r\n") if line.startswith(b"content-length"))
        await reader.readexactly(int(length.partition(b":")[2]))

    return ask


async def by_psycopg(conninfo: str) -> Ask:
    """A connection that runs the list's query as the request does: as somebody, in a transaction."""
    connection = await psycopg.AsyncConnection.connect(conninfo, autocommit=True, prepare_threshold=None)
    who = {"operator_id": str(ASHA), "request_organization": str(ACME)}

    async def ask() -> None:
        async with connection.transaction():
            await connection.execute(NAME_OPERATOR, who)
            await (await connection.execute(LIST.encode(), {"organization_id": ACME})).fetchall()

    return ask


async def run(address: str, conninfo: str, seconds: float) -> None:
    """Measure, and print a table."""
    print(f"{'':34} {'at once':>8} {'a second':>9} {'median ms':>10} {'95 % ms':>8}")
    measured: tuple[tuple[str, Callable[[], Awaitable[Ask]]], ...] = (
        ("the query by psycopg alone", lambda: by_psycopg(conninfo)),
        ("GET integrations", lambda: over_http(address, f"{SETTINGS}/integrations")),
        ("GET integrations/exotel_phone", lambda: over_http(address, f"{SETTINGS}/integrations/exotel_phone")),
        ("GET phone-numbers", lambda: over_http(address, f"{SETTINGS}/phone-numbers")),
        ("GET openapi.json (no database)", lambda: over_http(address, "/openapi.json")),
    )
    for name, make in measured:
        for at_once in AT_ONCE:
            await (await make())()
            rate, median, late = await measure(make, at_once, seconds)
            print(f"{name:34} {at_once:>8} {rate:>9.0f} {median:>10.1f} {late:>8.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench_http", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each is measured")
    chosen = parser.parse_args()
    postgres = TestServer()
    try:
        conninfo = postgres.conninfo(postgres.create_database(prefix="bench"))
        run_schema_files(conninfo)
        with psycopg.connect(conninfo) as connection:
            connection.execute(
                "insert into switchboard.keys (key_id, purpose, salt) values (%s, 'master', %s)",
                (MASTER_KEY.key_id(SALT), SALT),
            )
        web = populate(postgres, conninfo, {ACME: PHONE, GLOBEX: PHONE})
        here, there = multiprocessing.Pipe()
        process = multiprocessing.get_context("spawn").Process(target=run_server, args=(web, there))
        process.start()
        asyncio.run(run(here.recv(), web, chosen.seconds))
        here.send("stop")
        process.join()
    finally:
        postgres.close()


if __name__ == "__main__":
    main()
