"""Calls of Switchboard's functions state the types of their arguments, so that no overload fits them better."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.support.acme import opened
from tests.support.commands import execute
from tests.support.database.schema import installed
from tui.data.schema.files import schema_files
from tui.data.seals.sealing import LOCK
from tui.errors import SchemaInTheWay

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = Path(__file__).parents[3] / "tui"
CALL = re.compile(r"\bswitchboard\.([a-z_]+)\(")
# No call, but a function's signature, or what a trigger runs.
TYPES = {
    "uuid",
    "text",
    "timestamptz",
    "timestamptz[]",
    "date",
    "jsonb",
    "boolean",
    "integer",
    "bigint",
    "bytea",
    "text[]",
    "uuid[]",
    "bigint[]",
}
NAMING = re.compile(r"(create or replace|EXECUTE) (function|FUNCTION) $")
# What the files call while they run; sql/001 lets no other function of these names stand.
OF_THE_FILES = {"put_trigger", "put_policy", "put_view", "column_or_null"}
# What a policy calls is chosen when that is made, and stands there as the server prints it, without the cast.
OF_POLICIES = {"same_scope"}
STATED = re.compile(r"::[a-z]+(\[\])?$")


def arguments(text: str, at: int) -> Iterator[str]:
    """The arguments of the call whose parenthesis is before `at`."""
    depth, start, quoted = 1, at, False
    for place in range(at, len(text)):
        letter = text[place]
        if letter == "'":
            quoted = not quoted
        elif not quoted and letter in "([":
            depth += 1
        elif not quoted and letter in ")]":
            depth -= 1
        if not quoted and (depth == 0 or (depth == 1 and letter == ",")):
            yield text[start:place].strip()
            start = place + 1
        if depth == 0:
            return


def untyped(text: str) -> Iterator[str]:
    """The calls with an argument that states no type."""
    for call in CALL.finditer(text):
        values = [argument for argument in arguments(text, call.end()) if argument]
        named = NAMING.search(text[: call.start()][-40:]) or TYPES.issuperset(values)
        if not named and call[1] not in OF_THE_FILES | OF_POLICIES and not all(map(STATED.search, values)):
            yield f"{call[1]}({', '.join(values)})"


def test_every_argument_has_a_cast() -> None:
    calls_of = {file.name: list(untyped(re.sub(r"--[^\n]*", "", file.text))) for file in schema_files()}
    for path in PROGRAM.rglob("*.py"):
        if path.name != "root.py":
            calls_of[path.name] = [
                call for call in untyped(path.read_text(encoding="utf-8")) if "%" in call or "'" in call
            ]
    assert {name: calls for name, calls in calls_of.items() if calls} == {}
    assert list(untyped("perform switchboard.write_log(organization, 'x'::text)")) == [
        "write_log(organization, 'x'::text)"
    ]


async def test_an_overload_takes_no_call(set_up_database: str) -> None:
    """With two literals of no type the one that takes texts would have been called."""
    execute(
        set_up_database,
        "create function switchboard.take_lock(what text, whose text) returns void language plpgsql as "
        "$$begin raise 'taken'; end$$",
    )
    with pytest.raises(psycopg.errors.RaiseException):
        execute(set_up_database, "select switchboard.take_lock('seals', null)")
    async with opened(set_up_database) as database:
        await database.write(lambda connection: connection.execute(LOCK))


async def test_setup_calls_no_function_that_somebody_has_put_beside_its_own(set_up_database: str) -> None:
    execute(
        set_up_database,
        "create function switchboard.put_view(name varchar, query text) returns void language sql as ''",
    )
    with pytest.raises(SchemaInTheWay) as refused:
        await installed(set_up_database)
    assert refused.value.sentence.startswith("The function switchboard.put_view(character varying,text) is in the way")
