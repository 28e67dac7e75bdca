"""Which months could leave the log, and how far each has come on the way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from psycopg.rows import class_row, tuple_row

from tui.data.archive.month import Month
from tui.data.seals.archived import read_archives
from tui.data.seals.chain import SEALS, Seal, newest_seal
from tui.data.seals.hours import HOUR, moment_of
from tui.errors import InvalidInput

if TYPE_CHECKING:
    from tui.data.postgres.database import Database
    from tui.data.seals.archived import Archive

MonthState = Literal["not sealed", "to archive", "archived", "to remove", "removed"]
"""not sealed: not wholly. archived: the row of the log that says so is not under a seal yet. to remove: it is. removed:
no row is left of it."""

NOW = "select now() as now, switchboard.archived_before() as archived_before"
# Of the first day that there is no datetime is loaded (tui/data/postgres/timestamp_loader.py).
FIRST = """
select l.created_at as first from public.integration_audit_logs as l
 where l.created_at >= '0001-01-02 00:00+00' and l.created_at < 'infinity' order by l.created_at limit 1
"""
WITH_ROWS = """
select m.place from unnest(%(starts)s::float8[], %(ends)s::float8[]) with ordinality as m (begins, ends, place)
 where exists (select from public.integration_audit_logs as l
                where l.created_at >= to_timestamp(m.begins) and l.created_at < to_timestamp(m.ends))
"""
SEALS_OF_MONTH = f"""{SEALS}
 where s.hour >= to_timestamp(%(start)s::float8) and s.hour < to_timestamp(%(end)s::float8) order by s.hour
"""
FOLLOWING = f"""{SEALS}
 where s.hour >= to_timestamp(%(end)s::float8) and isfinite(s.hour) order by s.hour limit 1
"""


@dataclass(frozen=True, slots=True)
class PlannedMonth:
    """A month, how far it has come, what was recorded of its archive, and whether rows of it may be gone already."""

    month: Month
    state: MonthState
    archive: Archive | None
    is_being_removed: bool


async def plan_months(database: Database, before: Month) -> list[PlannedMonth]:
    """Return the months before another that have rows in the log, or an archive.

    Raises InvalidInput where some of these stay in any case, and what Database.read raises.
    """
    now, archived_before = await database.fetch_one(NOW, row_factory=tuple_row) or (datetime.now(UTC), None)
    latest = Month.of(now.astimezone(UTC).date()).preceding
    if before > latest:
        raise InvalidInput(
            f"The months from {latest} on stay in the log: limits and reports need them.",
            f"Give --before {latest}, or an earlier one.",
        )
    archives = {Month.of(row.month): row for row in await read_archives(database)}
    first: datetime | None = await database.fetch_value(FIRST)
    begins = min([*archives, *([Month.of(first.astimezone(UTC).date())] if first else [])], default=before)
    months = []
    while begins < before:
        months.append(begins)
        begins = begins.following
    bounds = {"starts": [month.start for month in months], "ends": [month.end for month in months]}
    with_rows = {months[row["place"] - 1] for row in await database.fetch_all(WITH_ROWS, bounds)}
    newest = await newest_seal(database)
    sealed_until = newest.hour + HOUR if newest is not None and newest.hour is not None else None
    planned = []
    for month in months:
        archive = archives.get(month)
        if month in with_rows or archive is not None:
            state = _state(month, archive, sealed_until, has_rows=month in with_rows)
            is_older = archived_before is not None and month.start < archived_before.timestamp()
            planned.append(PlannedMonth(month, state, archive, is_older))
    return planned


def _state(month: Month, archive: Archive | None, sealed_until: int | None, *, has_rows: bool) -> MonthState:
    if archive is not None and not has_rows:
        return "removed"
    if sealed_until is None or sealed_until < month.end:
        return "not sealed"
    if archive is None:
        return "to archive"
    return "to remove" if archive.archived_at.timestamp() < sealed_until else "archived"


async def seals_of_month(database: Database, month: Month) -> list[Seal]:
    """Return the seals of a month by their hours, those of hours without rows among them."""
    values = {"start": month.start, "end": month.end}
    return await database.fetch_all(SEALS_OF_MONTH, values, row_factory=class_row(Seal))


async def seal_after(database: Database, month: Month) -> Seal | None:
    """Return the first seal after a month, None where there is none yet."""
    return await database.fetch_one(FOLLOWING, {"end": month.end}, row_factory=class_row(Seal))


def hour_times(hours: tuple[int, ...]) -> list[datetime]:
    """Return hours as the database has them."""
    return [moment for hour in hours if (moment := moment_of(hour)) is not None]
