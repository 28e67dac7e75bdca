"""JSON columns with values that Python has no place for."""

from __future__ import annotations

import json

import pytest

from tui.data.postgres.json_loader import MOST_LEVELS, tolerant_loads
from tui.words.text import ascii_json, spelled_json


@pytest.mark.parametrize("text", ['{"a": [1, -2, 1e-07, true, null, "\\ud800"]}', "[]", '"x"', str(10**3999)])
def test_what_python_can_hold_is_loaded_as_ever(text):
    assert tolerant_loads(text) == json.loads(text)
    assert tolerant_loads(text.encode()) == json.loads(text)


def test_a_number_that_python_would_change_is_kept_and_written_again_to_the_digit() -> None:
    numbers = ["1.10", "0.1000000000000000055511151231257827", "0.0000001", "9" * 4000, "100.0"]
    numbers += ["1" + "0" * 400 + ".5", f"{'9' * 5000}.5", "-0.0", "1.1", "12345678901234567890", "1e-07"]
    for digits in numbers:
        for text in (f'{{"n": [{digits}, "{digits}"]}}', digits):
            value = tolerant_loads(text)
            assert ascii_json(value) == text, digits[:40]
            assert "".join(spelled_json(value).split()) == text.replace(" ", ""), digits[:40]
    assert ascii_json(tolerant_loads("[1e400, 1e999999999]")) == f"[1{'0' * 400}, 1E+999999999]"
    for digits in ("9" * 5000, "-" + "9" * 5000, f"1e{'9' * 30}"):
        assert tolerant_loads(digits) == digits


@pytest.mark.parametrize("levels", [MOST_LEVELS + 1, 990, 50_000])
def test_what_is_nested_too_deep_to_be_written_again_comes_as_its_text(levels):
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        text = opening * levels + "0" + closing * levels
        assert tolerant_loads(text) == text


def test_many_values_side_by_side_are_not_deep():
    text = json.dumps([[number] for number in range(1000)])
    assert tolerant_loads(text) == json.loads(text)
