"""Envelopes: their formats, why one does not open, and how many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from uuid import UUID

EnvelopeFormat = Literal["sb2", "legacy"]
UnreadableReason = Literal["other key", "altered", "malformed", "ambiguous", "no key", "not visible", "not tried"]


class Census(NamedTuple):
    """How many envelopes there are by format and by the key that opens them, and which do not open."""

    by_format: dict[str, int]
    by_key: dict[str, int]
    unreadable: tuple[tuple[UUID, UnreadableReason], ...]

    @property
    def total(self) -> int:
        """All rows looked at."""
        return sum(self.by_format.values())
