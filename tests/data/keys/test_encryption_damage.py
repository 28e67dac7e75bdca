"""Every flipped bit, every cut and every repair of an envelope is refused, each with the right reason."""

from __future__ import annotations

import base64
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.support import reference_envelope as reference
from tests.support.reference_envelope import FOREIGN_SALT, HOME, KEY_A, KEY_B, PLAINTEXT, SALT
from tui.data.keys.envelopes import envelope_format
from tui.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES = [22, 22, 16]
ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


# Written by the first test that wants one: at import, each would cost a derivation in every worker.
@cache
def sb2() -> str:
    return reference.write_sb2(KEY_A, PLAINTEXT, HOME, SALT, bytes(range(12)))


@cache
def legacy() -> str:
    return reference.write_legacy(KEY_A, PLAINTEXT, bytes(range(16)))


@pytest.fixture(params=[sb2, legacy])
def envelope(request: pytest.FixtureRequest) -> str:
    written: str = request.param()
    return written


def reason_of(envelope: str) -> str:
    """Return "opened", or why it did not open with both keys at hand."""
    try:
        reference.ring(KEY_B, KEY_A).open_bytes(envelope, HOME)
    except Unreadable as refused:
        assert "canary" not in f"{refused} {refused.details}"
        return refused.reason
    return "opened"


def expected_reason(envelope: str) -> str:
    """Judge a damaged copy by its description alone: which part differs, and is the whole still well formed."""
    if ":" in envelope or "." not in envelope:
        parts = envelope.split(":")
        whole = len(parts) == 3 and [len(part) for part in parts[:2]] == [32, 32] and len(parts[2]) % 2 == 0
        return "other key" if whole and set("".join(parts)) <= set("0123456789abcdef") else "malformed"
    version, *parts = envelope.split(".")
    if version != "sb2" or [len(part) for part in parts[:-1]] != SIZES or not canonical(parts):
        return "malformed"
    if parts[0] != sb2().split(".")[1]:
        return "other key"
    return "altered"


def canonical(parts: list[str]) -> bool:
    for part in parts:
        if not set(part) <= ALPHABET or len(part) % 4 == 1:
            return False
        data = base64.b64decode(part + "==", b"-_")
        if reference.b64(data) != part:
            return False
    return len(reference.unb64(parts[3])) >= 16


def flips_of_text(envelope: str) -> Iterator[str]:
    for place, character in enumerate(envelope):
        for bit in range(8):
            yield envelope[:place] + chr(ord(character) ^ 1 << bit) + envelope[place + 1 :]


def flips(data: bytes) -> Iterator[bytes]:
    for place in range(len(data)):
        for bit in range(8):
            yield data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :]


def test_the_undamaged_envelope_opens(envelope: str) -> None:
    assert reason_of(envelope) == "opened"


def test_no_flipped_bit_of_the_text_is_accepted(envelope: str) -> None:
    reasons: Counter[str] = Counter()
    for damaged in flips_of_text(envelope):
        assert reason_of(damaged) == expected_reason(damaged), damaged
        reasons[reason_of(damaged)] += 1
    assert reasons.total() == len(envelope) * 8
    assert set(reasons) == ({"malformed", "other key", "altered"} if envelope == sb2() else {"malformed", "other key"})


def test_no_flipped_bit_of_the_decoded_sb2_parts_is_accepted() -> None:
    parts = [reference.unb64(part) for part in sb2().split(".")[1:]]
    why = ["other key", "altered", "altered", "altered"]
    for number, part in enumerate(parts):
        for damaged in flips(part):
            texts = [reference.b64(damaged if number == place else parts[place]) for place in range(4)]
            assert reason_of(".".join(["sb2", *texts])) == why[number]


def test_no_flipped_bit_of_the_decoded_legacy_parts_is_accepted() -> None:
    parts = [bytes.fromhex(part) for part in legacy().split(":")]
    for number, part in enumerate(parts):
        for damaged in flips(part):
            texts = [(damaged if number == place else parts[place]).hex() for place in range(3)]
            assert reason_of(":".join(texts)) == "other key"


def test_cut_at_any_length_from_either_end_it_is_refused(envelope: str) -> None:
    for length in range(len(envelope)):
        assert reason_of(envelope[:length]) == expected_reason(envelope[:length]), length
        assert reason_of(envelope[:length]) != "opened"
        assert reason_of(envelope[length + 1 :]) == "malformed"


def test_one_character_taken_out_or_put_in_anywhere_is_refused(envelope: str) -> None:
    for place in range(len(envelope)):
        assert reason_of(envelope[:place] + envelope[place + 1 :]) not in ("opened", "no key")
        for extra in ("0", "A", ".", ":", " ", "\n", "=", "\x00", "é"):
            assert reason_of(envelope[:place] + extra + envelope[place:]) not in ("opened", "no key")
    for extra in ("\n", " ", "=", "==", ".", ":", "\x00", ":00", ".AA"):
        assert reason_of(envelope + extra) == "malformed"
        assert envelope_format(envelope + extra) is None


@pytest.mark.parametrize("version", ["sb1", "sb3", "SB2", "sb2 ", "", "sb20", "ｓb2"])
def test_another_version_is_malformed_and_not_guessed(version: str) -> None:
    assert reason_of(version + sb2()[3:]) == "malformed"


def test_parts_of_two_envelopes_of_the_same_key_do_not_mix() -> None:
    other = reference.write_sb2(KEY_A, b'{"a":"other"}', HOME, SALT, bytes(range(50, 62))).split(".")
    mine = sb2().split(".")
    assert reason_of(".".join([*mine[:3], other[3], mine[4]])) == "altered"
    assert reason_of(".".join([*mine[:4], other[4]])) == "altered"
    assert reason_of(".".join([*other[:3], mine[3], mine[4]])) == "opened"


def test_one_key_s_ciphertext_under_the_other_key_s_id_is_altered() -> None:
    foreign = reference.write_sb2(KEY_B, PLAINTEXT, HOME, SALT, bytes(12)).split(".")
    assert reason_of(".".join([*foreign[:2], *sb2().split(".")[2:]])) == "altered"


def test_a_salt_no_key_has_met_is_derived_before_it_is_refused() -> None:
    parts = sb2().split(".")
    parts[1], parts[2] = reference.b64(bytes(16)), reference.b64(FOREIGN_SALT)
    assert reason_of(".".join(parts)) == "other key"
