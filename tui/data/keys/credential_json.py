"""The JSON inside an envelope: read strictly, written as JSON.stringify writes it, edited member by member."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn

from tui.errors import InvalidInput, Unreadable

if TYPE_CHECKING:
    from collections.abc import Collection

    from tui.models import Json

MAX_NESTING = 100
"""Objects and arrays inside one another: far beyond any credential, far below Python's own recursion limit."""

_SURROGATE = re.compile("[\ud800-\udfff]")
# Possessive throughout: a long text without a closing quote is not tried again from each of its characters.
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
_BLANKS = re.compile(r"[ \t\n\r]*+")


class _InvalidJsonError(Exception):
    """Why a text or a value is no credential; the problem is a constant text without any content."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def encode_credential(credential: Mapping[str, Any]) -> bytes:
    """Return the UTF-8 text JSON.stringify writes for these values in this order (ECMA-262, JSON.stringify).

    Integers beyond 2^53 are written in full, although a Node reader rounds them. Raises InvalidInput for anything
    but an object, NaN, infinities and numbers beyond a double, values JSON does not have, names that are not text,
    and more than MAX_NESTING levels.
    """
    problem = ""
    try:
        if isinstance(credential, Mapping):
            return _json_text(credential, 1).encode("utf-8")
        problem = "it is not a JSON object"
    except _InvalidJsonError as refused:
        problem = refused.problem
    raise _invalid_credential(problem)


def decode_credential(plaintext: bytes) -> Json:
    """Return the object of a plaintext that was opened, in its own order.

    Numbers come as int or float; what is lost by that (1.0 and 1E5 are written 1 and 100000 again) is why a
    credential is changed with `updated_plaintext`, which never rewrites what was not changed. Raises Unreadable
    ("malformed") for what is not UTF-8, not JSON, not an object, nested deeper than MAX_NESTING, or holds a name
    twice or a number that is NaN, infinite or beyond a double.
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


def updated_plaintext(old_plaintext: bytes, changes: Mapping[str, Any], remove: Collection[str] = ()) -> bytes:
    """Return the plaintext with these members set and those removed, every other byte as it was.

    A member that already has the value keeps its bytes; a new one goes to the end. A name that is in `changes`
    is not removed. Raises Unreadable ("malformed") where the old plaintext is no credential and InvalidInput
    where a new value is none.
    """
    decode_credential(old_plaintext)
    try:
        return _splice(old_plaintext.decode("utf-8"), changes, remove).encode("utf-8")
    except _InvalidJsonError as refused:
        problem = refused.problem
    raise _invalid_credential(problem)


def _invalid_credential(problem: str) -> InvalidInput:
    return InvalidInput(
        f"This is not a credential: {problem}.",
        'Give one JSON object, such as {"account_sid": "...", "api_key": "..."}.',
    )


def _parse(data: bytes) -> tuple[Json, str]:
    """Return the object and "", or {} and the problem: an exception of the parser would carry the whole text."""
    try:
        text = data.decode("utf-8")
        _check_nesting(text)
        value = _DECODER.decode(text)
    except UnicodeDecodeError:
        return {}, "it is not UTF-8 text"
    except json.JSONDecodeError:
        return {}, "it is not JSON"
    except _InvalidJsonError as refused:
        return {}, refused.problem
    return (value, "") if isinstance(value, dict) else ({}, "it is not a JSON object")


def _check_nesting(text: str) -> None:
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
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


def _json_text(value: object, depth: int = 0) -> str:
    """Return the JSON text of a value; `depth` counts the levels an object or array at this place would make."""
    if isinstance(value, str):
        return _string_text(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return _number_text(value)
    if depth > MAX_NESTING:
        raise _InvalidJsonError(f"it is nested deeper than {MAX_NESTING} levels")
    if isinstance(value, Mapping):
        members = {_string_text(name): _json_text(inner, depth + 1) for name, inner in value.items()}
        if len(members) != len(value):
            raise _InvalidJsonError("it holds the same name twice")
        return "{" + ",".join(f"{name}:{inner}" for name, inner in members.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_json_text(inner, depth + 1) for inner in value) + "]"
    raise _InvalidJsonError("it holds a value that JSON does not have")


def _string_text(value: object) -> str:
    if not isinstance(value, str):
        raise _InvalidJsonError("it holds a name that is not text")
    # Two halves side by side are one character to JSON.stringify, and a half alone is an escape.
    joined = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", json.dumps(joined, ensure_ascii=False))


def _number_text(value: float) -> str:
    """Return the digits of Number::toString (ECMA-262), and an int in full; -0 becomes 0 as in JSON.stringify."""
    try:
        finite = math.isfinite(value)
    except OverflowError:
        finite = False
    if not finite:
        raise _InvalidJsonError("it holds a number beyond what a double can hold")
    if isinstance(value, int):
        return int.__repr__(value)
    sign, numerals, exponent = Decimal(float.__repr__(value)).as_tuple()
    written = "".join(map(str, numerals))
    point = len(written) + int(exponent)
    digits = written.rstrip("0")
    if not digits:
        return "0"
    if len(digits) <= point <= 21:
        number = digits.ljust(point, "0")
    elif 0 < point <= 21:
        number = f"{digits[:point]}.{digits[point:]}"
    elif -6 < point <= 0:
        number = f"0.{'0' * -point}{digits}"
    else:
        fraction = f".{digits[1:]}" if digits[1:] else ""
        number = f"{digits[0]}{fraction}e{point - 1:+d}"
    return "-" * sign + number


def _members(text: str) -> list[tuple[str, Any, int, int, int]]:
    """Return name, value, start of the name, start and end of the value for each member of a valid object."""
    members = []
    place = _after_blanks(text, text.index("{") + 1)
    while text[place] != "}":
        name, after_name = _DECODER.raw_decode(text, place)
        value_start = _after_blanks(text, text.index(":", after_name) + 1)
        value, value_end = _DECODER.raw_decode(text, value_start)
        members.append((name, value, place, value_start, value_end))
        place = _after_blanks(text, value_end)
        if text[place] == ",":
            place = _after_blanks(text, place + 1)
    return members


def _after_blanks(text: str, place: int) -> int:
    match = _BLANKS.match(text, place)
    return match.end() if match else place


def _splice(text: str, changes: Mapping[str, Any], remove: Collection[str]) -> str:
    members = _members(text)
    starts = [start for _, _, start, _, _ in members]
    pieces: list[str] = []
    copied_to = 0
    has_members = False
    previous_end = 0
    for index, (name, old, start, value_start, value_end) in enumerate(members):
        if name in changes:
            new = _json_text(changes[name], 2)
            has_members = True
            if new != _json_text(old, 2):
                pieces += (text[copied_to:value_start], new)
                copied_to = value_end
        elif name not in remove:
            has_members = True
        elif has_members:
            # The comma before it goes with it; where nothing stays before it, the comma after it does.
            pieces.append(text[copied_to:previous_end])
            copied_to = value_end
        else:
            pieces.append(text[copied_to:start])
            copied_to = starts[index + 1] if index + 1 < len(starts) else value_end
        previous_end = value_end
    present = {name for name, *_ in members}
    added = [f"{_string_text(name)}:{_json_text(value, 2)}" for name, value in changes.items() if name not in present]
    end_of_members = max(copied_to, previous_end, text.index("{") + 1)
    pieces.append(text[copied_to:end_of_members])
    if added:
        pieces.append("," * has_members + ",".join(added))
    return "".join(pieces) + text[end_of_members:]
