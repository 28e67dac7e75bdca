"""What somebody with few rights could prepare, so that the owner's rights do something else than is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.support.database.schema import installed, log_of, run_files_with_roles, shape_of
from tests.support.servers.postgres import run_schema_files
from tui.data.schema.files import schema_text
from tui.data.schema.preflight import preflight
from tui.errors import SchemaInTheWay

if TYPE_CHECKING:
    from tests.support.servers.postgres import TestServer

HOME = "00000000-0000-4000-8000-00000000000a"
TYPES = ("uuid", "text", "jsonb", "inet", "timestamptz", "regclass", "int8", "bool", "name")
EVIL = """
create function pg_temp.evil() returns boolean language plpgsql as $$
begin
  if (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
    alter role eve superuser;
  end if;
  return true;
end
$$
"""
CLAIMS = (
    f"select set_config('switchboard.operator_id', '{HOME}', false), "
    "set_config('switchboard.source_address', '203.0.113.7', false), set_config('switchboard.fields', 'a,b', false)"
)
ACTS = {
    "switchboard_auditor": (f"select switchboard.log_act('log_exported', '{HOME}', null, 'success', '{{}}')",),
    "switchboard_support": (
        "update public.integration_credentials set is_active = false",
        "update public.organization_phone_numbers set is_primary = true, display_name = 'x'",
        f"insert into public.organization_phone_numbers (organization_id, phone_number) values ('{HOME}', '2')",
        "select switchboard.begin_open((select id from public.integration_credentials), 'test')",
    ),
}


async def test_a_temporary_type_never_runs_with_the_owners_rights(postgres: TestServer, empty_database: str) -> None:
    await run_files_with_roles(empty_database)
    with psycopg.connect(empty_database) as connection:
        connection.execute(
            "with c as (insert into public.integration_credentials (organization_id, integration_type, "
            "credentials_encrypted) values (%s, 'zoho_mail', 'x') returning id) "
            "insert into public.organization_phone_numbers (organization_id, integration_id, phone_number) "
            "select %s, id, '1' from c",
            [HOME, HOME],
        )
    postgres.create_role("eve")
    database = psycopg.conninfo.conninfo_to_dict(empty_database)["dbname"]
    for group, acts in ACTS.items():
        with psycopg.connect(empty_database) as connection:
            connection.execute(f"grant {group} to eve")
        with psycopg.connect(postgres.conninfo(database, user="eve"), autocommit=True) as eve:
            eve.execute(CLAIMS)
            eve.execute(EVIL)
            for name in TYPES:
                eve.execute(f"create domain pg_temp.{name} as pg_catalog.{name} check (pg_temp.evil())")
            for act in acts:
                assert eve.execute(act).rowcount == 1
        with psycopg.connect(empty_database) as connection:
            assert connection.execute("select rolsuper from pg_roles where rolname = 'eve'").fetchone() == (False,)
            assert log_of(connection)[-1]["details"]["session_user"] == "eve"
            connection.execute(f"revoke {group} from eve")


async def test_the_callers_search_path_decides_nothing(postgres: TestServer, set_up_database: str) -> None:
    shapes = [await shape_of(set_up_database)]
    for way in ("setup", "text"):
        name = postgres.create_database(prefix="trap")
        conninfo = postgres.conninfo(name)
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute("create schema trap")
            for kind in TYPES:
                connection.execute(f"create domain trap.{kind} as pg_catalog.{kind}")
            connection.execute(f"alter database {name} set search_path = trap, pg_catalog, public")
        if way == "text":
            with psycopg.connect(conninfo, autocommit=True) as connection:
                connection.execute(schema_text())
        else:
            await installed(conninfo)
        shapes.append(await shape_of(conninfo))
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute("drop schema trap cascade")
        assert await shape_of(conninfo) == shapes[-1]
        postgres.drop_database(name)
    assert len(set(shapes)) == 1


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("alter schema switchboard owner to mallory", "schema switchboard"),
        ("create table switchboard.keys (id int)", "relation switchboard.keys"),
        (
            "create function switchboard.uuid_or_null(value text) returns uuid language sql as 'select null::uuid'",
            "function switchboard.uuid_or_null",
        ),
    ],
)
async def test_what_somebody_else_put_into_the_schema_is_not_taken_over(
    postgres: TestServer, empty_database: str, statement: str, named: str
) -> None:
    postgres.create_role("mallory")
    with psycopg.connect(empty_database) as connection:
        connection.execute("create schema switchboard")
        connection.execute("grant create, usage on schema switchboard to mallory")
        if not statement.startswith("alter"):
            connection.execute("set role mallory")
        connection.execute(statement)
    with pytest.raises(SchemaInTheWay, match=f"{named} belongs to the role mallory") as caught:
        await installed(empty_database)
    assert "mallory" in caught.value.what_to_do
    with (
        psycopg.connect(empty_database, autocommit=True) as connection,
        pytest.raises(psycopg.Error, match=f"{named} belongs to the role mallory") as refused,
    ):
        connection.execute(schema_text())
    assert refused.value.sqlstate == "SB003"


async def test_the_owner_of_the_tables_may_own_the_schema_as_well(postgres: TestServer, empty_database: str) -> None:
    """A superuser goes on with what the tables' owner has installed."""
    postgres.create_role("landlord")
    database = psycopg.conninfo.conninfo_to_dict(empty_database)["dbname"]
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(f"alter database {database} owner to landlord")
    run_schema_files(postgres.conninfo(database, user="landlord"))
    async with await psycopg.AsyncConnection.connect(empty_database) as conn:
        assert (await preflight(conn)).problems == ()
    assert not (await installed(empty_database)).applied


async def test_details_cannot_claim_what_the_server_knows(installed_database: str) -> None:
    with psycopg.connect(installed_database) as connection:
        connection.execute(
            "select switchboard.log_act('log_exported', null, null, 'success', jsonb_build_object('kept', 1) || "
            "(select jsonb_object_agg(k, 'forged') from unnest(array['operator', 'operation_id', 'session_user', "
            "'role', 'client_address', 'xid', 'source']) k))"
        )
        details = log_of(connection)[-1]["details"]
    assert "forged" not in details.values() and details["source"] == "switchboard" and details["kept"] == 1
    assert not {"operator", "operation_id", "client_address"} & set(details)
