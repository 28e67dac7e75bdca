"""How much is asked: a limit for each person and each address, and the bodies that are read."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, NamedTuple

from tui.http.answers import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

LARGEST_BODY = 65_536
BODY_WITHIN_S = 10.0
MOST_CONNECTIONS = 256
"""Beyond these an answer is 503, and beyond twice as many nobody is listened to."""
TURN_WITHIN_S = 30.0
"""How long a request waits for the database while others ask it: 200 at once take a second, or ten under load."""
REMEMBERED = 10_000


class Rate(NamedTuple):
    """So many at once, and so many in a minute."""

    at_once: int
    a_minute: int


OF_ADDRESS = Rate(120, 600)
OF_BAD_TOKENS = Rate(20, 30)
OF_PERSON = Rate(60, 240)
OF_TESTS = Rate(10, 20)
"""Of a person: each asks a provider, and opens a credential or saves one."""


class Limit:
    """Counts what each of many does; whoever was not heard of for longest is forgotten first."""

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._left: dict[Hashable, tuple[float, float]] = {}

    def take(self, who: Hashable) -> None:
        """Count one more. Raises Refused with 429, which says when the next is possible."""
        now = self._clock()
        left = self._left_of(who, now)
        if left < 1:
            self._put(who, left, now)
            wait_s = math.ceil((1 - left) * 60 / self._rate.a_minute)
            raise Refused(429, "That is more than is answered in a minute.", "Wait a moment.", retry_after_s=wait_s)
        self._put(who, left - 1, now)

    def _left_of(self, who: Hashable, now: float) -> float:
        left, at = self._left.get(who, (float(self._rate.at_once), now))
        return min(float(self._rate.at_once), left + (now - at) * self._rate.a_minute / 60)

    def _put(self, who: Hashable, left: float, now: float) -> None:
        self._left.pop(who, None)
        if len(self._left) >= REMEMBERED:
            del self._left[next(iter(self._left))]
        self._left[who] = (left, now)
