"""The single acts on a phone number: added, edited, handed to a person or back, made primary, switched off and on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from psycopg.rows import class_row

from tui.data.directory import PERSON_BY_ID, people_are_labelled
from tui.data.numbers.input import known_type, number_to_add, readable_name
from tui.data.numbers.listing import FLAGS, rows_where, same_numbers
from tui.errors import Conflict, ConstraintViolated, InvalidInput, UnknownPerson
from tui.models.people import Person
from tui.words.numbers.description import assignee_in_full, shown_number, shown_text
from tui.words.numbers.phone_number import number_type
from tui.words.people.names import Origin, author, person_in_full
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from uuid import UUID

    from tui.data.postgres.database import Connection, Database
    from tui.models.integrations import Integration
    from tui.models.numbers import PhoneNumber

# Whoever adds numbers to an organisation waits for the other: the same number may come in two notations.
LOCK_NUMBERS = "select switchboard.take_lock('numbers'::text, %(organization_id)s::uuid)"
# The lock that switchboard.clear_other_primary takes (sql/004_upkeep.sql), so that the previous one is known for sure.
LOCK_PRIMARY = "select switchboard.take_lock('primary'::text, %(organization_id)s::uuid)"
INSERT = """
insert into public.organization_phone_numbers
       (organization_id, integration_id, phone_number, display_name, number_type, can_call, can_sms, is_primary,
        is_active)
values (%(organization_id)s, %(integration_id)s, %(phone_number)s, %(display_name)s, %(number_type)s, %(can_call)s,
        %(can_sms)s, false, true)
returning id
"""
UPDATE = """
update public.organization_phone_numbers as n set {changes}
 where n.id = %(id)s and {unchanged}
returning n.id
"""
LOG_VISIBLE = "select has_table_privilege('public.integration_audit_logs', 'select') as visible"
LAST_CHANGE = """
select left(l.details ->> 'operator', 200) as operator, l.details ->> 'operator_from' as operator_from,
       l.details ->> 'session_user' as login, l.user_id, p.email, p.name
  from public.integration_audit_logs as l
  left join lateral (select email, name from switchboard.visible_people where id = l.user_id limit 1) as p on true
 where l.organization_id = %(organization_id)s and l.created_at > now() - interval '1 day'
   and l.action like 'number\\_%%' and l.details -> 'row' ->> 'id' = %(id)s::text
 order by l.created_at desc limit 1
"""


@dataclass(frozen=True, slots=True)
class NumberEdit:
    """What can be edited of a number, as a whole: start from `of` and replace what shall change."""

    display_name: str | None
    number_type: str | None
    can_call: bool
    can_sms: bool

    @classmethod
    def of(cls, number: PhoneNumber) -> NumberEdit:
        """Return what the number has now."""
        return cls(number.display_name, number.number_type, number.can_call, number.can_sms)


@dataclass(frozen=True, slots=True)
class NumberChanged:
    """An act that went through: the row as it is now, and the names of the columns it changed (none: no write).

    `previous` are the numbers that were primary before; `warning` is a doubt that did not stop it.
    """

    number: PhoneNumber
    changed: tuple[str, ...]
    previous: tuple[PhoneNumber, ...] = ()
    warning: str | None = None


class NumberExists(InvalidInput):
    """The organisation has that number already, perhaps in another notation; `existing` are its rows."""

    title = "There already"

    def __init__(self, existing: Collection[PhoneNumber]) -> None:
        number = next(iter(existing))
        name = f", called {safe_text(number.display_name, 60)}" if number.display_name else ""
        state = "" if number.is_active else ", not active"
        super().__init__(
            f"This organisation has that number already, stored as {shown_text(number.phone_number)}{name}{state}.",
            "Edit that one." if number.is_active else "Activate that one.",
        )
        self.existing = tuple(existing)


class NumberConflict(Conflict):
    """Somebody else changed the number meanwhile; `current` is what is stored now, None where it was deleted."""

    def __init__(self, what: str, current: PhoneNumber | None) -> None:
        super().__init__(f"{what}; none of your changes were written.", "Look at it again, then decide.")
        self.current = current


async def add_number(
    database: Database,
    organization_id: UUID,
    text: str,
    *,
    display_name: str | None = None,
    kind: str | None = None,
    can_call: bool = True,
    can_sms: bool = True,
    integration: Integration | None = None,
) -> NumberChanged:
    """Add a number to the pool, stored as E.164; `kind` is its number_type, derived from the number where None.

    Raises InvalidInput, NumberExists where the organisation has it in any notation, and PermissionDenied.
    """
    if integration is not None and integration.organization_id != organization_id:
        raise ValueError("the integration belongs to another organisation")
    number, warning = number_to_add(text)
    values = {
        "organization_id": organization_id,
        "integration_id": integration.id if integration else None,
        "phone_number": number,
        "display_name": readable_name(display_name),
        "number_type": known_type(kind or number_type(number)),
        "can_call": can_call,
        "can_sms": can_sms,
    }
    own = "n.organization_id = %(organization_id)s"

    async def unit(connection: Connection) -> NumberChanged:
        await connection.execute(LOCK_NUMBERS, values)
        existing = await same_numbers(connection, number, own, values)
        if existing:
            raise NumberExists(existing)
        row = await (await connection.execute(INSERT, values)).fetchone()
        (added,) = await rows_where(connection, "n.id = %(id)s", {"id": (row or {})["id"]})
        return NumberChanged(added, ("phone_number",), warning=warning)

    try:
        return await database.write(unit)
    except ConstraintViolated as failure:
        # Another program added it at the same time.
        existing = await database.read(lambda connection: same_numbers(connection, number, own, values))
        if not failure.is_duplicate or not existing:
            raise
        raise NumberExists(existing) from None


async def edit_number(
    database: Database, seen: PhoneNumber, edit: NumberEdit, *, activate: bool = False
) -> NumberChanged:
    """Change what differs from what was seen, and switch the number on again where `activate` is set.

    Raises InvalidInput and NumberConflict.
    """
    if edit.display_name != seen.display_name:
        edit = replace(edit, display_name=readable_name(edit.display_name))
    if edit.number_type != seen.number_type:
        edit = replace(edit, number_type=known_type(edit.number_type))
    old = NumberEdit.of(seen)
    names = ("display_name", "number_type", "can_call", "can_sms")
    changes: dict[str, Any] = {name: getattr(edit, name) for name in names if getattr(edit, name) != getattr(old, name)}
    if activate and not seen.is_active:
        changes["is_active"] = True
    return await _compare_and_set(database, seen, changes)


async def assign_number(database: Database, seen: PhoneNumber, person: Person) -> NumberChanged:
    """Hand a number to a person, from whoever was seen to have it, or from the pool.

    Raises InvalidInput where the number or the person is not active, UnknownPerson, and NumberConflict, which names
    who has it now and who did that.
    """
    _must_be_active(seen, "assigned")
    if seen.assigned_to_user_id == person.id:
        return NumberChanged(seen, ())
    listed_person = await database.fetch_one(PERSON_BY_ID, {"id": person.id}, row_factory=class_row(Person))
    if listed_person is None and not await people_are_labelled(database):
        raise UnknownPerson("That person is no longer in the directory.", "Choose somebody else.")
    listed_person = listed_person or person
    if not listed_person.is_active:
        raise InvalidInput(
            f"{person_in_full(listed_person)} is not active, so no number can be assigned to them.",
            "Choose somebody who is.",
        )
    change = await _compare_and_set(database, seen, {"assigned_to_user_id": person.id}, must_be_active=True)
    if listed_person.organization_id is None or listed_person.organization_id == seen.organization_id:
        return change
    return replace(change, warning=f"{person_in_full(listed_person)} belongs to another organisation than the number.")


async def unassign_number(database: Database, seen: PhoneNumber) -> NumberChanged:
    """Return a number to the pool. Raises NumberConflict where it is not the person's any more who was seen."""
    changes = {} if seen.assigned_to_user_id is None else {"assigned_to_user_id": None}
    return await _compare_and_set(database, seen, changes)


async def deactivate_number(database: Database, seen: PhoneNumber) -> NumberChanged:
    """Switch a number off; it is never deleted. It stops being primary, and stays the assignee's for when it is back.

    Raises NumberConflict, also where somebody else got it or it became primary meanwhile: ask again, it is taken away.
    """
    changes: dict[str, Any] = {"is_active": False} if seen.is_active else {}
    if seen.is_active and seen.is_primary:
        changes["is_primary"] = False
    return await _compare_and_set(database, seen, changes, also_compared=("assigned_to_user_id", "is_primary"))


async def activate_number(database: Database, seen: PhoneNumber) -> NumberChanged:
    """Switch a number on again. Raises NumberConflict."""
    return await edit_number(database, seen, NumberEdit.of(seen), activate=True)


async def make_primary(database: Database, seen: PhoneNumber, primaries: Collection[UUID]) -> NumberChanged:
    """Make a number the organisation's only primary one; `primaries` are the ids of those that were seen to be.

    The database clears the others. Raises InvalidInput where it is not active, and NumberConflict, which names the
    number that somebody else chose meanwhile.
    """
    _must_be_active(seen, "primary")
    parameters = {"organization_id": seen.organization_id}

    async def unit(connection: Connection) -> NumberChanged | PhoneNumber | None:
        await connection.execute(LOCK_PRIMARY, parameters)
        current = await rows_where(connection, "n.organization_id = %(organization_id)s and n.is_primary", parameters)
        if {number.id for number in current} == {seen.id}:
            return NumberChanged(current[0], ())
        if {number.id for number in current} != set(primaries):
            return next((number for number in current if number.id not in primaries), None) or seen
        updated = await _update(connection, seen, {"is_primary": True}, must_be_active=True)
        return updated and replace(updated, previous=tuple(number for number in current if number.id != seen.id))

    outcome = await database.write(unit)
    if isinstance(outcome, NumberChanged):
        return outcome
    if outcome is None or outcome.id == seen.id:
        raise await _conflict(database, seen)
    raise NumberConflict(
        f"{shown_number(outcome)} became primary meanwhile{await _by_whom(database, outcome)}", outcome
    )


async def _compare_and_set(
    database: Database,
    seen: PhoneNumber,
    changes: Mapping[str, Any],
    *,
    also_compared: tuple[str, ...] = (),
    must_be_active: bool = False,
) -> NumberChanged:
    if not changes:
        return NumberChanged(seen, ())
    change = await database.write(
        partial(_update, seen=seen, changes=changes, also_compared=also_compared, must_be_active=must_be_active)
    )
    if change is None:
        raise await _conflict(database, seen)
    return change


async def _update(
    connection: Connection,
    seen: PhoneNumber,
    changes: Mapping[str, Any],
    *,
    also_compared: tuple[str, ...] = (),
    must_be_active: bool = False,
) -> NumberChanged | None:
    """Change a row that is still as it was seen, in what changes and in `also_compared`; None where it is not."""
    compared = {*changes, *also_compared}
    values = {"id": seen.id} | {f"new_{name}": value for name, value in changes.items()}
    values |= {f"seen_{name}": getattr(seen, name) for name in compared}
    unchanged = [f"{_comparable(name)} is not distinct from %(seen_{name})s" for name in sorted(compared)]
    query = UPDATE.format(
        changes=", ".join(f"{name} = %(new_{name})s" for name in changes),
        unchanged=" and ".join([*unchanged, *(["n.is_active"] if must_be_active else [])]),
    )
    if await (await connection.execute(query, values)).fetchone() is None:
        return None
    (number,) = await rows_where(connection, "n.id = %(id)s", {"id": seen.id})
    return NumberChanged(number, tuple(changes))


def _comparable(name: str) -> str:
    """A flag that is NULL is seen as False, so it is compared as that."""
    return f"coalesce(n.{name}, false)" if name in FLAGS else f"n.{name}"


async def _conflict(database: Database, seen: PhoneNumber) -> NumberConflict:
    """Find out what became of a number, and who did it."""
    rows = await database.read(lambda connection: rows_where(connection, "n.id = %(id)s", {"id": seen.id}))
    name = shown_number(seen)
    if not rows:
        return NumberConflict(f"{name} was deleted meanwhile", None)
    (now,) = rows
    if now.assigned_to_user_id != seen.assigned_to_user_id:
        to = "returned to the pool" if now.assigned_to_user_id is None else f"assigned to {assignee_in_full(now)}"
    elif now.is_active != seen.is_active:
        to = "activated" if now.is_active else "deactivated"
    else:
        to = "changed"
    return NumberConflict(f"{name} was {to} meanwhile{await _by_whom(database, now)}", now)


async def _by_whom(database: Database, number: PhoneNumber) -> str:
    """Return ", by ..." with whom the log names for the last change of a number; empty where it is not visible."""

    async def unit(connection: Connection) -> dict[str, Any] | None:
        visible = await (await connection.execute(LOG_VISIBLE)).fetchone()
        if not visible or not visible["visible"]:
            return None
        values = {"organization_id": number.organization_id, "id": number.id}
        return await (await connection.execute(LAST_CHANGE, values)).fetchone()

    row = await database.read(unit)
    if row is None:
        return ""
    person = Person(row["user_id"], row["email"], row["name"], None, True)
    login = f"the login {row['login']}" if row["login"] else ""
    origin = Origin.of(row["operator_from"], row["login"])
    name = author(row["user_id"], {person.id: person}, row["operator"], origin) or login
    return f", by {safe_text(name, 60)}" if name else ""


def _must_be_active(number: PhoneNumber, what: str) -> None:
    if not number.is_active:
        raise InvalidInput(
            f"{shown_number(number)} is not active, so it cannot be {what}.", "Activate it first, or choose another."
        )
