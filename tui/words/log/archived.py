"""How it is said that months of the log are not in it any more, but in archives."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def archived_words(before: datetime | None) -> str:
    """Return that the log is archived before a month, which begins then; "" where nothing is."""
    return "" if before is None else f"before {before.astimezone(UTC):%Y-%m} archived"


def archived_sentence(before: datetime) -> str:
    """Return where rows of months that are not in the log any more can be read."""
    return f"Before {before.astimezone(UTC):%Y-%m} the log is archived: --archive FILE reads a month of it."
