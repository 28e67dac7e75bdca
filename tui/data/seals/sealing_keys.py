"""The keys of seals: the private one, in a file outside the database, and the public ones that check them."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from tui.data.keys.sources import read_private_file
from tui.errors import InvalidInput, SealKeyError

if TYPE_CHECKING:
    from tui.data.postgres.database import Connection

FILE = "SWITCHBOARD_SEAL_KEY_FILE"
COSIGN_FILE = "SWITCHBOARD_COSIGN_KEY_FILE"
LARGEST_BYTES = 65_536
# A manifest holds the filter, written out with every id that a name stood for.
LARGEST_MANIFEST_BYTES = 4_194_304
MAKE_ONE = "Name the file of the sealing key in it; `switchboard audit seal --new-key FILE` makes one."
MAKE_A_COSIGNERS = "Name the file of your own key in it; `switchboard audit cosign --new-key FILE` makes one."
EXPECTED = "Give 64 hexadecimal digits, or a file that holds them or the key in PEM."

_HEX_32 = re.compile(r"[0-9a-fA-F]{64}")

RECORDED = """
select key_id, coalesce(public_key, '') as public_key, state
  from switchboard.keys where purpose = 'seal' order by created_at, key_id
"""


class SealKey:
    """A private key that signs; it is never written, printed or copied."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public_key = _raw(key.public_key())
        self.key_id = key_id_of(self.public_key)

    def __repr__(self) -> str:
        return f"SealKey({self.key_id})"

    def sign(self, statement: bytes) -> bytes:
        """Return the Ed25519 signature (RFC 8032), 64 bytes."""
        return self._key.sign(statement)


def key_id_of(public_key: bytes) -> str:
    """Return the id of a sealing key: "seal-" and the first 16 hexadecimal digits of the public key's SHA-256."""
    return f"seal-{hashlib.sha256(public_key).hexdigest()[:16]}"


def is_signed(public_key: bytes, signature: bytes, statement: bytes) -> bool:
    """Tell whether the signature of the statement is by the key that belongs to this public key."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, statement)
    except (InvalidSignature, ValueError):
        return False
    return True


def new_seal_key(path: Path) -> SealKey:
    """Make a key and write it to a new file, mode 0600, as unencrypted PKCS #8 in PEM.

    Raises SealKeyError where the file exists already or cannot be written.
    """
    key = Ed25519PrivateKey.generate()
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise SealKeyError(
            "A file with that name exists already, and a key is never overwritten.", "Give another name."
        ) from None
    except (OSError, ValueError) as exc:
        raise SealKeyError(f"The file cannot be created: {_reason(exc)}.", "Give another name.") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as exc:
        path.unlink(missing_ok=True)
        raise SealKeyError(
            f"The file cannot be written: {_reason(exc)}.", "Free some disk space, or give another name."
        ) from None
    return SealKey(key)


def read_seal_key(path: Path | None) -> SealKey:
    """Read the private key from the file that SWITCHBOARD_SEAL_KEY_FILE names: PKCS #8 in PEM, without a password.

    Raises SealKeyError where there is none, where the file is open to others, and for what is not an Ed25519 key.
    """
    if path is None:
        raise SealKeyError(f"{FILE} is not set, and seals are signed with the key in that file.", MAKE_ONE)
    return _read_key(path, FILE, MAKE_ONE)


def read_cosign_key(path: Path | None) -> SealKey:
    """Read the private key of a cosigner, as `read_seal_key` does that of the seals."""
    if path is None:
        raise SealKeyError(f"{COSIGN_FILE} is not set, and you sign with the key in that file.", MAKE_A_COSIGNERS)
    return _read_key(path, COSIGN_FILE, MAKE_A_COSIGNERS)


def _read_key(path: Path, variable: str, what_to_do: str) -> SealKey:
    text = read_private_file(path, variable, SealKeyError, what_to_do)
    try:
        key = load_pem_private_key(text, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    # Raised out here, so that nothing the parser said of the file's content travels along.
    if not isinstance(key, Ed25519PrivateKey):
        raise SealKeyError(f"The file that {variable} names has no Ed25519 key in PEM without a password.", what_to_do)
    return SealKey(key)


def read_public_key(text_or_path: str) -> bytes:
    """Return the 32 bytes of a public key given as hexadecimal digits, or as a file with those or with PEM.

    Raises InvalidInput.
    """
    text = text_or_path.strip()
    if not _HEX_32.fullmatch(text):
        text = small_file(Path(text_or_path), "public key").strip()
    if _HEX_32.fullmatch(text):
        return bytes.fromhex(text)
    try:
        key = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise InvalidInput("That is not an Ed25519 public key.", EXPECTED)
    return _raw(key)


def read_newest_seal(text: str) -> bytes:
    """Return the 32 bytes that a seal was noted down as. Raises InvalidInput."""
    if not _HEX_32.fullmatch(text.strip()):
        raise InvalidInput("The newest seal is not 64 hexadecimal digits.", "Take it from an export's manifest.")
    return bytes.fromhex(text.strip())


class ManifestSeals(NamedTuple):
    """What an export's manifest says of seals: newest seal and checkpoint are None where there was none."""

    public_keys: tuple[bytes, ...]
    newest: bytes | None
    checkpoint: str | None


def read_manifest(path: Path) -> ManifestSeals:
    """Return what an export's manifest says of seals. Raises InvalidInput."""
    refused = InvalidInput(
        "That file is not the manifest of an export with seals in it.", "Give the file beside an export."
    )
    try:
        seals: Any = json.loads(small_file(path, "manifest", LARGEST_MANIFEST_BYTES))["seals"]
        keys, newest = [str(key) for key in seals["public_keys"]], seals["newest_seal"]
        # A manifest of version 1 has none.
        checkpoint = seals.get("checkpoint")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise refused from None
    if not (checkpoint is None or isinstance(checkpoint, str)):
        raise refused
    if not all(_HEX_32.fullmatch(key) for key in keys) or not (newest is None or _HEX_32.fullmatch(str(newest))):
        raise refused
    if not keys and newest is None:
        raise InvalidInput(
            "That manifest is of an export made before the log was sealed: there is neither key nor seal in it.",
            "Give that of a later export, or verify without it.",
        )
    known = None if newest is None else bytes.fromhex(newest)
    return ManifestSeals(tuple(map(bytes.fromhex, keys)), known, checkpoint)


async def recorded_keys(connection: Connection) -> list[tuple[str, bytes, str]]:
    """Return id, public key and state of each sealing key that the database knows, the oldest first."""
    rows = await (await connection.execute(RECORDED)).fetchall()
    return [(row["key_id"], bytes(row["public_key"]), row["state"]) for row in rows]


def small_file(path: Path, what: str, most: int = LARGEST_BYTES) -> str:
    """Return the text of a file of at most so many bytes that somebody named. Raises InvalidInput."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                content = file.read(most + 1)
                if len(content) <= most:
                    return content.decode()
                reason = "it is too large"
            else:
                reason = "not a plain file"
    except UnicodeDecodeError:
        reason = "not a text"
    except (OSError, ValueError) as exc:
        reason = _reason(exc)
    raise InvalidInput(f"The file of the {what} cannot be read: {reason}.", "Check its name.")


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _reason(exc: Exception) -> str:
    return (exc.strerror if isinstance(exc, OSError) else None) or "not a file's name"
