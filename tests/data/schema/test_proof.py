"""That nobody but a mapped login gets rows into the log that say who it was is proven."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.support.database.schema import HOME, add_credential, log_of, run_files_with_roles
from tests.support.servers.supabase import as_web_user

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.supabase import SupabaseServer

ASHA, BINU = (UUID(int=number) for number in (0xA1, 0xB1))
INSERT = """
insert into public.integration_audit_logs (organization_id, user_id, integration_type, action, status, details)
values (%s, %s, 'zoho_mail', 'credential_revealed', 'success', %s) returning details
"""
LOG = "select switchboard.log_act('log_exported', null, null, 'success', %s)"


@pytest.fixture(scope="module")
def project(supabase_server: SupabaseServer) -> Iterator[tuple[SupabaseServer, str]]:
    """A Supabase project with a login that is Asha, one that speaks for others, and one of nobody."""
    name = supabase_server.create_project()
    owner = supabase_server.conninfo(name, user="postgres")
    asyncio.run(run_files_with_roles(owner))
    for login in ("sb_asha", "sb_bot", "sb_nobody"):
        supabase_server.create_role(login, "login in role switchboard_admin")
    with psycopg.connect(supabase_server.conninfo(name)) as connection:
        people = "insert into auth.users (id, email) values (%s, 'Asha'), (%s, 'Binu')"
        connection.execute(people, [ASHA, BINU])
    with psycopg.connect(owner) as connection:
        map_login = "select switchboard.map_login(%s::text, %s::uuid, 'admin', '{}', true, %s, null, 'postgres')"
        connection.execute(map_login, ["sb_asha", ASHA, False])
        connection.execute(map_login, ["sb_bot", None, True])
    yield supabase_server, name
    supabase_server.drop_database(name)
    supabase_server.drop_new_roles()


def test_a_row_that_another_program_writes_proves_nothing(project: tuple[SupabaseServer, str]) -> None:
    """Checked red without the trigger: the row of service_role was read as Asha's own."""
    server, name = project
    forged: dict[str, Any] = {"source": "switchboard", "operator": "Asha", "role": "sb_asha", "xid": "1"}
    with psycopg.connect(server.conninfo(name, user="authenticator")) as connection:
        for session_user in ("sb_asha", "sb_bot", "authenticator", None):
            for operator_from in ("login", "vouched"):
                with connection.transaction(force_rollback=True):
                    as_web_user(connection, "service_role")
                    details = forged | {"operator_from": operator_from, "session_user": session_user}
                    written = connection.execute(INSERT, [HOME, ASHA, Jsonb(details)]).fetchone()
                    assert written is not None
                    assert written[0] == details | {
                        "operator_from": "claim",
                        "claimed": {"operator_from": operator_from},
                    }
        for details in (
            None,
            [],
            "login",
            ["operator_from"],
            {"operator_from": {"login": 1}},
            {"operator_from": "row"},
        ):
            with connection.transaction(force_rollback=True):
                as_web_user(connection, "service_role")
                written = connection.execute(INSERT, [HOME, ASHA, Jsonb(details)]).fetchone()
                assert written == (details,)
    # The owner, whom no login can be mapped to.
    with psycopg.connect(server.conninfo(name, user="postgres")) as connection:
        details = forged | {"operator_from": "login", "session_user": "sb_asha"}
        connection.execute("set session_replication_role to replica")
        written = connection.execute(INSERT, [HOME, ASHA, Jsonb(details)]).fetchone()
        assert written is not None and written[0]["operator_from"] == "claim"
        connection.rollback()


def test_a_mapped_login_proves_its_own_name_and_no_other(project: tuple[SupabaseServer, str]) -> None:
    server, name = project
    wrong = []
    with psycopg.connect(server.conninfo(name), autocommit=True) as connection:
        for login, user_id, operator_from, operator, expected in (
            ("sb_asha", ASHA, "login", "Asha", "login"),
            ("sb_asha", ASHA, "login", "Binu", "claim"),
            ("sb_asha", ASHA, "login", None, "claim"),
            ("sb_asha", BINU, "login", "Asha", "claim"),
            ("sb_bot", BINU, "vouched", "Binu", "vouched"),
            ("sb_bot", BINU, "vouched", "Asha", "claim"),
            ("sb_bot", UUID(int=1), "vouched", "Binu", "claim"),
        ):
            details = {"operator_from": operator_from, "operator": operator, "session_user": login}
            with connection.transaction(force_rollback=True):
                connection.execute(f"grant insert on public.integration_audit_logs to {login}")
                connection.execute(f"create policy own on public.integration_audit_logs to {login} using (true)")
                connection.execute(f"set local session authorization {login}")
                connection.execute(INSERT.partition(" returning")[0], [HOME, user_id, Jsonb(details)])
                connection.execute("reset session authorization")
                written = log_of(connection)[-1]["details"]["operator_from"]
            wrong += [(login, user_id, operator, written)] if written != expected else []
    assert wrong == []


def test_what_a_client_puts_into_details_and_settings_proves_nothing(project: tuple[SupabaseServer, str]) -> None:
    server, name = project
    forged = {
        "operator_from": "login",
        "claimed": {"operator": "x"},
        "session_user": "sb_asha",
        "operator": "Asha",
        "user_from": "operator",
    }
    for login, claimed, expected in (
        ("sb_nobody", ASHA, ("claim", ASHA, "Eve", None)),
        ("sb_asha", BINU, ("login", ASHA, "Asha", {"user_id": str(BINU), "operator": "Eve"})),
        ("sb_bot", BINU, ("vouched", BINU, "Binu", None)),
        ("postgres", ASHA, ("claim", ASHA, "Eve", None)),
    ):
        with psycopg.connect(server.conninfo(name, user=login)) as connection, connection.transaction():
            connection.execute("select set_config('switchboard.operator_id', %s, true)", [str(claimed)])
            connection.execute("select set_config('switchboard.operator_label', 'Eve', true)")
            connection.execute(LOG, [Jsonb(forged)])
        with psycopg.connect(server.conninfo(name)) as connection:
            row = log_of(connection)[-1]
        details = row["details"]
        written = (details["operator_from"], row["user_id"], details["operator"], details.get("claimed"))
        assert written == expected, login
        assert details["session_user"] == login and "user_from" not in details


def test_a_kept_version_says_whether_its_author_is_proven(project: tuple[SupabaseServer, str]) -> None:
    server, name = project
    with psycopg.connect(server.conninfo(name)) as connection:
        row = add_credential(connection)
    kept = []
    for login in ("sb_asha", "sb_bot", "postgres"):
        with psycopg.connect(server.conninfo(name, user=login)) as connection:
            connection.execute("select set_config('switchboard.operator_id', %s, true)", [str(BINU)])
            connection.execute("select set_config('switchboard.operator_label', 'Eve', true)")
            update = "update public.integration_credentials set credentials_encrypted = %s where id = %s"
            connection.execute(update, [login, row])
            kept += connection.execute(
                "select replaced_by, user_id, operator, operator_from from switchboard.credential_versions "
                "where credential_id = %s order by id desc limit 1",
                [row],
            ).fetchall()
    assert kept == [
        ("sb_asha", ASHA, "Asha", "login"),
        ("sb_bot", BINU, "Binu", "vouched"),
        ("postgres", BINU, "Eve", None),
    ]
