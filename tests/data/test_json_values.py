"""JSON columns with values that Python has no place for."""

from __future__ import annotations

import json

import pytest

from tui.data.json_values import MOST_LEVELS, tolerant_loads


@pytest.mark.parametrize("text", ['{"a": [1, -2, 1e-7, true, null, "\\ud800"]}', "[]", '"x"', str(10**3999)])
def test_what_python_can_hold_is_loaded_as_ever(text):
    assert tolerant_loads(text) == json.loads(text)
    assert tolerant_loads(text.encode()) == json.loads(text)


@pytest.mark.parametrize("digits", ["9" * 5000, "-" + "9" * 5000, "1e400", "-1e400", f"{'9' * 5000}.5"])
def test_a_number_beyond_python_comes_as_its_digits(digits):
    assert tolerant_loads(f'{{"n": {digits}}}') == {"n": digits}


@pytest.mark.parametrize("levels", [MOST_LEVELS + 1, 990, 50_000])
def test_what_is_nested_too_deep_to_be_written_again_comes_as_its_text(levels):
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        text = opening * levels + "0" + closing * levels
        assert tolerant_loads(text) == text


def test_many_values_side_by_side_are_not_deep():
    text = json.dumps([[number] for number in range(1000)])
    assert tolerant_loads(text) == json.loads(text)
