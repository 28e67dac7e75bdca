"""Whether a server answers: asked again and again while somebody waits for it, and since when it has not."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from typing import TYPE_CHECKING

from tui.data.connecting import first_done, standing_of
from tui.data.errors import CHECK_NETWORK, ConnectionLost
from tui.data.failures import translate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from tui.data.errors import SwitchboardError

BEAT_EVERY_S = 1.0
ANSWERS_WITHIN_S = 1.5
RETRY_EVERY_S = 2.0
# Trying a login that is refused over and over locks accounts, and makes poolers shut everybody out.
RETRY_REFUSED_EVERY_S = 30.0
ASKS_FOR_S = 6.0
GONE_AFTER_S = 6.0

NO_ANSWER = ConnectionLost("The database does not answer.", CHECK_NETWORK)


class Pulse:
    """Knows since when the server has been silent. It asks only while it is `watched`.

    `ask` returns once the server has answered on a connection, else it raises psycopg.Error or OSError. A refusal is an
    answer too, such as that all connections are taken.
    """

    def __init__(self, ask: Callable[[], Awaitable[None]]) -> None:
        self._ask = ask
        self.failure: SwitchboardError | None = None
        """Why the last question found no connection; None once one did."""
        self.next_at = 0.0
        """When the next question is due, on the monotonic clock."""
        self._heard_at = self._silent_at = -math.inf
        self._watchers = 0
        self._beating: asyncio.Task[None] | None = None
        self._noted = asyncio.Event()

    def heard(self) -> None:
        """Note that the server has just said something, whatever it was asked."""
        self._heard_at = time.monotonic()

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Ask at once, and again and again until this is left."""
        self._watchers += 1
        if self._beating is None:
            if not self.is_silent:
                self.heard()
            self._beating = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            self._watchers -= 1
            if not self._watchers and self._beating is not None:
                self._beating.cancel()
                self._beating = None

    async def until(self, wanted: Callable[[], bool]) -> None:
        """Ask until a condition holds; it is looked at after each question, beginning with the next one."""
        with self.watched():
            while True:
                self._noted.clear()
                await self._noted.wait()
                if wanted():
                    return

    @property
    def is_silent(self) -> bool:
        """Whether nothing was heard since a question got no answer."""
        return self._silent_at > self._heard_at

    def is_gone(self, since: float, *, after: float = GONE_AFTER_S) -> bool:
        """Whether nothing was heard for `after` seconds, and a question of later than `since` got no answer either."""
        return self.is_silent and self._silent_at > since and time.monotonic() - self._heard_at >= after

    def lost(self) -> ConnectionLost:
        """What to tell of a server that is gone."""
        sentence = f"The database has not answered for {time.monotonic() - self._heard_at:.0f} seconds."
        if self.failure is None or self.failure is NO_ANSWER:
            return ConnectionLost(sentence, CHECK_NETWORK)
        return ConnectionLost(f"{sentence} {self.failure.sentence}", CHECK_NETWORK, details=self.failure.details)

    async def _beat(self) -> None:
        """Ask; where no answer comes, ask again beside the questions before, which may hang on a line that is dead."""
        asked: set[asyncio.Future[None]] = set()
        try:
            while True:
                if len(asked) * RETRY_EVERY_S < ASKS_FOR_S:
                    asked.add(asyncio.ensure_future(self._ask()))
                self.next_at = time.monotonic() + RETRY_EVERY_S
                done = await first_done(asked, ANSWERS_WITHIN_S)
                asked -= done
                self._note([one.exception() for one in done])
                if self.failure is None:
                    _leave(asked)
                    asked = set()
                    self.next_at = time.monotonic() + BEAT_EVERY_S
                elif standing_of(self.failure) == "refuses":
                    self.next_at = time.monotonic() + RETRY_REFUSED_EVERY_S
                await asyncio.sleep(self.next_at - time.monotonic())
        finally:
            _leave(asked)

    def _note(self, outcomes: list[BaseException | None]) -> None:
        """Take down what questions came to; none means that there was no answer in time."""
        failures = [outcome for outcome in outcomes if outcome is not None]
        if len(failures) < len(outcomes):
            self.heard()
            self.failure = None
        elif failures:
            self.failure = translate(failures[0], doing="connecting")
        elif self.failure is None:
            self.failure = NO_ANSWER
        if self.failure is not None:
            if any(standing_of(failure) != "gone" for failure in failures):
                self.heard()
            else:
                self._silent_at = time.monotonic()
        self._noted.set()


def _leave(asked: set[asyncio.Future[None]]) -> None:
    for one in asked:
        one.cancel()
        one.add_done_callback(lambda left: left.cancelled() or left.exception())
