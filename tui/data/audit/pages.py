"""Pages of the audit log by keyset: from a place in either direction, through an index, or in windows without one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.data.audit.rows import AUDIT_ROW, ROW_COLUMNS
from tui.data.audit.where import Where, branches, is_of_own_rows, where
from tui.data.audit.windows import NEWER, OLDER, ROWS, Direction, Edge, Windows, is_beyond
from tui.errors import TimedOut

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from tui.data.audit.filter import AuditFilter
    from tui.data.postgres.database import Database
    from tui.models.log import AuditRow

# What an index serves takes a few milliseconds at any depth; a plan that takes longer than this is the wrong one, and
# first hits in windows have to come within 300 ms of the start.
PAGE_MS = 150
TIMELESS_MS = 10_000

COLUMN_NAMES = """l.id, l.organization_id, l.user_id, l.integration_type, l.action, l.status, l.details, l.ip_address,
       l.user_agent, l.created_at, l.created_at_text"""
# In an order that no index has: else the server goes through all rows of the organisation in time, looking for a few,
# where it can read those of the index of own rows and sort them.
OWN_ROWS = """select {columns} from public.integration_audit_logs as l
 where {where} order by (l.created_at, l.id) {order} limit %(limit)s"""
MERGED = "select {columns} from ({branches}) as l order by l.created_at {order}, l.id {order} limit %(limit)s"
TIMELESS = """select {columns} from public.integration_audit_logs as l
 where {where} order by l.id {order} limit %(limit)s"""

AMONG = "select l.id from public.integration_audit_logs as l where {where}"


@dataclass(frozen=True, slots=True)
class Place:
    """A position in the log's order: by time and id, newest first, rows without a time last.

    `at` is a time as Postgres writes it, None behind the last row with a time. Without an `id` it is the place just
    before the first row that is not newer than `at`.
    """

    at: str | None
    id: UUID | None = None

    @classmethod
    def of(cls, row: AuditRow) -> Place:
        """The place of a row."""
        return cls(row.created_at_text or None, row.id)

    @classmethod
    def at_time(cls, moment: datetime) -> Place:
        """Return the place where the rows of that moment, or else the next older ones, begin."""
        return cls(moment.isoformat())


@dataclass(frozen=True, slots=True)
class ReadStep:
    """The result of one step of reading.

    `rows` are newest first and lie beyond those of the steps before. `searched_to` is how far a search in
    windows has come. `more` is False once the end of the log was reached; `done` marks the last step, with which as
    many rows as were asked for have come, or all.
    """

    rows: tuple[AuditRow, ...]
    more: bool
    done: bool
    searched_to: datetime | None = None


class AuditReader:
    """Reads the rows of one filter, which `resolve_filter` has seen.

    What an index serves costs one query a page at any depth. Everything else, and what takes the server longer than
    PAGE_MS, is looked for in windows: then a page comes in several steps, each well within 300 ms. Reading runs on
    until the caller stops; when the task is cancelled, so is the query on the server.
    """

    def __init__(self, database: Database, audit_filter: AuditFilter) -> None:
        self.database = database
        self.audit_filter = audit_filter
        self._branches = branches(audit_filter)
        self._is_of_own_rows = is_of_own_rows(audit_filter)
        self._windows = Windows(database, audit_filter)

    @property
    def in_windows(self) -> bool:
        """Whether rows are looked through instead of found by an index."""
        return not self._branches

    def matching(self, search: AuditFilter) -> AuditReader:
        """Return a reader of the rows that a search inside this filter matches: `older(place, 1)` is its next match."""
        return AuditReader(self.database, self.audit_filter.also(search))

    async def among(self, ids: Sequence[UUID]) -> set[UUID]:
        """Return those of some rows that are in the filter. Raises what reading raises."""
        conditions = where(self.audit_filter).also("l.id = any (%(ids)s)", ids=list(ids))
        rows = await self.database.fetch_all(
            AMONG.format(where=conditions.sql), conditions.parameters, statement_timeout_ms=TIMELESS_MS
        )
        return {row["id"] for row in rows}

    def older(self, place: Place | None = None, limit: int = 50) -> AsyncGenerator[ReadStep, None]:
        """Read up to `limit` rows behind a place, from the newest row on without one. Raises what reading raises."""
        return self._read(OLDER, place, limit)

    def newer(self, place: Place | None = None, limit: int = 50) -> AsyncGenerator[ReadStep, None]:
        """Read up to `limit` rows before a place, the nearest first; without one the log's last rows ("End").

        The rows of each step are newest first, and newer than those of the steps before.
        """
        return self._read(NEWER, place, limit)

    async def _read(self, direction: Direction, place: Place | None, limit: int) -> AsyncGenerator[ReadStep, None]:
        remaining = limit
        sections = self._parts(direction, place)
        for section_number, timed in enumerate(sections, 1):
            is_last = section_number == len(sections)
            steps = self._timed if timed else self._timeless
            async for rows, searched_to, ended in steps(direction, place, remaining):
                enough = len(rows) >= remaining
                page = rows[:remaining]
                remaining -= len(page)
                more = len(rows) > len(page) or not (ended and is_last)
                done = enough or (ended and is_last)
                yield ReadStep(tuple(page if direction is OLDER else reversed(page)), more, done, searched_to)
                if done:
                    return
            place = None

    def _parts(self, direction: Direction, place: Place | None) -> list[bool]:
        """Return the sections to read, in order: True for rows with a time, False for rows without one."""
        if self.audit_filter.bounds_time:
            return [True]
        timeless = place is not None and place.at is None
        if direction is OLDER:
            return [False] if timeless else [True, False]
        return [True] if place is not None and not (timeless and place.id) else [False, True]

    async def _timed(
        self, direction: Direction, place: Place | None, limit: int
    ) -> AsyncIterator[tuple[list[AuditRow], datetime | None, bool]]:
        """Yield up to `limit` + 1 rows, how far was searched, and whether the last row with a time was reached."""
        if self._branches:
            try:
                rows = await self._page(direction, place, limit)
            except TimedOut:
                # No index serves it after all: a pair that never occurs (2,262 ms of 10,000,000 rows), or an index that
                # is missing.
                self._branches = ()
            else:
                yield rows, None, len(rows) <= limit
                return
        start = None if place is None else Edge(place.at, place.id)
        async for rows, edge in self._windows.search(direction, start, limit + 1):
            yield rows, None if edge is None else edge.moment, edge is None

    async def _page(self, direction: Direction, place: Place | None, limit: int) -> list[AuditRow]:
        beyond = is_beyond(direction, None if place is None else Edge(place.at, place.id))
        parameters: dict[str, Any] = {"limit": limit + 1}
        queries = []
        for branch in self._branches:
            page_conditions = branch.also(*beyond.conditions, **beyond.parameters)
            parameters |= page_conditions.parameters
            rows = OWN_ROWS if self._is_of_own_rows else ROWS
            queries.append(rows.format(columns=ROW_COLUMNS, where=page_conditions.sql, order=direction.order))
        query = queries[0]
        if len(queries) > 1:
            union = " union all ".join(f"({query})" for query in queries)
            query = MERGED.format(columns=COLUMN_NAMES, branches=union, order=direction.order)
        return await self.database.fetch_all(query, parameters, row_factory=AUDIT_ROW, statement_timeout_ms=PAGE_MS)

    async def _timeless(
        self, direction: Direction, place: Place | None, limit: int
    ) -> AsyncIterator[tuple[list[AuditRow], datetime | None, bool]]:
        """Yield the same of the rows without a time, by an index, in the order of their ids."""
        conditions: Where = where(self.audit_filter).also("l.created_at is null", limit=limit + 1)
        if place is not None and place.id is not None and place.at is None:
            conditions = conditions.also(f"l.id {direction.beyond} %(id)s::uuid", id=place.id)
        query = TIMELESS.format(columns=ROW_COLUMNS, where=conditions.sql, order=direction.order)
        rows = await self.database.fetch_all(
            query, conditions.parameters, row_factory=AUDIT_ROW, statement_timeout_ms=TIMELESS_MS
        )
        yield rows, None, len(rows) <= limit
