"""Writing a month of the log to a file, proving that file, and recording that it is archived."""

from __future__ import annotations

import asyncio
import os
import zlib
from bisect import bisect_right
from collections import deque
from typing import TYPE_CHECKING, Any

from psycopg import AsyncClientCursor

from tui.data.archive.check import problems_of, sha256_of, wrong_hours
from tui.data.archive.folder import could_not_write
from tui.data.archive.hours_in_file import GZIP
from tui.data.archive.lines import COLUMNS, HOUR_AT, hour_seconds, query
from tui.data.archive.plan import hour_times, seal_after, seals_of_month
from tui.data.archive.seals_file import ArchivedHour, SealsFile, read_seals_file
from tui.data.audit.export.run import STATEMENT_TIMEOUT_MS, next_rows
from tui.data.seals.hours import hour_text
from tui.data.seals.proofs.checkpoints import read_seal_evidence
from tui.data.seals.sealing_keys import is_signed, key_id_of
from tui.data.seals.whole_log import require_whole_log
from tui.errors import CheckFailed, InvalidInput, PermissionDenied
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from tui.data.archive.folder import ArchiveFolder, UnfinishedFile
    from tui.data.archive.month import Month
    from tui.data.postgres.database import Connection, Database
    from tui.data.seals.chain import Seal
    from tui.data.seals.proofs.checkpoints import SealEvidence

    OnRows = Callable[[str, int, int], None]

# By the time it takes: 6 compresses a tenth better, and takes twice as long.
LEVEL = 3
AT_ONCE = 2
VERIFY_FIRST = "It was not archived; run `switchboard audit verify`."
ONE_UNIQUE_ID = """
select exists (select from pg_index as i
                join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
               where i.indrelid = 'public.integration_audit_logs'::regclass and i.indisunique and i.indisvalid
                 and i.indnkeyatts = 1 and i.indpred is null and a.attname = 'id' and a.attnotnull) as distinct_ids
"""
MAY_RECORD = """
select has_function_privilege('switchboard.record_archive(date, bigint, bytea, timestamptz[])', 'execute') as may,
       current_user::text as role,
       (select string_agg(quote_ident(a.attname), ', ' order by a.attnum) from pg_attribute as a
         where a.attrelid = 'public.integration_audit_logs'::regclass and a.attnum > 0 and not a.attisdropped
           and a.attgenerated = '' and a.attname <> all (%(columns)s)) as others
"""
RECORD = """
select switchboard.record_archive(%(month)s::date, %(rows)s::bigint, %(sha256)s::bytea, %(left_out)s::timestamptz[])
"""


async def archive_months(
    database: Database, folder: ArchiveFolder, months: Sequence[Month], *, on_rows: OnRows | None = None
) -> AsyncIterator[SealsFile | CheckFailed]:
    """Archive months as `archive_month` does, and yield what is written of each, in their order.

    Of a month that is not as sealed it yields why, and goes on: one row that a wrong clock has dated would keep every
    later month in the log. While a month is read back, the next one is written: both take about as long, and half of
    the one is the server's work and the compressing. Raises what else `archive_month` does, and gives up the others.
    """

    async def outcome(task: asyncio.Task[SealsFile]) -> SealsFile | CheckFailed:
        try:
            return await task
        except CheckFailed as failure:
            return failure

    writing = asyncio.Lock()
    started: deque[asyncio.Task[SealsFile]] = deque()
    try:
        for month in months:
            started.append(
                asyncio.create_task(archive_month(database, folder, month, writing=writing, on_rows=on_rows))
            )
            if len(started) == AT_ONCE:
                yield await outcome(started.popleft())
        while started:
            yield await outcome(started.popleft())
    finally:
        for task in started:
            task.cancel()
        await asyncio.gather(*started, return_exceptions=True)


async def archive_month(
    database: Database,
    folder: ArchiveFolder,
    month: Month,
    *,
    writing: asyncio.Lock | None = None,
    on_rows: OnRows | None = None,
) -> SealsFile:
    """Write the rows of a wholly sealed month and their seals to two new files, prove them, and record the archive.

    What a run before has left complete is proven and used; nothing that is there is replaced. An hour that is not as
    its seal says is left out. `writing` is held while rows are read from the log, and `on_rows` is told what is done
    with how many rows, and the hour of the last.

    Raises ReadOnlyMode, CheckFailed where the seals of the month are not genuine or nothing of it is as sealed,
    InvalidInput where another file has a name that is needed or the log has columns of other programs, ExportFailed,
    PermissionDenied, and what Database.write raises.
    """
    if database.refusal is not None:
        raise database.refusal()
    await database.read(require_whole_log)
    asked = await database.fetch_one(MAY_RECORD, {"columns": list(COLUMNS)})
    if asked is None or not asked["may"]:
        raise PermissionDenied(
            f"The role {asked and asked['role']} may not archive the log.",
            "Connect as a member of switchboard_admin, or as the owner.",
        )
    if asked["others"]:
        # Seals prove nothing of them, and with the rows they would be gone.
        raise InvalidInput(
            f"The log has columns that no file of an archive has: {safe_text(asked['others'])}.",
            "Move what they hold to a table of its own.",
        )
    seals, following = await seals_of_month(database, month), await seal_after(database, month)
    evidence = await read_seal_evidence(database)
    _require_genuine(month, seals, following, evidence)
    record = await _complete_files(database, folder, month, seals, on_rows)
    if record is None:
        record = await _write_files(
            database, folder, month, seals, following, evidence, writing or asyncio.Lock(), on_rows
        )
    values: dict[str, Any] = {
        "month": month.first_day,
        "rows": record.rows,
        "sha256": bytes.fromhex(record.sha256),
        "left_out": hour_times(record.left_out),
    }
    await database.execute(RECORD, values)
    return record


def _require_genuine(month: Month, seals: Sequence[Seal], following: Seal | None, evidence: SealEvidence) -> None:
    """Raise CheckFailed where a seal is not signed with a recorded key, or names another one before it."""
    keys = {key_id_of(key): key for key in map(bytes.fromhex, evidence.public_keys)}
    before: Seal | None = None
    for seal in [*seals, *([following] if following else [])]:
        key = keys.get(seal.key_id)
        is_next = before is None or seal.previous == before.fingerprint()
        if key is None or not is_signed(key, seal.signature, seal.statement()) or not is_next:
            raise CheckFailed(
                f"The seal of {hour_text(seal.hour)} is not genuine, or is out of its place.", VERIFY_FIRST
            )
        before = seal
    if not any(seal.row_count for seal in seals):
        raise CheckFailed(f"No row of {month} is under a seal.", VERIFY_FIRST)


async def _complete_files(
    database: Database, folder: ArchiveFolder, month: Month, seals: Sequence[Seal], on_rows: OnRows | None
) -> SealsFile | None:
    """Return what an earlier run has left complete in the folder, once it is proven; None where there is nothing of it.

    Raises InvalidInput where what is there is something else.
    """
    folder.forget_links(month.file, month.seals_file)
    beside, unfinished = folder.open(month.seals_file), None
    descriptor = folder.open(month.file)
    if descriptor is None and beside is not None:
        # Ended between giving the one its name and the other.
        unfinished = folder.resume(month.file)
        descriptor = None if unfinished is None else unfinished.descriptor
    if descriptor is None and beside is None:
        return None
    try:
        if descriptor is None or beside is None:
            there, absent = (month.file, month.seals_file) if beside is None else (month.seals_file, month.file)
            raise _in_the_way(there, f"{absent} is not beside it")
        record = read_seals_file(beside, month)
        on_compared = told(on_rows, "compared")
        if await sha256_of(descriptor) != record.sha256 or await problems_of(
            descriptor, record, seals, database, on_rows=on_compared
        ):
            raise _in_the_way(month.file, "it is not what the log has of that month")
        if unfinished is not None:
            unfinished.publish()
        return record
    finally:
        if descriptor is not None and not (unfinished and unfinished.is_published):
            os.close(descriptor)


def _in_the_way(name: str, why: str) -> InvalidInput:
    return InvalidInput(
        f"There is {name} already, and {why}.", "Move it away, or name another folder: nothing is replaced."
    )


async def _write_files(
    database: Database,
    folder: ArchiveFolder,
    month: Month,
    seals: Sequence[Seal],
    following: Seal | None,
    evidence: SealEvidence,
    writing: asyncio.Lock,
    on_rows: OnRows | None,
) -> SealsFile:
    beside = folder.begin(month.seals_file)
    rows_file: UnfinishedFile | None = None
    try:
        rows_file = folder.begin(month.file)
        sealed = {seal.hour for seal in seals if seal.row_count}
        left_out: set[int] = set()
        while True:
            async with writing:
                written = await _write_rows(database, month, rows_file, left_out, on_rows)
            await asyncio.to_thread(rows_file.sync)
            wanted = [seal for seal in seals if seal.row_count and seal.hour not in left_out]
            wrong = {hour for hour in written if hour not in sealed}
            if not wrong:
                on_compared = told(on_rows, "compared")
                different, _ = await wrong_hours(rows_file.descriptor, wanted, {}, on_rows=on_compared)
                wrong = {hour.seal.hour for hour in different if hour.seal.hour is not None}
            if not wrong:
                break
            left_out |= wrong
            rows_file.begin_again()
        if not wanted:
            raise CheckFailed(f"No hour of {month} is as it was sealed.", VERIFY_FIRST)
        record = SealsFile(
            month,
            sum(seal.row_count for seal in wanted),
            rows_file.size,
            await sha256_of(rows_file.descriptor),
            tuple(ArchivedHour(seal, *written.get(seal.hour or 0, (None, None))) for seal in seals),
            tuple(sorted(left_out)),
            following,
            evidence.checkpoint,
            tuple(map(bytes.fromhex, evidence.public_keys)),
        )
        beside.write(record.as_bytes())
        beside.sync()
        # In this order: beside a file with rows there are its seals.
        beside.publish()
        rows_file.publish()
    except OSError as error:
        raise could_not_write(month.file, error) from None
    finally:
        for file in (rows_file, beside):
            if file is not None and not file.is_published:
                file.discard()
    return record


async def _write_rows(
    database: Database, month: Month, file: UnfinishedFile, left_out: set[int], on_rows: OnRows | None
) -> dict[int, tuple[int, int]]:
    """Write the rows of a month but for some hours; return where each hour begins and how many bytes it takes."""
    distinct_ids: bool = await database.fetch_value(ONE_UNIQUE_ID)
    writer = _HourWriter(file)
    values = {"start": month.start, "until": month.end, "left_out": hour_times(tuple(left_out))}

    async def unit(connection: Connection) -> None:
        await connection.execute("select set_config('timezone', 'UTC', true)")
        statement = AsyncClientCursor(connection).mogrify(
            query(distinct_ids=distinct_ids, leaves_out=bool(left_out)), values
        )
        writing: asyncio.Future[None] | None = None
        async with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            try:
                while rows := await connection.wait(next_rows(copy)):
                    database.note_traffic()
                    if writing is not None:
                        await writing
                    # The next rows are read while these are compressed.
                    writing = asyncio.ensure_future(asyncio.to_thread(writer.add, rows))
                    if on_rows is not None:
                        on_rows("written", writer.rows, writer.hour or month.start)
            finally:
                if writing is not None:
                    await writing

    await database.read_at_length(unit, statement_timeout_ms=STATEMENT_TIMEOUT_MS)
    await asyncio.to_thread(writer.finish)
    return writer.hours


class _HourWriter:
    """Writes rows as COPY sends them, in the order of time, each hour as a gzip member of its own."""

    def __init__(self, file: UnfinishedFile) -> None:
        self._file = file
        self._deflate: Any = None
        self._name = b""
        self._start = 0
        self.rows = 0
        self.hour: int | None = None
        self.hours: dict[int, tuple[int, int]] = {}

    def add(self, rows: Sequence[bytes]) -> None:
        """Write the next rows. Raises ExportFailed."""
        at = 0
        while at < len(rows):
            name = rows[at][HOUR_AT]
            whole = rows[-1][HOUR_AT] == name
            end = len(rows) if whole else bisect_right(rows, name, lo=at, key=lambda row: row[HOUR_AT])
            if name != self._name:
                self.finish()
                self._name, self.hour = name, hour_seconds(name)
                self._deflate, self._start = zlib.compressobj(LEVEL, wbits=GZIP), self._file.size
            # In JSON there is nothing but backslashes that COPY would escape.
            text = b"".join(rows[at:end]).replace(b"\\\\", b"\\")
            self._file.write(self._deflate.compress(text))
            self.rows += end - at
            at = end

    def finish(self) -> None:
        """End the hour that is being written, if one is. Raises ExportFailed."""
        if self.hour is not None and self._deflate is not None:
            self._file.write(self._deflate.flush())
            self.hours[self.hour] = self._start, self._file.size - self._start
            self._deflate, self._name = None, b""


def told(on_rows: OnRows | None, verb: str) -> Callable[[int, int], None] | None:
    """Return what tells `on_rows` what is done with the rows; None where nobody is told."""
    return None if on_rows is None else lambda rows, hour: on_rows(verb, rows, hour)
