"""The primitives that both envelope formats rest on, as `cryptography` has them.

Imported with the first envelope that is opened or written: the library takes as long as a dozen of our own modules.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

__all__ = ["AESGCM", "hkdf", "open_sealed", "seal_bytes"]


def hkdf(root: bytes, info: bytes, length: int) -> bytes:
    """Return `length` bytes of HKDF-SHA256 without salt (RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(root)


def seal_bytes(cipher: AESGCM, nonce: bytes, plaintext: bytes, associated_data: bytes | None) -> bytes:
    """Return ciphertext and 16-byte tag of AES-256-GCM (NIST SP 800-38D)."""
    return cipher.encrypt(nonce, plaintext, associated_data)


def open_sealed(cipher: AESGCM, nonce: bytes, sealed: bytes, associated_data: bytes | None) -> bytes | None:
    """Return the plaintext of ciphertext and 16-byte tag, or None where the tag does not fit."""
    try:
        return cipher.decrypt(nonce, sealed, associated_data)
    except InvalidTag:
        return None
