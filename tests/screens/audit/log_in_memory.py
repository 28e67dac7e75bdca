"""A log in memory: its rows, and what reads them step by step in place of the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tests.support.acme import ACME
from tui.data.audit.pages import ReadStep
from tui.models.log import AuditRow

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Callable, Sequence

    from tui.data.audit.pages import Place

# What every row of Switchboard's own has.
OWN = {"source": "switchboard", "session_user": "app"}
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def row(number: int, at: float | None = None, details: Any = None, **columns: Any) -> AuditRow:
    """A row that is older, the higher its number is; `at` counts back in seconds."""
    moment = None if at is None else BEGIN - timedelta(seconds=at)
    values = {
        "organization_id": ACME,
        "user_id": None,
        "integration_type": "zoho_mail",
        "action": "email_sent",
        "status": "success",
        "ip_address": None,
        "user_agent": None,
    } | columns
    text = "" if moment is None else str(moment)
    if details and "operation_id" in details:
        details = OWN | details
    values = {"created_at": moment, "created_at_text": text} | values
    return AuditRow(id=UUID(int=100_000 - number), details=details, **values)


class LogReader:
    """Reads rows, newest first, in one step; or `in_windows` of so many rows, of which those `found` come.

    With `permits`, each step waits for one.
    """

    database = None

    def __init__(
        self, rows: Sequence[AuditRow], *, windows: int = 0, found: Callable[[AuditRow], bool] = lambda row: True
    ) -> None:
        self.rows = rows
        self.places = {row.id: place for place, row in enumerate(rows)}
        self.permits: asyncio.Semaphore | None = None
        self.steps_begun = 0
        self._windows = windows
        self._found = found

    @property
    def in_windows(self) -> bool:
        """Whether rows are looked through."""
        return self._windows > 0

    def matching(self, found: Callable[[AuditRow], bool]) -> LogReader:
        """A reader of the rows that are found of these."""
        return LogReader(self.rows, windows=self._windows, found=lambda row: self._found(row) and found(row))

    async def among(self, ids: Sequence[UUID]) -> set[UUID]:
        """Those of some rows that are found."""
        await self._wait()
        return {row_id for row_id in ids if self._found(self.rows[self.places[row_id]])}

    async def older(self, place: Place | None, limit: int) -> AsyncIterator[ReadStep]:
        """Read behind a place."""
        at, wanted = self._behind(place), limit
        while True:
            await self._wait()
            rows = tuple(row for row in self.rows[at : at + (self._windows or limit)] if self._found(row))[:wanted]
            wanted -= len(rows)
            at = self._next(at, rows, wanted, 1) if rows else at + (self._windows or limit)
            more = at < len(self.rows)
            done = not more or not wanted or not self._windows
            yield ReadStep(rows, more, done, self.rows[at - 1].created_at if self._windows and more else None)
            if done:
                return

    async def newer(self, place: Place | None, limit: int) -> AsyncIterator[ReadStep]:
        """Read before a place, the nearest first; without one from the end."""
        end, wanted = len(self.rows) if place is None else self._before(place), limit
        while True:
            await self._wait()
            first = max(0, end - (self._windows or limit))
            rows = tuple(row for row in self.rows[first:end] if self._found(row))[-wanted:]
            wanted -= len(rows)
            end = self._next(first, rows, wanted, -1) if rows else first
            done = end <= 0 or not wanted or not self._windows
            reached = self.rows[end].created_at if self._windows and end > 0 else None
            yield ReadStep(rows, end > 0, done, reached)
            if done:
                return

    def _next(self, at: int, rows: tuple[AuditRow, ...], wanted: int, by: int) -> int:
        """Where reading goes on: behind the window, or behind the last row where no more are wanted."""
        if not wanted:
            return self.places[rows[-1].id] + 1 if by > 0 else self.places[rows[0].id]
        return at + (self._windows or len(rows)) if by > 0 else at

    async def _wait(self) -> None:
        self.steps_begun += 1
        if self.permits is not None:
            await self.permits.acquire()

    def _behind(self, place: Place | None) -> int:
        if place is None:
            return 0
        return self._before(place) if place.id is None else self.places[place.id] + 1

    def _before(self, place: Place) -> int:
        if place.id is not None:
            return self.places[place.id]
        moment = None if place.at is None else datetime.fromisoformat(place.at)
        return next(
            (
                number
                for number, row in enumerate(self.rows)
                if row.created_at is None or (moment is not None and row.created_at <= moment)
            ),
            len(self.rows),
        )
