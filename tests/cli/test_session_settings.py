"""Settings of a database, a role or the environment change nothing of what is installed, written, read and proved."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from psycopg import conninfo, sql

from tests.support.acme import ACME, KEY, MASTER_KEY, PHONE, SALT, keyring, opened, operator
from tests.support.commands import execute
from tests.support.database.schema import portable, shape_of
from tests.support.database.seal_tampering import LOG, write_log
from tui.data.integrations.listing import list_integrations
from tui.data.integrations.reveal import open_secret
from tui.data.postgres.database import Database
from tui.data.schema.expected import expected_shape
from tui.data.seals.hours import LEAVES as LEAVES_OF_VERSION
from tui.data.setup.plan import plan_setup
from tui.errors import ServerUnsuitable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.commands import Shell
    from tests.support.servers.postgres import TestServer
    from tui.data.postgres.database import Connection

# Every setting that a client may have and that somebody may have set to this for a database or a role.
HOSTILE = {
    "array_nulls": "off",
    "backslash_quote": "on",
    "bytea_output": "escape",
    "check_function_bodies": "off",
    "client_encoding": "LATIN1",
    "client_min_messages": "debug1",
    "createrole_self_grant": "set, inherit",
    "datestyle": "German, DMY",
    "default_statistics_target": "1",
    "default_toast_compression": "pglz",
    "default_transaction_deferrable": "on",
    "default_transaction_isolation": "serializable",
    "enable_hashjoin": "off",
    "enable_indexscan": "off",
    "enable_nestloop": "off",
    "enable_seqscan": "off",
    "enable_sort": "off",
    "escape_string_warning": "off",
    "exit_on_error": "on",
    "extra_float_digits": "-15",
    "gin_fuzzy_search_limit": "1",
    "idle_in_transaction_session_timeout": "1",
    "idle_session_timeout": "500",
    "intervalstyle": "sql_standard",
    "lc_monetary": "C",
    "lc_numeric": "C",
    "lc_time": "C",
    "lock_timeout": "1",
    "password_encryption": "md5",
    "plan_cache_mode": "force_generic_plan",
    "plpgsql.extra_errors": "all",
    "plpgsql.extra_warnings": "all",
    "plpgsql.variable_conflict": "use_column",
    "quote_all_identifiers": "on",
    "restrict_nonsystem_relation_kind": "view",
    "row_security": "off",
    "search_path": "hostile, public",
    "standard_conforming_strings": "off",
    "statement_timeout": "100",
    "synchronous_commit": "off",
    "timezone": "Asia/Kathmandu",
    "timezone_abbreviations": "India",
    "transaction_timeout": "100",
    "transform_null_equals": "on",
    "work_mem": "64",
    "xmlbinary": "hex",
    "xmloption": "document",
}


# What another program of a test has instead, which is not ours to lift.
LIFTED = " ".join(
    f"-c {name}=0"
    for name in ("statement_timeout", "transaction_timeout", "idle_in_transaction_session_timeout", "lock_timeout")
)
READ = (
    ["integrations", "list", "--json"],
    ["phone-numbers", "list", "--json"],
    ["permissions", "list", "--json"],
    ["audit", "list", "action:call_made", "--json"],
    ["audit", "export", "action:call_made"],
    ["audit", "verify", "--json"],
    ["doctor", "--json"],
)
# On a busy machine too short, or too slow, for every day.
LONG_ONLY = {
    "debug_parallel_query": "on",
    "idle_session_timeout": "50",
    "jit": "on",
    "jit_above_cost": "0",
    "lc_messages": "C",
    "log_duration": "on",
    "log_statement": "all",
    "statement_timeout": "5",
    "transaction_timeout": "5",
}
ZONE_OF_THE_CHANGE = """
select right(details -> 'after' ->> 'updated_at', 6) from public.integration_audit_logs
 where details ->> 'source' = 'trigger' and details -> 'changed' ? 'display_name'
"""
# As an auditor would ask for them, in a session that nothing is pinned in.
LEAVES = f"""
select encode(sha256(string_agg({LEAVES_OF_VERSION[2]}, ''::bytea order by l.id)), 'hex')
  from {LOG} as l where l.action = 'call_made'
"""


@pytest.fixture
def plain(postgres: TestServer) -> Iterator[str]:
    """An empty database of the role owner, who is no superuser and may create roles."""
    postgres.create_role("owner", "login createrole")
    name = postgres.create_database(owner="owner", prefix="settings")
    yield postgres.conninfo(name, user="owner")
    postgres.drop_database(name)
    postgres.drop_new_roles()


@contextmanager
def hostile(postgres: TestServer, database: str, settings: dict[str, str]) -> Iterator[None]:
    """Give the database these settings for whoever connects meanwhile."""
    name = sql.Identifier(str(conninfo.conninfo_to_dict(database)["dbname"]))
    with postgres.admin() as admin:
        for setting, value in settings.items():
            names = sql.SQL(".").join(map(sql.Identifier, setting.split(".")))
            expression = sql.SQL(value) if setting == "search_path" else sql.Literal(value)
            admin.execute(sql.SQL("alter database {} set {} = {}").format(name, names, expression))
        yield
        admin.execute(sql.SQL("alter database {} reset all").format(name))


def write(shell: Shell, database: str) -> None:
    """Set up, store a credential, a number, and an hour of the log, and seal it."""
    assert shell.run("setup", "--yes", "--roles").status == 0
    assert "To be created: nothing" in (planned := shell.run("setup", "--dry-run")).out, planned
    assert "To be changed: nothing" in planned.out, planned
    lifted = conninfo.make_conninfo(database, options=LIFTED)
    execute(
        lifted,
        "insert into switchboard.keys (key_id, purpose, salt) values (%s, 'master', %s)",
        MASTER_KEY.key_id(SALT),
        SALT,
    )
    credential = json.dumps(PHONE | {"note": "\\' \u20ac"})
    assert (outcome := shell.run("integrations", "configure", "exotel_phone", stdin=credential)).status == 0, outcome
    assert (outcome := shell.run("phone-numbers", "add", "+911141169368")).status == 0, outcome
    write_log(lifted)
    execute(lifted, "update public.integration_credentials set display_name = E'B\\u00fcr\\u00f6'")
    ((zone,),) = execute(lifted, ZONE_OF_THE_CHANGE)
    assert zone == "+00:00"
    assert shell.run("audit", "seal", "--new-key", "seal.pem").status == 0
    key = str(shell.folder / "seal.pem")
    assert (outcome := shell.with_(SWITCHBOARD_SEAL_KEY_FILE=key).run("audit", "seal")).status == 0, outcome


def read(shell: Shell, database: str) -> dict[str, object]:
    """What every kind of reading gives."""
    outcomes: dict[str, object] = {}
    for command in READ:
        outcome = shell.run(*command)
        # What is read here, and logged, is one claim more for the doctor the next time.
        outcomes[" ".join(command)] = (outcome.status, re.sub(r"[0-9]+ acts? of", "acts of", outcome.out), outcome.err)

    async def reveal_token() -> str:
        async with opened(database) as console:
            (listed,) = await list_integrations(console, keyring(), ACME, [])
            return (await open_secret(console, keyring(), listed, "api_token", "reveal")).reveal("compare")

    outcomes["leaves"] = execute(conninfo.make_conninfo(database, options=LIFTED), LEAVES)
    return outcomes | {"reveal": asyncio.run(reveal_token())}


def try_everything(shell: Shell, postgres: TestServer, database: str, settings: dict[str, str]) -> None:
    """Do everything under these settings, and read the same again without them."""
    url = f"{database}&client_encoding=LATIN1"
    shell = shell.with_(DATABASE_URL=url, ENCRYPTION_MASTER_KEY=KEY, SWITCHBOARD_ORGANIZATION=str(ACME))
    with hostile(postgres, database, settings):
        shell_of_another = shell.with_(PGCLIENTENCODING="LATIN1", PGTZ="Asia/Kathmandu", PGDATESTYLE="German")
        write(shell_of_another, database)
        under = read(shell_of_another, database)
    for act, outcome in read(shell, database).items():
        assert under[act] == outcome, f"{settings}: {act}"
    assert under["reveal"] == PHONE["api_token"]
    shape = {line for line in portable(asyncio.run(shape_of(database))) if line.kind != "grant"}
    assert shape == {line for line in expected_shape() if line.kind != "grant" and "own_select" not in line.name}


def test_all_hostile_settings_at_once_change_nothing(shell: Shell, postgres: TestServer, plain: str) -> None:
    try_everything(shell, postgres, plain, HOSTILE)


@pytest.mark.long
@pytest.mark.parametrize(("name", "value"), (HOSTILE | LONG_ONLY).items())
def test_each_hostile_setting_changes_nothing(
    shell: Shell, postgres: TestServer, plain: str, name: str, value: str
) -> None:
    try_everything(shell, postgres, plain, {name: value})


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_is_not_in_utf8_is_refused_by_every_command(
    shell: Shell, postgres: TestServer, encoding: str
) -> None:
    name = f"in_{encoding.lower()}"
    with postgres.admin() as admin:
        admin.execute(
            f"create database {name} encoding '{encoding}' lc_collate 'C' lc_ctype 'C' locale_provider libc "
            "template template0".encode()
        )
    shell = shell.with_(DATABASE_URL=postgres.conninfo(name), SWITCHBOARD_ORGANIZATION=str(ACME))
    for command in (["integrations", "list"], ["setup", "--yes"]):
        line = shell.run(*command).refusal(1)
        assert encoding in line
        assert "encoding 'UTF8'" in line
    findings = json.loads(shell.run("doctor", "--json").out)
    assert any(encoding in finding["sentence"] and finding["state"] == "problem" for finding in findings)
    with pytest.raises(ServerUnsuitable, match=encoding):
        asyncio.run(Database(postgres.conninfo(name), operator()).open())
    assert encoding in asyncio.run(plan_setup(postgres.conninfo(name))).in_the_way[0].text
    postgres.drop_database(name)


def test_a_database_set_to_read_only_is_said_and_read(shell: Shell, postgres: TestServer, plain: str) -> None:
    shell = shell.with_(DATABASE_URL=plain, ENCRYPTION_MASTER_KEY=KEY, SWITCHBOARD_ORGANIZATION=str(ACME))
    with hostile(postgres, plain, {"default_transaction_read_only": "on"}):
        assert "set to read-only" in (shell.run("setup", "--yes")).refusal(1)
    assert shell.run("setup", "--yes").status == 0
    with hostile(postgres, plain, {"default_transaction_read_only": "on"}):
        assert shell.run("integrations", "list").status == 0
        line = shell.run("phone-numbers", "add", "+911141169368").refusal(1)
        assert "default_transaction_read_only" in line


def test_a_session_that_would_not_keep_foreign_keys_is_made_one_that_does_or_refused(
    shell: Shell, postgres: TestServer, installed_database: str
) -> None:
    postgres.create_role("eve", "login")
    name = str(conninfo.conninfo_to_dict(installed_database)["dbname"])
    with hostile(postgres, installed_database, {"session_replication_role": "replica"}):
        assert shell.with_(DATABASE_URL=installed_database).run("permissions", "list").status != 3
        eve = shell.with_(DATABASE_URL=postgres.conninfo(name, user="eve"))
        assert "session_replication_role" in eve.run("permissions", "list").refusal(3)

    async def role_of_session() -> object:
        with hostile(postgres, installed_database, {"session_replication_role": "replica"}):
            async with opened(installed_database) as database:
                return await database.read(_role_of_session)

    assert asyncio.run(role_of_session()) == {"session_replication_role": "origin"}


async def _role_of_session(connection: Connection) -> object:
    return await (await connection.execute("show session_replication_role")).fetchone()
