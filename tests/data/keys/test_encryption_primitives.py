"""AES-256-GCM as the envelopes use it, against Wycheproof and NIST, and the derivations against a second source."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.support import reference_envelope as reference
from tui.data.keys.envelopes import envelope_format
from tui.data.keys.master_key import MasterKey
from tui.data.keys.primitives import open_sealed, seal_bytes

FILES = [
    ("wycheproof_aes256gcm.json", 105),
    ("nist_aes256gcm_iv96.json", 375),
    ("nist_aes256gcm_iv128.json", 336),
]


def vectors(name: str) -> list[dict[str, Any]]:
    flat = []
    for group in reference.load(name)["testGroups"]:
        for test in group["tests"]:
            sizes = {"tag_bits": group["tagSize"], "iv_bits": group["ivSize"], "result": test["result"]}
            parts = ("key", "iv", "aad", "msg", "ct", "tag")
            flat.append({**{part: bytes.fromhex(test[part]) for part in parts}, **sizes})
    return flat


@pytest.mark.parametrize(("name", "count"), FILES)
def test_every_vector_is_right_or_refused(name: str, count: int) -> None:
    outcomes = {"valid": 0, "invalid": 0, "refused": 0}
    for vector in vectors(name):
        cipher = AESGCM(vector["key"])
        if not 64 <= vector["iv_bits"] <= 1024:
            with pytest.raises(ValueError, match="Nonce"):
                open_sealed(cipher, vector["iv"], vector["ct"] + vector["tag"], vector["aad"])
            outcomes["refused"] += 1
            continue
        opened = open_sealed(cipher, vector["iv"], vector["ct"] + vector["tag"], vector["aad"])
        full_tag = vector["tag_bits"] == 128
        if vector["result"] == "valid" and full_tag:
            assert opened == vector["msg"]
            sealed = seal_bytes(cipher, vector["iv"], vector["msg"], vector["aad"])
            assert sealed == vector["ct"] + vector["tag"]
            outcomes["valid"] += 1
        else:
            assert opened is None
            outcomes["invalid"] += 1
    assert sum(outcomes.values()) == count
    assert outcomes["valid"] > 0


def test_a_nist_vector_with_a_short_tag_is_no_legacy_envelope_and_one_with_a_full_tag_is() -> None:
    shapes = {128: set[str | None](), 0: set[str | None]()}
    for vector in vectors("nist_aes256gcm_iv128.json"):
        envelope = f"{vector['iv'].hex()}:{vector['tag'].hex()}:{vector['ct'].hex()}"
        shapes[128 if vector["tag_bits"] == 128 else 0].add(envelope_format(envelope))
    assert shapes == {128: {"legacy"}, 0: {None}}


def test_the_derived_key_id_is_that_of_a_second_implementation() -> None:
    key = reference.master_key(reference.KEY_A)
    assert key.sb2(reference.SALT).key_id == reference.sb2_keys(reference.KEY_A, reference.SALT)[0]
    assert key.key_id(reference.SALT) == reference.b64(key.sb2(reference.SALT).key_id)
    assert len(key.key_id(reference.SALT)) == 22


@pytest.mark.parametrize("text", ["", "x", "pässwörd 🔐", "nul\x00inside", "  blanks kept \n"])
def test_the_legacy_key_is_scrypt_of_the_exact_text(text: str) -> None:
    raw = hashlib.scrypt(text.encode(), salt=b"salt", n=16384, r=8, p=1, dklen=32)
    cipher = MasterKey(text, "a test").legacy_cipher()
    assert cipher.encrypt(bytes(16), b"x", None) == AESGCM(raw).encrypt(bytes(16), b"x", None)
