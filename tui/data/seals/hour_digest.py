"""What a seal says of the rows of one hour, computed from their leaves: wherever those come from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from tui.data.seals.proofs.merkle import HASH_BYTES, leaf_hash, root_of

Version = Literal[1, 2]
"""Of seals. In version 1 a leaf is the SHA-256 of a row's canonical text, in version 2 the RFC 6962 hash of it."""

# Hours with more rows than these are read in pages, and get no list.
LARGEST_LISTED = 100_000
ENTRY_BYTES = 24
# A power of two, so that the roots of blocks are nodes of the hour's tree.
ROWS_OF_A_BLOCK = 4_096
BLOCK_BYTES = ROWS_OF_A_BLOCK * HASH_BYTES


@dataclass(frozen=True, slots=True)
class HourOfRows:
    """What an hour holds. `hour` is its first second since 1970, or None for rows whose created_at is null or infinite.

    `digest` is the SHA-256 over the leaves of the rows one after another, in the order of created_at and id (rows
    without an id last; equal ones in the order of their leaves), and `root` that of the RFC 6962 tree over them, None
    in version 1. `row_list` holds for each row, in the same order, 16 bytes of id (zeros without one) and the first 8
    bytes of its leaf; it is None where it was not asked for, and for more than LARGEST_LISTED rows. `block_roots` are
    the roots over every ROWS_OF_A_BLOCK leaves, b"" in version 1.
    """

    hour: int | None
    row_count: int
    digest: bytes
    root: bytes | None
    row_list: bytes | None = None
    block_roots: bytes = b""

    @property
    def version(self) -> Version:
        """The version of the leaves."""
        return 1 if self.root is None else 2


class HourDigest:
    """Digests the rows of one hour, part by part in their order; of it no more than a block and the list is kept."""

    def __init__(self, version: Version, *, listed: bool = False) -> None:
        self._version = version
        self._digest = hashlib.sha256()
        self._row_count = 0
        self._leaves = b""
        self._block_roots: list[bytes] = []
        self._row_list: bytearray | None = bytearray() if listed else None

    def add(self, leaves: bytes, row_list: bytes = b"") -> None:
        """Take the next rows: their leaves one after another, and where a list is wanted their parts of it."""
        self._digest.update(leaves)
        self._row_count += len(leaves) // HASH_BYTES
        if self._row_count > LARGEST_LISTED:
            self._row_list = None
        if self._row_list is not None:
            self._row_list += row_list
        if self._version == 1:
            return
        leaves = self._leaves + leaves
        whole = len(leaves) - len(leaves) % BLOCK_BYTES
        self._block_roots += [root_of(leaves[at : at + BLOCK_BYTES]) for at in range(0, whole, BLOCK_BYTES)]
        self._leaves = leaves[whole:]

    def finish(self, hour: int | None) -> HourOfRows:
        """Return what `hour` holds, where these were all of its rows."""
        roots = b"".join(self._block_roots) + (root_of(self._leaves) if self._leaves else b"")
        return HourOfRows(
            hour,
            self._row_count,
            self._digest.digest(),
            root_of(roots) if self._version == 2 else None,
            None if self._row_list is None else bytes(self._row_list),
            roots,
        )


def leaf_of(text: bytes, version: Version) -> bytes:
    """Return the leaf of a row with this canonical text."""
    return leaf_hash(text) if version == 2 else hashlib.sha256(text).digest()
