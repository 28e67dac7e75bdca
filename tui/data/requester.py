"""Whose request it is: the person of a token in the directory, their organisation, and what they may do there."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from psycopg.rows import class_row

from tui.data.postgres.operator_settings import name_operator
from tui.errors import PermissionDenied
from tui.models.people import Organization, Person

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.data.postgres.database import Connection, Database

ROWS = """
select id, email, name, organization_id, coalesce(is_active, true) as is_active from switchboard.visible_people
 where id = %(id)s
"""
# In one round trip.
REQUEST = """
select q.person, q.organization, switchboard.request_administers() as administers,
       (select min(o.name) from switchboard.visible_organizations as o where o.id = q.organization) as name,
       coalesce((select jsonb_agg(to_jsonb(r)) from switchboard.request_rights() as r), '[]') as rights
  from switchboard.request_person() as q
"""


ASK_ADMINISTRATOR = "Ask an administrator of Switchboard."


class IntegrationRights(NamedTuple):
    """What somebody may do with one integration."""

    can_view: bool
    can_configure: bool


NOTHING = IntegrationRights(can_view=False, can_configure=False)


class Requester(NamedTuple):
    """A person in their organisation, with their rights by the integration's id; administrators have all of them."""

    person: Person
    organization: Organization
    administers: bool
    rights: Mapping[UUID, IntegrationRights]

    def rights_on(self, integration_id: UUID | None) -> IntegrationRights:
        """Return the rights on an integration; what belongs to none is for administrators."""
        if self.administers:
            return IntegrationRights(can_view=True, can_configure=True)
        return self.rights.get(integration_id, NOTHING) if integration_id is not None else NOTHING


async def find_requester(database: Database, claimed_organization: UUID | None) -> Requester:
    """Find the operator of `database` in the directory, and what they may do.

    The organisation is the directory's. Where that has none of the person, or several, it is the one that was claimed,
    of several one of them. Raises PermissionDenied where it is nobody who is active, or no organisation that they and
    the login have.
    """
    operator = database.operator

    async def unit(connection: Connection) -> Requester:
        cursor = connection.cursor(row_factory=class_row(Person))
        rows = await (await cursor.execute(ROWS, {"id": operator.user_id})).fetchall()
        organization_id = _organization_of(rows, claimed_organization)
        await name_operator(connection, operator._replace(request_organization=organization_id))
        request = await (await connection.execute(REQUEST)).fetchone()
        if request is None or (request["person"], request["organization"]) != (operator.user_id, organization_id):
            raise PermissionDenied("This server does not see your organisation.", ASK_ADMINISTRATOR)
        rights = {
            UUID(right["integration_id"]): IntegrationRights(right["can_view"], right["can_configure"])
            for right in request["rights"]
        }
        person = next(row for row in rows if row.organization_id in (organization_id, None))
        organization = Organization(organization_id, request["name"])
        return Requester(person, organization, request["administers"], rights)

    return await database.read(unit)


def _organization_of(rows: list[Person], claimed: UUID | None) -> UUID:
    """Return the organisation of somebody who may have several rows in the directory."""
    if not rows:
        raise PermissionDenied("You are not in the directory of this database.", ASK_ADMINISTRATOR)
    if not all(row.is_active for row in rows):
        raise PermissionDenied("You are not active in the directory of this database.", ASK_ADMINISTRATOR)
    listed = {row.organization_id for row in rows if row.organization_id is not None}
    if len(listed) == 1:
        (organization,) = listed
        return organization
    if claimed is None or (listed and claimed not in listed):
        raise PermissionDenied(
            "Neither the directory nor your token says which organisation you belong to.",
            "Sign in for one organisation: its id is app_metadata.organization_id of the token.",
        )
    return claimed
