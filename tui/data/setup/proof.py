"""The proof that an installation works: the four tables, row security, and a credential there and back again."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

from psycopg.rows import scalar_row

from tui.data.keys.encryption import RowBinding
from tui.data.keys.gate import check_gate, format_for_new_row
from tui.data.keys.master_key import MINIMUM_CHARACTERS
from tui.data.schema.catalogue_queries import TABLES
from tui.data.setup.findings import Finding, Subject
from tui.errors import SwitchboardError

if TYPE_CHECKING:
    from tui.data.keys.encryption import Keyring
    from tui.data.keys.gate import CredentialFormat, Gate
    from tui.data.postgres.database import Connection, Database
    from tui.models.envelopes import EnvelopeFormat

# The query by which the guides to these tables check an installation.
TABLES_OF_THE_GUIDE = """
select table_name from information_schema.tables
 where table_schema = 'public' and table_name = any (%(tables)s)
"""
ROW_SECURITY = """
select c.relname::text as name, c.relrowsecurity as is_on
  from pg_catalog.pg_class as c
 where c.relnamespace = pg_catalog.to_regnamespace('public') and c.relname = any (%(tables)s)
"""
STORE = """
insert into public.integration_credentials (id, organization_id, integration_type, credentials_encrypted, is_active)
values (%(id)s, %(organization_id)s, %(integration_type)s, %(envelope)s, false)
"""
READ_BACK = "select credentials_encrypted from public.integration_credentials where id = %(id)s"

TRIAL_TYPE = "exotel_sms"


class _TrialRolledBack(Exception):
    """Carries what the trial read out of a transaction that must not be kept."""

    def __init__(self, envelope: str, envelope_format: EnvelopeFormat) -> None:
        super().__init__()
        self.envelope = envelope
        self.envelope_format = envelope_format


async def prove(database: Database, keyring: Keyring, policy: CredentialFormat) -> list[Finding]:
    """Show that tables, row security and encryption are in place; leaves nothing behind in the database.

    `policy` is the format new credentials get. Raises ConnectionFailed and its like where the tables cannot be looked
    at; a failing round trip is a Finding.
    """
    findings = await _tables(database)
    if all(finding.state == "ok" for finding in findings):
        findings.append(await _round_trip(database, keyring, policy))
    return findings


async def _tables(database: Database) -> list[Finding]:
    present = await database.fetch_all(TABLES_OF_THE_GUIDE, {"tables": list(TABLES)}, row_factory=scalar_row)
    secured = {row["name"]: row["is_on"] for row in await database.fetch_all(ROW_SECURITY, {"tables": list(TABLES)})}
    return [_table(name, name in present, secured.get(name, False)) for name in TABLES]


def _table(name: str, is_present: bool, is_secured: bool) -> Finding:
    if not is_present:
        return Finding(Subject.TABLE, "problem", f"The table {name} is missing.", "Install again.", name=name)
    if not is_secured:
        return Finding(
            Subject.TABLE, "problem", f"{name} is there, but its row security is off.", "Install again.", name=name
        )
    return Finding(Subject.TABLE, "ok", f"{name} is there, and its row security is on.", name=name)


async def _round_trip(database: Database, keyring: Keyring, policy: CredentialFormat) -> Finding:
    """Encrypt, store, read and decrypt a made-up credential in a transaction that is rolled back."""
    if keyring.current is None:
        return Finding(
            Subject.ENCRYPTION,
            "warning",
            "Encryption was not tried: there is no master key yet.",
            "Configure one; `switchboard keys generate` makes a new one.",
        )
    row = RowBinding(uuid4(), uuid4(), TRIAL_TYPE)
    credential = {"proof": str(uuid4())}
    try:
        gate = await check_gate(database, keyring)
        if gate.state == "weak key":
            sentence = f"Encryption was not tried: the master key only reads. {gate.weaknesses[0]}"
            what_to_do = f"Set the database up with a key of at least {MINIMUM_CHARACTERS} characters."
            return Finding(Subject.ENCRYPTION, "warning", sentence, what_to_do)
        gate.require_write()
        trial = await _store_and_read(database, keyring, row, credential, gate, policy)
        opened = await asyncio.to_thread(keyring.open, trial.envelope, row)
    except SwitchboardError as failure:
        return Finding(Subject.ENCRYPTION, "problem", failure.sentence, failure.what_to_do)
    if opened.credential != credential:
        return Finding(
            Subject.ENCRYPTION, "problem", "What was read back is not what was stored.", "Look at the triggers."
        )
    sentence = f"A trial credential was encrypted ({trial.envelope_format}), stored, read, and opened again."
    return Finding(Subject.ENCRYPTION, "ok", sentence)


async def _store_and_read(
    database: Database,
    keyring: Keyring,
    row: RowBinding,
    credential: dict[str, str],
    gate: Gate,
    policy: CredentialFormat,
) -> _TrialRolledBack:
    envelope_format = await database.read(partial(format_for_new_row, policy=policy))
    plaintext = json.dumps(credential).encode()
    envelope = await asyncio.to_thread(keyring.seal, plaintext, row, format=envelope_format, salt=gate.salt)

    async def trial(connection: Connection) -> None:
        values = {
            "id": row.row_id,
            "organization_id": row.organization_id,
            "integration_type": row.integration_type,
            "envelope": envelope,
        }
        await connection.execute(STORE, values)
        stored = await (await connection.execute(READ_BACK, {"id": row.row_id})).fetchone()
        raise _TrialRolledBack(stored["credentials_encrypted"] if stored else "", envelope_format)

    try:
        await database.write(trial)
    except _TrialRolledBack as read:
        return read
    raise AssertionError("the trial always ends in a rollback")
