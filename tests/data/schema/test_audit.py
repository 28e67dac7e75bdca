"""The log of changes: one row per changed row, with who claims it, what the server knows, and never an envelope."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.support.database.schema import log_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer

    Connection = psycopg.Connection[Any]

HOME = UUID("11111111-1111-4111-8111-111111111111")
NIL = UUID(int=0)
SB2 = "sb2.AAAAAAAAAAAAAAAAAAAAAA.AAAA.AAAA.canary"
LEGACY = "0" * 32 + ":" + "a" * 32 + ":" + b"canary".hex()


@pytest.fixture(scope="module")
def database(postgres: TestServer, installed_template: str) -> Iterator[str]:
    name = postgres.create_database(template=installed_template, prefix="audit")
    yield postgres.conninfo(name)
    postgres.drop_database(name)


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    """A connection whose transaction is never committed."""
    with psycopg.connect(database, application_name="the test") as connected:
        connected.execute("select 1")
        yield connected
        connected.rollback()


@pytest.fixture
def committing(installed_database: str) -> Iterator[Connection]:
    with psycopg.connect(installed_database, autocommit=True, application_name="the test") as connected:
        yield connected


def add_credential(connection: Connection, kind: str = "exotel_phone", home: UUID = HOME, **values: Any) -> UUID:
    values = {"id": uuid4(), "organization_id": home, "integration_type": kind, "credentials_encrypted": SB2} | values
    columns, places = ", ".join(values), ", ".join(f"%({name})s" for name in values)
    connection.execute(f"insert into public.integration_credentials ({columns}) values ({places})", values)
    return values["id"]


def add_permission(connection: Connection, integration: UUID) -> UUID:
    row = connection.execute(
        "insert into public.user_integration_permissions (user_id, integration_id, can_view) "
        "values (gen_random_uuid(), %s, true) returning id",
        [integration],
    ).fetchone()
    assert row
    return row[0]


def add_number(connection: Connection, integration: UUID | None, number: str = "+918012345678", **values: Any) -> UUID:
    values = {"id": uuid4(), "organization_id": HOME, "integration_id": integration, "phone_number": number} | values
    columns, places = ", ".join(values), ", ".join(f"%({name})s" for name in values)
    connection.execute(f"insert into public.organization_phone_numbers ({columns}) values ({places})", values)
    return values["id"]


def newest(connection: Connection) -> dict[str, Any]:
    return log_of(connection)[-1]


def test_a_new_credential_is_logged_with_who_and_with_evidence(connection: Connection) -> None:
    operator, operation = uuid4(), uuid4()
    with connection.transaction():
        for name, value in {
            "operator_id": str(operator),
            "operator_label": "Ann",
            "source_address": "203.0.113.7",
            "user_agent": "switchboard/1 (ann@host)",
            "operation_id": str(operation),
        }.items():
            connection.execute("select set_config(%s, %s, true)", [f"switchboard.{name}", value])
        integration = add_credential(connection, display_name="Front desk")
        xid = connection.execute("select pg_current_xact_id()::text").fetchone()
    row = newest(connection)
    details = row["details"]
    assert (row["action"], row["status"]) == ("credential_created", "success")
    assert (row["organization_id"], row["integration_type"], row["user_id"]) == (HOME, "exotel_phone", operator)
    assert (str(row["ip_address"]), row["user_agent"]) == ("203.0.113.7", "switchboard/1 (ann@host)")
    assert details["source"] == "trigger" and details["operator"] == "Ann" and details["user_from"] == "operator"
    assert details["operation_id"] == str(operation) and (details["xid"],) == xid
    assert (details["session_user"], details["role"]) == ("postgres", "postgres")
    assert details["after"]["display_name"] == "Front desk" and details["envelope"] == {"after": "sb2"}
    assert details["row"]["id"] == str(integration)


def test_claims_end_with_their_transaction(committing: Connection) -> None:
    with committing.transaction():
        committing.execute("select set_config('switchboard.operator_label', 'Ann', true)")
        committing.execute("select set_config('switchboard.operator_id', %s, true)", [str(uuid4())])
        add_credential(committing)
    add_credential(committing, "zoho_mail")
    row = newest(committing)
    assert row["user_id"] is None and "operator" not in row["details"] and row["user_agent"] == "the test"


def test_claims_that_are_no_uuid_and_no_address_fail_nothing(connection: Connection) -> None:
    with connection.transaction():
        integration = uuid4()
        for name in ("operator_id", "source_address", "action"):
            connection.execute("select set_config(%s, '}not one', true)", [f"switchboard.{name}"])
        add_credential(connection, id=integration)
        add_permission(connection, integration)
        connection.execute("delete from public.integration_credentials")
    assert [row["action"] for row in log_of(connection)] == [
        "credential_created", "permission_granted", "credential_deleted", "permission_revoked",
    ]  # fmt: skip
    assert all(row["user_id"] is None for row in log_of(connection))


@pytest.mark.parametrize(
    ("change", "hint", "action", "changed"),
    [
        ("is_active = false", None, "disabled", ["is_active"]),
        ("is_active = false, updated_by = gen_random_uuid()", None, "disabled", ["is_active", "updated_by"]),
        ("is_active = null", None, "disabled", ["is_active"]),
        ("is_active = false, display_name = 'x'", None, "updated", ["display_name", "is_active"]),
        ("is_active = false, display_name = 'x'", "credential_disabled", "disabled", ["display_name", "is_active"]),
        ("is_active = false", "credential_updated", "updated", ["is_active"]),
        ("display_name = 'x'", "credential_enabled", "updated", ["display_name"]),
        ("display_name = 'x'", "keys_rotated", "updated", ["display_name"]),
        ("is_verified = true, last_verified_at = now()", None, "updated", ["is_verified", "last_verified_at"]),
    ],
)
def test_an_update_of_a_credential_has_the_name_that_fits(
    connection: Connection, change: str, hint: str | None, action: str, changed: list[str]
) -> None:
    add_credential(connection)
    with connection.transaction():
        if hint:
            connection.execute("select set_config('switchboard.action', %s, true)", [hint])
        connection.execute(f"update public.integration_credentials set {change}")
    assert len(log_of(connection)) == 2
    row = newest(connection)
    changed = sorted([*changed, "updated_at"])
    assert (row["action"], row["details"]["changed"]) == (f"credential_{action}", changed)
    assert sorted(row["details"]["before"]) == sorted(row["details"]["after"]) == changed


def test_enabling_again_is_named_so(connection: Connection) -> None:
    add_credential(connection, is_active=False)
    connection.execute("update public.integration_credentials set is_active = true")
    assert newest(connection)["action"] == "credential_enabled"
    assert newest(connection)["details"]["before"]["is_active"] is False


@pytest.mark.parametrize(
    ("change", "action"),
    [
        ("assigned_to_user_id = gen_random_uuid()", "number_assigned"),
        ("assigned_to_user_id = null", "number_unassigned"),
        ("is_active = false", "number_deactivated"),
        ("is_active = false, assigned_to_user_id = null", "number_unassigned"),
        ("display_name = 'desk'", "number_updated"),
        ("is_primary = true", "number_updated"),
    ],
)
def test_an_update_of_a_number_has_the_name_that_fits(connection: Connection, change: str, action: str) -> None:
    add_number(connection, add_credential(connection), assigned_to_user_id=uuid4())
    connection.execute(f"update public.organization_phone_numbers set {change}")
    assert newest(connection)["action"] == action
    assert newest(connection)["details"]["row"]["phone_number"] == "+918012345678"


def test_permissions_are_granted_changed_and_revoked(connection: Connection) -> None:
    integration = add_credential(connection)
    add_permission(connection, integration)
    connection.execute("update public.user_integration_permissions set can_send = true, daily_limit = 5")
    connection.execute("delete from public.user_integration_permissions")
    rows = log_of(connection, since=1)
    assert [row["action"] for row in rows] == ["permission_granted", "permission_changed", "permission_revoked"]
    assert rows[1]["details"]["before"] == {"can_send": False, "daily_limit": None}
    assert rows[1]["details"]["after"] == {"can_send": True, "daily_limit": 5}
    assert {row["organization_id"] for row in rows} == {HOME}
    assert {row["details"]["row"]["integration_id"] for row in rows} == {str(integration)}


def test_an_update_that_changes_nothing_is_not_logged(connection: Connection) -> None:
    add_credential(connection)
    add_number(connection, None)
    connection.execute("update public.integration_credentials set display_name = display_name")
    connection.execute("update public.organization_phone_numbers set can_call = can_call")
    assert len(log_of(connection)) == 2


def test_each_row_of_a_statement_has_a_row_of_its_own(connection: Connection) -> None:
    integration = add_credential(connection)
    for n in range(7):
        add_number(connection, integration, f"+91801234567{n}")
    connection.execute("update public.organization_phone_numbers set number_type = 'virtual'")
    rows = log_of(connection, since=8)
    assert len(rows) == 7 and len({row["details"]["row"]["id"] for row in rows}) == 7
    assert len({row["details"]["xid"] for row in rows}) == 1


def test_what_is_rolled_back_is_not_logged(connection: Connection) -> None:
    with connection.transaction(force_rollback=True):
        add_credential(connection)
    assert log_of(connection) == []


def test_no_envelope_ever_reaches_the_log(connection: Connection) -> None:
    add_credential(connection, credentials_encrypted=LEGACY)
    connection.execute("update public.integration_credentials set credentials_encrypted = %s", [SB2])
    connection.execute("update public.integration_credentials set credentials_encrypted = 'canary'")
    connection.execute("delete from public.integration_credentials")
    rows = log_of(connection)
    assert [row["details"]["envelope"] for row in rows] == [
        {"after": "legacy"},
        {"changed": True, "before": "legacy", "after": "sb2"},
        {"changed": True, "before": "sb2", "after": "neither"},
        {"before": "neither"},
    ]
    written = json.dumps([row["details"] for row in rows])
    assert "canary" not in written and b"canary".hex() not in written and '"credentials_encrypted":' not in written


def test_columns_beyond_the_contract_are_neither_named_nor_shown(connection: Connection) -> None:
    add_credential(connection)
    connection.execute("alter table public.integration_credentials add column plain_key text")
    connection.execute("update public.integration_credentials set plain_key = 'canary'")
    details = newest(connection)["details"]
    assert details["changed"] == ["updated_at"] and "canary" not in json.dumps(details)


def test_deleting_three_integrations_at_once_logs_each_child_under_its_own_organisation(connection: Connection) -> None:
    homes = [uuid4(), uuid4(), uuid4()]
    integrations = [
        add_credential(connection, kind, home)
        for home, kind in zip(homes, ["exotel_phone", "zoho_mail", "exotel_sms"], strict=True)
    ]
    for integration, home in zip(integrations, homes, strict=True):
        add_permission(connection, integration)
        add_number(connection, integration, organization_id=home)
    before = len(log_of(connection))
    connection.execute("delete from public.integration_credentials")
    rows = log_of(connection, since=before)
    assert len(rows) == 9
    permissions = {
        row["details"]["row"]["integration_id"]: row for row in rows if row["action"] == "permission_revoked"
    }
    for integration, home, kind in zip(integrations, homes, ["exotel_phone", "zoho_mail", "exotel_sms"], strict=True):
        row = permissions[str(integration)]
        assert (row["organization_id"], row["integration_type"]) == (home, kind)
        assert row["details"]["cascade"] is True
    numbers = [row for row in rows if row["action"] == "number_deactivated"]
    assert {(row["organization_id"], row["integration_type"]) for row in numbers} == set(
        zip(homes, ["exotel_phone", "zoho_mail", "exotel_sms"], strict=True)
    )
    assert all(row["details"]["change"] == "delete" for row in numbers)


INTO_MANY = """
insert into public.integration_credentials (id, organization_id, integration_type, credentials_encrypted)
select md5('i' || n)::uuid, md5('o' || n)::uuid, 'type ' || n, 'x' from generate_series(1, %(many)s) n
"""
CHILDREN = """
with granted as (
  insert into public.user_integration_permissions (user_id, integration_id)
  select gen_random_uuid(), id from public.integration_credentials)
insert into public.organization_phone_numbers (organization_id, integration_id, phone_number)
select organization_id, id, '1' from public.integration_credentials
"""
RIGHTLY_NAMED = """
select count(*) from public.integration_audit_logs
 where action in ('permission_revoked', 'number_deactivated') and details ->> 'cascade' = 'true'
   and (organization_id, integration_type) in
       (select md5('o' || n)::uuid, 'type ' || n from generate_series(1, %(many)s) n
         where md5('i' || n)::uuid = (details -> 'row' ->> 'integration_id')::uuid)
"""


def remembered(connection: Connection) -> int:
    row = connection.execute("select count(*) from switchboard.deleted_integrations").fetchone()
    assert row
    count: int = row[0]
    return count


def test_deleting_many_integrations_costs_the_same_for_each_and_leaves_no_memory_taken(committing: Connection) -> None:
    """A setting for each cost the square of their number: 10,000 were not deleted within four minutes."""
    looked_at = (
        "select idx_tup_fetch + seq_tup_read from pg_stat_xact_user_tables where relname = 'deleted_integrations'"
    )
    settings = "select sum(used_bytes) from pg_backend_memory_contexts where name ~ 'GUC'"
    committing.execute("select set_config('switchboard.operator_label', 'Ann', true)")
    work: list[int] = []
    memory: list[int] = []
    for many in (100, 800):
        committing.execute(INTO_MANY, {"many": many})
        committing.execute(CHILDREN)
        with committing.transaction():
            committing.execute("delete from public.integration_credentials")
            work += committing.execute(looked_at).fetchone() or ()
        memory += committing.execute(settings).fetchone() or ()
    assert committing.execute(RIGHTLY_NAMED, {"many": 800}).fetchone() == (2 * 100 + 2 * 800,)
    # One look for each child, and a few for each of those that the deletion before has left.
    assert work[0] == 2 * 100 and work[1] <= 2 * 800 + 5 * 100
    assert memory[0] == memory[1]


def test_truncate_logs_each_row_as_a_deletion_does(committing: Connection) -> None:
    committing.execute(INTO_MANY, {"many": 3})
    committing.execute(CHILDREN)
    committing.execute("truncate public.integration_credentials cascade")
    assert committing.execute(RIGHTLY_NAMED, {"many": 3}).fetchone() == (2 * 3,)
    deleted = "select count(*) from public.integration_audit_logs where action = 'credential_deleted'"
    assert committing.execute(deleted).fetchone() == (3,)
    assert committing.execute("select count(*) from public.integration_credentials").fetchone() == (0,)


def test_what_is_remembered_of_a_deleted_integration_is_its_transactions_own(
    committing: Connection, installed_database: str
) -> None:
    integrations = [add_credential(committing, f"type {n}") for n in range(4)]
    permissions = [add_permission(committing, integration) for integration in integrations]
    delete = "delete from public.integration_credentials where id = %s"
    with psycopg.connect(installed_database) as other:
        other.execute(delete, [integrations[0]])
        # One that was rolled back, one behind a savepoint, and one that comes and goes twice.
        with committing.transaction():
            with committing.transaction(force_rollback=True):
                committing.execute(delete, [integrations[1]])
            with committing.transaction():
                committing.execute(delete, [integrations[2]])
            add_credential(committing, "another type", id=integrations[2])
            add_permission(committing, integrations[2])
            committing.execute(delete, [integrations[2]])
            assert remembered(committing) == 1
        other.commit()
    assert remembered(committing) == 2
    committing.execute(delete, [integrations[3]])
    assert remembered(committing) == 1
    revoked = [row for row in log_of(committing) if row["action"] == "permission_revoked"]
    assert {row["integration_type"] for row in revoked} == {"type 0", "type 2", "another type", "type 3"}
    assert len(revoked) == 4 and all(row["details"]["cascade"] is True for row in revoked)
    assert committing.execute("select id from public.user_integration_permissions").fetchall() == [(permissions[1],)]


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read"])
def test_two_deletions_at_once_wait_for_nothing_of_each_other(
    committing: Connection, installed_database: str, isolation: str
) -> None:
    integrations = [add_credential(committing, f"type {n}") for n in range(3)]
    delete = "delete from public.integration_credentials where id = %s"
    committing.execute(delete, [integrations[0]])
    options = f"-c lock_timeout=200ms -c default_transaction_isolation={isolation.replace(' ', chr(92) + ' ')}"
    with (
        psycopg.connect(installed_database, options=options) as first,
        psycopg.connect(installed_database, options=options) as second,
    ):
        second.execute("select 1 from public.integration_credentials limit 1")
        first.execute(delete, [integrations[1]])
        second.execute(delete, [integrations[2]])
        first.commit()
        second.execute(delete, [integrations[2]])
        second.commit()
    assert committing.execute("select count(*) from public.integration_credentials").fetchone() == (0,)


def test_a_number_without_an_integration_needs_no_type(connection: Connection) -> None:
    add_number(connection, None)
    assert newest(connection)["integration_type"] == "none"


def test_rows_that_lack_everything_are_logged_all_the_same(connection: Connection) -> None:
    """An adopted table may be looser than ours; a trigger that fails would abort the other program's write."""
    for column in ("organization_id", "integration_type"):
        connection.execute(f"alter table public.integration_credentials alter column {column} drop not null")
    connection.execute("alter table public.integration_credentials alter column integration_type type text")
    add_credential(connection, kind=None, home=None)  # type: ignore[arg-type]
    add_credential(connection, kind="x" * 90)
    first, second = log_of(connection)
    assert (first["organization_id"], first["integration_type"]) == (NIL, "none")
    assert second["integration_type"] == "x" * 50


def test_another_program_names_nobody_but_its_rows_do(connection: Connection) -> None:
    author, editor = uuid4(), uuid4()
    add_credential(connection, created_by=author)
    connection.execute("update public.integration_credentials set display_name = 'x', updated_by = %s", [editor])
    connection.execute("update public.integration_credentials set display_name = 'y'")
    users = [(row["user_id"], row["details"]["user_from"]) for row in log_of(connection)]
    assert users == [(author, "row"), (editor, "row"), (None, "nobody")]


def test_the_log_is_written_even_where_triggers_are_off_for_replication(connection: Connection) -> None:
    connection.execute("set session_replication_role = replica")
    add_credential(connection)
    assert len(log_of(connection)) == 1
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"), connection.transaction():
        connection.execute("delete from public.integration_audit_logs")


@pytest.mark.parametrize(
    "statement",
    [
        "update public.integration_audit_logs set status = 'failed'",
        "delete from public.integration_audit_logs",
        "truncate public.integration_audit_logs",
        "update switchboard.seals set row_count = 0",
        "delete from switchboard.seals",
        "truncate switchboard.seals",
    ],
)
def test_the_log_and_its_seals_refuse_even_their_owner(connection: Connection, statement: str) -> None:
    add_credential(connection)
    connection.execute("insert into switchboard.keys (key_id, purpose, public_key) values ('s', 'seal', '\\x00')")
    connection.execute(
        "insert into switchboard.seals (hour, row_count, digest, key_id, signature) "
        "values ('2026-01-01', 1, decode(repeat('00', 32), 'hex'), 's', decode(repeat('00', 64), 'hex'))"
    )
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"), connection.transaction():
        connection.execute(statement)
    assert len(log_of(connection)) == 1


def test_times_in_the_log_are_the_clocks_and_not_the_transactions(connection: Connection) -> None:
    with connection.transaction():
        add_credential(connection)
        add_credential(connection, "zoho_mail")
        now = connection.execute("select now()").fetchone()
    first, second = log_of(connection)
    assert now is not None and now[0] < first["created_at"] < second["created_at"]


def test_a_changed_role_is_told_from_the_login(connection: Connection) -> None:
    connection.execute("create role helper")
    connection.execute("grant insert on public.integration_credentials to helper")
    connection.execute("create policy p on public.integration_credentials for insert to helper with check (true)")
    connection.execute("set role helper")
    add_credential(connection)
    connection.execute("reset role")
    assert newest(connection)["details"]["role"] == "helper"
    assert newest(connection)["details"]["session_user"] == "postgres"
