"""What the functions of checks let a program write, and that a change is told by one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.support.database.schema import HOME

if TYPE_CHECKING:
    from collections.abc import Iterator

    Connection = psycopg.Connection[Any]

NOTE = "select switchboard.note_check(%s::uuid, %s::jsonb, %s::jsonb, %s::jsonb)"
CLAIM = "select c.kind from switchboard.claim_change(null::uuid[]) as c where c.id is not null"


@pytest.fixture
def connection(installed_database: str) -> Iterator[Connection]:
    with psycopg.connect(installed_database, autocommit=True) as connection:
        connection.execute(
            "insert into public.integration_credentials (id, organization_id, integration_type, credentials_encrypted) "
            "values (%s, %s, 'zoho_mail', 'x')",
            [HOME, HOME],
        )
        yield connection


def test_what_is_noted_is_of_the_past_bounded_and_of_an_integration_that_is_there(connection: Connection) -> None:
    many = "[" + ", ".join(['["broke", "", ""]'] * 700) + "]"
    for values, sqlstate in (
        ((HOME, '{"standing": "well"}', "[]", "[]"), "23514"),
        ((HOME, "{}", "[]", '[["exploded", "", ""]]'), "23514"),
        ((HOME, "{}", "[]", "[" + ", ".join(["[]"] * 1001) + "]"), "22023"),
        (("00000000-0000-4000-8000-000000000009", "{}", "[]", "[]"), "P0002"),
    ):
        with pytest.raises(psycopg.Error) as refused:
            connection.execute(NOTE, values)
        assert refused.value.sqlstate == sqlstate, values
    connection.execute(NOTE, [HOME, "{}", '[["", "balance", "1"], ["+911", "number_incoming", "active"]]', many])
    connection.execute(NOTE, [HOME, '{"refused_at": "2999-01-01", "begun_at": "2999-01-01"}', "[]", many])
    past = "select greatest(refused_at, begun_at) <= clock_timestamp() and ended_at is null from switchboard.checks"
    assert connection.execute(past).fetchone() == (True,)
    connection.execute(NOTE, [HOME, '{"standing_since": "-infinity"}', "[]", "[]"])
    assert connection.execute("select isfinite(standing_since) from switchboard.checks").fetchone() == (True,)
    with pytest.raises(psycopg.Error, match="more than 2000 changes"):
        connection.execute(NOTE, [HOME, "{}", "[]", many])
    # What is no more is taken away, and what was not asked stays.
    connection.execute(NOTE, [HOME, "{}", '[["", "balance", null]]', "[]"])
    observed = connection.execute("select number, name, value from switchboard.observations").fetchall()
    assert observed == [("+911", "number_incoming", "active")]
    logged = "select count(*) from public.integration_audit_logs where action = 'change_noticed'"
    assert connection.execute(logged).fetchone() == (1400,)


def test_a_check_begins_once_for_what_was_seen(connection: Connection) -> None:
    begin = "select switchboard.begin_check(%s::uuid, %s::timestamptz)"
    (first,) = connection.execute(begin, [HOME, None]).fetchone() or (None,)
    assert first is not None
    assert connection.execute(begin, [HOME, None]).fetchone() == (None,)
    (second,) = connection.execute(begin, [HOME, first]).fetchone() or (None,)
    assert second > first
    connection.execute("update public.integration_credentials set is_active = false")
    assert connection.execute(begin, [HOME, second]).fetchone() == (None,)


def test_another_content_is_noted_and_neither_a_name_nor_what_a_client_claims(connection: Connection) -> None:
    changed = "select changed_at from switchboard.checks"
    connection.execute(NOTE, [HOME, '{"changed_at": "2020-01-01"}', "[]", "[]"])
    connection.execute("update public.integration_credentials set display_name = 'other'")
    connection.execute("update public.integration_credentials set credentials_encrypted = credentials_encrypted")
    assert connection.execute(changed).fetchone() == (None,)
    connection.execute("update public.integration_credentials set credentials_encrypted = 'y'")
    assert connection.execute(changed).fetchone() != (None,)


def test_a_change_is_told_by_one_at_a_time_and_by_another_after_two_minutes(connection: Connection) -> None:
    connection.execute(NOTE, [HOME, "{}", "[]", '[["broke", "", ""], ["recovered", "", ""]]'])
    assert [connection.execute(CLAIM).fetchone() for _ in range(3)] == [("broke",), ("recovered",), None]
    connection.execute("update switchboard.changes set claimed_at = claimed_at - interval '121 s'")
    assert connection.execute(CLAIM).fetchone() == ("broke",)
    connection.execute("select switchboard.note_told(id) from switchboard.changes where kind = 'broke'")
    connection.execute("update switchboard.changes set claimed_at = claimed_at - interval '121 s'")
    assert [connection.execute(CLAIM).fetchone() for _ in range(2)] == [("recovered",), None]
    # Three months later the next one takes what was told away.
    connection.execute("update switchboard.changes set told_at = told_at - interval '91 days'")
    connection.execute(NOTE, [HOME, "{}", "[]", '[["broke", "", ""]]'])
    kinds = connection.execute("select kind from switchboard.changes order by place").fetchall()
    assert kinds == [("recovered",), ("broke",)]
