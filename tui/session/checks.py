"""One run of a check: asks what is due, and tells each change once, or again with the same id."""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from tui.data.checks.due import EPOCH, due_at, is_due
from tui.errors import NotFound, ProviderFailed, SwitchboardError
from tui.providers.request_budget import RequestBudget

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from tui.data.checks.due import Pace
    from tui.data.checks.state import CheckState

AT_ONCE = 4
"""How many integrations are asked side by side."""

BEGINS_FOR_S = 420.0
"""So long a run begins to ask, so that a unit that gets 15 minutes ends by itself: the last test takes 90 s at most,
and what is read besides ends after 660 s (tui/session/stored_checks.py).

A run that its timer ends cuts checks off, and nobody but a person may ask those mailboxes again.
"""

# The database opens 600 envelopes for tests in 5 minutes (sql/006_acts.sql); the rest is for those by hand.
MOST_OPENED, WITHIN_S = 500, 300.0

MOST_FAILURES = 8
"""What kept so many from an outcome, such as a limit, keeps the others from it too: they are left for the next run."""

MOST_TOLD_TOGETHER = 500
"""They are claimed one by one, for two minutes: of more the first would be claimed again before it is told."""

UNREADABLE = ("400", "413", "422")
"""With these a receiver refuses what it is sent, and not who sends it or when."""

MOST_UNREADABLE = 5


class Monitored(Protocol):
    """An integration that is checked."""

    @property
    def id(self) -> UUID:
        """The id of its row."""

    @property
    def state(self) -> CheckState:
        """What was remembered of it when the run began."""

    @property
    def pace(self) -> Pace:
        """How often it is asked."""


MonitoredType = TypeVar("MonitoredType", bound=Monitored)
ToldChange = TypeVar("ToldChange")


class CheckStore(Protocol[MonitoredType, ToldChange]):
    """What remembers: the database (tui/data/checks/store.py). Each method is one transaction."""

    async def now(self) -> datetime:
        """Return the time by the store's clock."""

    async def monitored(self) -> Sequence[MonitoredType]:
        """Return the integrations that are checked."""

    async def begin(self, integration: MonitoredType) -> bool:
        """Note that a provider is asked from now on; False where somebody else began since the state was read."""

    async def note_cut_off(self, integration: MonitoredType) -> None:
        """Note that the check that the state tells of was cut off, unless it has ended or another began."""

    async def note_expiring(self) -> None:
        """Note which permissions expire soon."""

    async def claim_untold(self) -> ToldChange | None:
        """Return the earliest change that nobody tells or has told, and keep it from others for a while."""

    async def note_told(self, change: ToldChange) -> None:
        """Note that a change was told, so that nobody tells it again."""


@dataclass(slots=True)
class Asked:
    """How many integrations were asked, and how many are due but left for the next run, for want of time.

    `failures` are what kept some of them from an outcome, while the others went on; `faults` are our own.
    """

    number: int = 0
    left: int = 0
    failures: list[SwitchboardError] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Keep a failure: were the others ended by it, each of them would count as a refused login."""
        try:
            yield
        except NotFound:
            # Deleted meanwhile, it is nobody's concern.
            pass
        except SwitchboardError as failure:
            self.failures.append(failure)
        except Exception as fault:
            self.faults.append(fault)


async def ask_what_is_due(
    store: CheckStore[MonitoredType, ToldChange],
    ask: Callable[[MonitoredType], Awaitable[None]],
    *,
    begins_for: float = BEGINS_FOR_S,
) -> Asked:
    """Ask each integration that is due, what has waited longest first; after `begins_for` seconds none is begun.

    The others are left for the next run, which is no failure.

    `ask` asks the provider, and has the store note the outcome. The beginning is noted before, so that a check that was
    cut off at any moment is seen by the next run.
    """
    now = await store.now()
    listed = await store.monitored()
    asked = Asked()
    for integration in listed:
        if integration.state.is_cut_off(now):
            with asked.going_on():
                await store.note_cut_off(integration)
    due = [integration for integration in listed if is_due(integration.id, integration.state, integration.pace, now)]
    due.sort(key=lambda integration: due_at(integration.id, integration.state, integration.pace) or EPOCH)
    waiting = iter(due)
    last_begin = time.monotonic() + begins_for
    openings = RequestBudget(MOST_OPENED, WITHIN_S)

    async def ask_in_turn() -> None:
        for integration in waiting:
            is_late = time.monotonic() + openings.seconds_to_wait() > last_begin
            if is_late or len(asked.failures) >= MOST_FAILURES:
                asked.left += 1
                continue
            await openings.wait_for_room()
            openings.note()
            with asked.going_on():
                if await store.begin(integration):
                    asked.number += 1
                    await ask(integration)

    async with asyncio.TaskGroup() as together:
        for _ in range(AT_ONCE):
            together.create_task(ask_in_turn())
    with asked.going_on():
        await store.note_expiring()
    for fault in asked.faults:
        raise fault
    return asked


async def tell_changes(
    store: CheckStore[MonitoredType, ToldChange], tell: Callable[[ToldChange], Awaitable[None]]
) -> Sequence[ToldChange]:
    """Tell each change that was not told yet, in the order they were noticed, and return them.

    `tell` raises ProviderFailed where the receiver has not taken it: that change, and those after it, are left for a
    later run. One that the receiver cannot read keeps those after it from being told only where it cannot read most.
    """
    told: list[ToldChange] = []
    unreadable: list[ProviderFailed] = []
    while (change := await store.claim_untold()) is not None:
        try:
            await tell(change)
        except ProviderFailed as failure:
            unreadable.append(failure)
            if failure.code not in UNREADABLE or len(unreadable) == MOST_UNREADABLE:
                raise
            continue
        await store.note_told(change)
        told.append(change)
    if unreadable:
        raise unreadable[0]
    return told


async def tell_together(
    store: CheckStore[MonitoredType, ToldChange], tell: Callable[[Sequence[ToldChange]], None]
) -> None:
    """Tell the changes that were not told yet at once, in the order they were noticed; `tell` gets none as well.

    `tell` returns once they have left the process. Those beyond MOST_TOLD_TOGETHER are left for the next run.
    """
    claimed: list[ToldChange] = []
    while len(claimed) < MOST_TOLD_TOGETHER and (change := await store.claim_untold()) is not None:
        claimed.append(change)
    tell(claimed)
    for change in claimed:
        await store.note_told(change)
