"""Measures: functions that register themselves, the queries they sent, and psql's time for the same queries."""

from __future__ import annotations

import re
import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from tests.benchmarks.log_server import LogServer
    from tui.data.postgres.database import Database

TIME = re.compile(r"^Time: ([\d.]+) ms", re.MULTILINE)

MEASURES: dict[str, Callable[[Bench], Awaitable[None]]] = {}


def measure(title: str) -> Callable[[Callable[[Bench], Awaitable[None]]], Callable[[Bench], Awaitable[None]]]:
    """Register a function that measures something and tells the bench; they run in the order of registration."""

    def register(function: Callable[[Bench], Awaitable[None]]) -> Callable[[Bench], Awaitable[None]]:
        MEASURES[title] = function
        return function

    return register


@dataclass
class Bench:
    """What a measure works on, and where it says what it found."""

    log: LogServer
    database: Database
    rows: int
    pages: int
    queries: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def say(self, name: str, ours: Sequence[float], *, psql: bool = True, note: str = "") -> None:
        """Print p50 and p95 of our milliseconds, and of psql's for the queries sent since the last line."""
        queries, self.queries[:] = list(self.queries), []
        theirs = self.psql_times(queries) if psql and queries else []
        print(f"  {name:44} {spread(ours):>17} {spread(theirs):>17}  {note}", flush=True)

    def tell(self, name: str, text: str) -> None:
        """Print a line that is no list of times."""
        self.queries.clear()
        print(f"  {name:44} {text}", flush=True)

    def psql_times(self, queries: Sequence[tuple[str, Mapping[str, Any]]]) -> list[float]:
        """Milliseconds that psql says each of the queries took, all in one session."""
        with psycopg.connect(self.log.conninfo) as connection:
            cursor = psycopg.ClientCursor(connection)
            texts = [cursor.mogrify(query, parameters) for query, parameters in queries]
        return [
            float(milliseconds)
            for milliseconds in TIME.findall(self.log.psql("\\timing on\n" + ";\n".join(texts) + ";\n"))
        ]

    def record(self) -> None:
        """Remember from now on each query that reads the log."""

        fetch_all = self.database.fetch_all

        async def remembering(query: str, parameters: Any = None, **options: Any) -> Any:
            if "integration_audit_logs" in query:
                self.queries.append((query, parameters or {}))
            return await fetch_all(query, parameters, **options)

        self.database.fetch_all = remembering  # type: ignore[method-assign]


def spread(milliseconds: Sequence[float]) -> str:
    """ "p50 / p95", or the only one."""
    if not milliseconds:
        return "-"
    if len(milliseconds) == 1:
        return f"{milliseconds[0]:.1f}"
    ordered = sorted(milliseconds)
    return f"{statistics.median(ordered):.1f} / {ordered[min(int(len(ordered) * 0.95), len(ordered) - 1)]:.1f}"
