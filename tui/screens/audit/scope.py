"""Which rows of the log a text means in a session: its filter, looked up, and what to say where it has none."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.data.audit.names import Resolved
    from tui.session.session import Session


async def resolve(session: Session, text: str) -> Resolved:
    """Return the filter that a text is, of the organisation looked at. Raises FilterError and what reading raises."""
    from tui.data.audit.filter import parse_filter
    from tui.data.audit.names import resolve_filter

    organization = session.organization
    parsed = parse_filter(text, zone=session.settings.timezone, now=datetime.now(UTC))
    return await resolve_filter(session.database, parsed, organization.id if organization else None)


def no_rows(text: str) -> tuple[str, str]:
    """Return why the list of a filter is empty, and the key that changes it."""
    if text:
        return "No row of the log is in this filter.", "esc  clear the filter"
    return "The log of this organisation is empty.", "/  org:* looks in all of them"
