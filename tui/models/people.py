"""Organisations, people, and what a login is taken for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from uuid import UUID


class Organization(NamedTuple):
    """An organisation; `name` is None where nobody has given it one."""

    id: UUID
    name: str | None


class Person(NamedTuple):
    """A row of switchboard.visible_people."""

    id: UUID
    email: str | None
    name: str | None
    organization_id: UUID | None
    is_active: bool


class Login(NamedTuple):
    """What the database takes the session's login for.

    `person` is whom it is mapped to; `vouches` is whether it speaks for others, whom the client names. `organizations`
    are those whose rows it sees, None where it sees everything. `database_has_logins` is whether any login was ever
    mapped there: before that nobody's name is proven. `is_known` is whether the directory has the person still.
    """

    name: str
    person: Person | None
    vouches: bool
    organizations: tuple[UUID, ...] | None
    database_has_logins: bool
    is_known: bool = True

    def sees(self, organization_id: UUID) -> bool:
        """Whether the rows of an organisation are there for this login."""
        return self.organizations is None or organization_id in self.organizations
