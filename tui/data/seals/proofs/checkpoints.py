"""Checkpoints over the chain of seals: a tree whose leaves are the statement and the signature of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tui.data.log_act import NO_ORGANIZATION, log_act
from tui.data.seals.chain import newest_seal, read_newest, sealed_until, seals_of
from tui.data.seals.proofs.merkle import Subtrees
from tui.data.seals.proofs.notes import Checkpoint, NoteError, is_name, log_signature, read_checkpoint
from tui.data.seals.sealing_keys import key_id_of, recorded_keys
from tui.data.seals.whole_log import require_whole_log
from tui.errors import CheckFailed, NotFound, SealKeyError

if TYPE_CHECKING:
    from datetime import datetime

    from tui.data.postgres.database import Connection, Database
    from tui.data.seals.chain import Seal
    from tui.data.seals.sealing_keys import SealKey

ORIGIN = "select s.text_value as origin from switchboard.settings as s where s.name = 'origin'"
STORED = "select s.checkpoint, s.subtrees from switchboard.seals as s where s.id = %(id)s"


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
    """Return what checkpoints call this log. Raises CheckFailed where that was removed, or made something else.

    It is signed as the first line of a text: with more lines in it the owner would choose what the sealing key signs.
    """
    row = await (await connection.execute(ORIGIN)).fetchone()
    origin: str = (row and row["origin"]) or ""
    if not is_name(origin):
        raise CheckFailed(
            "The log has no origin, by which checkpoints name it: switchboard.settings has none, or no name.",
            "Put the one back that its checkpoints have in their first line.",
        )
    return origin


async def tree_of_chain(database: Database, newest: Seal) -> Subtrees:
    """Return the tree of the seals up to that one, as they are."""
    return Subtrees().with_leaves(b"".join([seal.leaf() async for seal in seals_of(database, newest.id)]))


async def tree_to_extend(database: Database, newest: Seal | None) -> Subtrees:
    """Return the tree that the next checkpoint goes on from: the one that the log has signed with `newest`.

    So none is ever signed that contradicts the one before, whatever was made of older seals meanwhile, and no seal but
    `newest` is read. Where that has no checkpoint that the log has signed, the chain is read.
    """
    if newest is None:
        return Subtrees()
    row = await database.fetch_one(STORED, {"id": newest.id})
    keys = [public_key for _, public_key, _ in await database.read(recorded_keys)]
    try:
        signed = read_checkpoint((row and row["checkpoint"]) or "")
    except NoteError:
        return await tree_of_chain(database, newest)
    tree = Subtrees(signed.size, bytes((row and row["subtrees"]) or b""))
    is_signed = tree.is_whole and tree.root() == signed.root and signed.is_signed_by(keys)
    return tree if is_signed else await tree_of_chain(database, newest)


def checkpoint_of(origin: str, tree: Subtrees, key: SealKey) -> Checkpoint:
    """Return the signed checkpoint over the seals of a tree."""
    unsigned = Checkpoint(origin, tree.size, tree.root())
    return replace(unsigned, signatures=(log_signature(unsigned, key.public_key, key.sign),))


async def read_checkpoint_of_newest(database: Database) -> Checkpoint | None:
    """Return the checkpoint over all seals that the last sealing has made; None where the newest seal has none.

    Raises CheckFailed where it is not one of the seals that are there, PermissionDenied where this role does not see
    the whole log, and what Database.read raises.
    """
    await database.read(require_whole_log)
    newest = await newest_seal(database)
    note = None if newest is None else await database.read(lambda connection: read_stored(connection, newest))
    if newest is None or note is None:
        return None
    tree = await tree_of_chain(database, newest)
    keys = [public_key for _, public_key, _ in await database.read(recorded_keys)]
    try:
        checkpoint = read_checkpoint(note)
    except NoteError:
        checkpoint = None
    expected = (tree.size, tree.root())
    if checkpoint is None or (checkpoint.size, checkpoint.root) != expected or not checkpoint.is_signed_by(keys):
        raise CheckFailed(
            "The newest checkpoint is not one of the seals that are there.", "Run `switchboard audit verify`."
        )
    return checkpoint


async def make_checkpoint(database: Database, key: SealKey) -> Checkpoint:
    """Sign a checkpoint over all seals, and log that.

    For seals of version 1, which have none. Raises NotFound where there is no seal, SealKeyError where the key is not
    one that the log is sealed with, PermissionDenied, and what Database.write raises.
    """
    await database.read(require_whole_log)
    newest = await newest_seal(database)
    if newest is None:
        raise NotFound("The log is not sealed yet.", "`switchboard audit seal` makes the first seals.")
    if key.key_id not in {key_id for key_id, _, state in await database.read(recorded_keys) if state != "retired"}:
        raise SealKeyError(f"The log is not sealed with the key {key.key_id}.", "Sign with the key that is in use.")
    checkpoint = checkpoint_of(await database.read(read_origin), await tree_of_chain(database, newest), key)
    details = {
        "origin": checkpoint.origin,
        "seals": checkpoint.size,
        "root": checkpoint.root.hex(),
        "newest_seal": newest.fingerprint().hex(),
        "key_id": key.key_id,
    }

    async def unit(connection: Connection) -> None:
        await log_act(connection, "checkpoint_made", NO_ORGANIZATION, "none", details=details)

    await database.write(unit, log_only=True)
    return checkpoint
