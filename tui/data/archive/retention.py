"""For how many months the log is to be kept, and which of them are due to be archived; nothing is removed here."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, NamedTuple

from psycopg.rows import tuple_row

from tui.data.archive.month import Month

if TYPE_CHECKING:
    from tui.data.postgres.database import Database

FEWEST_MONTHS, MOST_MONTHS = 2, 1200
RETENTION = """
select s.months, now() as now,
       case when s.months > 0
            then (select l.created_at from public.integration_audit_logs as l
                   where l.created_at >= '0001-01-02 00:00+00' order by l.created_at limit 1) end as oldest
  from (select switchboard.setting('log_months'::text) as months) as s
"""
CHANGE = "select switchboard.change_setting('log_months'::text, %(months)s::integer)"


class Retention(NamedTuple):
    """How many whole months behind the running one the log is to be kept, 0 for good.

    `due_before` is the earliest of them where there are rows before it, else None.
    """

    months: int
    due_before: Month | None


async def read_retention(database: Database) -> Retention:
    """Return what the database says. Raises what Database.read raises."""
    months, now, oldest = await database.fetch_one(RETENTION, row_factory=tuple_row) or (0, None, None)
    if oldest is None or now is None:
        return Retention(months, None)
    earliest = Month.of(now.astimezone(UTC).date())
    for _ in range(months):
        earliest = earliest.preceding
    return Retention(months, earliest if oldest.timestamp() < earliest.start else None)


async def change_retention(database: Database, months: int) -> Retention:
    """Set for how many months the log is to be kept, 0 for good, which is logged. Raises what Database.write raises."""
    await database.execute(CHANGE, {"months": months})
    return await read_retention(database)


def due_sentence(due_before: Month, months: int) -> str:
    """Say what is due."""
    return f"The log has rows before {due_before}, and is to be kept for {months} months."


def due_what_to_do(due_before: Month) -> str:
    """Return the command that does it."""
    return f"`switchboard audit archive --before {due_before} --output DIR` archives them."
