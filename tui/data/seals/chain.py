"""The chain of seals: signed statements over the log, one for each hour, each naming the one before."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg.rows import class_row

from tui.data.seals.hours import HOUR, moment_of
from tui.data.seals.proofs.merkle import leaf_hash

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from tui.data.postgres.database import Connection, Database
    from tui.data.seals.hour_digest import HourOfRows, Version

HEADS: dict[Version, str] = {1: "switchboard seal 1", 2: "switchboard seal 2"}
SEALS_AT_ONCE = 1_000

# Whatever the owner of the table puts there is read: what no sealing writes never has the signature of one.
SEALS = """
select s.id, case when isfinite(s.hour) then extract(epoch from s.hour)::bigint end as hour,
       coalesce(s.row_count, -1) as row_count, coalesce(s.digest, '') as digest, sha256(s.row_list) as list_digest,
       s.root, s.xid::text as xid, s.previous,
       case when isfinite(s.sealed_at) then trunc(extract(epoch from s.sealed_at) * 1000000)::bigint else -1 end
         as sealed_at,
       coalesce(s.sealed_by, '') as sealed_by, s.operator, coalesce(s.key_id, '') as key_id,
       coalesce(s.signature, '') as signature
  from switchboard.seals as s
"""
NEWEST = f"{SEALS} where s.id is not null order by s.id desc limit 1"
FROM = f"{SEALS} where s.id >= %(id)s and s.id <= %(last)s order by s.id limit {SEALS_AT_ONCE}"
# As the index has it; the rows without a time are sealed without an hour.
OF_HOUR = f"""{SEALS}
 where coalesce(s.hour, '-infinity') = coalesce(to_timestamp(%(hour)s::float8), '-infinity') order by s.id limit 1
"""
LOWEST_ID = -(2**63)


@dataclass(frozen=True, slots=True)
class Seal:
    """A row of switchboard.seals. `hour` is in seconds and `sealed_at` in microseconds since 1970.

    `list_digest` is the SHA-256 of the list, None where there is no list. `xid` is the sealing's transaction: one that
    wrote a row and began later has a higher id. `root` is None in a seal of version 1.
    """

    id: int
    hour: int | None
    row_count: int
    digest: bytes
    root: bytes | None
    list_digest: bytes | None
    xid: str | None
    previous: bytes | None
    sealed_at: int
    sealed_by: str
    operator: str | None
    key_id: str
    signature: bytes

    @property
    def version(self) -> Version:
        """The version of its statement, and of the leaves of its rows."""
        return 1 if self.root is None else 2

    def statement(self) -> bytes:
        """Return what is signed, as UTF-8. In Postgres the same text is

        jsonb_build_array('switchboard seal 2', extract(epoch from hour)::bigint, row_count, encode(digest, 'hex'),
        encode(root, 'hex'), encode(sha256(row_list), 'hex'), xid::text, encode(previous, 'hex'),
        trunc(extract(epoch from sealed_at) * 1000000), sealed_by, operator, key_id)::text

        In version 1 there is no root.
        """
        parts: list[str | int | None] = [
            HEADS[self.version],
            self.hour,
            self.row_count,
            self.digest.hex(),
            *([] if self.root is None else [self.root.hex()]),
            _hex(self.list_digest),
            self.xid,
            _hex(self.previous),
            self.sealed_at,
            self.sealed_by,
            self.operator,
            self.key_id,
        ]
        return json.dumps(parts, ensure_ascii=False).encode()

    def leaf(self) -> bytes:
        """Return its hash as a leaf of the tree of all seals."""
        return leaf_hash(self.statement() + self.signature)

    def holds(self, rows: HourOfRows) -> bool:
        """Whether these are the rows that were sealed; their leaves must be of the seal's version."""
        return (rows.row_count, rows.digest, rows.root) == (self.row_count, self.digest, self.root)

    def fingerprint(self) -> bytes:
        """Return the SHA-256 of the statement: what the next seal has as `previous`, and what is kept elsewhere."""
        return hashlib.sha256(self.statement()).digest()


async def newest_seal(database: Database) -> Seal | None:
    """Return the newest seal, None where there is none."""
    return await database.fetch_one(NEWEST, row_factory=class_row(Seal))


async def seal_of_hour(database: Database, hour: int | None) -> Seal | None:
    """Return the seal of an hour in seconds since 1970, (None: of the rows without a time), if it has one."""
    return await database.fetch_one(OF_HOUR, {"hour": hour}, row_factory=class_row(Seal))


async def seals_of(database: Database, last: int) -> AsyncIterator[Seal]:
    """Yield the seals up to the one of that id, the oldest first, SEALS_AT_ONCE with each read."""
    following = LOWEST_ID
    while seals := await database.fetch_all(FROM, {"id": following, "last": last}, row_factory=class_row(Seal)):
        for seal in seals:
            yield seal
        following = seals[-1].id + 1


def sealed_until(newest: Seal | None) -> datetime | None:
    """Return the end of the newest sealed hour in UTC; None where nothing is sealed, or it fits no datetime."""
    return None if newest is None or newest.hour is None else moment_of(newest.hour + HOUR)


async def read_newest(connection: Connection) -> Seal | None:
    """Return the newest seal as `newest_seal` does, within a unit of work."""
    row = await (await connection.execute(NEWEST)).fetchone()
    return Seal(**row) if row else None


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()
