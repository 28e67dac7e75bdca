"""The sb2 envelope: its parts, its binding to a row, and how the right key is found."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import reference_envelope as reference
from tests.support.reference_envelope import CREDENTIAL, FOREIGN_SALT, HOME, KEY_A, KEY_B, PLAINTEXT, SALT
from tui.data.keys.encryption import Keyring, RowBinding
from tui.data.keys.envelopes import envelope_format, sb2_key_id, sb2_salt
from tui.data.keys.master_key import MasterKey, new_salt
from tui.errors import InvalidInput, MasterKeyError, MasterKeyMissing, Unreadable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from tui.models.envelopes import EnvelopeFormat

ROWS = [UUID(int=number) for number in (0, 1, 1 << 64)]
TYPES = ["exotel_phone", "exotel_whatsapp", "exotel_sms", "zoho_mail", ""]
bindings = st.builds(RowBinding, st.uuids(), st.uuids(), st.text(max_size=50))


def seal(plaintext: bytes = PLAINTEXT, row: RowBinding = HOME) -> str:
    return reference.ring(KEY_A).seal(plaintext, row, format="sb2", salt=SALT)


def test_it_has_the_five_parts_of_the_format() -> None:
    version, key_id, salt, nonce, ciphertext = seal().split(".")
    assert version == "sb2"
    assert key_id == reference.master_key(KEY_A).key_id(SALT)
    assert reference.unb64(salt) == SALT
    assert [len(reference.unb64(part)) for part in (nonce, ciphertext)] == [12, len(PLAINTEXT) + 16]


def test_its_key_id_and_salt_are_read_without_a_key() -> None:
    envelope = seal()
    assert envelope_format(envelope) == "sb2"
    assert sb2_key_id(envelope) == reference.master_key(KEY_A).key_id(SALT)
    assert sb2_salt(envelope) == SALT
    legacy = reference.write_legacy(KEY_A, PLAINTEXT, bytes(16))
    for text in (legacy, envelope + "=", "", "sb2...."):
        assert (sb2_key_id(text), sb2_salt(text)) == (None, None)


def test_a_second_implementation_reads_it_and_its_own_opens() -> None:
    assert reference.read_sb2(KEY_A, seal(), HOME) == PLAINTEXT
    opened = reference.ring(KEY_A).open(reference.write_sb2(KEY_A, PLAINTEXT, HOME, SALT, bytes(12)), HOME)
    assert opened.plaintext == PLAINTEXT
    assert opened.credential == CREDENTIAL
    assert list(opened.credential) == list(CREDENTIAL)
    assert (opened.format, opened.key) == ("sb2", reference.master_key(KEY_A))
    assert opened.key_id == reference.master_key(KEY_A).key_id(SALT)


def test_a_mapping_is_sealed_as_its_json_and_bytes_as_they_are() -> None:
    keyring = reference.ring(KEY_A)
    assert keyring.open(keyring.seal(CREDENTIAL, HOME, format="sb2", salt=SALT), HOME).plaintext == PLAINTEXT
    assert keyring.open_bytes(seal(b"\xff not json"), HOME).plaintext == b"\xff not json"
    assert reference.failure(lambda: keyring.open(seal(b"\xff not json"), HOME), Unreadable).reason == "malformed"
    with pytest.raises(InvalidInput):
        keyring.seal({"x": float("nan")}, HOME, format="sb2", salt=SALT)


def test_moved_to_any_other_row_organisation_or_type_it_does_not_open() -> None:
    keyring = reference.ring(KEY_A)
    places = [RowBinding(*place) for place in itertools.product(ROWS, ROWS, TYPES)]
    envelopes = {place: seal(row=place) for place in places}
    outcomes: dict[str, int] = {}
    for written, read in itertools.product(places, places):
        try:
            assert keyring.open(envelopes[written], read).plaintext == PLAINTEXT
            assert written == read
            outcome = "opened"
        except Unreadable as refused:
            outcome = refused.reason
            assert "moved here from another row, organisation or type" in refused.sentence
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    assert outcomes == {"opened": len(places), "altered": len(places) ** 2 - len(places)}


def test_ids_that_swap_places_are_another_binding() -> None:
    swapped = RowBinding(HOME.organization_id, HOME.row_id, HOME.integration_type)
    assert reference.failure(lambda: reference.ring(KEY_A).open(seal(), swapped), Unreadable).reason == "altered"


@settings(max_examples=50, deadline=None)
@given(bindings, st.binary(min_size=16, max_size=16))
def test_the_associated_data_is_that_of_a_second_implementation(row: RowBinding, key_id: bytes) -> None:
    assert row.associated_data(key_id) == reference.associated_data(key_id, row)


def test_a_type_that_is_not_unicode_fails_to_open_and_nothing_worse() -> None:
    row = HOME._replace(integration_type="exotel_\udcff")
    assert reference.failure(lambda: reference.ring(KEY_A).open(seal(), row), Unreadable).reason == "altered"


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), bindings, st.sampled_from(["sb2", "legacy"]))
def test_any_bytes_come_back_from_any_row(plaintext: bytes, row: RowBinding, form: EnvelopeFormat) -> None:
    keyring = reference.ring(KEY_A)
    envelope = keyring.seal(plaintext, row, format=form, salt=SALT)
    assert envelope.isascii()
    assert envelope_format(envelope) == form
    opened = keyring.open_bytes(envelope, row)
    assert (opened.plaintext, opened.format) == (plaintext, form)


def test_two_envelopes_of_the_same_plaintext_share_neither_nonce_nor_ciphertext() -> None:
    parts = [seal().split(".")[3:] for _ in range(500)]
    assert all(len(set(column)) == 500 for column in zip(*parts, strict=True))


def test_another_key_is_told_from_an_altered_row_by_the_key_id() -> None:
    refused = reference.failure(lambda: reference.ring(KEY_B).open(seal(), HOME), Unreadable)
    assert refused.reason == "other key"
    assert reference.master_key(KEY_A).key_id(SALT) in refused.sentence


def test_a_previous_key_opens_but_never_writes() -> None:
    keyring = reference.ring(KEY_B, KEY_A)
    assert keyring.open(seal(), HOME).key is reference.master_key(KEY_A)
    written = keyring.seal(PLAINTEXT, HOME, format="sb2", salt=SALT)
    assert sb2_key_id(written) == reference.master_key(KEY_B).key_id(SALT)
    for form in ("sb2", "legacy"):
        with pytest.raises(MasterKeyMissing):
            reference.ring(None, KEY_A).seal(PLAINTEXT, HOME, format=form, salt=SALT)
    assert reference.ring(None, KEY_A).open(seal(), HOME).plaintext == PLAINTEXT


@pytest.mark.parametrize("envelope", ["sb2", "legacy"])
def test_without_any_key_nothing_opens_and_the_reason_says_so(envelope: str) -> None:
    text = seal() if envelope == "sb2" else reference.write_legacy(KEY_A, PLAINTEXT, bytes(16))
    assert reference.failure(lambda: reference.ring(None).open(text, HOME), Unreadable).reason == "no key"
    assert reference.failure(lambda: reference.ring(None).open(text + "!", HOME), Unreadable).reason == "malformed"


def test_a_weak_key_opens_sb2_and_may_not_write_it() -> None:
    envelope = reference.write_sb2("too short", PLAINTEXT, HOME, SALT, bytes(12))
    keyring = Keyring(MasterKey("too short", "the test file"))
    assert keyring.open(envelope, HOME).plaintext == PLAINTEXT
    refused = reference.failure(lambda: keyring.seal(PLAINTEXT, HOME, format="sb2", salt=SALT), MasterKeyError)
    assert "the test file" in refused.sentence
    assert "too short" not in str(refused)


def test_a_key_that_is_new_to_the_process_opens_a_lone_row_and_refuses_a_foreign_salt() -> None:
    keyring = Keyring(MasterKey(KEY_A, "fresh"))
    parts = seal().split(".")
    parts[2] = reference.b64(FOREIGN_SALT)
    foreign = ".".join(parts)
    assert reference.failure(lambda: keyring.open(foreign, HOME), Unreadable).reason == "other key"
    assert keyring.open(seal(), HOME).plaintext == PLAINTEXT
    refused = reference.failure(lambda: keyring.open(foreign, HOME), Unreadable)
    assert refused.reason == "altered"
    assert "salt" in refused.sentence


def test_many_threads_derive_a_key_once_and_open_with_it() -> None:
    key, start, salt = MasterKey(KEY_A, "threads"), Barrier(6), new_salt()

    def derive(number: int) -> tuple[object, AESGCM]:
        start.wait()
        return key.sb2(salt), key.legacy_cipher()

    with ThreadPoolExecutor(6) as pool:
        derivations = list(pool.map(derive, range(6)))
        assert {id(part) for part, _ in derivations} == {id(key.sb2(salt))}
        assert {id(cipher) for _, cipher in derivations} == {id(key.legacy_cipher())}
        envelope = seal()
        opened = pool.map(lambda _: reference.ring(KEY_A).open(envelope, HOME).plaintext, range(300))
        assert set(opened) == {PLAINTEXT}


@pytest.mark.parametrize("salt", [b"", bytes(15), bytes(17)])
def test_a_salt_of_another_length_is_a_damaged_key_record(salt: bytes) -> None:
    with pytest.raises(MasterKeyError, match="16 bytes"):
        reference.ring(KEY_A).seal(PLAINTEXT, HOME, format="sb2", salt=salt)


def test_a_new_salt_has_sixteen_bytes_and_never_repeats() -> None:
    salts = {new_salt() for _ in range(200)}
    assert len(salts) == 200
    assert {len(salt) for salt in salts} == {16}
    assert len({MasterKey(KEY_A, "a test").first_salt() for _ in range(20)}) == 20
