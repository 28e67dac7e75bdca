"""A log too large to lock: its indexes are built afterwards, while others write, and by one builder at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.support.database.schema import installed, run_psql, run_shape
from tests.support.waiting import wait_until
from tui.data.schema.apply import LOCK_KEY
from tui.data.schema.plan import make_plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer

FILL = (
    "insert into integration_audit_logs (organization_id, integration_type, action, status) "
    "select '00000000-0000-4000-8000-000000000001', 'zoho_mail', 'email_sent', 'success' "
    "from generate_series(1, 100000)"
)
SIX = (
    "idx_integration_audit_logs_action_time",
    "idx_integration_audit_logs_org_not_success",
    "idx_integration_audit_logs_own",
    "idx_integration_audit_logs_time",
    "idx_integration_audit_logs_user_time",
    "idx_integration_audit_logs_uses",
)
TIME = "idx_integration_audit_logs_time"
NAMES = (
    "select indexrelid::regclass::text from pg_index "
    "where indrelid = 'integration_audit_logs'::regclass and indisvalid and not indisprimary"
)


@pytest.fixture(scope="module")
def large_template(postgres: TestServer) -> str:
    name = postgres.create_database(prefix="large_template")
    run_shape(postgres.conninfo(name), "plain_schema")
    with psycopg.connect(postgres.conninfo(name)) as connection:
        connection.execute(FILL)
    return name


@pytest.fixture
def large(postgres: TestServer, large_template: str) -> Iterator[str]:
    name = postgres.create_database(template=large_template, prefix="large")
    yield postgres.conninfo(name)
    postgres.drop_database(name)


def indexes(conninfo: str) -> set[str]:
    with psycopg.connect(conninfo) as connection:
        return {name for (name,) in connection.execute(NAMES)}


async def test_setup_builds_the_indexes_of_a_large_log_after_the_commit_by_names_that_are_free(large: str) -> None:
    with psycopg.connect(large) as connection:
        connection.execute(f"create index {TIME} on users (email)")
        connection.execute("create table idx_integration_audit_logs_action_time ()")
    async with await psycopg.AsyncConnection.connect(large, autocommit=True) as conn:
        assert (await make_plan(conn)).log_indexes == SIX
    report = await installed(large)
    taken = {TIME, "idx_integration_audit_logs_action_time"}
    built = {f"{name}_2" if name in taken else name for name in SIX}
    assert set(report.indexes_built) == built
    assert indexes(large) == {*built, "idx_integration_audit_logs_org_time"}
    assert report.verification is not None and report.verification.is_well


async def test_psql_leaves_the_indexes_to_setup_which_replaces_what_a_broken_build_left(
    postgres: TestServer, large: str
) -> None:
    output = run_psql(postgres, large)
    assert "these indexes are left to `switchboard setup`" in output.splitlines()[-1]
    assert indexes(large) == {"idx_integration_audit_logs_org_time"}
    with psycopg.connect(large) as connection:
        connection.execute(f"create index {TIME} on integration_audit_logs (created_at desc)")
        connection.execute(f"update pg_index set indisvalid = false where indexrelid = '{TIME}'::regclass")
    report = await installed(large)
    assert report.indexes_built == SIX and report.statements_run == 0
    assert indexes(large) == {*SIX, "idx_integration_audit_logs_org_time"}


async def test_an_installation_that_waits_for_a_builder_holds_no_snapshot(set_up_database: str) -> None:
    """CREATE INDEX CONCURRENTLY waits for every snapshot, so whoever waits for it with one is a deadlock."""
    with psycopg.connect(set_up_database, autocommit=True) as builder:
        builder.execute("select pg_advisory_lock(%s)", [LOCK_KEY])
        waiting = asyncio.create_task(installed(set_up_database))
        asks = (
            "select count(*) from pg_stat_activity where query like '%advisory_xact_lock%' and pid <> pg_backend_pid()"
        )
        holds = f"{asks} and backend_xmin is null and state = 'idle in transaction'"
        await asyncio.to_thread(wait_until, lambda: builder.execute(holds).fetchone() == (1,), 2.5)
        builder.execute("select pg_advisory_unlock(%s)", [LOCK_KEY])
        await waiting


async def test_a_builder_waits_for_another_one_without_blocking_it(large: str) -> None:
    """Two installations at once: the second waits at the lock, finds nothing left to do, and neither deadlocks."""
    first, second = await asyncio.gather(installed(large), installed(large))
    assert sorted([first.indexes_built, second.indexes_built], key=len)[1] == SIX
    assert indexes(large) == {*SIX, "idx_integration_audit_logs_org_time"}
    with psycopg.connect(large) as connection:
        assert connection.execute("select pg_try_advisory_lock(%s)", [LOCK_KEY]).fetchone() == (True,)
        actions = connection.execute(
            "select count(*) from integration_audit_logs where action = 'schema_changed'"
        ).fetchone()
    assert actions is not None and actions[0] >= 1
