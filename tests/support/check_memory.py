"""The model of what the database remembers of checks: the same transitions on dictionaries, and a clock to be moved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID, uuid4

from tests.support.check_world import START
from tui.data.checks.observed import EXPIRING, observed_changes
from tui.data.checks.state import CheckState, after_cut_off, after_outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from tests.support.check_world import Credential, World
    from tui.data.checks.due import Pace
    from tui.data.checks.state import Change, Outcome


class Watched(NamedTuple):
    """A credential as a run sees it."""

    id: UUID
    state: CheckState
    pace: Pace
    credential: Credential


@dataclass
class Noticed:
    """A change that is to be told."""

    id: UUID
    integration_id: UUID
    change: Change
    at: datetime
    claimed_at: datetime | None = None
    told: bool = False


class MemoryStore:
    """A CheckStore; `step` is called before and after each method, and may end the process there."""

    def __init__(self, world: World, step: Callable[[], None]) -> None:
        self.world = world
        self.clock = START
        self.step = step
        self.states: dict[UUID, CheckState] = {}
        self.observations: dict[UUID, dict[tuple[str, str], str]] = {}
        self.noticed: list[Noticed] = []

    async def now(self) -> datetime:
        return self.clock

    async def monitored(self) -> list[Watched]:
        return [
            Watched(credential.id, self.states.get(credential.id, CheckState()), credential.pace, credential)
            for credential in self.world.credentials
        ]

    async def begin(self, integration: Watched) -> bool:
        self.step()
        state = self.states.get(integration.id, CheckState())
        if state.begun_at != integration.state.begun_at:
            return False
        self.states[integration.id] = state._replace(begun_at=self.clock)
        self.step()
        return True

    async def note_outcome(
        self,
        integration_id: UUID,
        outcome: Outcome,
        observed: dict[tuple[str, str], str],
        *,
        is_stale: bool = False,
    ) -> None:
        self.step()
        state = self.states.get(integration_id)
        if state is None:
            return
        self.states[integration_id], changes = after_outcome(state, outcome, self.clock, is_stale=is_stale)
        self._note(integration_id, changes)
        if outcome == "verified" and not is_stale:
            before = self.observations.get(integration_id, {})
            self._observe(integration_id, before | observed)
        self.step()

    async def note_cut_off(self, integration: Watched) -> None:
        self.step()
        state = self.states[integration.id]
        if state.begun_at == integration.state.begun_at and state.in_progress:
            asked_again = integration.pace.refused_again_after is not None
            self.states[integration.id], changes = after_cut_off(state, self.clock, is_asked_again=asked_again)
            self._note(integration.id, changes)
        self.step()

    async def note_expiring(self) -> None:
        self.step()
        for credential in self.world.credentials:
            before = self.observations.get(credential.id, {})
            after = {key: value for key, value in before.items() if not key[1].startswith(EXPIRING)}
            expires_at = credential.expires_at(self.clock)
            if expires_at is not None:
                after["", f"{EXPIRING}{credential.permission}"] = expires_at.isoformat()
            self._observe(credential.id, after)
        self.step()

    async def claim_untold(self) -> Noticed | None:
        self.step()
        for noticed in self.noticed:
            is_free = noticed.claimed_at is None or self.clock - noticed.claimed_at > timedelta(minutes=2)
            if not noticed.told and is_free:
                noticed.claimed_at = self.clock
                self.step()
                return noticed
        return None

    async def note_told(self, change: Noticed) -> None:
        self.step()
        change.told = True
        self.step()

    async def set_up(self) -> None:
        """Nothing is stored anywhere."""

    async def move_to(self, moment: datetime) -> None:
        self.clock = moment

    async def all_noticed(self) -> set[UUID]:
        return {noticed.id for noticed in self.noticed}

    async def touch(self, integration_id: UUID) -> None:
        """The content of an envelope was changed by something other than a rotation."""
        state = self.states.get(integration_id)
        if state is not None:
            self.states[integration_id] = state._replace(changed_at=self.clock)

    def _observe(self, integration_id: UUID, after: dict[tuple[str, str], str]) -> None:
        self._note(integration_id, observed_changes(self.observations.get(integration_id, {}), after))
        self.observations[integration_id] = after

    def _note(self, integration_id: UUID, changes: Iterable[Change]) -> None:
        self.noticed += [Noticed(uuid4(), integration_id, change, self.clock) for change in changes]
