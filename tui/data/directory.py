"""Who is who: organisations, people, and the operator at the console."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from tui.data.errors import InvalidInput, UnknownOrganization, UnknownPerson
from tui.data.models import Organization, Person

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tui.data.database import Connection, Database

ORGANIZATIONS = "select id, name from switchboard.organizations order by name nulls last, id limit %(limit)s"
HAS_DIRECTORY = "select pg_catalog.to_regclass('public.organizations') is not null as it_has"
ORGANIZATION_BY_ID = "select id, name from switchboard.organizations where id = %(id)s"
ORGANIZATION_BY_NAME = """
select id, name from switchboard.organizations where lower(name) = lower(%(name)s) order by id limit 3
"""
NAME_ORGANIZATION = """
insert into switchboard.organization_labels (id, name) values (%(id)s, %(name)s)
on conflict (id) do update set name = excluded.name
"""
PERSON_BY_ID = "select id, email, name, organization_id, is_active from switchboard.people where id = %(id)s"
PERSON_BY_EMAIL = """
select id, email, name, organization_id, is_active from switchboard.people
 where lower(email) = lower(%(email)s) order by is_active desc, id limit 2
"""
PEOPLE_BY_ID = """
select id, email, name, organization_id, is_active from switchboard.people where id = any (%(ids)s)
"""

# Active people first, so that a name typed in part finds whoever it is meant for.
SEARCH_PEOPLE = """
select id, email, name, organization_id, is_active from switchboard.people
 where (organization_id = %(organization_id)s or organization_id is null)
   and (%(pattern)s = '%%' or name ilike %(pattern)s or email ilike %(pattern)s or id::text ilike %(pattern)s)
 order by is_active desc, lower(coalesce(name, email, id::text)), id limit %(limit)s
"""

LISTED_ORGANIZATIONS = 1_000
FOUND_PEOPLE = 200


async def list_organizations(database: Database) -> list[Organization]:
    """Return the organisations this login may see, by name; at most LISTED_ORGANIZATIONS."""

    async def unit(connection: Connection) -> list[Organization]:
        rows = await (await connection.execute(ORGANIZATIONS, {"limit": LISTED_ORGANIZATIONS})).fetchall()
        return [Organization(row["id"], row["name"]) for row in rows]

    return await database.read(unit)


async def resolve_organization(database: Database, wanted: str | None) -> Organization:
    """Return the organisation meant by an id or a name; None means the only one there is.

    Where public.organizations exists an unknown one is an error, else any UUID is accepted.
    Raises UnknownOrganization, which lists the ones to choose from.
    """
    if wanted is None:
        known = await list_organizations(database)
        if len(known) == 1:
            return known[0]
        if not known:
            raise UnknownOrganization(
                "There is no organisation yet.", "Name one with --organization and its id (a UUID)."
            )
        raise UnknownOrganization(
            "There is more than one organisation.",
            f"Choose one with --organization or SWITCHBOARD_ORGANIZATION: {_listed(known)}",
        )
    return await _named_organization(database, wanted)


async def name_organization(database: Database, organization_id: UUID, name: str) -> None:
    """Keep a name for an organisation that no other table names."""
    if not name.strip():
        raise InvalidInput("The name of the organisation is empty.", "Type the name people know it by.")

    async def unit(connection: Connection) -> None:
        await connection.execute(NAME_ORGANIZATION, {"id": organization_id, "name": name.strip()})

    await database.write(unit)


async def has_directory(database: Database) -> bool:
    """Whether organisations come from public.organizations, so that Switchboard cannot add one."""

    async def unit(connection: Connection) -> bool:
        row = await (await connection.execute(HAS_DIRECTORY)).fetchone()
        return bool(row and row["it_has"])

    return await database.read(unit)


async def find_person(database: Database, wanted: str) -> Person:
    """Return the person with that id or e-mail (in any case). Raises UnknownPerson."""
    person_id = parse_uuid(wanted)

    async def unit(connection: Connection) -> list[Person]:
        query = PERSON_BY_ID if person_id else PERSON_BY_EMAIL
        rows = await (await connection.execute(query, {"id": person_id, "email": wanted})).fetchall()
        return [Person(**row) for row in rows]

    found = await database.read(unit)
    if not found:
        raise UnknownPerson("No person has that id or e-mail.", "Check the spelling; ids are UUIDs.")
    if len(found) > 1:
        raise UnknownPerson("More than one person has that e-mail.", "Use the id of the one you mean.")
    return found[0]


async def people_by_id(database: Database, ids: Iterable[UUID]) -> dict[UUID, Person]:
    """Return those of the people that the directory knows."""
    wanted = list(set(ids))
    if not wanted:
        return {}

    async def unit(connection: Connection) -> dict[UUID, Person]:
        rows = await (await connection.execute(PEOPLE_BY_ID, {"ids": wanted})).fetchall()
        return {row["id"]: Person(**row) for row in rows}

    return await database.read(unit)


async def search_people(
    database: Database, organization_id: UUID, text: str, limit: int = FOUND_PEOPLE
) -> list[Person]:
    """Return people of the organisation whose name, e-mail or id contains `text`; people without one belong to all.

    A whole id that no directory knows is a person too where there is no directory (product.md, "The screens").
    """
    wanted = text.strip()
    escaped = wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")

    async def unit(connection: Connection) -> list[Person]:
        values = {"organization_id": organization_id, "pattern": f"%{escaped}%" if wanted else "%", "limit": limit}
        rows = await (await connection.execute(SEARCH_PEOPLE, values)).fetchall()
        return [Person(**row) for row in rows]

    found = await database.read(unit)
    person_id = parse_uuid(wanted)
    if not found and person_id is not None:
        return [Person(person_id, None, None, None, True)]
    return found


def parse_uuid(text: str) -> UUID | None:
    """Return the UUID written there in its usual form, or None."""
    try:
        parsed = UUID(text.strip())
    except ValueError:
        return None
    return parsed if len(text.strip()) >= 32 else None


async def _named_organization(database: Database, wanted: str) -> Organization:
    organization_id = parse_uuid(wanted)

    async def unit(connection: Connection) -> list[Organization]:
        query = ORGANIZATION_BY_ID if organization_id else ORGANIZATION_BY_NAME
        rows = await (await connection.execute(query, {"id": organization_id, "name": wanted})).fetchall()
        return [Organization(row["id"], row["name"]) for row in rows]

    found = await database.read(unit)
    if len(found) == 1:
        return found[0]
    if len(found) > 1:
        raise UnknownOrganization("More than one organisation has that name.", f"Use its id: {_listed(found)}")
    if organization_id and not await has_directory(database):
        return Organization(organization_id, None)
    known = await list_organizations(database)
    raise UnknownOrganization(
        "No organisation has that id or name.",
        f"Known are: {_listed(known)}" if known else "There is none yet: give its id, a UUID.",
    )


def _listed(organizations: list[Organization], most: int = 20) -> str:
    names = [f"{one.id} ({one.name})" if one.name else str(one.id) for one in organizations[:most]]
    rest = len(organizations) - most
    return ", ".join(names) + (f", and {rest} more" if rest > 0 else "")
