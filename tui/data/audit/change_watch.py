"""Telling whether an organisation's log has new rows, for screens that show what they are about."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tui.data.login import MY_LOGIN, login_of

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from tui.data.postgres.database import Database
    from tui.models.people import Login

# Reading on from the last row, without an overlap, missed 60 of 6,050 rows that committed late.
OVERLAP = timedelta(seconds=10)
MOST_IDS = 200
"""As many of the newest rows are compared; were there more since the last look, the newest of them are new as well."""
JUST_BEFORE = timedelta(seconds=1)
TIMEOUT_MS = 5_000

# One index scan over some seconds, 0.1 ms. Not LISTEN: it fires for nobody else's rows, takes a lock at COMMIT, and
# would keep a pooler's connection.
NEWEST = """
select now() as now, {login} as login,
       array(select l.id from public.integration_audit_logs as l
              where l.organization_id = %(organization)s
                and l.created_at >= coalesce(%(since)s::timestamptz, now()) - %(overlap)s
              order by l.created_at desc, l.id desc limit %(most)s) as ids,
       exists (select from public.integration_audit_logs as l
                where l.organization_id = %(organization)s and l.created_at >= now() - %(just_before)s) as is_recent
"""


class ChangeWatch:
    """Looks at the newest rows of one organisation's log and remembers which it has seen.

    What commits later than OVERLAP after its time is not noticed before the next row; neither is a row without a time.
    """

    def __init__(self, organization_id: UUID) -> None:
        self.organization_id = organization_id
        self.login: Login | None = None
        """Whom the database took the login for at the last look; None where it does not tell."""
        self._since: datetime | None = None
        self._seen: frozenset[UUID] = frozenset()

    async def has_news(self, database: Database) -> bool:
        """Tell whether there is a row that was not there at the last look. Raises what reading raises.

        At the first look: whether one has come so shortly before that whoever was reading then may have missed it.
        """
        parameters = {
            "organization": self.organization_id,
            "since": self._since,
            "overlap": OVERLAP,
            "most": MOST_IDS,
            "just_before": JUST_BEFORE,
        }
        tells_login = database.info is not None and database.info.tells_login
        query = NEWEST.replace("{login}", MY_LOGIN if tells_login else "null::json")
        (row,) = await database.fetch_all(query, parameters, statement_timeout_ms=TIMEOUT_MS)
        self.login = login_of(row["login"])
        newest = frozenset(row["ids"])
        is_first, is_new = self._since is None, not newest <= self._seen
        self._since, self._seen = row["now"], newest
        return bool(row["is_recent"]) if is_first else is_new
