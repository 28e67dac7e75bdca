"""How a command ends when it does not end by itself: signals, a reader that has seen enough, a full disk."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.support.commands import Shell, contents
from tests.support.terminal.forked_terminal import ForkedTerminal
from tests.support.terminal.pty import SWITCHBOARD, Terminal
from tests.support.waiting import wait_until


def test_a_signal_during_a_write_undoes_it_and_is_the_exit_status(phone_shell: Shell) -> None:
    database = phone_shell.environment["DATABASE_URL"]
    before = contents(database)
    waiting = "select 1 from pg_locks where not granted"
    command = ("integrations", "disable", "exotel_phone")
    with psycopg.connect(database) as holder, psycopg.connect(database, autocommit=True) as watcher:
        holder.execute("select from integration_credentials for update")
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)):
            with ForkedTerminal(*command, environment=phone_shell.environment, cwd=phone_shell.folder) as terminal:
                wait_until(lambda: watcher.execute(waiting).fetchone())
                terminal.signal(number)
                assert terminal.wait_for_exit() == status
                assert "disabled" not in terminal.text
                assert "Traceback" not in terminal.text
            wait_until(lambda: not watcher.execute(waiting).fetchone())
        holder.rollback()
    assert contents(database) == before


def test_a_terminal_that_goes_away_without_a_signal_ends_a_command_that_waits(phone_shell: Shell) -> None:
    with Terminal(
        [*SWITCHBOARD, "audit", "tail"],
        environment=phone_shell.environment,
        cwd=phone_shell.folder,
        is_owner=False,
    ) as terminal:
        terminal.wait_for("exotel_phone")
        terminal.hang_up()
        assert terminal.process.wait(timeout=10) == 129


def test_a_lock_that_somebody_holds_is_named_after_5_seconds(phone_shell: Shell) -> None:
    with psycopg.connect(phone_shell.environment["DATABASE_URL"], application_name="nightly job") as holder:
        holder.execute("select from integration_credentials for update")
        line = phone_shell.run("integrations", "disable", "exotel_phone").refusal(1)
    assert "nightly job" in line


def test_a_reader_that_has_seen_enough_ends_it_quietly(acme_shell: Shell) -> None:
    with psycopg.connect(acme_shell.environment["DATABASE_URL"]) as connection:
        connection.execute(
            "insert into integration_audit_logs (organization_id, integration_type, action, status)"
            " select %s, 'exotel_phone', 'call_made', 'success' from generate_series(1, 5000)",
            (acme_shell.environment["SWITCHBOARD_ORGANIZATION"],),
        )
    with acme_shell.start("audit", "list", "--limit", "5000") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=30) == 141
        assert process.stderr.read() == b""


@pytest.mark.parametrize("arguments", [["keys", "generate"], ["--help"]])
def test_output_that_cannot_be_written_is_said_and_is_no_success(shell: Shell, arguments: list[str]) -> None:
    ended = shell.run_into(Path("/dev/full"), *arguments)
    assert ended.status == 1
    assert "could not be written" in ended.err
    assert "Traceback" not in ended.err


def test_closed_streams_are_no_crash(shell: Shell) -> None:
    script = f"exec {sys.executable} -m tui keys generate >&- 2>&- <&-"
    outcome = subprocess.run(["/bin/sh", "-c", script], check=False, cwd=shell.folder, env=shell.environment)
    assert outcome.returncode == 0


def test_deleting_asks_for_the_name_after_saying_what_goes_with_it(phone_shell: Shell) -> None:
    database = phone_shell.environment["DATABASE_URL"]
    with psycopg.connect(database) as connection:
        for person in range(3):
            connection.execute(
                "insert into user_integration_permissions (user_id, integration_id, can_view)"
                " select ('00000000-0000-4000-8000-00000000000' || %s)::uuid, id, true from integration_credentials",
                (person,),
            )
        connection.execute(
            "insert into organization_phone_numbers (organization_id, integration_id, phone_number)"
            " select organization_id, id, '+911141169368' from integration_credentials"
        )
    before = contents(database)
    line = phone_shell.run("integrations", "delete", "exotel_phone").refusal(2)
    assert "removes access for 3 people; 1 number is deleted with it" in line
    assert "--yes" in line
    assert "disable" in line
    command = ["integrations", "delete", "exotel_phone"]
    with ForkedTerminal(*command, environment=phone_shell.environment, cwd=phone_shell.folder) as terminal:
        terminal.wait_for("Type exotel_phone to continue:")
        assert "removes access for 3 people" in terminal.text
        assert "switchboard integrations disable exotel_phone" in terminal.text
        for fact in ("Last used: never since ", "People: 00000000-", "Numbers: +91 11 4116 9368.", "Programs: "):
            assert fact in terminal.text
        terminal.type("exotel_fone\n")
        assert terminal.wait_for_exit() == 2
    assert contents(database) == before
    with ForkedTerminal(*command, environment=phone_shell.environment, cwd=phone_shell.folder) as terminal:
        terminal.wait_for("to continue:")
        terminal.type("exotel_phone\n")
        assert terminal.wait_for_exit() == 0
    listed = phone_shell.run("integrations", "list", "--json").data
    assert {row["state"] for row in listed} == {"not set up"}
