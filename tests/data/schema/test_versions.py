"""What an update or a delete of an integration replaces is kept, by triggers, whoever writes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import dict_row

if TYPE_CHECKING:
    from collections.abc import Iterator

    Connection = psycopg.Connection[dict[str, Any]]

INSERT = """
insert into public.integration_credentials (organization_id, integration_type, credentials_encrypted, is_verified)
values (%s, %s, 'first', true) returning id
"""
CHANGE = "update public.integration_credentials set credentials_encrypted = %s where id = %s"
VERSIONS = "select * from switchboard.credential_versions where credential_id = %s order by id"
LOG = """
select action, details from public.integration_audit_logs where details -> 'row' ->> 'integration_id' = %s
order by created_at
"""


@pytest.fixture
def connection(installed_database: str) -> Iterator[Connection]:
    with psycopg.connect(installed_database, autocommit=True, row_factory=dict_row) as connection:
        yield connection


def added(connection: Connection, kind: str = "zoho_mail") -> Any:
    row = connection.execute(INSERT, [uuid4(), kind]).fetchone()
    assert row is not None
    return row["id"]


def envelopes(connection: Connection, of_row: Any) -> list[str]:
    return [row["envelope"] for row in connection.execute(VERSIONS, [of_row])]


def test_an_update_keeps_what_it_replaces_and_going_back_is_named_by_the_database(connection: Connection) -> None:
    row, person = added(connection), uuid4()
    connection.execute(
        "update public.integration_credentials set credentials_encrypted = 'second', updated_by = %s where id = %s",
        [person, row],
    )
    (kept,) = connection.execute(VERSIONS, [row]).fetchall()
    expected = {"envelope": "first", "kind": "updated", "was_verified": True, "user_id": person, "dependents": None}
    assert {name: kept[name] for name in expected} == expected
    # Nothing but the envelope is a version.
    connection.execute("update public.integration_credentials set display_name = 'x' where id = %s", [row])
    connection.execute("select set_config('switchboard.action', 'credential_rolled_back', false)")
    connection.execute(CHANGE, ["third", row])
    connection.execute(CHANGE, ["first", row])
    assert envelopes(connection, row) == ["first", "second", "third"]
    log = connection.execute(LOG, [str(row)]).fetchall()
    assert [(entry["action"], entry["details"].get("version")) for entry in log] == [
        ("credential_created", None),
        *(("credential_updated", None),) * 3,
        ("credential_rolled_back", kept["id"]),
    ]


def test_versions_are_bounded_in_number_and_age_and_going_back_to_the_oldest_is_possible(
    connection: Connection,
) -> None:
    row, old = added(connection), added(connection, "exotel_sms")
    connection.execute(CHANGE, ["gone", old])
    connection.execute("update switchboard.credential_versions set replaced_at = now() - interval '91 days'")
    for number in range(11):
        connection.execute(CHANGE, [str(number), row])
    assert envelopes(connection, row) == ["0", *map(str, range(1, 10))]
    assert envelopes(connection, old) == []
    connection.execute(CHANGE, ["0", row])
    assert envelopes(connection, row) == [*map(str, range(1, 11))]
    log = connection.execute(LOG, [str(row)]).fetchall()
    assert log[-1]["action"] == "credential_rolled_back"
    connection.execute("select switchboard.change_setting('versions_kept', 2)")
    assert envelopes(connection, row) == ["9", "10"]
    for _ in range(2):
        connection.execute("select switchboard.change_setting('versions_kept', 0)")
    connection.execute(CHANGE, ["last", row])
    assert envelopes(connection, row) == []
    changes = connection.execute(
        "select details from public.integration_audit_logs where action = 'settings_changed' order by created_at"
    ).fetchall()
    assert [(entry["details"]["before"], entry["details"]["after"]) for entry in changes] == [(10, 2), (2, 0)]
    for name, value in (("versions_kept", 101), ("versions_days", 0), ("versions_kept", None), ("other", 1)):
        with pytest.raises(psycopg.errors.InvalidParameterValue):
            connection.execute("select switchboard.change_setting(%s, %s)", [name, value])


def test_a_delete_keeps_the_row_with_all_that_hangs_on_it(connection: Connection) -> None:
    row = added(connection)
    people = [uuid4() for _ in range(3)]
    for person in people:
        connection.execute(
            "insert into public.user_integration_permissions (user_id, integration_id, can_view) values (%s, %s, true)",
            [person, row],
        )
    connection.execute(
        "insert into public.organization_phone_numbers (organization_id, integration_id, phone_number, is_primary) "
        "select organization_id, id, '+911141169368', true from public.integration_credentials where id = %s",
        [row],
    )
    before = connection.execute("select switchboard.dependents(%s) as all", [row]).fetchone()
    connection.execute("delete from public.integration_credentials")
    (kept,) = connection.execute(VERSIONS, [row]).fetchall()
    assert before is not None and kept["dependents"] == before["all"]
    assert (kept["kind"], kept["envelope"], len(kept["dependents"]["permissions"])) == ("deleted", "first", 3)
    assert kept["dependents"]["numbers"][0]["phone_number"] == "+911141169368"
    # All columns of the three tables but the envelope, whatever is added to the contract.
    for part, table in (
        *(("row", "integration_credentials"), ("permissions", "user_integration_permissions")),
        ("numbers", "organization_phone_numbers"),
    ):
        columns = connection.execute(
            "select attname::text as name from pg_attribute where attrelid = %s::regclass and attnum > 0",
            [f"public.{table}"],
        ).fetchall()
        found = kept["dependents"][part]
        assert set(found if part == "row" else found[0]) == {c["name"] for c in columns} - {"credentials_encrypted"}
    # The same envelope in the same row is a restore, in a row of another id it is not.
    restore = """
    insert into public.integration_credentials (id, organization_id, integration_type, credentials_encrypted)
    values (%s, %s, 'zoho_mail', 'first')
    """
    for row_id in (row, uuid4()):
        connection.execute(restore, [row_id, uuid4()])
        (entry,) = connection.execute(LOG + " desc limit 1", [str(row_id)]).fetchall()
        assert entry["action"] == ("credential_restored" if row_id == row else "credential_created")


def test_no_write_fails_for_a_version(connection: Connection) -> None:
    row = added(connection)
    connection.execute("alter table switchboard.credential_versions add constraint never check (false)")
    connection.execute(CHANGE, ["second", row])
    connection.execute("alter table public.user_integration_permissions drop column granted_by cascade")
    connection.execute("alter table switchboard.credential_versions drop constraint never")
    connection.execute("delete from public.integration_credentials")
    (kept,) = connection.execute(VERSIONS, [row]).fetchall()
    assert (kept["envelope"], kept["dependents"]) == ("second", {"not_kept": "42703"})


def test_deletes_that_are_cancelled_push_out_nothing_that_updates_replaced(connection: Connection) -> None:
    row = added(connection)
    for number in range(12):
        connection.execute(CHANGE, [str(number), row])
    kept = envelopes(connection, row)
    connection.execute(
        "create function public.cancel() returns trigger language plpgsql as 'begin return null; end'; "
        "create trigger zz_cancel before delete on public.integration_credentials for each row "
        "execute function public.cancel()"
    )
    for number in range(12):
        connection.execute("delete from public.integration_credentials")
        connection.execute("delete from public.integration_credentials")
        assert envelopes(connection, row)[: len(kept)] == kept
        if number == 0:
            assert envelopes(connection, row) == [*kept, "11"]
    # As many of the deletes' own.
    connection.execute("alter table public.integration_credentials disable trigger switchboard_versions")
    for number in range(12):
        connection.execute(CHANGE, [f"deleted {number}", row])
        connection.execute("delete from public.integration_credentials")
    assert envelopes(connection, row) == [*kept, *(f"deleted {number}" for number in range(2, 12))]


def test_who_clears_versions_waits_for_nobody(installed_database: str, connection: Connection) -> None:
    row = added(connection)
    connection.execute(CHANGE, ["second", row])
    connection.execute("update switchboard.credential_versions set replaced_at = now() - interval '91 days'")
    with psycopg.connect(installed_database) as holder:
        holder.execute("select from switchboard.credential_versions for update")
        connection.execute("set lock_timeout = '1s'")
        connection.execute(CHANGE, ["third", row])
        assert envelopes(connection, row) == ["first", "second"]


def test_what_is_forgotten_is_gone_and_in_the_log(connection: Connection) -> None:
    row, other = added(connection), added(connection)
    for of_row in (row, other):
        connection.execute(CHANGE, ["second", of_row])
    connection.execute("delete from public.integration_credentials where id = %s", [row])
    forget = """
    select switchboard.forget_versions(organization_id, 'zoho_mail') as forgotten
    from (select distinct organization_id from switchboard.credential_versions where credential_id = %s) v
    """
    assert connection.execute(forget, [row]).fetchone() == {"forgotten": 2}
    assert (envelopes(connection, row), envelopes(connection, other)) == ([], ["first"])
    (entry,) = connection.execute(
        "select details from public.integration_audit_logs where action = 'credential_versions_forgotten'"
    ).fetchall()
    assert entry["details"]["versions"] == 2


def test_the_work_for_a_write_does_not_grow_with_what_is_kept(connection: Connection) -> None:
    """By a ratio within one run: reading all of them takes 60 times as long."""
    for number in range(20):
        added(connection, f"type {number}")

    def seconds_of_an_update(content: str) -> float:
        started = time.perf_counter()
        connection.execute("update public.integration_credentials set credentials_encrypted = %s", [content])
        return time.perf_counter() - started

    few = min(seconds_of_an_update(f"few {number}") for number in range(4))
    connection.execute(
        "insert into switchboard.credential_versions (credential_id, kind, envelope) "
        "select gen_random_uuid(), 'updated', n::text from generate_series(1, 20000) n"
    )
    connection.execute("analyze switchboard.credential_versions")
    assert min(seconds_of_an_update(f"many {number}") for number in range(4)) < 10 * few
