"""A sync applied: one transaction, counted, logged under one operation, and nothing of it where it does not end."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.support.acme import ACME, ASHA, GLOBEX, opened
from tests.support.commands import contents, execute
from tests.support.database.number_rows import (
    BANGALORE,
    DELHI,
    OLD,
    RAVI,
    add_integration,
    add_row,
    create_people,
    listing,
    log_rows,
    row_of,
)
from tui.data.numbers.changes import assign_number
from tui.data.numbers.sync import SyncConflict, SyncResult, apply_sync, log_sync_outcome, plan_sync
from tui.errors import ConfirmationNeeded, ConnectionLost, ReadOnlyMode
from tui.models.numbers import ListedNumber
from tui.models.people import Person

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from tui.data.postgres.database import Database
    from tui.models.integrations import Integration

ROWS = "select phone_number, is_active, is_primary, can_sms, assigned_to_user_id from organization_phone_numbers"
CHANGES = ("number_added", "number_updated", "number_deactivated", "number_assigned", "number_unassigned")
WAITING = "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"


async def plan_and_apply(
    database: Database, integration: Integration, numbers: list[ListedNumber], **options: Any
) -> SyncResult:
    return await apply_sync(database, await plan_sync(database, integration, numbers, **options))


async def test_a_sync_writes_its_plan_keeps_the_old_text_and_counts(installed_database: str) -> None:
    integration = add_integration(installed_database)
    own = {"integration_id": integration.id}
    add_row(installed_database, OLD, assigned_to_user_id=RAVI, **own)
    add_row(installed_database, "08040000000", is_primary=True, assigned_to_user_id=ASHA, **own)
    add_row(installed_database, "08040000001", display_name="by hand")
    add_row(installed_database, BANGALORE, organization_id=GLOBEX)
    numbers = [ListedNumber(DELHI, None, True, False), ListedNumber(BANGALORE, "Night", True, True)]
    async with opened(installed_database) as database:
        plan = await plan_sync(database, integration, numbers, line=OLD)
        result = await apply_sync(database, plan)
        assert result == SyncResult(synced_numbers=2, new_numbers=1, updated_numbers=1, deactivated_numbers=1)
        assert set(execute(installed_database, f"{ROWS} where organization_id = %s", ACME)) == {
            (OLD, True, True, False, RAVI),
            ("08040000000", False, False, True, ASHA),
            ("08040000001", True, False, True, None),
            (BANGALORE, True, False, True, None),
        }
        again = await plan_sync(database, integration, numbers, line=OLD)
    assert not again.writes


async def test_each_changed_row_has_one_row_in_the_log_and_the_sync_has_one_of_the_same_operation(
    installed_database: str,
) -> None:
    integration = add_integration(installed_database)
    own = {"integration_id": integration.id}
    add_row(installed_database, "08040000000", is_primary=True, **own)
    row_id = add_row(installed_database, OLD, number_type=None, can_sms=False, **own)
    before = len(log_rows(installed_database, *CHANGES))
    async with opened(installed_database) as database:
        plan = await plan_sync(database, integration, [ListedNumber(DELHI, "Desk", True, True), *listing(3)], line=OLD)
        await apply_sync(database, plan)
    rows = log_rows(installed_database, *CHANGES, "numbers_synced")[before:]
    assert sorted(row["action"] for row in rows) == [
        *("number_added", "number_added", "number_added", "number_deactivated", "number_updated", "numbers_synced"),
    ]
    assert {row["details"]["operation_id"] for row in rows} == {str(plan.operation_id)}
    updated = next(row["details"] for row in rows if row["action"] == "number_updated")
    assert updated["row"]["id"] == str(row_id)
    assert set(updated["changed"]) == {"display_name", "number_type", "can_sms", "is_primary", "updated_at"}
    (synced_row,) = [row for row in rows if row["action"] == "numbers_synced"]
    assert (synced_row["status"], synced_row["integration_type"], synced_row["user_id"]) == (
        *("success", "exotel_phone", ASHA),
    )
    names = ("synced_numbers", "new_numbers", "updated_numbers", "deactivated_numbers")
    counts = {name: synced_row["details"][name] for name in names}
    assert counts == {"synced_numbers": 4, "new_numbers": 3, "updated_numbers": 1, "deactivated_numbers": 1}


def assign_statement(row_id: UUID) -> str:
    return f"update organization_phone_numbers set assigned_to_user_id = '{RAVI}' where id = '{row_id}'"


def add_statement(row_id: UUID) -> str:
    return f"insert into organization_phone_numbers (organization_id, phone_number) values ('{ACME}', '08041111111')"


def delete_statement(row_id: UUID) -> str:
    return f"delete from organization_phone_numbers where id = '{row_id}'"


@pytest.mark.parametrize("meanwhile", [assign_statement, add_statement, delete_statement])
async def test_a_plan_that_holds_no_more_is_not_applied_and_the_new_one_is_given(
    installed_database: str, meanwhile: Callable[[UUID], str]
) -> None:
    integration = add_integration(installed_database)
    row_id = add_row(installed_database, OLD, integration_id=integration.id)
    add_row(installed_database, BANGALORE, integration_id=integration.id)
    async with opened(installed_database) as database:
        plan = await plan_sync(database, integration, [ListedNumber(BANGALORE, None, True, True), *listing(2)])
        execute(installed_database, meanwhile(row_id))
        before = contents(installed_database)
        with pytest.raises(SyncConflict) as caught:
            await apply_sync(database, plan)
        assert contents(installed_database) == before
        assert caught.value.plan.seen != plan.seen
        assert len(caught.value.plan.new) == 2
        result = await apply_sync(database, caught.value.plan)
    assert result.new_numbers == 2
    assert str(plan.operation_id) == log_rows(installed_database, "numbers_synced")[0]["details"]["operation_id"]


async def test_a_number_that_another_program_adds_while_the_sync_runs_is_a_conflict_too(
    installed_database: str,
) -> None:
    integration = add_integration(installed_database)
    with psycopg.connect(installed_database) as other, psycopg.connect(installed_database, autocommit=True) as watcher:
        other.execute(
            "insert into organization_phone_numbers (organization_id, phone_number, number_type)"
            " values (%s, %s, 'local')",
            (ACME, DELHI),
        )
        async with opened(installed_database) as database:
            plan = await plan_sync(database, integration, [ListedNumber(DELHI, None, True, True), *listing(2)])
            applying = asyncio.ensure_future(apply_sync(database, plan))
            while not await asyncio.to_thread(lambda: watcher.execute(WAITING).fetchall()):
                assert not applying.done()
            other.commit()
            with pytest.raises(SyncConflict) as caught:
                await applying
    assert ([number.phone_number for number in caught.value.plan.same], len(caught.value.plan.new)) == ([DELHI], 2)
    assert execute(installed_database, "select phone_number from organization_phone_numbers") == [(DELHI,)]


async def test_an_assignment_waits_for_a_sync_and_neither_is_lost(installed_database: str) -> None:
    create_people(installed_database)
    integration = add_integration(installed_database)
    row_id = add_row(installed_database, OLD, integration_id=integration.id, can_sms=False)
    async with opened(installed_database) as database:
        seen = await row_of(database, row_id)
        plan = await plan_sync(database, integration, [ListedNumber(DELHI, None, True, True)])
        outcomes = await asyncio.gather(
            apply_sync(database, plan),
            assign_number(database, seen, Person(RAVI, None, None, None, True)),
            return_exceptions=True,
        )
        now = await row_of(database, row_id)
    assert now.assigned_to_user_id == RAVI
    assert now.can_sms is not isinstance(outcomes[0], SyncConflict)
    assert not isinstance(outcomes[1], BaseException)


async def test_an_empty_list_switches_nothing_off_unless_that_was_said(installed_database: str) -> None:
    integration = add_integration(installed_database)
    add_row(installed_database, OLD, integration_id=integration.id, is_primary=True)
    async with opened(installed_database) as database:
        plan = await plan_sync(database, integration, [], line=OLD)
        before = contents(installed_database)
        with pytest.raises(ConfirmationNeeded):
            await apply_sync(database, plan)
        assert contents(installed_database) == before
        result = await apply_sync(database, plan, deactivate_all=True)
    assert result.deactivated_numbers == 1
    assert execute(installed_database, ROWS) == [(OLD, False, False, True, None)]


async def test_where_nothing_differs_only_the_log_is_written_also_in_read_only_mode(installed_database: str) -> None:
    integration = add_integration(installed_database)
    add_row(installed_database, OLD, integration_id=integration.id, number_type="local")
    before = contents(installed_database)
    async with opened(installed_database, read_only=True) as database:
        assert await plan_and_apply(database, integration, [ListedNumber(DELHI, None, True, True)]) == SyncResult(
            1, 0, 0, 0
        )
        with pytest.raises(ReadOnlyMode):
            await plan_and_apply(database, integration, [ListedNumber(DELHI, None, True, True), *listing(1)])
        plan = await plan_sync(database, integration, [])
        await log_sync_outcome(
            database, integration, plan.operation_id, status="failed", details={"failure": "ProviderFailed"}
        )
    after = contents(installed_database)
    assert {name for name in after if after[name] != before[name]} == {"public.integration_audit_logs"}
    assert [row["status"] for row in log_rows(installed_database, "numbers_synced")] == ["success", "failed"]


async def test_a_sync_that_is_cut_in_the_middle_leaves_nothing(installed_database: str) -> None:
    integration = add_integration(installed_database)
    for text in (OLD, "08040000000"):
        add_row(installed_database, text, integration_id=integration.id)
    before = contents(installed_database)
    with psycopg.connect(installed_database) as holder, psycopg.connect(installed_database, autocommit=True) as watcher:
        # Two of the three statements get through, the third waits for a number that is being added.
        holder.execute(
            "insert into organization_phone_numbers (organization_id, phone_number) values (%s, %s)",
            (ACME, listing(500)[400].number),
        )
        async with opened(installed_database) as database:
            plan = await plan_sync(database, integration, [ListedNumber(DELHI, "Desk", True, False), *listing(500)])
            assert (len(plan.new), len(plan.changed), len(plan.unlisted)) == (500, 1, 1)
            applying = asyncio.ensure_future(apply_sync(database, plan))
            while not (waiting := await asyncio.to_thread(lambda: watcher.execute(WAITING).fetchall())):
                assert not applying.done()
            ((query,),) = watcher.execute("select query from pg_stat_activity where pid = %s", waiting[0]).fetchall()
            assert "insert into public.organization_phone_numbers" in query
            watcher.execute("select pg_terminate_backend(%s)", waiting[0])
            with pytest.raises(ConnectionLost):
                await applying
        holder.rollback()
    assert contents(installed_database) == before


async def test_five_hundred_numbers_are_written_in_a_moment(installed_database: str) -> None:
    integration = add_integration(installed_database)
    async with opened(installed_database) as database:
        plan = await plan_sync(database, integration, listing(500))
        begun = time.monotonic()
        result = await apply_sync(database, plan)
        seconds = time.monotonic() - begun
        assert (await plan_sync(database, integration, listing(500))).sentence().startswith("0 new, 0 changed, 500")
    assert result.new_numbers == 500
    # Half a second on a busy machine of two cores; the limit of the server for one statement is fifteen.
    assert seconds < 10
