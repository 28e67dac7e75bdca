"""What is done for somebody who leaves: logins removed, permissions revoked and numbers returned, as one act."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

from tui.data.access.changes import rehearse, removing
from tui.data.access.roles import end_sessions, read_role_facts, sessions_statement
from tui.data.permissions.apply import Applied, CellsChanged, CellWrite
from tui.errors import Conflict, SwitchboardError
from tui.words.counts import counted
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from tui.data.access.logins import Login
    from tui.data.permissions.leaver import AssignedNumber, LeaverReport
    from tui.data.postgres.database import Connection, Database

HAND_OVER = """
update public.organization_phone_numbers as n set assigned_to_user_id = %(to)s
 where n.organization_id = %(organization_id)s and n.id = any (%(ids)s)
   and n.assigned_to_user_id is not distinct from %(has)s
returning n.id
"""


class RemovedLogin(NamedTuple):
    """A login that is nobody's any more, how many of its sessions were ended, and the SQL that is left to others."""

    login: str
    sessions_ended: int
    left_to_do: tuple[str, ...]


class TakenPart(NamedTuple):
    """What was taken in one organisation, or given back."""

    applied: Applied
    numbers: tuple[AssignedNumber, ...]


@dataclass(frozen=True, slots=True)
class Departure:
    """What one transaction took from a leaver, or gave back where it undid that (not `is_taken`).

    The log has a row for each permission, number and login, all with one operation id.
    """

    user_id: UUID
    parts: tuple[TakenPart, ...]
    logins: tuple[RemovedLogin, ...]
    operation_id: UUID
    is_taken: bool
    undo_of: UUID | None = None

    @property
    def numbers(self) -> tuple[AssignedNumber, ...]:
        """The numbers of all organisations."""
        return tuple(number for part in self.parts for number in part.numbers)

    @property
    def is_undoable(self) -> bool:
        """Whether anything of it can be given back, or taken again."""
        return any(part.numbers or part.applied.cells for part in self.parts)

    @property
    def left_to_do(self) -> tuple[str, ...]:
        """The SQL that somebody else has to run, so that nobody logs in as the leaver."""
        return tuple(statement for login in self.logins for statement in login.left_to_do)


class _Part(NamedTuple):
    """What is to be written in one organisation."""

    write: CellWrite
    numbers: tuple[AssignedNumber, ...]


async def left_to_others(database: Database, logins: Sequence[Login]) -> tuple[str, ...]:
    """Return the SQL that would be left to others, were these logins removed. Raises as removing them would."""
    rehearsed = [await rehearse(database, removing(login)) for login in logins]
    return tuple(statement for outcome in rehearsed for statement in outcome.left_to_do)


async def take_everything(database: Database, report: LeaverReport) -> Departure:
    """Revoke what a report lists, return its numbers and remove its logins in one transaction, or nothing.

    Once that is committed the sessions of the logins are ended, where that is allowed. Raises Conflict where a
    permission or a number is not as it was seen any more, and what `apply` and removing a login raise.
    """
    operator = database.operator.user_id
    parts = [_Part(CellWrite.of(held.staged_revokes(), operator), held.numbers) for held in report.holdings]
    logins = report.logins.to_remove
    done = await _write(database, report.person.id, parts, logins, is_taken=True)
    closed = [await _end_sessions(database, login, removed) for login, removed in zip(logins, done.logins, strict=True)]
    return replace(done, logins=tuple(closed))


async def undo_departure(database: Database, done: Departure) -> Departure:
    """Write its inverse in one transaction, or nothing; undoing the result does it again. Logins stay as they are.

    Raises as `take_everything` does.
    """
    parts = [_Part(CellWrite.inverse_of(part.applied), part.numbers) for part in done.parts]
    return await _write(database, done.user_id, parts, (), is_taken=not done.is_taken, undo_of=done.operation_id)


async def _write(
    database: Database,
    user_id: UUID,
    parts: Sequence[_Part],
    logins: Sequence[Login],
    *,
    is_taken: bool,
    undo_of: UUID | None = None,
) -> Departure:
    operation = uuid4()

    async def unit(connection: Connection) -> Departure:
        taken = []
        # In one order, in which two that take from several organisations wait for each other and do not collide.
        for write, numbers in sorted(parts, key=lambda part: part.write.organization_id):
            cells = await write.run(connection)
            await _hand_over(connection, write.organization_id, numbers, user_id, is_taken=is_taken)
            taken.append(TakenPart(Applied(operation, write.organization_id, cells, write.undo_of), numbers))
        removed = []
        for login in logins:
            outcome = await removing(login)(connection)
            removed.append(RemovedLogin(login.login, 0, outcome.left_to_do))
        return Departure(user_id, tuple(taken), tuple(removed), operation, is_taken, undo_of)

    try:
        return await database.write(unit, operation_id=operation)
    except CellsChanged as conflicting:
        count = len(conflicting.cells)
        permissions = counted(count, "permission was", "permissions were")
    raise _changed(f"{permissions} changed by somebody else meanwhile")


async def _hand_over(
    connection: Connection, organization_id: UUID, numbers: Sequence[AssignedNumber], user_id: UUID, *, is_taken: bool
) -> None:
    if not numbers:
        return
    values = {
        "organization_id": organization_id,
        "ids": [number.id for number in numbers],
        "has": user_id if is_taken else None,
        "to": None if is_taken else user_id,
    }
    handed_over = {row["id"] for row in await (await connection.execute(HAND_OVER, values)).fetchall()}
    if others := [number for number in numbers if number.id not in handed_over]:
        has = "is no longer theirs" if is_taken else "was assigned to somebody else"
        raise _changed(f"{safe_text(others[0].phone_number, 30)} {has}")


async def _end_sessions(database: Database, login: Login, removed: RemovedLogin) -> RemovedLogin:
    """End the sessions of a login that was removed; what fails then is left to do, since the rest is committed."""
    role = login.role_name
    if role is None:
        return removed

    async def unit(connection: Connection) -> RemovedLogin:
        facts = await read_role_facts(connection, role)
        if not facts.may_end_sessions:
            return removed
        return removed._replace(sessions_ended=await end_sessions(connection, facts))

    try:
        return await database.write(unit)
    except SwitchboardError:
        return removed._replace(left_to_do=(*removed.left_to_do, sessions_statement(role)))


def _changed(what: str) -> Conflict:
    return Conflict(f"{what}, so nothing was written.", "Look at the report again, then decide.")
