"""Searching the audit log in windows of time, for what no index finds: where each ends, and how large it is."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from tui.data.audit.estimate import estimated_rows
from tui.data.audit.rows import AUDIT_ROW, ROW_COLUMNS
from tui.data.audit.where import Where, drivers, where, within_bounds
from tui.errors import TimedOut

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from datetime import datetime
    from uuid import UUID

    from tui.data.audit.filter import AuditFilter
    from tui.data.postgres.database import Database
    from tui.models.log import AuditRow

T = TypeVar("T")

# In rows of the index that is walked through. Small at first, so that the first answer is quick on any machine: 20,000
# rows took 84 ms, and ilike over 10,000,000 without windows 18.5 s.
FIRST_WINDOW = 5_000
SMALLEST_WINDOW = 200
LARGEST_WINDOW = 100_000
STEP_MS = 150
QUICK_S, SLOW_S = 0.06, 0.12
LONGEST_STEP_MS = 10_000

# Measured on 10,000,000 rows with an index: 0.5 to 0.9 ms at any depth; offset 2,500,000 took 2,486.
ROWS = """select {columns} from public.integration_audit_logs as l
 where {where} order by l.created_at {order}, l.id {order} limit %(limit)s"""
EDGE = """select l.created_at, l.created_at::text as at from public.integration_audit_logs as l
 where {where} order by l.created_at {order} offset %(size)s limit 1"""


@dataclass(frozen=True, slots=True)
class Direction:
    """Which way to read: what lies beyond a time, and the order that goes there."""

    beyond: str
    order: str


OLDER = Direction("<", "desc")
NEWER = Direction(">", "asc")


@dataclass(frozen=True, slots=True)
class Edge:
    """The place where reading starts or a window ends: a time as Postgres writes it, and the id of a row of that time.

    Without an id, `is_read` says whether the rows of that very time have been read; else they are still to be read.
    """

    at: str | None
    id: UUID | None = None
    is_read: bool = False
    moment: datetime | None = None


def is_beyond(direction: Direction, edge: Edge | None) -> Where:
    """Return the conditions of the rows with a time that come after an edge; of all of them without one."""
    if edge is None or edge.at is None:
        return Where(("l.created_at is not null",))
    at = "%(at)s::timestamptz"
    if edge.id is not None:
        # The first says nothing that the second does not, but it is the one an index on the time alone can use.
        bounds = (
            f"l.created_at {direction.beyond}= {at}",
            f"(l.created_at, l.id) {direction.beyond} ({at}, %(id)s::uuid)",
        )
        return Where(bounds, {"at": edge.at, "id": edge.id})
    inclusive = "=" if direction is OLDER and not edge.is_read else ""
    return Where((f"l.created_at {direction.beyond}{inclusive} {at}",), {"at": edge.at})


class Windows:
    """Searches for the rows of one filter, window by window along the index that leads to the fewest rows."""

    def __init__(self, database: Database, audit_filter: AuditFilter) -> None:
        self.database = database
        self.audit_filter = audit_filter
        self.size = FIRST_WINDOW
        self._driver: Where | None = None
        self._patience = STEP_MS

    async def search(
        self, direction: Direction, start: Edge | None, limit: int
    ) -> AsyncIterator[tuple[list[AuditRow], Edge | None]]:
        """Yield the rows of each window, `limit` in all, and where it ended: None at the end of the log.

        Raises what `walk` raises.
        """
        remaining = limit

        async def read(window: Where, milliseconds: int) -> list[AuditRow]:
            query = ROWS.format(columns=ROW_COLUMNS, where=window.sql, order=direction.order)
            parameters = {**window.parameters, "limit": remaining}
            return await self.database.fetch_all(
                query, parameters, row_factory=AUDIT_ROW, statement_timeout_ms=milliseconds
            )

        async for rows, end in self.walk(direction, start, read):
            remaining -= len(rows)
            yield rows, end
            if remaining <= 0:
                return

    async def walk(
        self, direction: Direction, start: Edge | None, read: Callable[[Where, int], Awaitable[T]]
    ) -> AsyncIterator[tuple[T, Edge | None]]:
        """Yield what `read` makes of each window, and where it ended: None at the end of the rows with a time.

        `read` is given the conditions of the filter's rows in the window and the milliseconds it may take. Windows grow
        while the server is quick and shrink when it is not; one that takes too long is tried again smaller. Raises
        TimedOut only where the smallest takes longer than LONGEST_STEP_MS.
        """
        edge = start
        while True:
            begun = time.monotonic()
            try:
                following = await self.edge(direction, edge)
                result = await read(self._window(direction, edge, following), self._patience)
            except TimedOut:
                if not self._shrink():
                    raise
                continue
            self._adapt(time.monotonic() - begun)
            yield result, following
            if following is None:
                return
            edge = following

    async def edge(self, direction: Direction, start: Edge | None) -> Edge | None:
        """Return where the window ends that begins beyond `start`; None where the log ends before."""
        if self._driver is None:
            self._driver = await self._fewest()
        beyond = is_beyond(direction, start)
        conditions = self._driver.also(*beyond.conditions, **beyond.parameters, size=self.size)
        query = EDGE.format(where=conditions.sql, order=direction.order)
        rows = await self.database.fetch_all(query, conditions.parameters, statement_timeout_ms=self._patience)
        return Edge(rows[0]["at"], None, True, rows[0]["created_at"]) if rows else None

    def _window(self, direction: Direction, start: Edge | None, end: Edge | None) -> Where:
        beyond = is_beyond(direction, start)
        conditions = where(self.audit_filter).also(*beyond.conditions, **beyond.parameters)
        if end is None:
            return conditions
        within = ">=" if direction is OLDER else "<="
        return conditions.also(f"l.created_at {within} %(end)s::timestamptz", end=end.at)

    async def _fewest(self) -> Where:
        """Return the condition of the index that leads to the fewest rows, within the filter's times."""
        estimates = [(await estimated_rows(self.database, driver), driver) for driver in drivers(self.audit_filter)]
        fewest = min(estimates, key=lambda estimate: estimate[0])[1] if estimates else Where()
        return within_bounds(fewest, self.audit_filter)

    def _adapt(self, seconds: float) -> None:
        self._patience = STEP_MS
        if seconds < QUICK_S:
            self.size = min(self.size * 2, LARGEST_WINDOW)
        elif seconds > SLOW_S:
            self.size = max(self.size // 2, SMALLEST_WINDOW)

    def _shrink(self) -> bool:
        """Make the next attempt easier; False where nothing is left to try."""
        if self.size > SMALLEST_WINDOW:
            self.size = max(self.size // 4, SMALLEST_WINDOW)
            return True
        # Many rows of one moment cannot be divided: they need longer.
        self._patience *= 2
        return self._patience <= LONGEST_STEP_MS
