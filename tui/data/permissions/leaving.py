"""What is done for somebody who leaves: every permission revoked and every number returned, as one act."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from tui.data.permissions.apply import Applied, CellsChanged, CellWrite
from tui.errors import Conflict
from tui.words.counts import counted
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from tui.data.permissions.leaver import AssignedNumber
    from tui.data.permissions.staging import Staged
    from tui.data.postgres.database import Connection, Database

HAND_OVER = """
update public.organization_phone_numbers as n set assigned_to_user_id = %(to)s
 where n.organization_id = %(organization_id)s and n.id = any (%(ids)s)
   and n.assigned_to_user_id is not distinct from %(has)s
returning n.id
"""


@dataclass(frozen=True, slots=True)
class Departure:
    """What one transaction took from a leaver, or gave back where it undid that (not `is_taken`).

    The log has a row for each permission and number, all with one operation id.
    """

    user_id: UUID
    applied: Applied
    numbers: tuple[AssignedNumber, ...]
    is_taken: bool


async def revoke_and_return(
    database: Database, user_id: UUID, staged: Staged, numbers: Sequence[AssignedNumber]
) -> Departure:
    """Write the staged revokes and return the numbers to the pool, in one transaction, or nothing.

    Raises Conflict where a permission or a number is not as it was seen any more, and what `apply` raises.
    """
    write = CellWrite.of(staged, database.operator.user_id)
    return await _write(database, user_id, write, numbers, is_taken=True)


async def undo_departure(database: Database, done: Departure) -> Departure:
    """Write its inverse in one transaction, or nothing; undoing the result does it again.

    Raises as `revoke_and_return` does.
    """
    write = CellWrite.inverse_of(done.applied)
    return await _write(database, done.user_id, write, done.numbers, is_taken=not done.is_taken)


async def _write(
    database: Database, user_id: UUID, write: CellWrite, numbers: Sequence[AssignedNumber], *, is_taken: bool
) -> Departure:
    operation = uuid4()
    values = {
        "organization_id": write.organization_id,
        "ids": [number.id for number in numbers],
        "has": user_id if is_taken else None,
        "to": None if is_taken else user_id,
    }

    async def unit(connection: Connection) -> Departure:
        cells = await write.run(connection)
        rows = await (await connection.execute(HAND_OVER, values)).fetchall() if numbers else []
        handed_over = {row["id"] for row in rows}
        if others := [number for number in numbers if number.id not in handed_over]:
            has = "is no longer theirs" if is_taken else "was assigned to somebody else"
            raise _changed(f"{safe_text(others[0].phone_number, 30)} {has}")
        applied = Applied(operation, write.organization_id, cells, write.undo_of)
        return Departure(user_id, applied, tuple(numbers), is_taken)

    try:
        return await database.write(unit, operation_id=operation)
    except CellsChanged as conflicting:
        count = len(conflicting.cells)
        permissions = counted(count, "permission was", "permissions were")
    raise _changed(f"{permissions} changed by somebody else meanwhile")


def _changed(what: str) -> Conflict:
    return Conflict(f"{what}, so nothing was written.", "Look at the report again, then decide.")
