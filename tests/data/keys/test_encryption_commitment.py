"""A ciphertext made to open under two keys opens as sb2 only under the key it names."""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.support import reference_envelope as reference
from tests.support.reference_envelope import HOME, KEY_A, KEY_B, SALT
from tui.data.keys.primitives import open_sealed

NONCE = bytes(range(12))


def product(x: int, y: int) -> int:
    """Multiply in GCM's field (NIST SP 800-38D, 6.3)."""
    z = 0
    for bit in range(127, -1, -1):
        if x >> bit & 1:
            z ^= y
        y = y >> 1 ^ (0xE1 << 120 if y & 1 else 0)
    return z


def inverse(x: int) -> int:
    result, square = 1 << 127, product(x, x)
    for _ in range(127):
        result, square = product(result, square), product(square, square)
    return result


def squared_hash_key(key: bytes) -> int:
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    hash_key = int.from_bytes(encryptor.update(bytes(16)), "big")
    return product(hash_key, hash_key)


def tag_of_zeros(key: bytes, data: bytes) -> int:
    """Return the tag over one ciphertext block of zeros."""
    key_stream, _ = reference.gcm_encrypt(key, NONCE, bytes(16), data)
    return int.from_bytes(reference.gcm_encrypt(key, NONCE, key_stream, data)[1], "big")


def ciphertext_for_both(key_a: bytes, key_b: bytes, data: bytes) -> bytes:
    """Return one ciphertext block and tag that both keys accept: GHASH is linear in the block."""
    square_a, square_b = squared_hash_key(key_a), squared_hash_key(key_b)
    tag_a, tag_b = tag_of_zeros(key_a, data), tag_of_zeros(key_b, data)
    block = product(tag_a ^ tag_b, inverse(square_a ^ square_b))
    return block.to_bytes(16, "big") + (tag_a ^ product(block, square_a)).to_bytes(16, "big")


def test_sb2_opens_a_ciphertext_of_two_keys_only_under_the_key_it_names() -> None:
    keys = {text: reference.sb2_keys(text, SALT) for text in (KEY_A, KEY_B)}
    for named, other in ((KEY_A, KEY_B), (KEY_B, KEY_A)):
        key_id = keys[named][0]
        data = reference.associated_data(key_id, HOME)
        ciphertext = ciphertext_for_both(keys[named][1], keys[other][1], data)
        plain = [open_sealed(AESGCM(keys[text][1]), NONCE, ciphertext, data) for text in (named, other)]
        assert None not in plain
        assert plain[0] != plain[1]

        envelope = ".".join(["sb2", *map(reference.b64, (key_id, SALT, NONCE, ciphertext))])
        for keyring in (reference.ring(named), reference.ring(named, other), reference.ring(other, named)):
            opened = keyring.open_bytes(envelope, HOME)
            assert (opened.plaintext, opened.key) == (plain[0], reference.master_key(named))
        assert reference.refusal(reference.ring(other), envelope).reason == "other key"

        renamed = ".".join(["sb2", *map(reference.b64, (keys[other][0], SALT, NONCE, ciphertext))])
        assert reference.refusal(reference.ring(named, other), renamed).reason == "altered"


def test_the_stored_collision_put_into_an_sb2_envelope_opens_under_no_key() -> None:
    vector = reference.load("key_commitment_collision.json")["vectors"][0]
    sealed = bytes.fromhex(vector["ct"] + vector["tag"])
    for name in ("a", "b"):
        cipher = AESGCM(bytes.fromhex(vector[f"key_{name}"]))
        plain = open_sealed(cipher, bytes.fromhex(vector["iv"]), sealed, None)
        assert plain == bytes.fromhex(vector[f"plain_{name}"])
    keyring = reference.ring(KEY_A, KEY_B)
    for text in (KEY_A, KEY_B):
        key_id = reference.master_key(text).sb2(SALT).key_id
        parts = (key_id, SALT, bytes.fromhex(vector["iv"]), sealed)
        envelope = ".".join(["sb2", *map(reference.b64, parts)])
        assert reference.refusal(keyring, envelope).reason == "altered"
