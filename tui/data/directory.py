"""Who is who: organisations, people, and the operator at the console."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from psycopg.rows import class_row

from tui.data.directory_source import DIRECTORY_SOURCES, Source
from tui.data.postgres.like_patterns import containing, escaped
from tui.errors import InvalidInput, UnknownOrganization, UnknownPerson
from tui.models.people import Organization, Person
from tui.words.people.organizations import organization_in_full
from tui.words.people.scope import in_sight
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tui.data.postgres.database import Connection, Database
    from tui.models.people import Login

# Those whose name begins with what is typed come first. A blank name is none: views may have been replaced.
ORGANIZATIONS = """
select o.id, o.name from (select id, nullif(btrim(name), '') as name from switchboard.visible_organizations) as o
 where not exists (select from unnest(%(patterns)s::text[]) as w (pattern)
                    where coalesce(o.name, '') || ' ' || o.id::text not ilike w.pattern)
 order by coalesce(o.name ilike %(start)s, false) desc, o.name nulls last, o.id limit %(limit)s
"""
ORGANIZATIONS_BY_ID = """
select id, nullif(btrim(name), '') as name from switchboard.visible_organizations where id = any (%(ids)s)
"""
ORGANIZATION_BY_NAME = """
select id, name from switchboard.visible_organizations where lower(name) = lower(%(name)s) order by id limit 3
"""
ORGANIZATIONS_BEGINNING = """
select id, nullif(btrim(name), '') as name from switchboard.visible_organizations
 where name ilike %(start)s or id::text ilike %(start)s order by name nulls last, id limit %(limit)s
"""
# Where an organisation stays in use although the directory has dropped it. A role reads not all of them.
TABLES_OF_ORGANIZATIONS = """
select t.name
  from (values ('integration_credentials'), ('organization_phone_numbers'), ('integration_audit_logs')) as t (name)
 where pg_catalog.has_column_privilege('public.' || t.name, 'organization_id', 'select')
"""
IN_USE = "(select 1 from public.{} where organization_id = %(id)s limit 1)"
NAME_ORGANIZATION = """
insert into switchboard.organization_labels (id, name) values (%(id)s, %(name)s)
on conflict (id) do update set name = excluded.name
"""
PEOPLE = "select id, email, name, organization_id, is_active from switchboard.visible_people"
PERSON_BY_ID = f"{PEOPLE} where id = %(id)s"
PERSON_BY_EMAIL = f"{PEOPLE} where lower(email) = lower(%(email)s) order by is_active desc, id limit 2"
PEOPLE_BY_ID = f"{PEOPLE} where id = any (%(ids)s)"

# Active people first, so that a name typed in part finds whoever it is meant for.
SEARCH_PEOPLE = """
select id, email, name, organization_id, is_active
  from (select id, email, nullif(btrim(name), '') as name, organization_id, is_active
          from switchboard.visible_people) as p
 where (organization_id = %(organization_id)s or organization_id is null)
   and (%(pattern)s = '%%' or name ilike %(pattern)s or email ilike %(pattern)s or id::text ilike %(pattern)s)
 order by is_active desc, lower(coalesce(name, email, id::text)), id limit %(limit)s
"""

DROPPED = "no longer in the directory"
"""The name of an organisation that other programs have deleted and whose integrations or log are still here."""

LISTED_ORGANIZATIONS = 1_000
FOUND_ORGANIZATIONS = 200
SHOWN_ORGANIZATIONS = 20
"""As many as a sentence names."""

FOUND_PEOPLE = 200


async def list_organizations(
    database: Database, text: str = "", limit: int = LISTED_ORGANIZATIONS
) -> list[Organization]:
    """Return the organisations this login may see whose name or id has each word of `text` in it, by name."""
    words = " ".join(text.split())
    values = {
        "patterns": [containing(word) for word in words.split()],
        "start": f"{escaped(words)}%",
        "limit": limit,
    }
    return await database.fetch_all(ORGANIZATIONS, values, row_factory=class_row(Organization))


async def organizations_called(database: Database, name: str) -> list[Organization]:
    """Return the organisations of exactly that name, in any case; at most three."""
    return await database.fetch_all(ORGANIZATION_BY_NAME, {"name": name}, row_factory=class_row(Organization))


async def organizations_by_id(database: Database, ids: Iterable[UUID]) -> dict[UUID, str | None]:
    """Return those of the organisations that are known, and what they are called."""
    rows = await database.fetch_all(ORGANIZATIONS_BY_ID, {"ids": list(set(ids))})
    return {row["id"]: row["name"] for row in rows}


async def directory_sources(database: Database) -> dict[str, Source]:
    """Return what the views "organizations" and "people" are made of."""
    sources = await database.fetch_all(DIRECTORY_SOURCES, row_factory=class_row(Source))
    return {source.view_name: source for source in sources}


async def resolve_organization(
    database: Database, id_or_name: str | None, *, may_be_short: bool = False
) -> Organization:
    """Return the organisation meant by an id or a name; None means the only one there is.

    Where there is a directory an unknown one is an error, unless its id is in use; else any UUID is accepted. With
    `may_be_short` the beginning of a name or an id will do where it is one organisation's alone.
    Raises UnknownOrganization, which lists the ones to choose from.
    """
    if id_or_name is None:
        organizations = await list_organizations(database, limit=SHOWN_ORGANIZATIONS + 1)
        if not organizations and database.login is not None:
            # Nobody has named those that the login is for.
            organizations = [Organization(id_, None) for id_ in database.login.organizations or ()]
        if len(organizations) == 1:
            return organizations[0]
        if not organizations:
            way_on = await _advice(database, "Name one with --organization and its id (a UUID).")
            raise UnknownOrganization(*_no_organization(database.login, way_on))
        raise UnknownOrganization(
            "There is more than one organisation.",
            f"Choose one with --organization or SWITCHBOARD_ORGANIZATION: {_list_names(organizations)}",
        )
    return await _resolve_id_or_name(database, id_or_name, may_be_short=may_be_short)


async def name_organization(database: Database, organization_id: UUID, name: str) -> None:
    """Keep a name for an organisation that no other table names."""
    if not name.strip():
        raise InvalidInput("The name of the organisation is empty.", "Type the name people know it by.")
    await database.execute(NAME_ORGANIZATION, {"id": organization_id, "name": name.strip()})


async def has_directory(database: Database) -> bool:
    """Whether organisations come from another program, so that Switchboard cannot add one."""
    return not (await directory_sources(database))["organizations"].is_labelled


async def people_are_labelled(database: Database) -> bool:
    """Whether there is no directory of people, so that they are ids that were typed and given a label here."""
    return (await directory_sources(database))["people"].is_labelled


async def find_person(database: Database, id_or_email: str) -> Person:
    """Return the person with that id or e-mail (in any case). Raises UnknownPerson.

    Where the database has no directory of people any id is somebody.
    """
    try:
        return await known_person(database, id_or_email)
    except UnknownPerson:
        person_id = parse_uuid(id_or_email)
        if person_id is None or not await people_are_labelled(database):
            raise
        return Person(person_id, None, None, None, True)


async def known_person(database: Database, id_or_email: str) -> Person:
    """Return the person of the directory, or with a label, who has that id or e-mail. Raises UnknownPerson."""
    person_id = parse_uuid(id_or_email)
    query = PERSON_BY_ID if person_id else PERSON_BY_EMAIL
    people = await database.fetch_all(query, {"id": person_id, "email": id_or_email}, row_factory=class_row(Person))
    if not people:
        note = (await directory_sources(database))["people"].note or ()
        raise UnknownPerson(
            f"No person{in_sight(database.login)} has that id or e-mail.",
            " ".join((*note, "Check the spelling; ids are UUIDs.")),
        )
    if len(people) > 1 and person_id is None:
        raise UnknownPerson("More than one person has that e-mail.", "Use the id of the one you mean.")
    return people[0]


async def people_by_id(database: Database, ids: Iterable[UUID]) -> dict[UUID, Person]:
    """Return those of the people that the directory knows."""
    unique_ids = list(set(ids))
    if not unique_ids:
        return {}
    people = await database.fetch_all(PEOPLE_BY_ID, {"ids": unique_ids}, row_factory=class_row(Person))
    return {person.id: person for person in people}


async def search_people(
    database: Database, organization_id: UUID, text: str, limit: int = FOUND_PEOPLE
) -> list[Person]:
    """Return people of the organisation whose name, e-mail or id contains `text`; people without one belong to all.

    A whole id is a person too where nothing is found: there may be no directory, and then people are added by id.
    """
    query = text.strip()
    pattern = containing(query) if query else "%"
    values = {"organization_id": organization_id, "pattern": pattern, "limit": limit}
    people = await database.fetch_all(SEARCH_PEOPLE, values, row_factory=class_row(Person))
    person_id = parse_uuid(query)
    if not people and person_id is not None:
        return [Person(person_id, None, None, None, True)]
    return people


def parse_uuid(text: str) -> UUID | None:
    """Return the UUID written there in its usual form, or None."""
    try:
        parsed = UUID(text.strip())
    except ValueError:
        return None
    return parsed if len(text.strip()) >= 32 else None


async def _resolve_id_or_name(database: Database, id_or_name: str, *, may_be_short: bool) -> Organization:
    organization_id = parse_uuid(id_or_name)
    if organization_id is not None:
        login = database.login
        if login is not None and not login.sees(organization_id):
            # Whether there is such a one is not said either.
            names = await organizations_by_id(database, login.organizations or ())
            seen = [Organization(id_, names.get(id_)) for id_ in login.organizations or ()]
            raise UnknownOrganization(
                f"The login {safe_text(login.name, 63)} sees no organisation of that id.",
                f"It sees {_list_names(seen)}.",
            )
        names = await organizations_by_id(database, [organization_id])
        if organization_id in names or not await has_directory(database):
            return Organization(organization_id, names.get(organization_id))
    matches = await organizations_called(database, id_or_name)
    if len(matches) == 1:
        return matches[0]
    if len(matches) > 1:
        raise UnknownOrganization("More than one organisation has that name.", f"Use its id: {_list_names(matches)}")
    if organization_id is not None:
        if await _is_in_use(database, organization_id):
            return Organization(organization_id, DROPPED)
        raise UnknownOrganization(
            "No organisation has that id, and nothing here belongs to it.", "Check it; a part of the name is enough."
        )
    if may_be_short and (begun := await _organizations_beginning(database, id_or_name)):
        if len(begun) == 1:
            return begun[0]
        raise UnknownOrganization(
            "More than one organisation begins with that.", f"Give more of its name or id: {_list_names(begun)}"
        )
    similar = await list_organizations(database, id_or_name, SHOWN_ORGANIZATIONS + 1)
    shown = similar or await list_organizations(database, limit=SHOWN_ORGANIZATIONS + 1)
    choices = f"{'Like it are' if similar else 'Known are'}: {_list_names(shown)}"
    raise UnknownOrganization(
        f"No organisation{in_sight(database.login)} has that id or name.",
        choices if shown else await _advice(database, "There is none yet: give its id, a UUID."),
    )


def _no_organization(login: Login | None, otherwise: str) -> tuple[str, str]:
    """Return why there is none to choose, and what to do; `otherwise` where the login sees them all."""
    if login is None or login.organizations is None:
        return "There is no organisation yet.", otherwise
    name = safe_text(login.name, 63)
    return f"The login {name} sees no organisation.", "Have an administrator say which: `switchboard access edit`."


async def _organizations_beginning(database: Database, text: str) -> list[Organization]:
    values = {"start": f"{escaped(text.strip())}%", "limit": SHOWN_ORGANIZATIONS + 1}
    return await database.fetch_all(ORGANIZATIONS_BEGINNING, values, row_factory=class_row(Organization))


async def _is_in_use(database: Database, organization_id: UUID) -> bool:
    async def unit(connection: Connection) -> bool:
        tables = [row["name"] for row in await (await connection.execute(TABLES_OF_ORGANIZATIONS)).fetchall()]
        query = " union all ".join(IN_USE.format(table) for table in tables)
        return bool(tables) and bool(await (await connection.execute(query, {"id": organization_id})).fetchall())

    return await database.read(unit)


async def _advice(database: Database, otherwise: str) -> str:
    """Return what to do where there is no organisation, beginning with a table that looks as if it had some."""
    note = (await directory_sources(database))["organizations"].note
    return otherwise if note is None else f"{note[0]} {otherwise}"


def _list_names(organizations: list[Organization]) -> str:
    names = [
        organization_in_full(organization.id, organization.name) for organization in organizations[:SHOWN_ORGANIZATIONS]
    ]
    return ", ".join(names) + (" and more" if len(organizations) > SHOWN_ORGANIZATIONS else "")
