"""Which rows of one hour are not as they were sealed: altered, removed, moved away, or added later."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from tui.data.seals.hour_digest import ENTRY_BYTES
from tui.data.seals.hours import entries_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tui.data.postgres.database import Database
    from tui.data.seals.chain import Seal

RowChange = Literal["altered", "removed", "moved", "added"]

ID_BYTES = 16
NAMED_ROWS = 20
# Of an hour that somebody filled up with rows no more than these are looked at closer.
COLLECTED_ROWS = 100_000
LOOKED_UP_AT_ONCE = 5_000

LIST = "select row_list from switchboard.seals where id = %(id)s"
# Transaction ids on rows have 32 bits: the whole one is the latest with these that has been given out.
WHERE_NOW = """
select l.id, l.created_at::text as moment,
       case when x.low <= n.next & 4294967295 then n.next - (n.next & 4294967295) + x.low
            else n.next - (n.next & 4294967295) - 4294967296 + x.low end as xid
  from public.integration_audit_logs as l
 cross join lateral (select l.xmin::text::bigint as low) as x
 cross join (select pg_snapshot_xmax(pg_current_snapshot())::text::bigint as next) as n
 where l.id = any (%(ids)s)
"""


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """One row: its id (None where it has none), what became of it, and where it is now if it was moved.

    `was_under_way`: the transaction that wrote an added row had its id before its hour was sealed, so that it may only
    have committed late; False where the row was written afterwards, be it in a transaction that was open already. None
    where that cannot be told.
    """

    id: UUID | None
    change: RowChange
    moved_to: str | None = None
    was_under_way: bool | None = None


@dataclass(frozen=True, slots=True)
class ChangedRows:
    """The changed rows of an hour: up to NAMED_ROWS of them, and how many of each kind there are in all."""

    rows: tuple[ChangedRow, ...]
    counts: dict[RowChange, int]


@dataclass(frozen=True, slots=True)
class ChangedEntries:
    """Which rows a list does not have as they are, by the 16 bytes of their ids; `uncollected` more were not listed."""

    altered: tuple[bytes, ...]
    removed: tuple[bytes, ...]
    added: tuple[bytes, ...]
    uncollected: int


async def changed_rows(database: Database, seal: Seal) -> ChangedRows | None:
    """Compare an hour with the list its seal has; None where the seal has none. `seal` must be proven genuine.

    Raises what Database.read raises.
    """
    row_list: bytes | None = await database.fetch_value(LIST, {"id": seal.id})
    if row_list is None:
        return None
    changed = await changed_entries(row_list, entries_of(database, seal.hour, seal.version))
    return await _name_changes(database, seal.xid, changed)


async def rows_added(database: Database, hour: int, seal: Seal) -> ChangedRows:
    """Name the rows of an hour that `seal`, the next one, says was empty. Raises what Database.read raises."""
    changed = await changed_entries(b"", entries_of(database, hour, seal.version))
    return await _name_changes(database, seal.xid, changed)


async def changed_entries(row_list: bytes, entries: AsyncIterator[bytes]) -> ChangedEntries:
    """Compare the list of a seal with the entries of the rows as they are, wherever those come from."""
    missing = Counter(row_list[start : start + ENTRY_BYTES] for start in range(0, len(row_list), ENTRY_BYTES))
    unlisted: list[bytes] = []
    uncollected = 0
    async for entry in entries:
        if missing.get(entry):
            missing[entry] -= 1
        elif len(unlisted) < COLLECTED_ROWS:
            unlisted.append(entry[:ID_BYTES])
        else:
            uncollected += 1
    missing_ids = Counter(entry[:ID_BYTES] for entry in missing.elements())
    altered, added = [], []
    for row_id in unlisted:
        if missing_ids[row_id]:
            missing_ids[row_id] -= 1
            altered.append(row_id)
        else:
            added.append(row_id)
    return ChangedEntries(tuple(altered), tuple(missing_ids.elements()), tuple(added), uncollected)


async def _name_changes(database: Database, xid: str | None, changed: ChangedEntries) -> ChangedRows:
    altered, removed, added = changed.altered, changed.removed, changed.added
    present = await _find_present(database, added[:NAMED_ROWS])
    for at in range(0, len(removed), LOOKED_UP_AT_ONCE):
        present |= await _find_present(database, removed[at : at + LOOKED_UP_AT_ONCE])
    rows = [ChangedRow(_uuid(row_id), "altered") for row_id in altered[:NAMED_ROWS]]
    moved = sum(row_id in present for row_id in removed)
    for row_id in removed[:NAMED_ROWS]:
        now = present.get(row_id)
        rows.append(
            ChangedRow(_uuid(row_id), "moved", moved_to=now[0]) if now else ChangedRow(_uuid(row_id), "removed")
        )
    for row_id in added[:NAMED_ROWS]:
        now = present.get(row_id)
        under_way = None if now is None or xid is None else now[1] < int(xid)
        rows.append(ChangedRow(_uuid(row_id), "added", was_under_way=under_way))
    counts: dict[RowChange, int] = {
        "altered": len(altered),
        "removed": len(removed) - moved,
        "moved": moved,
        "added": len(added) + changed.uncollected,
    }
    return ChangedRows(tuple(rows[:NAMED_ROWS]), counts)


async def _find_present(database: Database, row_ids: Sequence[bytes]) -> dict[bytes, tuple[str, int]]:
    """Return time as text and writing transaction's id for those of the rows that are in the log."""
    ids = [UUID(bytes=row_id) for row_id in row_ids]
    rows = await database.fetch_all(WHERE_NOW, {"ids": ids})
    return {row["id"].bytes: (row["moment"] or "no time", row["xid"]) for row in rows}


def _uuid(row_id: bytes) -> UUID | None:
    return UUID(bytes=row_id) if any(row_id) else None
