"""Whether a row is as it was sealed, by its hour alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.support.acme import ACME, opened
from tests.support.database.log_rows import let_eve_read, log_row, read_all, resolve_line
from tests.support.database.seal_tampering import LOG, ROW, SEALS, as_owner, row_id, seal, write_log
from tui.data.audit.pages import AuditReader
from tui.data.seals.row_check import check_row
from tui.errors import PermissionDenied

if TYPE_CHECKING:
    from uuid import UUID

    from tui.data.postgres.database import Database


async def verdicts(database: Database) -> dict[UUID, str | None]:
    of_log = AuditReader(database, await resolve_line(database, "org:* -action:log_sealed,schema_changed"))
    rows = (await read_all(of_log.older(limit=100))).rows
    return {row.id: await check_row(database, row) for row in rows}


async def test_each_row_is_judged_by_the_seal_of_its_hour(installed_database: str) -> None:
    write_log(installed_database)
    with psycopg.connect(installed_database) as connection:
        timeless = log_row(connection, timed=False, created_at=None)
        ancient = log_row(connection, created_at="0044-03-15 00:00:00+00 BC")
        log_row(connection, created_at="1969-12-31 22:59:59.5+00")
    async with opened(installed_database) as database:
        assert {*(await verdicts(database)).values()} == {"not sealed yet", None}
    await seal(installed_database)
    with psycopg.connect(installed_database) as connection:
        new = log_row(connection)
    async with opened(installed_database) as database:
        sealed = await verdicts(database)
        assert (sealed.pop(new), sealed.pop(ancient)) == ("not sealed yet", None)
        assert timeless in sealed and {*sealed.values()} == {"as sealed"}
        await as_owner(
            installed_database,
            f"update {LOG} set status = 'failed' where id = '{row_id(8, 2)}'",
            f"insert into {LOG} values ({ROW}, '2026-01-01 09:30+00')",
            f"insert into {LOG} select gen_random_uuid(), '{ACME}', null, 'x', 'x', 'x', null, null, null,"
            " '2026-01-01 10:30+00'",
            f"update {SEALS} set digest = sha256('x') where hour = '2026-01-01 11:00+00'",
        )
        now = await verdicts(database)
    by_hour = {8: "hour altered", 9: "hour altered", 11: "seal altered"}
    for hour, verdict in by_hour.items():
        assert now.pop(row_id(hour, 1)) == verdict
    assert now.pop(row_id(8, 2)) == "altered"
    assert now[timeless] == "as sealed"
    assert "added" in now.values()
    assert "seal missing" in now.values()


async def test_who_does_not_see_the_whole_log_is_told_nothing(installed_database: str) -> None:
    with psycopg.connect(installed_database) as connection:
        log_row(connection)
        let_eve_read(connection)
    async with opened(installed_database) as owner:
        (row,) = (await read_all(AuditReader(owner, await resolve_line(owner, "action:email_sent")).older())).rows
    async with opened(installed_database.replace("postgres@", "eve@")) as database:
        with pytest.raises(PermissionDenied):
            await check_row(database, row)
