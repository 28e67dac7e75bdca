"""Whether the schema is as the files make it: what is missing, altered or switched off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.data.schema.holes import Hole, find_holes
from tui.data.schema.shape import Line, read_shape

if TYPE_CHECKING:
    from psycopg import AsyncConnection


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference: the line that is expected (None: nothing of the kind) and the one that is there (None: none)."""

    expected: Line | None
    found: Line | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What differs and which holes are open; both empty when all is well."""

    drifts: tuple[Drift, ...]
    holes: tuple[Hole, ...]

    @property
    def is_well(self) -> bool:
        """Whether nothing was found."""
        return not self.drifts and not self.holes


async def verify(conn: AsyncConnection[Any]) -> Verification:
    """Compare the catalogue with what a fresh installation has; takes no locks, any role may. Raises psycopg.Error."""
    await read_shape(conn)
    return Verification((), await find_holes(conn))
