"""The catalogue as entries: what two databases are compared by, and a database with itself later."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from tui.data.schema.catalogue_queries import fetch_rows, full_names
from tui.data.schema.files import schema_files

if TYPE_CHECKING:
    from psycopg import AsyncConnection


@dataclass(frozen=True, slots=True, order=True)
class CatalogueEntry:
    """One fact of the catalogue: its kind (table, column, grant ...), what it is about, and what is so.

    `harm` says what it can do where no installation makes it; empty where it can do none that cannot be seen.
    """

    kind: str
    name: str
    text: str
    harm: str | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.text}"


_TEXT = re.compile(r"\$catalogue\$(.*?)\$catalogue\$", re.DOTALL)


async def read_shape(conn: AsyncConnection[Any]) -> frozenset[CatalogueEntry]:
    """Read the shape of the four tables and of the schema switchboard, in one query. Raises psycopg.Error."""
    async with full_names(conn):
        return frozenset(CatalogueEntry(*row) for row in await fetch_rows(conn, _query()))


@cache
def _query() -> str:
    """The text of switchboard.catalogue() as it is in sql/: the one in the database may say anything."""
    return next(match[1] for file in schema_files() if (match := _TEXT.search(file.text)))
