"""Whether a server answers: asked again and again while somebody waits for it, and since when it has not."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from typing import TYPE_CHECKING

from tui.data.postgres.connect import first_done
from tui.data.postgres.failures import availability_of, load_texts, translate
from tui.errors import Advice, ConnectionLost

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from tui.errors import SwitchboardError

BEAT_EVERY_S = 0.8
RETRY_EVERY_S = 2.0
# A command that asks several things of a server that is gone waits this long for each.
SILENT_PATIENCE_S = 1.0
# One that hangs does so for nine seconds: with four, a server that is back is asked within three.
MOST_HANGING = 4
# Trying a login that is refused over and over locks accounts, and makes poolers shut everybody out.
RETRY_REFUSED_EVERY_S = 30.0
GONE_AFTER_S = 6.0

NO_ANSWER = ConnectionLost("The database does not answer.", Advice.CHECK_NETWORK)


class Liveness:
    """Knows since when the server has been silent. It asks only while it is `watched`.

    `ask` returns once the server has answered on a connection, else it raises psycopg.Error or OSError. A refusal is an
    answer too, such as that all connections are taken. Both `patience`, how long a question may wait for a first word,
    and `rest`, how long after the last word there is no need to ask, are in seconds.
    """

    def __init__(
        self, ask: Callable[[], Awaitable[None]], *, patience: Callable[[], float], rest: Callable[[], float]
    ) -> None:
        self._ask = ask
        self._patience = patience
        self._rest = rest
        self.failure: SwitchboardError | None = None
        """Why the last question found no connection; None once one did."""
        self.next_at = 0.0
        """When the next question is due, on the monotonic clock."""
        self._traffic_at = self._silent_at = -math.inf
        self._watchers = 0
        self._beating: asyncio.Task[None] | None = None
        self._noted = asyncio.Event()
        self._is_awaited = False

    def note_traffic(self) -> None:
        """Note that the server has just sent something, whatever it was asked."""
        self._traffic_at = time.monotonic()

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Ask again and again until this is left: at once, unless the server has just sent something."""
        self._watchers += 1
        if self._beating is None:
            # Right after the login a question would take the only connection from whoever reads the first rows.
            rest = BEAT_EVERY_S if time.monotonic() - self._traffic_at < BEAT_EVERY_S else 0.0
            if not rest and not self.is_silent:
                self.note_traffic()
            self._beating = asyncio.create_task(self._beat(rest))
        try:
            yield
        finally:
            self._watchers -= 1
            if not self._watchers and self._beating is not None:
                self._beating.cancel()
                self._beating = None

    async def until(self, condition: Callable[[], bool]) -> None:
        """Ask until a condition holds; it is looked at after each question, beginning with the next one."""
        with self.watched():
            # Others may have watched before, and nobody would ask while the server sends them something.
            self._is_awaited = True
            while True:
                self._noted.clear()
                await self._noted.wait()
                if condition():
                    return

    @property
    def is_silent(self) -> bool:
        """Whether there was no traffic since a question got no answer."""
        return self._silent_at > self._traffic_at

    def is_gone(self, since: float, *, after: float = GONE_AFTER_S) -> bool:
        """Whether there was no traffic for `after` seconds, and no answer to a question of later than `since`."""
        return self.is_silent and self._silent_at > since and time.monotonic() - self._traffic_at >= after

    def lost(self) -> ConnectionLost:
        """What to tell of a server that is gone."""
        sentence = f"The database has not answered for {time.monotonic() - self._traffic_at:.0f} seconds."
        if self.failure is None or self.failure is NO_ANSWER:
            return ConnectionLost(sentence, Advice.CHECK_NETWORK)
        return ConnectionLost(f"{sentence} {self.failure.sentence}", Advice.CHECK_NETWORK, details=self.failure.details)

    async def _beat(self, rest: float) -> None:
        """Ask; where no answer comes, ask again beside the question before, which may hang on a line that is dead."""
        questions: set[asyncio.Future[None]] = set()
        try:
            self.next_at = time.monotonic() + rest
            await asyncio.sleep(rest)
            load_texts()
            while True:
                await self._rest_until_due(rest)
                self._is_awaited = False
                patience = SILENT_PATIENCE_S if self.is_silent else self._patience()
                if len(questions) < MOST_HANGING:
                    questions.add(asyncio.ensure_future(self._ask()))
                self.next_at = time.monotonic() + RETRY_EVERY_S
                done = await first_done(questions, patience)
                while not done and (seconds := self._traffic_at + patience - time.monotonic()) > 0:
                    # Whoever has said a word meanwhile is slow, and not gone.
                    done = await first_done(questions, seconds)
                questions -= done
                self._note([future.exception() for future in done])
                rest = BEAT_EVERY_S if done else 0.0
                if done and self.failure is None:
                    _abandon(questions)
                    questions = set()
                    continue
                if self.failure is not None and not self.is_silent and availability_of(self.failure) == "refuses":
                    self.next_at = time.monotonic() + RETRY_REFUSED_EVERY_S
                await asyncio.sleep(self.next_at - time.monotonic())
        finally:
            _abandon(questions)

    async def _rest_until_due(self, rest: float) -> None:
        """Wait until there was no traffic for a while: as long as there is some, nobody needs to ask but `until`."""
        while self.failure is None:
            self.next_at = self._traffic_at + max(0.0 if self._is_awaited else rest, self._rest())
            seconds = self.next_at - time.monotonic()
            if seconds <= 0:
                return
            await asyncio.sleep(min(seconds, BEAT_EVERY_S))

    def _note(self, outcomes: list[BaseException | None]) -> None:
        """Take down what questions came to; none means that there was no answer in time."""
        failures = [outcome for outcome in outcomes if outcome is not None]
        if len(failures) < len(outcomes):
            self.note_traffic()
            self.failure = None
        elif failures:
            self.failure = translate(failures[0], connecting=True)
            if any(availability_of(failure) != "gone" for failure in failures):
                self.note_traffic()
            else:
                self._silent_at = time.monotonic()
        else:
            self.failure = self.failure or NO_ANSWER
            self._silent_at = time.monotonic()
        self._noted.set()


def _abandon(questions: set[asyncio.Future[None]]) -> None:
    for question in questions:
        question.cancel()
        question.add_done_callback(lambda task: task.cancelled() or task.exception())
