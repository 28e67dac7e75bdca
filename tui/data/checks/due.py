"""Whether an integration is to be asked now, and when next; asks nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from uuid import UUID

    from tui.data.checks.state import CheckState

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_BACK_OFF = timedelta(hours=24)


class Pace(NamedTuple):
    """How often one integration is asked.

    `every` is how long lies between two checks. What was refused is asked again after `refused_again_after`; None is
    never, for providers that lock whoever fails to log in too often.
    """

    every: timedelta
    refused_again_after: timedelta | None


def is_due(integration_id: UUID, state: CheckState, pace: Pace, now: datetime) -> bool:
    """Tell whether an integration is to be asked at `now`."""
    at = due_at(integration_id, state, pace)
    return at is not None and (at <= now or state.begun_before_set_back(now))


def due_at(integration_id: UUID, state: CheckState, pace: Pace) -> datetime | None:
    """Return when an integration is to be asked next; EPOCH where it never was, None where only a person may ask.

    Time is divided into turns of the length `every`, which begin at another moment for each integration, so that not
    all are asked at once. A timer that fires as often as that meets each turn once, however late it is by some seconds.
    """
    if state.begun_at is None:
        return EPOCH
    if state.in_progress:
        # It goes on, or was cut off, which is an outcome before anybody asks again.
        return None
    is_changed = state.changed_at is not None and state.changed_at > state.begun_at
    if is_changed and not state.is_refused:
        return state.changed_at
    at = _turn_after(integration_id, state.begun_at, pace.every, _turns_to_wait(state, pace))
    if state.is_refused and state.refused_at is not None:
        if pace.refused_again_after is None:
            return None
        return max(at, state.refused_at + pace.refused_again_after)
    return at


def _turns_to_wait(state: CheckState, pace: Pace) -> int:
    """One, and twice as many after each answer but the first that was none, up to some 24 hours."""
    most = max(1, LONGEST_BACK_OFF // pace.every)
    return int(min(2 ** min(max(0, state.unknowns - 1), 20), most))


def _turn_after(integration_id: UUID, moment: datetime, every: timedelta, turns: int) -> datetime:
    phase = every * (integration_id.int % 86_400) / 86_400
    turn = (moment - EPOCH - phase) // every
    return EPOCH + phase + (turn + turns) * every
