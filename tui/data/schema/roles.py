"""The groups that people's logins are put into: created by `setup --roles`, and granted to by the files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.data.schema.catalogue_queries import execute, fetch_rows

if TYPE_CHECKING:
    from psycopg import AsyncConnection

ROLES = ("switchboard_admin", "switchboard_support", "switchboard_auditor")

_MISSING = "select r from unnest(%(roles)s::text[]) r where pg_catalog.to_regrole(r) is null"


async def missing_roles(conn: AsyncConnection[Any]) -> tuple[str, ...]:
    """Return the names of the groups that are missing. Raises psycopg.Error."""
    return tuple(name for (name,) in await fetch_rows(conn, _MISSING, {"roles": list(ROLES)}))


async def create_roles(conn: AsyncConnection[Any]) -> tuple[str, ...]:
    """Create those of the three groups that are missing, without login, and return their names.

    They belong to the whole server, not to one database. A person gets a login of their own:
    `create role eve login password '...' in role switchboard_support`. Raises psycopg.Error.
    """
    missing = await missing_roles(conn)
    for name in missing:
        await execute(conn, f"create role {name} nologin")
    return missing
