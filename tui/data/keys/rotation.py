"""Changing the master key: every envelope, kept versions too, encrypted again in one transaction."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg.types.json import Jsonb

from tui.data.keys.encryption import Keyring
from tui.data.keys.envelope_count import (
    EnvelopeCount,
    Fingerprint,
    Opening,
    count_envelopes,
    count_rows,
    pages,
    report_nothing,
)
from tui.data.keys.gate import KEY_RECORDS, key_of
from tui.data.scope import require_everything
from tui.errors import Conflict, MasterKeyError, MasterKeyMissing, Unreadable, WrongMasterKey
from tui.words.counts import counted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from hmac import HMAC
    from uuid import UUID

    from tui.data.keys.envelope_count import Left, Place, Progress
    from tui.data.keys.master_key import MasterKey
    from tui.data.postgres.database import Connection, Database
    from tui.models import Json
    from tui.models.envelopes import EnvelopeFormat

PAGE_TIMEOUT_MS = 15_000

BEGIN = """
select switchboard.begin_rotation(%(from)s::text, %(from_salt)b::bytea, %(to)s::text, %(to_salt)b::bytea) as envelopes
"""
WRITE: dict[Place, str] = {
    "credential": "select switchboard.rotate_credentials(%(ids)b::uuid[], %(seen)b::text[], %(sealed)b::text[]) as n",
    "version": "select switchboard.rotate_versions(%(ids)b::bigint[], %(seen)b::text[], %(sealed)b::text[]) as n",
}
FINISH = """
select switchboard.finish_rotation(%(details)s::jsonb, %(credentials)s::uuid[], %(versions)s::bigint[]) as log_row
"""


class KeyChange(NamedTuple):
    """Which key a rotation leads from and to, each with its salt; `keyring` opens what is there."""

    keyring: Keyring
    present: MasterKey
    present_salt: bytes
    target: MasterKey
    target_salt: bytes
    format: EnvelopeFormat | None

    @property
    def from_id(self) -> str:
        """The id of the key in use."""
        return self.present.key_id(self.present_salt)

    @property
    def to_id(self) -> str:
        """The id of the key that will be."""
        return self.target.key_id(self.target_salt)

    @property
    def recorded_to_id(self) -> str | None:
        """The same where it is recorded already; a new key gets its salt, and so its id, with the rotation itself."""
        return None if self.target_salt == self.target.first_salt() else self.to_id

    @property
    def fingerprints(self) -> HMAC:
        """The key of the fingerprints of plaintexts, the same before and after."""
        return self.present.sb2(self.present_salt).fingerprints


class RotationResult(NamedTuple):
    """A rotation that went through: what was there before and after, and its row in the log."""

    before: EnvelopeCount
    after: EnvelopeCount
    log_row: UUID


async def prepare_key_change(
    database: Database, keyring: Keyring, target: MasterKey | None, format: EnvelopeFormat | None
) -> KeyChange:
    """Decide from which key to which, before anything runs; derives up to three keys in a worker thread.

    Without a `target` it is the configured key, and the one in use is among the earlier keys. Raises MasterKeyError
    where the target is weak, not one line, the present key or retired, and WrongMasterKey where the key in use is not
    configured.
    """
    records = await database.fetch_all(KEY_RECORDS)
    active = next((record for record in records if record["state"] == "active"), None)
    candidates = keyring.keys if target is not None else keyring.previous
    target = target or keyring.current
    if target is None or not candidates:
        raise MasterKeyMissing("The present key and the new one are both needed; see `switchboard keys rotate --help`.")
    in_use = active is not None and await asyncio.to_thread(key_of, [target], active) is not None
    present = target if in_use else await asyncio.to_thread(_present_key, candidates, active)
    present_salt = bytes(active["salt"]) if active else present.first_salt()
    if target.same_as(present):
        raise MasterKeyError(
            f"The new key, from {target.source}, is the one that is in use already.",
            "Make one with `switchboard keys generate`.",
        )
    if target.has_control_characters:
        raise MasterKeyError(
            f"The new key, from {target.source}, has a line break or another control character in it.",
            "Give one line; `switchboard keys generate` makes one.",
        )
    if weaknesses := target.weaknesses():
        raise MasterKeyError(
            f"The new key, from {target.source}, cannot be used for writing: {weaknesses[0]}",
            "Make one with `switchboard keys generate`.",
        )
    target_salt = await asyncio.to_thread(_salt_of_target, target, records)
    # A row may be under the new key already: another program was given it first.
    return KeyChange(Keyring(present, (*keyring.keys, target)), present, present_salt, target, target_salt, format)


def _present_key(candidates: Sequence[MasterKey], active: dict[str, Any] | None) -> MasterKey:
    if active is None:
        return candidates[0]
    if (key := key_of(candidates, active)) is not None:
        return key
    raise WrongMasterKey(
        f"The key in use (key id {active['key_id']}) is not among those that are configured.",
        "Configure it as ENCRYPTION_MASTER_KEY_PREVIOUS, and the new one as ENCRYPTION_MASTER_KEY.",
    )


def _salt_of_target(target: MasterKey, records: list[dict[str, Any]]) -> bytes:
    """The salt that the key has in this database already, else its first. Raises MasterKeyError where it is retired."""
    for record in records:
        if record["state"] != "active" and target.key_id(bytes(record["salt"])) == record["key_id"]:
            if record["state"] == "retired":
                raise MasterKeyError(
                    f"The new key, from {target.source}, was retired here (key id {record['key_id']}).",
                    "Make one with `switchboard keys generate`.",
                )
            return bytes(record["salt"])
    return target.first_salt()


async def plan_rotation(database: Database, change: KeyChange, progress: Progress = report_nothing) -> EnvelopeCount:
    """Open everything and count it, without holding anybody up; nothing is written. Raises SwitchboardError."""

    async def unit(connection: Connection) -> EnvelopeCount:
        await require_everything(connection, "changes the master key")
        totals = await count_rows(connection)
        count = await count_envelopes(
            connection, change.keyring, change.fingerprints, lambda done: progress("opened", done, totals.total)
        )
        count.require_all(totals)
        return count

    return await database.read_at_length(unit, statement_timeout_ms=PAGE_TIMEOUT_MS)


async def rotate_keys(
    database: Database,
    change: KeyChange,
    *,
    left_out: frozenset[UUID],
    operation_id: UUID | None = None,
    progress: Progress = report_nothing,
) -> RotationResult:
    """Encrypt every envelope again with the target, in one transaction that nobody writes beside.

    `left_out` are ids of credentials whose envelopes may stay as they are where no key opens them, their versions
    included. Each envelope is opened, sealed, opened again and compared before it is written; afterwards all are read
    once more. Whatever goes wrong, everything is as it was. Raises Unreadable where an envelope does not open and is
    not left out, Conflict where the key or a row was changed meanwhile, Locked where somebody writes for longer than
    five seconds, and CommitInDoubt.
    """

    async def unit(connection: Connection) -> RotationResult:
        keys = {
            "from": change.from_id,
            "from_salt": change.present_salt,
            "to": change.to_id,
            "to_salt": change.target_salt,
        }
        begun = await (await connection.execute(BEGIN, keys)).fetchone() or {}
        totals = await count_rows(connection)
        if hidden := begun["envelopes"] - totals.total:
            raise Conflict(
                f"Row security of another program hides {counted(hidden, 'envelope')} from this login; "
                "nothing was changed.",
                "Change the key as the owner of the tables, or drop that policy.",
            )
        before = await _write_all(connection, change, left_out, totals.total, progress)
        before.require_all(totals)
        after = await count_envelopes(
            connection,
            Keyring(change.target),
            change.fingerprints,
            lambda done: progress("checked", done, totals.total),
        )
        _require_the_same(before, after)
        finished = {
            "details": Jsonb(_details(before, after)),
            "credentials": [left.id for left in before.left if left.place == "credential"],
            "versions": [left.id for left in before.left if left.place == "version"],
        }
        row = await (await connection.execute(FINISH, finished)).fetchone()
        progress("saving", totals.total, totals.total)
        return RotationResult(before, after, (row or {})["log_row"])

    # Both derivations take a third of a second each, and belong before the tables are held.
    await asyncio.to_thread(lambda: (change.from_id, change.to_id))
    return await database.write_at_length(unit, operation_id=operation_id)


async def _write_all(
    connection: Connection, change: KeyChange, left_out: frozenset[UUID], total: int, progress: Progress
) -> EnvelopeCount:
    """Write every envelope anew; what was there before is what this returns."""
    before = EnvelopeCount()
    fingerprint = Fingerprint(change.fingerprints)
    page: _SealedPage | None = None
    progress("written", 0, total)
    async for place, rows in pages(connection):
        # One page is encrypted while the server writes the one before.
        sealing = asyncio.ensure_future(asyncio.to_thread(_seal_page, change, place, rows))
        try:
            if page is not None:
                await _write_page(connection, page)
        finally:
            await asyncio.wait({sealing})
        page = sealing.result()
        for opening in page.openings:
            before.add(place, opening, fingerprint)
        blocking = next((left for left in before.left if left.credential_id not in left_out), None)
        if blocking is not None:
            raise does_not_open(blocking)
        progress("written", before.total, total)
    if page is not None:
        await _write_page(connection, page)
    before.fingerprint = fingerprint.hexdigest()
    return before


class _SealedPage(NamedTuple):
    place: Place
    openings: list[Opening]
    sealed: list[str]


async def _write_page(connection: Connection, page: _SealedPage) -> None:
    readable = [opening.row for opening in page.openings if not isinstance(opening.result, Unreadable)]
    values = {
        "ids": [row["id"] for row in readable],
        "seen": [row["envelope"] for row in readable],
        "sealed": page.sealed,
    }
    written = await (await connection.execute(WRITE[page.place], values)).fetchone()
    if written is None or written["n"] != len(readable):
        raise Conflict(
            "A row was changed while it was written, by a trigger of another program; nothing was changed.",
            "Look at the triggers of integration_credentials with `switchboard doctor`.",
        )


def _seal_page(change: KeyChange, place: Place, rows: list[dict[str, Any]]) -> _SealedPage:
    """Open a page, and seal what opened: opened again and compared, byte by byte."""
    openings = [Opening.of(change.keyring, row) for row in rows]
    target = Keyring(change.target)
    sealed = []
    for opening in openings:
        if isinstance(opening.result, Unreadable):
            continue
        envelope = target.seal(
            opening.result.plaintext,
            opening.binding,
            format=change.format or opening.result.format,
            salt=change.target_salt,
        )
        if target.open_bytes(envelope, opening.binding).plaintext != opening.result.plaintext:
            raise AssertionError("an envelope does not hold what was put in")
        sealed.append(envelope)
    return _SealedPage(place, openings, sealed)


def does_not_open(left: Left) -> Unreadable:
    """Return the failure that stops a rotation: this envelope does not open and is not left out."""
    which, way_out = f"credential {left.credential_id}", "enter it again"
    if left.place == "version":
        which = f"version {left.id} of the {which}"
        way_out = "delete what is kept of its type with `switchboard integrations forget TYPE`"
    return Unreadable(
        left.reason,
        f"The {which} does not open ({left.reason}); nothing was changed.",
        f"Configure its key or {way_out}, or leave it as it is with --without {left.credential_id}.",
    )


def _require_the_same(before: EnvelopeCount, after: EnvelopeCount) -> None:
    """Raise where what is there now is not exactly what was there, under the new key."""
    if (before.credentials, before.versions, before.fingerprint, {left[:2] for left in before.left}) != (
        *(after.credentials, after.versions, after.fingerprint, {left[:2] for left in after.left}),
    ):
        raise Conflict(
            "What was written is not what was read: a trigger of another program may have changed it; "
            "nothing was changed.",
            "Look at the triggers of integration_credentials with `switchboard doctor`.",
        )


def _details(before: EnvelopeCount, after: EnvelopeCount) -> Json:
    """What the log says of a rotation."""
    return {
        "credentials": after.opened("credential"),
        "versions": after.opened("version"),
        "by_key": {"before": before.by_key, "after": after.by_key},
        "by_format": {"before": before.by_format, "after": after.by_format},
        "fingerprint": {"before": before.fingerprint, "after": after.fingerprint},
    }
