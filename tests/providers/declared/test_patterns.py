"""Patterns of values, of which none takes long for any value."""

from __future__ import annotations

import time

import pytest

from tui.providers.declared.patterns import VALUE_MOST, fits, pattern_problem
from tui.providers.field_kinds import Reading, read
from tui.providers.fields import Field


@pytest.mark.parametrize(
    "pattern", ["(a+)+b", "(?:x(a|b*)){2,}", "((a)*b){3,}c", r"([^)]+\))*", "(a{2,3})+", "((a+))*"]
)
def test_a_repetition_within_a_repetition_is_refused(pattern: str) -> None:
    assert pattern_problem(pattern).startswith("repeats a group")


@pytest.mark.parametrize(
    "pattern", ["(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", r"\(a+\)*", "(a+)?b", "[(a+]+(b)", "(ab){2,4}", "a+(b|c)*", "[])+]+"]
)
def test_other_repetitions_are_fine(pattern: str) -> None:
    assert pattern_problem(pattern) == ""


def test_no_pattern_takes_long_for_any_value() -> None:
    began = time.process_time()
    for pattern in ("a*a*a*a*a*b", "(a|aa|aaa)*b", ".*.*.*.*.*x", "(.*)(.*)(.*)(.*)z", "[a-z]{1,500}[0-9]"):
        assert pattern_problem(pattern) == ""
        assert not fits(pattern, "a" * VALUE_MOST)
    assert time.process_time() - began < 2
    assert not fits("a*", "a" * (VALUE_MOST + 1))


def test_a_pattern_is_of_the_whole_value_and_its_problem_quotes_no_secret() -> None:
    field = Field("sid", "SID", "word", "S.", example="AC1", pattern="AC[0-9]")
    assert read(field, " AC7 ").value == "AC7"
    assert read(field, "xAC7").problem == "A value of the form AC[0-9], such as AC1."
    assert read(field, "AC77").problem is not None
    secret = field._replace(secret=True, example="like this")
    assert read(secret, "hunter2") == Reading(problem="A value of the form AC[0-9].")


def test_a_number_is_whole_and_stored_as_one() -> None:
    field = Field("tries", "Tries", "number", "T.")
    assert [read(field, value).value for value in ("-3", 7, "007")] == [-3, 7, 7]
    for wrong in ("1.5", "1e3", "9" * 16, 10**50):
        assert read(field, wrong).problem == "A whole number of at most 15 digits."
    assert read(field, True).problem == "A whole number, not true or false."
