"""Databases that releases left behind: `setup` brings each up to date, and nothing in them is lost.

NNN.sql is a database of the release whose schema had that number, release_NNN.tar.xz that release itself. The rule: a
number that was released keeps its dump for ever, and it is written (`python -m tests.generate.upgrade_dump --program`)
from the code that is released, at the latest before sql/ gets a file with the next number. Numbers that were only ever
on the way to a release are in NEVER_RELEASED. Of the programs the newest is enough: it runs against the present schema.
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
from tui.data.schema.files import latest_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer

FOLDER = Path(__file__).parent
OLDEST = 11
# Numbers of sql/ without a release of their own, which no database has.
NEVER_RELEASED = frozenset({12})
DUMPS = sorted(FOLDER.glob("[0-9][0-9][0-9].sql"))
# What nobody needs for longer than 30 seconds.
PASSING = "switchboard.open_tickets"
TABLES = """
select n.nspname, c.relname from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
 where n.nspname in ('public', 'switchboard') and c.relkind in ('r', 'p')
"""

Rows = dict[str, list[dict[str, Any]]]


def rows_of(conninfo: str) -> Rows:
    """Every row of every table, as JSON has it."""
    found: Rows = {}
    with psycopg.connect(conninfo) as connection:
        for schema, table in connection.execute(TABLES).fetchall():
            query = sql.SQL("select to_jsonb(t) from {} as t").format(sql.Identifier(schema, table))
            found[f"{schema}.{table}"] = [row for (row,) in connection.execute(query).fetchall()]
    return found


def lost(before: Rows, after: Rows) -> dict[str, list[dict[str, Any]]]:
    """The rows that are not there any more as they were, further columns aside."""
    missing = {}
    for table, rows in before.items():
        kept = [frozenset(map(repr, row.items())) for row in after.get(table, [])]
        gone = [row for row in rows if not any(set(map(repr, row.items())) <= one for one in kept)]
        if gone and table != PASSING:
            missing[table] = gone
    return missing


@pytest.fixture(params=DUMPS, ids=lambda path: path.stem)
def left_behind(request: pytest.FixtureRequest, postgres: TestServer) -> Iterator[str]:
    """A database as a release left it."""
    name = postgres.create_database(prefix="upgrade")
    with psycopg.connect(postgres.conninfo(name)) as connection:
        connection.execute(request.param.read_bytes())
    yield postgres.conninfo(name)
    postgres.drop_database(name)
    postgres.drop_new_roles()


def test_every_released_number_has_its_dump() -> None:
    needed = set(range(OLDEST, latest_number())) - NEVER_RELEASED
    there = {int(path.stem) for path in DUMPS}
    assert needed <= there, "see the rule above"
    assert there <= set(range(OLDEST, latest_number() + 1)) - NEVER_RELEASED


async def test_setup_brings_it_up_to_date_as_planned_and_loses_nothing(left_behind: str) -> None:
    before = rows_of(left_behind)
    assert all(before.values())
    planned = (await installed(left_behind, dry_run=True)).plan
    assert planned.starting_shape == "installed by Switchboard" and not planned.in_the_way
    assert rows_of(left_behind) == before
    done = await installed(left_behind)
    assert done.verification is not None and done.verification.is_well
    if done.changes is not None:
        assert (done.changes.missing, done.changes.different) == (planned.missing, planned.different)
    assert done.applied is not planned.is_empty
    assert lost(before, rows_of(left_behind)) == {}
    again = await installed(left_behind)
    assert again.plan.is_empty and not again.applied


async def test_after_it_seals_hold_credentials_open_and_the_log_goes_on_being_sealed(left_behind: str) -> None:
    await installed(left_behind)
    report = await check(left_behind, public_keys=(KEY.public_key,))
    assert report.is_well and report.seals >= 4 and report.rows >= 12, report.findings
    newest = report.newest_seal
    async with opened(left_behind) as database:
        listed = await list_integrations(database, keyring(), ACME, [])
        loaded = await load_credential(database, keyring(), ACME, "exotel_phone")
    assert [(integration.integration_type, integration.state) for integration in listed] == [
        ("exotel_phone", "disabled"),
        ("zoho_mail", "disabled"),
    ]
    assert loaded is not None and loaded.credential == PHONE
    await seal(left_behind)
    assert newest is not None
    assert (await check(left_behind, public_keys=(KEY.public_key,), newest=newest)).is_well
