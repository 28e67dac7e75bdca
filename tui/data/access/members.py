"""Members of the groups who are nobody here: once one login is a person, they see nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg.rows import scalar_row

from tui.data.access.roles import ACCESS_ROLES, group_of

if TYPE_CHECKING:
    from tui.data.postgres.database import Database

IS_FIRST = "select not exists (select from switchboard.logins)"
# Without those whom scopes do not concern (switchboard.bypasses_scope), and those who were removed on purpose.
MEMBERS = """
select r.rolname::text as name from pg_roles as r
 where r.rolcanlogin and not r.rolsuper and not r.rolbypassrls and r.rolname <> 'service_role'
   and not pg_has_role(r.oid, (select c.relowner from pg_class as c
                                where c.oid = 'public.integration_audit_logs'::regclass), 'USAGE')
   and exists (select from pg_roles as g where g.rolname = any (%(groups)s) and pg_has_role(r.oid, g.oid, 'MEMBER'))
   and not exists (select from switchboard.logins as l where l.login = r.rolname and l.login_oid = r.oid)
 order by lower(r.rolname::text), r.rolname
"""


async def unmapped_members(database: Database) -> list[str]:
    """Return who is in a group and nobody here, as far as the present login sees. Raises PermissionDenied."""
    groups = [group_of(role) for role in ACCESS_ROLES]
    return await database.fetch_all(MEMBERS, {"groups": groups}, row_factory=scalar_row)


async def locked_out_by_first(database: Database, login: str) -> list[str]:
    """Return who sees nothing any more once this login is a person; nobody where it is not the first one."""
    if not await database.fetch_value(IS_FIRST):
        return []
    return [member for member in await unmapped_members(database) if member != login]
