"""The JSON inside an envelope: read strictly, written as JSON.stringify writes it."""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn

from tui.errors import InvalidInput, Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.models import Json

MAX_NESTING = 100
"""Objects and arrays inside one another: far beyond any credential, far below Python's own recursion limit."""

# Possessive throughout: a long text without a closing quote is not tried again from each of its characters.
_STRING_OR_BRACKET = r'(?s)"(?:[^"\\]++|\\.)*+"?|[\[\]{}]'
_STRING_OR_NUMBER = r'"(?:[^"\\]++|\\.)*+"|-?\d[\d.e+-]*+'


class _InvalidJsonError(Exception):
    """Why a text or a value is no credential; the problem is a constant text without any content."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def encode_credential(credential: Mapping[str, Any]) -> bytes:
    """Return the UTF-8 text JSON.stringify writes for these values in this order (ECMA-262, JSON.stringify).

    Integers beyond 2^53 are written in full, although a Node reader rounds them. Raises InvalidInput for anything
    that `decode_credential` would not take, and for values JSON does not have.
    """
    problem = "it holds a value that JSON does not have"
    try:
        text = json.dumps(credential, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        text = ""
    if text:
        # Half a surrogate pair becomes an escape.
        data = re.sub(_STRING_OR_NUMBER, _javascript_number, text).encode("utf-8", "backslashreplace")
        _, problem = _parse(data)
        if not problem:
            return data
    raise _invalid_credential(problem)


def decode_credential(plaintext: bytes) -> Json:
    """Return the object of a plaintext that was opened, in its own order.

    Numbers come as int or float. Raises Unreadable ("malformed") for what is not UTF-8, not JSON, not an object,
    nested deeper than MAX_NESTING, or holds a name twice or a number that is NaN, infinite or beyond a double.
    """
    credential, problem = _parse(plaintext)
    del plaintext  # a traceback that shows local variables must not show it
    if problem:
        raise Unreadable(
            "malformed",
            f"The envelope opens, but what is inside is not a credential: {problem}.",
            "Enter the credential again; the present content is kept until it is overwritten.",
        )
    return credential


def parse_credential(text: bytes) -> Json:
    """Return the object of a text that a person or a program handed in; the rules of `decode_credential`.

    Raises InvalidInput.
    """
    credential, problem = _parse(text)
    if problem:
        raise _invalid_credential(problem)
    return credential


def _invalid_credential(problem: str) -> InvalidInput:
    return InvalidInput(
        f"This is not a credential: {problem}.",
        'Give one JSON object, such as {"account_sid": "...", "api_key": "..."}.',
    )


def read_json(data: bytes) -> tuple[Any, str]:
    """Return the value of a JSON text and "", or None and the problem, in words without any of its content.

    An exception of the parser would carry the whole text. The rules are those of `decode_credential`, but for what the
    value is.
    """
    try:
        text = data.decode("utf-8")
        _check_nesting(text)
        return _DECODER.decode(text), ""
    except UnicodeDecodeError:
        return None, "it is not UTF-8 text"
    except json.JSONDecodeError:
        return None, "it is not JSON"
    except _InvalidJsonError as refused:
        return None, refused.problem


def _parse(data: bytes) -> tuple[Json, str]:
    """Return the object and "", or {} and the problem."""
    value, problem = read_json(data)
    if problem or isinstance(value, dict):
        return value or {}, problem
    return {}, "it is not a JSON object"


def _check_nesting(text: str) -> None:
    depth = 0
    for match in re.finditer(_STRING_OR_BRACKET, text):
        if match[0] in "[{":
            depth += 1
            if depth > MAX_NESTING:
                raise _InvalidJsonError(f"it is nested deeper than {MAX_NESTING} levels")
        elif match[0] in "]}":
            depth -= 1


def _object(members: list[tuple[str, Any]]) -> Json:
    value = dict(members)
    if len(value) != len(members):
        raise _InvalidJsonError("it holds the same name twice")
    return value


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise _InvalidJsonError("it holds a number beyond what a double can hold")
    return value


def _int(text: str) -> int:
    _float(text)
    return int(text)


def _constant(name: str) -> NoReturn:
    raise _InvalidJsonError("it holds NaN or an infinity, which JSON does not have")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_float, parse_int=_int, parse_constant=_constant)


def _javascript_number(match: re.Match[str]) -> str:
    """Return the digits of Number::toString (ECMA-262) for a float; an integer and a string stay as they are."""
    text = match[0]
    if text.startswith('"') or text.lstrip("-").isdigit():
        return text
    size = abs(float(text))
    if size == 0:
        return "0"
    if 1e-6 <= size < 1e21:
        return f"{Decimal(text):f}".removesuffix(".0")
    return re.sub(r"(?:\.0)?e([+-])0?", r"e\1", text)
