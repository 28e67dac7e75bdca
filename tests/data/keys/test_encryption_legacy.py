"""Legacy envelopes: what Node wrote opens, what is written opens in Node, and nothing else passes for one."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from itertools import cycle
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.support import reference_envelope as reference
from tests.support.reference_envelope import HOME, KEY_A, KEY_B, PLAINTEXT, SALT
from tui.data.keys.encryption import Keyring
from tui.data.keys.envelopes import envelope_format
from tui.data.keys.master_key import MasterKey
from tui.errors import MasterKeyError, Unreadable

if TYPE_CHECKING:
    from collections.abc import Sequence

NODE_READER = """
const c = require('crypto');
const rows = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const derived = {};
const derive = key => derived[key] ??= c.scryptSync(key, 'salt', 32);
console.log(JSON.stringify(rows.map(([key, envelope]) => {
  const [iv, tag, text] = envelope.split(':').map(part => Buffer.from(part, 'hex'));
  const opener = c.createDecipheriv('aes-256-gcm', derive(key), iv);
  opener.setAuthTag(tag);
  return Buffer.concat([opener.update(text), opener.final()]).toString('base64');
})));
"""
NODE = shutil.which("node")
READERS = ["a second implementation", "node"] if NODE else ["a second implementation"]
VECTORS: list[dict[str, Any]] = reference.load("node_legacy.json")["vectors"]
EMPTY = f"{'0' * 32}:{'0' * 32}:"


def read_elsewhere(reader: str, rows: Sequence[tuple[str, str]]) -> list[bytes]:
    if reader != "node":
        return [reference.read_legacy(key, envelope) for key, envelope in rows]
    node = subprocess.run(
        [str(NODE), "-e", NODE_READER], input=json.dumps(rows), capture_output=True, text=True, check=True
    )
    return [base64.b64decode(text) for text in json.loads(node.stdout)]


def is_object(vector: dict[str, Any]) -> bool:
    return isinstance(json.loads(vector["plaintext_json"]), dict)


@pytest.mark.parametrize(
    "vector",
    # Behind these come the same payloads under other keys of the same sizes: each key is 50 ms of work.
    [pytest.param(vector, marks=pytest.mark.long if vector["id"] > 25 else ()) for vector in VECTORS],
    ids=lambda vector: f"{vector['id']} {vector['payload_label']}",
)
def test_what_node_wrote_opens_byte_for_byte(vector: dict[str, Any]) -> None:
    keyring = reference.ring(vector["master_key"])
    opened = keyring.open_bytes(vector["ciphertext"], HOME)
    assert opened.plaintext == vector["plaintext_json"].encode()
    assert (opened.format, opened.key_id, opened.key) == ("legacy", None, keyring.current)
    if is_object(vector):
        credential = keyring.open(vector["ciphertext"], HOME).credential
        assert list(credential.items()) == list(json.loads(vector["plaintext_json"]).items())
    else:
        refused = reference.failure(lambda: keyring.open(vector["ciphertext"], HOME), Unreadable)
        assert refused.reason == "malformed"
        assert "not a JSON object" in refused.sentence


def test_what_is_sealed_opens_elsewhere_byte_for_byte() -> None:
    rows: list[tuple[str, str]] = []
    plaintexts = []
    # With joined emoji, blanks at both ends, and a NUL. That Node derives the others too is shown by what it wrote.
    keys = [vector["master_key"] for vector in VECTORS if len(vector["master_key"]) >= 32][8:13:2]
    for vector, key in zip(VECTORS, cycle(keys), strict=False):
        plaintext = vector["plaintext_json"].encode()
        credential = [json.loads(plaintext)] if is_object(vector) else []
        for value in (plaintext, *credential):
            envelope = reference.ring(key).seal(value, HOME, format="legacy", salt=SALT)
            assert re.fullmatch(r"[0-9a-f]{32}:[0-9a-f]{32}:[0-9a-f]+", envelope)
            rows.append((key, envelope))
            plaintexts.append(plaintext)
    assert len(rows) > 70
    for reader in READERS:
        assert (reader, read_elsewhere(reader, rows)) == (reader, plaintexts)


def test_a_short_key_opens_what_node_wrote_but_may_not_write() -> None:
    short = [vector for vector in VECTORS if len(vector["master_key"]) < 32]
    assert len(short) == 14
    for vector in short:
        keyring = reference.ring(vector["master_key"])
        assert keyring.open_bytes(vector["ciphertext"], HOME).plaintext
        refused = reference.failure(
            lambda keyring=keyring: keyring.seal({}, HOME, format="legacy", salt=SALT), MasterKeyError
        )
        assert "shorter than 32 characters" in refused.sentence


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "::",
        EMPTY + "0",
        EMPTY + "000",
        EMPTY + "0g",
        EMPTY + "AA",
        EMPTY + "00\n",
        " " + EMPTY,
        EMPTY + ":00",
        EMPTY + "٠٠",
        EMPTY[1:],
        "0" + EMPTY,
        EMPTY.replace(":", ".", 1),
        f"{'0' * 32}:{'0' * 8}:00",
        f"{'A' * 32}:{'0' * 32}:00",
        f"{'0' * 24}:{'0' * 32}:00",
        "0x" + EMPTY[2:],
    ],
)
def test_anything_but_three_parts_of_lower_case_hex_is_malformed(text: str) -> None:
    assert envelope_format(text) is None
    refused = reference.failure(lambda: reference.ring(KEY_A).open(text, HOME), Unreadable)
    assert refused.reason == "malformed"


def test_an_empty_ciphertext_has_the_shape_and_is_no_credential() -> None:
    envelope = reference.write_legacy(KEY_A, b"", bytes(16))
    assert envelope_format(envelope) == "legacy"
    assert reference.ring(KEY_A).open_bytes(envelope, HOME).plaintext == b""
    assert reference.failure(lambda: reference.ring(KEY_A).open(envelope, HOME), Unreadable).reason == "malformed"


def test_a_key_that_does_not_open_it_is_another_key_or_the_row_was_altered() -> None:
    envelope = reference.write_legacy(KEY_A, PLAINTEXT, bytes(16))
    refused = reference.failure(lambda: reference.ring(KEY_B).open(envelope, HOME), Unreadable)
    assert refused.reason == "other key"
    assert "another master key, or altered" in refused.sentence


def test_a_previous_key_opens_and_is_named() -> None:
    envelope = reference.write_legacy(KEY_A, PLAINTEXT, bytes(16))
    opened = reference.ring(KEY_B, KEY_A).open(envelope, HOME)
    assert opened.key is reference.master_key(KEY_A)
    assert opened.plaintext == PLAINTEXT


def test_the_same_key_configured_twice_is_one_key_and_not_ambiguous() -> None:
    keyring = Keyring(MasterKey(KEY_A, "one place"), [MasterKey(KEY_A, "another"), MasterKey(KEY_B, "x")])
    assert [key.source for key in keyring.keys] == ["one place", "x"]
    assert [key.source for key in keyring.previous] == ["x"]
    assert keyring.open(reference.write_legacy(KEY_A, PLAINTEXT, bytes(16)), HOME).key.source == "one place"


class RawKey(MasterKey):
    """A master key whose legacy key is given, as the collision was computed for raw keys."""

    def __init__(self, raw: bytes) -> None:
        super().__init__(raw.hex(), "a collision")
        self.raw = raw

    def legacy_cipher(self) -> AESGCM:
        return AESGCM(self.raw)


def test_an_envelope_that_opens_under_two_keys_is_ambiguous() -> None:
    vector = reference.load("key_commitment_collision.json")["vectors"][1]
    keys = [RawKey(bytes.fromhex(vector[name])) for name in ("key_a", "key_b")]
    plain = [bytes.fromhex(vector[name]) for name in ("plain_a", "plain_b")]
    alone = [Keyring(key).open_bytes(vector["legacy"], HOME).plaintext for key in keys]
    assert alone == plain
    for keyring in (Keyring(keys[0], [keys[1]]), Keyring(None, keys)):
        for call in (keyring.open, keyring.open_bytes):
            refused = reference.failure(lambda call=call: call(vector["legacy"], HOME), Unreadable)
            assert refused.reason == "ambiguous"


def test_the_collision_with_a_short_iv_has_no_legacy_shape() -> None:
    vector = reference.load("key_commitment_collision.json")["vectors"][0]
    assert envelope_format(vector["legacy"]) is None


def test_two_envelopes_of_the_same_plaintext_share_no_part() -> None:
    keyring = reference.ring(KEY_A)
    sealed = [keyring.seal(PLAINTEXT, HOME, format="legacy", salt=SALT).split(":") for _ in range(500)]
    assert all(len(set(parts)) == 500 for parts in zip(*sealed, strict=True))
