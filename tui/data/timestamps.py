"""Loading of points in time that a datetime cannot hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import DataError
from psycopg.adapt import Loader
from psycopg.types.datetime import TimestamptzLoader

if TYPE_CHECKING:
    from datetime import datetime

    import psycopg
    from psycopg.abc import AdaptContext, Buffer


class TolerantTimestamptzLoader(Loader):
    """Loads 'infinity' and years outside 1 to 9999 as None, so that one such row never hides the others."""

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        self._strict = TimestamptzLoader(oid, context)

    def load(self, data: Buffer) -> datetime | None:
        """Return an aware datetime, or None where datetime has no value for it."""
        try:
            return self._strict.load(data)
        except DataError:
            return None


def register_tolerant_timestamps(connection: psycopg.AsyncConnection[Any]) -> None:
    """Use the tolerant loader for timestamptz on this connection."""
    connection.adapters.register_loader("timestamptz", TolerantTimestamptzLoader)
