"""Reading the rows of an archive without a database: the newest of a filter, their counts, and all of them as lines."""

from __future__ import annotations

import json
import os
from collections import deque
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID

from tui.data.archive.folder import ArchiveFolder
from tui.data.archive.hours_in_file import Damaged, Lines
from tui.data.archive.lines import ID_IN, LINE, TIME_AT, text_of
from tui.data.archive.matching import RowInFile
from tui.data.archive.month import Month
from tui.data.archive.seals_file import read_seals_file
from tui.data.audit.stats import Statistics
from tui.data.directory import parse_uuid
from tui.data.postgres.json_loader import tolerant_loads
from tui.data.seals.hours import hour_text
from tui.errors import CheckFailed, InvalidInput
from tui.models.log import AuditRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import tzinfo
    from pathlib import Path
    from types import TracebackType

    from tui.data.archive.seals_file import ArchivedHour

    Matches = Callable[[RowInFile], bool]


# As ROW_COLUMNS of tui/data/audit/rows.py has them.
LONGEST_DETAILS = 65_536


class ArchiveReader:
    """The file of one month, and its seals beside it; a context manager.

    Every hour that is read is compared with its seal: `wrong` has what is said of those that are not as sealed. Which
    key signed the seals is not asked: that is what `audit verify --archive` is for. Raises InvalidInput where the file,
    or what has to be beside it, cannot be read.
    """

    def __init__(self, path: Path) -> None:
        month = Month.of_file(path.name)
        if month is None:
            raise InvalidInput(
                "That is not the file of an archive by its name.", "It is called audit-2026-01.jsonl.gz."
            )
        self.month = month
        self.wrong: list[str] = []
        with ArchiveFolder(path.parent) as folder:
            beside = folder.open(month.seals_file)
            if beside is None:
                raise InvalidInput(
                    f"{month.seals_file} is not beside it.", "`audit archive` writes both: put them together."
                )
            self.record = read_seals_file(beside, month)
            descriptor = folder.open(month.file)
        if descriptor is None:
            raise InvalidInput(f"There is no {path}.", "Check its name.")
        self._descriptor = descriptor

    def __enter__(self) -> ArchiveReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def newest(self, matches: Matches, limit: int) -> list[AuditRow]:
        """Return the newest rows of a filter, newest first; no more of them than these is held."""
        rows: list[AuditRow] = []
        for hour in reversed(self._hours):
            if len(rows) >= limit:
                break
            kept: deque[bytes] = deque(maxlen=limit - len(rows))
            kept.extend(line for line in self._lines(hour) if (row := row_of(line)) is not None and matches(row))
            rows += [listed for line in reversed(kept) if (listed := _listed(line)) is not None]
        return rows

    def count(self, matches: Matches, zone: tzinfo) -> Statistics:
        """Return what the rows of a filter add up to; days and hours are those of the zone."""
        figures, rows = Statistics(), 0
        for hour in self._hours:
            for line in self._lines(hour):
                row = row_of(line)
                if row is None or not matches(row):
                    continue
                rows += 1
                moment = row.created_at.astimezone(zone)
                figures.by_action[row.action] += 1
                figures.by_status[row.status] += 1
                figures.by_type[row.integration_type] += 1
                figures.by_user[row.user_id] += 1
                figures.proven_by_user[row.user_id] += row.detail("operator_from") == "login"
                figures.by_day[f"{moment:%Y-%m-%d}"] += 1
                figures.by_hour[moment.hour] += 1
        return replace(figures, rows=rows, complete=True)

    def lines(self, matches: Matches) -> Iterator[bytes]:
        """Yield the rows of a filter, the oldest first, as an export of the log in JSON has them, not yet in ASCII."""
        for hour in self._hours:
            for line in self._lines(hour):
                row = row_of(line)
                if row is not None and matches(row):
                    yield _exported(line)

    def require_sealed(self) -> None:
        """Raise CheckFailed where an hour that was read is not as its seal says."""
        if self.wrong:
            raise CheckFailed(self.wrong[0], "`switchboard audit verify --archive DIR` names the row.")

    @property
    def _hours(self) -> list[ArchivedHour]:
        return [hour for hour in self.record.hours if hour.start is not None]

    def _lines(self, hour: ArchivedHour) -> Iterator[bytes]:
        """Yield the lines of an hour, and compare them with its seal."""
        seal, digest, rows, damage = hour.seal, sha256(), 0, ""
        prefix = b"\0" if seal.version == 2 else b""
        try:
            for lines in Lines(self._descriptor, hour.start or 0):
                for line in lines:
                    digest.update(sha256(prefix + (text_of(line) or b"")).digest())
                    rows += 1
                    yield line
        except Damaged as reason:
            damage = f": {reason}"
        if damage or (rows, digest.digest()) != (seal.row_count, seal.digest):
            self.wrong.append(f"{hour_text(seal.hour)} in {self.month.file} is not as it was sealed{damage}.")


def row_of(line: bytes) -> RowInFile | None:
    """Return a row as it is compared with a filter; None for a line that is none."""
    found = LINE.fullmatch(line)
    if found is None:
        return None
    _, _, _, _, _, organization, user, kind, action, status, address, _, agent, details = found.groups()
    try:
        return RowInFile(
            _uuid(user),
            _uuid(organization),
            _text(kind),
            _text(action),
            _text(status),
            tolerant_loads(details),
            details.decode(),
            None if address is None else address[1:].decode(),
            None if agent == b"null" else _text(agent),
            datetime.fromisoformat(line[TIME_AT].partition(b'"')[0].decode()),
        )
    except ValueError:
        return None


def _listed(line: bytes) -> AuditRow | None:
    """A row as lists of the log have it."""
    row, found = row_of(line), ID_IN.search(line)
    row_id = parse_uuid(found[1].decode()) if found else None
    if row is None or row.organization_id is None or row_id is None:
        return None
    details = row.details
    if len(row.details_text) > LONGEST_DETAILS:
        details = {"cut": {"stored_bytes": len(row.details_text.encode())}}
    return AuditRow(
        row_id,
        row.organization_id,
        row.user_id,
        row.integration_type,
        row.action,
        row.status,
        details,
        row.ip_address,
        row.user_agent,
        row.created_at,
        row.created_at.isoformat(" "),
    )


def _exported(line: bytes) -> bytes:
    """A row as `JsonLines.query` (tui/data/audit/export/format.py) has it, the line break with it."""
    found = LINE.fullmatch(line)
    if found is None:
        raise AssertionError("a line that was read once is a row")
    _, _, _, _, row, organization, user, kind, action, status, address, mask, agent, details = found.groups()
    from_address = b"null" if address is None else b'%b%b"' % (address, mask or b"")
    return (
        b'{"id":%b,"organization_id":%b,"user_id":%b,"integration_type":%b,"action":%b,"status":%b,"details":%b,'
        b'"ip_address":%b,"user_agent":%b,"created_at":"%b"}\n'
        % (
            row,
            organization,
            user,
            kind,
            action,
            status,
            details,
            from_address,
            agent,
            line[TIME_AT].partition(b'"')[0],
        )
    )


def _uuid(text: bytes) -> UUID | None:
    return None if text == b"null" else UUID(text[1:-1].decode())


def _text(text: bytes) -> str:
    return "" if text == b"null" else str(json.loads(text))
