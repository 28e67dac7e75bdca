"""The table of rights, walked: each place that has to know a right knows it, and knows no other one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, get_args

import psycopg
import pytest
from psycopg.rows import dict_row
from textual.binding import Binding

from tests.support.acme import ACME, opened
from tests.support.database.people import directory_database, integration, person
from tui.cli.permissions.commands import grant
from tui.data.permissions.apply import Applied, apply
from tui.data.permissions.effective import access_of_person
from tui.data.permissions.listing import grants_of, server_time
from tui.data.permissions.staging import Staged
from tui.data.permissions.values import Access, Cell
from tui.data.rights import COLUMNS, RIGHTS, Right
from tui.locked.acts import OPEN
from tui.screens.permissions.screen import PermissionsScreen
from tui.screens.permissions.view import letters

if TYPE_CHECKING:
    from tests.support.servers.postgres import TestServer

TABLE = "public.user_integration_permissions"
LOGGED = "select details from public.integration_audit_logs"
KEY = (person(1), integration(1))


def execute(conninfo: str, statement: str, *values: object) -> list[dict[str, Any]]:
    with psycopg.connect(conninfo, row_factory=dict_row) as connection:
        cursor = connection.execute(statement.encode(), values or None)
        return cursor.fetchall() if cursor.description else []


def test_the_table_names_each_right_once_and_what_it_implies_before_it() -> None:
    assert get_args(Right) == tuple(RIGHTS)
    keys = [key for right in RIGHTS.values() for key in right.keys.split(",")]
    assert len({right.letter for right in RIGHTS.values()}) == len(RIGHTS)
    bound = [binding.key for binding in PermissionsScreen.BINDINGS if isinstance(binding, Binding)]
    bound_keys = ",".join(bound).split(",")
    assert (len(bound_keys), set(keys) - set(bound_keys)) == (len(set(bound_keys)), set())
    names = list(RIGHTS)
    for right in RIGHTS.values():
        assert all(names.index(implied) < names.index(right.name) for implied in right.implies)


def test_the_table_and_the_function_of_the_database_know_these_rights_and_no_others(postgres: TestServer) -> None:
    with directory_database(postgres, people=1) as conninfo:
        columns = execute(
            conninfo,
            "select attname from pg_attribute where attrelid = %s::regclass and atttypid = 'boolean'::regtype",
            TABLE,
        )
        assert sorted(row["attname"] for row in columns) == sorted(COLUMNS)
        (function,) = execute(conninfo, "select prosrc from pg_proc where oid = 'switchboard.may'::regproc")
        lists = re.findall(r"act (?:not )?in \(([^)]+)\)", function["prosrc"])
        assert {tuple(re.findall(r"\w+", names)) for names in lists} == {tuple(RIGHTS)}


@pytest.mark.parametrize("right", RIGHTS)
async def test_a_right_is_staged_stored_logged_judged_and_shown(postgres: TestServer, right: Right) -> None:
    definition = RIGHTS[right]
    held = {*definition.implies, right}
    with directory_database(postgres, people=1) as conninfo:
        async with opened(conninfo) as database:
            staged = Staged(ACME)
            step = staged.give([Cell(*KEY)], (right,), await server_time(database))
            assert bool(step.notes) is bool(definition.implies)
            assert isinstance(await apply(database, staged), Applied)
            stored = (await grants_of(database, ACME, [KEY[0]]))[KEY].access
            assert set(stored.rights) == held
            access = {entry.integration.id: entry for entry in await access_of_person(database, ACME, KEY[0])}[KEY[1]]
            assert set(access.can_do) == held
            execute(conninfo, f"update {TABLE} set daily_limit = 0")
            for act in RIGHTS:
                (answer,) = execute(conninfo, "select * from switchboard.may(%s, %s, %s)", *KEY, act)
                allowed = act in held and not RIGHTS[act].is_limited
                assert answer["allowed"] is allowed, act
                assert (answer["reason"] == f"may not {act}") is (act not in held)
            execute(conninfo, f"update {TABLE} set {definition.column} = null")
            (logged,) = execute(conninfo, f"{LOGGED} where details -> 'before' ? %s", definition.column)
            assert logged["details"]["before"][definition.column] is True
    assert definition.letter in letters(Access((right,)))
    assert right in {parameter.name for parameter in grant.params}
    assert f"permissions.{right}" in OPEN
    bound = {binding.id: binding for binding in PermissionsScreen.BINDINGS if isinstance(binding, Binding)}
    assert bound[f"permissions.{right}"].action == f"right('{right}')"
