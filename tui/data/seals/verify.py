"""Checking the log against its seals: signatures, chain, digests and counts, and what protects the log."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Literal

from tui.data.schema.verify import verify
from tui.data.seals.changed_rows import changed_rows, rows_added
from tui.data.seals.hours import HOUR, digest_in_pages, hours_with_rows, moment_of, read_bounds
from tui.data.seals.protection import missing_relations, protection_problems
from tui.data.seals.sealing import newest_seal, require_whole_log, sealed_until, seals_of
from tui.data.seals.sealing_keys import is_signed, key_id_of, recorded_keys
from tui.words.counts import counted
from tui.words.times import to_the_minute

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from uuid import UUID

    from tui.data.postgres.database import Database
    from tui.data.schema.state import SchemaState
    from tui.data.seals.changed_rows import ChangedRow, ChangedRows
    from tui.data.seals.hours import HourOfRows
    from tui.data.seals.sealing import Seal

    OnProgress = Callable[[int, int], None]

FindingKind = Literal["altered", "removed", "moved", "added", "hour", "seal", "chain", "key", "protection"]

# What is wrong with so many hours is one thing, and the rest of the list would say it again.
LISTED = 200
# The last full hour that Postgres has a time for, 294276-12-31 23:00.
LAST_MOMENT = 9_224_318_012_400
FINGERPRINT = re.compile(r"[0-9a-f]{64}")

# By the ids the newest seal is the last one, unless somebody has changed them.
LAST_HOUR = """
select extract(epoch from max(s.hour))::bigint as hour from switchboard.seals as s
 where s.id <= %(id)s and isfinite(s.hour)
"""
# What the log itself says of each sealing.
LOGGED = """
select l.details ->> 'newest_seal' as newest_seal, l.id as row,
       extract(epoch from date_trunc('hour', l.created_at, 'UTC'))::bigint as hour
  from public.integration_audit_logs as l
 where l.action = 'log_sealed' and l.created_at < 'infinity' and l.created_at > '-infinity'
 order by l.created_at desc
 limit 100000
"""


@dataclass(frozen=True, slots=True)
class SealFinding:
    """One thing that is not as it was sealed, or does not protect as it should; `hour` is in seconds since 1970."""

    kind: FindingKind
    sentence: str
    hour: int | None = None
    row: UUID | None = None


@dataclass(frozen=True, slots=True)
class KeyUsed:
    """A public key that seals were checked with, and whether it was given from outside the database."""

    key_id: str
    public_key: bytes
    given: bool


@dataclass(slots=True)
class SealReport:
    """What a check came to. `findings` holds LISTED at most; `finding_count` counts all of them.

    `schema` is None where the check ended before it: without the tables of seals there is nothing to compare.
    """

    schema: SchemaState | None = None
    seals: int = 0
    rows: int = 0
    first_hour: int | None = None
    sealed_until: datetime | None = None
    newest_seal: str | None = None
    keys: list[KeyUsed] = field(default_factory=list)
    findings: list[SealFinding] = field(default_factory=list)
    finding_count: int = 0
    never_sealed: bool = False

    @property
    def is_unsealed(self) -> bool:
        """Whether all that is wrong is that the log was never sealed: there is no seal, no key, no trace of one."""
        return self.never_sealed and self.finding_count == 1

    @property
    def is_well(self) -> bool:
        """Whether nothing was found."""
        return not self.finding_count

    @property
    def is_well_as_far_as_known(self) -> bool:
        """Whether every row is as it was sealed, and only what protects a newer version's log cannot be judged."""
        return self.schema == "newer" and self.finding_count == 1

    def add(self, finding: SealFinding) -> None:
        """Count a finding, and keep it while there is room."""
        self.finding_count += 1
        if len(self.findings) < LISTED:
            self.findings.append(finding)


async def verify_log(
    database: Database,
    *,
    public_keys: Sequence[bytes] = (),
    newest: bytes | None = None,
    on_progress: OnProgress | None = None,
) -> SealReport:
    """Check the whole log against its seals; needs no secret, and changes nothing.

    `public_keys` (32 bytes each) are the only ones trusted where some are given; else those that the database has
    recorded are, which its owner can replace. `newest` is the fingerprint of a seal noted down elsewhere, which has
    to be in the chain. `on_progress` is told how many rows are compared, and the hour of the last.
    Raises PermissionDenied where this role does not see the whole log, and what Database.read raises.
    """
    report = SealReport()
    check = _Check(database, report, on_progress)
    for sentence in await database.read(missing_relations):
        report.add(SealFinding("protection", sentence))
    if report.finding_count:
        return report
    await database.read(require_whole_log)
    schema = await database.read(verify)
    report.schema = schema.state
    for sentence in protection_problems(schema):
        report.add(SealFinding("protection", sentence))
    trusted = await check.trust(public_keys)
    # Before the newest seal: what is sealed in between is in the chain, and not awaited.
    awaited = await check.awaited(newest)
    last = await newest_seal(database)
    if last is None:
        for finding in awaited.values():
            report.add(finding)
        report.never_sealed = not check.has_recorded_keys
        report.add(SealFinding("seal", _nothing_sealed(has_keys=check.has_recorded_keys)))
        return report
    report.newest_seal, report.sealed_until = last.fingerprint().hex(), sealed_until(last)
    await check.chain(last, trusted, awaited)
    return report


class _Check:
    """One walk along the chain, and along the log beside it."""

    def __init__(self, database: Database, report: SealReport, on_progress: OnProgress | None) -> None:
        self._database = database
        self._report = report
        self._on_progress = on_progress
        self._unknown_keys: dict[str, int] = {}
        self.has_recorded_keys = False

    async def trust(self, public_keys: Sequence[bytes]) -> dict[str, bytes]:
        """Return the keys that signatures are checked with, by id; say which records are not what their id says."""
        recorded = await self._database.read(recorded_keys)
        self.has_recorded_keys = bool(recorded)
        for key_id, public_key, _ in recorded:
            if key_id != key_id_of(public_key):
                sentence = f"The record of the sealing key {key_id} was altered: it holds another public key."
                self._report.add(SealFinding("key", sentence))
        keys = public_keys or [public_key for _, public_key, _ in recorded]
        trusted = {key_id_of(public_key): public_key for public_key in keys}
        self._report.keys = [KeyUsed(key_id, public_key, bool(public_keys)) for key_id, public_key in trusted.items()]
        return trusted

    async def awaited(self, newest: bytes | None) -> dict[str, SealFinding]:
        """Return the fingerprints that have to be in the chain, each with what is found when it is not."""
        absence = "it is not in the chain: seals were removed, or the chain was built again."
        awaited = {}
        if newest is not None:
            sentence = f"The seal {newest.hex()[:16]}... was kept elsewhere, and {absence}"
            awaited[newest.hex()] = SealFinding("chain", sentence)
        for row in await self._database.fetch_all(LOGGED):
            # Other programs may write to the log as well, and anything at all.
            logged = row["newest_seal"] or ""
            if FINGERPRINT.fullmatch(logged):
                place = f"Row {row['row']} of the log ({hour_text(row['hour'])})"
                sentence = f"{place} says that a seal {logged[:16]}... was made, and {absence}"
                awaited.setdefault(logged, SealFinding("chain", sentence, row["hour"], row["row"]))
        return awaited

    async def chain(self, last: Seal, trusted: dict[str, bytes], awaited: dict[str, SealFinding]) -> None:
        """Walk along the seals up to `last`, and compare each hour."""
        first = (await read_bounds(self._database)).first
        last_hour = await self._database.fetch_value(LAST_HOUR, {"id": last.id})
        until = None if last_hour is None else min(last_hour + HOUR, LAST_MOMENT)
        start, end = (0, 0) if first is None or until is None else (first, until)
        log = hours_with_rows(self._database, start, end)
        in_log = await anext(log, None)
        absent = dict(awaited)
        before: Seal | None = None
        # Whether the seal before can be relied on; a chain broken there is that one's finding.
        before_is_good = True
        latest_hour: int | None = None
        async for seal in seals_of(self._database, last.id):
            self._report.seals += 1
            absent.pop(seal.fingerprint().hex(), None)
            is_good = self._check_signature(seal, trusted)
            linked = self._check_link(seal, before, report=is_good and before_is_good)
            before, before_is_good = seal, is_good
            if seal.hour is None:
                await self._compare(seal, await digest_in_pages(self._database, None), is_good)
                continue
            if latest_hour is not None and seal.hour <= latest_hour:
                self._report.add(
                    SealFinding("seal", f"The seal of {hour_text(seal.hour)} is out of its place.", seal.hour)
                )
                continue
            while in_log is not None and in_log.hour is not None and in_log.hour < seal.hour:
                await self._report_unsealed(in_log, seal, linked=linked and is_good)
                in_log = await anext(log, None)
            is_there = in_log is not None and in_log.hour == seal.hour
            await self._compare(seal, in_log if is_there else None, is_good)
            if is_there:
                in_log = await anext(log, None)
            if latest_hour is None:
                self._report.first_hour = seal.hour
            latest_hour = seal.hour
        for finding in absent.values():
            self._report.add(finding)
        for key_id, count in self._unknown_keys.items():
            seals = counted(count, "seal is", "seals are")
            sentence = f"{seals} signed with the key {key_id}, which is not among the public keys to trust."
            self._report.add(SealFinding("key", sentence))

    def _check_signature(self, seal: Seal, trusted: dict[str, bytes]) -> bool:
        public_key = trusted.get(seal.key_id)
        if public_key is None:
            self._unknown_keys[seal.key_id] = self._unknown_keys.get(seal.key_id, 0) + 1
            return False
        if is_signed(public_key, seal.signature, seal.statement()):
            return True
        sentence = f"The seal of {hour_text(seal.hour)} was altered: its signature is not that of its key."
        self._report.add(SealFinding("seal", sentence, seal.hour))
        return False

    def _check_link(self, seal: Seal, before: Seal | None, *, report: bool) -> bool:
        """Whether a seal names the one before it as the one before."""
        if seal.previous == (before.fingerprint() if before else None):
            return True
        if report:
            after = f"after that of {hour_text(before.hour)} and " if before else ""
            sentence = f"Seals are missing {after}before that of {hour_text(seal.hour)}, which names another before it."
            self._report.add(SealFinding("chain", sentence, seal.hour))
        return False

    async def _report_unsealed(self, unsealed: HourOfRows, seal: Seal, *, linked: bool) -> None:
        """An hour with rows and without a seal: `seal`, the next one, says that it was empty, if the chain is whole."""
        self._report.rows += unsealed.row_count
        if linked and unsealed.hour is not None:
            added = await rows_added(self._database, unsealed.hour, seal)
            for finding in _row_findings(unsealed.hour, f"0 sealed, {unsealed.row_count} there", added):
                self._report.add(finding)
            return
        rows = counted(unsealed.row_count, "row")
        sentence = f"The hour {hour_text(unsealed.hour)} has {rows}, and no seal that can be relied on."
        self._report.add(SealFinding("seal", sentence, unsealed.hour))

    async def _compare(self, seal: Seal, in_log: HourOfRows | None, is_good: bool) -> None:
        rows = in_log.row_count if in_log else 0
        self._report.rows += rows
        if self._on_progress and seal.hour is not None:
            self._on_progress(self._report.rows, seal.hour)
        if not is_good:
            # Nothing can be said of the rows by a seal that is not genuine.
            return
        if rows == seal.row_count and (in_log is None or in_log.digest == seal.digest):
            return
        changed = await changed_rows(self._database, seal)
        for finding in _findings_of(seal, rows, changed):
            self._report.add(finding)


def hour_moment(hour: int | None) -> datetime | str | None:
    """Return the beginning of an hour in UTC; as a text where it fits no datetime, None for no hour."""
    if hour is None:
        return None
    return moment_of(hour) or f"{hour} s after 1970"


def hour_text(hour: int | None) -> str:
    """Name an hour, in UTC, for people."""
    moment = hour_moment(hour)
    if moment is None:
        return "the rows without a time"
    return moment if isinstance(moment, str) else to_the_minute(moment, UTC)


def _findings_of(seal: Seal, rows: int, changed: ChangedRows | None) -> list[SealFinding]:
    """What is wrong with an hour: the rows by their ids, where the seal has a list and they are not too many."""
    hour, numbers = seal.hour, f"{seal.row_count} sealed, {rows} there"
    if rows == 0:
        summary = SealFinding("removed", f"Every row of {hour_text(hour)} was removed after sealing ({numbers}).", hour)
        return [summary, *(_row_findings(hour, numbers, changed) if changed else [])]
    return [_hour_finding(hour, numbers)] if changed is None else _row_findings(hour, numbers, changed)


def _row_findings(hour: int | None, numbers: str, changed: ChangedRows) -> list[SealFinding]:
    findings = [SealFinding(row.change, _row_sentence(hour, row, numbers), hour, row.id) for row in changed.rows]
    unnamed = sum(changed.counts.values()) - len(findings)
    if unnamed > 0:
        kinds = ", ".join(f"{count} {kind}" for kind, count in changed.counts.items() if count)
        sentence = f"{unnamed} more rows of {hour_text(hour)} are not as they were sealed ({kinds}; {numbers})."
        findings.append(SealFinding("hour", sentence, hour))
    # The list has only the beginning of each leaf: where it finds nothing, the digest is still another one.
    return findings or [_hour_finding(hour, numbers)]


def _hour_finding(hour: int | None, numbers: str) -> SealFinding:
    sentence = f"The rows of {hour_text(hour)} are not as they were sealed ({numbers}); no list names them."
    return SealFinding("hour", sentence, hour)


def _row_sentence(hour: int | None, row: ChangedRow, numbers: str) -> str:
    name = f"row {row.id}" if row.id else "a row without an id"
    place = f"In {hour_text(hour)}" if hour is not None else "Among the rows without a time"
    match row.change:
        case "altered":
            return f"{place} {name} was altered after sealing."
        case "removed":
            return f"{place} {name} was removed after sealing ({numbers})."
        case "moved":
            return f"{place} {name} was moved after sealing, to {row.moved_to} ({numbers})."
        case "added":
            when = {
                True: "; its transaction was under way when the hour was sealed, so it may only have committed late",
                False: "; it was written after the hour was sealed",
                None: "",
            }[row.was_under_way]
            return f"{place} {name} was added after sealing ({numbers}){when}."


def _nothing_sealed(*, has_keys: bool) -> str:
    if has_keys:
        return "The log has no seal, but a sealing key is recorded: every seal was removed."
    return "The log has no seal, so nothing can be checked; `switchboard audit seal` makes the first ones."
