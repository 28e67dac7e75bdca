"""Databases that releases left behind: `setup` brings each up to date, and nothing in them is lost.

NNN.sql is a database of the release whose schema had that number, release_NNN.tar.xz that release itself. The rule: a
number that was released keeps its dump for ever, and it is written (`python -m tests.generate.upgrade_dump --program`)
from the code that is released, at the latest before sql/ gets a file with the next number. Numbers that were only ever
on the way to a release are in NEVER_RELEASED. Of the programs the newest is enough: it runs against the present schema.
Every run brings up the oldest, which goes through all there is, and the newest, which most will have; `-m long` all.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql

from tests.support.acme import ACME, PHONE, keyring, opened
from tests.support.database.schema import installed
from tests.support.database.seal_tampering import KEY, check, seal
from tui.data.integrations.credentials import load_credential
from tui.data.integrations.listing import list_integrations
from tui.data.schema.adoption import StartingShape
from tui.data.schema.files import latest_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer

FOLDER = Path(__file__).parent
OLDEST = 11
# Numbers of sql/ without a release of their own, which no database has.
NEVER_RELEASED = frozenset({12, 14, 16, 18, 19, 21})
DUMPS = sorted(FOLDER.glob("[0-9][0-9][0-9].sql"))
SAMPLE = {DUMPS[0], DUMPS[-1]}
# What nobody needs for longer than 30 seconds.
PASSING = "switchboard.open_tickets"
TABLES = """
select n.nspname, c.relname from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
 where n.nspname in ('public', 'switchboard') and c.relkind in ('r', 'p')
"""

Rows = dict[str, list[dict[str, Any]]]


def rows_of(conninfo: str) -> Rows:
    """Every row of every table, as JSON has it."""
    tables: Rows = {}
    with psycopg.connect(conninfo) as connection:
        for schema, table in connection.execute(TABLES).fetchall():
            query = sql.SQL("select to_jsonb(t) from {} as t").format(sql.Identifier(schema, table))
            tables[f"{schema}.{table}"] = [row for (row,) in connection.execute(query).fetchall()]
    return tables


def lost_rows(before: Rows, after: Rows) -> dict[str, list[dict[str, Any]]]:
    """The rows that are not there any more as they were, further columns aside."""
    missing = {}
    for table, rows in before.items():
        present = [frozenset(map(repr, row.items())) for row in after.get(table, [])]
        missing_rows = [row for row in rows if not any(set(map(repr, row.items())) <= later for later in present)]
        if missing_rows and table != PASSING:
            missing[table] = missing_rows
    return missing


@pytest.fixture(
    params=[path if path in SAMPLE else pytest.param(path, marks=pytest.mark.long) for path in DUMPS],
    ids=lambda path: path.stem,
)
def released_database(request: pytest.FixtureRequest, postgres: TestServer) -> Iterator[str]:
    """A database as a release left it."""
    name = postgres.create_database(prefix="upgrade")
    with psycopg.connect(postgres.conninfo(name)) as connection:
        connection.execute(request.param.read_bytes())
    yield postgres.conninfo(name)
    postgres.drop_database(name)
    postgres.drop_new_roles()


def test_every_released_number_has_its_dump() -> None:
    needed = set(range(OLDEST, latest_number())) - NEVER_RELEASED
    dumped = {int(path.stem) for path in DUMPS}
    assert needed <= dumped, "see the rule above"
    assert dumped <= set(range(OLDEST, latest_number() + 1)) - NEVER_RELEASED


async def test_setup_brings_it_up_to_date_as_planned_and_loses_nothing(released_database: str) -> None:
    """After it seals hold, credentials open, and the log goes on being sealed.

    A second time nothing is left to do, as in any schema that is as expected (tests/data/schema/test_install.py); with
    rows of the newest release that is in test_release_before.py.
    """
    before = rows_of(released_database)
    assert all(before.values())
    planned = (await installed(released_database, dry_run=True)).plan
    assert planned.starting_shape is StartingShape.INSTALLED and not planned.in_the_way
    assert rows_of(released_database) == before
    report = await installed(released_database)
    assert report.verification is not None and report.verification.is_well
    if report.changes is not None:
        assert (report.changes.missing, report.changes.different) == (planned.missing, planned.different)
    assert report.applied is not planned.is_empty
    assert lost_rows(before, rows_of(released_database)) == {}
    checked = await check(released_database, public_keys=(KEY.public_key,))
    assert checked.is_well and checked.seals >= 4 and checked.rows >= 12, checked.findings
    newest = checked.newest_seal
    async with opened(released_database) as database:
        integrations = await list_integrations(database, keyring(), ACME, [])
        loaded = await load_credential(database, keyring(), ACME, "exotel_phone")
    assert [(integration.integration_type, integration.state) for integration in integrations] == [
        ("exotel_phone", "disabled"),
        ("zoho_mail", "disabled"),
    ]
    assert loaded is not None and loaded.credential == PHONE
    await seal(released_database)
    assert newest is not None
    assert (await check(released_database, public_keys=(KEY.public_key,), newest=newest)).is_well
