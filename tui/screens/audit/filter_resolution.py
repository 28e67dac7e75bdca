"""Which rows of the audit log a text means in a session: its filter, looked up, and what to say where it has none."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tui.data.audit import name_resolution
from tui.data.audit.filter import parse_filter
from tui.words.log.archived import archived_words
from tui.words.log.no_rows import no_rows_words

if TYPE_CHECKING:
    from tui.data.audit.name_resolution import ResolvedFilter
    from tui.screens.audit.state import AuditState
    from tui.session.session import Session


async def resolve(session: Session, text: str) -> ResolvedFilter:
    """Return the filter that a text is, of the organisation looked at. Raises FilterError and what reading raises."""
    organization = session.organization
    parsed = parse_filter(text, zone=session.settings.timezone, now=datetime.now(UTC))
    return await name_resolution.resolve_filter(session.database, parsed, organization.id if organization else None)


async def resolve_load(session: Session, state: AuditState, text: str) -> ResolvedFilter:
    """Resolve what a load is to show, unless that was done when it was typed, and the search in it.

    Raises as `resolve`.
    """
    applied, state.applied = state.applied, None
    if applied is None or not applied.is_of(text, session.organization.id if session.organization else None):
        applied = await resolve(session, text)
    state.filter = applied
    if state.search is not None:
        state.search = await resolve(session, state.search.audit_filter.text)
    return applied


def no_rows(text: str, resolved: ResolvedFilter | None, before: datetime | None) -> tuple[str, str]:
    """Return why the list of a filter is empty, and the key that changes it; the log is archived `before` a month."""
    sought = resolved.audit_filter.sought if resolved else ()
    return no_rows_words(
        text, sought, archived_words(before)
    ), "esc  clear the filter" if text else "/  org:* looks in all of them"
