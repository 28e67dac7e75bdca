"""The logins that are mapped in this database: who each is, what it may see, and whether that still holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from psycopg.rows import class_row, scalar_row

from tui.data.access.roles import ACCESS_ROLES, AccessRole, group_of
from tui.data.directory import directory_sources, known_person, organizations_by_id, people_by_id
from tui.data.postgres.failures.login_refusals import login_refusal
from tui.errors import UnknownPerson
from tui.models.people import Organization

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from tui.data.postgres.database import Database
    from tui.models.people import Person

LoginState = Literal[
    "alive",
    "removed",
    "removed_open",
    "removed_in_group",
    "role_gone",
    "role_renamed",
    "role_remade",
    "no_login",
    "person_inactive",
    "password_expired",
    "not_in_group",
    "in_other_group",
]

GIVE_A_NAME = "Run `switchboard permissions grant` with --label NAME first, then give that id."

LOGINS = """
select l.login::text as login, l.user_id, l.label, l.role, l.sees_all, l.speaks_for_others, l.note, l.added_by,
       l.added_at, l.removed_at, r.rolname::text as role_name,
       exists (select from pg_roles as other where other.rolname = l.login) as has_name,
       coalesce(r.rolcanlogin, false) as can_login,
       case when isfinite(r.rolvaliduntil) then r.rolvaliduntil end as expires_at,
       coalesce(r.rolvaliduntil <= now(), false) as is_expired, nullif(r.rolconnlimit, -1) as connection_limit,
       array(select o.organization_id from switchboard.login_organizations as o where o.login = l.login
              order by o.organization_id) as organization_ids,
       array(select g.rolname::text from pg_roles as g
              where g.rolname = any (%(groups)s) and pg_has_role(r.oid, g.oid, 'USAGE')) as groups,
       (select count(*) from pg_stat_activity as a where a.usesysid = l.login_oid) as sessions
  from switchboard.logins as l left join pg_roles as r on r.oid = l.login_oid
 where %(login)s::text is null or l.login = %(login)s
 order by l.removed_at is not null, lower(l.login::text), l.login
"""
CANDIDATES = """
select r.rolname::text as name from pg_roles as r
 where r.rolcanlogin and r.rolname !~ '^pg_' and switchboard.login_refusal(r.rolname::text) is null
 order by r.rolname limit %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Login:
    """A row of switchboard.logins, with the person, the organisations and the role of the server that it is about.

    `role_name` is what the role is called now, None where it was dropped; whoever logs in with one that was renamed is
    nobody here. `person` is None where the directory does not know `user_id`. `can_log_in` is whether the server lets
    the role in, that of a removed login too until somebody has closed it. `expires_at` is when the password ends.
    """

    login: str
    user_id: UUID | None
    label: str | None
    person: Person | None
    role: AccessRole
    sees_all: bool
    speaks_for_others: bool
    organizations: tuple[Organization, ...]
    note: str | None
    added_by: str
    added_at: datetime
    removed_at: datetime | None
    state: LoginState
    expires_at: datetime | None
    connection_limit: int | None
    sessions: int
    role_name: str | None
    can_log_in: bool

    @property
    def is_mapped(self) -> bool:
        """Whether it was not removed."""
        return self.removed_at is None

    @property
    def has_its_role(self) -> bool:
        """Whether the server has its role, under its name."""
        return self.role_name == self.login

    @property
    def is_removable(self) -> bool:
        """Whether there is anything left to remove: also where a part of an earlier removal was left to others."""
        return self.is_mapped or self.state in ("removed_open", "removed_in_group")


@dataclass(frozen=True, slots=True)
class _Row:
    login: str
    user_id: UUID | None
    label: str | None
    role: AccessRole
    sees_all: bool
    speaks_for_others: bool
    note: str | None
    added_by: str
    added_at: datetime
    removed_at: datetime | None
    role_name: str | None
    has_name: bool
    can_login: bool
    expires_at: datetime | None
    is_expired: bool
    connection_limit: int | None
    organization_ids: list[UUID]
    groups: list[str]
    sessions: int


async def list_logins(database: Database, login: str | None = None) -> list[Login]:
    """Return the logins that this one may see, or the one of that name: those in use by name, then the removed ones."""
    values: dict[str, Any] = {"login": login, "groups": [group_of(role) for role in ACCESS_ROLES]}
    rows = await database.fetch_all(LOGINS, values, row_factory=class_row(_Row))
    people = await people_by_id(database, (row.user_id for row in rows if row.user_id))
    ids = {identifier for row in rows for identifier in row.organization_ids}
    names = await organizations_by_id(database, ids) if ids else {}
    return [_login(row, people.get(row.user_id) if row.user_id else None, names) for row in rows]


async def list_candidates(database: Database, limit: int) -> list[str]:
    """Return the names of roles of the server that could be made people here."""
    return await database.fetch_all(CANDIDATES, {"limit": limit}, row_factory=scalar_row)


async def find_login(database: Database, login: str, *, or_half_removed: bool = False) -> Login:
    """Return a login that was not removed; where that is asked for, one that was in part. Raises InvalidInput."""
    for found in await list_logins(database, login):
        if found.is_mapped or (or_half_removed and found.is_removable):
            return found
    error, sentence, what_to_do = login_refusal("not_mapped")
    raise error(sentence, what_to_do)


async def find_person_to_map(database: Database, id_or_email: str) -> Person:
    """Return the person with that id or e-mail. Raises UnknownPerson, also for an id without a name."""
    try:
        return await known_person(database, id_or_email)
    except UnknownPerson as unknown:
        source = (await directory_sources(database))["people"]
        if not source.is_labelled:
            raise
        raise UnknownPerson(
            "This database has no directory of people: somebody is an id that was given a name with a permission.",
            " ".join((*(source.note or ()), GIVE_A_NAME)),
        ) from unknown


def _login(row: _Row, person: Person | None, names: dict[UUID, str | None]) -> Login:
    return Login(
        login=row.login,
        user_id=row.user_id,
        label=row.label,
        person=person,
        role=row.role,
        sees_all=row.sees_all,
        speaks_for_others=row.speaks_for_others,
        organizations=tuple(Organization(identifier, names.get(identifier)) for identifier in row.organization_ids),
        note=row.note,
        added_by=row.added_by,
        added_at=row.added_at,
        removed_at=row.removed_at,
        state=_state(row, person),
        expires_at=row.expires_at,
        connection_limit=row.connection_limit,
        sessions=row.sessions,
        role_name=row.role_name,
        can_log_in=row.can_login,
    )


def _state(row: _Row, person: Person | None) -> LoginState:
    """The first reason against a login, those before which nothing else matters first."""
    group = group_of(row.role)
    is_removed = row.removed_at is not None
    reasons: dict[LoginState, bool] = {
        "removed_open": is_removed and row.can_login,
        "removed_in_group": is_removed and bool(row.groups),
        "removed": is_removed,
        "role_renamed": row.role_name is not None and row.role_name != row.login,
        "role_remade": row.role_name is None and row.has_name,
        "role_gone": row.role_name is None,
        "no_login": not row.can_login,
        "person_inactive": row.user_id is not None and (person is None or not person.is_active),
        "password_expired": row.is_expired,
        "not_in_group": group not in row.groups,
        "in_other_group": bool(set(row.groups) - {group}),
    }
    return next((state for state, holds in reasons.items() if holds), "alive")
