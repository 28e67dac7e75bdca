"""The record of the master key in the database, and the gate every write of an envelope passes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from uuid import UUID

from tui.data.keys.encryption import Keyring, RowBinding
from tui.data.keys.envelopes import SALT_BYTES, envelope_format, sb2_key_id, sb2_salt
from tui.errors import Conflict, MasterKeyError, MasterKeyMissing, Unreadable, WrongMasterKey
from tui.models.envelopes import Census, EnvelopeFormat, UnreadableReason
from tui.words.times import to_the_minute

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.data.keys.master_key import MasterKey
    from tui.data.postgres.database import Connection, Database
    from tui.errors import SwitchboardError

GateState = Literal["open", "wrong key", "no key", "weak key", "unused", "mixed"]
CredentialFormat = Literal["auto", "sb2", "legacy"]

NEWEST_ROWS = 50
CENSUS_PAGE = 500
SALTS_TRIED = 3
NOBODY = UUID(int=0)
LEGACY_SHAPE = "^[0-9a-f]{32}:[0-9a-f]{32}:([0-9a-f]{2})*$"

WHAT_EXISTS = """
select pg_catalog.to_regclass('switchboard.keys') is not null as keys,
       pg_catalog.to_regclass('public.integration_credentials') is not null as credentials
"""
RECORDED_KEY = """
select key_id, salt, created_at from switchboard.keys where purpose = 'master' and state = 'active'
"""
# No key has a salt of another length; the active one's is looked at all the same, and refused.
KEY_RECORDS = f"""
select key_id, salt, state, created_at from switchboard.keys
 where purpose = 'master' and (state = 'active' or octet_length(salt) = {SALT_BYTES}) order by created_at, key_id
"""
NEWEST_ENVELOPES = """
select id, organization_id, integration_type, credentials_encrypted
  from public.integration_credentials order by updated_at desc nulls last, id limit %(limit)s
"""
CENSUS = """
select id, organization_id, integration_type, credentials_encrypted
  from public.integration_credentials where true order by id limit %(limit)s
"""
CENSUS_AFTER = CENSUS.replace("where true", "where id > %(after)s")
ANY_LEGACY = """
select exists (select 1 from public.integration_credentials where credentials_encrypted ~ %(shape)s) as any_legacy
"""
# Another console may record a key at the same moment: `confirm_gate` reads back whose was first.
RECORD_KEY = """
insert into switchboard.keys (key_id, purpose, salt, created_by) values (%(key_id)s, 'master', %(salt)s, session_user)
on conflict do nothing
"""


class OtherReading(NamedTuple):
    """The configured key without the quotes or blanks round it (`wrapping`), and how the gate judges that key."""

    wrapping: str
    key_id: str | None
    state: GateState

    @property
    def is_in_use(self) -> bool:
        """Whether what is stored was written with it."""
        return self.state in ("open", "mixed")


class Gate(NamedTuple):
    """What the gate found: whether the configured key may write, and with which salt.

    `recorded_key_id` is None until the first write recorded one. `state` "unused" means that there is neither a record
    nor an envelope, "mixed" that some of the newest envelopes open and some do not. `weaknesses` are sentences.
    `other` is there where quotes or a line break stand round the key. `was_replaced`: it was the key in use once, and
    the one in use now was recorded at `replaced_at`, which is None where that one is older. `in_use_source` is where
    the key in use comes from where it is among the earlier ones: before a rotation to the configured one.
    """

    state: GateState
    salt: bytes
    key_id: str | None
    key_source: str | None
    recorded_key_id: str | None
    weaknesses: tuple[str, ...] = ()
    other: OtherReading | None = None
    salt_is_new: bool = False
    was_replaced: bool = False
    replaced_at: datetime | None = None
    in_use_source: str | None = None

    @property
    def known_key_id(self) -> str | None:
        """The key's id as everybody computes it; None where nothing is stored with its salt, which is random then."""
        return None if self.salt_is_new else self.key_id

    @property
    def may_write(self) -> bool:
        """Whether an envelope may be written with the configured key."""
        return self.state in ("open", "unused", "mixed")

    def require_write(self) -> None:
        """Raise the MasterKeyError that says why nothing may be written; do nothing where it may."""
        if self.state == "no key":
            recorded = self.recorded_key_id
            raise MasterKeyMissing(
                f"Set the key this database was set up with (key id {recorded})." if recorded else ""
            )
        if self.state == "weak key":
            raise MasterKeyError(
                f"The master key from {self.key_source} cannot be used for writing: {self.weaknesses[0]}",
                "Use the key this database was set up with, or a new one from `switchboard keys generate`.",
            )
        if self.was_replaced:
            raise self.replacement()
        if self.state == "wrong key":
            expected = f"key id {self.recorded_key_id}" if self.recorded_key_id else "another key"
            raise WrongMasterKey(
                f"The master key from {self.key_source}{f' (key id {self.known_key_id})' if self.known_key_id else ''} "
                f"is not the one in use: this database was written with {expected}.",
                self._way_to_write(),
            )

    def _way_to_write(self) -> str:
        if self.in_use_source:
            return f"`switchboard keys rotate` changes to it; the one in use is there, from {self.in_use_source}."
        if self.other and self.other.is_in_use:
            return f"It is the one in use without the {self.other.wrapping}: remove that."
        return "Configure the key it was set up with; nothing is written until then."

    def replacement(self) -> WrongMasterKey:
        """Return what is said of a key that was replaced."""
        when = f", at {to_the_minute(self.replaced_at, UTC)}" if self.replaced_at else ""
        return WrongMasterKey(
            f"The master key was changed by somebody (key id {self.recorded_key_id}{when}).",
            "Configure it and start again.",
        )


async def check_gate(database: Database, keyring: Keyring) -> Gate:
    """Compare the configured key with the record, or, where there is none, with the newest envelopes.

    Works before the schema is installed too, on the tables of another program or on none.
    Derives the key in a worker thread (about 0.3 s once per key and salt). Never raises for a wrong key: see Gate.
    """
    recorded, earlier, rows = await _read_evidence(database)
    recorded_id = str(recorded["key_id"]) if recorded else None
    key = keyring.current
    if key is None:
        return Gate("no key", b"", None, None, recorded_id)
    salt, key_id, state = await asyncio.to_thread(_examine, key, recorded, rows)
    if recorded and state == "wrong key":
        closed = Gate(state, salt, key_id, key.source, recorded_id)
        in_use = await asyncio.to_thread(key_of, keyring.previous, recorded)
        if in_use is not None:
            return closed._replace(in_use_source=in_use.source)
        own = await asyncio.to_thread(_own_record, key, earlier)
        if own is not None:
            since, before = recorded["created_at"], own["created_at"]
            # A rotation back leads to a key that was recorded before; a year that Python does not have comes as text.
            is_later = isinstance(since, datetime) and isinstance(before, datetime) and since > before
            return closed._replace(
                salt=bytes(own["salt"]),
                key_id=str(own["key_id"]),
                was_replaced=True,
                replaced_at=since if is_later else None,
            )
    weaknesses = tuple(key.weaknesses())
    other = key.without_wrapping()
    other_reading = None
    if other is not None:
        other_salt, other_id, other_state = await asyncio.to_thread(_examine, other, recorded, rows)
        known_id = None if other_salt == other.first_salt() else other_id
        other_reading = OtherReading(key.wrapping, known_id, other_state)
    if state in ("open", "unused", "mixed") and weaknesses:
        state = "weak key"
    # The first salt of a key is recorded once something is written with it, by this process too.
    salt_is_new = recorded is None and salt == key.first_salt()
    return Gate(state, salt, key_id, key.source, recorded_id, weaknesses, other_reading, salt_is_new)


async def check_gate_for_new_key(database: Database, key: MasterKey) -> Gate:
    """Return what `check_gate` would of a key generated a moment ago, without deriving it: nothing stored can be of it.

    This gate has neither salt nor key id, so nothing can be written with it, unlike one of `check_gate`.
    """
    recorded, _, rows = await _read_evidence(database)
    is_used = recorded is not None or any(envelope_format(row["credentials_encrypted"] or "") for row in rows)
    recorded_id = str(recorded["key_id"]) if recorded else None
    return Gate("wrong key" if is_used else "unused", b"", None, key.source, recorded_id)


async def recorded_salt(database: Database) -> bytes | None:
    """Return the salt of the key in use, None where none is recorded yet. Raises SwitchboardError as any read."""
    recorded = await database.fetch_one(RECORDED_KEY)
    return bytes(recorded["salt"]) if recorded else None


async def confirm_gate(connection: Connection, gate: Gate) -> None:
    """Inside the writing transaction: record the key with the first write, and make sure it is still the one.

    Raises MasterKeyError where the gate does not let it write, and Conflict where the key was changed meanwhile.
    """
    gate.require_write()
    if gate.recorded_key_id is None:
        await connection.execute(RECORD_KEY, {"key_id": gate.key_id, "salt": gate.salt})
    # Held to the end, and taken before the first row: a rotation waits for this write, or this one for the rotation.
    recorded = await (await connection.execute(RECORDED_KEY + " for share")).fetchone()
    if recorded is None or recorded["key_id"] != gate.key_id or bytes(recorded["salt"]) != gate.salt:
        raise Conflict(
            "The master key of this database was changed a moment ago by somebody else; nothing was written.",
            "Check which key is in use with `switchboard keys status`.",
        )


async def format_for_new_row(connection: Connection, policy: CredentialFormat) -> EnvelopeFormat:
    """Return the format a new row gets: `auto` means legacy where any legacy row exists in the database, else sb2."""
    if policy != "auto":
        return policy
    row = await (await connection.execute(ANY_LEGACY, {"shape": LEGACY_SHAPE})).fetchone()
    return "legacy" if row and row["any_legacy"] else "sb2"


async def take_census(database: Database, keyring: Keyring) -> Census:
    """Open every envelope and count them by format and by key id; needs SELECT on the envelopes.

    Reads CENSUS_PAGE rows at a time and opens them outside of any transaction.
    """
    census = Census({}, {}, ())
    unreadable: list[tuple[UUID, UnreadableReason]] = []
    after: UUID | None = None
    query = CENSUS
    while rows := await database.fetch_all(query, {"after": after, "limit": CENSUS_PAGE}):
        unreadable += await asyncio.to_thread(_count_page, keyring, rows, census)
        after, query = rows[-1]["id"], CENSUS_AFTER
    return Census(census.by_format, census.by_key, tuple(unreadable))


def _count_page(keyring: Keyring, rows: list[dict[str, Any]], census: Census) -> list[tuple[UUID, UnreadableReason]]:
    unreadable: list[tuple[UUID, UnreadableReason]] = []
    for row in rows:
        envelope = row["credentials_encrypted"] or ""
        shape = envelope_format(envelope) or "malformed"
        census.by_format[shape] = census.by_format.get(shape, 0) + 1
        try:
            opened = keyring.open_bytes(envelope, _binding(row))
        except Unreadable as exc:
            unreadable.append((row["id"], exc.reason))
            continue
        name = opened.key_id or f"{opened.key.source} (legacy)"
        census.by_key[name] = census.by_key.get(name, 0) + 1
    return unreadable


async def replaced_key(database: Database, keyring: Keyring) -> WrongMasterKey | None:
    """Return that somebody has changed the master key since the configured one was in use; None where nobody has."""
    gate = await check_gate(database, keyring)
    return gate.replacement() if gate.was_replaced else None


async def why_closed(database: Database, keyring: Keyring, problem: Unreadable) -> SwitchboardError:
    """Return why an envelope does not open: the problem, or that the key was changed by somebody where it is that."""
    replaced = await replaced_key(database, keyring) if problem.reason == "other key" else None
    return replaced or problem


class Evidence(NamedTuple):
    """What says which key is in use: its record, those of earlier keys, newest first, and where none is, envelopes."""

    recorded: dict[str, Any] | None
    earlier: list[dict[str, Any]]
    rows: list[dict[str, Any]]


async def _read_evidence(database: Database) -> Evidence:
    async def unit(connection: Connection) -> Evidence:
        exists = await (await connection.execute(WHAT_EXISTS)).fetchone() or {}
        records = await (await connection.execute(KEY_RECORDS)).fetchall() if exists["keys"] else []
        recorded = next((record for record in records if record["state"] == "active"), None)
        if recorded is not None or not exists["credentials"]:
            return Evidence(recorded, [record for record in reversed(records) if record is not recorded], [])
        rows = await (await connection.execute(NEWEST_ENVELOPES, {"limit": NEWEST_ROWS})).fetchall()
        return Evidence(None, [], rows)

    return await database.read(unit)


def key_of(keys: Sequence[MasterKey], record: dict[str, Any]) -> MasterKey | None:
    """Return the key that a record is of."""
    return next((key for key in keys if key.key_id(bytes(record["salt"])) == record["key_id"]), None)


def _own_record(key: MasterKey, earlier: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The key's own record among those of earlier keys; each that is tried may cost a derivation."""
    tried = earlier[:SALTS_TRIED]
    return next((record for record in tried if key.key_id(bytes(record["salt"])) == record["key_id"]), None)


def _examine(
    key: MasterKey, recorded: dict[str, Any] | None, rows: list[dict[str, Any]]
) -> tuple[bytes, str, GateState]:
    """The key's salt and key id here, and what it is to what is stored."""
    salt = bytes(recorded["salt"]) if recorded else _salt_of(rows, key)
    key_id = key.key_id(salt)
    return salt, key_id, _state_of(key, key_id, str(recorded["key_id"]) if recorded else None, rows)


def _state_of(key: MasterKey, key_id: str, recorded_id: str | None, rows: list[dict[str, Any]]) -> GateState:
    if recorded_id is not None:
        return "open" if recorded_id == key_id else "wrong key"
    current = Keyring(key)
    # A text that is no envelope was written with no key, so it says nothing about this one.
    opens = [_can_open(current, row) for row in rows if envelope_format(row["credentials_encrypted"] or "")]
    if any(opens):
        return "open" if all(opens) else "mixed"
    return "wrong key" if opens else "unused"


def _can_open(keyring: Keyring, row: dict[str, Any]) -> bool:
    try:
        keyring.open_bytes(row["credentials_encrypted"] or "", _binding(row))
    except Unreadable:
        return False
    return True


def _salt_of(rows: list[dict[str, Any]], key: MasterKey) -> bytes:
    """Return the salt of the rows that the key has written, else its first; each salt tried costs a derivation."""
    key_ids: dict[bytes, str] = {}
    for row in rows:
        salt, key_id = sb2_salt(row["credentials_encrypted"] or ""), sb2_key_id(row["credentials_encrypted"] or "")
        if salt is not None and key_id is not None:
            key_ids.setdefault(salt, key_id)
    own_salts = (salt for salt, key_id in list(key_ids.items())[:SALTS_TRIED] if key.key_id(salt) == key_id)
    return next(own_salts, None) or key.first_salt()


def _binding(row: dict[str, Any]) -> RowBinding:
    # An adopted row may lack its organisation; no envelope is bound to nobody, so such a row does not open.
    return RowBinding(row["id"], row["organization_id"] or NOBODY, str(row["integration_type"]))
