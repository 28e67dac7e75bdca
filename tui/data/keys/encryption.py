"""Encryption: a credential becomes an envelope with the current master key, and opens again with any configured one."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from tui.data.keys.credential_json import decode_credential, encode_credential
from tui.data.keys.envelopes import (
    LEGACY_IV_BYTES,
    SB2_NONCE_BYTES,
    TAG_BYTES,
    LegacyEnvelope,
    Sb2Envelope,
    base64url,
    parse_envelope,
)
from tui.errors import MasterKeyError, MasterKeyMissing, Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from tui.data.keys.master_key import MasterKey
    from tui.models import Json
    from tui.models.envelopes import EnvelopeFormat

_RESTORE = "Restore the row from a backup, or enter the credential again."


class RowBinding(NamedTuple):
    """The row an sb2 envelope belongs to; in another row, organisation or type it does not open."""

    row_id: UUID
    organization_id: UUID
    integration_type: str

    def associated_data(self, key_id: bytes) -> bytes:
        """Return what sb2 authenticates beside the ciphertext.

        "sb2", key id (16 bytes), "integration_credentials", row id and organisation id (16 bytes each) and the
        type in UTF-8, each after its length as four bytes, big-endian.
        """
        parts = (
            b"sb2",
            key_id,
            b"integration_credentials",
            self.row_id.bytes,
            self.organization_id.bytes,
            # A name typed on a command line may not be Unicode; it must fail to open, not to encode.
            self.integration_type.encode("utf-8", "surrogatepass"),
        )
        return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class OpenedBytes:
    """An envelope that opened: its exact plaintext, whatever it is, and the key that opened it.

    `key_id` is the one the envelope names, None for a legacy envelope.
    """

    plaintext: bytes
    format: EnvelopeFormat
    key: MasterKey
    key_id: str | None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Opened(OpenedBytes):
    """An envelope that opened and holds a credential: order and unknown fields kept."""

    credential: Json


class Keyring:
    """The configured master keys: opens with all of them, writes with the current one only."""

    __slots__ = ("_current", "_previous")

    def __init__(self, current: MasterKey | None, previous: Sequence[MasterKey] = ()) -> None:
        """Keep each key once: a legacy row would otherwise open twice and count as ambiguous."""
        self._current = current
        keys = [current] if current else []
        for key in previous:
            if not any(key.same_as(other) for other in keys):
                keys.append(key)
        self._previous = tuple(keys[1:] if current else keys)

    @property
    def current(self) -> MasterKey | None:
        """The key that writes."""
        return self._current

    @property
    def previous(self) -> tuple[MasterKey, ...]:
        """The keys that only open, without repetitions."""
        return self._previous

    @property
    def keys(self) -> tuple[MasterKey, ...]:
        """All keys, the current one first."""
        return (self._current, *self._previous) if self._current else self._previous

    def open(self, envelope: str, binding: RowBinding) -> Opened:
        """Open the envelope of that row and read its credential.

        Derives keys: up to 0.5 s per key the first time a salt is met. Raises Unreadable with the reason "no key",
        "malformed" (the envelope, or what is inside), "other key", "altered" or "ambiguous".
        """
        opened = self.open_bytes(envelope, binding)
        credential = decode_credential(opened.plaintext)
        return Opened(opened.plaintext, opened.format, opened.key, opened.key_id, credential)

    def open_bytes(self, envelope: str, binding: RowBinding) -> OpenedBytes:
        """Open the envelope of that row without looking at what is inside. Cost and failures as in `open`."""
        parts = parse_envelope(envelope)
        if parts is None:
            raise Unreadable("malformed", "The stored text is neither an sb2 nor a legacy envelope.", _RESTORE)
        if not self.keys:
            raise Unreadable(
                "no key",
                "No master key is configured, so this credential cannot be opened.",
                "Configure the one it was written with as ENCRYPTION_MASTER_KEY.",
            )
        return self._open_sb2(parts, binding) if isinstance(parts, Sb2Envelope) else self._open_legacy(parts)

    def seal(
        self,
        plaintext: bytes | Mapping[str, Any],
        binding: RowBinding,
        *,
        format: EnvelopeFormat,
        salt: bytes,
    ) -> str:
        """Return a new envelope for that row: a mapping is encoded, bytes go in exactly as they are.

        `salt` is the current key's own (16 bytes; legacy does not use it). Raises MasterKeyMissing, MasterKeyError
        where the key is too weak to write with, and InvalidInput where the mapping is no credential.
        """
        from tui.data.keys.primitives import seal_bytes

        key = self.writing_key()
        data = plaintext if isinstance(plaintext, bytes) else encode_credential(plaintext)
        if format == "legacy":
            iv = secrets.token_bytes(LEGACY_IV_BYTES)
            sealed = seal_bytes(key.legacy_cipher(), iv, data, None)
            return LegacyEnvelope(iv, sealed[-TAG_BYTES:], sealed[:-TAG_BYTES]).text()
        derived = key.sb2(salt)
        nonce = secrets.token_bytes(SB2_NONCE_BYTES)
        sealed = seal_bytes(derived.cipher, nonce, data, binding.associated_data(derived.key_id))
        return Sb2Envelope(derived.key_id, salt, nonce, sealed).text()

    def writing_key(self) -> MasterKey:
        """Return the key that writes. Raises MasterKeyMissing, or MasterKeyError where it is too weak."""
        key = self._current
        if key is None:
            raise MasterKeyMissing
        weaknesses = key.weaknesses()
        if weaknesses:
            raise MasterKeyError(
                f"The master key from {key.source} opens envelopes but may not write them: {weaknesses[0]}",
                "It still opens what is stored; write with one from `switchboard keys generate`.",
            )
        return key

    def _open_sb2(self, parts: Sb2Envelope, binding: RowBinding) -> OpenedBytes:
        from tui.data.keys.primitives import open_sealed

        key = self._find_key(parts)
        data = binding.associated_data(parts.key_id)
        plaintext = open_sealed(key.sb2(parts.salt).cipher, parts.nonce, parts.ciphertext, data)
        if plaintext is None:
            raise Unreadable(
                "altered",
                "The envelope was altered, or moved here from another row, organisation or type.",
                _RESTORE,
            )
        return OpenedBytes(plaintext, "sb2", key, base64url(parts.key_id))

    def _find_key(self, parts: Sb2Envelope) -> MasterKey:
        """Return the configured key that has the envelope's key id."""
        derived_salts = {key: key.salt_of(parts.key_id) for key in self.keys}
        if any(salt is not None and salt != parts.salt for salt in derived_salts.values()):
            raise Unreadable(
                "altered", "The envelope was altered: its salt is not the one of the key it names.", _RESTORE
            )
        # A key that is known to have this id goes first: each of the others would cost a derivation.
        for key in sorted(self.keys, key=lambda key: derived_salts[key] is None):
            # The key id commits to the key, so a wrong key is told from a damaged row before anything is decrypted.
            if hmac.compare_digest(key.sb2(parts.salt).key_id, parts.key_id):
                return key
        raise Unreadable(
            "other key",
            f"It was written with another master key (key id {base64url(parts.key_id)}).",
            "Configure that key as ENCRYPTION_MASTER_KEY, or as ENCRYPTION_MASTER_KEY_PREVIOUS to read only.",
        )

    def _open_legacy(self, parts: LegacyEnvelope) -> OpenedBytes:
        readings = [opened for key in self.keys if (opened := _open_legacy_with(parts, key)) is not None]
        if len(readings) > 1:
            raise Unreadable(
                "ambiguous",
                "It opens under more than one configured master key, with a different content under each.",
                "Configure only the key it was written with, or enter the credential again.",
            )
        if not readings:
            raise Unreadable(
                "other key",
                "It was written with another master key, or altered: a legacy envelope does not tell which.",
                "Configure the key it was written with, or enter the credential again.",
            )
        return readings[0]


def _open_legacy_with(parts: LegacyEnvelope, key: MasterKey) -> OpenedBytes | None:
    from tui.data.keys.primitives import open_sealed

    plaintext = open_sealed(key.legacy_cipher(), parts.iv, parts.ciphertext + parts.tag, None)
    return None if plaintext is None else OpenedBytes(plaintext, "legacy", key, None)
