"""The integrations and phone numbers of a session with what tests and checks found of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tui.data.checks.due import Pace, due_at
from tui.data.checks.state import CheckState, after_cut_off
from tui.data.integrations.listing import ONE_TEST
from tui.data.integrations.seen_checks import read_seen_checks
from tui.models.integrations import Checks
from tui.providers import is_check_proven, known_type

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from tui.data.checks.state import Standing
    from tui.data.integrations.role_privileges import RolePrivileges
    from tui.data.integrations.seen_checks import SeenChecks
    from tui.models.integrations import Integration
    from tui.session.session import Session

USUAL = timedelta(hours=6)
"""Between two checks, where nothing else was said."""


async def read_checks(
    session: Session, organization_id: UUID, *, rights: RolePrivileges | None = None
) -> dict[UUID, SeenChecks]:
    """Return what is known of each integration of the organisation; `rights` saves asking for them."""
    return await read_seen_checks(session.database, organization_id, session.settings.timezone, rights=rights)


def with_checks(listed: Sequence[Integration], seen: dict[UUID, SeenChecks]) -> list[Integration]:
    """Return the integrations with what is known of each."""
    return [
        integration._replace(checks=_checks(integration, seen[integration.id]))
        if integration.id is not None and integration.id in seen
        else integration
        for integration in listed
    ]


def _checks(integration: Integration, seen: SeenChecks) -> Checks:
    type_ = known_type(integration.integration_type)
    hours = type_.refused_again_after_h if type_ is not None else None
    definition = type_.definition if type_ is not None else None
    state, now = seen.state or CheckState(), datetime.now(UTC)
    if state.begun_at is not None and state.is_cut_off(now):
        # The next run will note it; until then nobody is asked.
        state, _ = after_cut_off(state, state.begun_at, is_asked_again=hours is not None)
    standing = _standing(integration, state, seen)
    # Before it was watched it was tested by hand, and where it is, it has stood for longer than a month of the log.
    is_watched = state.standing_since is not None and not (
        seen.judged == standing and seen.since is not None and seen.since < state.standing_since - ONE_TEST
    )
    since = state.standing_since if is_watched else seen.since
    next_at = None
    if integration.id is not None and state.begun_at is not None and integration.is_active and type_ is not None:
        pace = Pace(seen.every or USUAL, None if hours is None else timedelta(hours=hours))
        next_at = due_at(integration.id, state, pace)
    return Checks(
        standing=standing,
        since=since if standing is not None else None,
        since_exactly=is_watched or seen.is_exact,
        days=seen.days,
        begun_at=state.begun_at,
        is_in_progress=state.in_progress,
        every=seen.every,
        next_at=next_at,
        observed=seen.observed,
        numbers_out=seen.numbers_out,
        is_observed=type_ is not None and type_.observe is not None and definition is None,
        shown=tuple(shown.label for shown in definition.show) if definition is not None else (),
        is_visible=seen.state is not None,
        check_proven=is_check_proven(integration.integration_type),
    )


def _standing(integration: Integration, state: CheckState, seen: SeenChecks) -> Standing | None:
    """What is known of the credential that is stored now; None where it is not the one that was asked about."""
    standing = state.standing or seen.judged
    # Where the log is hidden, nothing of it is proven and nothing fails.
    is_log_hidden = not seen.days
    if standing == "verified" and (integration.is_verified if is_log_hidden else integration.proven):
        return "verified"
    if standing == "refused" and (state.is_refused if is_log_hidden else integration.failing):
        return "refused"
    return "cut off" if standing == "cut off" and state.is_refused else None
