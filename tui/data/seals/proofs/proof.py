"""The proof of one row: a text that shows whoever has the public key that the row was in the log when it was sealed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.data.seals.chain import HEADS
from tui.data.seals.proofs.merkle import HASH_BYTES, leaf_hash, root_by_path
from tui.data.seals.proofs.notes import DECIMAL, Checkpoint, NoteError, base64_of, bytes_of, read_checkpoint
from tui.data.seals.sealing_keys import is_signed, key_id_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.data.seals.proofs.notes import VerifierKey

HEAD = "switchboard row proof 1"
TLOG_HEAD = "c2sp.org/tlog-proof@v1"
# Details of other programs may be large; details of a proof are not.
LARGEST_BYTES = 64_000_000


class NotProvenError(Exception):
    """A proof does not prove its row; its text is a sentence that says why not."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a leaf is in a tree: its index, and its inclusion path."""

    index: int
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """A row's canonical text and its place among the rows of its hour, the seal of the hour, and its place among seals.

    The last part of its text is a proof of c2sp.org/tlog-proof: that the seal is in the tree of the checkpoint.
    """

    row: str
    in_hour: Place
    statement: str
    signature: bytes
    in_chain: Place
    checkpoint: Checkpoint

    def __str__(self) -> str:
        """Return the text, the only one that there is for this proof."""
        return (
            f"{HEAD}\n{_place_text(self.in_hour)}\n{self.row}\n{self.statement}\n{base64_of(self.signature)}\n\n"
            f"{TLOG_HEAD}\n{_place_text(self.in_chain)}\n{self.checkpoint}"
        )


@dataclass(frozen=True, slots=True)
class ProvenRow:
    """What a proof proves: the row, and that it was one of so many rows of an hour when that was sealed.

    `row` is its canonical text, which is JSON; `hour` is in seconds and `sealed_at` in microseconds since 1970.
    `cosigned_at` has for each cosigner when they signed the checkpoint, in seconds since 1970.
    """

    row: str
    place: int
    rows_in_hour: int
    hour: int | None
    sealed_at: int
    sealed_by: str
    operator: str | None
    key_id: str
    seal_place: int
    checkpoint: Checkpoint
    cosigned_at: dict[str, int]


def read_proof(text: str) -> Proof:
    """Return what a proof says, which nobody has checked. Raises NoteError where it is none, to the last character."""
    parts = text.split("\n\n")
    if len(parts) != 5:
        raise NoteError
    (head, *hour), sealed, (tlog_head, *chain) = parts[0].split("\n"), parts[1].split("\n"), parts[2].split("\n")
    if head != HEAD or tlog_head != TLOG_HEAD or len(sealed) != 3:
        raise NoteError
    row, statement, signature = sealed
    checkpoint = read_checkpoint(f"{parts[3]}\n\n{parts[4]}")
    proof = Proof(row, _read_place(hour), statement, bytes_of(signature), _read_place(chain), checkpoint)
    if str(proof) != text:
        raise NoteError
    return proof


def check_proof(proof: Proof, public_keys: Sequence[bytes], cosigners: Sequence[VerifierKey] = ()) -> ProvenRow:
    """Return what a proof proves to whoever trusts these keys. Raises NotProvenError where it proves nothing."""
    # The row is not read as JSON: it was sealed as a text, and its numbers and depth may be more than a reader takes.
    match _json_of(proof.statement):
        case [
            head,
            int() | None as hour,
            int() as rows,
            _,
            str() as root,
            _,
            _,
            _,
            int() as sealed_at,
            str() as sealed_by,
            str() | None as operator,
            str() as key_id,
        ] if head == HEADS[2]:
            pass
        case _:
            raise NotProvenError("Its seal is not one of version 2.")
    key = {key_id_of(public_key): public_key for public_key in public_keys}.get(key_id)
    if key is None:
        raise NotProvenError("Its seal is not signed with a public key that was given.")
    if not is_signed(key, proof.signature, proof.statement.encode()):
        raise NotProvenError("Its seal was altered: the signature is not that of its key.")
    found = root_by_path(leaf_hash(proof.row.encode()), proof.in_hour.index, rows, proof.in_hour.path)
    if found is None or found.hex() != root:
        raise NotProvenError("The row is not one of those that were sealed: it was altered, or the path to its hour.")
    checkpoint, seal = proof.checkpoint, leaf_hash(proof.statement.encode() + proof.signature)
    if not checkpoint.is_signed_by(public_keys):
        raise NotProvenError("Its checkpoint is not signed with a public key that was given.")
    if root_by_path(seal, proof.in_chain.index, checkpoint.size, proof.in_chain.path) != checkpoint.root:
        raise NotProvenError("Its seal is not one of those that the checkpoint is over.")
    cosigned_at = {}
    for cosigner in cosigners:
        if cosigner.public_key in public_keys:
            raise NotProvenError(f"The key of {cosigner.name} seals the log, and a cosigner is somebody else.")
        time = checkpoint.cosigned_at(cosigner)
        if time is None:
            raise NotProvenError(f"Its checkpoint is not signed by {cosigner.name}.")
        cosigned_at[cosigner.name] = time
    return ProvenRow(
        row=proof.row,
        place=proof.in_hour.index + 1,
        rows_in_hour=rows,
        hour=hour,
        sealed_at=sealed_at,
        sealed_by=sealed_by,
        operator=operator,
        key_id=key_id,
        seal_place=proof.in_chain.index + 1,
        checkpoint=checkpoint,
        cosigned_at=cosigned_at,
    )


def _json_of(text: str) -> object:
    try:
        parsed: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return parsed


def _place_text(place: Place) -> str:
    return f"index {place.index}\n" + "".join(f"{base64_of(beside)}\n" for beside in place.path)


def _read_place(lines: Sequence[str]) -> Place:
    if not lines or not lines[0].startswith("index ") or not DECIMAL.fullmatch(lines[0][6:]):
        raise NoteError
    path = tuple(map(bytes_of, lines[1:]))
    if any(len(beside) != HASH_BYTES for beside in path):
        raise NoteError
    return Place(int(lines[0][6:]), path)
