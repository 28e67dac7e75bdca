"""Loading of JSON columns that hold what Python has no value for, so that one such row never hides the others."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from psycopg.types.json import set_json_loads

if TYPE_CHECKING:
    import psycopg

MOST_DIGITS = 4_000
"""Digits of an integer; Python refuses more than 4,300 by default (sys.set_int_max_str_digits)."""


MOST_LEVELS = 200
"""Objects and arrays inside one another; whoever writes the value out again needs the stack a second time."""


def tolerant_loads(text: str | bytes) -> Any:
    """Return the value; a number that Python cannot hold comes as its digits, and what is nested too deep as its text.

    jsonb takes numbers of any size, and nesting up to the server's stack.
    """
    written = text if isinstance(text, str) else text.decode()
    try:
        value = json.loads(written, parse_int=_integer, parse_float=_float)
    except RecursionError:
        return written
    # Most values have too few brackets to be worth a look.
    return written if written.count("{") + written.count("[") > MOST_LEVELS and _is_deep(value) else value


def register_tolerant_json(connection: psycopg.AsyncConnection[Any]) -> None:
    """Use `tolerant_loads` for json and jsonb on this connection."""
    set_json_loads(tolerant_loads, connection)


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= MOST_DIGITS else digits


def _float(digits: str) -> float | str:
    value = float(digits)
    return value if math.isfinite(value) else digits


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
