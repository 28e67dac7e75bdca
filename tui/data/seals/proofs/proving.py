"""Making the proof of one row from the log, its seals and the newest checkpoint."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from psycopg.rows import tuple_row

from tui.data.seals.chain import newest_seal, seal_of_hour, seals_of
from tui.data.seals.hour_digest import ENTRY_BYTES, HourDigest
from tui.data.seals.hours import TEXT, hour_text, pages_of
from tui.data.seals.proofs.checkpoints import read_stored
from tui.data.seals.proofs.merkle import HASH_BYTES, leaf_hash, path_of
from tui.data.seals.proofs.notes import NoteError, read_checkpoint
from tui.data.seals.proofs.proof import NotProvenError, Place, Proof, check_proof
from tui.data.seals.sealing_keys import recorded_keys
from tui.data.seals.whole_log import require_whole_log
from tui.errors import CheckFailed, NotFound, NotProvable
from tui.words.counts import counted

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from tui.data.postgres.database import Database
    from tui.data.seals.chain import Seal
    from tui.data.seals.proofs.notes import Checkpoint

ROW = f"""
select {TEXT} as text,
       case when isfinite(l.created_at)
            then extract(epoch from date_trunc('hour', l.created_at, 'UTC'))::bigint end as hour
  from public.integration_audit_logs as l where l.id = %(id)s order by l.created_at limit 1
"""
ARCHIVED_BEFORE = "select switchboard.archived_before()"
VERIFY = "Run `switchboard audit verify`."


async def prove_row(database: Database, row_id: UUID, against: Checkpoint | None = None) -> Proof:
    """Return the proof of a row, against a checkpoint: by default the one that the newest seal has.

    All leaves of its hour and all seals are read for it. Raises NotFound where there is no such row, NotProvable where
    no seal of version 2 is over it or `against` is older than its seal, CheckFailed where its hour or the chain is not
    as it was sealed, PermissionDenied where this role does not see the whole log, and what Database.read raises.
    """
    await database.read(require_whole_log)
    found = await database.fetch_all(ROW, {"id": row_id}, row_factory=tuple_row, binary=True)
    if not found:
        before: datetime | None = await database.fetch_value(ARCHIVED_BEFORE)
        archived = f": before {before.astimezone(UTC):%Y-%m} it is archived" if before else ""
        raise NotFound(
            f"The log has no row with that id{archived}.", "`switchboard audit list --json` shows the ids of rows."
        )
    ((text, hour),) = found
    newest = await newest_seal(database)
    seal = await seal_of_hour(database, hour)
    if newest is None or seal is None or seal.id > newest.id:
        raise NotProvable(
            f"The row is not under a seal: there is none of {hour_text(hour)}.",
            "`switchboard audit seal` seals an hour that has been over for 15 minutes.",
        )
    if seal.version == 1:
        raise NotProvable(
            "The row is under a seal of version 1, which proves an hour to whoever has all of its rows.",
            "Hand over an export of the hour with its manifest.",
        )
    in_hour = await _place_in_hour(database, seal, row_id, text)
    leaves, index = bytearray(), 0
    async for link in seals_of(database, newest.id):
        if link.id == seal.id:
            index = len(leaves) // HASH_BYTES
        leaves += link.leaf()
    note = await database.read(lambda connection: read_stored(connection, newest))
    try:
        checkpoint = against or read_checkpoint(note or "")
        if checkpoint.size <= index:
            raise NotProvable(
                f"The checkpoint is over {counted(checkpoint.size, 'seal')}, and that of the row is a later one.",
                "Prove it against a newer one, or leave the checkpoint out.",
            )
        in_chain = Place(index, path_of(bytes(leaves[: checkpoint.size * HASH_BYTES]), index))
        proof = Proof(text.decode(), in_hour, seal.statement().decode(), seal.signature, in_chain, checkpoint)
        check_proof(proof, [public_key for _, public_key, _ in await database.read(recorded_keys)])
    except NoteError:
        raise CheckFailed("The newest seal has no checkpoint that can be read.", VERIFY) from None
    except NotProvenError as failure:
        raise CheckFailed(f"The proof would not hold. {failure}", VERIFY) from None
    return proof


async def _place_in_hour(database: Database, seal: Seal, row_id: UUID, text: bytes) -> Place:
    digest, leaves, index = HourDigest(seal.version), bytearray(), None
    entry = row_id.bytes + leaf_hash(text)[: ENTRY_BYTES - len(row_id.bytes)]
    async for page in pages_of(database, seal.hour, seal.version):
        if index is None:
            index = _index_of(entry, page.row_list, len(leaves) // HASH_BYTES)
        digest.add(page.leaves)
        leaves += page.leaves
    if index is None or not seal.holds(digest.finish(seal.hour)):
        raise CheckFailed(f"The rows of {hour_text(seal.hour)} are not as they were sealed.", VERIFY)
    return Place(index, path_of(bytes(leaves), index))


def _index_of(entry: bytes, row_list: bytes, before: int) -> int | None:
    at = row_list.find(entry)
    while at >= 0 and at % ENTRY_BYTES:
        at = row_list.find(entry, at + 1)
    return None if at < 0 else before + at // ENTRY_BYTES
