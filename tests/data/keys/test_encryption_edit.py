"""Editing a plaintext: members change, appear and go, and every other byte stays."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import reference_envelope as reference
from tui.data.keys.credential_json import decode_credential, updated_plaintext
from tui.errors import InvalidInput, Unreadable

ODD = b' {\t"a" : 1E5 ,\n "b":-0,"c":"\\u0041\\/" , "d":[ 1.0, {"x":1e-7} ],"e":"\\ud83d" }\n'
RAW = [
    "1E5",
    "-0",
    "1.00",
    "1e-7",
    "123456789012345678901234567890",
    '"\\u0041"',
    '"\\ud83d"',
    "[ 1 , 2.0 ]",
    "{ }",
    '"}"',
]
blanks = st.text(" \n\t\r", max_size=3)


@pytest.mark.parametrize(
    ("changes", "remove", "expected"),
    [
        ({}, (), ODD),
        ({"b": 5}, (), ODD.replace(b"-0", b"5")),
        ({"c": "A/"}, (), ODD),
        ({"a": 100000, "d": [1, {"x": 1e-7}], "e": "\ud83d"}, (), ODD),
        ({"e": "\ude00"}, (), ODD.replace(b"d83d", b"de00")),
        ({"f": None}, (), ODD.replace(b'd83d"', b'd83d","f":null')),
        ({}, ("a",), b' {\t"b":-0,"c":"\\u0041\\/" , "d":[ 1.0, {"x":1e-7} ],"e":"\\ud83d" }\n'),
        ({}, ("b",), ODD.replace(b' ,\n "b":-0', b"")),
        ({}, ("e",), ODD.replace(b',"e":"\\ud83d"', b"")),
        ({}, ("a", "b", "e"), b' {\t"c":"\\u0041\\/" , "d":[ 1.0, {"x":1e-7} ] }\n'),
        ({}, ("a", "b", "c", "d", "e"), b" {\t }\n"),
        ({"z": 1}, ("a", "b", "c", "d", "e"), b' {\t"z":1 }\n'),
        ({"z": 1}, ("e",), ODD.replace(b'"e":"\\ud83d"', b'"z":1')),
        ({"b": True}, ("b", "no such name"), ODD.replace(b"-0", b"true")),
    ],
)
def test_only_the_named_members_change(changes: dict[str, Any], remove: tuple[str, ...], expected: bytes) -> None:
    assert updated_plaintext(ODD, changes, remove) == expected


def test_an_empty_credential_takes_members() -> None:
    assert updated_plaintext(b"{}", {"a": "ü", "b": 1}) == '{"a":"ü","b":1}'.encode()
    assert updated_plaintext(b" { } ", {"a": 1}) == b' {"a":1 } '


def test_without_a_change_no_byte_of_a_node_vector_changes() -> None:
    objects = 0
    for vector in reference.load("node_legacy.json")["vectors"]:
        plaintext = vector["plaintext_json"].encode()
        if isinstance(json.loads(plaintext), dict):
            assert updated_plaintext(plaintext, decode_credential(plaintext)) == plaintext
            objects += 1
    assert objects == 37


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_edit_equals_the_edit_of_a_dictionary_and_keeps_the_rest(data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(["a", "b", "c", "", "é", '"', "\\", "{", ","]), unique=True, max_size=6))
    raw = {name: data.draw(st.sampled_from(RAW)) for name in names}
    members = [f"{json.dumps(name)}{data.draw(blanks)}:{data.draw(blanks)}{raw[name]}" for name in names]
    separators = [f"{data.draw(blanks)},{data.draw(blanks)}" for _ in members[1:]]
    body = "".join(part for pair in zip(members, [*separators, ""], strict=False) for part in pair)
    text = f"{data.draw(blanks)}{{{data.draw(blanks)}{body}{data.draw(blanks)}}}{data.draw(blanks)}"
    changes = data.draw(st.dictionaries(st.sampled_from(["a", "b", "new", '"']), st.sampled_from([1, "x", None, [{}]])))
    remove = data.draw(st.lists(st.sampled_from(["a", "b", "c", "", "é", "new"])))

    edited = updated_plaintext(text.encode(), changes, remove)

    expected = {name: value for name, value in json.loads(text).items() if name in changes or name not in remove}
    expected.update(changes)
    assert json.loads(edited) == expected
    assert list(json.loads(edited)) == list(expected)
    untouched = [
        member for name, member in zip(names, members, strict=True) if name in expected and name not in changes
    ]
    place = 0
    for member in untouched:
        place = edited.index(member.encode(), place) + len(member.encode())


@pytest.mark.parametrize("old", [b"", b"[]", b'{"a":1,"a":2}', b'{"a":1e999}', b"\xff"])
def test_a_plaintext_that_is_no_credential_is_not_edited(old: bytes) -> None:
    with pytest.raises(Unreadable) as refused:
        updated_plaintext(old, {"a": 1})
    assert refused.value.reason == "malformed"


@pytest.mark.parametrize("value", [float("nan"), b"x", 10**400, {1: 2}])
def test_a_value_that_json_does_not_have_is_not_accepted(value: Any) -> None:
    for name in ("a", "new"):
        with pytest.raises(InvalidInput):
            updated_plaintext(b'{"a":1}', {name: value})
    with pytest.raises(InvalidInput):
        updated_plaintext(b"{}", {1: "x"})


def test_nesting_counts_from_the_credential_on() -> None:
    inner: Any = 1
    for _ in range(99):
        inner = [inner]
    edited = updated_plaintext(b'{"a":1}', {"a": inner})
    assert decode_credential(edited) == {"a": inner}
    with pytest.raises(InvalidInput, match="nested deeper"):
        updated_plaintext(b'{"a":1}', {"a": [inner]})
