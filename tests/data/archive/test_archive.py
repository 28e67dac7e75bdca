"""Months leave the log: written, proven, recorded, and only then removed."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.support.acme import opened
from tests.support.commands import execute
from tests.support.database.seal_tampering import HOURS, KEY, LOG, check, write_log
from tui.data.archive.folder import ArchiveFolder
from tui.data.archive.month import Month
from tui.data.archive.plan import plan_months
from tui.data.archive.remove import remove_month, require_file
from tui.data.archive.write import archive_month
from tui.data.seals import hours as seal_hours
from tui.data.seals.sealing import seal_log
from tui.errors import Conflict

if TYPE_CHECKING:
    from pathlib import Path

    from tui.data.postgres.database import Database

JANUARY = Month(2026, 1)
ADD = (
    "insert into public.integration_audit_logs (organization_id, integration_type, action, status, details, "
    "ip_address, user_agent, created_at) values (gen_random_uuid(), {}, 'x', 'failed', {}, {}, {}, {})"
)


# A row of the log that says that a month is archived is made older than what was sealed before it.
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


async def seal_hours_ago(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seal the log, but for the last hours."""
    with monkeypatch.context() as patched:
        patched.setattr(seal_hours, "SETTLED_MIN", 240)
        await seal_log(database, KEY)


async def seal_acts(database: Database, conninfo: str) -> None:
    """Seal what the log says of archives, as if that was hours ago."""
    with psycopg.connect(conninfo) as connection:
        connection.execute(BACK_DATE.encode())
    await seal_log(database, KEY)


async def states(database: Database) -> dict[str, str]:
    return {str(each.month): each.state for each in await plan_months(database, Month(2026, 3))}


async def test_a_month_is_written_proven_sealed_and_removed(
    installed_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_log(installed_database)
    for values in (
        ("E'a\"b\\\\c\\td'", """'{"zz": [1.50, 1e3, null], "b": "\\u00e9\\n\\u2028"}'""", "'2001:db8::1/64'"),
        ("'x'", "null", "null"),
    ):
        execute(installed_database, ADD.format(*values, "E'\\x7f ü 😀'", "'2026-01-31 23:59:59.999999+00'"))
    async with opened(installed_database) as database:
        assert await states(database) == {"2026-01": "not sealed"}
        await seal_hours_ago(database, monkeypatch)
        assert await states(database) == {"2026-01": "to archive"}
        with ArchiveFolder(tmp_path) as folder:
            record = await archive_month(database, folder, JANUARY)
            assert (record.rows, record.left_out) == (sum(HOURS.values()) + 2, ())
            assert await states(database) == {"2026-01": "archived"}
            with pytest.raises(Conflict, match="not under a seal yet"):
                await remove_month(database, JANUARY)
            # Again, as after a kill before the commit: what is there is proven and used.
            again = await archive_month(database, folder, JANUARY)
            assert (again.sha256, again.rows) == (record.sha256, record.rows)
            await seal_acts(database, installed_database)
            (planned,) = await plan_months(database, Month(2026, 3))
            assert planned.state == "to remove" and planned.archive is not None
            await require_file(database, folder, planned.archive)
            removed = await remove_month(database, JANUARY)
        assert (removed.rows, removed.hours_left) == (record.rows, ())
        assert await states(database) == {"2026-01": "removed"}
    with gzip.open(tmp_path / JANUARY.file, "rt", encoding="utf-8") as file:
        rows: list[dict[str, Any]] = list(map(json.loads, file))
    assert len(rows) == record.rows
    assert execute(installed_database, "select count(*) from switchboard.archives") == [(1,)]
    report = await check(installed_database)
    assert report.findings == []
    assert {name: month.rows for name, month in report.removed.items()} == {"2026-01": record.rows}
