"""Seals: signed statements over the log, one for each hour, each naming the one before; and the making of them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from psycopg.rows import class_row

from tui.data.log_act import log_act
from tui.data.scope import require_everything
from tui.data.seals.hours import EMPTY, HOUR, HourOfRows, digest_in_pages, hours_with_rows, moment_of, read_bounds
from tui.data.seals.protection import missing_relations
from tui.data.seals.sealing_keys import key_id_of, recorded_keys
from tui.errors import CheckFailed, PermissionDenied, SealKeyError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from tui.data.postgres.database import Connection, Database
    from tui.data.seals.sealing_keys import SealKey

    OnProgress = Callable[[int, int], None]

VERSION = "switchboard seal 1"
# A commit after so many rows or seals: 24 MB of lists at most, and no more than that is done again after a break.
ROWS_PER_COMMIT = 1_000_000
SEALS_PER_COMMIT = 5_000
SEALS_AT_ONCE = 1_000
# The log is sealed for all organisations at once; these stand in its row for none of them.
NO_ORGANIZATION = UUID(int=0)
FROM_THE_FUTURE = (
    "The newest seal is of an hour that is not over yet: it was inserted, or the server's clock was wrong."
)

LOCK = "select set_config('lock_timeout', '50s', true), switchboard.take_lock('seals'::text, null::uuid)"
# Whatever the owner of the table puts there is read: what no sealing writes never has the signature of one.
SEALS = """
select s.id, case when isfinite(s.hour) then extract(epoch from s.hour)::bigint end as hour,
       coalesce(s.row_count, -1) as row_count, coalesce(s.digest, '') as digest, sha256(s.row_list) as list_digest,
       s.xid::text as xid, s.previous,
       case when isfinite(s.sealed_at) then trunc(extract(epoch from s.sealed_at) * 1000000)::bigint else -1 end
         as sealed_at,
       coalesce(s.sealed_by, '') as sealed_by, s.operator, coalesce(s.key_id, '') as key_id,
       coalesce(s.signature, '') as signature
  from switchboard.seals as s
"""
NEWEST = f"{SEALS} where s.id is not null order by s.id desc limit 1"
FROM = f"{SEALS} where s.id >= %(id)s and s.id <= %(last)s order by s.id limit {SEALS_AT_ONCE}"
LOWEST_ID = -(2**63)
MOMENT = """
select trunc(extract(epoch from now()) * 1000000)::bigint as sealed_at, session_user::text as sealed_by,
       pg_current_xact_id()::text as xid
"""
ADD = """
insert into switchboard.seals
  (hour, row_count, digest, row_list, xid, previous, sealed_at, sealed_by, operator, key_id, signature)
values (to_timestamp(%(hour)s::float8), %(row_count)s, %(digest)b, %(row_list)b, %(xid)s::text::xid8,
        %(previous)b, now(), %(sealed_by)s, %(operator)s, %(key_id)s, %(signature)b)
"""
RECORD_KEY = """
insert into switchboard.keys (key_id, purpose, public_key) values (%(key_id)s, 'seal', %(public_key)b)
on conflict (key_id) do nothing
"""
RIGHTS = """
select has_table_privilege('switchboard.seals', 'insert') as seals,
       has_column_privilege('switchboard.keys', 'public_key', 'insert') as keys,
       has_table_privilege('public.integration_audit_logs', 'select')
         and (not row_security_active('public.integration_audit_logs')
              or exists (select from pg_roles as r
                          where r.rolname in ('switchboard_admin', 'switchboard_support', 'switchboard_auditor')
                            and pg_has_role(r.oid, 'usage'))) as log,
       row_security_active('public.integration_audit_logs') as has_policies,
       current_user::text as role
"""


@dataclass(frozen=True, slots=True)
class Seal:
    """A row of switchboard.seals. `hour` is in seconds and `sealed_at` in microseconds since 1970.

    `list_digest` is the SHA-256 of the list, None where there is no list. `xid` is the sealing's transaction: one that
    wrote a row and began later has a higher id.
    """

    id: int
    hour: int | None
    row_count: int
    digest: bytes
    list_digest: bytes | None
    xid: str | None
    previous: bytes | None
    sealed_at: int
    sealed_by: str
    operator: str | None
    key_id: str
    signature: bytes

    def statement(self) -> bytes:
        """Return what is signed, as UTF-8. In Postgres the same text is

        jsonb_build_array('switchboard seal 1', extract(epoch from hour)::bigint, row_count, encode(digest, 'hex'),
        encode(sha256(row_list), 'hex'), xid::text, encode(previous, 'hex'),
        trunc(extract(epoch from sealed_at) * 1000000), sealed_by, operator, key_id)::text
        """
        parts: list[str | int | None] = [
            VERSION,
            self.hour,
            self.row_count,
            self.digest.hex(),
            _hex(self.list_digest),
            self.xid,
            _hex(self.previous),
            self.sealed_at,
            self.sealed_by,
            self.operator,
            self.key_id,
        ]
        return json.dumps(parts, ensure_ascii=False).encode()

    def fingerprint(self) -> bytes:
        """Return the SHA-256 of the statement: what the next seal has as `previous`, and what is kept elsewhere."""
        return hashlib.sha256(self.statement()).digest()


@dataclass(frozen=True, slots=True)
class SealingResult:
    """What a run came to: how many seals over how many rows, and how far the log is sealed now (None: not at all)."""

    seals: int
    rows: int
    sealed_until: datetime | None
    newest_seal: str | None


@dataclass(frozen=True, slots=True)
class SealEvidence:
    """What to keep outside the database: the newest seal's fingerprint and the public keys, in hexadecimal digits.

    Rows at or after `sealed_until` are not under a seal yet; it and `newest_seal` are None where nothing is.
    """

    newest_seal: str | None
    sealed_until: datetime | None
    public_keys: tuple[str, ...]

    def as_record(self) -> dict[str, Any]:
        """Return it as `audit verify --manifest` reads it, under the name "seals"."""
        until = self.sealed_until.isoformat() if self.sealed_until else None
        return {"newest_seal": self.newest_seal, "sealed_until": until, "public_keys": list(self.public_keys)}


class _SealedMeanwhileError(Exception):
    """Another program has sealed meanwhile; its seals are the ones to go on from."""


async def seal_log(
    database: Database, key: SealKey, *, on_progress: Callable[[int, int], None] | None = None
) -> SealingResult:
    """Seal every whole hour that ended at least 15 minutes ago and has no seal yet; return what was done.

    The first run also seals the rows without a time. Hours without rows get no seal, but the last one that can be
    sealed always does: so a seal says as well that there was nothing between it and the one before. Each commit holds
    its seals and one row log_sealed of one operation. Two runs at once do not collide: each goes on from what the
    other has committed. `on_progress` is told how many rows are read, and the hour (seconds since 1970) of the last.

    Raises ReadOnlyMode, PermissionDenied before anything is read, SealKeyError for a key that is retired, CheckFailed
    where the newest seal cannot be one, and what Database.write raises.
    """
    if database.refusal is not None:
        raise database.refusal()
    await _require_rights(database, key)
    operation, seals, rows = uuid4(), 0, 0
    while True:
        newest = await newest_seal(database)
        # After it: another run may have sealed an hour that is old enough since a moment ago.
        bounds = await read_bounds(database)
        if newest and newest.hour is not None and newest.hour >= bounds.until:
            raise CheckFailed(FROM_THE_FUTURE, "Nothing was sealed; run `switchboard audit verify`.")
        try:
            async for batch in _batches(database, newest, bounds.first, bounds.until, on_progress):
                newest = await _commit(database, key, batch, newest, operation)
                seals += len(batch)
                rows += sum(hour.row_count for hour in batch)
        except _SealedMeanwhileError:
            continue
        fingerprint = newest.fingerprint().hex() if newest else None
        return SealingResult(seals, rows, sealed_until(newest), fingerprint)


async def newest_seal(database: Database) -> Seal | None:
    """Return the newest seal, None where there is none."""
    return await database.fetch_one(NEWEST, row_factory=class_row(Seal))


async def seals_of(database: Database, last: int) -> AsyncIterator[Seal]:
    """Yield the seals up to the one of that id, the oldest first, SEALS_AT_ONCE with each read."""
    following = LOWEST_ID
    while seals := await database.fetch_all(FROM, {"id": following, "last": last}, row_factory=class_row(Seal)):
        for seal in seals:
            yield seal
        following = seals[-1].id + 1


async def read_seal_evidence(database: Database) -> SealEvidence:
    """Return what an export's manifest and a check elsewhere need. Raises PermissionDenied and its like."""

    async def unit(connection: Connection) -> SealEvidence:
        newest, keys = await _newest(connection), await recorded_keys(connection)
        fingerprint = newest.fingerprint().hex() if newest else None
        genuine = tuple(public.hex() for key_id, public, _ in keys if key_id == key_id_of(public))
        return SealEvidence(fingerprint, sealed_until(newest), genuine)

    return await database.read(unit)


async def require_whole_log(connection: Connection) -> None:
    """Raise PermissionDenied where this login does not see every row of the log: it would miss them as removed."""
    row = await (await connection.execute(RIGHTS)).fetchone()
    if row is not None and not row["log"]:
        raise PermissionDenied(
            f"The role {row['role']} does not see every row of the log.",
            "Connect as a member of switchboard_auditor or switchboard_admin, or as the owner.",
        )
    if row is not None and row["has_policies"]:
        await require_everything(connection, "seals or verifies the log")


async def may_seal(database: Database) -> bool:
    """Return whether this login may seal the log, by its rights. Raises SwitchboardError as any read."""

    async def unit(connection: Connection) -> bool:
        await require_whole_log(connection)
        row = await (await connection.execute(RIGHTS)).fetchone()
        return bool(row and row["seals"])

    try:
        return await database.read(unit)
    except PermissionDenied:
        return False


def sealed_until(newest: Seal | None) -> datetime | None:
    """Return the end of the newest sealed hour in UTC; None where nothing is sealed, or it fits no datetime."""
    return None if newest is None or newest.hour is None else moment_of(newest.hour + HOUR)


async def _newest(connection: Connection) -> Seal | None:
    row = await (await connection.execute(NEWEST)).fetchone()
    return Seal(**row) if row else None


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
        batch.append(await digest_in_pages(database, None, listed=True))
        rows = batch[0].row_count
    last = newest.hour if newest else None
    start = first if last is None else last + HOUR
    if start is not None:
        async for hour in hours_with_rows(database, start, until, listed=True):
            batch.append(hour)
            last, rows, read = hour.hour, rows + hour.row_count, read + hour.row_count
            if on_progress and last is not None:
                on_progress(read, last)
            if rows >= ROWS_PER_COMMIT or len(batch) >= SEALS_PER_COMMIT:
                yield batch
                batch, rows = [], 0
    if last is None or last < until - HOUR:
        batch.append(HourOfRows(until - HOUR, 0, EMPTY, b""))
    if batch:
        yield batch


async def _commit(
    database: Database, key: SealKey, batch: list[HourOfRows], newest: Seal | None, operation: UUID
) -> Seal:
    """Sign and store seals in one transaction, with their row of the log; return the last of them."""

    async def unit(connection: Connection) -> Seal:
        await connection.execute(LOCK)
        current = await _newest(connection)
        if (current and current.fingerprint()) != (newest and newest.fingerprint()):
            raise _SealedMeanwhileError
        await connection.execute(RECORD_KEY, {"key_id": key.key_id, "public_key": key.public_key})
        moment = await (await connection.execute(MOMENT)).fetchone() or {}
        operator = database.operator.label or None
        records: list[dict[str, Any]] = []
        previous, seal = newest.fingerprint() if newest else None, newest
        for hour in batch:
            seal = _sign(key, hour, previous, operator, moment)
            records.append(asdict(seal) | {"row_list": hour.row_list})
            previous = seal.fingerprint()
        if seal is None or previous is None:
            raise AssertionError("a batch has at least one hour")
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
        return seal

    return await database.write(unit, operation_id=operation)


def _sign(key: SealKey, hour: HourOfRows, previous: bytes | None, operator: str | None, moment: dict[str, Any]) -> Seal:
    list_digest = None if hour.row_list is None else hashlib.sha256(hour.row_list).digest()
    unsigned = Seal(
        id=0,
        hour=hour.hour,
        row_count=hour.row_count,
        digest=hour.digest,
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


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()
