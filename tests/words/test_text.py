"""What a stored string may do to a terminal: nothing."""

from __future__ import annotations

import ast
import json
import time
import unicodedata
from datetime import UTC, date, datetime
from ipaddress import ip_address, ip_network
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.support.hostile_strings import UNSAFE, hostile_strings
from tui.secret import Secret
from tui.words.text import _SHOWN, ascii_json, fit, plain, safe_text, spelled, spelled_json

HOSTILE = hostile_strings()

nasty = st.sampled_from(
    "\x00\t\n\r\x1b\x7f\x85\x9b\xad\u0301\u0338\u0341\u0344\u034f\u061c\u0903\u1100\u1160\u1161\u11a8\u180e\u200b"
    "\u200d\u200e\u202e\u2028\u2066\u20e3\u2126\u2800\u25af\u25cc\ufdfd\ufe0f\ufeff\ufffd\uffff\ud800\udc00\ue000"
    "\u263a\u2764\U0001f3fd\U0001f468\U0001f1ee\U000e0041\U000e0100\U0010ffff\U0001d157\U0001d165=<a\\ 漢é…"
)
any_text = st.lists(nasty | st.characters() | st.characters(categories=["Cs"]), max_size=40).map("".join)


def back(text: str) -> str:
    """The original of what spelled() wrote."""
    return str(ast.literal_eval("'" + text.replace("'", "\\x27") + "'"))


@given(any_text, st.integers(0, 50))
@example("=\ufe0f\u0338\U0001f3fd", 50)
@example("\u263a\ufe0f\ufe0f", 50)
def test_safe_text_is_inert_short_composed_and_stable(text: str, limit: int) -> None:
    safe = safe_text(text, limit)
    assert not UNSAFE.search(safe)
    assert not any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"} for c in safe)
    assert len(safe) <= limit
    assert unicodedata.is_normalized("NFC", safe)
    assert safe_text(safe, limit) == safe


@given(any_text)
def test_plain_is_inert_and_stable(text: str) -> None:
    assert not UNSAFE.search(plain(text))
    assert plain(plain(text)) == plain(text)


@given(any_text)
def test_plain_for_an_ascii_terminal_is_printable_ascii(text: str) -> None:
    visible = plain(text, ascii_only=True)
    assert visible.isascii()
    assert visible.isprintable()
    assert plain(visible, ascii_only=True) == visible


@given(any_text)
def test_spelled_is_inert_and_the_original_can_be_computed_back(text: str) -> None:
    visible = spelled(text)
    assert not UNSAFE.search(visible)
    assert back(visible) == text


@given(any_text, st.integers(-1, 30), st.sampled_from(["…", "~", "...", ""]))
@example("a" + "\u0301" * 300, 1, "…")
@example("漢漢漢", 4, "…")
def test_fit_is_inert_and_always_exactly_as_wide_as_asked(text: str, width: int, ellipsis: str) -> None:
    fitted = fit(text, width, ellipsis=ellipsis)
    assert cell_len(fitted) == max(width, 0)
    assert not UNSAFE.search(fitted)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_every_hostile_string_is_inert_in_every_form(text: str) -> None:
    forms = [safe_text(text), plain(text), plain(text, ascii_only=True), spelled(text), fit(text, 30)]
    assert not any(UNSAFE.search(form) for form in forms)
    assert len(safe_text(text)) <= 200
    assert back(spelled(text)) == text


def test_no_code_point_gets_through_and_little_is_remembered() -> None:
    for first in [*range(0, 0x10000, 0x1000), 0x1F000, 0xE0000, 0x10F000]:
        text = "".join(map(chr, range(first, first + 0x1000)))
        assert not UNSAFE.search(plain(text))
        assert not UNSAFE.search(spelled(text))
    assert len(_SHOWN) <= 20_000


@pytest.mark.parametrize(
    ("text", "visible"),
    [
        ("Acme", "Acme"),
        ("\x1b]52;c;eA==\x07", "␛]52;c;eA==␇"),
        ("a\nb\r\nc\rd\te", "a⏎b⏎c␍d␉e"),
        ("\x00\x7f", "␀␡"),
        ("\x85\x9b31m", "\ufffd\ufffd31m"),
        ("a\ud800b", "a\ufffdb"),
        ("\ue000\uffff", "\ufffd\ufffd"),
        ("acme\u202egnp.exe", "acme▯gnp.exe"),
        ("ac\u200b\u200bme", "ac▯me"),
        ("ac\xadme", "ac▯me"),
        ("a\u2028b", "a▯b"),
        ("a" + "\ufe0f" * 50, "a▯"),
        ("a\ufe0f", "a▯"),
        ("=\ufe0f\u0338", "=▯\u0338"),
        ("a\U000e0041\U000e0042", "a▯"),
        ("\u3164\u2800", "▯"),
        ("▯\u200b", "▯▯"),
        ("☎\ufe0f desk", "☎ desk"),
        ("👍\U0001f3fd x", "👍 x"),
        ("👍\U0001f3fd\U0001f3fd x", "👍▯ x"),
        ("👨\u200d👩 x", "👨▯👩 x"),
        ("e\u0301", "é"),
        ("\u0301abc", "\u25cc\u0301abc"),
        ("Z" + "\u0321" * 200 + "z", "Z" + "\u0321" * 6 + "▯z"),
        ("שלום 456", "שלום 456"),
        ("[red]Acme[/]", "[red]Acme[/]"),
        ("漢字", "漢字"),
        (None, ""),
        (42, "42"),
    ],
    ids=ascii,
)
def test_each_kind_of_danger_has_its_visible_sign(text: object, visible: str) -> None:
    assert safe_text(text) == visible
    assert plain(text) == visible


def test_a_burmese_syllable_keeps_all_its_marks() -> None:
    assert safe_text("\u1000\u103c\u103d\u103e\u1031\u1037") == "\u1000\u103c\u103d\u103e\u1031\u1037"


def test_what_is_cut_ends_in_an_ellipsis_and_what_fits_does_not() -> None:
    assert safe_text("a" * 200) == "a" * 200
    assert safe_text("a" * 201) == "a" * 199 + "…"
    assert safe_text("é" * 5, 5) == "é" * 5
    assert safe_text("é" * 6, 5) == "éééé…"
    assert safe_text("a" + "\u0321" * 10_000 + "zz", 10) == "a" + "\u0321" * 6 + "▯…"
    assert safe_text("abc", 0) == ""


def test_a_text_of_megabytes_costs_no_more_than_its_beginning() -> None:
    text = "\u202e\u0301x" * 3_000_000
    started = time.perf_counter()
    safe_text(text)
    fit(text, 80)
    assert time.perf_counter() - started < 0.05


def test_plain_never_cuts() -> None:
    assert plain("é" * 5000) == "é" * 5000
    assert plain("x" * 5000) == "x" * 5000


def test_a_terminal_without_utf8_gets_everything_spelled() -> None:
    assert plain("é\x1b漢👍\n", ascii_only=True) == "\\xe9\\x1b\\u6f22\\U0001f44d\\n"
    assert plain("C:\\x", ascii_only=True) == "C:\\x"


@pytest.mark.parametrize(
    ("text", "visible"),
    [
        ("\x1b]52;c;eA==\x07", "\\x1b]52;c;eA==\\x07"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\\x1b", "\\\\x1b"),
        ("Zoë 漢字", "Zoë 漢字"),
        ("\u202ea\U000e0041", "\\u202ea\\U000e0041"),
        ("\ud800\x9b", "\\ud800\\x9b"),
        ("\u0301a\u0301", "\\u0301a\u0301"),
        ("\x1b\u0301", "\\x1b\\u0301"),
        ("a" + "\u0321" * 8, "a" + "\u0321" * 6 + "\\u0321\\u0321"),
        (None, ""),
    ],
    ids=ascii,
)
def test_an_investigator_sees_what_is_stored(text: object, visible: str) -> None:
    assert spelled(text) == visible


@pytest.mark.parametrize(
    ("text", "width", "fitted"),
    [
        ("abc", 5, "abc  "),
        ("abcdef", 5, "abcd…"),
        ("abcde", 5, "abcde"),
        ("漢漢", 5, "漢漢 "),
        ("漢漢漢", 5, "漢漢…"),
        ("漢漢漢", 4, "漢 …"),
        ("漢", 1, "…"),
        ("e\u0301tude", 3, "ét…"),
        ("a\x1bb", 3, "a␛b"),
        ("abc", 0, ""),
        ("", 2, "  "),
    ],
    ids=ascii,
)
def test_columns_are_cut_and_padded_by_cells(text: str, width: int, fitted: str) -> None:
    assert fit(text, width) == fitted


def test_the_ellipsis_can_be_ascii() -> None:
    assert fit("abcdef", 4, ellipsis="~") == "abc~"
    assert fit("漢" * 90, 5, ellipsis="~") == "漢漢~"
    assert fit("abcdef", 2, ellipsis="...") == ".."


# Two surrogates that make a pair are one character in JSON, as in UTF-16.
paired = any_text.map(lambda text: text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass"))
json_value = st.recursive(
    st.none() | st.booleans() | st.integers() | paired,
    lambda child: st.lists(child, max_size=5) | st.dictionaries(paired, child, max_size=5),
    max_leaves=10,
)


@given(json_value)
def test_json_is_printable_ascii_and_exact(value: object) -> None:
    text = ascii_json(value)
    assert text.isascii()
    assert text.isprintable()
    assert json.loads(text) == value


def test_json_knows_the_types_of_the_tables() -> None:
    value = {
        "id": UUID(int=1),
        "at": datetime(2026, 11, 22, 12, 0, 0, 5, UTC),
        "day": date(2026, 11, 22),
        "ip": ip_address("2001:db8::1"),
        "net": ip_network("10.0.0.0/8"),
    }
    assert json.loads(ascii_json(value)) == {
        "id": "00000000-0000-0000-0000-000000000001",
        "at": "2026-11-22T12:00:00.000005+00:00",
        "day": "2026-11-22",
        "ip": "2001:db8::1",
        "net": "10.0.0.0/8",
    }
    assert ascii_json("\x7f\x1b\x9b") == '"\\u007f\\u001b\\u009b"'
    assert ascii_json([1], indent=1) == "[\n 1\n]"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_json_refuses_what_is_no_number(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        ascii_json({"x": value})


def test_json_refuses_a_secret_and_does_not_name_it() -> None:
    with pytest.raises(TypeError) as refused:
        ascii_json({"x": Secret("hunter2")})
    assert str(refused.value) == "Secret has no place in JSON"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | any_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
@example({"\u202e": ["\x7f\x9b", "a" + "\u0301" * 9, "\U000e0041", "\u0301x", "\ud800", "é漢"]})
def test_spelled_json_is_read_back_exactly_and_hides_nothing(value: object) -> None:
    visible = spelled_json(value)
    # JSON itself cannot tell two surrogates from the character that they make.
    assert json.loads(visible) == json.loads(json.dumps(value))
    lines = visible.split("\n")
    assert not any(UNSAFE.search(line) for line in lines)
    # What the screen would still change is how letters and their marks are composed, nothing else.
    assert all(plain(line) == unicodedata.normalize("NFC", line) for line in lines)


def test_spelled_json_leaves_what_people_can_read_and_writes_times_and_ids_as_text() -> None:
    value = {"name": "Zoë 漢字", "at": datetime(2026, 1, 1, tzinfo=UTC), "id": UUID(int=1), "ip": ip_address("::1")}
    visible = spelled_json(value)
    assert '"name": "Zoë 漢字"' in visible
    assert json.loads(visible)["at"] == "2026-01-01T00:00:00+00:00"
    assert json.loads(visible)["ip"] == "::1"
    with pytest.raises(TypeError):
        spelled_json({"key": Secret("s")})
