"""Phone numbers: reading them, listed by filters or found in any notation."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from psycopg.rows import class_row

from tui.data.directory import parse_uuid
from tui.errors import InvalidInput, NotFound
from tui.models.numbers import PhoneNumber
from tui.models.people import Person
from tui.words.numbers.description import organization_of, shown_number, shown_text
from tui.words.numbers.phone_number import e164, why_not

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from tui.data.postgres.database import Connection, Database

ROW_COLUMNS = (
    *("id", "organization_id", "integration_id", "phone_number", "display_name", "number_type"),
    *("assigned_to_user_id", "is_primary", "can_call", "can_sms", "is_active", "created_at", "updated_at"),
)
FLAGS = frozenset({"is_primary", "can_call", "can_sms", "is_active"})

# The names of organisations once for all rows, since an adopted directory may hold an id twice.
NUMBERS = """
select {columns}, {integration_type} as integration_type, o.name as organization_name,
       p.id as person_id, p.email as person_email, p.name as person_name,
       p.organization_id as person_organization_id, p.is_active as person_is_active
  from public.organization_phone_numbers as n
  left join (select distinct on (id) id, name from switchboard.visible_organizations order by id, name) as o
    on o.id = n.organization_id
  left join lateral (select id, email, name, organization_id, is_active from switchboard.visible_people
                      where id = n.assigned_to_user_id limit 1) as p on true
 where {where}
 order by o.name nulls last, n.organization_id, coalesce(n.is_primary, false) desc,
          coalesce(n.is_active, false) desc, n.phone_number, n.id
 {tail}
"""
INTEGRATION_TYPE = "(select c.integration_type from public.integration_credentials as c where c.id = n.integration_id)"

RIGHTS = """
select has_table_privilege('public.organization_phone_numbers', 'select') as view,
       has_table_privilege('public.organization_phone_numbers', 'insert') as add,
       has_table_privilege('public.organization_phone_numbers', 'update') as change,
       has_function_privilege('switchboard.begin_open(uuid, text)', 'execute') as sync
"""
TYPES_VISIBLE = """
select has_column_privilege('public.integration_credentials', 'integration_type', 'select')
   and has_column_privilege('public.integration_credentials', 'id', 'select') as visible
"""

# Digits of other scripts are left to Python: a row with any of them is looked at in any case.
DIGITS = "regexp_replace(n.phone_number, '[^0-9]', '', 'g')"
OTHER_SCRIPT = "n.phone_number ~ '[^\\u0001-\\u007f]'"

# All notations of a number share their last digits; what stands before them is a prefix of the country or of the line.
COMMON_DIGITS = 6
FEWEST_DIGITS = 4
MOST_CANDIDATES = 2_000


@dataclass(frozen=True, slots=True)
class NumberRights:
    """What this role may do with phone numbers; `sync` also needs `add` and `change`."""

    view: bool = False
    add: bool = False
    change: bool = False
    sync: bool = False


@dataclass(frozen=True, slots=True)
class NumberFilter:
    """Which numbers are wanted; None means that it does not matter. `pool` True: assigned to nobody."""

    assigned_to: UUID | None = None
    pool: bool | None = None
    number_type: str | None = None
    can_call: bool | None = None
    can_sms: bool | None = None
    active: bool | None = None
    primary: bool | None = None


ANY = NumberFilter()


@dataclass(frozen=True, slots=True)
class NumberMatches:
    """What a search found; `exact` where a whole number was given and these are its rows, in whatever notation."""

    numbers: tuple[PhoneNumber, ...]
    exact: bool


class AmbiguousNumber(InvalidInput):
    """More than one row is meant; `candidates` are they."""

    title = "Which number?"

    def __init__(self, candidates: Sequence[PhoneNumber]) -> None:
        listed = ", ".join(
            f"{candidate.id} (stored as {shown_text(candidate.phone_number)})" for candidate in candidates
        )
        super().__init__(f"{len(candidates)} rows of this organisation are that number.", f"Use an id: {listed}")
        self.candidates = tuple(candidates)


async def read_number_rights(database: Database) -> NumberRights:
    """Ask the database what this role may do. The answer is advice: each act is checked by the database again."""
    return await database.fetch_one(RIGHTS, row_factory=class_row(NumberRights)) or NumberRights()


async def list_phone_numbers(
    database: Database, organization_id: UUID | None, number_filter: NumberFilter = ANY
) -> list[PhoneNumber]:
    """Return the numbers of one organisation, or of all this login may read: primary first, the inactive ones last."""
    where, values = _conditions(organization_id, number_filter)
    return await database.read(partial(rows_where, where=where, values=values))


async def find_phone_numbers(
    database: Database, text: str, organization_id: UUID | None = None, number_filter: NumberFilter = ANY
) -> NumberMatches:
    """Return whose number `text` is, in one organisation or in all this login may read.

    `text` is an id, a number in any format, or some of its digits, at least four; of the latter the numbers that end
    with them come first. Rows are compared by what they mean, in whatever notation they are stored; at most
    MOST_CANDIDATES. Raises InvalidInput where `text` is none of these.
    """
    number_id = parse_uuid(text)
    digits, number = digits_of(text), known_number(text)
    searchable = len(digits) >= FEWEST_DIGITS and not any(character.isalpha() for character in text)
    conditions, values = _conditions(organization_id, number_filter)
    values |= {"id": number_id, "text": text.strip(), "most": MOST_CANDIDATES}

    async def unit(connection: Connection) -> NumberMatches:
        if number_id is not None:
            return NumberMatches(tuple(await rows_where(connection, f"{conditions} and n.id = %(id)s", values)), True)
        same = await same_numbers(connection, text, conditions, values)
        if same or not searchable:
            return NumberMatches(tuple(same), number is not None or bool(same))
        return NumberMatches(tuple(await _with_digits(connection, digits, conditions, values)), False)

    matches = await database.read(unit)
    if not matches.numbers and number_id is None and (problem := why_not(text)) is not None:
        raise InvalidInput(*problem)
    if not matches.numbers and number_id is None and not searchable:
        raise InvalidInput(
            "That is neither a phone number nor at least four digits of one.",
            "Give it in any format, such as 011-4116 9368, or its last four digits.",
        )
    return matches


async def resolve_phone_number(database: Database, organization_id: UUID, text: str) -> PhoneNumber:
    """Return the one row of the organisation that is meant by an id or by a whole number in any notation.

    Raises NotFound, which names the organisation that does have it, AmbiguousNumber, and InvalidInput.
    """
    matches = await find_phone_numbers(database, text)
    own = [number for number in matches.numbers if number.organization_id == organization_id]
    if matches.exact and len(own) == 1:
        return own[0]
    if matches.exact and own:
        raise AmbiguousNumber(own)
    if matches.exact and matches.numbers:
        elsewhere = sorted({organization_of(number) for number in matches.numbers})
        raise NotFound(
            "This organisation has no such number.", f"It is a number of {' and of '.join(elsewhere)}: choose that one."
        )
    if own:
        similar = ", ".join(shown_number(number) for number in own[:5])
        raise NotFound("This organisation has no such number.", f"Give the whole number; some like it: {similar}.")
    raise NotFound("This organisation has no such number.", "`switchboard phone-numbers list --all` shows all of it.")


async def rows_where(connection: Connection, where: str, values: dict[str, Any], tail: str = "") -> list[PhoneNumber]:
    """Return the rows a condition over n is true of, within the caller's unit; `tail` follows the order."""
    visible = await (await connection.execute(TYPES_VISIBLE)).fetchone()
    query = NUMBERS.format(
        columns=", ".join(f"n.{name}" for name in ROW_COLUMNS),
        integration_type=INTEGRATION_TYPE if visible and visible["visible"] else "null",
        where=where,
        tail=tail,
    )
    return [_phone_number(row) for row in await (await connection.execute(query, values)).fetchall()]


async def same_numbers(connection: Connection, text: str, conditions: str, values: dict[str, Any]) -> list[PhoneNumber]:
    """Return the rows that are this number, in whatever notation; of what is no number, those of the same text."""
    number = known_number(text)
    if number is None:
        parameters = values | {"text": text.strip()}
        return await rows_where(connection, f"{conditions} and btrim(n.phone_number) = %(text)s", parameters)
    parameters = values | {"ending": f"%{number[-COMMON_DIGITS:]}"}
    candidates = await rows_where(
        connection, f"{conditions} and ({DIGITS} like %(ending)s or {OTHER_SCRIPT})", parameters
    )
    return [candidate for candidate in candidates if candidate.e164 == number]


async def _with_digits(
    connection: Connection, digits: str, conditions: str, values: dict[str, Any]
) -> list[PhoneNumber]:
    """Return the rows in whose number these digits stand in a row, those that end with them first."""
    # A prefix of the line (0, 00) is in no E.164 number.
    significant = digits.lstrip("0")
    sought_digits = significant if len(significant) >= FEWEST_DIGITS else digits
    # A row may lack the country code that was typed, so only the last of the digits choose the candidates.
    parameters = values | {"part": f"%{sought_digits[-FEWEST_DIGITS:]}%"}
    condition = f"{conditions} and ({DIGITS} like %(part)s or {OTHER_SCRIPT})"
    candidates = await rows_where(connection, condition, parameters, "limit %(most)s")
    hits = [
        candidate
        for candidate in candidates
        if sought_digits in digits_of(candidate.phone_number) or sought_digits in (candidate.e164 or "")
    ]
    return sorted(hits, key=lambda number: not (number.e164 or digits_of(number.phone_number)).endswith(sought_digits))


def _conditions(organization_id: UUID | None, number_filter: NumberFilter) -> tuple[str, dict[str, Any]]:
    """Compose the condition from what is set; the words are this module's own, values travel as parameters."""
    values: dict[str, Any] = {"organization_id": organization_id, "assignee": number_filter.assigned_to}
    conditions = ["true"] if organization_id is None else ["n.organization_id = %(organization_id)s"]
    if number_filter.assigned_to is not None:
        conditions.append("n.assigned_to_user_id = %(assignee)s")
    if number_filter.pool is not None:
        conditions.append(f"n.assigned_to_user_id is {'null' if number_filter.pool else 'not null'}")
    if number_filter.number_type is not None:
        conditions.append("n.number_type = %(number_type)s")
        values["number_type"] = number_filter.number_type
    flags = {
        "can_call": number_filter.can_call,
        "can_sms": number_filter.can_sms,
        "is_active": number_filter.active,
        "is_primary": number_filter.primary,
    }
    conditions += [f"n.{name} is {'true' if flag else 'not true'}" for name, flag in flags.items() if flag is not None]
    return " and ".join(conditions), values


@lru_cache(maxsize=20_000)
def known_number(text: str) -> str | None:
    """Return `e164` of a text, cached: parsing takes 70 microseconds, and lists are read again and again."""
    return e164(text)


def digits_of(text: str) -> str:
    """Return the digits in a text, of whatever script, as 0 to 9."""
    return "".join(str(unicodedata.digit(character)) for character in text if character.isdecimal())


def _phone_number(row: dict[str, Any]) -> PhoneNumber:
    own: dict[str, Any] = {name: bool(row[name]) if name in FLAGS else row[name] for name in ROW_COLUMNS}
    assignee = None
    if row["person_id"] is not None:
        assignee = Person(
            row["person_id"],
            row["person_email"],
            row["person_name"],
            row["person_organization_id"],
            bool(row["person_is_active"]),
        )
    return PhoneNumber(
        **own,
        e164=known_number(row["phone_number"]),
        assignee=assignee,
        integration_type=row["integration_type"],
        organization_name=row["organization_name"],
    )
