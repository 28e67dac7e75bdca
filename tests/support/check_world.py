"""Providers that break in twelve ways, people who repair what they are told of, and what was true at each moment."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple
from uuid import UUID

from tui.data.checks.due import Pace

if TYPE_CHECKING:
    from collections.abc import Collection

    from tui.data.checks.state import Outcome

START = datetime(2026, 11, 1, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
EVERY = 6 * HOUR
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
# What each fault makes a provider answer, and what ends it: another content of the envelope, or the provider itself.
FAULTS: dict[str, tuple[str, Outcome | Literal["told"], bool]] = {
    "key revoked (401)": ("exotel", "refused", True),
    "account closed (404)": ("exotel", "refused", True),
    "account suspended (403)": ("exotel", "refused", False),
    "number given back": ("exotel", "refused", False),
    "password changed": ("mail", "refused", True),
    "IMAP switched off": ("mail", "refused", False),
    "no answer in time": ("any", "unknown", False),
    "asked too often (429)": ("exotel", "unknown", False),
    "server failed (5xx)": ("any", "unknown", False),
    "number out": ("exotel", "told", False),
    "balance low": ("exotel", "told", False),
    "permission expires": ("any", "told", False),
}


@dataclass
class Fault:
    """What is wrong from `begin` on, before `end`."""

    name: str
    begin: datetime
    end: datetime

    @property
    def answer(self) -> str:
        return FAULTS[self.name][1]

    @property
    def needs_other_content(self) -> bool:
        return FAULTS[self.name][2]


@dataclass
class Credential:
    """An integration, the contents that its envelope had, and what will be wrong with it."""

    id: UUID
    kind: Literal["exotel", "mail"]
    faults: list[Fault]
    contents: list[tuple[datetime, bool]] = field(default_factory=lambda: [(START, True)])
    """Since when, and whether the provider takes it where nothing else is wrong."""
    episode: int = 0
    permission: UUID = field(default_factory=lambda: UUID(int=random.getrandbits(128)))

    @property
    def pace(self) -> Pace:
        return Pace(EVERY, None if self.kind == "mail" else DAY)

    def fault(self, at: datetime) -> Fault | None:
        return next((fault for fault in self.faults if fault.begin <= at < fault.end), None)

    def outcome(self, at: datetime) -> Outcome:
        """What the provider says at a moment."""
        fault = self.fault(at)
        if fault is not None and fault.answer == "unknown":
            return "unknown"
        if self.refuses(at):
            return "refused"
        return "verified"

    def refuses(self, at: datetime) -> bool:
        fault = self.fault(at)
        taken = [taken for since, taken in self.contents if since <= at][-1]
        return not taken or (fault is not None and fault.answer == "refused")

    def has(self, name: str, at: datetime) -> bool:
        fault = self.fault(at)
        return fault is not None and fault.name == name

    def observed(self, at: datetime) -> dict[tuple[str, str], str]:
        """What the provider says besides yes."""
        if self.kind == "mail":
            return {}
        return {
            ("", "balance"): "99.50" if self.has("balance low", at) else "1543.75",
            ("", "balance_threshold"): "100",
            ("+911140001", "number_incoming"): "major_outage" if self.has("number out", at) else "active",
            ("+911140001", "number_outgoing"): "active",
        }

    def expires_at(self, at: datetime) -> datetime | None:
        """When the permission on it expires, where that is soon."""
        fault = self.fault(at)
        return fault.end if fault is not None and fault.name == "permission expires" else None


class Login(NamedTuple):
    """An answer that a provider gave to the check."""

    credential: UUID
    content: int
    episode: int
    outcome: str


class World:
    """All credentials of a simulation, and what was answered; repeatable by its seed."""

    def __init__(self, seed: int, credentials: int, days: int, faults: Collection[str]) -> None:
        self.names = faults
        self.random = random.Random(seed)
        self.end = START + days * DAY
        self.credentials = [self._credential(n) for n in range(credentials)]
        self.logins: list[Login] = []
        self.errands: list[tuple[datetime, Credential]] = []

    def _credential(self, n: int) -> Credential:
        kind: Literal["exotel", "mail"] = "mail" if n % 5 < 2 else "exotel"
        names = [name for name in self.names if FAULTS[name][0] in (kind, "any")]
        faults = []
        at = START + self.random.random() * 6 * DAY
        while at < self.end:
            name = self.random.choice(names)
            # Half of them are over before anybody looks.
            lasts = self.random.choice((self.random.random() * 5 * HOUR, (1 + 3 * self.random.random()) * DAY))
            faults.append(Fault(name, at, NEVER if FAULTS[name][2] else at + lasts))
            at += lasts + (1 + 5 * self.random.random()) * DAY
        bits = self.random.getrandbits
        return Credential(UUID(int=bits(128)), kind, faults, permission=UUID(int=bits(128)))

    def answer(self, credential: Credential, at: datetime) -> Outcome:
        """Ask as the check does, which is counted."""
        outcome = credential.outcome(at)
        self.logins.append(Login(credential.id, len(credential.contents), credential.episode, outcome))
        if outcome == "verified":
            credential.episode += 1
        return outcome

    def change_content(self, credential: Credential, at: datetime, *, is_right: bool) -> None:
        """Store another content, which ends what needs one."""
        credential.contents.append((at, is_right))
        fault = credential.fault(at)
        if is_right and fault is not None and fault.needs_other_content:
            fault.end = at
            # What would have begun meanwhile did not.
            credential.faults = [
                other for other in credential.faults if other is fault or not fault.begin <= other.begin < at
            ]

    def hear(self, credential: Credential, at: datetime) -> None:
        """Somebody was told that something is wrong, and will look after it."""
        self.errands.append((at + (1 + 20 * self.random.random()) * HOUR, credential))

    def errands_until(self, at: datetime) -> list[Credential]:
        """Whoever is due to be looked after."""
        due = [credential for when, credential in self.errands if when <= at]
        self.errands = [errand for errand in self.errands if errand[0] > at]
        return due
