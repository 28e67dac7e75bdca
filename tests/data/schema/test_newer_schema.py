"""A schema of a newer version than this one: read, never written and never set up again."""

from __future__ import annotations

from pathlib import Path
from subprocess import CalledProcessError
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.support.acme import ACME, keyring, opened
from tests.support.commands import contents
from tests.support.database.schema import installed, run_psql, set_up_by_a_newer_version, shape_of
from tests.support.database.seal_tampering import KEY, check, seal, write_log
from tests.support.servers.postgres import run_schema_files
from tui.data.log_act import log_act
from tui.data.schema import plan
from tui.data.schema.files import schema_text
from tui.data.schema.state import schema_state
from tui.data.seals.protection import OF_A_NEWER
from tui.data.seals.sealing import seal_log
from tui.data.setup.doctor import examine
from tui.errors import SchemaNewer

if TYPE_CHECKING:
    from tests.support.servers.postgres import TestServer
    from tui.data.postgres.database import Connection


async def test_a_newer_schema_is_told_from_every_other_state(empty_database: str) -> None:
    async with await psycopg.AsyncConnection.connect(empty_database, autocommit=True) as conn:
        run_schema_files(empty_database)
        set_up_by_a_newer_version(empty_database)
        assert await schema_state(conn) == "newer"
        # What a later version leaves out is not a part that is missing.
        await conn.execute("drop trigger switchboard_log_change on public.organization_phone_numbers")
        assert await schema_state(conn) == "newer"


async def test_older_files_are_refused_by_every_way_and_leave_a_newer_schema_as_it_is(
    postgres: TestServer, installed_database: str
) -> None:
    set_up_by_a_newer_version(installed_database)
    with psycopg.connect(installed_database) as connection:
        # Something that a run of the files would put back.
        connection.execute("drop index public.idx_integration_audit_logs_time")
    before = await shape_of(installed_database), contents(installed_database)
    for options in ({}, {"dry_run": True}, {"roles": True}):
        with pytest.raises(SchemaNewer, match="Upgrade Switchboard"):
            await installed(installed_database, **options)
    with pytest.raises(CalledProcessError) as refused:
        run_psql(postgres, installed_database)
    assert "a newer Switchboard has set this database up" in refused.value.stderr
    with (
        psycopg.connect(installed_database, autocommit=True) as connection,
        pytest.raises(psycopg.DatabaseError, match="a newer Switchboard"),
    ):
        connection.execute(schema_text())
    assert (await shape_of(installed_database), contents(installed_database)) == before


async def test_a_newer_schema_that_is_set_up_between_the_plan_and_the_lock_is_left_alone(
    installed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(installed_database) as connection:
        connection.execute("drop index public.idx_integration_audit_logs_time")
    take_lock = plan.take_lock

    async def upgrade_and_take_lock(conn: Any) -> None:
        set_up_by_a_newer_version(installed_database)
        await take_lock(conn)

    monkeypatch.setattr(plan, "take_lock", upgrade_and_take_lock)
    with pytest.raises(SchemaNewer):
        await installed(installed_database)
    assert ("schema", "switchboard", "switchboard schema 999") in {
        (line.kind, line.name, line.text) for line in await shape_of(installed_database)
    }


async def test_a_newer_schema_is_never_sealed_and_verify_cannot_tell_what_protects_it(installed_database: str) -> None:
    write_log(installed_database)
    await seal(installed_database)
    set_up_by_a_newer_version(installed_database)
    async with opened(installed_database) as database:
        database.refusal = SchemaNewer
        with pytest.raises(SchemaNewer):
            await seal_log(database, KEY)
    report = await check(installed_database)
    assert [(finding.kind, finding.sentence) for finding in report.findings] == [("protection", OF_A_NEWER)]
    assert report.rows >= 12


async def test_a_write_is_refused_before_anything_is_sent_and_the_log_is_written(installed_database: str) -> None:
    log_rows = []

    async def unit(connection: Connection) -> None:
        log_rows.append(await log_act(connection, "connection_tested", ACME, "zoho_mail"))

    async with opened(installed_database) as database:
        database.refusal = SchemaNewer
        with pytest.raises(SchemaNewer):
            await database.write(unit)
        assert log_rows == []
        await database.write(unit, log_only=True)
    assert len(log_rows) == 1


async def test_the_doctor_names_a_newer_schema_and_judges_nothing_that_only_the_newer_one_can(
    installed_database: str,
) -> None:
    with psycopg.connect(installed_database) as connection:
        connection.execute("drop index public.idx_integration_audit_logs_time")
    set_up_by_a_newer_version(installed_database)
    async with opened(installed_database) as database:
        findings = await examine(database, keyring(), connection=None, env_file=Path("/nonexistent/.env"))
    assert [finding.sentence for finding in findings if finding.state != "ok"] == [SchemaNewer().sentence]
    assert not [finding for finding in findings if "switchboard setup" in finding.what_to_do and finding.state != "ok"]
