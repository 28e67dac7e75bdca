"""A master key: fit to write with or not, and never on show, whatever is done with it or goes wrong."""

from __future__ import annotations

import base64
import copy
import json
import pickle
import random
import traceback
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest
from rich.pretty import pretty_repr
from rich.traceback import Traceback

from tests.support import reference_envelope as reference
from tests.support.reference_envelope import HOME, PLAINTEXT, SALT
from tui.data.keys.credential_json import decode_credential
from tui.data.keys.encryption import Keyring
from tui.data.keys.master_key import MasterKey, generate_master_key
from tui.errors import MasterKeyError, SwitchboardError
from tui.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

KEY, OTHER = reference.KEY_A, reference.KEY_B
SHORT = KEY[:6]
NOT_UTF8 = f"{KEY}\udcff"


def weaknesses(text: str) -> list[str]:
    sentences = MasterKey(text, "a test").weaknesses()
    assert not any(text in sentence for sentence in sentences if text)
    return sentences


def strong_keys() -> list[str]:
    source = random.Random(7)
    return [
        "Vb3!kQ9z-Lm7_Xw2 pR5tYc8 Jd1hNf6",
        "prod-encryption-key-8f3a1c7e9b2d4605fa11",
        *(source.randbytes(16).hex() for _ in range(3000)),
        *(base64.b64encode(source.randbytes(32)).decode() for _ in range(3000)),
    ]


def test_long_and_varied_keys_may_write() -> None:
    assert [text for text in strong_keys() if weaknesses(text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "your-32-character-secret-key-here",
        "your-32-character-secret-key-her",
        "YOUR_32_CHARACTER_SECRET_KEY_HERE",
        "your-32-character-secret-key-here-12345",
        "<your 64 character secret key here>",
        "your32charactersecretkeyhere0000",
        '"your-32-character-secret-key-here"',
        "your-super-long-encryption-key-here-2024",
        "changeme-changeme-please-changeme-1234",
        "replace-this-with-32-random-characters!",
        "my-placeholder-for-the-master-key-0123",
    ],
)
def test_a_placeholder_may_not_write(text: str) -> None:
    assert any("placeholder" in sentence for sentence in weaknesses(text))


@pytest.mark.parametrize(
    "text",
    [
        "a" * 40,
        "abcdefg" * 6,
        "abcdefghijkl" * 3,
        "Zq8Wn2Ls5Tv7Hx1B" * 2,
        "Zq8Wn2Ls5Tv7Hx1BZq8Wn2Ls5Tv7Hx1BZq8",
        "abcdefghijklmnopqrstuvwxyz0123456789",
        "zyxwvutsrqponmlkjihgfedcbaZYXWVUTSRQ",
        "acegikmoqsuwyACEGIKMOQSUWY02468xyzq1",
        "01234567890123456789012345678901",
        " " * 32,
    ],
)
def test_a_key_of_little_variety_may_not_write(text: str) -> None:
    assert any("variety" in sentence for sentence in weaknesses(text))


def test_a_key_half_of_which_is_a_sequence_may_not_write_and_one_step_less_may() -> None:
    varied = "Z2x8Wn0Ls5Tv7Hx1"
    assert weaknesses(f"abcdefghijklmnopq{varied}") != []
    assert weaknesses(f"abcdefghijklmnop1{varied}") == []


def test_thirty_one_characters_may_not_write_and_thirty_two_may() -> None:
    text = strong_keys()[0]
    assert len(text) == 32
    assert weaknesses(text) == []
    assert weaknesses(text[:-1]) == ["It is shorter than 32 characters."]


def test_characters_are_counted_not_bytes() -> None:
    text = "🔐ключ-漢字鍵пароль-색인-мастер-ü-1zQx"
    assert len(text) == 32
    assert weaknesses(text) == []
    assert weaknesses(text[1:]) == ["It is shorter than 32 characters."]


def test_every_weakness_is_told() -> None:
    assert len(weaknesses("")) == 2
    assert len(weaknesses("changeme")) == 3


def test_a_generated_key_is_32_random_bytes_in_base64_and_may_write() -> None:
    keys = [generate_master_key().reveal("test") for _ in range(300)]
    assert len(set(keys)) == 300
    assert {len(base64.b64decode(key, validate=True)) for key in keys} == {32}
    assert [key for key in keys if weaknesses(key)] == []


def test_keys_are_the_same_only_where_every_character_is() -> None:
    assert MasterKey(KEY, "one").same_as(MasterKey(Secret(KEY), "two"))
    for text in (KEY + " ", KEY[:-1], "", KEY.upper(), OTHER):
        assert not MasterKey(KEY, "one").same_as(MasterKey(text, "two"))
    assert not MasterKey("\u00e9", "one").same_as(MasterKey("e\u0301", "two"))


def every_text_of(value: Any) -> str:
    return f"{value!r} {value!s} {value} {pretty_repr(value)} {pretty_repr([{'a': value}])}"


def leaks(text: str) -> list[str]:
    """Return every secret that is in the text: as it is, in hex or in base64."""
    root = reference.sb2_keys(KEY, SALT)[1]
    secrets = [KEY.encode(), OTHER.encode(), SHORT.encode(), b"canary", root, reference.legacy_key(KEY)]
    forms = [form for raw in secrets for form in (raw.hex(), base64.b64encode(raw).decode()[:-4], repr(raw)[2:-1])]
    return [form for form in forms if form.lower() in text.lower()]


def test_the_leak_check_finds_what_it_looks_for() -> None:
    for text in (KEY, repr(PLAINTEXT), KEY.encode().hex(), repr(reference.legacy_key(KEY))):
        assert leaks(text)


def test_key_keyring_and_opened_envelopes_show_no_secret() -> None:
    key = reference.master_key(KEY)
    keyring = Keyring(key, [reference.master_key(OTHER)])
    for form in ("sb2", "legacy"):
        envelope = keyring.seal(PLAINTEXT, HOME, format=form, salt=SALT)
        for value in (key, keyring, keyring.open(envelope, HOME), keyring.open_bytes(envelope, HOME), key.sb2(SALT)):
            assert leaks(every_text_of(value)) == []
    assert repr(key) == "MasterKey(…)"
    assert f"{key}" == str(key) == repr(key)


def test_a_key_and_what_holds_one_cannot_be_pickled_copied_or_dumped() -> None:
    key = reference.master_key(KEY)
    keyring = Keyring(key)
    opened = keyring.open(keyring.seal(PLAINTEXT, HOME, format="legacy", salt=SALT), HOME)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        for value in (key, keyring, opened):
            with pytest.raises(TypeError):
                pickle.dumps(value, protocol)
    for act in (copy.copy, copy.deepcopy, json.dumps, vars, iter):
        with pytest.raises(TypeError):
            act(key)
    with pytest.raises(TypeError):
        asdict(opened)


def failures() -> list[tuple[str, Callable[[], object]]]:
    mine, another = Keyring(reference.master_key(KEY)), Keyring(reference.master_key(OTHER))
    two_keys = Keyring(reference.master_key(KEY), [reference.master_key(OTHER)])
    sb2, legacy = (mine.seal(PLAINTEXT, HOME, format=form, salt=SALT) for form in ("sb2", "legacy"))
    array = mine.seal(b'["canary"]', HOME, format="legacy", salt=SALT)
    doubled = mine.seal(b'{"canary":1,"canary":2}', HOME, format="sb2", salt=SALT)
    broken = mine.seal(b'{"canary":', HOME, format="sb2", salt=SALT)
    nul = "A" if sb2[-1] != "A" else "Q"
    return [
        ("other key", lambda: another.open(sb2, HOME)),
        ("other key, legacy", lambda: another.open(legacy, HOME)),
        ("altered", lambda: two_keys.open(sb2[:-4] + nul * 3 + sb2[-1], HOME)),
        ("malformed", lambda: two_keys.open(sb2 + "!", HOME)),
        ("no key", lambda: Keyring(None).open(sb2, HOME)),
        ("an array inside", lambda: two_keys.open(array, HOME)),
        ("a name twice inside", lambda: two_keys.open(doubled, HOME)),
        ("no JSON inside", lambda: two_keys.open(broken, HOME)),
        ("weak", lambda: Keyring(MasterKey(SHORT, "x")).seal(b"{}", HOME, format="sb2", salt=SALT)),
        ("nothing to write with", lambda: Keyring(None).seal(b"{}", HOME, format="sb2", salt=SALT)),
        ("wrong salt", lambda: mine.seal(b"{}", HOME, format="sb2", salt=b"short")),
        ("not UTF-8", lambda: MasterKey(NOT_UTF8, "x")),
    ]


def test_no_failure_shows_a_secret_even_with_local_variables_in_the_traceback() -> None:
    for name, call in failures():
        refused = reference.failure(call, SwitchboardError)
        report = traceback.TracebackException.from_exception(refused, capture_locals=True)
        text = "".join(report.format()) + every_text_of(refused) + refused.details + repr(refused.args)
        assert leaks(text) == [], name
        assert (refused.__cause__, refused.__context__) == (None, None), name
        rich = Traceback.from_exception(type(refused), refused, refused.__traceback__, show_locals=True)
        assert leaks(repr([frame.locals for stack in rich.trace.stacks for frame in stack.frames])) == [], name


def test_a_key_that_is_not_utf8_is_refused_and_names_its_source() -> None:
    refused = reference.failure(lambda: MasterKey(NOT_UTF8, "ENCRYPTION_MASTER_KEY"), MasterKeyError)
    assert "ENCRYPTION_MASTER_KEY is not valid UTF-8" in refused.sentence


def test_a_failure_to_read_what_is_inside_keeps_nothing_of_it() -> None:
    refused = reference.failure(lambda: decode_credential(b'{"canary": nope}'), SwitchboardError)
    assert "canary" not in repr(vars(refused))
