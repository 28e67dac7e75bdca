"""Who administers an organisation over HTTP: sets up its integrations there, and deletes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.data.directory import people_by_id
from tui.models.people import Person

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from tui.data.postgres.database import Connection, Database

LIST = "select user_id, added_by, added_at from switchboard.administrators(%(organization_id)s::uuid)"
CHANGE = """
select switchboard.change_administrator(%(organization_id)s::uuid, %(person_id)s::uuid, %(appoints)s::boolean) as id
"""


@dataclass(frozen=True, slots=True)
class Administrator:
    """Somebody who administers an organisation, and which login said so; `is_known`: the directory has them still."""

    person: Person
    is_known: bool
    added_by: str
    added_at: datetime


async def list_administrators(database: Database, organization_id: UUID) -> list[Administrator]:
    """Return those of an organisation, the earliest first. Raises PermissionDenied where it is out of sight."""
    rows = await database.fetch_all(LIST, {"organization_id": organization_id})
    people = await people_by_id(database, (row["user_id"] for row in rows))
    return [
        Administrator(
            people.get(row["user_id"], Person(row["user_id"], None, None, None, False)),
            row["user_id"] in people,
            row["added_by"],
            row["added_at"],
        )
        for row in rows
    ]


async def change_administrator(
    database: Database, organization_id: UUID, person_id: UUID, *, appoints: bool
) -> UUID | None:
    """Appoint or dismiss somebody; return the id of the log's row, None where nothing changed.

    Raises PermissionDenied where the login does not see every organisation, and InvalidInput where the directory has no
    such person who is active and of that organisation, or of none.
    """

    async def unit(connection: Connection) -> UUID | None:
        values = {"organization_id": organization_id, "person_id": person_id, "appoints": appoints}
        row = await (await connection.execute(CHANGE, values)).fetchone()
        log_row: UUID | None = row["id"] if row else None
        return log_row

    return await database.write(unit)
