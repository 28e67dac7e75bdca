"""A fresh installation: the same by every way, all or nothing, and nothing at all the second time."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.support.commands import execute
from tests.support.database.schema import add_credential, installed, log_of, run_psql, shape_of
from tests.support.database.seal_tampering import check, seal
from tests.support.servers.postgres import run_schema_files
from tests.support.servers.supabase import SupabaseServer
from tests.support.waiting import wait_until
from tui.data.schema import apply, install
from tui.data.schema.adoption import StartingShape
from tui.data.schema.files import SchemaFile, schema_files, schema_text
from tui.data.schema.plan import make_plan
from tui.data.schema.state import schema_state
from tui.errors import Locked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.servers.postgres import TestServer
    from tui.data.schema.apply import Progress


OBJECTS = (
    "select 'trigger', oid::int8, xmin::text from pg_trigger "
    "union all select 'policy', oid::int8, xmin::text from pg_policy "
    "union all select 'class', oid::int8, relrowsecurity::text "
    "from pg_class where relnamespace = 'public'::regnamespace"
)
WAITING = "select a.xact_start from pg_stat_activity a join pg_locks l on l.pid = a.pid where not l.granted"


@pytest.fixture(params=["16", "supabase"])
def fresh(request: pytest.FixtureRequest) -> Iterator[Callable[[], tuple[TestServer, str]]]:
    """Makes databases whose owner, no superuser, is the one to install: on the oldest Postgres, and on the newest."""
    name = {"16": "postgres16", "supabase": "supabase_server"}[request.param]
    server = request.getfixturevalue(name)
    databases: list[str] = []

    def make_database() -> tuple[TestServer, str]:
        if request.param == "supabase":
            databases.append(server.create_project())
            return server, server.conninfo(databases[-1], user="postgres")
        if "owner" not in server.roles():
            server.create_role("owner")
        databases.append(server.create_database(owner="owner", prefix="fresh"))
        return server, server.conninfo(databases[-1], user="owner")

    yield make_database
    for database in databases:
        server.drop_database(database)
    server.drop_new_roles()


async def test_setup_psql_and_the_pasted_text_give_the_same_schema_and_change_nothing_the_second_time(
    fresh: Callable[[], tuple[TestServer, str]],
) -> None:
    """The text on Supabase, whose SQL editor it is pasted into, and psql on the other."""
    server, by_setup = fresh()
    _, by_hand = fresh()

    def run_by_hand(conninfo: str) -> None:
        if isinstance(server, SupabaseServer):
            execute(conninfo, schema_text())
        else:
            run_psql(server, conninfo)

    # What is granted to it is part of the shape.
    server.create_role("switchboard_admin")
    first = await installed(by_setup)
    run_by_hand(by_hand)
    shape = await shape_of(by_setup)
    assert len(shape) > 150
    assert await shape_of(by_hand) == shape
    assert first.applied and first.verification is not None and first.verification.is_well
    with psycopg.connect(by_setup, autocommit=True) as connection:
        log = log_of(connection)
        versions = connection.execute("select * from switchboard.schema_version order by id").fetchall()
        # By object id: dropping and making again would look the same as a shape, and lock the tables.
        objects = set(connection.execute(OBJECTS).fetchall())
        again = await installed(by_setup)
        assert not again.applied and again.plan.is_empty and again.statements_run == 0
        run_by_hand(by_setup)
        assert set(connection.execute(OBJECTS).fetchall()) == objects
        assert log_of(connection) == log
        assert connection.execute("select * from switchboard.schema_version order by id").fetchall() == versions
    assert await shape_of(by_setup) == shape


def test_what_another_role_upgrades_belongs_to_the_owner_who_can_still_write(
    fresh: Callable[[], tuple[TestServer, str]],
) -> None:
    """A superuser, or a member who may become the owner; whoever may not is told so before anything is written."""
    server, by_owner = fresh()
    run_schema_files(by_owner)
    database = conninfo_to_dict(by_owner)["dbname"]
    owner = conninfo_to_dict(by_owner)["user"]
    server.create_role("deputy", f"login in role {owner}")
    others = [server.conninfo(database, user="deputy"), server.conninfo(database)]
    strangers = """
    select count(*) from (select relowner as owner from pg_class where relnamespace = 'switchboard'::regnamespace
      union all select proowner from pg_proc where pronamespace = 'switchboard'::regnamespace) as o
     where o.owner <> (select nspowner from pg_namespace where nspname = 'switchboard')
    """
    for upgrading in others:
        with psycopg.connect(by_owner, autocommit=True) as connection:
            connection.execute("drop table switchboard.logins, switchboard.login_organizations cascade")
            connection.execute("drop view switchboard.visible_people, switchboard.people")
            connection.execute("drop function switchboard.only_with_everything, switchboard.person_label cascade")
            run_schema_files(upgrading)
            assert connection.execute(strangers).fetchone() == (0,)
            add_credential(connection)
            assert connection.execute("select from switchboard.visible_people").fetchall() == []
            connection.execute("delete from public.integration_credentials")
            assert len(log_of(connection)) % 2 == 0
            objects = set(connection.execute(OBJECTS).fetchall())
            run_schema_files(by_owner)
            assert set(connection.execute(OBJECTS).fetchall()) == objects
    server.create_role("guest")
    with server.admin() as admin:
        admin.execute(f"grant {owner} to guest with inherit true, set false")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="which guest may not become"):
        run_schema_files(server.conninfo(database, user="guest"))


async def test_a_dry_run_leaves_nothing_behind_and_no_roles(empty_database: str, postgres: TestServer) -> None:
    before = postgres.roles()
    report = await installed(empty_database, dry_run=True, roles=True)
    assert not report.applied and len(report.plan.missing) > 150
    assert await shape_of(empty_database) == frozenset()
    assert any(line.name.endswith("to switchboard_auditor") for line in report.plan.missing)
    assert postgres.roles() == before


async def test_a_failure_at_the_last_statement_leaves_nothing_behind(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = (*schema_files(), SchemaFile("999_broken.sql", "select 1 / 0;"))
    monkeypatch.setattr(apply, "schema_files", lambda: broken)
    with pytest.raises(Exception) as caught:
        await installed(empty_database)
    assert "999_broken.sql, statement 1" in caught.value.details
    assert await shape_of(empty_database) == frozenset()


async def test_a_lost_connection_in_the_middle_leaves_nothing_behind(empty_database: str, postgres: TestServer) -> None:
    def end_session(progress: Progress) -> None:
        if progress.done == progress.total - 2:
            with postgres.admin() as admin:
                admin.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity where state = 'idle in transaction'"
                )

    with pytest.raises(Exception) as caught:
        await installed(empty_database, progress=end_session)
    assert caught.value.exit_status == 1
    assert await shape_of(empty_database) == frozenset()


async def test_the_state_is_told_in_one_word(empty_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with await psycopg.AsyncConnection.connect(empty_database, autocommit=True) as conn:
        assert await schema_state(conn) == "missing"
        await conn.execute("create table public.integration_credentials (id uuid)")
        assert await schema_state(conn) == "partial"
        await conn.execute("drop table public.integration_credentials")
        run_schema_files(empty_database)
        assert await schema_state(conn) == "installed"
        monkeypatch.setattr("tui.data.schema.state.latest_number", lambda: 999)
        assert await schema_state(conn) == "outdated"
        monkeypatch.undo()
        await conn.execute("drop trigger switchboard_log_change on public.integration_credentials")
        assert await schema_state(conn) == "partial"


async def test_what_an_earlier_version_installed_is_outdated_until_seals_can_have_lists(set_up_database: str) -> None:
    with psycopg.connect(set_up_database) as owner:
        owner.execute("alter table switchboard.seals drop column row_list, drop column xid")
        owner.execute("comment on schema switchboard is 'switchboard schema 010'")
    async with await psycopg.AsyncConnection.connect(set_up_database, autocommit=True) as conn:
        assert await schema_state(conn) == "outdated"
        await installed(set_up_database)
        assert await schema_state(conn) == "installed"
    await seal(set_up_database)
    assert (await check(set_up_database)).is_well


async def test_an_installation_is_told_step_by_step_and_is_in_the_log_and_in_the_history(
    postgres: TestServer, empty_database: str
) -> None:
    postgres.log_every_statement(str(conninfo_to_dict(empty_database)["dbname"]))
    mark = postgres.log_size()
    steps: list[Progress] = []
    report = await installed(empty_database, progress=steps.append)
    assert [(step.file, step.number) for step in steps] == [(s.file, s.number) for s in report.plan.statements]
    assert [step.done for step in steps] == list(range(report.statements_run))
    # The catalogue is read before and after the files, and that is the proof; the statement that makes the function of
    # this text begins otherwise.
    assert len(re.findall(r"statement:\s+-- One row for each fact", postgres.log_since(mark))) == 2
    with psycopg.connect(empty_database) as connection:
        (row,) = log_of(connection)
        history = connection.execute(
            "select file, sha256, operator from switchboard.schema_version order by id"
        ).fetchall()
    assert row["action"] == "schema_changed" and row["details"]["operator"] == "a test"
    assert row["details"]["starting_shape"] == "nothing"
    assert history == [(file.name, file.sha256, "a test") for file in schema_files()]


async def test_a_plan_shows_what_is_missing_and_what_was_altered(set_up_database: str) -> None:
    with psycopg.connect(set_up_database) as connection:
        connection.execute("drop index public.idx_integration_audit_logs_action_time")
        connection.execute("alter table public.integration_audit_logs disable trigger switchboard_append_only")
        connection.execute("grant delete on public.integration_audit_logs to public")
    async with await psycopg.AsyncConnection.connect(set_up_database, autocommit=True) as conn:
        plan = await make_plan(conn)
    assert plan.starting_shape is StartingShape.INSTALLED
    assert [str(line) for line in plan.missing] == [
        "index public.integration_audit_logs: btree (action, created_at DESC)"
    ]
    assert [(line.kind, line.name) for line in plan.different] == [
        ("grant", "public.integration_audit_logs to public"),
        ("trigger", "public.integration_audit_logs.switchboard_append_only"),
    ]
    assert plan.different[0].text == "delete -> revoked"
    assert (await installed(set_up_database)).verification.is_well


async def test_an_installation_waits_for_a_lock_and_then_goes_through(
    set_up_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(set_up_database) as connection:
        connection.execute("alter table public.integration_credentials disable row level security")
    monkeypatch.setattr(install, "LIMITS", install.LIMITS._replace(lock_ms=50))
    attempts: set[object] = set()
    with psycopg.connect(set_up_database) as blocker, psycopg.connect(set_up_database, autocommit=True) as watcher:
        blocker.execute("lock table public.integration_credentials in access share mode")

        def tried_twice() -> bool:
            attempts.update(watcher.execute(WAITING).fetchall())
            return len(attempts) > 1

        installing = asyncio.create_task(installed(set_up_database))
        await asyncio.to_thread(wait_until, tried_twice)
        blocker.rollback()
        assert (await installing).applied


async def test_a_lock_that_stays_is_named_with_its_holder(
    set_up_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply, "ATTEMPTS", 1)
    monkeypatch.setattr(install, "LIMITS", install.LIMITS._replace(lock_ms=50))
    with psycopg.connect(set_up_database, application_name="nightly job") as blocker:
        blocker.execute("alter table public.integration_credentials disable row level security")
        blocker.commit()
        blocker.execute("lock table public.integration_credentials in access share mode")
        with pytest.raises(Locked, match="nightly job as role postgres"):
            await installed(set_up_database)


async def test_no_error_of_an_installation_carries_a_row(set_up_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        "insert into public.integration_credentials (organization_id, integration_type, credentials_encrypted) "
        "values (gen_random_uuid(), null, 'canary');"
    )
    monkeypatch.setattr(apply, "schema_files", lambda: (SchemaFile("001_canary.sql", text),))
    with psycopg.connect(set_up_database) as connection:
        connection.execute("drop index public.idx_integration_audit_logs_time")
    with pytest.raises(Exception) as caught:
        await installed(set_up_database)
    assert "integration_type" in f"{caught.value} {caught.value.details}"
    assert "canary" not in f"{caught.value} {caught.value.details} {caught.value.__cause__}".replace("001_canary", "")


def test_the_committed_text_of_the_schema_is_that_of_the_files() -> None:
    committed = Path(__file__).parents[3] / "docs" / "schema.sql"
    assert committed.read_text(encoding="utf-8") == schema_text(), "python -m tests.generate.schema"


def test_the_files_hold_statements_and_nothing_else() -> None:
    for file in schema_files():
        assert not [s for s in file.statements if s.sql.lower().lstrip().startswith(("begin", "commit", "\\"))]
        joined = "".join("".join(statement.sql.split()) for statement in file.statements)
        assert joined == "".join(file.text.split())


def test_the_last_file_says_its_own_number_in_the_database() -> None:
    last = schema_files()[-1]
    assert f"comment on schema switchboard is 'switchboard schema {last.name[:3]}';" in last.text
