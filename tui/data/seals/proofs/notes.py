"""Checkpoints as signed notes: the formats of c2sp.org/signed-note, tlog-checkpoint and tlog-cosignature (Ed25519)."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from tui.data.seals.proofs.merkle import HASH_BYTES
from tui.data.seals.sealing_keys import is_signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

LOG_TYPE, COSIGNATURE_TYPE = b"\x01", b"\x04"
KEY_HASH_BYTES = 4
TIME_BYTES = 8
SIGNATURE_BYTES = 64
# The end of the year 9999; no date is later, and the specification lets verifiers refuse what is in the future.
LAST_TIME = 253_402_300_799
DECIMAL = re.compile(r"0|[1-9][0-9]{0,17}")
_NAME = r"[^\s+]+"
_SIGNATURE = re.compile(rf"\u2014 ({_NAME}) ([A-Za-z0-9+/]+={{0,2}})")
_VERIFIER_KEY = re.compile(rf"({_NAME})\+([0-9a-f]{{8}})\+([A-Za-z0-9+/]+={{0,2}})")


class NoteError(ValueError):
    """A text is not in the format that it should have."""


class NoteSignature(NamedTuple):
    """A signature line: who signed, the hash that names the key and the type of the signature, and the signature."""

    name: str
    key_hash: bytes
    signature: bytes


class VerifierKey(NamedTuple):
    """The public half of a cosigner's key, with the name that its signatures have."""

    name: str
    public_key: bytes

    def __str__(self) -> str:
        """Return it as a verifier key of c2sp.org/signed-note."""
        key_hash = key_hash_of(self.name, COSIGNATURE_TYPE, self.public_key)
        return f"{self.name}+{key_hash.hex()}+{base64_of(COSIGNATURE_TYPE + self.public_key)}"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log of that origin is at so many seals; `signatures` are none that anybody has checked."""

    origin: str
    size: int
    root: bytes
    signatures: tuple[NoteSignature, ...] = ()

    @property
    def text(self) -> str:
        """What is signed: three lines."""
        return f"{self.origin}\n{self.size}\n{base64_of(self.root)}\n"

    def __str__(self) -> str:
        """Return the whole note."""
        lines = (f"\u2014 {s.name} {base64_of(s.key_hash + s.signature)}\n" for s in self.signatures)
        return f"{self.text}\n{''.join(lines)}"

    def is_signed_by(self, public_keys: Iterable[bytes]) -> bool:
        """Whether the log has signed it with one of these keys; one that is named as such and is none decides."""
        known = {key_hash_of(self.origin, LOG_TYPE, key): key for key in public_keys}
        of_log = [s for s in self.signatures if s.name == self.origin and s.key_hash in known]
        return bool(of_log) and all(is_signed(known[s.key_hash], s.signature, self.text.encode()) for s in of_log)

    def cosigned_at(self, key: VerifierKey) -> int | None:
        """Return when this cosigner signed it, in seconds since 1970 by their own clock; None where they did not."""
        key_hash = key_hash_of(key.name, COSIGNATURE_TYPE, key.public_key)
        for s in self.signatures:
            if (s.name, s.key_hash) == (key.name, key_hash) and len(s.signature) == TIME_BYTES + SIGNATURE_BYTES:
                time = int.from_bytes(s.signature[:TIME_BYTES], "big")
                if time <= LAST_TIME and is_signed(key.public_key, s.signature[TIME_BYTES:], cosigned_text(self, time)):
                    return time
        return None


def read_checkpoint(note: str) -> Checkpoint:
    """Return what a note says, whoever signed it.

    Raises NoteError, also for one that has lines of other programs, or is over nothing.
    """
    text, blank, signed = note.rpartition("\n\n")
    lines = text.split("\n")
    if not blank or len(lines) != 3 or not signed.endswith("\n"):
        raise NoteError
    origin, size, root = lines
    if not note.replace("\n", "").isprintable():
        raise NoteError
    signatures = tuple(map(_read_signature, signed[:-1].split("\n")))
    if not origin or size == "0" or not DECIMAL.fullmatch(size):
        raise NoteError
    checkpoint = Checkpoint(origin, int(size), bytes_of(root), signatures)
    if len(checkpoint.root) != HASH_BYTES:
        raise NoteError
    return checkpoint


def read_verifier_key(text: str) -> VerifierKey:
    """Return the key of a cosigner, given as c2sp.org/signed-note writes it. Raises NoteError for any other."""
    parts = _VERIFIER_KEY.fullmatch(text.strip())
    if parts is None:
        raise NoteError
    key = bytes_of(parts[3])
    if key[:1] != COSIGNATURE_TYPE or len(key) != 1 + HASH_BYTES:
        raise NoteError
    verifier = VerifierKey(parts[1], key[1:])
    if str(verifier) != text.strip():
        raise NoteError
    return verifier


def is_name(text: str) -> bool:
    """Whether a key, and so a log, can have that name."""
    return bool(re.fullmatch(_NAME, text)) and text.isprintable()


def key_hash_of(name: str, signature_type: bytes, public_key: bytes) -> bytes:
    """Return the four bytes that name a key in a signature."""
    return sha256(name.encode() + b"\n" + signature_type + public_key).digest()[:KEY_HASH_BYTES]


def log_signature(checkpoint: Checkpoint, public_key: bytes, sign: Callable[[bytes], bytes]) -> NoteSignature:
    """Return the signature of the log itself."""
    key_hash = key_hash_of(checkpoint.origin, LOG_TYPE, public_key)
    return NoteSignature(checkpoint.origin, key_hash, sign(checkpoint.text.encode()))


def cosignature(checkpoint: Checkpoint, key: VerifierKey, sign: Callable[[bytes], bytes], time: int) -> NoteSignature:
    """Return a cosigner's signature; `time` is in seconds since 1970."""
    key_hash = key_hash_of(key.name, COSIGNATURE_TYPE, key.public_key)
    return NoteSignature(key.name, key_hash, time.to_bytes(TIME_BYTES, "big") + sign(cosigned_text(checkpoint, time)))


def cosigned_text(checkpoint: Checkpoint, time: int) -> bytes:
    """Return what a cosigner signs."""
    return f"cosignature/v1\ntime {time}\n{checkpoint.text}".encode()


def base64_of(data: bytes) -> str:
    """Return it in standard base64 (RFC 4648, section 4)."""
    return base64.b64encode(data).decode()


def bytes_of(text: str) -> bytes:
    """Return what base64 stands for. Raises NoteError for any but the one way to write it."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError from None
    if base64_of(data) != text:
        raise NoteError
    return data


def _read_signature(line: str) -> NoteSignature:
    parts = _SIGNATURE.fullmatch(line)
    if parts is None:
        raise NoteError
    signature = bytes_of(parts[2])
    return NoteSignature(parts[1], signature[:KEY_HASH_BYTES], signature[KEY_HASH_BYTES:])
