"""The text of the two envelope formats, read strictly and never repaired."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tui.models.envelopes import EnvelopeFormat

KEY_ID_BYTES = 16
SALT_BYTES = 16
SB2_NONCE_BYTES = 12
LEGACY_IV_BYTES = 16
TAG_BYTES = 16

# Matched as a whole: a parser that split at the colons accepted 163 of 3,424 flipped bits of the text.
_B64 = "[A-Za-z0-9_-]"
SB2_SHAPE = rf"sb2\.({_B64}{{22}})\.({_B64}{{22}})\.({_B64}{{16}})\.({_B64}{{22,}})"
_SB2 = re.compile(SB2_SHAPE)
# Node writes lower case; taking upper case as well would let a flipped bit of the text go unnoticed.
_LEGACY = re.compile(r"([0-9a-f]{32}):([0-9a-f]{32}):((?:[0-9a-f]{2})*)")


class Sb2Envelope(NamedTuple):
    """The parts of `sb2.<key id>.<salt>.<nonce>.<ciphertext>`; the ciphertext ends with the 16-byte tag."""

    key_id: bytes
    salt: bytes
    nonce: bytes
    ciphertext: bytes

    def text(self) -> str:
        """Return the text that is stored."""
        parts = (self.key_id, self.salt, self.nonce, self.ciphertext)
        return ".".join(("sb2", *map(base64url, parts)))


class LegacyEnvelope(NamedTuple):
    """The parts of `<iv hex>:<tag hex>:<ciphertext hex>`."""

    iv: bytes
    tag: bytes
    ciphertext: bytes

    def text(self) -> str:
        """Return the text that is stored, in lower case as Node writes it."""
        return f"{self.iv.hex()}:{self.tag.hex()}:{self.ciphertext.hex()}"


def parse_envelope(envelope: str) -> Sb2Envelope | LegacyEnvelope | None:
    """Return the parts of an envelope, or None where the text is not exactly one of the two formats."""
    if legacy := _LEGACY.fullmatch(envelope):
        iv, tag, ciphertext = map(bytes.fromhex, legacy.groups())
        return LegacyEnvelope(iv, tag, ciphertext)
    if sb2 := _SB2.fullmatch(envelope):
        parts = [data for data in map(_from_base64url, sb2.groups()) if data is not None]
        return Sb2Envelope(*parts) if len(parts) == 4 else None
    return None


def envelope_format(envelope: str) -> EnvelopeFormat | None:
    """Return the format by shape alone, without a key; None where it is malformed."""
    parts = parse_envelope(envelope)
    if parts is None:
        return None
    return "sb2" if isinstance(parts, Sb2Envelope) else "legacy"


def sb2_key_id(envelope: str) -> str | None:
    """Return the key id an sb2 envelope names (22 characters of base64url), or None where it is not sb2."""
    parts = parse_envelope(envelope)
    return base64url(parts.key_id) if isinstance(parts, Sb2Envelope) else None


def sb2_salt(envelope: str) -> bytes | None:
    """Return the 16-byte salt of an sb2 envelope, or None where it is not sb2."""
    parts = parse_envelope(envelope)
    return parts.salt if isinstance(parts, Sb2Envelope) else None


def base64url(data: bytes) -> str:
    """Return unpadded base64url (RFC 4648, section 5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _from_base64url(text: str) -> bytes | None:
    """Return the bytes, or None where the text is not the one way to write them (RFC 4648, section 3.5)."""
    if len(text) % 4 == 1:
        return None
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return data if base64url(data) == text else None
