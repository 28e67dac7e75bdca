"""The line of each key of a TOML text, whatever stands between the keys."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.drawn import drawn
from tui.providers.declared.lines import key_lines

ODD = '''\
# [not.a.table]
a = "x # [y]" # b = 1
"b c" = """
d = 1
\\""" e = 2 """""
'f' = \'\'\'
"g" = 1\'\'\'
h . i = [ # j
  1, "]", # 2
  { k = "}", l = [3,
  4] },
]
[m."n.o"]
p = 1979-05-27 07:32:00
[[q]]
r = 1
[[q]]
r.s = 2
[[q.t]]
u = 3
[q.v]
w = "\\"#"
'''


def test_each_key_is_found_on_its_line() -> None:
    tomllib.loads(ODD)
    lines = key_lines(ODD)
    assert lines.lines == {
        ("a",): 2,
        ("b c",): 3,
        ("f",): 6,
        ("h",): 8,
        ("h", "i"): 8,
        ("h", "i", 0): 9,
        ("h", "i", 1): 9,
        ("h", "i", 2): 10,
        ("h", "i", 2, "k"): 10,
        ("h", "i", 2, "l"): 10,
        ("h", "i", 2, "l", 0): 10,
        ("h", "i", 2, "l", 1): 11,
        ("m",): 13,
        ("m", "n.o"): 13,
        ("m", "n.o", "p"): 14,
        ("q",): 15,
        ("q", 0): 15,
        ("q", 0, "r"): 16,
        ("q", 1): 17,
        ("q", 1, "r"): 18,
        ("q", 1, "r", "s"): 18,
        ("q", 1, "t"): 19,
        ("q", 1, "t", 0): 19,
        ("q", 1, "t", 0, "u"): 20,
        ("q", 1, "v"): 21,
        ("q", 1, "v", "w"): 22,
    }
    assert lines.repeated is None
    assert lines.of(("q", 1, "missing")) == 17
    assert lines.of(("missing",)) == 1


@pytest.mark.parametrize(
    ("text", "repeated"),
    [
        ("a = 1\nb = 2\na = 3\n", ("a", 3, 1)),
        ("[t]\nx = 1\n[u]\n[t]\n", ("t", 4, 1)),
        ("t = { x = 1, y = 2, x = 3 }\n", ("x", 1, 1)),
        ("[t.u]\n[t]\nx = 1\n", None),
        ("[[t]]\nx = 1\n[[t]]\nx = 1\n", None),
    ],
)
def test_what_stands_twice_is_named_with_both_lines(text: str, repeated: tuple[str, int, int] | None) -> None:
    assert key_lines(text).repeated == repeated


KEYS = st.sampled_from(["a", "b-1", '"c d"', "'e.f'", '"g\\"#"', '"\\u00e9"', "7"])
FILLER = st.sampled_from(["", "\n", "  # [x]\n", "\t\n# y = 'z\n"])
VALUES = st.sampled_from(
    ["1", '"#"', "'['", '"""\n[x]\ny = 1\n"""', "'''\n\\'''", "[]", "[1,\n2 # ]\n,]", "{ z = '}' }", "true", "1.5e3"]
)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[str, int]]:
    """A TOML text, and the line of each `key = value` in it by a mark that the value is."""
    text = ""
    marks: dict[str, int] = {}
    for place in range(draw(st.integers(0, 8))):
        text += draw(FILLER)
        kind = draw(st.sampled_from(["pair", "table", "tables", "inline", "odd"]))
        name = f"k{place}.{draw(KEYS)}"
        line = text.count("\n") + 1
        mark = f"mark{place}"
        if kind == "pair":
            text += f"{name} = '{mark}'\n"
        elif kind == "table":
            text += f"[{name}]\nx = '{mark}' # c\n"
            line += 1
        elif kind == "tables":
            text += f"[[{name}]]\n[[{name}]]\n{draw(KEYS)}='{mark}'\n"
            line += 2
        elif kind == "inline":
            text += f"{name} = [[{{ y = 1 }},\n {{ x = '{mark}' }}]]\n"
            line += 1
        else:
            text += f"{name} = {draw(VALUES)}\n"
            continue
        marks[mark] = line
    return text, marks


def strings_in(value: Any, path: tuple[str | int, ...] = ()) -> dict[str, tuple[str | int, ...]]:
    if isinstance(value, str):
        return {value: path}
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {text: at for key, inner in items for text, at in strings_in(inner, (*path, key)).items()}


@drawn(50, 1_000, document=documents())
def test_lines_are_those_of_any_document(document: tuple[str, dict[str, int]]) -> None:
    text, marks = document
    paths = strings_in(tomllib.loads(text))
    lines = key_lines(text)
    assert {mark: lines.lines[paths[mark]] for mark in marks} == marks


@given(st.text("ab.=[]{}\"'#\n\\, 1-", max_size=60))
@example("[" * 2000)
@example("a = " + "[" * 2000)
@example("a = " + "{ b = " * 2000)
@settings(max_examples=500, deadline=None)
def test_no_text_raises_or_hangs_and_toml_repeats_nothing(text: str) -> None:
    lines = key_lines(text)
    try:
        tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return
    assert lines.repeated is None
