"""What prevents an installation is found before anything runs, and says who lacks what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.support.database.schema import installed, run_shape, shape_of
from tui.data.schema.plan import make_plan
from tui.errors import PermissionDenied, SchemaInTheWay, ServerUnsuitable, SwitchboardError

if TYPE_CHECKING:
    from tests.support.servers.postgres import TestServer


async def refusal(conninfo: str, kind: type[SwitchboardError], **options: bool) -> SwitchboardError:
    """The error that an installation ends with, nothing having changed."""
    before = await shape_of(conninfo)
    with pytest.raises(kind) as caught:
        await installed(conninfo, **options)
    assert await shape_of(conninfo) == before
    return caught.value


def as_guest(postgres: TestServer, conninfo: str) -> str:
    postgres.create_role("guest")
    return postgres.conninfo(psycopg.conninfo.conninfo_to_dict(conninfo)["dbname"], user="guest")


async def test_each_privilege_that_is_lacking_is_named_with_the_role(postgres: TestServer, empty_database: str) -> None:
    guest = as_guest(postgres, empty_database)
    failure = await refusal(guest, PermissionDenied)
    assert "role guest lacks the privilege CREATE on the database empty_" in failure.sentence
    assert failure.what_to_do.startswith("Let its owner run: grant create on database")
    assert failure.exit_status == 3
    with psycopg.connect(empty_database) as connection:
        connection.execute(f'grant create on database "{connection.info.dbname}" to guest')
    failure = await refusal(guest, PermissionDenied)
    assert "role guest lacks the privilege CREATE on the schema public" in failure.sentence
    with psycopg.connect(empty_database) as connection:
        connection.execute("grant create on schema public to guest")
    failure = await refusal(guest, PermissionDenied, roles=True)
    assert "lacks the attribute CREATEROLE, so it cannot create switchboard_admin" in failure.sentence
    assert (await installed(guest)).verification.is_well


async def test_somebody_elses_schema_switchboard_is_named(postgres: TestServer, empty_database: str) -> None:
    guest = as_guest(postgres, empty_database)
    with psycopg.connect(empty_database) as connection:
        connection.execute("create schema switchboard")
    failure = await refusal(guest, PermissionDenied)
    assert "schema switchboard belongs to the role postgres" in failure.sentence


async def test_what_has_the_name_of_a_table_is_named_and_left_alone(empty_database: str) -> None:
    for kind, name, definition in (
        ("view", "integration_audit_logs", " as select 1 as id"),
        ("materialized view", "integration_credentials", " as select 1 as id"),
        ("sequence", "organization_phone_numbers", ""),
    ):
        with psycopg.connect(empty_database) as connection:
            connection.execute(f"create {kind} public.{name}{definition}")
        failure = await refusal(empty_database, SchemaInTheWay)
        assert f"public.{name} is in the way" in failure.sentence
        with psycopg.connect(empty_database) as connection:
            connection.execute(f"drop {kind} public.{name}")


async def test_columns_of_another_type_are_all_named_and_left_alone(empty_database: str) -> None:
    run_shape(empty_database, "plain_schema", "rows")
    with psycopg.connect(empty_database) as connection:
        connection.execute("alter table integration_audit_logs alter column details type json")
        connection.execute("alter table organization_phone_numbers alter column created_at type timestamp")
        connection.execute("alter table organization_phone_numbers drop column phone_number")
    failure = await refusal(empty_database, SchemaInTheWay)
    assert failure.sentence == "The column public.integration_audit_logs.details is of type json, and jsonb is needed."
    async with await psycopg.AsyncConnection.connect(empty_database) as conn:
        plan = await make_plan(conn)
    assert [line.text for line in plan.in_the_way] == [
        "The column public.integration_audit_logs.details is of type json, and jsonb is needed.",
        "The column public.organization_phone_numbers.phone_number is missing, "
        "and the table has rows that would need a value.",
        "The column public.organization_phone_numbers.created_at is of type timestamp without time zone, "
        "and timestamp with time zone is needed.",
    ]
    assert plan.way_out == failure.what_to_do != ""
    assert not plan.is_empty and plan.missing == ()


async def test_a_server_that_only_reads_is_refused(postgres: TestServer, empty_database: str) -> None:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(f'alter database "{connection.info.dbname}" set default_transaction_read_only = on')
    failure = await refusal(empty_database, ServerUnsuitable)
    assert "set to read-only" in failure.sentence


@pytest.mark.parametrize(
    ("fact", "sentence"),
    [
        ({"version": 130012}, "The server runs PostgreSQL 13.12, and 14 is the oldest that works."),
        (
            {"version": 180004, "in_recovery": True},
            "The server is PostgreSQL 18.4, but a standby, so nothing can be written there.",
        ),
        (
            {"pooling": "transaction"},
            "This is a transaction pooler, which does not keep the locks that an installation needs.",
        ),
    ],
)
async def test_an_unsuitable_server_is_refused_with_the_reason(
    empty_database: str, monkeypatch: pytest.MonkeyPatch, fact: dict[str, object], sentence: str
) -> None:
    """Servers that cannot be started here: the real one's facts with one of them changed."""
    from tui.data.schema import preflight as module

    real = module.probe

    async def probe(conn: psycopg.AsyncConnection) -> object:
        return (await real(conn))._replace(**fact)

    monkeypatch.setattr(module, "probe", probe)
    assert (await refusal(empty_database, ServerUnsuitable)).sentence == sentence
