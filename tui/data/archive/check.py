"""Comparing the file of an archive with the seals of its month: which hour, which row is not as it was sealed."""

from __future__ import annotations

import asyncio
import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from tui.data.archive.hours_in_file import BLOCK_BYTES, Damaged, Lines, read_hour
from tui.data.archive.lines import ID_IN, text_of
from tui.data.archive.month import Month
from tui.data.archive.plan import seals_of_month
from tui.data.archive.seals_file import read_seals_file
from tui.data.seals.archived import RemovedMonth, read_archives
from tui.data.seals.changed_rows import NAMED_ROWS, changed_entries
from tui.data.seals.hour_digest import ROWS_OF_A_BLOCK, HourDigest, leaf_of
from tui.data.seals.hours import hour_text
from tui.data.seals.proofs.merkle import HASH_BYTES
from tui.data.seals.report import SealFinding
from tui.errors import InvalidInput
from tui.words.counts import counted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence

    from tui.data.archive.folder import ArchiveFolder
    from tui.data.archive.hours_in_file import HourInFile
    from tui.data.archive.seals_file import SealsFile
    from tui.data.postgres.database import Database
    from tui.data.seals.archived import Archive
    from tui.data.seals.chain import Seal
    from tui.data.seals.report import SealReport

    OnRows = Callable[[int, int], None]

OF_SEAL = "select row_list, coalesce(block_roots, '') as block_roots from switchboard.seals where id = %(id)s"
UNKNOWN_ID = bytes(16)


@dataclass(frozen=True, slots=True)
class FileProblem:
    """One thing of an archive that is not as sealed; `hour` is in seconds since 1970."""

    sentence: str
    hour: int | None = None
    row: UUID | None = None


@dataclass(frozen=True, slots=True)
class WrongHour:
    """An hour that is not as its seal says: where it begins, None where it is not there, and what was read."""

    seal: Seal
    start: int | None
    read: HourInFile | None


async def wrong_hours(
    descriptor: int,
    seals: Sequence[Seal],
    ends: Mapping[int | None, int],
    *,
    on_rows: OnRows | None = None,
) -> tuple[list[WrongHour], int | None]:
    """Read a whole file and compare it with the seals of the hours that have to be in it, in their order.

    `ends` says where hours end, which is asked of those that cannot be read. Returns the hours that are not as sealed,
    and where the last one ended, None where that is not known. `on_rows` is told how many rows were read, and the hour
    of the last. Raises OSError.
    """
    wrong: list[WrongHour] = []
    place: int | None = 0
    rows = 0
    for seal in seals:
        if place is None:
            wrong.append(WrongHour(seal, None, None))
            continue
        read = await asyncio.to_thread(read_hour, descriptor, place, seal.version)
        if read.end is not None and read.hour is not None and seal.hour is not None and read.hour > seal.hour:
            # The next one that is there.
            wrong.append(WrongHour(seal, None, None))
            continue
        if read.damage or (read.hour, read.row_count, read.digest) != (seal.hour, seal.row_count, seal.digest):
            wrong.append(WrongHour(seal, place, read))
        rows += read.row_count
        if on_rows is not None and seal.hour is not None:
            on_rows(rows, seal.hour)
        place = read.end if read.end is not None else ends.get(seal.hour)
    return wrong, place


async def problems_of(
    descriptor: int, record: SealsFile, seals: Sequence[Seal], database: Database, *, on_rows: OnRows | None = None
) -> list[FileProblem]:
    """Say what of an archive, whose record was read beside it, is not as the seals of its month in the database.

    Rows are named by the lists that the database has. Raises OSError, and what Database.read raises.
    """
    month, problems = record.month, list[FileProblem]()
    if _as_written(record.seals) != _as_written(seals):
        problems.append(FileProblem(f"{month.seals_file} has other seals than the database has of {month}."))
    wanted = [seal for seal in seals if seal.row_count and seal.hour not in record.left_out]
    if sum(seal.row_count for seal in wanted) != record.rows:
        problems.append(FileProblem(f"{month.seals_file} has another number of rows than the seals."))
    ends = {hour.seal.hour: hour.start + hour.size for hour in record.hours if hour.start is not None and hour.size}
    wrong, end = await wrong_hours(descriptor, wanted, ends, on_rows=on_rows)
    for hour in wrong:
        problems += await _problems_of_hour(descriptor, month, hour, database)
    size = os.fstat(descriptor).st_size
    if end is not None and end < size:
        problems.append(FileProblem(f"{month.file} has {counted(size - end, 'byte')} behind its last hour."))
    return problems


async def archive_problems(
    database: Database, folder: ArchiveFolder, archive: Archive, *, on_rows: OnRows | None = None
) -> list[FileProblem]:
    """Say what of a recorded archive is not in the folder as it was recorded, and as its rows were sealed.

    Raises InvalidInput where a file cannot be read at all, OSError, and what Database.read raises.
    """
    month = Month.of(archive.month)
    descriptor, beside = folder.open(month.file), folder.open(month.seals_file)
    try:
        if descriptor is None or beside is None:
            if beside is not None:
                os.close(beside)
            absent = month.file if descriptor is None else month.seals_file
            return [FileProblem(f"{folder.path} has no {absent}, and {month} was archived in it.", month.start)]
        record = read_seals_file(beside, month)
        problems = await problems_of(
            descriptor, record, await seals_of_month(database, month), database, on_rows=on_rows
        )
        recorded = (archive.hours_left_out, archive.row_count, archive.sha256.hex())
        if not problems and (record.left_out, record.rows, record.sha256) != recorded:
            problems.append(FileProblem(f"{month.seals_file} is not of the archive that was recorded.", month.start))
        if not problems and await sha256_of(descriptor) != archive.sha256.hex():
            sentence = f"{month.file} is not byte for byte what was recorded, though every row in it is as sealed."
            problems.append(FileProblem(sentence, month.start))
        return problems
    finally:
        if descriptor is not None:
            os.close(descriptor)


async def check_archives(
    database: Database, folder: ArchiveFolder, report: SealReport, *, on_rows: OnRows | None = None
) -> None:
    """Add to a report of the log what is not as sealed in the files of its archives, which the folder has to have.

    Raises what Database.read raises.
    """
    for archive in await read_archives(database):
        try:
            problems = await archive_problems(database, folder, archive, on_rows=on_rows)
        except InvalidInput as failure:
            problems = [FileProblem(failure.sentence, Month.of(archive.month).start)]
        except OSError as error:
            sentence = f"The archive of {archive.name} cannot be read: {error.strerror or 'the disk refuses'}."
            problems = [FileProblem(sentence, Month.of(archive.month).start)]
        for problem in problems:
            report.add(SealFinding("archive", problem.sentence, problem.hour, problem.row))
        report.removed.setdefault(archive.name, RemovedMonth(archive)).is_file_checked = True


async def sha256_of(descriptor: int) -> str:
    """Return the SHA-256 of a whole file in hexadecimal digits. Raises OSError."""

    def digest_blocks() -> str:
        digest, place = hashlib.sha256(), 0
        while block := os.pread(descriptor, BLOCK_BYTES, place):
            digest.update(block)
            place += len(block)
        return digest.hexdigest()

    return await asyncio.to_thread(digest_blocks)


def _as_written(seals: Sequence[Seal]) -> list[tuple[bytes, bytes]]:
    return [(seal.statement(), seal.signature) for seal in seals]


async def _problems_of_hour(descriptor: int, month: Month, wrong: WrongHour, database: Database) -> list[FileProblem]:
    seal, read = wrong.seal, wrong.read
    place = f"In {month.file} {hour_text(seal.hour)}"
    if wrong.start is None or read is None:
        return [FileProblem(f"{place} is not there to be read ({counted(seal.row_count, 'row')} sealed).", seal.hour)]
    numbers = f"{seal.row_count} sealed, {read.row_count} there{f'; {read.damage}' if read.damage else ''}"
    whole = FileProblem(f"{place} is not as it was sealed ({numbers}).", seal.hour)
    kept = await database.fetch_one(OF_SEAL, {"id": seal.id}) or {"row_list": None, "block_roots": b""}
    if kept["row_list"] is None:
        block = await asyncio.to_thread(_first_wrong_block, descriptor, wrong.start, seal, kept["block_roots"])
        if block is None:
            return [whole]
        rows = f"rows {block + 1} to {min(block + ROWS_OF_A_BLOCK, max(seal.row_count, read.row_count))}"
        return [FileProblem(f"{place} is not as it was sealed from {rows} on ({numbers}).", seal.hour)]
    changed = await changed_entries(bytes(kept["row_list"]), _entries(descriptor, wrong.start, seal))
    named = [
        *(("was altered", row) for row in changed.altered),
        *(("is missing or cannot be read", row) for row in changed.removed),
        *(("is one too many", row) for row in changed.added),
    ]
    problems = [
        FileProblem(f"{place}: row {UUID(bytes=row)} {what} ({numbers}).", seal.hour, UUID(bytes=row))
        if any(row)
        else FileProblem(f"{place}: a row without an id {what} ({numbers}).", seal.hour)
        for what, row in named[:NAMED_ROWS]
    ]
    rest = len(named) - len(problems) + changed.uncollected
    if rest:
        problems.append(FileProblem(f"{place}: {counted(rest, 'more row')} not as sealed ({numbers}).", seal.hour))
    return problems or [whole]


async def _entries(descriptor: int, start: int, seal: Seal) -> AsyncIterator[bytes]:
    """Yield for each row that can be read what a list of its seal would have for it."""
    for line in _readable_lines(descriptor, start):
        row = ID_IN.search(line)
        text = text_of(line)
        try:
            row_id = UUID(row[1].decode()).bytes if row else UNKNOWN_ID
        except ValueError:
            row_id = UNKNOWN_ID
        yield row_id + (bytes(8) if text is None else leaf_of(text, seal.version)[:8])


def _first_wrong_block(descriptor: int, start: int, seal: Seal, block_roots: bytes) -> int | None:
    """Return how many rows stand before the first block that is another one; None where the seal has no blocks."""
    if not block_roots or seal.version == 1:
        return None
    digest = HourDigest(seal.version)
    for line in _readable_lines(descriptor, start):
        digest.add(leaf_of(text_of(line) or b"", seal.version))
    now = digest.finish(seal.hour).block_roots
    for at in range(0, max(len(now), len(block_roots)), HASH_BYTES):
        if now[at : at + HASH_BYTES] != block_roots[at : at + HASH_BYTES]:
            return at // HASH_BYTES * ROWS_OF_A_BLOCK
    return None


def _readable_lines(descriptor: int, start: int) -> Iterator[bytes]:
    """Yield the lines of an hour, as far as it can be unpacked."""
    try:
        for lines in Lines(descriptor, start):
            yield from lines
    except Damaged:
        return
