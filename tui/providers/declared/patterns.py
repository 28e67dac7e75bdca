"""Patterns of values: found at once in a value of any shape, as RE2 looks at each character once."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

PATTERN_MOST = 200
VALUE_MOST = 4096
# Not ? and {3}: what is there once or so many times multiplies nothing.
_REPEATS = re.compile(r"[*+]|\{[0-9]+,[0-9]*\}")
_UNIT = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()]|.", re.DOTALL)


def pattern_problem(pattern: str) -> str:
    """Return what is wrong with a pattern, behind its key; empty where nothing is."""
    if len(pattern) > PATTERN_MOST:
        return f"has at most {PATTERN_MOST} characters; there are {len(pattern)}."
    if _repeats_repetition(pattern):
        return "repeats a group that repeats something itself; write it without one of the repetitions."
    import re2

    try:
        _compiled(pattern)
    except re2.error:
        return (
            "is no regular expression of RE2 (https://github.com/google/re2/wiki/Syntax): it has neither "
            "look-around nor references to groups, and repeats at most 1000 times."
        )
    return ""


def fits(pattern: str, value: str) -> bool:
    """Whether a pattern matches the whole of a value, of at most VALUE_MOST characters."""
    return len(value) <= VALUE_MOST and _compiled(pattern).fullmatch(value) is not None


@lru_cache(maxsize=200)
def _compiled(pattern: str) -> Any:
    # Takes 25 ms to import, which only what has a pattern has to wait for.
    import re2

    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    options.never_capture = True
    return re2.compile(pattern, options)


def _repeats_repetition(pattern: str) -> bool:
    """Whether a group that repeats has a repetition in it."""
    # For each group that is open, whether something in it repeats.
    open_groups = [False]
    for unit in _UNIT.finditer(pattern):
        if unit[0] == "(":
            open_groups.append(False)
            continue
        inner = open_groups.pop() if unit[0] == ")" and len(open_groups) > 1 else False
        repeats = _REPEATS.match(pattern, unit.end()) is not None
        if inner and repeats:
            return True
        open_groups[-1] |= inner or repeats
    return False
