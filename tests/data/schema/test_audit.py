"""The log of changes: one row per changed row, with who claims it, what the server knows, and never an envelope."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.support.database.schema import HOME, SB2, add_credential, add_number, add_permission, log_of

if TYPE_CHECKING:
    Connection = psycopg.Connection[Any]

NIL = UUID(int=0)
LEGACY = "0" * 32 + ":" + "a" * 32 + ":" + b"canary".hex()


def newest_row(connection: Connection) -> dict[str, Any]:
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
    row = newest_row(connection)
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
    row = newest_row(committing)
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
    row = newest_row(connection)
    changed = sorted([*changed, "updated_at"])
    assert (row["action"], row["details"]["changed"]) == (f"credential_{action}", changed)
    assert sorted(row["details"]["before"]) == sorted(row["details"]["after"]) == changed


def test_enabling_again_is_named_so(connection: Connection) -> None:
    add_credential(connection, is_active=False)
    connection.execute("update public.integration_credentials set is_active = true")
    assert newest_row(connection)["action"] == "credential_enabled"
    assert newest_row(connection)["details"]["before"]["is_active"] is False


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
    assert newest_row(connection)["action"] == action
    assert newest_row(connection)["details"]["row"]["phone_number"] == "+918012345678"


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
    details = newest_row(connection)["details"]
    assert details["changed"] == ["updated_at"] and "canary" not in json.dumps(details)


def test_a_number_without_an_integration_needs_no_type(connection: Connection) -> None:
    add_number(connection, None)
    assert newest_row(connection)["integration_type"] == "none"


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
        "insert into switchboard.seals (hour, row_count, digest, root, key_id, signature) "
        "values ('2026-01-01', 1, sha256(''), sha256(''), 's', decode(repeat('00', 64), 'hex'))"
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
    assert newest_row(connection)["details"]["role"] == "helper"
    assert newest_row(connection)["details"]["session_user"] == "postgres"
