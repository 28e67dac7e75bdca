"""What the database says of the months that were archived: which hours of the log may be empty, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from psycopg.rows import class_row

from tui.data.seals.hours import HOUR, SETTLED_MIN

if TYPE_CHECKING:
    from datetime import date

    from tui.data.postgres.database import Database
    from tui.data.seals.chain import Seal

# A schema before 020 has none.
HAS_ARCHIVES = "select to_regclass('switchboard.archives') is not null as has_them"
# Without the row of the log that was written with it, an archive is what anybody with the owner's rights says. (Before
# that row leaves itself, switchboard.keep_acts writes both anew.) The time is asked for as well, since an adopted log
# may have no index on its ids.
ARCHIVES = """
select distinct on (a.month) a.month, a.row_count, a.sha256, a.left_out, a.first_seal, a.last_seal, a.log_row,
       a.archived_at, a.archived_by,
       exists (select from public.integration_audit_logs as l
                where l.id = a.log_row and l.action = 'log_archived'
                  and l.created_at >= written.after and l.created_at <= written.before
                  and l.details ->> 'month' = to_char(a.month, 'YYYY-MM')
                  and l.details ->> 'sha256' = encode(a.sha256, 'hex')) as is_logged
  from switchboard.archives as a
 cross join lateral (select a.archived_at - interval '1 minute' as after, a.archived_at + interval '1 minute' as before
                     offset 0) as written
 order by a.month, a.id desc
"""


@dataclass(frozen=True, slots=True)
class Archive:
    """The newest row of switchboard.archives for a month; `is_logged` is whether the log says so as well."""

    month: date
    row_count: int
    sha256: bytes
    left_out: list[datetime]
    first_seal: int
    last_seal: int
    log_row: object
    archived_at: datetime
    archived_by: str
    is_logged: bool

    @property
    def name(self) -> str:
        """The month as 2026-01."""
        return f"{self.month:%Y-%m}"

    @property
    def hours_left_out(self) -> tuple[int, ...]:
        """The hours of which no row is in the file, in seconds since 1970."""
        return tuple(int(hour.timestamp()) for hour in self.left_out)

    @property
    def sealed_from(self) -> datetime:
        """The earliest moment at which a seal can cover the row of the log that says so."""
        hour = self.archived_at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        return hour + timedelta(seconds=HOUR, minutes=SETTLED_MIN)


@dataclass(slots=True)
class RemovedMonth:
    """What a check met of a month: how many rows of how many hours are gone from the log, into the archive.

    `is_file_checked` is whether the file of the archive was compared with the seals as well.
    """

    archive: Archive
    rows: int = 0
    hours: int = 0
    is_file_checked: bool = False


async def read_archives(database: Database) -> list[Archive]:
    """Return the newest record of each archived month, the oldest first. Raises what Database.read raises."""
    if not await database.fetch_value(HAS_ARCHIVES):
        return []
    return await database.fetch_all(ARCHIVES, row_factory=class_row(Archive))


def archive_of(seal: Seal, archives: dict[str, Archive]) -> Archive | None:
    """Return the archive, of those by their months' names, that explains why the rows under a seal are gone."""
    if seal.hour is None or not seal.row_count:
        return None
    try:
        archive = archives.get(f"{datetime.fromtimestamp(seal.hour, UTC):%Y-%m}")
    except (OverflowError, ValueError, OSError):
        return None
    if archive is None or not archive.is_logged or seal.hour in archive.hours_left_out:
        return None
    return archive if archive.first_seal <= seal.id <= archive.last_seal else None
