"""Checkpoints over the chain of seals: a tree whose leaves are the statement and the signature of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tui.data.seals.chain import read_newest, sealed_until, seals_of
from tui.data.seals.merkle import HASH_BYTES, root_of
from tui.data.seals.notes import Checkpoint, log_signature
from tui.data.seals.sealing_keys import key_id_of, recorded_keys
from tui.errors import CheckFailed

if TYPE_CHECKING:
    from datetime import datetime

    from tui.data.postgres.database import Connection, Database
    from tui.data.seals.chain import Seal
    from tui.data.seals.sealing_keys import SealKey

ORIGIN = "select s.text_value as origin from switchboard.settings as s where s.name = 'origin'"
STORED = "select s.checkpoint from switchboard.seals as s where s.id = %(id)s"


@dataclass(frozen=True, slots=True)
class SealEvidence:
    """What to keep outside the database: the newest seal's fingerprint, the public keys, and the newest checkpoint.

    The first two are in hexadecimal digits. Rows at or after `sealed_until` are not under a seal yet; it and
    `newest_seal` are None where nothing is, `checkpoint` where the newest seal is of version 1.
    """

    newest_seal: str | None
    sealed_until: datetime | None
    public_keys: tuple[str, ...]
    checkpoint: str | None

    def as_record(self) -> dict[str, Any]:
        """Return it as `audit verify --manifest` reads it, under the name "seals"."""
        until = self.sealed_until.isoformat() if self.sealed_until else None
        return {
            "newest_seal": self.newest_seal,
            "sealed_until": until,
            "public_keys": list(self.public_keys),
            "checkpoint": self.checkpoint,
        }


async def read_seal_evidence(database: Database) -> SealEvidence:
    """Return what an export's manifest and a check elsewhere need. Raises PermissionDenied and its like."""

    async def unit(connection: Connection) -> SealEvidence:
        newest, keys = await read_newest(connection), await recorded_keys(connection)
        fingerprint = newest.fingerprint().hex() if newest else None
        genuine = tuple(public.hex() for key_id, public, _ in keys if key_id == key_id_of(public))
        checkpoint = await read_stored(connection, newest) if newest else None
        return SealEvidence(fingerprint, sealed_until(newest), genuine, checkpoint)

    return await database.read(unit)


async def read_stored(connection: Connection, seal: Seal) -> str | None:
    """Return the checkpoint that a seal has, as it is: the last one of a sealing has one, in version 2."""
    row = await (await connection.execute(STORED, {"id": seal.id})).fetchone()
    return row["checkpoint"] if row else None


async def read_origin(connection: Connection) -> str:
    """Return what checkpoints call this log. Raises CheckFailed where that was removed."""
    row = await (await connection.execute(ORIGIN)).fetchone()
    if row is None or not row["origin"]:
        raise CheckFailed(
            "The log has no origin, by which checkpoints name it: it was removed from switchboard.settings.",
            "Put the one back that its checkpoints have in their first line.",
        )
    origin: str = row["origin"]
    return origin


async def seal_leaves(database: Database, newest: Seal | None) -> bytes:
    """Return the leaves of the seals up to that one, in the order of the chain."""
    if newest is None:
        return b""
    return b"".join([seal.leaf() async for seal in seals_of(database, newest.id)])


def checkpoint_of(origin: str, leaves: bytes, key: SealKey) -> Checkpoint:
    """Return the signed checkpoint over the seals with these leaves."""
    unsigned = Checkpoint(origin, len(leaves) // HASH_BYTES, root_of(leaves))
    return replace(unsigned, signatures=(log_signature(unsigned, key.public_key, key.sign),))
