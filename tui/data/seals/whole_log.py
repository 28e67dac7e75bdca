"""Who may seal the log, and check it: whoever sees every row of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.data.scope import require_everything
from tui.errors import PermissionDenied

if TYPE_CHECKING:
    from tui.data.postgres.database import Connection, Database

RIGHTS = """
select has_table_privilege('switchboard.seals', 'insert') as seals,
       has_column_privilege('switchboard.keys', 'public_key', 'insert') as keys,
       has_table_privilege('public.integration_audit_logs', 'select')
         and (not row_security_active('public.integration_audit_logs')
              or exists (select from pg_roles as r
                          where r.rolname in ('switchboard_admin', 'switchboard_support', 'switchboard_auditor')
                            and pg_has_role(r.oid, 'usage'))) as log,
       row_security_active('public.integration_audit_logs') as has_policies,
       current_user::text as role
"""


async def require_whole_log(connection: Connection) -> None:
    """Raise PermissionDenied where this login does not see every row of the log: it would miss them as removed."""
    row = await (await connection.execute(RIGHTS)).fetchone()
    if row is not None and not row["log"]:
        raise PermissionDenied(
            f"The role {row['role']} does not see every row of the log.",
            "Connect as a member of switchboard_auditor or switchboard_admin, or as the owner.",
        )
    if row is not None and row["has_policies"]:
        await require_everything(connection, "seals or verifies the log")


async def may_seal(database: Database) -> bool:
    """Return whether this login may seal the log, by its rights. Raises SwitchboardError as any read."""

    async def unit(connection: Connection) -> bool:
        await require_whole_log(connection)
        row = await (await connection.execute(RIGHTS)).fetchone()
        return bool(row and row["seals"])

    try:
        return await database.read(unit)
    except PermissionDenied:
        return False
