"""The command `setup`: it shows, asks, does all or nothing, and a second run changes nothing."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import psycopg

from tests.support.acme import KEY
from tests.support.commands import Shell, contents, execute
from tests.support.database.schema import run_shape
from tests.support.terminal.forked_terminal import ForkedTerminal
from tui.data.schema.files import schema_text

if TYPE_CHECKING:
    from tests.support.servers.postgres import TestServer

TABLES = {
    *("integration_credentials", "user_integration_permissions"),
    *("integration_audit_logs", "organization_phone_numbers"),
}


def objects(database: str) -> list[tuple[str, ...]]:
    """Everything in the catalogue that is not Postgres' own, roles included."""
    with psycopg.connect(database) as connection:
        return connection.execute("""
            select 'relation', c.oid::regclass::text from pg_class c where c.oid > 16383 and relnamespace <> 99
            union all select 'function', p.oid::regprocedure::text from pg_proc p where p.oid > 16383
            union all select 'schema', nspname::text from pg_namespace where oid > 16383 and nspname !~ '^pg_'
            union all select 'role', rolname::text from pg_roles order by 1, 2
        """).fetchall()


def on_empty(shell: Shell, database: str) -> Shell:
    return shell.with_(DATABASE_URL=database)


def test_without_a_key_it_installs_names_keys_generate_and_changes_nothing_the_second_time(
    shell: Shell, empty_database: str, postgres: TestServer
) -> None:
    empty = on_empty(shell, empty_database)
    outcome = empty.run("setup", "--yes")
    assert outcome.status == 0, outcome.err
    assert "`switchboard keys generate`" in outcome.err.splitlines()[-1]
    assert contents(empty_database).keys() >= {f"public.{name}" for name in TABLES}
    assert execute(empty_database, "select count(*) from switchboard.keys") == [(0,)]
    assert not list(shell.folder.iterdir())
    before, rows = objects(empty_database), contents(empty_database)
    # Nothing to do is nothing to ask about.
    second = empty.run("setup", "--json").data
    assert (second["applied"], second["missing"], second["different"]) == (False, [], [])
    assert (objects(empty_database), contents(empty_database)) == (before, rows)
    assert "switchboard_support" not in postgres.roles()
    third = empty.run("setup", "--yes", "--roles", "--json").data
    assert third["roles_created"] == ["switchboard_admin", "switchboard_support", "switchboard_auditor"]
    assert (third["applied"], third["starting_shape"], third["next_step"]) == (
        *(True, "installed by Switchboard"),
        "switchboard keys generate",
    )
    assert "switchboard_support" in postgres.roles()


def test_a_dry_run_lists_every_line_and_leaves_nothing_behind(shell: Shell, empty_database: str) -> None:
    before = objects(empty_database)
    shown = on_empty(shell, empty_database).run("setup", "--dry-run", "--roles")
    assert shown.status == 0
    assert "  + table public.integration_credentials: " in shown.out
    assert shown.out.splitlines()[-1] == "Nothing was done: this was a dry run."
    assert shown.err.startswith("No master key is configured. Setting up needs none, saving a credential does: ")
    assert on_empty(shell, empty_database).run("setup", "--dry-run", "--read-only", "--json").data["dry_run"] is True
    assert objects(empty_database) == before


def test_it_asks_on_a_terminal_and_nothing_but_yes_installs(shell: Shell, empty_database: str) -> None:
    empty = on_empty(shell, empty_database)
    before = objects(empty_database)
    assert "read-only mode" in empty.run("--read-only", "setup", "--yes").refusal(2)
    refused = empty.run("setup")
    assert refused.status == 2
    assert "--yes" in refused.err.splitlines()[-1]
    # What else is no yes ends the question of any command: tests/cli/permissions/test_commands.py.
    with ForkedTerminal("setup", environment=empty.environment, cwd=shell.folder) as terminal:
        terminal.wait_for("[y/N]")
        terminal.type("\n")
        assert terminal.wait_for_exit() == 2
    assert objects(empty_database) == before
    with ForkedTerminal("setup", environment=empty.environment, cwd=shell.folder, rows=60) as terminal:
        terminal.wait_for("[y/N]")
        terminal.type("y\n")
        assert terminal.wait_for_exit() == 0
        assert "The database is set up" in terminal.text
    assert contents(empty_database)


def test_something_in_the_way_is_named_and_nothing_is_half_done(shell: Shell, empty_database: str) -> None:
    execute(empty_database, "create view public.integration_audit_logs as select 1 as id")
    before = objects(empty_database)
    refused = on_empty(shell, empty_database).run("setup", "--yes")
    assert refused.status == 1
    assert "public.integration_audit_logs is in the way" in refused.err
    assert objects(empty_database) == before


def test_with_a_key_the_progress_is_told_and_later_a_column_of_another_type_before_anything_is_asked(
    shell: Shell, empty_database: str
) -> None:
    empty = on_empty(shell, empty_database)
    outcome = empty.with_(ENCRYPTION_MASTER_KEY=KEY).run("setup", "--yes")
    assert outcome.status == 0
    assert "keys generate" not in outcome.err
    assert "003_tables.sql" in outcome.err
    assert "none of the four tables yet" in outcome.out
    assert outcome.out.splitlines()[-1].startswith("The database is set up and is as expected")
    execute(empty_database, "alter table integration_credentials drop column display_name, alter created_by type text")
    for options in ((), ("--dry-run",)):
        refused = empty.run("setup", *options)
        assert refused.status == 1
        assert "To be created: not known while something is in the way\n" in refused.out
        assert refused.err.splitlines()[-1] == (
            "The column public.integration_credentials.created_by is of type text, and uuid is needed. "
            "Columns and constraints are never changed nor filled here: change them, or use another database."
        )


def test_the_schema_is_printed_as_setup_runs_it(shell: Shell) -> None:
    printed = shell.run("schema")
    assert (printed.status, printed.out, printed.err) == (0, schema_text(), "")
    assert shell.run("schema", "--json").data == {"sql": printed.out}


def test_what_others_have_there_is_accepted_with_the_plan_and_later_by_the_name_that_the_doctor_says(
    shell: Shell, empty_database: str
) -> None:
    empty = on_empty(shell, empty_database).with_(ENCRYPTION_MASTER_KEY=KEY)
    run_shape(empty_database, "plain_schema")
    execute(empty_database, "alter table integration_credentials add column note text")
    adopted = empty.run("setup", "--yes")
    assert (adopted.status, "  = column public.integration_credentials.note: text" in adopted.out.splitlines()) == (
        *(0, True),
    )
    execute(empty_database, 'alter table integration_credentials add column "it\'s theirs" text')
    (foreign,) = [finding for finding in empty.run("doctor", "--json").data if finding["title"] == "Of others"]
    assert (foreign["state"], foreign["sentence"]) == (
        "warning",
        "The column public.integration_credentials.it's theirs is not Switchboard's, and nobody has accepted it.",
    )
    command = shlex.split(foreign["what_to_do"].partition("`")[2].partition("`")[0])
    assert command[:3] == ["switchboard", "setup", "--accept"]
    assert foreign["sentence"] in " ".join(empty.run("audit", "verify").out.split())
    before = contents(empty_database)
    assert "read-only mode" in empty.run("--read-only", *command[1:], "--yes").refusal(2)
    asked = empty.run(*command[1:])
    assert (asked.status, "not accepted yet. Add --yes" in asked.err) == (2, True)
    assert contents(empty_database) == before
    accepted = empty.run(*command[1:], "--yes", "--json").data["accepted"]
    assert accepted == ["column public.integration_credentials.it's theirs"]
    titles = {finding["title"]: finding["sentence"] for finding in empty.run("doctor", "--json").data}
    assert "Of others" not in titles
    assert titles["Accepted"].startswith(
        "2 objects of other programs are accepted: column public.integration_credentials."
    )
