"""What the role of this connection may do with integrations, so that screens offer nothing that would be refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from psycopg.rows import class_row

if TYPE_CHECKING:
    from tui.data.postgres.database import Database

PRIVILEGES = """
select has_column_privilege('public.integration_credentials', 'credentials_encrypted', 'select') as envelopes,
       has_table_privilege('public.user_integration_permissions', 'select') as permissions,
       has_table_privilege('public.organization_phone_numbers', 'select') as numbers,
       has_table_privilege('public.integration_audit_logs', 'select') as log,
       has_column_privilege('public.integration_credentials', 'credentials_encrypted', 'insert')
         and has_column_privilege('public.integration_credentials', 'credentials_encrypted', 'update') as configure,
       has_column_privilege('public.integration_credentials', 'is_active', 'update') as enable,
       has_table_privilege('public.integration_credentials', 'delete') as delete,
       has_column_privilege('public.integration_credentials', 'credentials_encrypted', 'insert') as restore,
       coalesce(has_function_privilege(to_regprocedure('switchboard.uses_of(uuid)'), 'execute'), false) as uses,
       coalesce(has_table_privilege(pg_catalog.to_regclass('switchboard.checks'), 'select')
                and has_table_privilege(pg_catalog.to_regclass('switchboard.observations'), 'select'), false) as checks
"""


class RolePrivileges(NamedTuple):
    """Which parts this role may read (the first four, what checks remember, and uses), and which acts it may do."""

    envelopes: bool = False
    permissions: bool = False
    numbers: bool = False
    log: bool = False
    configure: bool = False
    enable: bool = False
    delete: bool = False
    restore: bool = False
    uses: bool = False
    checks: bool = False


async def read_privileges(database: Database) -> RolePrivileges:
    """Ask the database what this role may do. The answer is advice: each act is checked by the database again."""
    return await database.fetch_one(PRIVILEGES, row_factory=class_row(RolePrivileges)) or RolePrivileges()
