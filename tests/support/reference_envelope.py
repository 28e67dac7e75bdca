"""The two envelope formats written a second time, from their description alone, to compare the real ones with."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.support.run_folder import derived_once
from tui.data.keys.encryption import Keyring, RowBinding
from tui.data.keys.master_key import MasterKey
from tui.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable

VECTORS = Path(__file__).parent.parent / "vectors"

KEY_A = "Vb3!kQ9z-Lm7_Xw2 pR5tYc8 Jd1hNf6 Gs4"
KEY_B = "other-Zq8Wn2Ls5Tv7Hx1Bk4Mf9Rj3Pd6Gc0"
SALT = bytes(range(100, 116))
FOREIGN_SALT = bytes(range(101, 117))
HOME = RowBinding(
    UUID("11111111-2222-4333-8444-555555555555"),
    UUID("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"),
    "exotel_phone",
)
CREDENTIAL = {"account_sid": "canary-sid", "api_token": "canary-token-ü", "extra": {"n": 1e-7}}
PLAINTEXT = '{"account_sid":"canary-sid","api_token":"canary-token-ü","extra":{"n":1e-7}}'.encode()


def load(name: str) -> dict[str, Any]:
    """Return a file of vectors."""
    return json.loads((VECTORS / name).read_text("utf-8"))


@cache
def master_key(text: str) -> MasterKey:
    """Return the one MasterKey of this text, so that tests share its derived keys."""
    return MasterKey(text, "a test")


def ring(current: str | None, *previous: str) -> Keyring:
    """Return a keyring of shared keys."""
    return Keyring(None if current is None else master_key(current), [master_key(text) for text in previous])


def failure(call: Callable[[], object], kind: type[Exception]) -> Any:
    """Return the exception, caught in a frame that holds nothing but the call."""
    try:
        call()
    except kind as caught:
        return caught
    raise AssertionError(f"no {kind.__name__}")


def refusal(keyring: Keyring, envelope: str, row: RowBinding = HOME) -> Unreadable:
    """Return why the keyring does not open it."""
    refused: Unreadable = failure(lambda: keyring.open_bytes(envelope, row), Unreadable)
    return refused


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().replace("=", "")


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "==")


@derived_once
def scrypt(text: bytes, salt: bytes, n: int) -> bytes:
    return hashlib.scrypt(text, salt=salt, n=n, r=8, p=1, maxmem=2**28, dklen=32)


@cache
def legacy_key(text: str) -> bytes:
    return scrypt(text.encode(), b"salt", 16384)


@cache
def sb2_keys(text: str, salt: bytes) -> tuple[bytes, bytes]:
    """Return key id and encryption key."""
    root = scrypt(text.encode(), salt, 131072)
    return hkdf(root, b"switchboard key id")[:16], hkdf(root, b"switchboard encryption key")


def hkdf(key: bytes, info: bytes) -> bytes:
    """RFC 5869, SHA-256, no salt, one block."""
    extracted = hmac.digest(bytes(32), key, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")


def associated_data(key_id: bytes, row: RowBinding) -> bytes:
    data = b""
    kind = row.integration_type.encode()
    for part in (
        b"sb2",
        key_id,
        b"integration_credentials",
        row.row_id.bytes,
        row.organization_id.bytes,
        kind,
    ):
        data += bytes([0, 0, len(part) >> 8, len(part) & 255]) + part
    return data


def gcm_encrypt(key: bytes, iv: bytes, plaintext: bytes, data: bytes = b"") -> tuple[bytes, bytes]:
    """Return ciphertext and tag."""
    encryptor = Cipher(algorithms.AES(key), modes.GCM(iv)).encryptor()
    encryptor.authenticate_additional_data(data)
    return encryptor.update(plaintext) + encryptor.finalize(), encryptor.tag


def gcm_decrypt(key: bytes, iv: bytes, ciphertext: bytes, tag: bytes, data: bytes = b"") -> bytes:
    """Raise InvalidTag where the tag does not fit."""
    decryptor = Cipher(algorithms.AES(key), modes.GCM(iv, tag)).decryptor()
    decryptor.authenticate_additional_data(data)
    return decryptor.update(ciphertext) + decryptor.finalize()


def read_legacy(text: str, envelope: str) -> bytes:
    iv, tag, ciphertext = (bytes.fromhex(part) for part in envelope.split(":"))
    return gcm_decrypt(legacy_key(text), iv, ciphertext, tag)


def write_legacy(text: str, plaintext: bytes, iv: bytes) -> str:
    ciphertext, tag = gcm_encrypt(legacy_key(text), iv, plaintext)
    return f"{iv.hex()}:{tag.hex()}:{ciphertext.hex()}"


def read_sb2(text: str, envelope: str, row: RowBinding) -> bytes:
    version, key_id, salt, nonce, sealed = envelope.split(".")
    expected_id, key = sb2_keys(text, unb64(salt))
    assert version == "sb2"
    assert expected_id == unb64(key_id)
    body = unb64(sealed)
    return gcm_decrypt(key, unb64(nonce), body[:-16], body[-16:], associated_data(expected_id, row))


def write_sb2(text: str, plaintext: bytes, row: RowBinding, salt: bytes, nonce: bytes) -> str:
    key_id, key = sb2_keys(text, salt)
    ciphertext, tag = gcm_encrypt(key, nonce, plaintext, associated_data(key_id, row))
    return ".".join(["sb2", b64(key_id), b64(salt), b64(nonce), b64(ciphertext + tag)])
