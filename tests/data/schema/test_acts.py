"""What a row of the log may hold, who may write which, and that nobody blocks a write by a lock."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest

from tests.support.database.schema import log_of, run_files_with_roles
from tui.data.audit.rows import OPENINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.supabase import SupabaseServer

    Connection = psycopg.Connection[Any]

MOST_BYTES = 16_384
ADMIN, SUPPORT, AUDITOR = "switchboard_admin", "switchboard_support", "switchboard_auditor"
# For each of Switchboard's acts the groups that may log it by themselves; whoever owns the log may all of them.
ACTS = {
    "connection_tested": {ADMIN, SUPPORT},
    "numbers_synced": {ADMIN, SUPPORT},
    "log_exported": {ADMIN, SUPPORT, AUDITOR},
    "log_sealed": {ADMIN},
    **{act: {ADMIN} for act in ("schema_changed", "checkpoint_made")},
}
CHANGES = {
    *(f"credential_{change}" for change in ("created", "updated", "deleted", "enabled", "disabled")),
    *("credential_rolled_back", "credential_restored", "credential_versions_forgotten"),
    *("keys_rotated", "key_retired", "settings_changed", "access_changed", "change_noticed", "log_archived"),
    *("type_recorded", "type_withdrawn"),
    *(f"permission_{change}" for change in ("granted", "changed", "revoked")),
    *(f"number_{change}" for change in ("added", "updated", "assigned", "unassigned", "deactivated")),
}


@pytest.fixture(scope="module")
def project(supabase_server: SupabaseServer) -> Iterator[str]:
    """A Supabase project with the schema and its groups."""
    name = supabase_server.create_project()
    asyncio.run(run_files_with_roles(supabase_server.conninfo(name, user="postgres")))
    yield supabase_server.conninfo(name)
    supabase_server.drop_database(name)
    supabase_server.drop_new_roles()


def is_allowed(connection: Connection, role: str, statement: str, value: str) -> bool:
    """Whether a role may run a statement; rolled back."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(f"set local role {role}")
            connection.execute(statement, [value])
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def log_statement(details: str) -> str:
    """The statement that logs details, given as an expression."""
    return f"select switchboard.log_act('log_exported', null, null, 'success', {details})"


class TestSizes:
    def test_no_act_makes_a_large_row_whatever_its_details_are(self, connection: Connection) -> None:
        """Checked red with 50 MB, which an auditor's log_act wrote; as many bytes of each kind here as take no time."""
        large = {
            "a text": "jsonb_build_object('kept', 7, 'large', repeat('x', 1000000))",
            "six bytes a character": "jsonb_build_object('kept', 7, 'large', repeat(chr(1), 200000))",
            "four bytes a character": "jsonb_build_object('kept', 7, 'large', repeat(chr(128512), 200000))",
            "a name": "jsonb_build_object('kept', 7, repeat('x', 1000000), 1)",
            "many members": "(select jsonb_object_agg('n' || n, n) || '{\"kept\": 7}' "
            "from generate_series(1, 50000) n)",
            "many shorter than the evidence": "(select jsonb_object_agg(n, 1) || '{\"kept\": 7}' "
            "from generate_series(1, 9999) n)",
            "a list": "jsonb_build_object('kept', 7, 'large', (select jsonb_agg(n) from generate_series(1, 50000) n))",
            "two levels": "jsonb_build_object('kept', 7, "
            "'before', jsonb_build_object('x', repeat('a', 500000), 'y', 1), "
            "'after', jsonb_build_object('x', repeat('b', 500000), 'y', 2))",
            "deep": "jsonb_build_object('kept', 7, 'large', (repeat('[', 4000) || repeat(' 1,', 3000) || '1' || "
            "repeat(']', 4000))::jsonb, "
            "'deep', (repeat('{\"a\":', 3000) || to_jsonb(repeat('x', 90000))::text || repeat('}', 3000))::jsonb)",
            "a number": "jsonb_build_object('kept', 7, 'large', ('1' || repeat('0', 100000))::numeric)",
        }
        for name, details in large.items():
            with connection.transaction():
                for setting in ("operator_label", "operation_id", "undo_of", "user_agent"):
                    connection.execute(
                        "select set_config(%s, repeat(chr(2), 100000), true)", [f"switchboard.{setting}"]
                    )
                connection.execute(log_statement(details))
            row = connection.execute(
                "select octet_length(details::text), octet_length((%s)::text), details, length(user_agent) "
                "from public.integration_audit_logs order by created_at desc limit 1".replace("%s", details)
            ).fetchone()
            assert row is not None
            length, original, written, agent = row
            assert length <= MOST_BYTES, (name, length)
            assert agent <= 500, name
            assert written["source"] == "switchboard" and written["session_user"] == "postgres", name
            assert original <= written["cut"]["bytes"] <= original + 100, (name, written["cut"], original)
            assert name.startswith("many") or written["kept"] == 7, name
            # Most of the room is used: what was cut is not thrown away.
            assert name == "a name" or length > 5000, (name, length)
        assert written["large"].endswith(" [cut, 100001 bytes]")

    def test_what_is_small_is_written_as_it_is(self, connection: Connection) -> None:
        connection.execute(log_statement("jsonb_build_object('text', repeat('x', 12000))"))
        details = log_of(connection)[-1]["details"]
        assert details["text"] == "x" * 12000 and "cut" not in details

    def test_a_large_column_of_an_adopted_table_makes_no_large_row(self, connection: Connection) -> None:
        with connection.transaction(force_rollback=True):
            for column in ("display_name", "phone_number"):
                connection.execute(f"alter table public.organization_phone_numbers alter column {column} type text")
            connection.execute("alter table public.organization_phone_numbers drop constraint unique_org_phone_number")
            connection.execute(
                "insert into public.organization_phone_numbers (organization_id, phone_number, display_name) "
                "values (gen_random_uuid(), repeat('7', 300000), repeat('x', 300000))"
            )
            connection.execute("update public.organization_phone_numbers set display_name = repeat('y', 300000)")
            added, updated = log_of(connection)[-2:]
        for row in (added, updated):
            details = row["details"]
            assert len(json.dumps(details, ensure_ascii=False)) <= MOST_BYTES
            assert details["source"] == "trigger" and details["row"]["id"] and details["table"], details.keys()
            assert details["row"]["phone_number"].endswith("[cut, 300002 bytes]")
        assert updated["details"]["changed"] == ["display_name", "updated_at"]
        assert updated["details"]["after"]["display_name"].startswith("yyyy")


class TestActions:
    def test_one_list_has_every_action_and_who_logs_it(self, connection: Connection) -> None:
        rows = connection.execute("select name, kind, roles from switchboard.actions()").fetchall()
        assert {name for name, kind, _ in rows if kind == "opening"} == OPENINGS
        assert {name for name, kind, _ in rows if kind == "change"} == CHANGES
        assert {name for name, kind, _ in rows if kind == "act"} == set(ACTS)
        assert len(rows) == len({name for name, _, _ in rows}) == len(OPENINGS | CHANGES | set(ACTS))
        roles_by_act = {name: set(roles or [ADMIN, SUPPORT, AUDITOR]) for name, kind, roles in rows if kind == "act"}
        assert roles_by_act == ACTS

    def test_each_group_logs_its_own_acts_and_no_other(self, project: str) -> None:
        log_act = "select switchboard.log_act(%s, null, null, 'success', '{}')"
        with psycopg.connect(project, autocommit=True) as connection:
            for act, allowed in ACTS.items():
                for role in (ADMIN, SUPPORT, AUDITOR):
                    assert is_allowed(connection, role, log_act, act) is (role in allowed), (act, role)
                connection.execute(log_act, [act])

    def test_nobody_fills_the_log_but_its_owner_nor_keeps_another_login_from_it(self, project: str) -> None:
        acts = (
            "select count(switchboard.log_act('log_exported', null, null, 'success', '{}')) from generate_series(1, %s)"
        )
        with psycopg.connect(project, autocommit=True) as connection:
            with connection.transaction(force_rollback=True):
                connection.execute(f"create role amy in role {AUDITOR}")
                connection.execute(f"set local role {AUDITOR}")
                assert connection.execute(acts, [600]).fetchone() == (600,)
                too_many = pytest.raises(psycopg.Error, match=r"the next is possible in [23][0-9][0-9] s")
                with too_many as refused, connection.transaction():
                    connection.execute(acts, [1])
                assert refused.value.sqlstate == "SB001"
                connection.execute("set local session authorization amy")
                assert connection.execute(acts, [1]).fetchone() == (1,)
            with connection.transaction(force_rollback=True):
                assert connection.execute(acts, [601]).fetchone() == (601,)


class TestLocks:
    def test_only_setup_uses_advisory_locks(self, connection: Connection) -> None:
        functions = connection.execute(
            "select proname from pg_proc "
            "where pronamespace = 'switchboard'::regnamespace and prosrc ~ 'pg_\\w*advisory'"
        ).fetchall()
        assert functions == []

    def test_an_import_into_many_organisations_takes_no_lock_for_each(self, connection: Connection) -> None:
        locks = "select count(*) from pg_locks where pid = pg_backend_pid()"
        add = (
            "insert into public.organization_phone_numbers (organization_id, phone_number, is_primary) "
            "select gen_random_uuid(), n::text, true from generate_series(1, 300) n"
        )
        with connection.transaction(force_rollback=True):
            connection.execute(add)
            before = connection.execute(locks).fetchone()
            connection.execute(add)
            assert connection.execute(locks).fetchone() == before

    def test_whoever_holds_the_old_keys_blocks_no_primary_number(self, database: str) -> None:
        home = uuid4()
        impatient = psycopg.connect(database, options="-c lock_timeout=200ms")
        with psycopg.connect(database) as holder, impatient as writer:
            holder.execute(
                "select pg_advisory_xact_lock(hashtext('switchboard primary'), hashtext(%s) %% 1024)", [str(home)]
            )
            writer.execute(
                "insert into public.organization_phone_numbers (organization_id, phone_number, is_primary) "
                "values (%s, '1', true)",
                [home],
            )

    def test_a_lock_is_for_whoever_writes_that_table(self, project: str) -> None:
        roles_of = {
            "numbers": {ADMIN, SUPPORT},
            "primary": {ADMIN, SUPPORT},
            "permissions": {ADMIN},
            "seals": {ADMIN},
        }
        take_lock = "select switchboard.take_lock(%s, gen_random_uuid())"
        with psycopg.connect(project, autocommit=True) as connection:
            for lock, allowed in roles_of.items():
                for role in (ADMIN, SUPPORT, AUDITOR):
                    assert is_allowed(connection, role, take_lock, lock) is (role in allowed), (lock, role)
            with pytest.raises(psycopg.errors.InvalidParameterValue):
                connection.execute("select switchboard.take_lock('open to reveal', null)")
