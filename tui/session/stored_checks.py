"""The integrations of a database as what a check asks, and the database as what remembers it."""

from __future__ import annotations

import time
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from tui.data.checks import store
from tui.data.checks.due import Pace
from tui.data.checks.state import CheckState
from tui.data.integrations.definitions import read_recorded, why_closed_to
from tui.errors import NotRecorded, SwitchboardError
from tui.providers import known_type
from tui.providers.naming import full_name
from tui.providers.verdicts import Report
from tui.session.connection_test import run_on_stored, standing_of
from tui.session.observing import Observing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from tui.data.checks.store import NoticedChange
    from tui.data.postgres.database import Connection
    from tui.models.integrations import Integration
    from tui.providers.verdicts import Verdict
    from tui.session.session import Session

OBSERVES_FOR_S = 660.0
"""So long after its beginning a run reads what providers tell besides: 50 questions a minute, and each number is one.

What is left of the quarter of an hour that a unit gets is for telling what changed.
"""


class StoredIntegration(NamedTuple):
    """An enabled integration whose provider can be asked, with what is remembered of it."""

    integration: Integration
    id: UUID
    state: CheckState
    pace: Pace


class StoredChecks:
    """A CheckStore (tui/session/checks.py) of one organisation, or of all that the login sees (None)."""

    def __init__(
        self,
        session: Session,
        organization_id: UUID | None,
        every: timedelta,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`tell` gets a sentence on how far a long reading has come."""
        self._session = session
        self._organization_id = organization_id
        self._every = every
        self._tell = tell
        self._reads_until = time.monotonic() + OBSERVES_FOR_S
        self.numbers_left = 0
        """Of how many phone numbers the health was to be read, and was not for want of time."""
        self.not_recorded: dict[str, NotRecorded] = {}
        """Why integrations of a type are left out, by its name: a definition of this folder that is not recorded."""

    async def now(self) -> datetime:
        """Return the time by the server's clock."""
        return await store.read_now(self._session.database)

    async def monitored(self) -> Sequence[StoredIntegration]:
        """Return the integrations that are enabled, and whose type has a test and may open them."""
        listed = await store.read_active(self._session.database, self._organization_id)
        types = {one.integration_type: known_type(one.integration_type) for one in listed}
        of_users = any(type_ and type_.definition and type_.definition.origin == "user" for type_ in types.values())
        recorded = await read_recorded(self._session.database) if of_users else {}
        states = await store.read_states(self._session.database, [one.id for one in listed if one.id is not None])
        monitored = []
        for integration in listed:
            type_ = types[integration.integration_type]
            if integration.id is None or type_ is None or type_.test is None:
                continue
            if (refusal := why_closed_to(type_.definition, recorded)) is not None:
                self.not_recorded[type_.name] = refusal
                continue
            hours = type_.refused_again_after_h
            pace = Pace(self._every, None if hours is None else timedelta(hours=hours))
            state = states.get(integration.id, CheckState())
            monitored.append(StoredIntegration(integration, integration.id, state, pace))
        return monitored

    async def begin(self, integration: StoredIntegration) -> bool:
        """Note that a provider is asked from now on; False where somebody else began."""
        return await store.begin_check(self._session.database, integration.id, integration.state)

    async def ask(self, integration: StoredIntegration) -> None:
        """Test an integration, which notes the outcome. Raises as run_on_stored does."""
        verdicts: list[Verdict] = []
        try:
            await store.note_every(self._session.database, integration.id, self._every)
            await run_on_stored(
                self._session,
                integration.integration,
                verdicts.append,
                is_watched=False,
                when_passed=partial(self._observe, integration),
            )
        except SwitchboardError:
            # What was said could not be recorded, in a row that somebody else holds for instance. Left open it would
            # count as a refused login, and as unknown a login that was refused would be tried again.
            async def unit(connection: Connection) -> None:
                outcome = standing_of(Report(tuple(verdicts), 0))
                await store.note_outcome(connection, integration.id, outcome, is_stale=True)

            await self._session.database.write(unit)
            raise

    async def _observe(self, integration: StoredIntegration, credential: Mapping[str, Any]) -> None:
        """Read what the provider tells besides, for some minutes at most: what is left then is read another time."""
        asked, to_ask = 0, 0

        def tell(asked_now: int, of_all: int) -> None:
            nonlocal asked, to_ask
            asked, to_ask = asked_now, of_all
            self._tell(f"{full_name(integration.integration)}: the health of {asked} of {to_ask} numbers is read.")

        observing = Observing(self._session, integration.integration, credential)
        # In the turn before, it was read some minutes later in its run than it is now: by the whole length of a turn
        # every other one would leave it out.
        within = self._every / 2
        await observing.read(seconds=self._reads_until - time.monotonic(), fresh_within=within, tell=tell)
        self.numbers_left += to_ask - asked

    async def note_cut_off(self, integration: StoredIntegration) -> None:
        """Note that a check was cut off, unless it has ended or another began."""
        is_asked_again = integration.pace.refused_again_after is not None
        await store.note_cut_off(
            self._session.database, integration.id, integration.state, is_asked_again=is_asked_again
        )

    async def note_expiring(self) -> None:
        """Note which permissions expire within a week."""
        listed = await store.read_active(self._session.database, self._organization_id)
        await store.note_expiring(self._session.database, [one.id for one in listed if one.id is not None])

    async def claim_untold(self) -> NoticedChange | None:
        """Return the earliest change that nobody tells or has told, and claim it."""
        organizations = None if self._organization_id is None else [self._organization_id]
        return await store.claim_change(self._session.database, organizations)

    async def note_told(self, change: NoticedChange) -> None:
        """Note that a change was told."""
        await store.note_told(self._session.database, change)
