"""Sealing: reading what is not sealed yet, signing it hour by hour, and storing the seals with a checkpoint."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from tui.data.log_act import NO_ORGANIZATION, log_act
from tui.data.seals.chain import Seal, newest_seal, read_newest, sealed_until
from tui.data.seals.hour_digest import HourDigest
from tui.data.seals.hours import HOUR, digest_in_pages, hours_with_rows, read_bounds
from tui.data.seals.proofs.checkpoints import checkpoint_of, read_origin, tree_to_extend
from tui.data.seals.protection import missing_relations
from tui.data.seals.sealing_keys import recorded_keys
from tui.data.seals.whole_log import RIGHTS, require_whole_log
from tui.errors import CheckFailed, PermissionDenied, SealKeyError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from tui.data.postgres.database import Connection, Database
    from tui.data.seals.hour_digest import HourOfRows, Version
    from tui.data.seals.proofs.merkle import Subtrees
    from tui.data.seals.sealing_keys import SealKey

    OnProgress = Callable[[int, int], None]

# Of the seals that are made.
VERSION: Version = 2
# A commit after so many rows or seals: 24 MB of lists at most, and no more than that is done again after a break.
ROWS_PER_COMMIT = 1_000_000
SEALS_PER_COMMIT = 5_000
FROM_THE_FUTURE = (
    "The newest seal is of an hour that is not over yet: it was inserted, or the server's clock was wrong."
)

LOCK = "select set_config('lock_timeout', '50s', true), switchboard.take_lock('seals'::text, null::uuid)"
MOMENT = """
select trunc(extract(epoch from now()) * 1000000)::bigint as sealed_at, session_user::text as sealed_by,
       pg_current_xact_id()::text as xid
"""
ADD = """
insert into switchboard.seals
  (hour, row_count, digest, root, row_list, block_roots, xid, previous, sealed_at, sealed_by, operator, key_id,
   signature, checkpoint, subtrees)
values (to_timestamp(%(hour)s::float8), %(row_count)s, %(digest)b, %(root)b, %(row_list)b, %(block_roots)b,
        %(xid)s::text::xid8, %(previous)b, now(), %(sealed_by)s, %(operator)s, %(key_id)s, %(signature)b,
        %(checkpoint)s, %(subtrees)b)
"""
RECORD_KEY = """
insert into switchboard.keys (key_id, purpose, public_key) values (%(key_id)s, 'seal', %(public_key)b)
on conflict (key_id) do nothing
"""


@dataclass(frozen=True, slots=True)
class SealingResult:
    """What a run came to: how many seals over how many rows, and how far the log is sealed now (None: not at all)."""

    seals: int
    rows: int
    sealed_until: datetime | None
    newest_seal: str | None


class _SealedMeanwhileError(Exception):
    """Another program has sealed meanwhile; its seals are the ones to go on from."""


async def seal_log(
    database: Database, key: SealKey, *, on_progress: Callable[[int, int], None] | None = None
) -> SealingResult:
    """Seal every whole hour that ended at least 15 minutes ago and has no seal yet; return what was done.

    The first run also seals the rows without a time. Hours without rows get no seal, but the last one that can be
    sealed always does: so a seal says as well that there was nothing between it and the one before. Each commit holds
    its seals, the last one with a checkpoint, and one row log_sealed of one operation. Two runs at once do not collide:
    each goes on from what the other has committed. `on_progress` is told how many rows are read, and the hour (seconds
    since 1970) of the last.

    Raises ReadOnlyMode, PermissionDenied before anything is read, SealKeyError for a key that is retired, CheckFailed
    where the newest seal cannot be one, and what Database.write raises.
    """
    if database.refusal is not None:
        raise database.refusal()
    await _require_rights(database, key)
    operation, seals, rows = uuid4(), 0, 0
    while True:
        newest, tree = await newest_seal(database), None
        # After it: another run may have sealed an hour that is old enough since a moment ago.
        bounds = await read_bounds(database)
        if newest and newest.hour is not None and newest.hour >= bounds.until:
            raise CheckFailed(FROM_THE_FUTURE, "Nothing was sealed; run `switchboard audit verify`.")
        try:
            async for batch in _batches(database, newest, bounds.first, bounds.until, on_progress):
                if tree is None:
                    tree = await tree_to_extend(database, newest)
                newest, tree = await _commit(database, key, batch, newest, tree, operation)
                seals += len(batch)
                rows += sum(hour.row_count for hour in batch)
        except _SealedMeanwhileError:
            continue
        fingerprint = newest.fingerprint().hex() if newest else None
        return SealingResult(seals, rows, sealed_until(newest), fingerprint)


async def _require_rights(database: Database, key: SealKey) -> None:
    """Refuse before hours are spent on reading. What is granted here is checked by the database again."""

    async def unit(connection: Connection) -> None:
        if unreadable := await missing_relations(connection):
            raise CheckFailed(unreadable[0], "Nothing was sealed; run `switchboard audit verify`.")
        await require_whole_log(connection)
        row = await (await connection.execute(RIGHTS)).fetchone() or {}
        states = {key_id: state for key_id, _, state in await recorded_keys(connection)}
        if not row["seals"] or (key.key_id not in states and not row["keys"]):
            raise PermissionDenied(
                f"The role {row['role']} may not seal the log: it lacks INSERT on switchboard.seals"
                f"{'' if row['seals'] else ' and switchboard.keys'}.",
                "Connect as a member of switchboard_admin, or as the owner.",
            )
        if states.get(key.key_id) == "retired":
            raise SealKeyError(
                f"The sealing key {key.key_id} is retired in this database.", "Seal with the key that is in use."
            )

    await database.read(unit)


async def _batches(
    database: Database,
    newest: Seal | None,
    first: int | None,
    until: int,
    on_progress: OnProgress | None,
) -> AsyncIterator[list[HourOfRows]]:
    """Read what is to be sealed after `newest`, in pieces for one commit each."""
    batch: list[HourOfRows] = []
    rows = read = 0
    if newest is None:
        batch.append(await digest_in_pages(database, None, VERSION, listed=True))
        rows = batch[0].row_count
    last = newest.hour if newest else None
    start = first if last is None else last + HOUR
    if start is not None:
        async for hour in hours_with_rows(database, start, until, VERSION, listed=True):
            batch.append(hour)
            last, rows, read = hour.hour, rows + hour.row_count, read + hour.row_count
            if on_progress and last is not None:
                on_progress(read, last)
            if rows >= ROWS_PER_COMMIT or len(batch) >= SEALS_PER_COMMIT:
                yield batch
                batch, rows = [], 0
    if last is None or last < until - HOUR:
        batch.append(HourDigest(VERSION, listed=True).finish(until - HOUR))
    if batch:
        yield batch


async def _commit(
    database: Database, key: SealKey, batch: list[HourOfRows], newest: Seal | None, tree: Subtrees, operation: UUID
) -> tuple[Seal, Subtrees]:
    """Sign and store seals in one transaction, with their row of the log.

    `tree` is that of the seals up to `newest`; returns the last seal and the tree up to that.
    """

    async def unit(connection: Connection) -> tuple[Seal, Subtrees]:
        await connection.execute(LOCK)
        current = await read_newest(connection)
        if (current and current.fingerprint()) != (newest and newest.fingerprint()):
            raise _SealedMeanwhileError
        await connection.execute(RECORD_KEY, {"key_id": key.key_id, "public_key": key.public_key})
        moment = await (await connection.execute(MOMENT)).fetchone() or {}
        operator = database.operator.label or None
        records: list[dict[str, Any]] = []
        previous, seal, leaves = newest.fingerprint() if newest else None, newest, bytearray()
        for hour in batch:
            seal = _sign(key, hour, previous, operator, moment)
            blocks = hour.block_roots if hour.row_list is None else None
            lists = {"row_list": hour.row_list, "block_roots": blocks}
            records.append(asdict(seal) | lists | {"checkpoint": None, "subtrees": None})
            previous = seal.fingerprint()
            leaves += seal.leaf()
        if seal is None or previous is None:
            raise AssertionError("a batch has at least one hour")
        extended = tree.with_leaves(bytes(leaves))
        checkpoint = checkpoint_of(await read_origin(connection), extended, key)
        records[-1] |= {"checkpoint": str(checkpoint), "subtrees": extended.roots}
        async with connection.cursor() as cursor:
            await cursor.executemany(ADD, records)
        until = sealed_until(seal)
        details = {
            "seals": len(batch),
            "rows": sum(hour.row_count for hour in batch),
            "sealed_until": until.isoformat() if until else None,
            "newest_seal": previous.hex(),
            "key_id": key.key_id,
        }
        await log_act(connection, "log_sealed", NO_ORGANIZATION, "none", details=details)
        return seal, extended

    return await database.write(unit, operation_id=operation)


def _sign(key: SealKey, hour: HourOfRows, previous: bytes | None, operator: str | None, moment: dict[str, Any]) -> Seal:
    list_digest = None if hour.row_list is None else hashlib.sha256(hour.row_list).digest()
    unsigned = Seal(
        id=0,
        hour=hour.hour,
        row_count=hour.row_count,
        digest=hour.digest,
        root=hour.root,
        list_digest=list_digest,
        xid=moment["xid"],
        previous=previous,
        sealed_at=moment["sealed_at"],
        sealed_by=moment["sealed_by"],
        operator=operator,
        key_id=key.key_id,
        signature=b"",
    )
    return replace(unsigned, signature=key.sign(unsigned.statement()))
