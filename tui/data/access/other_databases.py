"""Where else a login can connect: what it sees is said in one database, its groups are those of the whole server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg.rows import scalar_row

if TYPE_CHECKING:
    from tui.data.postgres.database import Database

# A login that is still to be made may connect where everybody may. "postgres" is on every server, and empty on most.
DATABASES = """
select d.datname::text
  from pg_database as d
  left join pg_roles as r on r.rolname = %(login)s
 where d.datallowconn and not d.datistemplate and d.datname not in (current_database(), 'postgres')
   and has_database_privilege(coalesce(r.rolname, 'public'), d.oid, 'connect')
 order by 1 limit %(limit)s
"""


async def other_databases(database: Database, login: str, most: int) -> list[str]:
    """Return the names of the server's other databases that a login can connect to; at most one more than `most`."""
    return await database.fetch_all(DATABASES, {"login": login, "limit": most + 1}, row_factory=scalar_row)
