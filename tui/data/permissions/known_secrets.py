"""Which secrets somebody knows, by the log: who revealed, copied, lent or typed one that was not changed since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.data.permissions.secret_changes import CredentialChange, standing_of

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from tui.data.postgres.database import Connection

# Whoever typed a secret knows it as well, or had it lent to a program of theirs; whoever rotated the master key or went
# back to a kept version typed nothing.
# A row of the log without names of fields is about all of them: ''. What was removed from the log is in openings, by
# the same conditions (switchboard.keep_openings, sql/020_archive.sql).
KNOWN = """
with seen as (
  select l.integration_type, left(coalesce(f.name, ''), 200) as field, l.created_at as at, 1 as times,
         case l.action when 'credential_revealed' then 'revealed' when 'credential_copied' then 'copied'
                       when 'credential_lent' then 'lent' else 'typed' end as kind,
         coalesce(l.details ->> 'operator_from' = 'login', false) as proven
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
  union all
  select o.integration_type, o.subject, o.at, o.times, o.kind, o.proven from switchboard.openings as o
   where o.user_id = %(user_id)s and o.organization_id = %(organization_id)s
     and o.kind in ('revealed', 'copied', 'lent', 'typed')
), known as (
  select s.integration_type, s.field, max(s.at) as last_at, sum(s.times)::bigint as times,
         array_agg(s.at) filter (where s.at is not null) as known_at,
         bool_or(s.kind = 'revealed') as revealed, bool_or(s.kind = 'copied') as copied,
         bool_or(s.kind = 'lent') as lent, bool_or(s.kind = 'typed') as typed, bool_or(s.proven) as proven
    from seen as s
   group by s.integration_type, s.field)
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
union all
select o.integration_type, o.details ->> 'action', o.at, o.details ->> 'kept_at', o.details ->> 'version_kind',
       o.details -> 'fields'
  from switchboard.openings as o
 where o.organization_id = %(organization_id)s and o.integration_type = any (%(types)s) and o.kind = 'changed'
 order by moment
"""


@dataclass(frozen=True, slots=True)
class KnownSecret:
    """A field of a credential that the person has seen; `field` is '' where the log names none.

    `proven` says that a login of the person's own did it, at least once, and not only a client that claimed to be them.
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
    proven: bool
    changed_at: datetime | None
    perhaps_changed_at: datetime | None
    live_again_at: datetime | None

    @property
    def to_be_rotated(self) -> bool:
        """Whether no change since is known."""
        return self.changed_at is None


async def known_secrets(connection: Connection, organization_id: UUID, user_id: UUID) -> tuple[KnownSecret, ...]:
    """Return what somebody knows of an organisation's credentials, by type and field. Raises psycopg.Error."""
    values: dict[str, Any] = {"organization_id": organization_id, "user_id": user_id}
    known = await (await connection.execute(KNOWN, values)).fetchall()
    if not known:
        return ()
    types = list({row["integration_type"] for row in known})
    return _secrets(known, await (await connection.execute(CHANGES, values | {"types": types})).fetchall())


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
