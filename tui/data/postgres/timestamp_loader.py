"""Loading of points in time that a datetime cannot hold."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from psycopg import DataError
from psycopg.adapt import Loader
from psycopg.types.datetime import TimestamptzLoader

if TYPE_CHECKING:
    from psycopg.abc import AdaptContext, Buffer


# A datetime of the first or the last day there is has no value in some zones, and is to be shown in any.
FIRST, LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


class TolerantTimestamptzLoader(Loader):
    """Loads 'infinity' and what is not from FIRST to before LAST as None, so that no such row hides the others."""

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        self._strict = TimestamptzLoader(oid, context)

    def load(self, data: Buffer) -> datetime | None:
        """Return an aware datetime, or None where datetime has no value for it in every zone."""
        try:
            moment = self._strict.load(data)
        except DataError:
            return None
        return moment if FIRST <= moment < LAST else None
