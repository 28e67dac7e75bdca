"""Merkle trees as RFC 6962, section 2.1 has them; hashes are SHA-256, and many stand one after another in `bytes`."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()


@dataclass(frozen=True, slots=True)
class Subtrees:
    """A tree as the roots of the whole subtrees that it is made of, the largest first: all that is needed to go on."""

    size: int = 0
    roots: bytes = b""

    @property
    def is_whole(self) -> bool:
        """Whether there are as many roots as a tree of this size has whole subtrees."""
        return len(self.roots) == self.size.bit_count() * HASH_BYTES

    def with_leaves(self, leaves: bytes) -> Subtrees:
        """Return the tree that has these hashes of leaves behind its own."""
        size, roots = self.size, _split(self.roots)
        for leaf in _split(leaves):
            size += 1
            whole, left = leaf, size
            while left % 2 == 0:
                whole, left = _node(roots.pop() + whole), left // 2
            roots.append(whole)
        return Subtrees(size, b"".join(roots))

    def root(self) -> bytes:
        """Return the root of the tree."""
        *before, root = _split(self.roots) or [EMPTY_ROOT]
        for whole in reversed(before):
            root = _node(whole + root)
        return root


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(b"\0" + data).digest()


def root_of(hashes: bytes) -> bytes:
    """Return the root over the hashes of leaves, or of whole subtrees of one size (the last may be smaller)."""
    while len(hashes) > HASH_BYTES:
        hashes = _level_above(hashes)
    return hashes or EMPTY_ROOT


def path_of(hashes: bytes, index: int) -> tuple[bytes, ...]:
    """Return the inclusion path of the leaf at `index`: the hashes beside the way from it up to the root."""
    path = []
    while len(hashes) > HASH_BYTES:
        beside = (index ^ 1) * HASH_BYTES
        # The last of an odd number goes up as it is.
        if beside < len(hashes):
            path.append(hashes[beside : beside + HASH_BYTES])
        hashes, index = _level_above(hashes), index >> 1
    return tuple(path)


def root_by_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root of the tree of `size` leaves in which `path` leads up from the leaf; None where none has it.

    The algorithm is that of RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size:
        return None
    last, root = size - 1, leaf
    for beside in path:
        if last == 0:
            return None
        if index & 1 or index == last:
            root = _node(beside + root)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            root = _node(root + beside)
        index, last = index >> 1, last >> 1
    return root if last == 0 else None


def _split(hashes: bytes) -> list[bytes]:
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]


def _node(children: bytes) -> bytes:
    return sha256(b"\1" + children).digest()


def _level_above(hashes: bytes) -> bytes:
    pair = 2 * HASH_BYTES
    whole = len(hashes) - len(hashes) % pair
    nodes = [sha256(b"\1" + hashes[at : at + pair]).digest() for at in range(0, whole, pair)]
    return b"".join(nodes) + hashes[whole:]
