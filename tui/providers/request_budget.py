"""How many requests may still be sent to a provider that counts them by the minute."""

from __future__ import annotations

import asyncio
import time
from collections import deque


class RequestBudget:
    """Notes requests as they are sent, and says when there is room for one more: `most` in any `seconds`.

    What somebody waits for notes its requests and does not wait; only long readings do, through `wait_for_room`.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self._sent: deque[float] = deque(maxlen=most)
        self._seconds = seconds

    def note(self) -> None:
        """Count a request that is sent now."""
        self._sent.append(time.monotonic())

    def seconds_to_wait(self) -> float:
        """Return how long there is no room for another request; 0 is now."""
        if len(self._sent) < (self._sent.maxlen or 0):
            return 0.0
        return max(self._sent[0] + self._seconds - time.monotonic(), 0.0)

    async def wait_for_room(self) -> None:
        """Return once a request may be sent."""
        # Others note theirs meanwhile, so that there may be no room yet after the sleep.
        while (seconds := self.seconds_to_wait()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(seconds)
