"""The groups that people's logins are put into: created by `setup --roles`, and granted to by the files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.data.schema.catalogue_queries import execute, fetch_rows
from tui.data.schema.preflight import ROLES

if TYPE_CHECKING:
    from psycopg import AsyncConnection


async def create_roles(conn: AsyncConnection[Any]) -> tuple[str, ...]:
    """Create those of the three groups that are missing, without login, and return their names.

    They belong to the whole server, not to one database. A person gets a login of their own:
    `create role eve login password '...' in role switchboard_support`. Raises psycopg.Error.
    """
    missing = [
        name
        for (name,) in await fetch_rows(
            conn, "select r from unnest(%(roles)s::text[]) r where to_regrole(r) is null", {"roles": list(ROLES)}
        )
    ]
    for name in missing:
        await execute(conn, f"create role {name} nologin")
    return tuple(missing)
