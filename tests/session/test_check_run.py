"""One run of a check: what it begins while there is time, and how much it tells at once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.check_memory import MemoryStore, Noticed, Watched
from tests.support.check_world import World
from tui.data.checks.state import Change
from tui.errors import Conflict, NotFound
from tui.session.checks import (
    AT_ONCE,
    MOST_FAILURES,
    MOST_OPENED,
    MOST_TOLD_TOGETHER,
    ask_what_is_due,
    tell_together,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID


def store() -> MemoryStore:
    return MemoryStore(World(1, 12, 1, ["password changed"]), lambda: None)


async def test_what_waits_longest_is_asked_first_and_what_there_is_no_time_for_is_left_and_not_cut_off() -> None:
    checks = store()
    asked: list[UUID] = []

    async def ask(integration: Watched) -> None:
        asked.append(integration.id)
        await checks.note_outcome(integration.id, "verified", {})

    listed = [one.id for one in await checks.monitored()]
    assert (await ask_what_is_due(checks, ask)).number == len(asked) == 12
    checks.clock += timedelta(days=1)
    checks.states[listed[11]] = checks.states[listed[11]]._replace(begun_at=checks.clock - timedelta(days=9))
    asked.clear()
    run = await ask_what_is_due(checks, ask, begins_for=-1)
    assert (run.number, run.left, asked) == (0, 12, [])
    assert not any(state.in_progress for state in checks.states.values())
    run = await ask_what_is_due(checks, ask)
    assert (run.number, run.left, asked[0]) == (12, 0, listed[11])


async def test_a_failure_to_note_one_thing_keeps_nothing_else_from_being_asked_and_told() -> None:
    class Failing(MemoryStore):
        async def note_cut_off(self, integration: Watched) -> None:
            raise Conflict("Somebody else did it.", "Look again.")

        async def note_expiring(self) -> None:
            raise Conflict("Somebody else did it.", "Look again.")

    checks = Failing(World(1, 3, 1, ["password changed"]), lambda: None)
    (begun, deleted, _) = await checks.monitored()

    async def ask(integration: Watched) -> None:
        if integration.id == deleted.id:
            raise NotFound("The integration no longer exists.", "List them again.")
        await checks.note_outcome(integration.id, "verified", {})

    await checks.begin(begun)
    checks.clock += timedelta(days=1)
    run = await ask_what_is_due(checks, ask)
    assert (run.number, len(run.failures)) == (2, 2)


async def test_what_would_meet_a_limit_of_the_database_is_left_as_it_was() -> None:
    checks = MemoryStore(World(1, MOST_OPENED + 3, 1, ["server failed (5xx)"]), lambda: None)
    opened = 0

    async def ask(integration: Watched) -> None:
        nonlocal opened
        opened += 1
        await checks.note_outcome(integration.id, "verified", {})

    run = await ask_what_is_due(checks, ask, begins_for=60)
    assert (run.number, run.left, opened, len(checks.states)) == (MOST_OPENED, 3, MOST_OPENED, MOST_OPENED)

    async def fail(integration: Watched) -> None:
        raise Conflict("More than 600 openings are refused.", "Wait.")

    checks = store()
    run = await ask_what_is_due(checks, fail)
    assert run.left > 0 and len(checks.states) == 12 - run.left
    assert MOST_FAILURES <= len(run.failures) <= MOST_FAILURES + AT_ONCE


async def test_a_fault_of_ours_in_one_test_cuts_no_other_off() -> None:
    checks = store()
    (first, *others) = await checks.monitored()

    async def ask(integration: Watched) -> None:
        if integration.id == first.id:
            raise ZeroDivisionError
        await asyncio.sleep(0)
        await checks.note_outcome(integration.id, "verified", {})

    with pytest.raises(ZeroDivisionError):
        await ask_what_is_due(checks, ask)
    assert [one.id for one in await checks.monitored() if one.state.in_progress] == [first.id]
    assert {checks.states[other.id].outcome for other in others} == {"verified"}


async def test_no_more_is_told_together_than_can_be_claimed_before_the_first_is_claimed_again() -> None:
    checks = store()
    (one, *_) = await checks.monitored()
    count = MOST_TOLD_TOGETHER + 1
    checks.noticed = [Noticed(one.id, one.id, Change("broke"), checks.clock) for _ in range(count)]
    told: list[int] = []

    def tell(changes: Sequence[Noticed]) -> None:
        told.append(len(changes))

    await tell_together(checks, tell)
    assert told == [MOST_TOLD_TOGETHER]
