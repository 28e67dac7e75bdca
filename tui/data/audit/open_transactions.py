"""Looks at which transactions are open, and tells since when rows may say to be that are not committed yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.data.postgres.database import Database

TIMEOUT_MS = 5_000
# How long a transaction is taken to have been open at most that was there before the first look, where the login is
# not shown when it began; and every one on a standby, which does not know those of its primary.
LONGEST_UNSEEN = timedelta(hours=1)

# The lock that every transaction holds on itself is shown to everybody; when it began only to members of
# pg_read_all_stats, or of the role that it is of. It is given back after the transaction is seen as committed, never
# before: https://github.com/postgres/postgres/blob/REL_18_STABLE/src/backend/access/transam/xact.c (CommitTransaction)
LOOK = """
select case when pg_is_in_recovery() then least(clock_timestamp(), pg_last_xact_replay_timestamp())
            else clock_timestamp() end as now,
       pg_is_in_recovery() as is_standby,
       concat_ws('/', (select system_identifier from pg_control_system()),
                 case when not pg_is_in_recovery() then left(pg_walfile_name(pg_current_wal_lsn()), 8) end,
                 (select oid from pg_database where datname = current_database())) as server,
       array_agg(t.key) filter (where t.key is not null) as keys,
       array_agg(t.started) filter (where t.key is not null) as starts
  from (select 1) as always
  left join (
    select o.virtualxid as key, a.xact_start as started
      from pg_locks as o join pg_stat_activity as a on a.pid = o.pid
     where o.locktype = 'virtualxid' and o.mode = 'ExclusiveLock' and o.pid <> pg_backend_pid()
       and a.datname = current_database() and a.backend_type is distinct from 'autovacuum worker'
    union all
    select p.transaction::text, null from pg_prepared_xacts as p where p.database = current_database()
  ) as t on true
"""


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen at `now`, by the server's clock.

    What is committed after it says to be of `since` or later: that is when the oldest open transaction began. `server`
    names the database and its history: transaction ids of another one mean nothing here.
    """

    now: datetime
    since: datetime
    server: str
    is_standby: bool


class OpenTransactions:
    """Looks again and again; of what began in between it is known when at the earliest.

    Each look reaches back further by `overlap`, for clocks that disagree, and for a transaction that is about to begin.
    `since` is that of a look of an earlier process.
    """

    def __init__(self, database: Database, overlap: timedelta, since: datetime | None = None) -> None:
        self._database = database
        self._overlap = overlap
        self._since = since
        self._bounds: dict[str, datetime] = {}
        self._latest: datetime | None = None

    async def look(self) -> Look:
        """Look at what is open now. Raises what reading raises."""
        (row,) = await self._database.fetch_all(LOOK, {}, statement_timeout_ms=TIMEOUT_MS)
        now: datetime = row["now"]
        unseen = now - LONGEST_UNSEEN if self._since is None else self._since
        began = unseen if self._latest is None else self._latest
        bounds = {}
        for key, started in zip(row["keys"] or (), row["starts"] or (), strict=True):
            # One that was prepared, whose key has no slash, was open under another key before.
            bounds[key] = started or self._bounds.get(key) or (began if "/" in key else unseen)
        since = min([now, *bounds.values()]) - self._overlap
        if row["is_standby"]:
            since = now - LONGEST_UNSEEN
        self._bounds, self._latest, self._since = bounds, now, since
        return Look(now, since, row["server"], row["is_standby"])
