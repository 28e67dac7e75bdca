"""The hours in the file of an archive: each is one gzip member, so that it is written, left out and read by itself."""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from tui.data.archive.lines import HOUR_AT, hour_seconds, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.data.seals.hour_digest import Version

BLOCK_BYTES = 256 * 1024
# Whatever a damaged member may unpack to, no more of it is in memory at once.
UNPACKED_BYTES = 4 * 1024 * 1024
# Of a line no more than a jsonb can have: https://github.com/postgres/postgres/blob/REL_18_STABLE/src/include/utils/jsonb.h
LONGEST_LINE = 256 * 1024 * 1024
# https://www.zlib.net/manual.html#Advanced: 16 beyond the window is a header and an end as gzip has them.
GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class HourInFile:
    """What one member holds: the hour of its first row, how many rows, the SHA-256 over their leaves, where it ends.

    `damage` says in a few words why it could not be read to its end, and `end` is None then.
    """

    hour: int | None
    row_count: int
    digest: bytes
    end: int | None
    damage: str = ""


class Damaged(Exception):
    """A member cannot be unpacked; the argument says why in a few words."""


class Lines:
    """The lines of one member, without their breaks, some at a time; `end` is where it ended, once they were read."""

    def __init__(self, descriptor: int, start: int) -> None:
        self._descriptor = descriptor
        self._start = start
        self.end: int | None = None

    def __iter__(self) -> Iterator[list[bytes]]:
        """Yield them. Raises Damaged, and OSError."""
        inflate = zlib.decompressobj(GZIP)
        place, packed, parts, length = self._start, b"", [b""], 0
        while not inflate.eof:
            if not packed:
                packed = os.pread(self._descriptor, BLOCK_BYTES, place)
                place += len(packed)
                if not packed:
                    raise Damaged("it ends too early")
            try:
                text = inflate.decompress(packed, UNPACKED_BYTES)
            except zlib.error:
                raise Damaged("its bytes are no gzip") from None
            packed = inflate.unconsumed_tail
            first, *lines = text.split(b"\n")
            parts.append(first)
            length += len(first)
            if length > LONGEST_LINE:
                raise Damaged("a line of it is too long")
            if lines:
                lines.insert(0, b"".join(parts))
                parts = [lines.pop()]
                length = len(parts[0])
                yield lines
        if any(parts):
            raise Damaged("its last line has no end")
        self.end = place - len(inflate.unused_data)


def read_hour(descriptor: int, start: int, version: Version) -> HourInFile:
    """Read the member at `start` and digest its rows. Raises OSError."""
    prefix = b"\0" if version == 2 else b""
    digest, row_count, hour, damage = sha256(), 0, None, ""
    lines_of_member = Lines(descriptor, start)
    try:
        for lines in lines_of_member:
            hour = hour_of_line(lines[0]) if hour is None else hour
            leaves = []
            for line in lines:
                text = text_of(line)
                if text is None:
                    raise Damaged("a line is no row")
                leaves.append(sha256(prefix + text).digest())
            row_count += len(leaves)
            digest.update(b"".join(leaves))
    except Damaged as reason:
        damage = str(reason)
    return HourInFile(hour, row_count, digest.digest(), lines_of_member.end, damage)


def hour_of_line(line: bytes) -> int | None:
    """Return the hour of a row in seconds since 1970; None for a line that is none."""
    try:
        return hour_seconds(line[HOUR_AT])
    except ValueError:
        return None
