"""A log with a sealed month, which is archived and removed as if the row of the log about it was hours old."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import patch

import psycopg

from tests.support.acme import opened
from tests.support.database.seal_tampering import KEY, LOG, SEALS, as_owner, write_log
from tui.data.archive.check import check_archives
from tui.data.archive.folder import ArchiveFolder
from tui.data.archive.month import Month
from tui.data.archive.plan import plan_months
from tui.data.archive.remove import remove_month, require_file
from tui.data.archive.write import archive_month
from tui.data.seals import hours as seal_hours
from tui.data.seals import sealing
from tui.data.seals.sealing import seal_log
from tui.data.seals.verify import verify_log

if TYPE_CHECKING:
    from pathlib import Path

    from tui.data.archive.remove import Removed
    from tui.data.archive.seals_file import SealsFile
    from tui.data.postgres.database import Database
    from tui.data.seals.hour_digest import Version
    from tui.data.seals.report import SealReport

JANUARY, MARCH = Month(2026, 1), Month(2026, 3)
# Older than what was sealed before it was written.
BACK_DATE = f"""
alter table {LOG} disable trigger switchboard_append_only;
alter table switchboard.archives disable trigger switchboard_append_only;
update {LOG} set created_at = created_at - interval '2 hours' where id in (select log_row from switchboard.archives)
  and created_at > now() - interval '30 minutes';
update switchboard.archives set archived_at = archived_at - interval '2 hours'
 where archived_at > now() - interval '30 minutes';
alter table {LOG} enable always trigger switchboard_append_only;
alter table switchboard.archives enable always trigger switchboard_append_only;
"""


async def sealed_january(conninfo: str, version: Version = 2) -> None:
    """Write rows of 2026-01-01, and seal the log, but for the last hours."""
    write_log(conninfo)
    if version == 1:
        await as_owner(conninfo, f"alter table {SEALS} drop constraint seals_of_version_2")
    with patch.object(sealing, "VERSION", version):
        await seal_hours_ago(conninfo)
    if version == 1:
        constraint = "add constraint seals_of_version_2 check (root is not null) not valid"
        await as_owner(conninfo, f"alter table {SEALS} {constraint}")


async def seal_hours_ago(conninfo: str, minutes: int = 240) -> None:
    """Seal the log, but for what is younger."""
    with patch.object(seal_hours, "SETTLED_MIN", minutes):
        async with opened(conninfo) as database:
            await seal_log(database, KEY)


async def seal_acts(conninfo: str) -> None:
    """Seal what the log says of archives, as if that was hours ago."""
    with psycopg.connect(conninfo) as connection:
        connection.execute(BACK_DATE.encode())
    async with opened(conninfo) as database:
        await seal_log(database, KEY)


async def archive(conninfo: str, folder: Path, month: Month = JANUARY) -> SealsFile:
    """Archive a month into a folder."""
    async with opened(conninfo) as database:
        with ArchiveFolder(folder) as opened_folder:
            return await archive_month(database, opened_folder, month)


async def remove(conninfo: str, folder: Path, month: Month = JANUARY) -> Removed:
    """Remove a month whose file is in the folder."""
    async with opened(conninfo) as database:
        with ArchiveFolder(folder) as opened_folder:
            (planned,) = [each for each in await plan_months(database, MARCH) if each.month == month]
            assert planned.archive is not None
            await require_file(database, opened_folder, planned.archive)
        return await remove_month(database, month)


async def states(database: Database) -> dict[str, str]:
    """Return how far each month before March has come."""
    return {str(each.month): each.state for each in await plan_months(database, MARCH)}


async def check_with_files(conninfo: str, folder: Path) -> SealReport:
    """Return what verify says of the log and of its archives."""
    async with opened(conninfo) as database:
        report = await verify_log(database)
        with ArchiveFolder(folder) as opened_folder:
            await check_archives(database, opened_folder, report)
    return report
