"""Everything that can be wrong around a command: one sentence, what to do, the exit status, and nothing written."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from tests.support.acme import ACME, GLOBEX, PHONE
from tests.support.commands import Shell, contents, execute
from tests.support.servers.pooler import TransactionPooler

if TYPE_CHECKING:
    from tests.support.servers.postgres import TestServer

PASSWORD = "sk-CANARY-5f0c1e2d"


def test_a_connection_string_that_leads_nowhere_never_shows_its_password(shell: Shell) -> None:
    commands = (["integrations", "list"], ["setup", "--yes"], ["keys", "status"])
    for number, (text, status, words) in enumerate(
        (
            (f"postgresql://asha:{PASSWORD}@db.example:5432x/app", 2, "port"),
            (f"postgresql://asha:{PASSWORD}@@db.example/app", 2, "percent-encoded"),
            (f"DATABASE_URL=postgresql://asha:{PASSWORD}@db.example/app", 2, "variable's name"),
            (f"hots=db.example password={PASSWORD}", 2, "word before a ="),
            (f"{PASSWORD}", 2, "postgresql://"),
            (f"postgresql://asha:{PASSWORD}@no-such-host.invalid/app", 1, "name"),
            (f"postgresql://asha:{PASSWORD}@127.0.0.1:1/app", 1, "Nothing accepts connections"),
            (f"postgresql://asha:{PASSWORD}@/app?host=/nonexistent", 1, "socket"),
        )
    ):
        configured = shell.with_(DATABASE_URL=text, SWITCHBOARD_ORGANIZATION=str(ACME))
        line = configured.run(*commands[number % len(commands)]).refusal(status)
        assert PASSWORD not in line
        assert words in line


def test_nothing_configured_at_all_is_said_with_where_it_was_looked_for_and_what_to_set(shell: Shell) -> None:
    line = shell.run("integrations", "list").refusal(1)
    assert "Looked in ./.env (not there) and the environment. There are no profiles. Set DATABASE_URL" in line
    folder = shell.folder / "switchboard"
    folder.mkdir()
    (folder / "staging.env").touch(0o600)
    (folder / "prod.env").touch(0o600)
    (shell.folder / ".env").touch(0o600)
    configured = shell.with_(XDG_CONFIG_HOME=str(shell.folder))
    line = configured.run("integrations", "list").refusal(1)
    assert "Looked in ./.env and the environment. Profiles: prod, staging." in line
    line = configured.run("--profile", "prod", "integrations", "list").refusal(1)
    assert "Looked in the profile prod and the environment." in line


def test_a_host_that_accepts_and_never_answers_gives_control_back_within_8_seconds(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://asha:{PASSWORD}@127.0.0.1:{silent.getsockname()[1]}/app"
        started = time.monotonic()
        line = shell.with_(DATABASE_URL=url).run("integrations", "list").refusal(1)
    assert time.monotonic() - started < 8
    assert PASSWORD not in line


def test_a_wrong_password_is_named_as_such(shell: Shell, postgres: TestServer, empty_database: str) -> None:
    postgres.create_role("eve", "login password 'right'")
    name = psycopg.conninfo.conninfo_to_dict(empty_database)["dbname"]
    url = postgres.conninfo(str(name), user="eve", password=PASSWORD)
    line = shell.with_(DATABASE_URL=url).run("setup", "--yes").refusal(1)
    assert "refused the user name or the password" in line
    assert 'The server said: password authentication failed for user "eve".' in line
    assert PASSWORD not in line
    failure = json.loads(shell.with_(DATABASE_URL=url).run("setup", "--yes", "--json").refusal(1))
    assert failure.keys() == {"error", "what_to_do", "exit"}
    assert failure["what_to_do"].endswith('The server said: password authentication failed for user "eve".')


def test_a_role_that_may_not_install_is_told_which_privilege_it_lacks(
    shell: Shell, postgres: TestServer, empty_database: str
) -> None:
    postgres.create_role("eve")
    as_eve = shell.with_(DATABASE_URL=empty_database.replace("postgres@", "eve@"))
    for command in (["setup", "--yes"], ["setup", "--dry-run"]):
        line = as_eve.run(*command).refusal(3)
        assert "The role eve lacks the privilege CREATE on the " in line
        assert 'to "eve";' in line
    assert contents(empty_database) == {}


def test_a_role_that_may_not_read_is_told_the_privilege_and_the_role(
    shell: Shell, postgres: TestServer, installed_database: str
) -> None:
    postgres.create_role("eve")
    as_eve = shell.with_(
        DATABASE_URL=installed_database.replace("postgres@", "eve@"), SWITCHBOARD_ORGANIZATION=str(ACME)
    )
    for command in (["integrations", "list"], ["audit", "list"], ["keys", "status"]):
        line = as_eve.run(*command).refusal(3)
        assert "role eve" in line
        assert "permission denied for" in line


def test_a_server_older_than_14_is_refused(shell: Shell, empty_database: str) -> None:
    # The oldest server at hand is newer, so one is made to say another version.
    with psycopg.connect(empty_database) as connection:
        connection.execute("alter function pg_catalog.current_setting(text) rename to current_setting_as_it_is")
        connection.execute("set allow_system_table_mods = on")
        connection.execute("""
            create function pg_catalog.current_setting(text) returns text language sql stable as
            $$select case $1 when 'server_version_num' then '130011' else pg_catalog.current_setting_as_it_is($1) end$$
        """)
    line = shell.with_(DATABASE_URL=empty_database).run("setup", "--yes").refusal(1)
    assert "PostgreSQL 13.11" in line
    assert contents(empty_database) == {}


async def test_a_transaction_pooler_is_refused_for_an_installation(
    shell: Shell, postgres: TestServer, empty_database: str
) -> None:
    postgres.create_role("pooled", "login superuser password 'x'")
    name = psycopg.conninfo.conninfo_to_dict(empty_database)["dbname"]
    async with TransactionPooler(empty_database.replace("postgres@", "pooled@")) as pooler:
        through = shell.with_(DATABASE_URL=pooler.conninfo)
        outcome = await asyncio.to_thread(through.run, "setup", "--yes")
    line = outcome.refusal(1)
    assert "transaction pooler" in line
    assert "5432" in line
    assert name
    assert contents(empty_database) == {}


def test_where_the_schema_is_missing_every_command_offers_setup(shell: Shell, empty_database: str) -> None:
    configured = shell.with_(DATABASE_URL=empty_database, SWITCHBOARD_ORGANIZATION=str(ACME))
    phone = json.dumps(PHONE)
    for command in (["integrations", "list"], ["integrations", "configure", "exotel_phone"], ["keys", "status"]):
        assert "`switchboard setup`" in configured.run(*command, stdin=phone).refusal(1)
    assert "`switchboard setup`" in configured.run("audit", "list").refusal(1)
    assert contents(empty_database) == {}


def test_a_part_of_the_schema_is_not_taken_for_the_whole(shell: Shell, installed_database: str) -> None:
    execute(installed_database, "drop table organization_phone_numbers cascade")
    configured = shell.with_(DATABASE_URL=installed_database, SWITCHBOARD_ORGANIZATION=str(ACME))
    assert "Only a part" in configured.run("integrations", "list").refusal(1)


def test_an_env_file_that_cannot_be_trusted_or_read_is_refused(acme_shell: Shell) -> None:
    file = acme_shell.folder / ".env"
    for mode, content, words in (
        (0o644, "SWITCHBOARD_READ_ONLY=1\n", "chmod 600"),
        (0o600, "SWITCHBOARD_READONLY=1\n", "SWITCHBOARD_READ_ONLY"),
        (0o600, f"ENCRYPTION_MASTER_KEY=ab#{PASSWORD}\n", "single quotes"),
        (0o600, "SWITCHBOARD_TIMEZONE=Mars/Olympus\n", "time zone"),
    ):
        file.write_text(content)
        file.chmod(mode)
        line = acme_shell.run("integrations", "list").refusal(2)
        assert words in line
        assert PASSWORD not in line


def test_the_env_file_is_used_and_the_environment_wins_over_it(acme_shell: Shell) -> None:
    file = acme_shell.folder / "team.env"
    file.write_text(f"SWITCHBOARD_ORGANIZATION={GLOBEX}\nSWITCHBOARD_READ_ONLY=1\n")
    file.chmod(0o600)
    shell = acme_shell.without("SWITCHBOARD_ORGANIZATION")
    listed = shell.run("integrations", "list", "--json", "--env-file", str(file)).data
    assert {row["organization_id"] for row in listed} == {str(GLOBEX)}
    listed = acme_shell.run("integrations", "list", "--json", "--env-file", str(file)).data
    assert {row["organization_id"] for row in listed} == {str(ACME)}


def test_commands_work_on_the_profile_that_is_named(acme_shell: Shell) -> None:
    folder = acme_shell.folder / "switchboard"
    names = ("DATABASE_URL", "ENCRYPTION_MASTER_KEY", "SWITCHBOARD_ORGANIZATION")
    folder.mkdir()
    (folder / "acme.env").touch(0o600)
    (folder / "acme.env").write_text("".join(f"{name}='{acme_shell.environment[name]}'\n" for name in names))
    bare = acme_shell.without(*names).with_(XDG_CONFIG_HOME=str(acme_shell.folder))
    assert bare.run("--profile", "acme", "integrations", "list").status == 0
    assert bare.with_(SWITCHBOARD_PROFILE="acme").run("integrations", "list").status == 0
    for words in (("--profile", "staging", "integrations", "list"), ("integrations", "list", "--profile", "staging")):
        assert "names several profiles" in bare.run("--profile", "acme", *words).refusal(2)
    assert bare.run("--profile", "acme", "integrations", "list", "--profile", "acme").status == 0
    refused = bare.with_(PGPASSWORD=PASSWORD).run("integrations", "list", "--profile", "acme").refusal(2)
    assert refused.startswith("PGPASSWORD in the environment")
    assert PASSWORD not in refused


def test_an_unknown_organisation_is_an_error_that_lists_the_known_ones(acme_shell: Shell) -> None:
    database = acme_shell.environment["DATABASE_URL"]
    with psycopg.connect(database) as connection:
        connection.execute("create table public.organizations (id uuid primary key, name text)")
        for identifier, name in ((ACME, "Acme"), (GLOBEX, "Globex")):
            connection.execute("insert into public.organizations values (%s, %s)", (identifier, name))
    # The views over other programs' tables are made by setup.
    assert acme_shell.run("setup", "--yes").status == 0
    line = acme_shell.run("integrations", "list", "--organization", "Initech").refusal(2)
    assert f"Acme ({ACME}), Globex ({GLOBEX})" in line
    assert "Choose one" in acme_shell.without("SWITCHBOARD_ORGANIZATION").run("integrations", "list").refusal(2)
    assert acme_shell.run("integrations", "list", "--organization", "globex").err == ""
    # A unique beginning will do on the command line, and is said; a setting has to be whole.
    assert f"Organisation: Globex ({GLOBEX})." in acme_shell.run("integrations", "list", "--organization", "glo").err
    # A script would write to another one, once that begins alike.
    written = acme_shell.run("--organization", "glo", "integrations", "delete", "exotel_phone", "--yes").refusal(2)
    assert f"only the beginning of Globex ({GLOBEX})" in written
    assert "More than one" in acme_shell.run("integrations", "list", "--organization", "0000").refusal(2)
    assert "No organisation" in acme_shell.with_(SWITCHBOARD_ORGANIZATION="glo").run("integrations", "list").refusal(2)


def test_without_any_organisation_the_way_to_name_one_is_said(acme_shell: Shell) -> None:
    line = acme_shell.without("SWITCHBOARD_ORGANIZATION").run("integrations", "list").refusal(2)
    assert "--organization" in line


def test_an_unknown_operator_is_refused(acme_shell: Shell) -> None:
    assert "No person" in acme_shell.run("--operator", "nobody@acme.example", "integrations", "list").refusal(2)


def test_a_row_that_a_constraint_refuses_is_not_shown(phone_shell: Shell) -> None:
    database = phone_shell.environment["DATABASE_URL"]
    with psycopg.connect(database) as connection:
        check = sql.SQL("alter table integration_credentials add constraint {} check (display_name <> {})")
        connection.execute(check.format(sql.Identifier("no_canary"), sql.Literal(PASSWORD)))
    before = contents(database)
    stdin_text = json.dumps({"display_name": PASSWORD})
    line = phone_shell.run("integrations", "configure", "exotel_phone", stdin=stdin_text).refusal(2)
    assert "no_canary" in line
    assert PASSWORD not in line
    assert contents(database) == before
