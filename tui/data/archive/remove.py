"""Removing an archived month from the log, hour by hour, once its file is proven again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tui.data.archive.check import archive_problems
from tui.data.archive.write import told
from tui.data.seals.hours import hour_of, moment_of
from tui.errors import CheckFailed

if TYPE_CHECKING:
    from datetime import datetime

    from tui.data.archive.folder import ArchiveFolder
    from tui.data.archive.month import Month
    from tui.data.archive.write import OnRows
    from tui.data.postgres.database import Connection, Database
    from tui.data.seals.archived import Archive

# A transaction removes whole hours, until they have so many rows: about three seconds.
ROWS_PER_COMMIT = 50_000

OWNS_LOG = """
select pg_has_role(current_user, c.relowner, 'usage') as owns from pg_class as c
 where c.oid = 'public.integration_audit_logs'::regclass
"""
REMOVE = """
select r.rows_removed, r.next_hour, r.hours_left
  from switchboard.remove_archived(%(month)s::date, %(hour)s::timestamptz, %(rows)s::bigint) as r
"""


@dataclass(frozen=True, slots=True)
class Removed:
    """How many rows of a month were removed, and the hours that stayed, since they are not as their seals say."""

    rows: int
    hours_left: tuple[datetime, ...]


async def owns_log(database: Database) -> bool:
    """Return whether this login may remove rows, by its role. Raises what Database.read raises."""
    return bool(await database.fetch_value(OWNS_LOG))


async def require_file(
    database: Database, folder: ArchiveFolder, archive: Archive, *, on_rows: OnRows | None = None
) -> None:
    """Raise CheckFailed unless the folder has the file that was recorded, and every row in it is as it was sealed.

    Raises InvalidInput where a file cannot be read, and what Database.read raises.
    """
    for problem in await archive_problems(database, folder, archive, on_rows=told(on_rows, "compared")):
        raise CheckFailed(
            problem.sentence, f"No row of {archive.name} was removed: put the file back that was written."
        )


async def remove_month(database: Database, month: Month, *, on_rows: OnRows | None = None) -> Removed:
    """Remove the rows of a month of which the log says, under a seal, that it is archived. For the owner of the log.

    Each commit removes whole hours with ROWS_PER_COMMIT rows or more, and says so in a row of the log: ended at any
    point, another run goes on. The hours that are not as their seals say stay whole. `require_file` comes before.
    Raises ReadOnlyMode, PermissionDenied, Conflict, and what else Database.write raises.
    """
    operation, rows, left, hour = uuid4(), 0, list[Any](), moment_of(month.start)
    while hour is not None:
        values = {"month": month.first_day, "hour": hour, "rows": ROWS_PER_COMMIT}

        async def unit(connection: Connection, values: dict[str, Any] = values) -> dict[str, Any]:
            row = await (await connection.execute(REMOVE, values)).fetchone()
            if row is None:
                raise AssertionError("a function call returns one row")
            return row

        removed = await database.write_at_length(unit, operation_id=operation)
        rows, hour = rows + removed["rows_removed"], removed["next_hour"]
        left += removed["hours_left"]
        if on_rows is not None:
            on_rows("removed", rows, hour_of(hour) or month.end)
    return Removed(rows, tuple(left))
