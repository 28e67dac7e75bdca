"""The master keys that a database knows: how old each is, what is under it, and who still writes the legacy format."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from psycopg.rows import class_row

from tui.data.keys.envelopes import SB2_SHAPE
from tui.data.keys.gate import LEGACY_SHAPE

if TYPE_CHECKING:
    from tui.data.postgres.database import Database

# How far back programs that write legacy envelopes are looked for.
WRITERS_DAYS = 90
MOST_WRITERS = 20

KEYS = """
with envelopes as materialized (
  select split_part(c.credentials_encrypted, '.', 2) as key_id, 1 as credentials, 0 as versions
    from public.integration_credentials as c where c.credentials_encrypted ~ %(sb2)s
  union all
  select split_part(v.envelope, '.', 2), 0, 1
    from switchboard.credential_versions as v where v.envelope ~ %(sb2)s),
used as (select key_id, sum(credentials) as credentials, sum(versions) as versions from envelopes group by key_id)
select coalesce(k.key_id, u.key_id) as key_id, coalesce(k.state, 'not recorded') as state, k.created_at,
       extract(epoch from clock_timestamp() - k.created_at)::bigint / 86400 as days,
       coalesce(u.credentials, 0)::int as credentials, coalesce(u.versions, 0)::int as versions
  from (select * from switchboard.keys where purpose = 'master') as k full join used as u on u.key_id = k.key_id
 order by k.created_at desc nulls last, 1
"""
ACTIVE_DAYS = """
select extract(epoch from clock_timestamp() - created_at)::bigint / 86400 as days
  from switchboard.keys where purpose = 'master' and state = 'active'
"""
WITHOUT_KEY_ID = """
with envelopes as (
  select c.credentials_encrypted as envelope, true as is_credential from public.integration_credentials as c
  union all
  select v.envelope, false from switchboard.credential_versions as v),
shapes as (
  select is_credential, coalesce(envelope ~ %(legacy)s, false) as is_legacy from envelopes
   where (envelope ~ %(sb2)s) is not true)
select count(*) filter (where is_legacy and is_credential)::int as legacy_credentials,
       count(*) filter (where is_legacy and not is_credential)::int as legacy_versions,
       count(*) filter (where not is_legacy and is_credential)::int as malformed_credentials,
       count(*) filter (where not is_legacy and not is_credential)::int as malformed_versions
  from shapes
"""
ARCHIVED_BEFORE = "select switchboard.archived_before()"
LEGACY_WRITERS = """
select coalesce(nullif(l.user_agent, ''), '(no name)') as program, l.details ->> 'session_user' as login,
       count(*)::int as writes, max(l.created_at) as newest
  from public.integration_audit_logs as l
 where l.action in ('credential_created', 'credential_updated') and l.created_at > %(since)s
   and l.details -> 'envelope' ->> 'after' = 'legacy' and l.details ->> 'source' = 'trigger'
   and not l.details ? 'rotation'
 group by 1, 2 order by newest desc limit %(most)s
"""


class RecordedKey(NamedTuple):
    """A master key by its id: its state, since when it is recorded, and how many envelopes name it."""

    key_id: str
    state: str
    created_at: datetime | str | None
    days: int | None
    credentials: int
    versions: int


class LegacyWriter(NamedTuple):
    """A program that wrote legacy envelopes, the login that it had, how often in WRITERS_DAYS, and when last."""

    program: str
    login: str | None
    writes: int
    newest: datetime | str


class KeyInventory(NamedTuple):
    """The recorded keys, newest first, and what names no key: the legacy format, and what is no envelope at all."""

    keys: list[RecordedKey]
    legacy_credentials: int
    legacy_versions: int
    malformed_credentials: int
    malformed_versions: int
    legacy_writers: list[LegacyWriter]
    archived_before: datetime | None
    """Since when the log has its rows, where that is less than WRITERS_DAYS ago: earlier ones are in archives."""


async def read_key_inventory(database: Database) -> KeyInventory:
    """Read what the database knows of its keys; needs SELECT on the envelopes, and opens none."""
    keys = await database.fetch_all(KEYS, {"sb2": f"^{SB2_SHAPE}$"}, row_factory=class_row(RecordedKey))
    others = await database.fetch_one(WITHOUT_KEY_ID, {"sb2": f"^{SB2_SHAPE}$", "legacy": LEGACY_SHAPE}) or {}
    since = datetime.now(UTC) - timedelta(days=WRITERS_DAYS)
    writers = await database.fetch_all(
        LEGACY_WRITERS, {"since": since, "most": MOST_WRITERS}, row_factory=class_row(LegacyWriter)
    )
    before: datetime | None = await database.fetch_value(ARCHIVED_BEFORE)
    archived_before = before if before is not None and before > since else None
    return KeyInventory(keys=keys, legacy_writers=writers, archived_before=archived_before, **others)


async def days_of_active_key(database: Database) -> int | None:
    """Return how many days ago the key in use was recorded; None where none is."""
    days: int | None = await database.fetch_value(ACTIVE_DAYS)
    return days


def age_warning(days: int | None, most: int | None) -> tuple[str, str] | None:
    """Return what to say where the key in use is older than `most` days: a sentence, and what to do."""
    if days is None or most is None or days <= most:
        return None
    return (
        f"The master key is {days} days old, and SWITCHBOARD_KEY_DAYS is {most}.",
        "Change it with `switchboard keys rotate`; begin with --dry-run.",
    )
