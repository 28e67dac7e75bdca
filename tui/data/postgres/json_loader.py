"""Loading of JSON columns as they are stored: numbers exactly, and one row that Python cannot hold hides no other."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

MOST_DIGITS = 4_000
"""Digits of an integer; Python refuses more than 4,300 by default (sys.set_int_max_str_digits)."""

MOST_LEVELS = 200
"""Objects and arrays inside one another; whoever writes the value out again needs the stack a second time."""


def tolerant_loads(text: str | bytes) -> Any:
    """Return the value; a decimal that float would change is a Decimal. Text stays what other readers refuse.

    That is an integer of more than MOST_DIGITS, and what is nested too deep.

    jsonb keeps every digit of a number of any size (1.10 is not 1.1), and nesting up to the server's stack.
    """
    written = text if isinstance(text, str) else text.decode()
    try:
        value = _decode(written)
    except RecursionError:
        return written
    # Most values have too few brackets to be worth a look.
    return written if written.count("{") + written.count("[") > MOST_LEVELS and _is_deep(value) else value


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= MOST_DIGITS else digits


def _float(digits: str) -> float | Decimal | str:
    value = float(digits)
    if repr(value) == digits:
        return value
    try:
        return Decimal(digits)
    except InvalidOperation:  # an exponent of 19 digits, which the type json keeps
        return digits


def _is_deep(value: object) -> bool:
    level = [value]
    for _ in range(MOST_LEVELS):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True


# Made once: with one made anew for each row a CSV export takes a seventh longer.
_decode = json.JSONDecoder(parse_int=_integer, parse_float=_float).decode
short_loads = json.JSONDecoder(parse_float=_float).decode
"""The same where nothing is nested too deep and no integer is too long, in two thirds of the time."""
