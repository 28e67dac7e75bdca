"""Two operators at one phone number at the same moment: one wins, the other is told who."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.support.acme import ACME, ASHA, opened, operator
from tests.support.commands import execute
from tests.support.database.number_rows import BANGALORE, DELHI, OLD, RAVI, add_row, create_people, log_rows, row_of
from tui.data.numbers.changes import (
    NumberConflict,
    NumberExists,
    add_number,
    assign_number,
    deactivate_number,
    make_primary,
)
from tui.data.postgres.database import Database
from tui.models.people import Person

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Sequence

WAITING = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
ASHA_RAO = Person(ASHA, "asha@acme.example", "Asha Rao", ACME, True)
RAVI_KUMAR = Person(RAVI, "ravi@acme.example", "Ravi Kumar", ACME, True)


@asynccontextmanager
async def two_operators(conninfo: str) -> AsyncIterator[tuple[Database, Database]]:
    """Asha and Ravi, each with connections of their own."""
    ravi = Database(conninfo, operator()._replace(user_id=RAVI, label="ravi@acme.example"))
    async with opened(conninfo) as asha:
        await ravi.open()
        try:
            yield asha, ravi
        finally:
            await ravi.close()


async def at_once(conninfo: str, acts: Sequence[Awaitable[Any]], locking: str) -> list[Any]:
    """Run acts that all wait for what the statement `held` locks, then let them go; return what each came to."""
    with psycopg.connect(conninfo) as holder, psycopg.connect(conninfo, autocommit=True) as watcher:
        holder.execute(locking.encode())
        tasks = [asyncio.ensure_future(act) for act in acts]
        while (await asyncio.to_thread(lambda: watcher.execute(WAITING).fetchall()))[0][0] < len(tasks):
            assert not any(task.done() for task in tasks)
        holder.rollback()
        return await asyncio.gather(*tasks, return_exceptions=True)


def winner_and_loser(outcomes: list[Any]) -> tuple[Any, Any]:
    failed = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    (won,), (lost,) = [outcome for outcome in outcomes if outcome not in failed], failed
    return won, lost


async def test_of_two_that_assign_one_free_number_one_wins_and_the_other_is_told_who(installed_database: str) -> None:
    create_people(installed_database)
    row_id = add_row(installed_database, OLD)
    async with two_operators(installed_database) as (asha, ravi):
        seen = await row_of(asha, row_id)
        acts = [assign_number(asha, seen, ASHA_RAO), assign_number(ravi, seen, RAVI_KUMAR)]
        locking = "select from organization_phone_numbers for update"
        won, lost = winner_and_loser(await at_once(installed_database, acts, locking))
    holder = won.number.assignee
    assert isinstance(lost, NumberConflict)
    assert lost.sentence == (
        f"+91 11 4116 9368 was assigned to {holder.name} <{holder.email}> meanwhile, by ~{holder.name}; "
        "none of your changes were written."
    )
    assert lost.current == won.number
    assert execute(installed_database, "select assigned_to_user_id from organization_phone_numbers") == [(holder.id,)]
    (row,) = log_rows(installed_database, "number_assigned")
    assert row["user_id"] == holder.id


async def test_a_number_is_not_switched_off_under_the_person_who_just_got_it(installed_database: str) -> None:
    create_people(installed_database)
    row_id = add_row(installed_database, OLD)
    async with two_operators(installed_database) as (asha, ravi):
        seen = await row_of(asha, row_id)
        await assign_number(ravi, seen, RAVI_KUMAR)
        with pytest.raises(NumberConflict) as caught:
            await deactivate_number(asha, seen)
        assert "assigned to Ravi Kumar <ravi@acme.example> meanwhile, by ~Ravi Kumar" in caught.value.sentence
        assert (await row_of(asha, row_id)).is_active
        await deactivate_number(ravi, await row_of(ravi, row_id))
        with pytest.raises(NumberConflict) as caught:
            await assign_number(asha, replace(seen, assigned_to_user_id=RAVI), ASHA_RAO)
        assert "was deactivated meanwhile, by ~Ravi Kumar" in caught.value.sentence


@pytest.mark.parametrize("with_primary", [True, False])
async def test_of_two_that_choose_different_primary_numbers_one_wins_and_the_other_is_told_which(
    installed_database: str, with_primary: bool
) -> None:
    create_people(installed_database)
    before = [add_row(installed_database, "08040000000", is_primary=True)] if with_primary else []
    ids = [add_row(installed_database, OLD), add_row(installed_database, BANGALORE)]
    async with two_operators(installed_database) as (asha, ravi):
        acts = [
            make_primary(asha, await row_of(asha, ids[0]), before),
            make_primary(ravi, await row_of(ravi, ids[1]), before),
        ]
        locking = f"select switchboard.take_lock('primary', '{ACME}')"
        won, lost = winner_and_loser(await at_once(installed_database, acts, locking))
    assert isinstance(lost, NumberConflict)
    assert lost.current == won.number
    who = "Asha Rao" if won.number.id == ids[0] else "Ravi Kumar"
    assert f"became primary meanwhile, by ~{who}" in lost.sentence
    assert [number.id for number in won.previous] == before
    primary = "select id from organization_phone_numbers where is_primary"
    assert execute(installed_database, primary) == [(won.number.id,)]


async def test_of_two_that_add_one_number_in_two_notations_one_adds_it(installed_database: str) -> None:
    async with two_operators(installed_database) as (asha, ravi):
        acts = [add_number(asha, ACME, OLD), add_number(ravi, ACME, DELHI)]
        locking = f"select switchboard.take_lock('numbers', '{ACME}')"
        won, lost = winner_and_loser(await at_once(installed_database, acts, locking))
    assert isinstance(lost, NumberExists)
    assert [number.id for number in lost.existing] == [won.number.id]


async def test_a_number_that_another_program_adds_at_the_same_moment_is_told_the_same_way(
    installed_database: str,
) -> None:
    with psycopg.connect(installed_database) as other, psycopg.connect(installed_database, autocommit=True) as watcher:
        other.execute(
            "insert into organization_phone_numbers (organization_id, phone_number) values (%s, %s)", (ACME, DELHI)
        )
        async with opened(installed_database) as database:
            adding = asyncio.ensure_future(add_number(database, ACME, OLD))
            while (await asyncio.to_thread(lambda: watcher.execute(WAITING).fetchall()))[0][0] == 0:
                assert not adding.done()
            other.commit()
            with pytest.raises(NumberExists) as caught:
                await adding
    assert [number.phone_number for number in caught.value.existing] == [DELHI]
