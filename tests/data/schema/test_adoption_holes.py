"""The holes of the other backend's tables: used, shown by their queries, and closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.support.database.schema import installed, run_shape
from tests.support.servers.postgres import run_schema_files
from tests.support.servers.supabase import as_web_user
from tui.data.schema.holes import HIDDEN_ROWS, HOLES, find_hidden_rows, find_holes
from tui.data.schema.plan import make_plan
from tui.data.schema.verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.supabase import SupabaseServer

EVE = "00000000-0000-4000-8000-0000000000e1"
FOREIGN_RIGHTS = "Every organisation's rows are open to everybody signed in"
OWN_RIGHTS = "People can grant themselves rights"
OPEN_API = "The credentials were open to everybody with the API's public key"
GRANTS = "The API's roles hold privileges on the tables"
NO_SECURITY = "Row security is off"
REWRITABLE = "The log can be rewritten"
NO_TRACE = "Changes leave no trace"
SEVERAL = "Several primary numbers"


@pytest.fixture
def project(supabase_server: SupabaseServer) -> Iterator[str]:
    name = supabase_server.create_project()
    yield supabase_server.conninfo(name, user="postgres")
    supabase_server.drop_database(name)


async def open_holes(conninfo: str) -> set[str]:
    async with await psycopg.AsyncConnection.connect(conninfo) as conn:
        return {hole.title for hole in await find_holes(conn)}


def rows_of(conninfo: str, title: str) -> list[tuple[Any, ...]]:
    """What a person sees who runs the hole's query."""
    query = next(hole.query for hole in HOLES if hole.title == title)
    with psycopg.connect(conninfo) as connection:
        return connection.execute(query).fetchall()


def attempt(conninfo: str, statement: str, role: str = "authenticated") -> int | str:
    """Rows that a signed-in Eve touches with it, or the error's name; rolled back."""
    with psycopg.connect(conninfo) as connection:
        as_web_user(connection, role, EVE)
        try:
            cursor = connection.execute(statement)
            return len(cursor.fetchall()) if cursor.description else cursor.rowcount
        except psycopg.Error as exc:
            return type(exc).__name__
        finally:
            connection.rollback()


READ_ALL = "select credentials_encrypted from public.integration_credentials"
DELETE_ALL = "delete from public.integration_credentials"
SELF_GRANT = "update public.user_integration_permissions set can_configure = true"
EMPTY_LOG = "truncate public.integration_audit_logs"


async def test_the_migrations_holes_are_real_shown_and_closed(project: str) -> None:
    run_shape(project, "plain_schema", "migration_006", "rows")
    assert attempt(project, READ_ALL) == 5 and attempt(project, DELETE_ALL) == 5
    assert attempt(project, SELF_GRANT) == 5 and attempt(project, EMPTY_LOG, "anon") == -1
    assert await open_holes(project) == {FOREIGN_RIGHTS, OWN_RIGHTS, GRANTS, REWRITABLE, NO_TRACE}
    assert {row[:2] for row in rows_of(project, FOREIGN_RIGHTS)} == {
        ("integration_credentials", "integration_credentials_org_access"),
        ("integration_audit_logs", "integration_audit_logs_org_access"),
        ("organization_phone_numbers", "phone_numbers_org_access"),
    }
    assert len(rows_of(project, GRANTS)) == 8
    report = await installed(project)
    assert {hole.title for hole in report.plan.holes} == {FOREIGN_RIGHTS, OWN_RIGHTS, GRANTS, REWRITABLE, NO_TRACE}
    assert await open_holes(project) == set()
    for statement in (READ_ALL, DELETE_ALL, SELF_GRANT):
        for role in ("anon", "authenticated"):
            assert attempt(project, statement, role) == "InsufficientPrivilege"
    for role in ("anon", "authenticated", "service_role", "postgres"):
        if role != "postgres":
            assert attempt(project, EMPTY_LOG, role) == "InsufficientPrivilege"


async def test_the_plain_files_holes_are_real_shown_and_closed(project: str) -> None:
    run_shape(project, "plain_schema", "rows")
    assert attempt(project, READ_ALL, "anon") == 5
    assert await open_holes(project) == {OPEN_API, GRANTS, NO_SECURITY, REWRITABLE, NO_TRACE}
    assert {row[0] for row in rows_of(project, OPEN_API)} == {"anon", "authenticated"}
    report = await installed(project)
    advice = next(hole for hole in report.plan.holes if hole.title == OPEN_API)
    assert "rotate" in advice.sentence
    assert await open_holes(project) == set()
    assert attempt(project, READ_ALL, "anon") == "InsufficientPrivilege"


async def test_a_column_of_its_own_makes_the_policy_sound_but_it_still_lets_members_write(project: str) -> None:
    """Where users has an organisation the other program's policy means what it says; the grants close it anyway."""
    with psycopg.connect(project) as connection:
        connection.execute("create table public.users (id uuid primary key, organization_id uuid)")
        connection.execute("create table public.integration_credentials (id uuid primary key, organization_id uuid)")
        connection.execute(
            "create policy integration_credentials_org_access on public.integration_credentials for all using "
            "(organization_id in (select organization_id from public.users where id = auth.uid()))"
        )
    assert FOREIGN_RIGHTS not in await open_holes(project)
    run_schema_files(project)
    assert attempt(project, DELETE_ALL) == "InsufficientPrivilege"


async def test_where_membership_is_known_people_see_what_they_hold_and_no_more_until_it_is_lost(project: str) -> None:
    run_shape(project, "plain_schema", "rows")
    with psycopg.connect(project) as connection:
        connection.execute("alter table users add column organization_id uuid")
        connection.execute("update users set organization_id = md5('organisation 1')::uuid")
        connection.execute(
            "update user_integration_permissions p set expires_at = now() - interval '1 minute' "
            "from integration_credentials c where c.id = p.integration_id and c.integration_type = 'zoho_mail'"
        )
        connection.execute("update organization_phone_numbers set assigned_to_user_id = %s", [EVE])
    run_schema_files(project)
    assert await open_holes(project) == set()
    async with await psycopg.AsyncConnection.connect(project) as conn:
        assert (await verify(conn)).is_well
    # Of five integrations two are Eve's organisation's, and of these one grant has expired.
    assert attempt(project, "select id, display_name from public.integration_credentials") == 1
    assert attempt(project, "select * from public.integration_credentials") == "InsufficientPrivilege"
    assert attempt(project, READ_ALL) == "InsufficientPrivilege"
    assert attempt(project, "select * from public.user_integration_permissions") == 5
    assert attempt(project, "select * from public.organization_phone_numbers") == 1
    assert attempt(project, "select * from public.integration_audit_logs") == "InsufficientPrivilege"
    for statement in (
        DELETE_ALL,
        SELF_GRANT,
        "update public.organization_phone_numbers set is_primary = true",
        "insert into public.user_integration_permissions (user_id, integration_id) select id, id from public.users",
    ):
        assert attempt(project, statement) == "InsufficientPrivilege"
    assert attempt(project, "select id from public.integration_credentials", "anon") == "InsufficientPrivilege"
    # A lost membership takes the policies along.
    with psycopg.connect(project) as connection:
        with pytest.raises(psycopg.errors.FeatureNotSupported, match="column used by a view"), connection.transaction():
            connection.execute("alter table public.users alter column email type varchar(200)")
        # The way round that docs/troubleshooting.md names.
        connection.execute("drop view switchboard.people cascade")
        connection.execute("alter table public.users alter column email type varchar(200)")
        connection.execute("alter table users drop column organization_id cascade")
    run_schema_files(project)
    with psycopg.connect(project) as connection:
        assert connection.execute("select email from switchboard.people order by 1 limit 1").fetchone()
    assert attempt(project, "select id from public.integration_credentials") == "InsufficientPrivilege"


async def test_a_program_that_would_see_no_rows_any_more_is_named_before(
    supabase_server: SupabaseServer, project: str
) -> None:
    run_shape(project, "plain_schema", "migration_006", "rows")
    for name in ("app", "reader", "member"):
        supabase_server.create_role(name, "login bypassrls" if name == "reader" else "login")
    with psycopg.connect(project) as connection:
        connection.execute("grant select (id) on integration_credentials to app, reader, member")
        connection.execute("grant all on integration_audit_logs to app")
        connection.execute("create policy theirs on integration_credentials for select to member using (true)")
    async with await psycopg.AsyncConnection.connect(project, autocommit=True) as conn:
        (warning,) = [hole for hole in (await make_plan(conn)).holes if hole.title == HIDDEN_ROWS.title]
    assert warning.sentence.startswith("app: granted") and not warning.closed_by
    run_schema_files(project)
    with psycopg.connect(psycopg.conninfo.make_conninfo(project, user="supabase_admin")) as connection:
        connection.execute("set role app")
        assert connection.execute("select id from integration_credentials").fetchall() == []
        connection.execute("set role member")
        assert len(connection.execute("select id from integration_credentials").fetchall()) == 5
        connection.execute("reset role")
        connection.execute("drop owned by app")
    async with await psycopg.AsyncConnection.connect(project) as conn:
        assert await find_hidden_rows(conn) == ()


OPENED_LATER = [
    ("grant select (id), truncate on public.organization_phone_numbers to anon", GRANTS),
    ("grant select on public.integration_credentials to authenticated", GRANTS),
    ("alter table public.integration_audit_logs disable row level security", NO_SECURITY),
    ("alter table public.integration_audit_logs disable trigger switchboard_append_only", REWRITABLE),
    ("alter table public.integration_audit_logs enable trigger switchboard_no_truncate", REWRITABLE),
    ("alter table public.organization_phone_numbers disable trigger switchboard_log_change", NO_TRACE),
    (
        "create policy mine on public.user_integration_permissions for insert to authenticated with check (true)",
        OWN_RIGHTS,
    ),
]


async def test_a_hole_that_is_opened_later_is_shown_again(project: str) -> None:
    run_schema_files(project)
    async with await psycopg.AsyncConnection.connect(project, autocommit=True) as conn:
        for breaking, title in OPENED_LATER:
            async with conn.transaction(force_rollback=True):
                await conn.execute(breaking)
                assert [hole.title for hole in await find_holes(conn)] == [title], breaking
        assert await find_holes(conn) == ()
    # The event triggers of Supabase itself are nobody's concern.
    with psycopg.connect(psycopg.conninfo.make_conninfo(project, user="supabase_admin")) as connection:
        connection.execute("create function watch() returns event_trigger language plpgsql as 'begin end'")
        connection.execute("create event trigger pgrst_ddl_watch on ddl_command_end execute function watch()")
    async with await psycopg.AsyncConnection.connect(project) as conn:
        assert (await verify(conn)).is_well
