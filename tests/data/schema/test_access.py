"""Who may do what: roles by objects by verbs, tried for real, against the table in this file."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.support.database.schema import installed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.supabase import SupabaseServer

ROLES = (
    "anon",
    "authenticated",
    "service_role",
    "stranger",
    "switchboard_admin",
    "switchboard_support",
    "switchboard_auditor",
)
INTEGRATION = "00000000-0000-4000-8000-000000000001"
OTHER = "00000000-0000-4000-8000-000000000002"
HOME = "00000000-0000-4000-8000-00000000000a"

# Per object what each role can do to a row that is there: Select, Insert, Update, Delete, Truncate.
# Roles that are not named can do nothing; `postgres`, the owner, is bound by the log's triggers alone.
MATRIX = {
    "public.integration_credentials": {
        "service_role": "SIUD",
        "switchboard_admin": "SIUD",
        "switchboard_support": "SU",
    },
    "public.user_integration_permissions": {
        "service_role": "SIUD",
        "switchboard_admin": "SIUD",
        "switchboard_support": "S",
    },
    "public.organization_phone_numbers": {
        "service_role": "SIUD",
        "switchboard_admin": "SIUD",
        "switchboard_support": "SIU",
    },
    "public.integration_audit_logs": {
        "service_role": "SI",
        "switchboard_admin": "S",
        "switchboard_support": "S",
        "switchboard_auditor": "S",
    },
    "switchboard.schema_version": {
        "switchboard_admin": "SI",
        "switchboard_support": "S",
        "switchboard_auditor": "S",
    },
    "switchboard.keys": {"switchboard_admin": "SIU", "switchboard_support": "S", "switchboard_auditor": "S"},
    "switchboard.seals": {"switchboard_admin": "SI", "switchboard_support": "S", "switchboard_auditor": "S"},
    "switchboard.people_labels": {"switchboard_admin": "SIUD"},
    "switchboard.organization_labels": {"switchboard_admin": "SIUD"},
    "switchboard.open_tickets": {},
    "switchboard.locks": {},
    "switchboard.deleted_integrations": {},
    "switchboard.send_actions": {"switchboard_admin": "SIUD", "switchboard_support": "S"},
    "switchboard.accepted": {"switchboard_admin": "S", "switchboard_support": "S", "switchboard_auditor": "S"},
    "switchboard.people": {"switchboard_admin": "S", "switchboard_support": "S", "switchboard_auditor": "S"},
    "switchboard.organizations": {"switchboard_admin": "S", "switchboard_support": "S", "switchboard_auditor": "S"},
}
OWNER = {
    "switchboard.keys": "SIUD",
    "public.integration_audit_logs": "SI",
    "switchboard.seals": "SI",
    "switchboard.people": "SIUD",
    "switchboard.organizations": "S",
}
CALLABLE = {
    "actions": {"switchboard_admin", "switchboard_support", "switchboard_auditor"},
    "take_lock": {"switchboard_admin", "switchboard_support"},
    "log_act": {"switchboard_admin", "switchboard_support", "switchboard_auditor"},
    "begin_open": {"switchboard_admin", "switchboard_support"},
    "open_envelope": {"switchboard_admin", "switchboard_support"},
    "may": {"service_role", "switchboard_admin", "switchboard_support"},
}
ROW = "decode(repeat('00', 32), 'hex')"
# The columns of a new row, and the column that an update sets to itself.
ROWS = {
    "public.integration_credentials": (
        "organization_id, integration_type, credentials_encrypted",
        f"'{HOME}', 'zoho_mail', 'x'",
        "is_active",
    ),
    "public.user_integration_permissions": (
        "user_id, integration_id",
        f"'{OTHER}', '{INTEGRATION}'",
        "can_configure",
    ),
    "public.organization_phone_numbers": ("organization_id, phone_number", f"'{HOME}', '2'", "display_name"),
    "public.integration_audit_logs": (
        "organization_id, integration_type, action, status",
        f"'{HOME}', 'zoho_mail', 'call_made', 'success'",
        "status",
    ),
    "switchboard.schema_version": ("file, sha256", "'f', 's'", "file"),
    "switchboard.keys": ("key_id, purpose, public_key", "'t', 'seal', 'x'", "state"),
    "switchboard.seals": (
        "hour, row_count, digest, key_id, signature",
        f"'2026-01-02', 1, {ROW}, 's', decode(repeat('00', 64), 'hex')",
        "operator",
    ),
    "switchboard.people_labels": ("id, label", f"'{OTHER}', 'x'", "label"),
    "switchboard.organization_labels": ("id, name", f"'{OTHER}', 'x'", "name"),
    "switchboard.open_tickets": ("integration_id, purpose", f"'{INTEGRATION}', 'test'", "purpose"),
    "switchboard.locks": ("what, key", "'numbers', 'there'", "key"),
    "switchboard.deleted_integrations": ("xid, id", "'7', 'there'", "id"),
    "switchboard.send_actions": ("action", "'fax_sent'", "action"),
    "switchboard.accepted": ("object, definition, log_row", f"'table x', 'y', '{OTHER}'", "definition"),
    "switchboard.people": ("id", f"'{OTHER}'", "id"),
    "switchboard.organizations": ("id", f"'{OTHER}'", "id"),
}
SEED = f"""
insert into public.integration_credentials (id, organization_id, integration_type, credentials_encrypted)
values ('{INTEGRATION}', '{HOME}', 'exotel_phone', 'the envelope');
insert into public.user_integration_permissions (user_id, integration_id) values ('{HOME}', '{INTEGRATION}');
insert into public.organization_phone_numbers (organization_id, phone_number) values ('{HOME}', '1');
insert into switchboard.keys (key_id, purpose, public_key) values ('s', 'seal', 'x');
insert into switchboard.seals (hour, row_count, digest, key_id, signature)
values ('2026-01-01', 1, {ROW}, 's', decode(repeat('00', 64), 'hex'));
insert into switchboard.people_labels (id, label) values ('{HOME}', 'Ann');
insert into switchboard.organization_labels (id, name) values ('{HOME}', 'Home');
insert into switchboard.open_tickets (integration_id, purpose) values ('{INTEGRATION}', 'test');
insert into switchboard.accepted (object, definition, log_row) values ('trigger x', 'y', '{HOME}');
insert into switchboard.locks (what, key) values ('numbers', 'here');
insert into switchboard.deleted_integrations (xid, id) values ('7', 'here');
insert into auth.users (id) values ('{HOME}');
"""


@pytest.fixture(scope="module")
def project(supabase_server: SupabaseServer) -> Iterator[str]:
    """A Supabase project with the schema and its roles, and a row in every table."""
    name = supabase_server.create_project()
    conninfo = supabase_server.conninfo(name, user="postgres")
    supabase_server.create_role("stranger")
    asyncio.run(installed(conninfo, roles=True))
    with psycopg.connect(supabase_server.conninfo(name)) as connection:
        connection.execute(SEED)
    yield supabase_server.conninfo(name)
    supabase_server.drop_database(name)
    supabase_server.drop_new_roles()


def may(connection: psycopg.Connection, role: str, statement: str) -> bool:
    """Whether the role gets to at least one row with it; rolled back."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(f"set local role {role}")
            cursor = connection.execute(statement)
            return cursor.rowcount != 0
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState):
        return False
    except (psycopg.errors.WrongObjectType, psycopg.errors.FeatureNotSupported):
        return False


def statements(relation: str) -> dict[str, str]:
    columns, values, column = ROWS[relation]
    key_columns = {
        "switchboard.keys": "key_id",
        "switchboard.open_tickets": "ticket",
        "switchboard.send_actions": "action",
    }
    key_columns["switchboard.accepted"] = "object"
    key_columns["switchboard.locks"] = "key"
    first = key_columns.get(relation, "id")
    return {
        "S": f"select {first} from {relation}",
        "I": f"insert into {relation} ({columns}) values ({values})",
        "U": f"update {relation} set {column} = {column}",
        "D": f"delete from {relation}" + (" where key_id <> 's'" if relation == "switchboard.keys" else ""),
        "T": f"truncate {relation} cascade",
    }


def test_every_object_of_ours_is_in_the_matrix(project: str) -> None:
    with psycopg.connect(project) as connection:
        objects = {
            name
            for (name,) in connection.execute(
                "select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
                "where n.nspname in ('public', 'switchboard') and c.relkind in ('r', 'p', 'v', 'm', 'f')"
            )
        }
        functions = {
            name
            for (name,) in connection.execute(
                "select proname::text from pg_proc where pronamespace = 'switchboard'::regnamespace"
            )
        }
    assert objects == set(MATRIX) == set(ROWS)
    assert functions >= set(CALLABLE)


@pytest.mark.parametrize("relation", MATRIX)
def test_each_role_can_do_what_the_matrix_says_and_nothing_else(project: str, relation: str) -> None:
    with psycopg.connect(project, autocommit=True) as connection:
        if relation == "switchboard.keys":
            connection.execute("insert into switchboard.keys (key_id, purpose, public_key) values ('d', 'seal', 'x')")
        for role in ROLES:
            tried = "".join(letter for letter, text in statements(relation).items() if may(connection, role, text))
            assert (role, tried) == (role, MATRIX[relation].get(role, ""))
        tried = "".join(letter for letter, text in statements(relation).items() if may(connection, "postgres", text))
        assert tried == OWNER.get(relation, "SIUDT")


def test_nobody_but_the_owner_holds_a_privilege_to_change_the_log(project: str) -> None:
    """Its triggers would refuse as well; a privilege that they hide is one too many."""
    with psycopg.connect(project) as connection:
        holders = connection.execute(
            "select r, v from unnest(%s::text[]) r cross join unnest(array['UPDATE', 'DELETE', 'TRUNCATE']) v "
            "where has_table_privilege(r, 'public.integration_audit_logs', v)",
            [list(ROLES)],
        ).fetchall()
    assert holders == []


def test_functions_are_called_by_those_they_are_for(project: str) -> None:
    with psycopg.connect(project) as connection:
        for name, role, allowed in connection.execute(
            "select p.proname::text, r, has_function_privilege(r, p.oid, 'EXECUTE') "
            "from pg_proc p cross join unnest(%s::text[]) r where p.pronamespace = 'switchboard'::regnamespace",
            [list(ROLES)],
        ).fetchall():
            assert (name, role, allowed) == (name, role, role in CALLABLE.get(name, set()))


def test_every_function_fixes_its_path_with_temporary_types_last(project: str) -> None:
    with psycopg.connect(project) as connection:
        paths = connection.execute(
            "select proname::text, proconfig from pg_proc where pronamespace = 'switchboard'::regnamespace"
        ).fetchall()
    assert [name for name, config in paths if "search_path=pg_catalog, pg_temp" not in (config or [])] == []


@pytest.mark.parametrize(
    "statement",
    [
        "select credentials_encrypted from public.integration_credentials",
        "select * from public.integration_credentials",
        "select to_jsonb(c) from public.integration_credentials c",
        "select id from public.integration_credentials where credentials_encrypted like 'the%'",
        "update public.integration_credentials set display_name = 'x'",
        "update public.integration_credentials set organization_id = gen_random_uuid()",
        "update public.integration_credentials set credentials_encrypted = 'x'",
        "update public.integration_credentials set is_active = false returning credentials_encrypted",
    ],
)
def test_support_neither_reads_nor_writes_an_envelope(project: str, statement: str) -> None:
    with psycopg.connect(project, autocommit=True) as connection:
        assert not may(connection, "switchboard_support", statement)
        assert may(connection, "switchboard_admin", statement)


@pytest.mark.parametrize(("purpose", "allowed"), [("test", True), ("sync", True), ("reveal", False), ("copy", False)])
def test_support_opens_an_envelope_to_test_but_not_to_look(project: str, purpose: str, allowed: bool) -> None:
    with psycopg.connect(project, autocommit=True) as connection:
        begin = f"select switchboard.begin_open('{INTEGRATION}', '{purpose}')"
        assert may(connection, "switchboard_support", begin) is allowed
        assert may(connection, "switchboard_admin", begin)
        connection.execute("set role switchboard_support")
        if allowed:
            (ticket,) = connection.execute(begin).fetchone() or (None,)
            opened = connection.execute("select switchboard.open_envelope(%s)", [ticket]).fetchone()
            assert opened == ("the envelope",)


def test_a_service_that_asks_what_somebody_may_do_reaches_nothing_else_of_the_schema(project: str) -> None:
    with psycopg.connect(project, autocommit=True) as connection:
        ask = f"select reason from switchboard.may('{HOME}', '{INTEGRATION}', 'view')"
        assert may(connection, "service_role", ask)
        connection.execute("set role service_role")
        assert connection.execute(ask).fetchone() == ("may not view",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select switchboard.open_envelope(gen_random_uuid())")


def test_changes_by_a_role_without_rights_on_the_log_are_logged(project: str) -> None:
    with psycopg.connect(project) as connection:
        connection.execute("set local role switchboard_support")
        connection.execute("update public.integration_credentials set is_active = false")
        connection.execute("select switchboard.log_act('connection_tested', null, 'zoho_mail', 'failed', null)")
        rows = connection.execute(
            "select action, details ->> 'role' from public.integration_audit_logs order by created_at desc limit 2"
        ).fetchall()
        connection.rollback()
    assert rows == [("connection_tested", "switchboard_support"), ("credential_disabled", "switchboard_support")]


def test_a_login_sees_rows_only_through_its_groups_policy(project: str) -> None:
    """With a grant but without the group no policy lets a row through."""
    with psycopg.connect(project) as connection:
        connection.execute("grant select, update on public.integration_audit_logs to stranger")
        connection.execute("grant select, insert on public.user_integration_permissions to stranger")
        connection.execute("set local role stranger")
        for table in ("integration_audit_logs", "user_integration_permissions"):
            assert connection.execute(f"select count(*) from public.{table}").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statements("public.user_integration_permissions")["I"])
        connection.rollback()


def test_policies_are_as_supabases_linter_asks_for(project: str) -> None:
    """One permissive policy for each role and command, and nobody writes because of a plain "true"."""
    with psycopg.connect(project) as connection:
        policies = connection.execute(
            "select tablename::text, unnest(roles)::text, cmd, qual, with_check from pg_policies "
            "where schemaname = 'public' and permissive = 'PERMISSIVE'"
        ).fetchall()
    commands = [(table, role, cmd) for table, role, cmd, _, _ in policies]
    assert len(commands) > 20 and len(set(commands)) == len(commands)
    assert "ALL" not in {cmd for _, _, cmd in commands}
    assert [policy for policy in policies if policy[2] != "SELECT" and "true" in (policy[3], policy[4])] == []
