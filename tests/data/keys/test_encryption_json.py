"""The JSON of a credential: read strictly, written as Node writes it."""

from __future__ import annotations

import json
import math
import random
import shutil
import struct
import subprocess
from typing import Any

import pytest
from hypothesis import strategies as st

from tests.support import reference_envelope as reference
from tests.support.drawn import drawn
from tui.data.keys.credential_json import MAX_NESTING, decode_credential, encode_credential, parse_credential
from tui.errors import InvalidInput, Unreadable

OBJECTS = [
    vector
    for vector in reference.load("node_legacy.json")["vectors"]
    if isinstance(json.loads(vector["plaintext_json"]), dict)
]
NODE = shutil.which("node")
any_text = st.text(st.characters(exclude_categories=()), max_size=20)
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**1023), 2**1023)
    | st.floats(allow_nan=False, allow_infinity=False)
    | any_text
)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4), max_leaves=12
)
NUMBERS = [
    (0.0, "0"),
    (-0.0, "0"),
    (1.0, "1"),
    (-1.5, "-1.5"),
    (100.0, "100"),
    (0.1 + 0.2, "0.30000000000000004"),
    (1e-6, "0.000001"),
    (1.25e-6, "0.00000125"),
    (1e-7, "1e-7"),
    (-1.25e-7, "-1.25e-7"),
    (123456.789, "123456.789"),
    (1e16, "10000000000000000"),
    (1e20, "100000000000000000000"),
    (123456789012345680000.0, "123456789012345680000"),
    (1e21, "1e+21"),
    (1.5e21, "1.5e+21"),
    (5e-324, "5e-324"),
    (1.7976931348623157e308, "1.7976931348623157e+308"),
    (2**53 + 1, "9007199254740993"),
    (10**25, "1" + "0" * 25),
    (True, "true"),
]


def as_javascript(value: Any) -> Any:
    """Return the value as JavaScript sees it: halves side by side are one character, a number is a double."""
    if isinstance(value, str):
        return value.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "surrogatepass")
    if isinstance(value, dict):
        return {as_javascript(name): as_javascript(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [as_javascript(inner) for inner in value]
    # From 2^53 on the digits JavaScript writes name the same double, not the same integer.
    return float(value) if isinstance(value, int | float) else value


@pytest.mark.parametrize("vector", OBJECTS, ids=lambda vector: f"{vector['id']} {vector['payload_label']}")
def test_what_node_wrote_survives_a_round_trip_byte_for_byte(vector: dict[str, Any]) -> None:
    plaintext = vector["plaintext_json"].encode()
    assert encode_credential(decode_credential(plaintext)) == plaintext


@drawn(30, 300, credential=st.dictionaries(any_text, values, max_size=5))
def test_any_credential_comes_back_equal_and_in_order(credential: dict[str, Any]) -> None:
    try:
        text = encode_credential(credential)
    except InvalidInput:
        assert json.dumps(as_javascript(credential)).count(":") != json.dumps(credential).count(":")
        return
    read = decode_credential(text)
    assert as_javascript(read) == as_javascript(credential)
    assert list(read) == list(as_javascript(credential))
    assert encode_credential(read) == text
    assert json.loads(text) == read


@pytest.mark.parametrize(("value", "text"), NUMBERS)
def test_numbers_are_written_as_javascript_writes_them(value: float, text: str) -> None:
    assert encode_credential({"n": value}) == f'{{"n":{text}}}'.encode()
    assert float(decode_credential(f'{{"n":{text}}}'.encode())["n"]) == float(value)


def test_random_doubles_are_read_back_exactly_and_node_writes_the_same_text() -> None:
    source = random.Random(20)
    bits = (struct.unpack("<d", source.randbytes(8))[0] for _ in range(4000))
    near = (source.uniform(-1, 1) * 10 ** source.randint(-9, 23) for _ in range(4000))
    doubles = [number for number in (*bits, *near) if math.isfinite(number)]
    text = encode_credential(
        {"all": doubles, "text": ['\x00\x1f\x7f\u2028/"\\\b\f\n\r\t', "\ud83d", "\udc00\ud83d", "🔐"]}
    )
    assert [float(number) for number in json.loads(text)["all"]] == doubles
    if NODE:
        script = "process.stdout.write(JSON.stringify(JSON.parse(require('fs').readFileSync(0, 'utf8'))))"
        assert subprocess.run([NODE, "-e", script], input=text, capture_output=True, check=True).stdout == text


def test_half_a_surrogate_pair_is_an_escape_and_two_halves_are_one_character() -> None:
    assert encode_credential({"\ud83d": "a\udfffb"}) == b'{"\\ud83d":"a\\udfffb"}'
    assert decode_credential(encode_credential({"k": "\ud83d\ude00"})) == {"k": "😀"}
    assert decode_credential(b'{"k":"\\ud83d\\ude00 \\ude00"}') == {"k": "😀 \ude00"}


def test_control_characters_survive_as_escapes() -> None:
    assert encode_credential({"k": "\x00\n"}) == b'{"k":"\\u0000\\n"}'
    assert decode_credential(b'{"k":"\\u0000\\n"}') == {"k": "\x00\n"}


REFUSED = [
    (b"", "not JSON"),
    (b"{", "not JSON"),
    (b'{"a":1}x', "not JSON"),
    (b'{"a":1,}', "not JSON"),
    (b"{'a':1}", "not JSON"),
    (b'{"a":01}', "not JSON"),
    (b'{"a":.5}', "not JSON"),
    (b'{"a":"\n"}', "not JSON"),
    (b'{"a":"\x00"}', "not JSON"),
    (b'{"a":"\\x"}', "not JSON"),
    (b'{"a":"\\', "not JSON"),
    (b'\xef\xbb\xbf{"a":1}', "not JSON"),
    (b"[]", "not a JSON object"),
    (b'"{}"', "not a JSON object"),
    (b"null", "not a JSON object"),
    (b"7", "not a JSON object"),
    (b'{"a":NaN}', "NaN"),
    (b'{"a":Infinity}', "NaN"),
    (b'{"a":[-Infinity]}', "NaN"),
    (b'{"a":1e400}', "beyond what a double"),
    (b'{"a":-1e400}', "beyond what a double"),
    (b'{"a":' + b"9" * 309 + b"}", "beyond what a double"),
    (b'{"a":' + b"9" * 5000 + b"}", "beyond what a double"),
    (b'{"a":1,"a":1}', "same name twice"),
    (b'{"a":1,"\\u0061":2}', "same name twice"),
    (b'{"x":[{"a":1,"b":1,"a":1}]}', "same name twice"),
    (b'{"a":"\xff"}', "not UTF-8"),
    (b'{"a":"\xed\xa0\xbd"}', "not UTF-8"),
    ("{}".encode("utf-16"), "not UTF-8"),
    (b'{"a":' * 101 + b"1" + b"}" * 101, "nested deeper"),
    (b'{"a":' + b"[" * 200_000, "nested deeper"),
    (b"[" * 200_000 + b"]" * 200_000, "nested deeper"),
]


@pytest.mark.parametrize(("text", "problem"), REFUSED, ids=lambda part: str(part)[:30])
def test_what_is_no_credential_is_malformed_when_read_and_not_accepted_when_given(text: bytes, problem: str) -> None:
    unreadable = reference.failure(lambda: decode_credential(text), Unreadable)
    assert unreadable.reason == "malformed"
    invalid = reference.failure(lambda: parse_credential(text), InvalidInput)
    for refused in (unreadable, invalid):
        assert problem in refused.sentence
        assert (refused.__context__, refused.__cause__) == (None, None)


def test_a_credential_that_was_given_is_read_by_the_same_rules() -> None:
    assert parse_credential(b' {"b": 1, "a": {"x": null}}\n') == {"b": 1, "a": {"x": None}}


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"a": float("nan")}, "NaN"),
        ({"a": [float("-inf")]}, "NaN"),
        ({"a": 10**309}, "beyond what a double"),
        ({"a": -(10**5000)}, "a value that JSON does not have"),
        ({b"a": "a"}, "a value that JSON does not have"),
        ({"a": {"b": b"bytes"}}, "a value that JSON does not have"),
        ({"a": {1, 2}}, "a value that JSON does not have"),
        ({"a": object()}, "a value that JSON does not have"),
        ({"\ud83d\ude00": 1, "😀": 2}, "same name twice"),
        ([], "not a JSON object"),
        ("text", "not a JSON object"),
        (None, "not a JSON object"),
    ],
)
def test_what_json_does_not_have_is_not_written(value: Any, problem: str) -> None:
    refused = reference.failure(lambda: encode_credential(value), InvalidInput)
    assert problem in refused.sentence
    assert (refused.__context__, refused.__cause__) == (None, None)


def test_nesting_is_limited_to_the_same_depth_in_both_directions() -> None:
    deepest = (b'{"a":' * MAX_NESTING)[:-1] + b":1" + b"}" * MAX_NESTING
    assert encode_credential(decode_credential(deepest)) == deepest
    with pytest.raises(InvalidInput, match="nested deeper"):
        encode_credential({"a": decode_credential(deepest)})
    endless: dict[str, Any] = {}
    endless["itself"] = [endless]
    with pytest.raises(InvalidInput, match="a value that JSON does not have"):
        encode_credential(endless)


def test_brackets_inside_strings_are_not_nesting() -> None:
    credential = {"a": '[{"' * 1000 + "\\", 'b\\"[': "]" * 500}
    assert decode_credential(encode_credential(credential)) == credential


def test_objects_side_by_side_are_not_nesting() -> None:
    credential = {"numbers": [{"n": [number]} for number in range(MAX_NESTING * 3)]}
    assert decode_credential(encode_credential(credential)) == credential
