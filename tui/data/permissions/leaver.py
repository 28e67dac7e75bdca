"""The leaver report: what somebody can reach, and which secrets they know that were not changed since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.data.permissions.effective import access_of_person
from tui.data.permissions.secret_changes import CredentialChange, standing_of
from tui.data.permissions.staging import Staged
from tui.data.permissions.values import Cell
from tui.data.rights import holds_any_right_now

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from tui.data.permissions.effective import EffectiveAccess
    from tui.data.permissions.listing import Holder
    from tui.data.postgres.database import Connection, Database

# Whoever typed a secret knows it as well, or had it lent to a program of theirs; whoever rotated the master key or went
# back to a kept version typed nothing.
# A row of the log without names of fields is about all of them: ''.
KNOWN = """
with known as (
  select l.integration_type, left(f.name, 200) as field, max(l.created_at) as last_at, count(*) as times,
         array_agg(l.created_at) filter (where l.created_at is not null) as known_at,
         bool_or(l.action = 'credential_revealed') as revealed, bool_or(l.action = 'credential_copied') as copied,
         bool_or(l.action = 'credential_lent') as lent,
         bool_or(l.action in ('credential_created', 'credential_updated')) as typed
    from public.integration_audit_logs as l
   cross join lateral jsonb_array_elements_text(
           case when jsonb_typeof(l.details -> 'fields') = 'array' then l.details -> 'fields' else '[""]' end
         ) as f (name)
   where l.user_id = %(user_id)s and l.organization_id = %(organization_id)s and l.status = 'success'
     and (l.action in ('credential_revealed', 'credential_copied', 'credential_lent')
          or l.details ->> 'source' = 'trigger'
             and (l.action = 'credential_created'
                  or l.action = 'credential_updated' and l.details -> 'envelope' ->> 'changed' = 'true'
                     and l.details ->> 'rotation' is distinct from 'true'))
   group by l.integration_type, left(f.name, 200))
select k.*, c.id as integration_id
  from known as k
  left join public.integration_credentials as c
    on c.organization_id = %(organization_id)s and c.integration_type = k.integration_type
 order by k.integration_type, k.field
"""
# A rotation writes the same secrets under another key.
CHANGES = """
select l.integration_type, l.action, l.created_at as moment, l.details ->> 'kept_at' as kept_at,
       l.details ->> 'version_kind' as version_kind,
       case when jsonb_typeof(l.details -> 'fields') = 'array' then l.details -> 'fields' end as fields
  from public.integration_audit_logs as l
 where l.organization_id = %(organization_id)s and l.integration_type = any (%(types)s)
   and l.action in ('credential_created', 'credential_updated', 'credential_enabled', 'credential_disabled',
                    'credential_rolled_back', 'credential_restored')
   and l.details ->> 'source' = 'trigger' and l.created_at is not null
   and (l.action in ('credential_created', 'credential_restored') or l.details -> 'envelope' ->> 'changed' = 'true')
   and l.details ->> 'rotation' is distinct from 'true'
 order by l.created_at
"""
UNATTRIBUTED = """
select count(*) as openings from public.integration_audit_logs as l
 where l.action in ('credential_revealed', 'credential_copied', 'credential_lent')
   and l.organization_id = %(organization_id)s and l.user_id is null
"""
NUMBERS = """
select n.id, n.phone_number from public.organization_phone_numbers as n
 where n.assigned_to_user_id = %(user_id)s and n.organization_id = %(organization_id)s order by n.phone_number
"""
ELSEWHERE = f"""
select count(distinct c.organization_id) as organizations from public.user_integration_permissions as p
  join public.integration_credentials as c on c.id = p.integration_id
 where p.user_id = %(user_id)s and c.organization_id <> %(organization_id)s
   and {holds_any_right_now("p")}
"""


@dataclass(frozen=True, slots=True)
class KnownSecret:
    """A field of a credential that the person has seen; `field` is '' where the log names none.

    `integration_id` is None where the integration was deleted since: the provider may still accept the secret.
    `changed_at` is when the field was changed after that, `perhaps_changed_at` when the credential was, without the
    log saying which of its fields: another program's change may have kept the secret. `live_again_at` is when a
    roll-back or a restore brought the secret back that had been changed.
    """

    integration_type: str
    integration_id: UUID | None
    field: str
    times: int
    last_at: datetime
    revealed: bool
    copied: bool
    lent: bool
    typed: bool
    changed_at: datetime | None
    perhaps_changed_at: datetime | None
    live_again_at: datetime | None

    @property
    def to_be_rotated(self) -> bool:
        """Whether no change since is known."""
        return self.changed_at is None


@dataclass(frozen=True, slots=True)
class AssignedNumber:
    """A phone number that the person has."""

    id: UUID
    phone_number: str


@dataclass(frozen=True, slots=True)
class LeaverReport:
    """What one person could reach in one organisation, and what they know.

    `other_organizations` counts organisations where they hold a permission too. `unattributed` counts openings of
    secrets by consoles that named no person: one of them may have been this one. What was read past Switchboard,
    with the master key and a login of one's own, is in no log.
    """

    person: Holder
    access: tuple[EffectiveAccess, ...]
    numbers: tuple[AssignedNumber, ...]
    secrets: tuple[KnownSecret, ...]
    other_organizations: int
    unattributed: int

    @property
    def phone_numbers(self) -> tuple[str, ...]:
        """The numbers as they are stored."""
        return tuple(number.phone_number for number in self.numbers)

    def staged_revokes(self, organization_id: UUID) -> Staged:
        """Return the revoke of each permission that the report lists, as changes that are staged."""
        staged = Staged(organization_id)
        for entry in self.access:
            if entry.grant is not None:
                staged.revoke([Cell(entry.grant.user_id, entry.grant.integration_id, entry.grant)], entry.now)
        return staged


async def leaver_report(database: Database, organization_id: UUID, person: Holder) -> LeaverReport:
    """Return the report on one person. Raises PermissionDenied where the role may not read one of its parts."""
    access = await access_of_person(database, organization_id, person.id)

    async def unit(connection: Connection) -> LeaverReport:
        values = {"organization_id": organization_id, "user_id": person.id}
        known = await (await connection.execute(KNOWN, values)).fetchall()
        types = list({row["integration_type"] for row in known})
        changes = await (await connection.execute(CHANGES, values | {"types": types})).fetchall() if types else []
        numbers = await (await connection.execute(NUMBERS, values)).fetchall()
        elsewhere = await (await connection.execute(ELSEWHERE, values)).fetchone()
        unattributed = await (await connection.execute(UNATTRIBUTED, values)).fetchone()
        return LeaverReport(
            person,
            access,
            tuple(AssignedNumber(**row) for row in numbers),
            _secrets(known, changes),
            elsewhere["organizations"] if elsewhere else 0,
            unattributed["openings"] if unattributed else 0,
        )

    return await database.read(unit)


def _secrets(known: list[dict[str, Any]], changes: list[dict[str, Any]]) -> tuple[KnownSecret, ...]:
    """Compare what was known with what became of it."""
    by_type: dict[str, list[CredentialChange]] = {}
    for row in changes:
        if row["moment"] is not None:
            by_type.setdefault(row["integration_type"], []).append(CredentialChange.of(row))
    secrets = []
    for row in known:
        moments = [moment for moment in row.pop("known_at") or () if moment is not None]
        standing = standing_of(row["field"], moments, by_type.get(row["integration_type"], []))
        secrets.append(KnownSecret(**row, **standing._asdict()))
    return tuple(secrets)
