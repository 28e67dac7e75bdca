"""Applying staged permissions as one transaction, the conflicts it finds, and undoing it as one."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.support.acme import ACME, ASHA, opened
from tests.support.commands import contents
from tests.support.database.people import directory_database, integration, person
from tui.data.permissions.apply import Applied, Conflicts, apply, can_change, undo_applied
from tui.data.permissions.listing import grants_of, people_page
from tui.data.permissions.staging import Staged
from tui.data.permissions.values import NOTHING, Access, Cell
from tui.errors import InvalidInput, PermissionDenied, ReadOnlyMode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tests.support.servers.postgres import TestServer
    from tui.data.postgres.database import Database

GONE = UUID(int=0xFF)
TABLE = "public.user_integration_permissions"
SEND = Access(("view", "send"))


@pytest.fixture
def directory(postgres: TestServer) -> Iterator[str]:
    with directory_database(postgres, people=4) as conninfo:
        yield conninfo


def query(conninfo: str, statement: str, *values: object) -> list[dict[str, Any]]:
    with psycopg.connect(conninfo, row_factory=dict_row) as connection:
        cursor = connection.execute(statement.encode(), values or None)
        return cursor.fetchall() if cursor.description else []


def permissions(conninfo: str) -> list[dict[str, Any]]:
    return query(conninfo, f"select * from {TABLE} order by user_id, integration_id")


def permission_log(conninfo: str) -> list[dict[str, Any]]:
    logged = "select * from public.integration_audit_logs where action like 'permission%' order by created_at, id"
    return query(conninfo, logged)


async def until_somebody_waits(connection: psycopg.Connection[Any]) -> None:
    deadline = time.monotonic() + 4
    while connection.execute("select 1 from pg_catalog.pg_locks where not granted").fetchone() is None:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def read_cells(database: Database) -> tuple[dict[tuple[int, int], Cell], datetime]:
    """The cells of people 1 to 4 on integrations 1 and 2, by those numbers."""
    page = await people_page(database, ACME)
    cells = {(n, i): page.cell(person(n), integration(i)) for n in range(1, 5) for i in (1, 2)}
    return cells, page.now


async def staged_for(database: Database, **accesses: Access) -> Staged:
    """Staged values: p1i2=... is person 1, integration 2."""
    cells, now = await read_cells(database)
    staged = Staged(ACME)
    staged.stage([(cells[int(name[1]), int(name[3])], access) for name, access in accesses.items()], now)
    return staged


async def stage_and_apply(database: Database, **accesses: Access) -> Applied:
    outcome = await apply(database, await staged_for(database, **accesses))
    assert isinstance(outcome, Applied)
    return outcome


async def test_grants_changes_and_revokes_go_in_one_transaction_with_one_log_row_each(directory: str) -> None:
    async with opened(directory) as database:
        first = await stage_and_apply(database, p1i1=SEND, p2i1=SEND, p3i2=Access(("configure",), daily_limit=4))
        assert [record["action"] for record in permission_log(directory)] == ["permission_granted"] * 3
        query(directory, f"update {TABLE} set granted_by = %s, granted_at = '2020-01-01'", GONE)
        second = await stage_and_apply(database, p1i1=NOTHING, p2i1=Access(("view",)), p4i1=SEND)
    kinds = ("grant", "change", "revoke")
    assert [[applied.count(kind) for kind in kinds] for applied in (first, second)] == [[3, 0, 0], [1, 1, 1]]
    rows = permissions(directory)
    assert {(row["user_id"], row["integration_id"]) for row in rows} == {
        (person(2), integration(1)),
        (person(3), integration(2)),
        (person(4), integration(1)),
    }
    granters = {row["user_id"]: (row["granted_by"], row["granted_at"].year > 2020) for row in rows}
    assert granters == {person(2): (ASHA, True), person(3): (GONE, False), person(4): (ASHA, True)}
    (configures,) = [row for row in rows if row["user_id"] == person(3)]
    assert (configures["can_view"], configures["can_configure"], configures["daily_limit"]) == (True, True, 4)
    written = permission_log(directory)[6:]
    assert sorted(row["action"] for row in written) == [
        "permission_changed",
        "permission_granted",
        "permission_revoked",
    ]
    assert {row["details"]["operation_id"] for row in written} == {str(second.operation_id)}
    assert {row["details"]["xid"] for row in written} != {
        row["details"]["xid"] for row in permission_log(directory)[:3]
    }
    assert len({row["details"]["xid"] for row in written}) == 1
    assert not any("undo_of" in row["details"] for row in permission_log(directory))
    assert first.operation_id != second.operation_id


async def test_what_was_applied_is_undone_as_one_and_says_of_what_it_is_the_inverse(directory: str) -> None:
    async with opened(directory) as database:
        await stage_and_apply(database, p1i1=SEND, p2i1=Access(("view",), daily_limit=4))
        query(directory, f"update {TABLE} set granted_by = %s, granted_at = '2020-01-01'", GONE)
        before, hashed = permissions(directory), contents(directory)["public.user_integration_permissions"]
        applied = await stage_and_apply(database, p1i1=NOTHING, p2i1=SEND, p3i1=SEND)
        after = permissions(directory)
        logged = len(permission_log(directory))

        undone = await undo_applied(database, applied)
        assert isinstance(undone, Applied)
        assert permissions(directory) == before
        assert contents(directory)["public.user_integration_permissions"] == hashed
        rows = permission_log(directory)[logged:]
        assert sorted(row["action"] for row in rows) == [
            *("permission_changed", "permission_granted", "permission_revoked"),
        ]
        assert {row["details"]["undo_of"] for row in rows} == {str(applied.operation_id)}
        assert {row["details"]["operation_id"] for row in rows} == {str(undone.operation_id)}
        assert {row["user_id"] for row in rows} == {ASHA}

        redone = await undo_applied(database, undone)
        assert isinstance(redone, Applied)
        assert permissions(directory) == after
        assert redone.undo_of == undone.operation_id


async def test_a_conflict_writes_nothing_and_shows_seen_now_and_wanted_of_each_cell(directory: str) -> None:
    async with opened(directory) as database:
        await stage_and_apply(database, p1i1=SEND, p2i1=SEND)
        staged = await staged_for(database, p1i1=NOTHING, p2i1=Access(("view",)), p3i1=SEND, p4i1=SEND)
        query(directory, f"update {TABLE} set daily_limit = 9 where user_id = %s", person(1))
        query(directory, f"delete from {TABLE} where user_id = %s", person(2))
        query(
            directory,
            f"insert into {TABLE} (user_id, integration_id, can_view) values (%s, %s, true)",
            person(3),
            integration(1),
        )
        before = contents(directory)
        conflicts = await apply(database, staged)
        assert isinstance(conflicts, Conflicts)
        assert contents(directory) == before
        versions = {cell.user_id: (cell.seen, cell.now, cell.wanted) for cell in conflicts.cells}
        assert versions == {
            person(1): (SEND, Access(("view", "send"), daily_limit=9), NOTHING),
            person(2): (SEND, NOTHING, Access(("view",))),
            person(3): (NOTHING, Access(("view",)), SEND),
        }
        remaining = staged.without(conflicts.keys)
        outcome = await apply(database, remaining)
        assert isinstance(outcome, Applied)
        assert [cell.user_id for cell in outcome.cells] == [person(4)]


async def test_an_undo_over_what_somebody_changed_since_is_a_conflict(directory: str) -> None:
    async with opened(directory) as database:
        applied = await stage_and_apply(database, p1i1=SEND, p2i1=SEND)
        query(directory, f"update {TABLE} set can_send = false where user_id = %s", person(2))
        before = contents(directory)
        conflicts = await undo_applied(database, applied)
        assert isinstance(conflicts, Conflicts)
        assert [cell.user_id for cell in conflicts.cells] == [person(2)]
        assert contents(directory) == before


async def test_an_integration_that_was_deleted_or_is_of_another_organisation_is_a_conflict(directory: str) -> None:
    async with opened(directory) as database:
        staged = await staged_for(database, p1i1=SEND, p1i2=SEND)
        query(directory, "delete from public.integration_credentials where id = %s", integration(1))
        conflicts = await apply(database, staged)
        assert isinstance(conflicts, Conflicts)
        assert [(cell.integration_id, cell.integration_deleted) for cell in conflicts.cells] == [(integration(1), True)]
        query(directory, "update public.integration_credentials set organization_id = %s", GONE)
        conflicts = await apply(database, staged.without(conflicts.keys))
        assert isinstance(conflicts, Conflicts)
        assert permissions(directory) == []


async def test_two_consoles_on_the_same_cells_never_write_over_each_other(directory: str) -> None:
    """Ten rounds of two at once: one applies all of it, the other is told cell by cell and has written nothing."""
    async with opened(directory) as database, opened(directory) as second:
        for round_ in range(10):
            mine = {f"p{n}i{i}": Access(("view",), daily_limit=round_ * 2) for n in range(1, 5) for i in (1, 2)}
            theirs = {name: Access(("view",), daily_limit=round_ * 2 + 1) for name in list(mine)[::-1]}
            staged = [await staged_for(database, **mine), await staged_for(second, **theirs)]
            outcomes = await asyncio.gather(apply(database, staged[0]), apply(second, staged[1]))
            kinds = {type(outcome) for outcome in outcomes}
            assert kinds == {Applied, Conflicts}
            won = 0 if isinstance(outcomes[0], Applied) else 1
            lost = outcomes[1 - won]
            assert isinstance(lost, Conflicts)
            assert len(lost.cells) == 8
            assert {row["daily_limit"] for row in permissions(directory)} == {round_ * 2 + won}
            assert {cell.now.daily_limit for cell in lost.cells} == {round_ * 2 + won}
    assert len(permission_log(directory)) == 80


async def test_on_a_table_without_a_unique_key_two_consoles_still_make_one_row(directory: str) -> None:
    query(directory, f"alter table {TABLE} drop constraint unique_user_integration")
    async with opened(directory) as first, opened(directory) as second:
        for round_ in range(5):
            name = f"p{1 + round_ % 4}i{1 + round_ // 4}"
            staged = [await staged_for(database, **{name: SEND}) for database in (first, second)]
            outcomes = await asyncio.gather(apply(first, staged[0]), apply(second, staged[1]))
            assert {type(outcome) for outcome in outcomes} == {Applied, Conflicts}
            assert len(permissions(directory)) == round_ + 1


async def test_a_row_that_another_program_makes_meanwhile_is_a_conflict_and_no_error(directory: str) -> None:
    async with opened(directory) as database:
        staged = await staged_for(database, p1i1=SEND, p2i1=SEND)
        with psycopg.connect(directory) as connection:
            connection.execute(
                f"insert into {TABLE} (user_id, integration_id, can_view) values (%s, %s, true)",
                [person(1), integration(1)],
            )
            waiting = asyncio.create_task(apply(database, staged))
            await until_somebody_waits(connection)
            connection.commit()
        conflicts = await waiting
        assert isinstance(conflicts, Conflicts)
        assert [(cell.user_id, cell.now) for cell in conflicts.cells] == [(person(1), Access(("view",)))]
    assert [row["user_id"] for row in permissions(directory)] == [person(1)]


async def test_an_expiry_that_passed_while_it_was_staged_is_refused_by_the_servers_clock(directory: str) -> None:
    async with opened(directory) as database:
        cells, now = await read_cells(database)
        staged = Staged(ACME)
        past = now.replace(year=now.year - 2)
        staged.stage([(cells[1, 1], Access(("view",), expires_at=now.replace(year=now.year - 1)))], past)
        with pytest.raises(InvalidInput, match="has passed"):
            await apply(database, staged)
        with pytest.raises(ReadOnlyMode):
            database.refusal = ReadOnlyMode
            await apply(database, staged)
    assert permissions(directory) == []


async def test_nothing_staged_is_applied_without_a_transaction(directory: str) -> None:
    async with opened(directory) as database:
        outcome = await apply(database, Staged(ACME))
        assert isinstance(outcome, Applied)
        assert (outcome.cells, outcome.count("grant")) == ((), 0)


async def test_rows_that_are_there_twice_are_changed_and_revoked_together(directory: str) -> None:
    query(directory, f"alter table {TABLE} drop constraint unique_user_integration")
    for when in ("2021-01-01", "2022-01-01"):
        query(
            directory,
            f"insert into {TABLE} (user_id, integration_id, can_view, can_send, granted_at) "
            "values (%s, %s, true, %s, %s)",
            person(1),
            integration(1),
            when.startswith("2022"),
            when,
        )
    async with opened(directory) as database:
        (grant,) = (await grants_of(database, ACME, [person(1)])).values()
        assert grant.access == SEND
        await stage_and_apply(database, p1i1=Access(("view",), daily_limit=3), p2i1=SEND)
        assert [row["daily_limit"] for row in permissions(directory) if row["user_id"] == person(1)] == [3, 3]
        await stage_and_apply(database, p1i1=NOTHING)
    assert [row["user_id"] for row in permissions(directory)] == [person(2)]


async def test_support_may_look_but_is_told_which_group_changes_permissions(
    postgres: TestServer, directory: str
) -> None:
    async with opened(directory) as database:
        staged = await staged_for(database, p1i1=Access(("configure",)))
        assert await can_change(database)
    with psycopg.connect(directory) as connection:
        connection.execute("create role switchboard_admin; create role switchboard_support;")
    from tests.support.servers.postgres import run_schema_files

    run_schema_files(directory)
    postgres.create_role("eve", "login in role switchboard_support")
    async with opened(directory.replace("postgres@", "eve@")) as database:
        assert not await can_change(database)
        await people_page(database, ACME)
        with pytest.raises(PermissionDenied) as caught:
            await apply(database, staged)
    assert "eve" in caught.value.sentence
    assert "switchboard_admin" in caught.value.what_to_do
    assert permissions(directory) == []
