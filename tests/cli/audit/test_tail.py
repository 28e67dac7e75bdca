"""The command `audit tail`: rows as they are written, through a lost connection, until it is interrupted."""

from __future__ import annotations

import json
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.support.acme import ASHA
from tests.support.database.log_rows import log_row
from tests.support.database.number_rows import create_people

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.commands import Shell
    from tests.support.terminal.forked_program import ForkedProcess


@contextmanager
def following(shell: Shell, *words: str) -> Iterator[ForkedProcess]:
    process = shell.start("audit", "tail", *words)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def next_row(process: ForkedProcess) -> dict[str, Any]:
    assert process.stdout is not None
    row: dict[str, Any] = json.loads(process.stdout.readline())
    return row


@pytest.fixture
def writer(acme_shell: Shell) -> Iterator[psycopg.Connection]:
    database = acme_shell.environment["DATABASE_URL"]
    create_people(database)
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


def test_shows_the_last_rows_and_then_each_new_one_until_it_is_interrupted(
    acme_shell: Shell, writer: psycopg.Connection
) -> None:
    before = [str(log_row(writer, status="failed")) for _ in range(12)]
    with following(acme_shell, "--json", "status:failed") as process:
        assert [next_row(process)["id"] for _ in range(10)] == before[2:]
        log_row(writer)
        after = [str(log_row(writer, status="failed")) for _ in range(2)]
        assert [next_row(process)["id"] for _ in range(2)] == after
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        assert (process.returncode, out) == (130, b"")
        assert b"Traceback" not in err


def test_goes_on_after_a_lost_connection_without_missing_a_row(acme_shell: Shell, writer: psycopg.Connection) -> None:
    log_row(writer)
    with following(acme_shell, "--json") as process:
        next_row(process)
        lost = [str(log_row(writer))]
        writer.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        lost.append(str(log_row(writer)))
        assert [next_row(process)["id"] for _ in range(2)] == lost
        process.terminate()
        process.communicate(timeout=20)
        assert process.returncode == 128 + signal.SIGTERM


def test_shows_a_line_for_each_row_inert_and_with_names(acme_shell: Shell, writer: psycopg.Connection) -> None:
    log_row(
        writer,
        user_id=ASHA,
        status="failed",
        created_at="2026-01-31 10:00+00",
        details={"error": "\x1b]52;c;x\x07 limit"},
    )
    shell = acme_shell.with_(SWITCHBOARD_TIMEZONE="Asia/Kolkata")
    with following(shell) as process:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
    assert line.startswith("2026-01-31 15:30:00  ~Asha Rao ")
    assert "limit" in line and "\x1b" not in line
