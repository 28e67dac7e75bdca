"""Whether the login sees every organisation: asked by what is right only over the whole database."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.data.postgres.database import Connection, Database

REQUIRE_EVERYTHING = "select switchboard.require_everything(%(act)s::text)"
MAY_ASK = "select has_function_privilege('switchboard.sees_everything()', 'execute') as may_ask"
SEES_EVERYTHING = "select switchboard.sees_everything() as everything"


async def require_everything(connection: Connection, act: str) -> None:
    """Raise PermissionDenied where the login sees a part of the organisations. `act`: "seals the log" and the like."""
    await connection.execute(REQUIRE_EVERYTHING, {"act": act})


async def sees_everything(database: Database) -> bool:
    """Return whether no organisation is hidden from the login. Raises SwitchboardError as any read.

    Who may not ask is in none of the groups, which scopes are for: grants and policies of others say what they see.
    """
    may_ask = await database.fetch_one(MAY_ASK)
    if not (may_ask and may_ask["may_ask"]):
        return True
    row = await database.fetch_one(SEES_EVERYTHING)
    return bool(row and row["everything"])
