"""Prints when an outage is seen and the screen whole again: `python -m tests.benchmarks.bench_outage [seconds ...]`.

Consoles on an embedded server, one for each length of outage, kind, and whether somebody presses r as it begins; all at
the same time, since they only wait. The floor is what a new connection and a query take through the same proxy.
"""

from __future__ import annotations

import asyncio
import math
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from tests.support.servers.postgres import TestServer, run_schema_files
from tests.support.servers.tcp_proxy import TcpProxy
from tests.support.terminal.console_driver import add, new_app, run_headless

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.terminal.console_driver import ConsoleDriver

LENGTHS = (3.0, 8.0, 20.0, 45.0, 100.0)
KINDS = ("refused", "black hole", "slots taken")
LOOK_EVERY_S = 0.05
GIVES_UP_AFTER_S = 120.0
SEEN_WITHIN_S, WHOLE_WITHIN_S = 3.0, 5.0


@dataclass
class Outage:
    """One console whose server goes away for `length` seconds."""

    kind: str
    length: float
    is_watched: bool
    role: str
    server: TestServer
    proxy: TcpProxy
    seen_s: float = math.nan
    whole_s: float = math.nan

    @property
    def conninfo(self) -> str:
        """Through the proxy, as the role that owns the database of its own name."""
        return self.proxy.conninfo(self.role, user=self.role, password="walter")

    async def measure(self) -> None:
        """Run the console through the outage."""
        async with run_headless(new_app(self.conninfo)) as driver:
            await driver.wait_for("● active")
            self._begin()
            began = time.monotonic()
            if self.is_watched:
                driver.send("r")
            ends = began + self.length
            while time.monotonic() < ends:
                if math.isnan(self.seen_s) and _is_seen(driver):
                    self.seen_s = time.monotonic() - began
                await asyncio.sleep(LOOK_EVERY_S)
            with self.server.admin(self.role) as admin:
                admin.execute("update public.integration_credentials set is_active = false")
            self._end()
            back = time.monotonic()
            while not driver.shows("○ disabled") and time.monotonic() < back + GIVES_UP_AFTER_S:
                if math.isnan(self.seen_s) and _is_seen(driver):
                    self.seen_s = time.monotonic() - began
                await asyncio.sleep(LOOK_EVERY_S)
            if driver.shows("○ disabled"):
                self.whole_s = time.monotonic() - back

    def _begin(self) -> None:
        if self.kind == "refused":
            self.proxy.refuse()
        elif self.kind == "black hole":
            self.proxy.swallow()
        else:
            with self.server.admin() as admin:
                admin.execute(f"alter role {self.role} connection limit 0".encode())
                everybody = "select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = %s"
                admin.execute(everybody, (self.role,))

    def _end(self) -> None:
        if self.kind != "slots taken":
            self.proxy.restore()
        with self.server.admin() as admin:
            admin.execute(f"alter role {self.role} connection limit -1".encode())


def _is_seen(driver: ConsoleDriver) -> bool:
    return driver.app.connection.health.state == "lost" or driver.page.status.sentence.tone == "bad"


def _floor(conninfo: str) -> float:
    """Seconds of the best of five new connections with one query."""

    def once() -> float:
        started = time.perf_counter()
        with psycopg.connect(conninfo) as connection:
            connection.execute("select count(*) from public.integration_credentials")
        return time.perf_counter() - started

    return min(once() for _ in range(5))


def _outages(server: TestServer, lengths: tuple[float, ...]) -> Iterator[Outage]:
    for kind in KINDS:
        for length in lengths:
            for is_watched in (True, False):
                role = f"walter_{KINDS.index(kind)}_{length:.0f}_{is_watched:d}"
                server.create_role(role, "login password 'walter'")
                with server.admin() as admin:
                    admin.execute(f"create database {role} owner {role}".encode())
                run_schema_files(server.conninfo(role, user=role))
                yield Outage(kind, length, is_watched, role, server, TcpProxy(server.port))


def _seconds_text(seconds: float, floor: float) -> str:
    return "never" if math.isnan(seconds) else f"{seconds:.1f} s" + ("" if seconds <= floor else " !")


async def main(lengths: tuple[float, ...]) -> None:
    """Measure every outage and print the table; `!` marks what took longer than was promised."""
    server = TestServer()
    try:
        outages = list(_outages(server, lengths))
        for outage in outages:
            outage.proxy.__enter__()
            await add(server.conninfo(outage.role, user=outage.role), "exotel_phone")
        print(f"floor: {_floor(outages[0].conninfo) * 1000:.0f} ms for a new connection and a query")
        await asyncio.gather(*(outage.measure() for outage in outages))
        print(
            f"{'':12}{'outage':>8}  {'seen, r pressed':>16}{'whole after':>14}  {'seen, idle':>12}{'whole after':>14}"
        )
        for outage, idle in zip(outages[::2], outages[1::2], strict=True):
            cells = [_seconds_text(measured.seen_s, SEEN_WITHIN_S) for measured in (outage, idle)]
            whole = [_seconds_text(measured.whole_s, WHOLE_WITHIN_S) for measured in (outage, idle)]
            print(f"{outage.kind:12}{outage.length:6.0f} s{cells[0]:>18}{whole[0]:>14}{cells[1]:>14}{whole[1]:>14}")
        for outage in outages:
            outage.proxy.__exit__()
    finally:
        server.close()


if __name__ == "__main__":
    asyncio.run(main(tuple(float(seconds) for seconds in sys.argv[1:]) or LENGTHS))
