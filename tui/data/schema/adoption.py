"""Which shape a database has before an installation: empty, made by the other backend, or altered by somebody."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from tui.data.schema.catalogue_queries import TABLES, fetch_rows

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from tui.data.schema.preflight import Preflight


class StartingShape(Enum):
    """A starting shape; the value is what the command, its JSON and the log's row say."""

    NOTHING = "nothing"
    INSTALLED = "installed by Switchboard"
    PLAIN_SCHEMA_FILE = "the other backend's plain schema file"
    MIGRATION_006 = "the other backend's migration 006"
    MIGRATION_006_BROKEN_OFF = "the other backend's migration 006, broken off"
    PARTIAL_OR_DRIFTED = "part of it, or drifted"
    NOT_THE_OWNER = "not the owner"


SHAPE_SENTENCES: dict[StartingShape, str] = {
    StartingShape.NOTHING: "This database has none of the four tables yet: they will be created.",
    StartingShape.INSTALLED: "Switchboard has set this database up before.",
    StartingShape.PLAIN_SCHEMA_FILE: "The four tables are there, made by another program's schema file.",
    StartingShape.MIGRATION_006: "The four tables are there, made by another program's migration 006.",
    StartingShape.MIGRATION_006_BROKEN_OFF: "Another program's migration 006 was broken off in the middle.",
    StartingShape.PARTIAL_OR_DRIFTED: "Part of what is needed is there, or was changed by hand.",
    StartingShape.NOT_THE_OWNER: "The tables are there, but belong to another role.",
}


# The names that the other backend's migration 006 gives, and nobody else.
_POLICIES = (
    "integration_credentials_org_access",
    "user_integration_permissions_access",
    "integration_audit_logs_org_access",
    "phone_numbers_org_access",
)
_CONSTRAINTS = ("unique_org_integration", "unique_user_integration", "unique_org_phone_number")

_MARKS = """
select
  (select count(*) from pg_constraint c
   where c.conrelid = any (t.oids) and c.contype = 'u' and c.conname = any (%(named)s)),
  (select count(*) from pg_constraint c where c.conrelid = any (t.oids) and c.contype = 'u'),
  (select count(*) from pg_policy p where p.polrelid = any (t.oids) and p.polname = any (%(policies)s)),
  (select count(*) from pg_policy p where p.polrelid = any (t.oids)),
  (select count(*) from pg_class c where c.oid = any (t.oids) and c.relrowsecurity),
  (select count(*) from pg_trigger g where g.tgrelid = any (t.oids) and not g.tgisinternal),
  coalesce(obj_description(to_regnamespace('switchboard'), 'pg_namespace'), '')
from (select array(select c.oid from pg_class c
                   where c.relnamespace = to_regnamespace('public') and c.relname = any (%(tables)s)) as oids) t
"""

_LOGS_ACTIONS = """
select exists (select from pg_attribute a
               where a.attrelid = to_regclass('public.integration_audit_logs') and a.attname = 'action')
"""
_WAS_INSTALLED = """
select exists (select from pg_class c
               where c.relnamespace = to_regnamespace('switchboard') and c.relname = 'schema_version')
"""
# That row may be in an archive by now; the later one of the archive is not.
_IN_THE_LOG = """
select exists (select from public.integration_audit_logs l where l.action in ('schema_changed', 'log_archived'))
"""


async def starting_shape(conn: AsyncConnection[Any], facts: Preflight) -> StartingShape:
    """Tell the starting shape from names that only its maker gives. Raises psycopg.Error."""
    if not all(table.owned for table in facts.tables):
        return StartingShape.NOT_THE_OWNER
    marks = await fetch_rows(
        conn, _MARKS, {"named": list(_CONSTRAINTS), "policies": list(_POLICIES), "tables": list(TABLES)}
    )
    named_uniques, uniques, known_policies, policies, secured, triggers, comment = marks[0]
    if comment.startswith("switchboard schema ") and len(facts.tables) == len(TABLES):
        return StartingShape.INSTALLED
    if not facts.tables:
        return StartingShape.NOTHING
    if len(facts.tables) == len(TABLES):
        if named_uniques == len(_CONSTRAINTS) and secured and policies == known_policies:
            complete = secured == len(TABLES) and policies == len(_POLICIES)
            return StartingShape.MIGRATION_006 if complete else StartingShape.MIGRATION_006_BROKEN_OFF
        if uniques == len(_CONSTRAINTS) and not named_uniques and not secured and not policies and not triggers:
            return StartingShape.PLAIN_SCHEMA_FILE
    return StartingShape.PARTIAL_OR_DRIFTED


async def was_installed(conn: AsyncConnection[Any]) -> bool:
    """Whether Switchboard was installed here before, whatever was dropped of it since. Raises psycopg.Error."""
    if (await fetch_rows(conn, _WAS_INSTALLED))[0][0]:
        return True
    return bool((await fetch_rows(conn, _LOGS_ACTIONS))[0][0]) and bool((await fetch_rows(conn, _IN_THE_LOG))[0][0])
