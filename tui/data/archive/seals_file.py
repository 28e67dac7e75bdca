"""The file beside an archive: the seals of its month, where each hour begins, and what to check them with."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tui.data.seals.chain import HEADS, Seal
from tui.data.seals.sealing_keys import key_id_of
from tui.errors import InvalidInput
from tui.words.text import ascii_json

if TYPE_CHECKING:
    from tui.data.archive.month import Month

FORMAT = "switchboard archive 1"
# 744 hours, each with a seal of about a kilobyte at most.
LARGEST_BYTES = 4 * 1024 * 1024
# What the offset of a file can be.
LARGEST_ARCHIVE = 2**63 - 1
DAMAGED = "It belongs beside its archive as it was written: take it from where that came from."


@dataclass(frozen=True, slots=True)
class ArchivedHour:
    """An hour with a seal: where its rows begin in the file and how many bytes they take; None where none is there."""

    seal: Seal
    start: int | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class SealsFile:
    """What stands beside an archive.

    `rows`, `size` in bytes and `sha256` are those of the file with the rows, `following` is the first seal after the
    month, which says that nothing was behind its last hour, and `checkpoint` a signed note over all seals, the newest
    there was. `left_out` are hours, in seconds since 1970, that were not as sealed, of which no row is in the file.
    """

    month: Month
    rows: int
    size: int
    sha256: str
    hours: tuple[ArchivedHour, ...]
    left_out: tuple[int, ...]
    following: Seal | None
    checkpoint: str | None
    public_keys: tuple[bytes, ...]

    def as_bytes(self) -> bytes:
        """Return it as it is written."""
        record = {
            "format": FORMAT,
            "month": str(self.month),
            "file": self.month.file,
            "rows": self.rows,
            "bytes": self.size,
            "sha256": self.sha256,
            "left_out": [datetime.fromtimestamp(hour, UTC).isoformat() for hour in self.left_out],
            "public_keys": {key_id_of(key): key.hex() for key in self.public_keys},
            "checkpoint": self.checkpoint,
            "following": None if self.following is None else _written(self.following),
            "hours": [_written(hour.seal) | {"start": hour.start, "bytes": hour.size} for hour in self.hours],
        }
        return ascii_json(record, indent=1).encode() + b"\n"

    @property
    def seals(self) -> tuple[Seal, ...]:
        """The seals of the month."""
        return tuple(hour.seal for hour in self.hours)


def read_seals_file(descriptor: int, month: Month) -> SealsFile:
    """Read what stands beside the archive of a month, and close it. Raises InvalidInput for anything else."""
    refused = InvalidInput(f"{month.seals_file} has not the seals of an archive of {month}.", DAMAGED)
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(LARGEST_BYTES + 1)
    if len(content) > LARGEST_BYTES:
        raise refused
    try:
        record = json.loads(content)
        if record["format"] != FORMAT or record["month"] != str(month):
            raise refused
        return SealsFile(
            month,
            int(record["rows"]),
            int(record["bytes"]),
            str(record["sha256"]),
            tuple(ArchivedHour(_read(hour), *_place(hour)) for hour in record["hours"]),
            tuple(int(datetime.fromisoformat(hour).timestamp()) for hour in record["left_out"]),
            None if record["following"] is None else _read(record["following"]),
            None if record["checkpoint"] is None else str(record["checkpoint"]),
            tuple(bytes.fromhex(key) for key in record["public_keys"].values()),
        )
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError, OverflowError):
        raise refused from None


def _place(hour: dict[str, Any]) -> tuple[int | None, int | None]:
    start, size = hour["start"], hour["bytes"]
    if start is None and size is None:
        return None, None
    if type(start) is not int or type(size) is not int or not 0 <= start < start + size <= LARGEST_ARCHIVE:
        raise ValueError("no place")
    return start, size


def _written(seal: Seal) -> dict[str, Any]:
    return {"statement": seal.statement().decode(), "signature": base64.b64encode(seal.signature).decode()}


def _read(record: dict[str, Any]) -> Seal:
    """Return a seal of its statement. Raises ValueError where that is not exactly what the seal would sign."""
    text = record["statement"]
    head, hour, row_count, digest, *rest = json.loads(text)
    if type(hour) not in (int, type(None)) or type(row_count) is not int:
        raise ValueError("another kind of statement")
    versions = {name: version for version, name in HEADS.items()}
    root = bytes.fromhex(rest.pop(0)) if versions.get(head) == 2 else None
    list_digest, xid, previous, sealed_at, sealed_by, operator, key_id = rest
    seal = Seal(
        id=0,
        hour=hour,
        row_count=row_count,
        digest=bytes.fromhex(digest),
        root=root,
        list_digest=None if list_digest is None else bytes.fromhex(list_digest),
        xid=xid,
        previous=None if previous is None else bytes.fromhex(previous),
        sealed_at=sealed_at,
        sealed_by=sealed_by,
        operator=operator,
        key_id=key_id,
        signature=b"",
    )
    if seal.statement() != text.encode():
        raise ValueError("another statement")
    return replace(seal, signature=base64.b64decode(record["signature"], validate=True))
