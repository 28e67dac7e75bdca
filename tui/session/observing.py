"""Reads what the provider of a stored integration tells beside yes and no, and keeps it as it comes."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tui.data.checks import store
from tui.data.integrations.credentials import binding
from tui.errors import ProviderFailed
from tui.providers import integration_type
from tui.session.connection_test import run_on_stored
from tui.session.seen_checks import read_checks, with_checks
from tui.words.counts import counted
from tui.words.integrations.seen_checks import LONGEST_LABEL, SHOWN, warnings
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tui.models.integrations import Integration
    from tui.providers.observations import Observation, Reading
    from tui.providers.verdicts import Tell
    from tui.session.connection_test import ConnectionTestResult
    from tui.session.session import Session

NOTED_EVERY_S = 5.0
"""So much at most is lost where the program is killed."""
BY_HAND_S = 20.0
"""How long somebody who has tested a credential waits for what is read besides: some 40 numbers."""
_SUBJECTS = {"balance": "balance", "kyc_status": "KYC", "templates_approved": "templates"}
FRESH_BY_HAND = timedelta(minutes=10)


class Observing:
    """One reading, whose values are in the database once they are told, or when it is cancelled."""

    def __init__(self, session: Session, integration: Integration, credential: Mapping[str, Any]) -> None:
        self._database = session.database
        self._row_id = binding(integration).row_id
        self._type = integration_type(integration.integration_type)
        self._credential = credential
        self._pending: dict[tuple[str, str], str | None] = {}
        self._read: set[tuple[str, str]] = set()
        self._asked, self._to_ask = 0, 0

    async def read(
        self, *, seconds: float, fresh_within: timedelta, tell: Callable[[int, int], None] | None = None
    ) -> str:
        """Read for so long at most, and return in a few sentences what was read and what was not; "" for nothing.

        Numbers whose health was read within `fresh_within` are not asked again. `tell` gets how many numbers were asked
        of how many. Raises what the database does.
        """
        observe = self._type.observe
        if observe is None:
            return ""
        fresh, stale = await store.read_numbers_read(self._database, self._row_id, fresh_within)

        def count(asked: int, to_ask: int) -> None:
            self._asked, self._to_ask = asked, to_ask
            if tell is not None:
                tell(asked, to_ask)

        reading = asyncio.create_task(observe(self._credential, self._take, fresh=fresh, stale=stale, tell=count))
        ends = time.monotonic() + seconds
        try:
            while (left := ends - time.monotonic()) > 0 and not reading.done():
                await asyncio.wait({reading}, timeout=min(left, NOTED_EVERY_S))
                await self._note()
        finally:
            reading.cancel()
            await asyncio.wait({reading})
            await self._note()
        return self._sentences(reading, seconds)

    def _take(self, observation: Observation) -> None:
        self._pending[observation.number or "", observation.name] = observation.value
        if observation.value is not None:
            self._read.add((observation.number or "", observation.name))

    async def _note(self) -> None:
        values = dict(self._pending)
        if values:
            await store.note_observed(self._database, self._row_id, values)
            self._pending = {key: value for key, value in self._pending.items() if values.get(key) != value}

    def _sentences(self, reading: asyncio.Task[Reading], seconds: float) -> str:
        read = self._what_was_read()
        if reading.cancelled():
            left = self._to_ask - self._asked
            rest = f"the health of {counted(left, 'number', 'numbers')}" if left else "the rest"
            return f"{read} Not asked within {seconds:.0f} s: {rest}; another test or a check goes on there."
        failure = reading.exception()
        if isinstance(failure, ProviderFailed):
            return f"Nothing was read besides: {failure.sentence} {failure.what_to_do}"
        if failure is not None:
            raise failure
        missing = []
        for unread in reading.result().unread:
            of = f" of {counted(len(unread.numbers), 'number', 'numbers')}" if unread.numbers else ""
            missing.append(f"Not read: {unread.what}{of}. {unread.why.sentence}")
        return " ".join((read, *missing))

    def _what_was_read(self) -> str:
        """The subjects, and of how many numbers."""
        named = {name for number, name in self._read if not number}
        words = [word for name, word in _SUBJECTS.items() if name in named]
        words += [
            safe_text(name.removeprefix(SHOWN), LONGEST_LABEL) for name in sorted(named) if name.startswith(SHOWN)
        ]
        for name, singular, plural in (
            ("number_call_flow", "call flow", "call flows"),
            ("number_incoming", "number's health", "numbers' health"),
        ):
            if count := sum(one == name for _, one in self._read):
                words.append(counted(count, singular, plural))
        return f"Read besides: {', '.join(words)}." if words else "Nothing was read besides."


class StoredTest:
    """A test of a stored integration that somebody waits for, and what is read once the provider has said yes."""

    def __init__(self, session: Session, integration: Integration) -> None:
        self._session = session
        self._integration = integration
        self._observing: Observing | None = None

    async def run(self, tell: Tell) -> ConnectionTestResult:
        """Test it. Raises as run_on_stored does."""
        self._observing = None
        return await run_on_stored(self._session, self._integration, tell, when_passed=self._prepare)

    async def _prepare(self, credential: Mapping[str, Any]) -> None:
        if integration_type(self._integration.integration_type).observe is not None:
            self._observing = Observing(self._session, self._integration, credential)

    @property
    def has_more(self) -> bool:
        """Whether the test passed and there is more to read."""
        return self._observing is not None

    async def read_on(self, tell: Callable[[int, int], None]) -> str:
        """Read what the provider tells besides, for BY_HAND_S at most, and say what; "" where there is nothing.

        It begins with what the yes hides.
        """
        observing, self._observing = self._observing, None
        if observing is None:
            return ""
        said = await observing.read(seconds=BY_HAND_S, fresh_within=FRESH_BY_HAND, tell=tell)
        seen = await read_checks(self._session, self._integration.organization_id)
        (integration,) = with_checks([self._integration], seen)
        # That its check is unproven was said with the outcome.
        hidden = warnings(integration, says_unproven=False)
        return f"But {', '.join(hidden)}. {said}" if hidden else said
