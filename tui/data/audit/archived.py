"""Whether a filter reaches back to months that are not in the log any more, but in archives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.errors import PermissionDenied

if TYPE_CHECKING:
    from datetime import datetime

    from tui.data.audit.filter import AuditFilter
    from tui.data.postgres.database import Database

ARCHIVED_BEFORE = "select switchboard.archived_before()"


async def archived_before(database: Database, audit_filter: AuditFilter) -> datetime | None:
    """Return before when rows of a filter may be in archives; None where none can be, or the role may not ask.

    Raises as Database.read does.
    """
    try:
        moment: datetime | None = await database.fetch_value(ARCHIVED_BEFORE)
    except PermissionDenied:
        return None
    return None if moment is None or (audit_filter.since is not None and audit_filter.since >= moment) else moment
