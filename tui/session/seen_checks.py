"""The integrations and phone numbers of a session with what tests and checks found of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tui.data.checks.due import Pace, due_at
from tui.data.checks.state import CheckState
from tui.data.integrations.seen_checks import read_seen_checks
from tui.models import Checks
from tui.providers import registry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from tui.data.integrations.role_privileges import RolePrivileges
    from tui.data.integrations.seen_checks import SeenChecks
    from tui.models import Integration
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
        replace(integration, checks=_checks(integration, seen[integration.id]))
        if integration.id is not None and integration.id in seen
        else integration
        for integration in listed
    ]


def _checks(integration: Integration, seen: SeenChecks) -> Checks:
    type_ = registry().get(integration.integration_type)
    state = seen.state or CheckState()
    # Where it is watched, its standing goes back further than a month of the log.
    is_watched = state.standing is not None
    judged = seen.judged if seen.judged in ("verified", "refused") else None
    next_at = None
    if integration.id is not None and state.begun_at is not None and integration.is_active and type_ is not None:
        hours = type_.refused_again_after_h
        pace = Pace(seen.every or USUAL, None if hours is None else timedelta(hours=hours))
        next_at = due_at(integration.id, state, pace)
    return Checks(
        standing=state.standing if is_watched else judged,  # type: ignore[arg-type]
        since=state.standing_since if is_watched else seen.since,
        since_exactly=is_watched or seen.is_exact,
        days=seen.days,
        begun_at=state.begun_at,
        is_in_progress=state.in_progress and not state.is_cut_off(datetime.now(UTC)),
        every=seen.every,
        next_at=next_at,
        observed=seen.observed,
        numbers_out=seen.numbers_out,
        is_observed=type_ is not None and type_.observe is not None,
        is_visible=seen.state is not None,
    )
