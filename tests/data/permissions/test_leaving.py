"""What is done for a leaver: every revoke and every number in one transaction, undone as one, or nothing of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.support.acme import ACME, ASHA, opened
from tests.support.commands import execute
from tests.support.database.people import directory_database, integration, person
from tui.data.permissions.leaver import LeaverReport, leaver_report
from tui.data.permissions.leaving import Departure, take_everything, undo_departure
from tui.data.permissions.listing import Holder
from tui.errors import Conflict
from tui.models.people import Organization

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer
    from tui.data.postgres.database import Database

LEAVER = Holder(person(1), None, "Ann", "active")
HERE = Organization(ACME, "Acme")


@pytest.fixture
def directory(postgres: TestServer) -> Iterator[str]:
    with directory_database(postgres) as conninfo:
        permit = (
            "insert into public.user_integration_permissions (user_id, integration_id, can_view, can_send, expires_at, "
            "granted_by) values (%s, %s, true, true, now() + %s::interval, %s)"
        )
        execute(conninfo, permit, person(1), integration(1), None, ASHA)
        execute(conninfo, permit, person(1), integration(2), "-1 day", ASHA)
        execute(conninfo, permit, person(2), integration(1), None, ASHA)
        for number, owner in (("+911141169368", 1), ("080 3375 5555", 1), ("+918047180101", 2)):
            query = (
                "insert into public.organization_phone_numbers (organization_id, phone_number, assigned_to_user_id) "
                "values (%s, %s, %s)"
            )
            execute(conninfo, query, ACME, number, person(owner))
        yield conninfo


def rows(conninfo: str, query: str) -> list[dict[str, Any]]:
    with psycopg.connect(conninfo, row_factory=dict_row) as connection:
        return connection.execute(query).fetchall()


def everything(conninfo: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    numbers = "select id, phone_number, assigned_to_user_id from organization_phone_numbers order by phone_number"
    return rows(conninfo, "select * from user_integration_permissions order by user_id, integration_id"), rows(
        conninfo, numbers
    )


def log_of(conninfo: str, done: Departure) -> list[tuple[str, str | None]]:
    found = rows(conninfo, "select action, details from integration_audit_logs order by action")
    operation = str(done.operation_id)
    return [
        (row["action"], row["details"].get("undo_of"))
        for row in found
        if row["details"].get("operation_id") == operation
    ]


async def take_all(database: Database, report: LeaverReport | None = None) -> Departure:
    return await take_everything(database, report or await leaver_report(database, HERE, LEAVER))


async def test_everything_is_taken_with_one_operation_id_and_given_back_as_it_was(directory: str) -> None:
    before = everything(directory)
    async with opened(directory) as database:
        done = await take_all(database)
        permissions, numbers = everything(directory)
        assert [row["user_id"] for row in permissions] == [person(2)]
        assert [row["assigned_to_user_id"] for row in numbers if row["assigned_to_user_id"]] == [person(2)]
        assert log_of(directory, done) == [*[("number_unassigned", None)] * 2, *[("permission_revoked", None)] * 2]
        undone = await undo_departure(database, done)
        assert everything(directory) == before
        first = str(done.operation_id)
        assert log_of(directory, undone) == [*[("number_assigned", first)] * 2, *[("permission_granted", first)] * 2]
        again = await undo_departure(database, undone)
        assert everything(directory) == (permissions, numbers)
        assert (done.is_taken, undone.is_taken, again.is_taken) == (True, False, True)
        query = "update organization_phone_numbers set assigned_to_user_id = %s where phone_number = '+911141169368'"
        execute(directory, query, person(1))
        # A number alone, with nothing left to revoke.
        alone = await take_all(database)
        assert log_of(directory, alone) == [("number_unassigned", None)]
        assert not (await leaver_report(database, HERE, LEAVER)).has_anything_to_take


@pytest.mark.parametrize(
    ("meanwhile", "sentence"),
    [
        (
            "update organization_phone_numbers set assigned_to_user_id = '{other}' where phone_number like '+9111%'",
            "+91",
        ),
        ("update user_integration_permissions set daily_limit = 5 where user_id = '{leaver}'", "2 permissions were"),
        (
            "delete from user_integration_permissions where user_id = '{leaver}' and expires_at is null",
            "1 permission was",
        ),
    ],
)
async def test_nothing_is_written_where_something_is_not_as_it_was_seen(
    directory: str, meanwhile: str, sentence: str
) -> None:
    async with opened(directory) as database:
        report = await leaver_report(database, HERE, LEAVER)
        execute(directory, meanwhile.format(other=person(3), leaver=person(1)))
        before = everything(directory)
        with pytest.raises(Conflict) as refused:
            await take_all(database, report)
        assert refused.value.sentence.startswith(sentence)
        assert everything(directory) == before


async def test_an_undo_takes_no_number_from_somebody_who_has_it_now(directory: str) -> None:
    async with opened(directory) as database:
        done = await take_all(database)
        execute(directory, "update organization_phone_numbers set assigned_to_user_id = %s", person(3))
        before = everything(directory)
        with pytest.raises(Conflict, match="was assigned to somebody else"):
            await undo_departure(database, done)
        assert everything(directory) == before
