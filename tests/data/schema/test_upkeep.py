"""What triggers keep up by themselves: updated_at, and one primary number of an organisation."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.support.database.schema import HOME

if TYPE_CHECKING:
    Connection = psycopg.Connection[Any]

ADD = (
    "insert into public.organization_phone_numbers (organization_id, phone_number, is_primary, updated_at) "
    "values (%s, %s, %s, '2020-01-01')"
)


def primaries(connection: Connection, home: UUID = HOME) -> list[str]:
    return [
        number
        for (number,) in connection.execute(
            "select phone_number from public.organization_phone_numbers "
            "where organization_id = %s and is_primary order by 1",
            [home],
        )
    ]


def test_updated_at_moves_with_every_change_and_only_then(connection: Connection) -> None:
    connection.execute(ADD, [HOME, "1", False])
    query = "select extract(year from updated_at)::int, updated_at from public.organization_phone_numbers"
    connection.execute("update public.organization_phone_numbers set can_call = can_call")
    assert connection.execute(query).fetchone()[0] == 2020
    connection.execute("update public.organization_phone_numbers set can_call = false")
    first = connection.execute(query).fetchone()
    connection.execute("update public.organization_phone_numbers set can_call = true")
    second = connection.execute(query).fetchone()
    assert first[0] > 2020 and second[1] > first[1]


def test_a_new_primary_number_clears_the_other_one_of_its_organisation(connection: Connection) -> None:
    other = uuid4()
    for home in (HOME, other):
        connection.execute(ADD, [home, "1", True])
    connection.execute(ADD, [HOME, "2", True])
    assert primaries(connection) == ["2"] and primaries(connection, other) == ["1"]
    connection.execute(
        "update public.organization_phone_numbers set is_primary = true "
        "where organization_id = %s and phone_number = '1'",
        [HOME],
    )
    assert primaries(connection) == ["1"]
    connection.execute("update public.organization_phone_numbers set is_primary = false")
    assert primaries(connection) == []


def test_an_insert_that_meets_the_same_number_leaves_the_primary_one_alone(connection: Connection) -> None:
    connection.execute(ADD, [HOME, "1", True])
    connection.execute(ADD, [HOME, "2", False])
    connection.execute(f"{ADD} on conflict (organization_id, phone_number) do nothing", [HOME, "2", True])
    assert primaries(connection) == ["1"]
    update = "on conflict (organization_id, phone_number) do update set is_primary = excluded.is_primary"
    connection.execute(f"{ADD} {update}", [HOME, "2", True])
    assert primaries(connection) == ["2"]


def test_two_primary_numbers_cannot_be_made_past_the_trigger(connection: Connection) -> None:
    connection.execute(ADD, [HOME, "1", True])
    connection.execute("set local session_replication_role = replica")
    with pytest.raises(psycopg.errors.UniqueViolation):
        connection.execute(ADD, [HOME, "2", True])


def test_two_who_make_a_primary_number_at_once_do_so_one_after_the_other(installed_database: str) -> None:
    with (
        psycopg.connect(installed_database) as first,
        psycopg.connect(installed_database) as second,
        psycopg.connect(installed_database, autocommit=True) as watching,
        ThreadPoolExecutor() as threads,
    ):
        first.execute(ADD, [HOME, "1", True])
        waiting = threads.submit(second.execute, ADD, [HOME, "2", True])
        blocked = "select %s = any (pg_blocking_pids(%s))"
        while watching.execute(blocked, [first.info.backend_pid, second.info.backend_pid]).fetchone() == (False,):
            assert not waiting.done()
        first.commit()
        waiting.result()
        second.commit()
        assert primaries(watching) == ["2"]
