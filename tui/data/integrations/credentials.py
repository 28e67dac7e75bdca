"""Credentials: an integration's envelope opened for editing, and saved by compare-and-swap."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from tui.data.integrations.columns import COLUMNS, without_envelope
from tui.data.integrations.role_privileges import read_privileges
from tui.data.keys.credential_json import encode_credential
from tui.data.keys.encryption import RowBinding
from tui.data.keys.envelopes import envelope_format
from tui.data.keys.gate import check_gate, confirm_gate, format_for_new_row
from tui.data.log_act import log_act
from tui.errors import Conflict, ConstraintViolated, InvalidInput, PermissionDenied, Unreadable
from tui.models.integrations import Integration
from tui.words.text import spelled

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from tui.data.keys.encryption import Keyring
    from tui.data.keys.gate import CredentialFormat, Gate
    from tui.data.postgres.database import Connection, Database
    from tui.models import Json
    from tui.models.envelopes import EnvelopeFormat

# A random nonce makes every envelope another text, so the text that was read is a version stamp.
UPDATE_CREDENTIAL = """
update public.integration_credentials
   set credentials_encrypted = %(envelope)s, display_name = %(display_name)s, updated_by = %(operator)s,
       is_verified = %(tested_at)s::timestamptz is not null or is_verified and not %(credential_changed)s,
       last_verified_at = coalesce(%(tested_at)s::timestamptz,
                                   case when %(credential_changed)s then null else last_verified_at end)
 where id = %(id)s and credentials_encrypted is not distinct from %(seen)s
   and display_name is not distinct from %(seen_name)s
returning id
"""
# No upsert: it would keep the id of the old row, to which the new envelope is not bound. Adopted tables may lack the
# unique key, hence the condition.
INSERT_CREDENTIAL = """
insert into public.integration_credentials
       (id, organization_id, integration_type, credentials_encrypted, display_name, is_active, is_verified,
        last_verified_at, created_by, updated_by)
select %(id)s::uuid, %(organization_id)s::uuid, %(integration_type)s::text, %(envelope)s::text,
       %(display_name)s::text, true, %(tested_at)s::timestamptz is not null,
       %(tested_at)s::timestamptz, %(operator)s::uuid, %(operator)s::uuid
 where not exists (select from public.integration_credentials as c
                    where c.organization_id = %(organization_id)s::uuid
                      and c.integration_type = %(integration_type)s::text)
returning id
"""


# No tuples, where a credential is in it: json.dumps and a star would write one out.
@dataclass(frozen=True, slots=True)
class StoredCredential:
    """An integration with its envelope, opened where a configured key opens it.

    `credential` is None where the envelope does not open; `problem` then says why. The envelope is the version stamp
    that a save is compared with.
    """

    integration: Integration
    envelope: str | None
    format: EnvelopeFormat | None
    credential: Mapping[str, Any] | None
    problem: Unreadable | None = None

    def __repr__(self) -> str:
        return f"StoredCredential({self.integration.integration_type}, {self.format})"


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person wants an integration to hold: the whole credential, and the name shown for it."""

    organization_id: UUID
    integration_type: str
    credential: Mapping[str, Any]
    display_name: str | None

    def __repr__(self) -> str:
        return f"Draft({self.integration_type})"


class SaveResult(NamedTuple):
    """A save that went through: the row, and the names of the fields it changed (none: at most that it is verified)."""

    integration_id: UUID
    created: bool
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PassedTest:
    """A credential that its provider has just accepted: when by the server's clock, and what the log says of it."""

    credential: Mapping[str, Any]
    tested_at: datetime | str | None
    details: Json

    def __repr__(self) -> str:
        return "PassedTest(…)"


class CredentialConflict(Conflict):
    """Somebody else saved meanwhile; `current` is what is stored now, None where it was deleted."""

    def __init__(self, current: StoredCredential | None) -> None:
        what = "deleted this integration" if current is None else "saved this integration"
        super().__init__(
            f"Somebody else {what} meanwhile; none of your changes were written.",
            "Compare the fields that differ, then save again or keep theirs.",
        )
        self.current = current


async def load_credential(
    database: Database,
    keyring: Keyring,
    organization_id: UUID,
    integration_type: str,
    *,
    integration_id: UUID | None = None,
) -> StoredCredential | None:
    """Return the integration with its credential, or None where the type is not set up.

    `integration_id` says which row is meant: adopted tables may hold several of a type, and without it they are
    InvalidInput. Raises PermissionDenied where this role may not read envelopes.
    """
    if not (await read_privileges(database)).envelopes:
        role = database.info.role if database.info else "your role"
        raise PermissionDenied(
            f"The role {role} may not read credentials (no SELECT on integration_credentials.credentials_encrypted).",
            "Ask an administrator; listing, testing, enabling and disabling need no such right.",
        )
    query = f"""
select {COLUMNS}, c.credentials_encrypted as envelope
  from public.integration_credentials as c
 where c.organization_id = %(organization_id)s and c.integration_type = %(integration_type)s
   and (%(id)s::uuid is null or c.id = %(id)s)
"""
    key = {"organization_id": organization_id, "integration_type": integration_type, "id": integration_id}
    rows = await database.fetch_all(query, key)
    if len(rows) > 1:
        raise InvalidInput(
            f"There are {len(rows)} rows of {integration_type}, so it is not clear which one is meant.",
            "Open the one you mean in the console, or delete the others by their ids.",
        )
    return await asyncio.to_thread(open_stored, rows[0], keyring) if rows else None


async def save_credential(
    database: Database,
    keyring: Keyring,
    draft: Draft,
    base: StoredCredential | None,
    policy: CredentialFormat,
    *,
    test: PassedTest | None = None,
) -> SaveResult:
    """Save a draft over what was read (`base`), or as a new row where nothing was (`base` None).

    A new row gets its id here and the format that `policy` says; an edit keeps the row's format, the order of its
    fields and the fields nobody knows. A row whose envelope does not open is replaced as a whole: ask first.
    A passed `test` of exactly this credential saves it as verified; any other change ends that.
    Raises MasterKeyError at the gate, CredentialConflict where the row is not what was read, and ConstraintViolated.
    """
    if test is not None and dict(test.credential) != dict(draft.credential):
        test = None
    if base is not None and base.credential is not None and test is None:
        changed = changed_fields(base.credential, draft.credential)
        if not changed and draft.display_name == base.integration.display_name:
            return SaveResult(binding(base.integration).row_id, created=False, changed=())
    gate = await check_gate(database, keyring)
    gate.require_write()
    if base is None:
        return await _create(database, keyring, draft, gate, policy, test)
    return await _replace(database, keyring, draft, base, gate, policy, test)


async def _create(
    database: Database,
    keyring: Keyring,
    draft: Draft,
    gate: Gate,
    policy: CredentialFormat,
    test: PassedTest | None,
) -> SaveResult:
    row = RowBinding(uuid4(), draft.organization_id, draft.integration_type)
    plaintext = encode_credential(draft.credential)
    envelopes = await asyncio.to_thread(_seal_in_both_formats, keyring, plaintext, row, gate)

    async def unit(connection: Connection) -> bool:
        await confirm_gate(connection, gate)
        values = {
            "id": row.row_id,
            "organization_id": row.organization_id,
            "integration_type": row.integration_type,
            "envelope": envelopes[await format_for_new_row(connection, policy)],
            "display_name": draft.display_name,
            "operator": database.operator.user_id,
            "tested_at": test.tested_at if test else None,
        }
        await set_logged_fields(connection, tuple(draft.credential))
        written = await (await connection.execute(INSERT_CREDENTIAL, values)).fetchone() is not None
        if written and test:
            await log_passed_test(connection, row, test)
        return written

    try:
        written = await database.write(unit)
    except ConstraintViolated as failure:
        if not failure.is_duplicate:
            raise
        written = False
    if not written:
        raise CredentialConflict(
            await load_credential(database, keyring, draft.organization_id, draft.integration_type)
        )
    return SaveResult(row.row_id, created=True, changed=tuple(draft.credential))


async def _replace(
    database: Database,
    keyring: Keyring,
    draft: Draft,
    base: StoredCredential,
    gate: Gate,
    policy: CredentialFormat,
    test: PassedTest | None,
) -> SaveResult:
    row = binding(base.integration)
    stored = base.credential or {}
    changed = changed_fields(stored, draft.credential)
    # Fields keep their order, and what nobody changed its value: True equals 1, and is not what was stored.
    kept = {name: value for name, value in stored.items() if name in draft.credential}
    plaintext = encode_credential(kept | {name: value for name, value in draft.credential.items() if name in changed})
    envelopes = await asyncio.to_thread(_seal_in_both_formats, keyring, plaintext, row, gate) if changed else {}

    async def unit(connection: Connection) -> bool:
        await confirm_gate(connection, gate)
        envelope = base.envelope
        if changed:
            envelope = envelopes[base.format or await format_for_new_row(connection, policy)]
            await set_logged_fields(connection, changed)
        values = {
            "id": row.row_id,
            "seen": base.envelope,
            "seen_name": base.integration.display_name,
            "envelope": envelope,
            "display_name": draft.display_name,
            "operator": database.operator.user_id,
            "credential_changed": bool(changed),
            "tested_at": test.tested_at if test else None,
        }
        written = await (await connection.execute(UPDATE_CREDENTIAL, values)).fetchone() is not None
        if written and test:
            await log_passed_test(connection, row, test)
        return written

    if not await database.write(unit):
        raise CredentialConflict(
            await load_credential(
                database, keyring, draft.organization_id, draft.integration_type, integration_id=row.row_id
            )
        )
    renamed = () if draft.display_name == base.integration.display_name else ("display_name",)
    return SaveResult(row.row_id, created=False, changed=(*changed, *renamed))


async def log_passed_test(connection: Connection, row: RowBinding, test: PassedTest) -> None:
    """Log the test that a credential passed before it was saved, in the transaction that saves it."""
    details = {**test.details, "integration_id": str(row.row_id), "tested_before_saving": True}
    await log_act(connection, "connection_tested", row.organization_id, row.integration_type, details=details)


async def set_logged_fields(connection: Connection, names: tuple[str, ...]) -> None:
    """Let the log's trigger name the fields that an envelope does not show; names only, never values."""
    # A name of another program may hold what Postgres cannot store, or the comma that separates them here.
    written = [spelled(name).replace(",", "\\x2c") for name in names]
    await connection.execute("select set_config('switchboard.fields', %s, true)", (",".join(written),))


def _seal_in_both_formats(keyring: Keyring, plaintext: bytes, row: RowBinding, gate: Gate) -> dict[EnvelopeFormat, str]:
    # Both, since the format of a new row is known only inside the transaction, and this is done before it.
    formats: tuple[EnvelopeFormat, ...] = ("sb2", "legacy")
    return {name: keyring.seal(plaintext, row, format=name, salt=gate.salt) for name in formats}


def changed_fields(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the fields that one credential has otherwise than another, in the order of the first."""
    names = [*old, *(name for name in new if name not in old)]
    return tuple(name for name in names if (name in old) != (name in new) or old[name] != new[name])


def binding(integration: Integration) -> RowBinding:
    """Return what an sb2 envelope of this row is bound to. The integration must be set up."""
    if integration.id is None:
        raise ValueError("a type that is not set up has no row")
    return RowBinding(integration.id, integration.organization_id, integration.integration_type)


def open_stored(row: dict[str, Any], keyring: Keyring) -> StoredCredential:
    """Open the envelope of a row that was selected with COLUMNS and `envelope`; never raises for an unreadable one."""
    integration = Integration(**without_envelope(row))
    envelope: str | None = row["envelope"]
    format_ = envelope_format(envelope or "")
    try:
        contents = keyring.open(envelope or "", binding(integration))
    except Unreadable as problem:
        return StoredCredential(integration, envelope, format_, None, problem)
    return StoredCredential(integration, envelope, format_, contents.credential)
