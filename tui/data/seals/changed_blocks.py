"""Which rows of a large hour are not as they were sealed: the block, where the seal has no list of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.data.seals.hour_digest import ROWS_OF_A_BLOCK
from tui.data.seals.hours import HOUR, ID
from tui.data.seals.proofs.merkle import HASH_BYTES, root_of

if TYPE_CHECKING:
    from tui.data.postgres.database import Database
    from tui.data.seals.chain import Seal
    from tui.data.seals.hour_digest import HourOfRows

BLOCK_ROOTS = "select coalesce(block_roots, '') as block_roots from switchboard.seals where id = %(id)s"
TIMES = f"""
select min(b.created_at)::text as begins, max(b.created_at)::text as ends
  from (select l.created_at from public.integration_audit_logs as l
         where l.created_at >= to_timestamp(%(hour)s::float8) and l.created_at < to_timestamp(%(until)s::float8)
         order by l.created_at, {ID} offset %(skipped)s limit %(rows)s) as b
"""


@dataclass(frozen=True, slots=True)
class ChangedBlock:
    """The first block that is another one: its rows by their places in the hour, the first being 1, and their times.

    `others` blocks behind it are not as they were either: all of them where a row was added or removed.
    """

    first: int
    last: int
    begins: str | None
    ends: str | None
    others: int


async def first_changed_block(database: Database, seal: Seal, rows: HourOfRows) -> ChangedBlock | None:
    """Compare the blocks of an hour with those its seal has; None where all are equal, or it has none that it signs.

    `seal` must be proven genuine. Raises what Database.read raises.
    """
    sealed: bytes = await database.fetch_value(BLOCK_ROOTS, {"id": seal.id}) or b""
    if seal.root is None or root_of(sealed) != seal.root:
        return None
    now = rows.block_roots
    changed = [
        at // HASH_BYTES
        for at in range(0, max(len(sealed), len(now)), HASH_BYTES)
        if sealed[at : at + HASH_BYTES] != now[at : at + HASH_BYTES]
    ]
    if not changed:
        # Whoever has the sealing key can sign another digest beside the same root.
        return None
    skipped = changed[0] * ROWS_OF_A_BLOCK
    times: dict[str, str | None] = {"begins": None, "ends": None}
    if seal.hour is not None:
        place = {"hour": seal.hour, "until": seal.hour + HOUR, "skipped": skipped, "rows": ROWS_OF_A_BLOCK}
        times = await database.fetch_one(TIMES, place) or times
    last = min(skipped + ROWS_OF_A_BLOCK, max(seal.row_count, rows.row_count))
    return ChangedBlock(skipped + 1, last, times["begins"], times["ends"], len(changed) - 1)
