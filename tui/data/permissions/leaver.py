"""The leaver report: the logins that are somebody's, what they can reach, and which secrets they know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.data.access.logins import list_logins
from tui.data.directory import organizations_by_id
from tui.data.login import MY_LOGIN, login_of
from tui.data.permissions.effective import access_of_person
from tui.data.permissions.known_secrets import known_secrets
from tui.data.permissions.staging import Staged
from tui.data.permissions.values import Cell
from tui.models.people import Organization

if TYPE_CHECKING:
    from uuid import UUID

    from tui.data.access.logins import Login
    from tui.data.permissions.effective import EffectiveAccess
    from tui.data.permissions.known_secrets import KnownSecret
    from tui.data.permissions.listing import Holder
    from tui.data.postgres.database import Connection, Database

# What was removed from the log is in openings, of nobody under the nil UUID.
UNATTRIBUTED = """
select (select count(*) from public.integration_audit_logs as l
         where l.action in ('credential_revealed', 'credential_copied', 'credential_lent')
           and l.organization_id = %(organization_id)s and l.user_id is null)
     + (select coalesce(sum(o.times), 0)::bigint from switchboard.openings as o
         where o.kind in ('revealed', 'copied', 'lent') and o.organization_id = %(organization_id)s
           and o.user_id = '00000000-0000-0000-0000-000000000000') as openings
"""
NUMBERS = """
select n.id, n.phone_number from public.organization_phone_numbers as n
 where n.assigned_to_user_id = %(user_id)s and n.organization_id = %(organization_id)s order by n.phone_number
"""
ELSEWHERE = """
select c.organization_id as id from public.user_integration_permissions as p
  join public.integration_credentials as c on c.id = p.integration_id where p.user_id = %(user_id)s
 union select n.organization_id from public.organization_phone_numbers as n where n.assigned_to_user_id = %(user_id)s
 union select l.organization_id from public.integration_audit_logs as l
        where l.user_id = %(user_id)s and l.status = 'success'
          and l.action in ('credential_revealed', 'credential_copied', 'credential_lent', 'credential_created',
                           'credential_updated')
 union select o.organization_id from switchboard.openings as o where o.user_id = %(user_id)s
except select %(organization_id)s::uuid
 order by id
"""
# A schema before 016 has no logins.
MAY_ASK = """
select to_regclass('switchboard.logins') is not null as has_them,
       coalesce(has_function_privilege(to_regprocedure('switchboard.my_login()'), 'execute'), false) as may_ask,
       coalesce(has_table_privilege(to_regclass('switchboard.logins'), 'select'), false) as may_list,
       coalesce(has_function_privilege(to_regprocedure('switchboard.remove_login(text)'), 'execute'), false)
           as may_remove
"""


@dataclass(frozen=True, slots=True)
class AssignedNumber:
    """A phone number that the person has."""

    id: UUID
    phone_number: str


@dataclass(frozen=True, slots=True)
class Holdings:
    """What one person holds in one organisation, and which of its secrets they know.

    `unattributed` counts openings of secrets by consoles that named no person: one of them may have been this one. What
    was read past Switchboard, with the master key and a login of one's own, is in no log.
    """

    organization: Organization
    access: tuple[EffectiveAccess, ...]
    numbers: tuple[AssignedNumber, ...]
    secrets: tuple[KnownSecret, ...]
    unattributed: int

    @property
    def given(self) -> tuple[EffectiveAccess, ...]:
        """The permissions that give a right, expired or not."""
        return tuple(entry for entry in self.access if entry.access.rights)

    @property
    def is_held_now(self) -> bool:
        """Whether one of them has not expired."""
        return any(not entry.access.is_expired(entry.now) for entry in self.given)

    def staged_revokes(self) -> Staged:
        """Return the revoke of each permission, as changes that are staged."""
        staged = Staged(self.organization.id)
        for entry in self.access:
            if entry.grant is not None:
                staged.revoke([Cell(entry.grant.user_id, entry.grant.integration_id, entry.grant)], entry.now)
        return staged


@dataclass(frozen=True, slots=True)
class LeaverLogins:
    """The logins that are one person's, as far as the present login sees them; removed ones too.

    `is_told` says whether the present role may see whose logins there are, `may_remove` whether it may remove any.
    `own` is the login of the present session, and `has_any` whether any login of this database is a person.
    """

    found: tuple[Login, ...] = ()
    is_told: bool = False
    may_remove: bool = False
    own: str = ""
    has_any: bool = False

    @property
    def mapped(self) -> tuple[Login, ...]:
        """Those that were not removed."""
        return tuple(login for login in self.found if login.is_mapped)

    @property
    def to_remove(self) -> tuple[Login, ...]:
        """Those that the present login can remove, or has to once more: not its own."""
        removable = (login for login in self.found if login.is_removable and login.login != self.own)
        return tuple(removable) if self.may_remove else ()


@dataclass(frozen=True, slots=True)
class LeaverReport:
    """What one person could reach and knows, in the organisation that is looked at and in each other one.

    `is_whole` is False where the present login sees a part of the organisations: there may be more in the others.
    """

    person: Holder
    here: Holdings
    elsewhere: tuple[Holdings, ...]
    logins: LeaverLogins
    is_whole: bool

    @property
    def holdings(self) -> tuple[Holdings, ...]:
        """Those of all organisations, the one that is looked at first."""
        return (self.here, *self.elsewhere)

    @property
    def has_anything_to_take(self) -> bool:
        """Whether there is a permission, a number or a login that can be taken."""
        return bool(self.logins.to_remove) or any(
            holdings.numbers or len(holdings.staged_revokes()) for holdings in self.holdings
        )


async def leaver_report(database: Database, organization: Organization, person: Holder) -> LeaverReport:
    """Return the report on one person. Raises PermissionDenied where the role may not read one of its parts."""
    logins, is_whole = await _logins_of(database, person.id)
    values = {"user_id": person.id, "organization_id": organization.id}
    # The log has rows of no organisation, with an id that no organisation has.
    ids = [row["id"] for row in await database.fetch_all(ELSEWHERE, values) if row["id"] is not None and row["id"].int]
    names = await organizations_by_id(database, ids) if ids else {}
    others = [Organization(identifier, names.get(identifier)) for identifier in ids]
    here, *elsewhere = [await _holdings(database, each, person.id) for each in (organization, *others)]
    return LeaverReport(
        person,
        here,
        tuple(holdings for holdings in elsewhere if holdings.given or holdings.numbers or holdings.secrets),
        logins,
        is_whole,
    )


async def _holdings(database: Database, organization: Organization, user_id: UUID) -> Holdings:
    access = await access_of_person(database, organization.id, user_id)

    async def unit(connection: Connection) -> Holdings:
        values = {"organization_id": organization.id, "user_id": user_id}
        numbers = await (await connection.execute(NUMBERS, values)).fetchall()
        unattributed = await (await connection.execute(UNATTRIBUTED, values)).fetchone()
        return Holdings(
            organization,
            access,
            tuple(AssignedNumber(**row) for row in numbers),
            await known_secrets(connection, organization.id, user_id),
            unattributed["openings"] if unattributed else 0,
        )

    return await database.read(unit)


async def _logins_of(database: Database, user_id: UUID) -> tuple[LeaverLogins, bool]:
    """Return the person's logins, and whether the present login sees every organisation."""
    asked: dict[str, Any] = await database.fetch_one(MAY_ASK) or {}
    if not asked["may_ask"]:
        return LeaverLogins(), not asked["has_them"]
    # Asked anew: what the login sees may have changed since the start.
    mine = login_of((await database.fetch_one(f"select {MY_LOGIN} as told") or {}).get("told"))
    if mine is None:
        raise AssertionError("whoever may call the function gets a row")
    is_whole = mine.organizations is None
    if not asked["may_list"]:
        return LeaverLogins(has_any=mine.database_has_logins), is_whole
    found = tuple(login for login in await list_logins(database) if login.user_id == user_id)
    return LeaverLogins(found, True, asked["may_remove"] and is_whole, mine.name, mine.database_has_logins), is_whole
