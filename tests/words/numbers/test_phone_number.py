"""Phone numbers in any notation."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.hostile_strings import hostile_strings
from tui.words.numbers.phone_number import display, e164, in_numbering_plan, number_type, same_number, why_not

DELHI = "+911141169368"


@pytest.mark.parametrize(
    "text",
    [
        "01141169368",
        "1141169368",
        "911141169368",
        "+911141169368",
        "011-4116 9368",
        "(011) 4116.9368",
        "0091 11 4116 9368",
        "+91\u00a011\u20114116\u20119368",
        "\u202a+911141169368\u202c",
        " 01141169368\n",
        "+٩١١١٤١١٦٩٣٦٨",
        "＋９１１１４１１６９３６８",
        "(+91) 11 4116 9368",
        "（＋91）11　4116－9368",
        "+91 (0)11 4116 9368",
        "+91 11\u202f4116\u20099368",
        "011\u00ad4116\u00ad9368",
        "\u061c+911141169368",
        "0114\U000e00201169368\u3164",
        "tel:+91-11-4116-9368",
        "whatsapp:+911141169368",
        "011/41169368",
    ],
    ids=ascii,
)
def test_every_notation_of_a_number_is_one_number(text: str) -> None:
    assert e164(text) == DELHI
    assert same_number(text, "01141169368")
    assert same_number("01141169368", text)
    assert display(text) == "+91 11 4116 9368"


@pytest.mark.parametrize(
    "text",
    [
        *("", "+", "EXOTEL", "AD-EXOTEL", "1800-FLOWERS", "+91XXXXXXXXXX", "123", "call 9876543210"),
        *("01141169368 ext 5", "+911141169368;ext=5", "\x1b+911141169368", "9876543210 / 9876543211"),
        *("9" * 30, "1" * 100_000, "1 " * 50_000, f"01141169368{' ' * 300}5"),
    ],
    ids=lambda text: ascii(text)[:30],
)
def test_what_is_no_number_is_none_and_shown_as_it_is(text: str) -> None:
    assert e164(text) is None
    assert display(text) == text
    assert number_type(text) == "virtual"
    assert not in_numbering_plan(text)


def test_what_is_not_one_number_as_it_is_dialled_is_refused_with_its_sentence() -> None:
    decimals = [
        "9513886363.000",
        "9513886363.5",
        "+919513886363.25",
        "9513886363.0",
        "919513886363.0",
        "+919513886363.00",
        " 9513886363 .0",
        "９５１３８８６３６３.0",
    ]
    exponents = ["9.51E+09", "9.513886363e9", "9,51E+09", "+9.2E+11", "9E9"]
    extended = ["01141169368 ext 4", "+911141169368;ext=12", "01141169368 x5", "011 41169368 extn. 4", "01141169368 #4"]
    several = ["9513886363, 9513886364", "9513886363;9513886364", "9513886363 & 69", "9513886363 and +919513886364"]
    two = [
        *several,
        "01141169368 / 69",
        "01141169368/69",
        "011-41169368-69",
        "01141169368\n69",
        "9513886363 9513886364",
    ]
    for text in [
        *decimals,
        *exponents,
        *extended,
        *two,
        "01141169368\u202869",
        "(+91) 9513886363 / 4",
        "whatsapp:9513886363-64",
    ]:
        assert e164(text) is None, ascii(text)
        assert not same_number(text, "9513886363")
        refusal = why_not(text)
        assert refusal is not None, ascii(text)
        assert refusal[0] == (
            "That is a number with decimals, as a spreadsheet shows a phone number."
            if text in decimals
            else "That is a number with an exponent, as a spreadsheet shows a phone number."
            if text in exponents
            else "That is a phone number with an extension."
            if text in extended
            else "That is more than one phone number."
        ), ascii(text)
    for text in [
        "9513886363",
        "030 123456-0",
        "+49 511/123456",
        "+1 202-555-0100",
        "",
        "EXOTEL",
        "123",
        "1.0",
        "A,B",
        "1;2",
    ]:
        assert why_not(text) is None, text


def test_the_region_counts_only_without_a_plus() -> None:
    assert e164("202 555 0100", "US") == "+12025550100"
    assert e164("+91 98765 43210", "US") == "+919876543210"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("1800 123 4567", "toll-free"),
        ("01141169368", "local"),
        ("08033755555", "local"),
        ("+919513886363", "virtual"),
        ("1860 123 4567", "virtual"),
        ("+12025550100", "virtual"),
    ],
)
def test_the_type_follows_from_the_numbering_plan(text: str, kind: str) -> None:
    assert number_type(text) == kind


def test_a_possible_number_outside_the_plan_is_a_number() -> None:
    assert e164("0114116936") == "+91114116936"
    assert not in_numbering_plan("0114116936")
    assert in_numbering_plan("01141169368")


def test_texts_that_are_no_numbers_are_the_same_only_when_equal() -> None:
    assert same_number(" EXOTEL", "EXOTEL ")
    assert not same_number("EXOTEL", "exotel")
    assert not same_number("EXOTEL", "01141169368")
    assert not same_number("01141169368", "EXOTEL")


@given(st.text(alphabet="0123456789+ -()٩９x", max_size=25) | st.text())
def test_a_number_in_e164_is_stable(text: str) -> None:
    number = e164(text)
    if number is not None:
        assert re.fullmatch(r"\+[0-9]{5,17}", number)
        assert e164(number) == number


@pytest.mark.parametrize("text", hostile_strings().values(), ids=hostile_strings().keys())
def test_no_hostile_string_breaks_it(text: str) -> None:
    assert e164(text) in {None, "+911234567890"}


def test_the_library_is_imported_only_when_a_number_is_looked_at() -> None:
    code = (
        "import sys; from tui.words.numbers.phone_number import e164; assert 'phonenumbers' not in sys.modules; "
        "print(e164('01141169368'))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == DELHI
