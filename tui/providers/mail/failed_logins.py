"""How soon after a failed login the same account may be tried again by this process."""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True, slots=True)
class Account:
    """A user of one mail server."""

    host: str
    port: int
    user: str


class FailedLogins:
    """Remembers logins that failed for `pause` seconds: providers block accounts that fail too often.

    Zoho publishes no threshold (https://www.zoho.com/mail/help/usage-policy.html); the pause stops a held key.
    """

    def __init__(self, pause: float = 5.0) -> None:
        self._pause = pause
        self._failed: dict[Account, float] = {}

    def note(self, account: Account) -> None:
        """Remember a login that was sent and not accepted."""
        now = time.monotonic()
        self._failed = {account: when for account, when in self._failed.items() if now - when < self._pause}
        self._failed[account] = now

    def seconds_to_wait(self, account: Account) -> int:
        """Whole seconds until the account may be tried again; 0 is now."""
        when = self._failed.get(account)
        return 0 if when is None else max(ceil(when + self._pause - time.monotonic()), 0)
