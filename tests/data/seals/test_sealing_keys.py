"""The keys of seals: made, read, refused; and what is read of files that others give."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tests.support.database.seal_tampering import KEY
from tui.data.seals.sealing_keys import (
    is_signed,
    key_id_of,
    new_seal_key,
    read_manifest,
    read_newest_seal,
    read_public_key,
    read_seal_key,
)
from tui.errors import InvalidInput, SealKeyError

if TYPE_CHECKING:
    from pathlib import Path

HEX = KEY.public_key.hex()


def test_a_new_key_is_in_a_file_for_its_owner_alone_and_can_be_read_back(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        key = new_seal_key(tmp_path / "seal.pem")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "seal.pem").stat().st_mode) == 0o600
    read = read_seal_key(tmp_path / "seal.pem")
    assert (read.public_key, read.key_id) == (key.public_key, key.key_id)
    assert is_signed(key.public_key, read.sign(b"x"), b"x")
    assert new_seal_key(tmp_path / "other.pem").public_key != key.public_key


def test_an_existing_file_and_a_link_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("kept")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("there", "link"):
        with pytest.raises(SealKeyError, match="never overwritten"):
            new_seal_key(tmp_path / name)
    with pytest.raises(SealKeyError, match="cannot be created"):
        new_seal_key(tmp_path / "no folder" / "seal.pem")
    assert (tmp_path / "there").read_text() == "kept"
    assert not (tmp_path / "nowhere").exists()


def test_a_key_made_by_openssl_is_read(tmp_path: Path) -> None:
    file = tmp_path / "seal.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", file], check=True, capture_output=True)
    file.chmod(0o600)
    key = read_seal_key(file)
    public = subprocess.run(["openssl", "pkey", "-in", file, "-pubout"], check=True, capture_output=True).stdout
    (tmp_path / "public.pem").write_bytes(public)
    assert read_public_key(str(tmp_path / "public.pem")) == key.public_key


def test_a_signature_is_of_one_statement_by_one_key() -> None:
    signature = KEY.sign(b"statement")
    assert is_signed(KEY.public_key, signature, b"statement")
    assert not is_signed(KEY.public_key, signature, b"statemenT")
    assert not is_signed(bytes(32), signature, b"statement")
    for bit in range(512):
        flipped = (int.from_bytes(signature) ^ 1 << bit).to_bytes(64)
        assert not is_signed(KEY.public_key, flipped, b"statement")
    assert not is_signed(b"short", signature, b"statement")


def test_a_key_never_shows_itself() -> None:
    assert repr(KEY) == f"SealKey({KEY.key_id})"
    assert KEY.key_id == key_id_of(KEY.public_key)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a key",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        Ed25519PrivateKey.generate().private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"password")
        ),
        Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    ],
    ids=["empty", "text", "no DER", "another kind", "encrypted", "public"],
)
def test_what_is_no_private_key_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "seal.pem").write_bytes(content)
    (tmp_path / "seal.pem").chmod(0o600)
    with pytest.raises(SealKeyError, match="has no Ed25519 key") as refused:
        read_seal_key(tmp_path / "seal.pem")
    assert (refused.value.exit_status, refused.value.__context__) == (4, None)


def test_a_file_that_is_open_to_others_or_none_at_all_is_refused(tmp_path: Path) -> None:
    new_seal_key(tmp_path / "seal.pem")
    (tmp_path / "seal.pem").chmod(0o644)
    with pytest.raises(SealKeyError, match="can be read or written by others"):
        read_seal_key(tmp_path / "seal.pem")
    with pytest.raises(SealKeyError, match="not a plain file"):
        read_seal_key(tmp_path)
    with pytest.raises(SealKeyError, match="cannot be opened"):
        read_seal_key(tmp_path / "nothing")
    with pytest.raises(SealKeyError, match="SWITCHBOARD_SEAL_KEY_FILE is not set"):
        read_seal_key(None)


def test_a_public_key_is_digits_or_a_file_of_either_kind(tmp_path: Path) -> None:
    pem = Ed25519PublicKey.from_public_bytes(KEY.public_key).public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    (tmp_path / "key.pem").write_bytes(pem)
    (tmp_path / "key.txt").write_text(f"{HEX}\n")
    for text in (HEX, HEX.upper(), str(tmp_path / "key.pem"), str(tmp_path / "key.txt")):
        assert read_public_key(text) == KEY.public_key
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    for text in (HEX[:-1], str(tmp_path), str(tmp_path / "nothing"), str(tmp_path / "bytes"), "a\0b"):
        with pytest.raises(InvalidInput):
            read_public_key(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{}", '{"seals": null}', '{"seals": {"public_keys": 1, "newest_seal": null}}', "[" * 100_000),
        '{"seals": {"public_keys": ["00"], "newest_seal": null}}',
        json.dumps({"seals": {"public_keys": [HEX], "newest_seal": "x"}}),
        # Of an export before the first seal: with it nothing at all would be checked that the owner cannot replace.
        '{"seals": {"public_keys": [], "newest_seal": null, "sealed_until": null}}',
    ],
    ids=range(9),
)
def test_what_is_no_manifest_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(InvalidInput):
        read_manifest(tmp_path / "manifest.json")


def test_a_manifest_brings_the_keys_and_the_newest_seal(tmp_path: Path) -> None:
    for newest, more in (("ab" * 32, {"checkpoint": "a note"}), ("ab" * 32, {}), (None, {"checkpoint": None})):
        (tmp_path / "m.json").write_text(
            json.dumps({"rows": 1, "seals": {"public_keys": [HEX], "newest_seal": newest, **more}})
        )
        seals = read_manifest(tmp_path / "m.json")
        assert seals == ((KEY.public_key,), newest and bytes.fromhex(newest), more.get("checkpoint"))
    with pytest.raises(InvalidInput, match="64 hexadecimal digits"):
        read_newest_seal("ab" * 31)
