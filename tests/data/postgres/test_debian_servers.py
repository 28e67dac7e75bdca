"""What only servers from Debian's packages can show: Postgres 15, TLS that is verified, a real PgBouncer."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from typing import TYPE_CHECKING

import psycopg
import pytest
import trustme

from tests.generate.upgrade_dump import ONLY_ELSEWHERE
from tests.support.acme import ACME, PHONE, keyring, opened, operator
from tests.support.database.schema import installed, log_of, portable, shape_of
from tests.support.servers.debian import PASSWORD, PGBOUNCER, POSTGRES_15, DebianServer, PgBouncer, needs
from tests.support.servers.postgres import run_schema_files
from tui.data.integrations.credentials import Draft, load_credential, save_credential
from tui.data.integrations.listing import list_integrations, set_active
from tui.data.integrations.reveal import open_secret
from tui.data.postgres.conninfo.settings import make_conninfo
from tui.data.postgres.conninfo.string import parse_connection_string
from tui.data.postgres.database import Database
from tui.data.postgres.probe import pooling_kind
from tui.data.schema import install as install_module
from tui.data.schema.catalogue_queries import TABLES
from tui.data.schema.expected import expected_shape
from tui.data.schema.verify import verify
from tui.data.setup.findings import server_findings
from tui.errors import ConnectionFailed, ServerUnsuitable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID

    from tests.support.servers.postgres import TestServer
    from tui.data.postgres.database import Connection

pytestmark = pytest.mark.debian

SESSIONS = "select pid from pg_stat_activity where datname = %s and pid <> pg_backend_pid()"
# What one client can leave to the next in a session: settings (the pooler itself keeps track of the name), locks,
# statements, channels, a role, temporary tables.
LEFT_BEHIND = """
select 'setting ' || name || ' = ' || setting from pg_settings where source = 'session' and name <> 'application_name'
union all select 'own setting ' || n || ' = ' || current_setting(n) from unnest(array[
  'switchboard.operator_id', 'switchboard.operator_label', 'switchboard.operation_id', 'switchboard.fields']) n
  where current_setting(n, true) <> ''
union all select 'lock ' || objid from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()
union all select 'statement ' || name from pg_prepared_statements
union all select 'cursor ' || name from pg_cursors where name <> ''
union all select 'channel ' || c from pg_listening_channels() c
union all select 'role ' || current_user where current_user <> session_user
union all select 'temporary ' || relname from pg_class where relnamespace = pg_my_temp_schema()
"""


@pytest.fixture(scope="session")
def debian() -> Iterator[DebianServer]:
    needs(POSTGRES_15 / "postgres", "postgresql-15")
    server = DebianServer()
    yield server
    server.close()


@pytest.fixture
def database(debian: DebianServer) -> Iterator[str]:
    """Name of a database of the role `owner`, who is no superuser, may create roles, and has PASSWORD."""
    debian.create_role("owner", f"login createrole password '{PASSWORD}'")
    name = debian.create_database(owner="owner", prefix="debian")
    yield name
    debian.drop_database(name)
    debian.drop_new_roles()


async def work_with_a_credential(conninfo: str) -> None:
    """Save, list, edit, disable and reveal a credential."""
    async with opened(conninfo) as database:
        await save_credential(database, keyring(), Draft(ACME, "exotel_phone", PHONE, "Desk"), None, "auto")
        base = await load_credential(database, keyring(), ACME, "exotel_phone")
        assert base
        edited = Draft(ACME, "exotel_phone", PHONE | {"api_token": "another"}, "Night desk")
        assert (await save_credential(database, keyring(), edited, base, "auto")).changed == (
            *("api_token", "display_name"),
        )
        (integration,) = await list_integrations(database, keyring(), ACME, [])
        assert (integration.display_name, integration.unreadable) == ("Night desk", None)
        assert await set_active(database, integration, active=False)
        assert (await open_secret(database, keyring(), integration, "api_token", "reveal")).reveal(
            "compare"
        ) == "another"


async def assert_all_acts_work(conninfo: str) -> None:
    """Install, and do every act with a credential."""
    report = await installed(conninfo, roles=True)
    assert report.verification
    assert report.verification.is_well
    shape = {line for line in portable(await shape_of(conninfo)) if line.kind != "grant"}
    assert shape == {line for line in expected_shape() if line.kind != "grant" and "own_select" not in line.name}
    assert (await installed(conninfo)).plan.is_empty
    await work_with_a_credential(conninfo)
    with psycopg.connect(conninfo) as connection:
        assert [row["action"] for row in log_of(connection)] == [
            *("schema_changed", "credential_created", "credential_updated", "credential_disabled"),
            "credential_revealed",
        ]


def run(program: str, *arguments: str) -> None:
    """Run one of the server's own programs to its end."""
    subprocess.run([POSTGRES_15 / program, *arguments], check=True)


def logged_changes(conninfo: str) -> list[UUID]:
    """The rows of the log that are not of a setup."""
    with psycopg.connect(conninfo) as connection:
        return [row["id"] for row in log_of(connection) if row["action"] != "schema_changed"]


async def test_postgres_15_gets_the_same_schema_works_and_a_backup_comes_back_without_being_logged_again(
    debian: DebianServer, database: str, tmp_path: Path
) -> None:
    """As docs/audit_log.md says: whole, or the data alone past the triggers of the three tables."""
    source, backup = debian.conninfo(database, user="owner"), str(tmp_path / "backup.dump")
    await assert_all_acts_work(source)
    run("pg_dump", "-Fc", "-f", backup, source)

    async def restore(*options: str) -> str:
        name = debian.create_database(owner="owner", prefix="restored")
        conninfo = debian.conninfo(name, user="owner")
        if options:
            run_schema_files(conninfo)
            with psycopg.connect(conninfo) as connection:
                for table in TABLES:
                    if table != "integration_audit_logs":
                        connection.execute(f"alter table public.{table} disable trigger user")
                connection.execute("alter table integration_audit_logs disable trigger switchboard_check_proof")
                installed_rows = ("schema_version", "send_actions", "locks", "settings")
                connection.execute(f"truncate {', '.join(f'switchboard.{name}' for name in installed_rows)}".encode())
        run("pg_restore", "--single-transaction", *options, "-d", conninfo, backup)
        return conninfo

    for options in ((), ("--data-only",)):
        conninfo = await restore(*options)
        async with await psycopg.AsyncConnection.connect(conninfo) as conn:
            sentences = [drift.sentence for drift in (await verify(conn)).drifts]
        off = "The trigger public.integration_credentials.switchboard_log_change is switched off."
        assert (off in sentences) == bool(options)
        run_schema_files(conninfo)
        assert logged_changes(conninfo) == logged_changes(source)
        async with await psycopg.AsyncConnection.connect(conninfo) as conn:
            assert (await verify(conn)).is_well
        debian.drop_database(str(psycopg.conninfo.conninfo_to_dict(conninfo)["dbname"]))


async def test_a_directory_that_came_from_postgres_15_is_still_followed_and_a_replaced_one_left(
    debian: DebianServer, database: str, postgres: TestServer
) -> None:
    """Newer servers print a view of one table otherwise, and a dump keeps the comment that says how it was made."""
    source = debian.conninfo(database, user="owner")
    with psycopg.connect(source) as connection:
        connection.execute("create table users (id uuid primary key, email varchar(80), name text, deleted_at date)")
        connection.execute("create table organizations (id uuid primary key, name varchar(80), deleted_at timestamp)")

    def restore() -> str:
        plain = ["--no-owner", "--inserts", source]
        text = subprocess.run([POSTGRES_15 / "pg_dump", *plain], check=True, capture_output=True, text=True).stdout
        name = postgres.create_database(prefix="restored")
        with psycopg.connect(postgres.conninfo(name)) as connection:
            connection.execute(ONLY_ELSEWHERE.sub("", text))
        return postgres.conninfo(name)

    run_schema_files(source)
    for replaced in (False, True):
        if replaced:
            with psycopg.connect(source) as connection:
                connection.execute(
                    "create or replace view switchboard.people as select t.id, null::text as email, t.name,"
                    " null::uuid as organization_id, t.deleted_at is null as is_active from users t"
                )
        newer = restore()
        with psycopg.connect(newer) as connection:
            connection.execute("alter table users add is_deleted bool; alter table organizations add is_deleted bool")
            connection.execute("insert into users values (gen_random_uuid(), 'a@b.c', 'Ann', null, true)")
            connection.execute("insert into organizations values (gen_random_uuid(), 'Gone', null, true)")
        run_schema_files(newer)
        with psycopg.connect(newer) as connection:
            people = connection.execute("select email, name, is_active from switchboard.people").fetchall()
            assert people == [(None, "Ann", True) if replaced else ("a@b.c", "Ann", False)]
            assert connection.execute("select * from switchboard.organizations").fetchall() == []
    # Without a table of them, people are those with labels, which is a view of one table too.
    with psycopg.connect(source) as connection:
        connection.execute("drop table users, organizations cascade")
    run_schema_files(source)
    newer = restore()
    with psycopg.connect(newer) as connection:
        connection.execute("create table users (id uuid primary key, email text)")
        connection.execute("insert into users values (gen_random_uuid(), 'a@b.c')")
    run_schema_files(newer)
    with psycopg.connect(newer) as connection:
        assert connection.execute("select email from switchboard.people").fetchall() == [("a@b.c",)]


async def test_a_certificate_is_verified_up_to_the_host_name(
    debian: DebianServer, database: str, tmp_path: Path
) -> None:
    def over_tls(**parameters: str) -> str:
        text = debian.over_tls(database, "owner", **{"sslrootcert": str(debian.authority), **parameters})
        return make_conninfo(parse_connection_string(text), application_name="a test")

    async with opened(over_tls(sslmode="verify-full")) as connected:
        assert connected.info
        assert connected.info.tls == "TLSv1.3"
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    for wrong in ({"sslrootcert": str(tmp_path / "other.pem")}, {"host": "127.0.0.1"}):
        with pytest.raises(ConnectionFailed) as failure:
            async with opened(over_tls(sslmode="verify-full", **wrong)):
                pass
        assert failure.value.sentence == "The server's TLS certificate is not the one expected for this host."
        assert "sslrootcert" in failure.value.what_to_do
        assert PASSWORD not in failure.value.details


async def test_through_pgbouncer_everything_works_but_installing(debian: DebianServer, database: str) -> None:
    needs(PGBOUNCER, "pgbouncer")
    with PgBouncer(debian, "owner") as pooler:
        through = pooler.conninfo(database, "owner")
        assert await pooling_kind(through) == "transaction"
        with pytest.raises(ServerUnsuitable) as refused:
            await installed(through)
        assert "transaction pooler" in refused.value.sentence
        assert "5432" in refused.value.what_to_do
        with psycopg.connect(debian.conninfo(database)) as connection:
            assert connection.execute("select to_regnamespace('switchboard')").fetchone() == (None,)

        run_schema_files(debian.conninfo(database, user="owner"))
        async with opened(through) as connected:
            assert connected.info
            assert connected.info.pooling == "transaction"
            assert ("Pooler", "warning") in [
                (finding.title, finding.state) for finding in server_findings(connected.info, None)
            ]
        await work_with_a_credential(through)
        # Its own sessions stay as they were: nothing of one operator is left for whoever comes next.
        with psycopg.connect(through, autocommit=True, prepare_threshold=None) as connection:
            settings = (
                "select current_setting('switchboard.operator_label', true), current_setting('statement_timeout')"
            )
            assert connection.execute(settings).fetchone() in [("", "0"), (None, "0")]

        with pytest.raises(ConnectionFailed) as plain:
            async with opened(f"{through}?sslmode=require"):
                pass
        assert plain.value.sentence.startswith("The server offers no TLS")


async def test_a_session_pooler_that_resets_nothing_gets_its_sessions_back_as_they_were(
    debian: DebianServer, database: str
) -> None:
    needs(PGBOUNCER, "pgbouncer")
    with PgBouncer(debian, "owner", pool_mode="session", server_reset_query="", default_pool_size=8) as pooler:
        through = make_conninfo(parse_connection_string(pooler.conninfo(database, "owner")), application_name="a test")
        assert await pooling_kind(through) == "session"
        await installed(through, roles=True)
        with psycopg.connect(debian.conninfo(database, user="owner")) as owner:
            owner.execute("drop index public.idx_integration_audit_logs_time")
        # As on a large log: built on a session of its own, outside a transaction.
        async with await psycopg.AsyncConnection.connect(through, autocommit=True) as conn:
            assert await install_module._build_log_indexes(conn) == ("idx_integration_audit_logs_time",)
        await work_with_a_credential(through)
        # A console that found no server at its start asks for one before it knows what is in between.
        waiting = Database(through, operator())
        assert await waiting.until_back() is None
        await waiting.close()
        async with opened(through) as connected:
            assert connected.info
            assert connected.info.pooling == "session"

            async def slow(connection: Connection) -> None:
                await connection.execute("select pg_sleep(600)")

            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(connected.read(slow), 0.2)
        # Every session that the pooler keeps, one after another: each held by a client of its own.
        with contextlib.ExitStack() as clients:
            sessions = debian.admin().execute(SESSIONS, (database,)).fetchall()
            assert sessions
            pids = set()
            for _ in sessions:
                client = clients.enter_context(psycopg.connect(through, autocommit=True))
                assert client.execute(LEFT_BEHIND).fetchall() == []
                pids |= set(client.execute("select pg_backend_pid()").fetchall())
            assert pids & set(sessions)


@pytest.mark.parametrize(
    ("settings", "change", "sentence", "words"),
    [
        ({}, {"user": "nobody"}, "refused the user name or the password", "authentication failed"),
        ({}, {"password": "wrong"}, "refused the user name or the password", "authentication failed"),
        ({}, {"dbname": "missing"}, "no database of that name", 'database "missing" does not exist'),
        ({"max_client_conn": 1}, {}, "no free connection", "no more connections allowed (max_client_conn)"),
        ({}, {"options": "-c work_mem=64"}, "refuses a setting", "unsupported startup parameter"),
        ({"pool_mode": "session", "default_pool_size": 1, "query_wait_timeout": 1}, {}, "busy", "query_wait_timeout"),
    ],
)
async def test_what_pgbouncer_itself_refuses_is_named_and_repeated(
    debian: DebianServer,
    database: str,
    settings: dict[str, str | int],
    change: dict[str, str],
    sentence: str,
    words: str,
) -> None:
    needs(PGBOUNCER, "pgbouncer")
    with PgBouncer(debian, "owner", **settings) as pooler:
        through = pooler.conninfo(database, "owner")
        with psycopg.connect(through, autocommit=True) as first:
            first.execute("select 1")
            with pytest.raises(ConnectionFailed) as refused:
                async with opened(psycopg.conninfo.make_conninfo(through, **change)):
                    pass
    assert sentence in refused.value.sentence
    assert words in refused.value.what_to_do
    assert PASSWORD not in f"{refused.value} {refused.value.details}"
    assert refused.value.answered
