"""Every command on a standby, by real streaming replication: it reads there, or says in a sentence why it does not."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.cli.conftest import on_database
from tests.cli.test_requirements import difference, login_of, populated, run, write_files
from tests.generate.commands import EXAMPLES
from tests.support.acme import PHONE, opened
from tests.support.commands import Shell, execute
from tests.support.database.log_rows import log_row, resolve_line
from tests.support.servers.debian import POSTGRES_15, DebianServer, Standby, needs
from tests.support.servers.postgres import run_schema_files
from tests.support.waiting import wait_until
from tui.data.audit.tail import Tail
from tui.errors import DatabaseFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.debian

CONFIGURE = ("integrations", "configure", "exotel_phone")
COLUMN = "read-only database"
ALL = tuple(example.line for example in EXAMPLES)
SOME = (
    "doctor",
    "audit list",
    "audit tail",
    "audit verify",
    "integrations list",
    "audit export --output log.jsonl",
    "audit seal",
)


@pytest.fixture(scope="module")
def primary() -> Iterator[DebianServer]:
    needs(POSTGRES_15 / "postgres", "postgresql-15")
    server = DebianServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def office(primary: DebianServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shell, str, Standby]]:
    """A shell on the primary, the name of the database, and a standby with the same."""
    name = primary.create_database(prefix="office")
    run_schema_files(primary.conninfo(name))
    folder = tmp_path_factory.mktemp("office")
    saved = on_database(Shell(folder), primary.conninfo(name)).run(*CONFIGURE, stdin=json.dumps(PHONE))
    assert saved.status == 0, saved.err
    with populated(primary, name, folder) as shell:
        write_files(shell.folder)
        standby = Standby(primary)
        try:
            standby.catch_up()
            yield shell, name, standby
        finally:
            standby.close()


def on_standby(office: tuple[Shell, str, Standby], user: str | None = None) -> Shell:
    shell, name, standby = office
    return shell.with_(DATABASE_URL=standby.conninfo(name, user=user))


@pytest.mark.parametrize(
    "lines", [SOME, pytest.param(ALL, marks=pytest.mark.long)], ids=["some of them", "all of them"]
)
def test_a_command_that_writes_nothing_works_and_every_other_says_that_it_is_a_standby(
    office: tuple[Shell, str, Standby], lines: tuple[str, ...]
) -> None:
    """By the same table as on a database that is set to read-only; tests/cli/test_requirements.py has its columns."""
    differences = []
    for example in EXAMPLES:
        # The demo brings a server of its own, and `serve` needs a login that speaks for others.
        if example.line in lines and example.path not in ("demo", "serve"):
            shell = on_standby(office, login_of(COLUMN, example.needs))
            outcome = run(shell, example.line)
            is_told = outcome.status in (0, 5) or "standby" in outcome.err
            differences += [difference(COLUMN, example, outcome), "" if is_told else outcome.err]
            if example.needs.writes == "nothing" and not outcome.status:
                for written in ("other.pem", "another.pem", "old.jsonl", "old.jsonl.manifest.json"):
                    (shell.folder / written).unlink(missing_ok=True)
                read_only = run(shell.with_(SWITCHBOARD_READ_ONLY="1"), example.line)
                differences.append(difference(COLUMN, example, read_only))
    assert not any(differences), [text for text in differences if text]


async def test_a_tail_has_rows_as_they_are_replayed_and_takes_no_position_for_sure(
    office: tuple[Shell, str, Standby],
) -> None:
    shell, name, standby = office
    refused = on_standby(office).run("audit", "tail", "--position", "position").refusal(1)
    assert "standby does not know" in refused and not (shell.folder / "position").exists()
    async with opened(standby.conninfo(name)) as database:
        tail = Tail(database, await resolve_line(database, ""))
        await tail.begin()
        with psycopg.connect(shell.environment["DATABASE_URL"]) as connection:
            row = log_row(connection)
            # Of a transaction that was open for longer than clocks may disagree, which is not to be seen here.
            late = log_row(connection, created_at=datetime.now(UTC) - timedelta(seconds=30))
        standby.catch_up()
        assert [each.id async for rows in tail.poll() for each in rows] == [late, row]
        assert [rows async for rows in tail.poll()] == []


async def test_a_query_that_is_in_the_way_of_what_is_replayed_is_told_so(office: tuple[Shell, str, Standby]) -> None:
    shell, name, standby = office
    with standby.admin() as watcher:
        sleeping = "select true from pg_stat_activity where wait_event = 'PgSleep'"
        async with opened(standby.conninfo(name)) as database:
            numbers = "public.organization_phone_numbers"
            reading = asyncio.ensure_future(database.fetch_all(f"select pg_sleep(60) from {numbers}"))
            await asyncio.to_thread(wait_until, lambda: watcher.execute(sleeping).fetchone())
            execute(shell.environment["DATABASE_URL"], f"lock table {numbers} in access exclusive mode")
            with pytest.raises(DatabaseFailed, match="The standby cancelled it"):
                await reading
