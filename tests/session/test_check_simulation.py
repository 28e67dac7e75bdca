"""Thirty days of checks on failing providers, by a process that is killed: none missed, none false, each told once."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.support.acme import opened
from tests.support.check_database import DatabaseStore, WatchedRow
from tests.support.check_memory import MemoryStore, Noticed, Watched
from tests.support.check_world import DAY, EVERY, FAULTS, HOUR, START, World
from tui.session.checks import ask_what_is_due, tell_changes

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from tests.support.check_world import Credential
    from tui.data.postgres.database import Database

TICK = timedelta(minutes=15)
# An answer that was none puts the next off by up to a day, and so does a refusal.
NOTICED_WITHIN = DAY + 2 * EVERY
# A mailbox that works again says so once somebody has looked, which they do within a day of the end.
RECOVERED_WITHIN = NOTICED_WITHIN + 2 * DAY


class Killed(BaseException):
    """The process is gone from one statement to the next."""


class Simulation:
    """One world, and one store of what a check remembers of it, moved on tick by tick."""

    def __init__(self, world: World, seed: int, kills: float, database: Database | None) -> None:
        self.random = random.Random(seed)
        self.kills = kills
        self.killed: Counter[str] = Counter()
        self.world = world
        self.store = DatabaseStore(world, database, self.step) if database else MemoryStore(world, self.step)
        self.received: list[Noticed] = []
        self.cut_off: list[tuple[UUID, datetime]] = []
        self.by_id = {credential.id: credential for credential in self.world.credentials}

    def step(self, where: str = "the store") -> None:
        if self.random.random() < self.kills:
            self.killed[where] += 1
            raise Killed

    async def ask(self, integration: Watched | WatchedRow) -> None:
        credential = integration.credential
        await self.change_at_random(credential, 0.004)
        content, at = len(credential.contents), self.store.clock
        outcome, observed = self.world.answer(credential, at), credential.observed(at)
        self.step("an answer")
        await asyncio.sleep(0)
        await self.change_at_random(credential, 0.004)
        await self.store.note_outcome(credential.id, outcome, observed, is_stale=len(credential.contents) != content)

    async def tell(self, noticed: Noticed) -> None:
        self.step("the receiver")
        self.received.append(noticed)
        if self.is_bad(noticed):
            self.world.hear(self.by_id[noticed.integration_id], self.store.clock)
        self.step("the receiver's answer")

    @staticmethod
    def is_bad(noticed: Noticed) -> bool:
        return noticed.change.kind in ("broke", "cut_off")

    async def change_at_random(self, credential: Credential, chance: float) -> None:
        if self.random.random() < chance and not credential.refuses(self.store.clock):
            self.store.clock += timedelta(microseconds=1)
            self.world.change_content(credential, self.store.clock, is_right=self.random.random() < 0.8)
            await self.store.touch(credential.id)

    async def look_after(self, credential: Credential) -> None:
        """What somebody does who was told that it does not work."""
        at = self.store.clock
        fault = credential.fault(at)
        taken = credential.contents[-1][1]
        if not taken or (fault is not None and fault.needs_other_content):
            is_right = self.random.random() < 0.9
            self.world.change_content(credential, at, is_right=is_right)
            await self.store.touch(credential.id)
            if not is_right:
                self.world.hear(credential, at)
        elif fault is not None and fault.answer in ("refused", "unknown"):
            self.world.errands.append((fault.end + HOUR, credential))
        else:
            # A test by hand. It is the person's own refused login, if any.
            kills, self.kills = self.kills, 0
            await self.store.note_outcome(credential.id, credential.outcome(at), credential.observed(at))
            self.kills = kills

    async def run(self) -> None:
        while self.store.clock < self.world.end:
            await self.store.move_to(self.store.clock + TICK + timedelta(seconds=self.random.random() * 40))
            for credential in self.world.errands_until(self.store.clock):
                await self.look_after(credential)
            for credential in self.world.credentials:
                await self.change_at_random(credential, 0.0002)
            await self.one_run()
        self.kills = 0
        await self.store.move_to(self.store.clock + HOUR)
        await tell_changes(self.store, self.tell)

    async def one_run(self) -> None:
        try:
            await ask_what_is_due(self.store, self.ask)
            await tell_changes(self.store, self.tell)
        except (Killed, BaseExceptionGroup) as end:
            assert isinstance(end, Killed) or end.split(Killed)[1] is None
            listed = await self.store.monitored()
            self.cut_off += [(row.id, self.store.clock) for row in listed if row.state.in_progress]

    def told(self, credential: Credential) -> list[Noticed]:
        first = {noticed.id: noticed for noticed in reversed(self.received) if noticed.integration_id == credential.id}
        return sorted(first.values(), key=lambda noticed: noticed.at)


def flagged(told: list[Noticed], on: set[str], off: set[str], at: datetime) -> bool:
    """Whether the last thing that was noticed by a moment was one of `on`."""
    relevant = [noticed for noticed in told if noticed.at <= at and noticed.change.kind in on | off]
    return bool(relevant) and relevant[-1].change.kind in on


def moments(credential: Credential, end: datetime) -> list[tuple[datetime, datetime]]:
    """The stretches in which nothing about a credential changes."""
    edges = {START, end, *(since for since, _ in credential.contents)}
    edges |= {edge for fault in credential.faults for edge in (fault.begin, fault.end) if edge < end}
    ordered = sorted(edges)
    return list(pairwise(ordered))


async def simulate(
    seed: int, credentials: int, days: int, kills: float, database: Database | None = None
) -> Counter[str]:
    # The time that a permission expires at would have to be set back as well, which is news.
    faults = [name for name in FAULTS if database is None or name != "permission expires"]
    world = World(seed, credentials, days, faults)
    simulation = Simulation(world, seed, kills, database)
    await simulation.store.set_up()
    await simulation.run()
    counts: Counter[str] = Counter(simulation.killed)
    # Each change was told; again only where the receiver had answered and nobody was left to note it.
    times_told = Counter(noticed.id for noticed in simulation.received)
    assert set(times_told) == await simulation.store.all_noticed()
    repeated = sum(times - 1 for times in times_told.values())
    assert repeated <= simulation.killed["the receiver's answer"] + simulation.killed["the store"]
    if not kills:
        assert repeated == 0
    # A mailbox is refused once, until it was taken again or has another content.
    ids_of_mail = {credential.id for credential in world.credentials if credential.kind == "mail"}
    refused = Counter(
        login[:3] for login in world.logins if login.credential in ids_of_mail and login.outcome == "refused"
    )
    assert max(refused.values(), default=0) <= 1
    for credential in world.credentials:
        told = simulation.told(credential)
        counts.update(noticed.change.kind for noticed in told)
        for noticed in told:
            kind, at = noticed.change.kind, noticed.at
            # No false alarm, and no false relief.
            if kind in ("broke", "recovered"):
                assert credential.refuses(at) is (kind == "broke"), (noticed, credential)
            if kind == "number_outage":
                assert credential.has("number out", at)
            if kind == "balance_low":
                assert credential.has("balance low", at)
            if kind == "permission_expiring":
                assert credential.has("permission expires", at)
        known = [noticed.change.kind for noticed in told if noticed.change.kind in ("broke", "recovered", "cut_off")]
        assert not any(first == second != "cut_off" for first, second in pairwise(known)), known
        broken = partial(flagged, told, {"broke", "cut_off"}, {"recovered"})
        # No break is missed, nor that it is over.
        for begin, end in moments(credential, world.end):
            # Exotel is asked a day later where a check was cut off, which may have been a refused login.
            cut = [at for key, at in simulation.cut_off if key == credential.id and begin - DAY < at < end]
            if credential.outcome(begin) == "refused" and end - begin > NOTICED_WITHIN + len(cut) * DAY:
                counts["breaks"] += 1
                assert broken(begin + NOTICED_WITHIN + len(cut) * DAY), (credential, begin, told)
            if credential.outcome(begin) == "verified" and end - begin > RECOVERED_WITHIN:
                counts["recoveries"] += 1
                hours = range(RECOVERED_WITHIN // HOUR)
                assert not all(broken(begin + hour * HOUR) for hour in hours), (credential, begin, told)
        for fault in credential.faults:
            if fault.answer == "told" and fault.end - fault.begin > NOTICED_WITHIN and fault.end < world.end:
                counts["told besides"] += 1
                kinds = {noticed.change.kind for noticed in told if fault.begin <= noticed.at <= fault.end}
                wanted = {"number out": "number_outage", "balance low": "balance_low"}
                assert wanted.get(fault.name, "permission_expiring") in kinds, (fault, told)
    counts["faults"] = sum(fault.begin < world.end for credential in world.credentials for fault in credential.faults)
    counts["kinds"] = len({fault.name for credential in world.credentials for fault in credential.faults})
    counts["asked"] = len(world.logins)
    counts["repeated"] = repeated
    return counts


@pytest.mark.parametrize("kills", [0, 0.01])
async def test_a_week_of_checks_misses_nothing_and_says_nothing_false_or_twice(kills: float) -> None:
    counts = await simulate(7, 15, 7, kills)
    assert counts["asked"] > 15 * 7


@pytest.mark.long
@pytest.mark.parametrize("seed", range(6))
async def test_thirty_days_of_fifty_credentials_and_twelve_faults(seed: int) -> None:
    counts = await simulate(seed, 50, 30, (0, 0.002, 0.01)[seed % 3])
    print(dict(counts))
    assert counts["kinds"] == len(FAULTS)
    assert counts["breaks"] >= 10


async def test_a_day_of_eight_credentials_on_the_database(installed_database: str) -> None:
    async with opened(installed_database) as database:
        counts = await simulate(3, 8, 1, 0.01, database)
    print(dict(counts))
    assert counts["asked"] > 8 * 2


@pytest.mark.long
async def test_thirty_days_of_fifty_credentials_on_the_database(installed_database: str) -> None:
    async with opened(installed_database) as database:
        counts = await simulate(11, 50, 30, 0.004, database)
    print(dict(counts))
    assert counts["breaks"] >= 10
