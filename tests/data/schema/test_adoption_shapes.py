"""Adoption: every starting shape is told by its name, keeps its rows, and ends as a fresh installation does."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest

from tests.support.database.schema import SHAPES as FOLDER
from tests.support.database.schema import columns_of, installed, log_of, row_hashes, run_shape, shape_of
from tui.data.schema.adoption import StartingShape, starting_shape
from tui.data.schema.files import schema_text
from tui.data.schema.plan import make_plan
from tui.data.schema.preflight import preflight
from tui.data.schema.state import schema_state
from tui.data.schema.verify import verify
from tui.errors import PermissionDenied

if TYPE_CHECKING:
    from tests.support.servers.postgres import TestServer
    from tests.support.servers.supabase import SupabaseServer

PLAIN = ("plain_schema", "rows")
MIGRATION = ("plain_schema", "migration_006", "rows")

SHAPES = {
    "plain": (PLAIN, "", StartingShape.PLAIN_SCHEMA_FILE),
    "migration": (MIGRATION, "", StartingShape.MIGRATION_006),
    "broken off after one policy": (
        MIGRATION,
        "drop policy phone_numbers_org_access on organization_phone_numbers; "
        "drop policy integration_audit_logs_org_access on integration_audit_logs; "
        "drop policy user_integration_permissions_access on user_integration_permissions",
        StartingShape.MIGRATION_006_BROKEN_OFF,
    ),
    "broken off before the policies": (
        MIGRATION,
        "drop policy phone_numbers_org_access on organization_phone_numbers; "
        "drop policy integration_audit_logs_org_access on integration_audit_logs; "
        "drop policy user_integration_permissions_access on user_integration_permissions; "
        "drop policy integration_credentials_org_access on integration_credentials; "
        "alter table organization_phone_numbers disable row level security",
        StartingShape.MIGRATION_006_BROKEN_OFF,
    ),
    "half": (PLAIN, "drop table organization_phone_numbers, integration_audit_logs", StartingShape.PARTIAL_OR_DRIFTED),
    "drifted": (
        PLAIN,
        "alter table integration_credentials drop column is_verified, drop column updated_at, add column note text; "
        "alter table integration_credentials alter column display_name type text; "
        "alter table user_integration_permissions "
        "drop constraint user_integration_permissions_user_id_integration_id_key; "
        "alter table user_integration_permissions alter column daily_limit type bigint; "
        "alter table organization_phone_numbers drop constraint organization_phone_numbers_integration_id_fkey; "
        "alter table integration_audit_logs drop constraint integration_audit_logs_pkey; "
        "alter table integration_audit_logs alter column id drop not null; "
        "update organization_phone_numbers set organization_id = gen_random_uuid() where false; "
        "drop index idx_phone_numbers_assigned",
        StartingShape.PARTIAL_OR_DRIFTED,
    ),
}
# The tests below, and those of the holes, adopt the first two; what broke off has a part of the second.
BY_OTHER_TESTS = ("plain", "migration", "broken off after one policy", "broken off before the policies")


NAMES = (
    "select conname, pg_get_constraintdef(oid) from pg_constraint where connamespace = 'public'::regnamespace "
    "and contype <> 'n' union all select indexname, indexdef from pg_indexes where schemaname = 'public' "
    "union all select tgname, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal"
)
COLUMNS = (
    "select attrelid::regclass::text, attname, format_type(atttypid, atttypmod), attnotnull from pg_attribute "
    "join pg_class c on c.oid = attrelid where relnamespace = 'public'::regnamespace and relkind = 'r' "
    "and attnum > 0 and not attisdropped"
)


async def test_every_shape_is_told_by_its_name(supabase_like: str) -> None:
    async with await psycopg.AsyncConnection.connect(supabase_like, autocommit=True) as conn:
        for shape, (files, further, told) in SHAPES.items():
            async with conn.transaction(force_rollback=True):
                for name in files:
                    await conn.execute((FOLDER / f"{name}.sql").read_bytes())
                await conn.execute(further.encode())
                assert await starting_shape(conn, await preflight(conn)) == told, shape


def adoptable(server: SupabaseServer, shape: str) -> str:
    """A project in that shape with the other backend's rows."""
    files, further, _ = SHAPES[shape]
    conninfo = server.conninfo(server.create_project(), user="postgres")
    run_shape(conninfo, *files)
    if further:
        with psycopg.connect(conninfo) as connection:
            for statement in further.split("; "):
                connection.execute(statement)
    return conninfo


@pytest.mark.parametrize(
    "shape", [pytest.param(shape, marks=[pytest.mark.long] if shape in BY_OTHER_TESTS else []) for shape in SHAPES]
)
async def test_rows_stay_as_they_were_and_the_schema_is_complete(supabase_server: SupabaseServer, shape: str) -> None:
    conninfo = adoptable(supabase_server, shape)
    columns = columns_of(conninfo)
    before = row_hashes(conninfo, columns)
    with psycopg.connect(conninfo) as connection:
        catalogue = [set(connection.execute(query).fetchall()) for query in (NAMES, COLUMNS)]
    report = await installed(conninfo)
    # Nothing that was there is renamed, dropped or tightened.
    with psycopg.connect(conninfo) as connection:
        for query, earlier in zip((NAMES, COLUMNS), catalogue, strict=True):
            assert set(connection.execute(query).fetchall()) >= earlier
    assert report.plan.starting_shape == SHAPES[shape][2]
    assert row_hashes(conninfo, columns) == before and len(before) == sum(map(bool, columns.values()))
    assert report.verification is not None
    sentences = [drift.sentence for drift in report.verification.drifts]
    assert sentences == (
        ["public.integration_audit_logs lacks the constraint PRIMARY KEY (id)."] if shape == "drifted" else []
    )
    assert report.verification.holes == ()
    again = await installed(conninfo)
    assert not again.applied and again.plan.starting_shape == StartingShape.INSTALLED
    async with await psycopg.AsyncConnection.connect(conninfo) as conn:
        assert await schema_state(conn) == "installed"
    supabase_server.drop_database(psycopg.conninfo.conninfo_to_dict(conninfo)["dbname"])


async def test_times_never_recorded_are_not_invented_and_rows_without_their_integration_stay(
    supabase_server: SupabaseServer,
) -> None:
    conninfo = adoptable(supabase_server, "drifted")
    with psycopg.connect(conninfo) as connection:
        connection.execute("update organization_phone_numbers set integration_id = gen_random_uuid()")
    assert (await installed(conninfo)).applied
    with psycopg.connect(conninfo) as connection:
        query = "select count(*), count(updated_at), bool_and(is_verified is false) from integration_credentials"
        assert connection.execute(query).fetchone() == (5, 0, True)
        connection.execute(
            "insert into integration_credentials (organization_id, integration_type, credentials_encrypted) "
            "values (gen_random_uuid(), 'zoho_mail', 'x')"
        )
        assert connection.execute(query).fetchone() == (6, 1, True)
    with psycopg.connect(conninfo) as connection, pytest.raises(psycopg.errors.ForeignKeyViolation):
        connection.execute(
            "insert into organization_phone_numbers (organization_id, integration_id, phone_number) "
            "values (gen_random_uuid(), gen_random_uuid(), '1')"
        )


async def test_duplicates_keep_a_table_usable_and_are_told(supabase_server: SupabaseServer) -> None:
    conninfo = adoptable(supabase_server, "plain")
    with psycopg.connect(conninfo) as connection:
        connection.execute(
            "alter table organization_phone_numbers "
            "drop constraint organization_phone_numbers_organization_id_phone_number_key"
        )
        for _ in range(2):
            connection.execute(
                "insert into organization_phone_numbers (organization_id, phone_number, is_primary) "
                "values ('00000000-0000-4000-8000-000000000001', '1', true)"
            )
    report = await installed(conninfo)
    assert report.verification is not None
    assert [hole.title for hole in report.verification.holes] == ["Several primary numbers"]
    assert [drift.sentence for drift in report.verification.drifts] == [
        "public.organization_phone_numbers lacks the constraint UNIQUE (organization_id, phone_number).",
        "public.organization_phone_numbers lacks the index unique btree (organization_id) WHERE is_primary.",
    ]
    with psycopg.connect(conninfo) as connection:
        connection.execute(
            "delete from organization_phone_numbers where ctid = (select max(ctid) from organization_phone_numbers)"
        )
    assert (await installed(conninfo)).verification.is_well


async def test_who_is_not_the_owner_changes_nothing_and_gets_the_sql_for_the_owner(
    postgres: TestServer, empty_database: str
) -> None:
    for name in ("landlord", "guest"):
        postgres.create_role(name)
    database = psycopg.conninfo.conninfo_to_dict(empty_database)["dbname"]
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(f"alter database {database} owner to landlord")
        connection.execute(f"grant create on database {database} to guest")
        connection.execute("grant create on schema public to guest")
    owner, guest = (postgres.conninfo(database, user=name) for name in ("landlord", "guest"))
    run_shape(owner, *PLAIN)
    before = await shape_of(owner)
    with pytest.raises(
        PermissionDenied, match="integration_credentials belongs to the role landlord, and guest is not"
    ):
        await installed(guest)
    async with await psycopg.AsyncConnection.connect(guest) as conn:
        plan = await make_plan(conn)
        assert "Row security is off" in [hole.title for hole in plan.holes]
    assert plan.starting_shape == StartingShape.NOT_THE_OWNER and plan.sql_text == schema_text()
    assert len(plan.in_the_way) == 4 and "landlord" in plan.in_the_way[0].text
    assert await shape_of(owner) == before
    with (
        psycopg.connect(guest, autocommit=True) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege) as caught,
    ):
        connection.execute(plan.sql_text)
    assert "belongs to the role landlord" in str(caught.value)
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(plan.sql_text)
    async with await psycopg.AsyncConnection.connect(guest) as conn:
        assert (await verify(conn)).is_well and await schema_state(conn) == "installed"


async def test_the_other_program_goes_on_writing_as_owner_and_as_service_role_until_the_way_back(
    supabase_server: SupabaseServer,
) -> None:
    conninfo = adoptable(supabase_server, "migration")
    await installed(conninfo)
    for role in ("postgres", "service_role"):
        home, user = uuid4(), uuid4()
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(f"set role {role}")
            integration = connection.execute(
                "select id from public.integration_credentials where organization_id = %s and integration_type = %s",
                [home, "exotel_phone"],
            ).fetchone()
            assert integration is None
            (integration,) = connection.execute(
                "insert into public.integration_credentials (organization_id, integration_type, "
                "credentials_encrypted, display_name, created_by) values (%s, 'exotel_phone', 'a', 'Phone', %s) "
                "returning id",
                [home, user],
            ).fetchone() or (None,)
            connection.execute(
                "insert into public.organization_phone_numbers (organization_id, integration_id, phone_number, "
                "is_primary) values (%s, %s, '080-1', true), (%s, %s, '080-2', true)",
                [home, integration] * 2,
            )
            connection.execute(
                "insert into public.organization_phone_numbers (organization_id, phone_number, is_primary) "
                "values (%s, '080-2', true) on conflict (organization_id, phone_number) "
                "do update set is_primary = true",
                [home],
            )
            connection.execute(
                "update public.integration_credentials set credentials_encrypted = 'b', is_verified = true, "
                "updated_by = %s where id = %s",
                [user, integration],
            )
            connection.execute(
                "insert into public.user_integration_permissions (user_id, integration_id, can_send) "
                "values (%s, %s, true) on conflict (user_id, integration_id) "
                "do update set can_send = excluded.can_send",
                [user, integration],
            )
            connection.execute(
                "insert into public.integration_audit_logs (organization_id, integration_type, action, status, "
                "details) values (%s, 'exotel_phone', 'credential_configured', 'pending', '{}')",
                [home],
            )
            numbers = connection.execute(
                "select phone_number, is_primary from public.organization_phone_numbers "
                "where organization_id = %s order by 1",
                [home],
            ).fetchall()
            assert numbers == [("080-1", False), ("080-2", True)]
            connection.execute("delete from public.integration_credentials where id = %s", [integration])
            connection.execute("reset role")
            actions = [row["action"] for row in log_of(connection) if row["organization_id"] == home]
        # Its own trigger moves updated_at in an update that changes nothing else: that is a changed row, too.
        assert Counter(actions) == {
            "credential_created": 1, "credential_updated": 1, "credential_configured": 1, "credential_deleted": 1,
            "number_added": 2, "number_updated": 2, "number_deactivated": 2,
            "permission_granted": 1, "permission_revoked": 1,
        }  # fmt: skip
    await leave(conninfo)
    async with await psycopg.AsyncConnection.connect(conninfo) as conn:
        assert await schema_state(conn) == "partial"
    assert (await installed(conninfo)).verification.is_well


async def leave(conninfo: str) -> None:
    """Go the way back, which leaves the four tables to the other program."""
    columns = columns_of(conninfo)
    before = row_hashes(conninfo, columns)
    with psycopg.connect(conninfo) as connection:
        connection.execute("drop schema switchboard cascade")
    shape = await shape_of(conninfo)
    # An index goes on naming those who wrote a row; nothing else does.
    named = [line for line in map(str, shape) if "switchboard" in line.replace("'switchboard'::text", "")]
    assert not named
    assert row_hashes(conninfo, columns) == before
    with psycopg.connect(conninfo) as connection:
        connection.execute("update integration_credentials set display_name = 'x'")
        connection.execute("delete from integration_credentials")
        connection.execute("delete from integration_audit_logs")
