"""Checking the log against its seals: signatures, chain, digests and counts, and what protects the log."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tui.data.schema.verify import verify
from tui.data.seals.archived import RemovedMonth, archive_of, read_archives
from tui.data.seals.chain import newest_seal, sealed_until, seals_of
from tui.data.seals.changed_rows import rows_added
from tui.data.seals.hour_digest import HourDigest
from tui.data.seals.hour_findings import findings_of, row_findings
from tui.data.seals.hours import HOUR, digest_in_pages, hour_text, hours_with_rows, read_bounds
from tui.data.seals.proofs.checkpoints import read_origin, read_stored
from tui.data.seals.proofs.old_checkpoints import NOTHING_KEPT, TreeOfSeals, check_old, check_own
from tui.data.seals.protection import missing_relations, protection_problems
from tui.data.seals.report import KeyUsed, SealFinding, SealReport
from tui.data.seals.sealing_keys import is_signed, key_id_of, recorded_keys
from tui.data.seals.whole_log import require_whole_log
from tui.errors import CheckFailed
from tui.words.counts import counted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from tui.data.postgres.database import Database
    from tui.data.seals.archived import Archive
    from tui.data.seals.chain import Seal
    from tui.data.seals.hour_digest import HourOfRows
    from tui.data.seals.proofs.old_checkpoints import KeptCheckpoints

    OnProgress = Callable[[int, int], None]

# The last full hour that Postgres has a time for, 294276-12-31 23:00.
LAST_MOMENT = 9_224_318_012_400
FINGERPRINT = re.compile(r"[0-9a-f]{64}")

# By the ids the newest seal is the last one, unless somebody has changed them.
LAST_HOUR = """
select extract(epoch from max(s.hour))::bigint as hour from switchboard.seals as s
 where s.id <= %(id)s and isfinite(s.hour)
"""
FIRST_OF_VERSION_2 = """
select extract(epoch from min(s.hour))::bigint as hour from switchboard.seals as s
 where s.id <= %(id)s and s.root is not null and isfinite(s.hour)
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


async def verify_log(
    database: Database,
    *,
    public_keys: Sequence[bytes] = (),
    newest: bytes | None = None,
    kept: KeptCheckpoints = NOTHING_KEPT,
    on_progress: OnProgress | None = None,
) -> SealReport:
    """Check the whole log against its seals; needs no secret, and changes nothing.

    `public_keys` (32 bytes each) are the only ones trusted where some are given; else those that the database has
    recorded are, which its owner can replace. `newest` is the fingerprint of a seal noted down elsewhere, which has
    to be in the chain, and `kept` are checkpoints kept elsewhere, which the chain has to extend. `on_progress` is told
    how many rows are compared, and the hour of the last.
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
    await check.archives()
    origin = await check.origin()
    # Before the newest seal: what is sealed in between is in the chain, and not awaited.
    awaited = await check.awaited(newest)
    last = await newest_seal(database)
    if last is None:
        for finding in awaited.values():
            report.add(finding)
        report.never_sealed = not check.has_recorded_keys
        report.add(SealFinding("seal", _nothing_sealed(has_keys=check.has_recorded_keys)))
        check.kept(TreeOfSeals(), origin, trusted, kept)
        return report
    report.newest_seal, report.sealed_until = last.fingerprint().hex(), sealed_until(last)
    tree = await check.chain(last, trusted, awaited)
    if tree.is_sound and last.version == 2:
        await check.own(last, tree, origin, trusted)
    check.kept(tree, origin, trusted, kept)
    return report


class _Check:
    """One walk along the chain, and along the log beside it."""

    def __init__(self, database: Database, report: SealReport, on_progress: OnProgress | None) -> None:
        self._database = database
        self._report = report
        self._on_progress = on_progress
        self._unknown_keys: dict[str, int] = {}
        self._archives: dict[str, Archive] = {}
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

    async def archives(self) -> None:
        """Read which months may be gone from the log, and say which of these the log does not know of."""
        for archive in await read_archives(self._database):
            self._archives[archive.name] = archive
            if not archive.is_logged:
                sentence = f"switchboard.archives says that {archive.name} was archived, and the log does not."
                self._report.add(SealFinding("archive", sentence))

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

    async def chain(self, last: Seal, trusted: dict[str, bytes], awaited: dict[str, SealFinding]) -> TreeOfSeals:
        """Walk along the seals up to `last`, and compare each hour; return the tree of these seals."""
        first = (await read_bounds(self._database)).first
        last_hour = await self._database.fetch_value(LAST_HOUR, {"id": last.id})
        until = None if last_hour is None else min(last_hour + HOUR, LAST_MOMENT)
        start, end = (0, 0) if first is None or until is None else (first, until)
        log = self._hours(start, await self._database.fetch_value(FIRST_OF_VERSION_2, {"id": last.id}), end)
        in_log = await anext(log, None)
        absent = dict(awaited)
        before: Seal | None = None
        # Whether the seal before can be relied on; a chain broken there is that one's finding.
        before_is_good = True
        latest_hour: int | None = None
        tree = TreeOfSeals()
        async for seal in seals_of(self._database, last.id):
            self._report.seals += 1
            tree.add(seal)
            absent.pop(seal.fingerprint().hex(), None)
            is_good = self._check_signature(seal, trusted)
            linked = self._check_link(seal, before, report=is_good and before_is_good)
            if is_good and before_is_good and before is not None and before.version > seal.version:
                sentence = f"The seal of {hour_text(seal.hour)} is of version 1, and the one before of version 2."
                self._report.add(SealFinding("seal", sentence, seal.hour))
            tree.is_sound = tree.is_sound and is_good and linked
            before, before_is_good = seal, is_good
            if seal.hour is None:
                await self._compare(seal, await digest_in_pages(self._database, None, seal.version), is_good)
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
        return tree

    async def origin(self) -> str | None:
        """Return what checkpoints call this log; None where nothing says it any more, which is found then."""
        try:
            return await self._database.read(read_origin)
        except CheckFailed as failure:
            self._report.add(SealFinding("checkpoint", failure.sentence))
            return None

    async def own(self, last: Seal, tree: TreeOfSeals, origin: str | None, trusted: dict[str, bytes]) -> None:
        """Compare the tree of seals with the checkpoint that its last one has."""
        note = await self._database.read(lambda connection: read_stored(connection, last))
        for finding in check_own(tree, origin, note, [*trusted.values()]):
            self._report.add(finding)

    def kept(self, tree: TreeOfSeals, origin: str | None, trusted: dict[str, bytes], kept: KeptCheckpoints) -> None:
        """Compare the tree of seals with checkpoints that were kept elsewhere."""
        self._report.checkpoints, findings = check_old(tree, origin, [*trusted.values()], kept)
        for finding in findings:
            self._report.add(finding)

    async def _hours(self, start: int, version_2: int | None, end: int) -> AsyncIterator[HourOfRows]:
        """What the hours hold: with leaves of version 1, and with those of version 2 from that hour on."""
        between = end if version_2 is None else min(max(start, version_2), end)
        async for hour in hours_with_rows(self._database, start, between, 1):
            yield hour
        async for hour in hours_with_rows(self._database, between, end, 2):
            yield hour

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
            for finding in row_findings(unsealed.hour, f"0 sealed, {unsealed.row_count} there", added):
                self._report.add(finding)
            return
        rows = counted(unsealed.row_count, "row")
        sentence = f"The hour {hour_text(unsealed.hour)} has {rows}, and no seal that can be relied on."
        self._report.add(SealFinding("seal", sentence, unsealed.hour))

    async def _compare(self, seal: Seal, in_log: HourOfRows | None, is_good: bool) -> None:
        rows = in_log or HourDigest(seal.version).finish(seal.hour)
        self._report.rows += rows.row_count
        if self._on_progress and seal.hour is not None:
            self._on_progress(self._report.rows, seal.hour)
        if not is_good:
            # Nothing can be said of the rows by a seal that is not genuine.
            return
        if rows.version != seal.version:
            rows = await digest_in_pages(self._database, seal.hour, seal.version)
        archive = archive_of(seal, self._archives)
        if archive is not None and not rows.row_count:
            removed = self._report.removed.setdefault(archive.name, RemovedMonth(archive))
            removed.rows, removed.hours = removed.rows + seal.row_count, removed.hours + 1
        elif not seal.holds(rows):
            for finding in await findings_of(self._database, seal, rows, is_archived=archive is not None):
                self._report.add(finding)


def _nothing_sealed(*, has_keys: bool) -> str:
    if has_keys:
        return "The log has no seal, but a sealing key is recorded: every seal was removed."
    return "The log has no seal, so nothing can be checked; `switchboard audit seal` makes the first ones."
