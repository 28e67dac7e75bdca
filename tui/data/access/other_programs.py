"""What else a login is used by: programs that have written to the log with it, or are connected with it now."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from psycopg.rows import scalar_row

from tui.errors import TimedOut

if TYPE_CHECKING:
    from datetime import datetime

    from tui.data.postgres.database import Database

DAYS = 7
NAMED = 5
OURS = "switchboard/%"
# It is a warning: a login that nobody waits long for is added without it.
WITHIN_MS = 3_000

NOW = "select now()"
# The bound as a value: now() - interval is not leakproof, so that under row security no index would serve it.
PROGRAMS = """
select distinct used.program from (
  select l.user_agent as program from public.integration_audit_logs as l
   where l.created_at >= %(since)s and l.details ->> 'session_user' = %(login)s
  union
  select a.application_name from pg_stat_activity as a where a.usename = %(login)s
) as used
 where btrim(used.program) <> '' and used.program not like %(ours)s order by 1 limit %(limit)s
"""


async def other_programs(database: Database, login: str) -> list[str]:
    """Return the names of programs but ours that used the login in the last DAYS days; at most one more than NAMED."""
    now: datetime = await database.fetch_value(NOW)
    values = {"since": now - timedelta(days=DAYS), "login": login, "ours": OURS, "limit": NAMED + 1}
    try:
        return await database.fetch_all(PROGRAMS, values, row_factory=scalar_row, statement_timeout_ms=WITHIN_MS)
    except TimedOut:
        return []
