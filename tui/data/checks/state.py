"""What is remembered of one integration between checks, and how a beginning and an outcome change it; asks nobody."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

Outcome = Literal["verified", "refused", "unknown"]
"""As of a connection test; a check that was cut off is unknown."""

Standing = Literal["verified", "refused", "cut off"]
"""cut off: a check began, nobody knows how it ended, and the provider may not be asked again by itself."""

ChangeKind = Literal[
    "broke",
    "recovered",
    "cut_off",
    "permission_expiring",
    "balance_low",
    "balance_recovered",
    "number_outage",
    "number_recovered",
]

ENDS_WITHIN = timedelta(minutes=5)
"""A check that has no outcome after this long was cut off: a connection test ends after a minute and a half."""


class CheckState(NamedTuple):
    """What is remembered of one integration. All times are the server's.

    `begun_at` is set before the provider is asked, `ended_at` and `outcome` with what it came to. `standing` is what
    was last known, since `standing_since`. `refused_at` is when the content of the envelope was refused, or may have
    been; `changed_at`, when that content was last changed by something other than a rotation. `unknowns` counts the
    outcomes in a row that were none.
    """

    begun_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    standing: Standing | None = None
    standing_since: datetime | None = None
    refused_at: datetime | None = None
    changed_at: datetime | None = None
    unknowns: int = 0

    @property
    def in_progress(self) -> bool:
        """Whether a check has begun and has no outcome, because it goes on or because it was cut off."""
        return self.begun_at is not None and (self.ended_at is None or self.ended_at < self.begun_at)

    @property
    def is_refused(self) -> bool:
        """Whether what is in the envelope now was refused, or may have been."""
        return self.refused_at is not None and (self.changed_at is None or self.changed_at <= self.refused_at)

    @property
    def is_broken(self) -> bool:
        """Whether somebody has to do something: it is refused, or cannot be asked again by itself."""
        return self.standing in ("refused", "cut off")

    def is_cut_off(self, now: datetime) -> bool:
        """Whether a check has begun that does not go on any more, also where the clock was set back since."""
        return self.in_progress and self.begun_at is not None and abs(now - self.begun_at) > ENDS_WITHIN

    def begun_before_set_back(self, now: datetime) -> bool:
        """Whether the last check began at a time that is yet to come: the clock was set back since."""
        return self.begun_at is not None and self.begun_at - now > ENDS_WITHIN

    def no_later_than(self, now: datetime) -> CheckState:
        """Return it with times that are yet to come taken for now."""
        return self._replace(
            begun_at=_earlier(self.begun_at, now),
            ended_at=_earlier(self.ended_at, now),
            standing_since=_earlier(self.standing_since, now),
            refused_at=_earlier(self.refused_at, now),
        )


class Change(NamedTuple):
    """Something that is to be told once: its kind, the phone number where it is of one, and the value it is about."""

    kind: ChangeKind
    number: str = ""
    value: str = ""


def after_outcome(
    state: CheckState, outcome: Outcome, now: datetime, *, is_stale: bool = False
) -> tuple[CheckState, tuple[Change, ...]]:
    """Return what is remembered after an outcome, and what it changed.

    `is_stale` says that the content was changed after the envelope was taken: what was said is not of what is stored.
    A test by hand that came to nothing leaves everything as it was, and so does one that comes to nothing after the
    check was taken for cut off.
    """
    if is_stale or outcome == "unknown":
        if not state.in_progress:
            return state, ()
        unknowns = state.unknowns + (0 if is_stale else 1)
        return state._replace(ended_at=now, outcome="unknown", unknowns=unknowns), ()
    ended = state._replace(
        ended_at=now,
        outcome=outcome,
        unknowns=0,
        standing=outcome,
        standing_since=state.standing_since if state.standing == outcome else now,
        refused_at=now if outcome == "refused" else None,
    )
    if outcome == "refused":
        return ended, () if state.standing == "refused" else (Change("broke"),)
    return ended, (Change("recovered"),) if state.is_broken else ()


def _earlier(time: datetime | None, now: datetime) -> datetime | None:
    return None if time is None else min(time, now)


def after_cut_off(state: CheckState, now: datetime, *, is_asked_again: bool) -> tuple[CheckState, tuple[Change, ...]]:
    """Return what is remembered once a check was found to be cut off, and what that changed.

    It counts as a refused login. Where the provider `is_asked_again` in time, or the content was changed meanwhile,
    that is all; else only a person can find out, and is told.
    """
    ended = state._replace(ended_at=now, outcome="unknown", refused_at=state.begun_at)
    if is_asked_again or not ended.is_refused:
        return ended, ()
    return ended._replace(standing="cut off", standing_since=now), (Change("cut_off"),)
