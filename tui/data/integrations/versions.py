"""Earlier credentials of an integration, as the database keeps them: listed, bounded and forgotten."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from psycopg.rows import class_row

from tui.data.directory import people_by_id
from tui.data.integrations.credentials import binding, changed_fields
from tui.data.keys.gate import recorded_salt
from tui.errors import Unreadable
from tui.words.people.names import Origin, author

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from hmac import HMAC
    from uuid import UUID

    from tui.data.keys.encryption import Keyring, RowBinding
    from tui.data.postgres.database import Database
    from tui.models import Json
    from tui.models.envelopes import UnreadableReason
    from tui.models.integrations import Integration
    from tui.models.people import Person

FINGERPRINT_BYTES = 6

ENVELOPES_VISIBLE = """
select has_column_privilege('switchboard.credential_versions', 'envelope', 'select') as visible
"""
# Of what is older some may be left, since a write clears a few at a time. Computed once for a statement, for the index.
KEPT_SINCE = "(select statement_timestamp() - make_interval(days => switchboard.setting('versions_days'::text)))"
# The present envelope in the same statement: the newest version is compared with it.
VERSIONS = f"""
select v.id, v.kind, v.fields, v.was_verified, v.verified_at, v.user_id, v.operator, v.operator_from, v.operation_id,
       v.replaced_at, v.replaced_by, {{envelope}} as envelope, {{present}} as present
  from switchboard.credential_versions as v
 where v.credential_id = %(id)s and v.organization_id = %(organization_id)s
   and v.integration_type = %(integration_type)s and v.replaced_at >= {KEPT_SINCE}
 order by v.id desc
"""
PRESENT = "(select c.credentials_encrypted from public.integration_credentials as c where c.id = %(id)s)"
BOUNDS = """
select switchboard.setting('versions_kept'::text) as kept, switchboard.setting('versions_days'::text) as days
"""
CHANGE_SETTING = "select switchboard.change_setting(%(name)s::text, %(value)s::integer)"
COUNT = """
select count(*) from switchboard.credential_versions as v
 where v.organization_id = %(organization_id)s and v.integration_type = %(integration_type)s
"""
# As switchboard.change_setting clears them.
LEFT_OVER = f"""
select count(*)
  from (select w.replaced_at, row_number() over (partition by w.credential_id, w.kind order by w.id desc) as place
          from switchboard.credential_versions as w where w.replaced_at >= {KEPT_SINCE}) as v
 where v.place > %(kept)s::integer or v.replaced_at < statement_timestamp() - make_interval(days => %(days)s::integer)
"""
FORGET = "select switchboard.forget_versions(%(organization_id)s::uuid, %(integration_type)s::text) as forgotten"


@dataclass(frozen=True, slots=True)
class Version:
    """A credential that an integration had until it was replaced; what replaced it is told of the change, not of it.

    `author` is who did that, proven or not as `operator_from` (`Origin.kind`) says, `login` who was logged in.
    `changed` are the names of the fields that were replaced: compared where both contents open, else what the client
    claimed (`is_claimed`), None where nobody said. `differs` are those that are stored otherwise now, None where that
    cannot be compared. `fingerprint` is 12 hexadecimal digits, the same for the same content of the same integration
    under the same master key. `problem` says why it does not open. `is_present` is whether it holds what is stored now.
    """

    id: int
    kind: Literal["updated", "deleted"]
    replaced_at: datetime
    author: str
    operator_from: str
    login: str
    user_id: UUID | None
    operation_id: str | None
    was_verified: bool
    verified_at: datetime | None
    changed: tuple[str, ...] | None
    is_claimed: bool
    differs: tuple[str, ...] | None
    fingerprint: str | None
    problem: UnreadableReason | None
    is_present: bool


class Bounds(NamedTuple):
    """How many versions of each integration are kept, none where 0, and for how many days."""

    kept: int
    days: int


async def list_versions(database: Database, keyring: Keyring, integration: Integration) -> list[Version]:
    """Return what is kept of an integration that is set up, the newest first.

    Envelopes are opened in a worker thread, where this role may read them; nothing of their values is returned. Raises
    PermissionDenied where the role may not even see when something was replaced.
    """
    row = binding(integration)
    rows = await _read_rows(database, row)
    people = await people_by_id(database, (kept["user_id"] for kept in rows if kept["user_id"]))
    salt = await recorded_salt(database) if rows else None
    return await asyncio.to_thread(_versions, rows, row, keyring, salt, people)


async def read_bounds(database: Database) -> Bounds:
    """Return how much is kept."""
    return await database.fetch_one(BOUNDS, row_factory=class_row(Bounds)) or Bounds(0, 0)


async def change_bounds(database: Database, *, kept: int | None, days: int | None) -> Bounds:
    """Keep that many of each, for so many days (None: as before); what a smaller number leaves over goes at once.

    Each change has its row in the log. Raises InvalidInput for a number out of bounds, and PermissionDenied.
    """

    async def unit(connection: Any) -> None:
        for name, value in (("versions_kept", kept), ("versions_days", days)):
            if value is not None:
                await connection.execute(CHANGE_SETTING, {"name": name, "value": value})

    await database.write(unit)
    return await read_bounds(database)


async def count_left_over(database: Database, *, kept: int | None, days: int | None) -> int:
    """Count what `change_bounds` would clear of all organisations."""
    return int(await database.fetch_value(LEFT_OVER, {"kept": kept, "days": days}))


async def count_versions(database: Database, organization_id: UUID, integration_type: str) -> int:
    """Count what is kept of a type, of deleted integrations too."""
    values = {"organization_id": organization_id, "integration_type": integration_type}
    return int(await database.fetch_value(COUNT, values))


async def forget_versions(database: Database, organization_id: UUID, integration_type: str) -> int:
    """Empty what is kept of a type, deleted integrations too; returns how many versions there were."""
    values = {"organization_id": organization_id, "integration_type": integration_type}

    async def unit(connection: Any) -> int:
        row = await (await connection.execute(FORGET, values)).fetchone()
        return int(row["forgotten"])

    return await database.write(unit)


async def _read_rows(database: Database, row: RowBinding) -> list[dict[str, Any]]:
    visible = await database.fetch_value(ENVELOPES_VISIBLE)
    query = VERSIONS.format(envelope="v.envelope" if visible else "null", present=PRESENT if visible else "null")
    rows = await database.fetch_all(
        query,
        {"id": row.row_id, "organization_id": row.organization_id, "integration_type": row.integration_type},
    )
    return [{**kept, "visible": visible} for kept in rows]


class _Content(NamedTuple):
    """What an envelope holds, or why it does not open."""

    plaintext: bytes
    credential: Json | None
    problem: UnreadableReason | None

    @classmethod
    def of(cls, envelope: str | None, row: RowBinding, keyring: Keyring) -> _Content:
        try:
            opened = keyring.open(envelope or "", row)
        except Unreadable as failure:
            return cls(b"", None, failure.reason)
        return cls(opened.plaintext, opened.credential, None)


def _versions(
    rows: Sequence[dict[str, Any]],
    row: RowBinding,
    keyring: Keyring,
    salt: bytes | None,
    people: Mapping[UUID, Person],
) -> list[Version]:
    """Open each and compare it with the one that followed; about half a second for the first of a key."""
    key = keyring.current.sb2(salt).fingerprints if keyring.current is not None and salt is not None else None
    versions = []
    present = successor = None
    for kept in rows:
        content = _Content(b"", None, "not visible")
        if kept["visible"]:
            if present is None:
                present = successor = _Content.of(kept["present"], row, keyring)
            content = _Content.of(kept["envelope"], row, keyring)
        origin = Origin.of(kept["operator_from"], kept["replaced_by"])
        changed, is_claimed = _changed(content, successor, kept["fields"])
        versions.append(
            Version(
                id=kept["id"],
                kind=kept["kind"],
                replaced_at=kept["replaced_at"],
                author=author(kept["user_id"], people, kept["operator"], origin),
                operator_from=origin.kind,
                login=kept["replaced_by"],
                user_id=kept["user_id"],
                operation_id=kept["operation_id"],
                was_verified=bool(kept["was_verified"]),
                verified_at=kept["verified_at"],
                changed=changed,
                is_claimed=is_claimed,
                differs=_names(present, content),
                fingerprint=fingerprint(key, row, content.plaintext) if key and content.problem is None else None,
                problem=content.problem,
                is_present=present is not None
                and (kept["envelope"] == kept["present"] or _names(present, content) == ()),
            )
        )
        successor = content
    return versions


def fingerprint(keyed: HMAC, row: RowBinding, plaintext: bytes) -> str:
    """Return a short fingerprint of a content, which says nothing of the same content in another integration."""
    content = keyed.copy()
    content.update(b"version " + row.row_id.bytes + plaintext)
    return content.digest()[:FINGERPRINT_BYTES].hex()


def _names(content: _Content | None, other: _Content | None) -> tuple[str, ...] | None:
    """The names of the fields in which two contents differ, None where one of them does not open."""
    if content is None or other is None or content.credential is None or other.credential is None:
        return None
    return changed_fields(content.credential, other.credential)


def _changed(
    content: _Content, successor: _Content | None, claimed: list[str] | None
) -> tuple[tuple[str, ...] | None, bool]:
    """The names of the fields that were replaced, and whether that is only claimed."""
    compared = _names(content, successor)
    if compared is not None:
        return compared, False
    return (None, False) if claimed is None else (tuple(claimed), True)
