"""Phone numbers: any notation to E.164, how one is shown, of which type it is, whether two are the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

NumberType = Literal["virtual", "toll-free", "local"]

DEFAULT_REGION = "IN"

# Letters are refused before the library sees them: it would read "1800 FLOWERS", an extension, or the digits
# at the end of a sentence as a number.
_NOTATION = re.compile(r"[+\uff0b]?[\d\s().\-/\u2010-\u2015\u2212]*")
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def e164(text: str, default_region: str = DEFAULT_REGION) -> str | None:
    """Return the number as +<country><number>, or None where `text` is not one possible phone number.

    `default_region` (ISO 3166) counts only where there is no +. Possible means a possible length: numbering plans
    grow faster than their published metadata, so `in_numbering_plan` is a warning's business.
    """
    number = _parsed(text, default_region)
    if number is None:
        return None
    from phonenumbers import PhoneNumberFormat, format_number

    return format_number(number, PhoneNumberFormat.E164)


def in_numbering_plan(text: str, default_region: str = DEFAULT_REGION) -> bool:
    """Whether the published numbering plan of its country knows the number's range."""
    number = _parsed(text, default_region)
    if number is None:
        return False
    from phonenumbers import is_valid_number

    return is_valid_number(number)


def display(text: str, default_region: str = DEFAULT_REGION) -> str:
    """Return the number grouped for reading (+91 11 4116 9368), or `text` itself where it is not a number."""
    number = _parsed(text, default_region)
    if number is None:
        return text
    from phonenumbers import PhoneNumberFormat, format_number

    return format_number(number, PhoneNumberFormat.INTERNATIONAL)


def number_type(text: str, default_region: str = DEFAULT_REGION) -> NumberType:
    """Return what goes into organization_phone_numbers.number_type; virtual where nothing else is known.

    Exotel's list of numbers carries no type, so it is derived from the numbering plan.
    """
    number = _parsed(text, default_region)
    if number is None:
        return "virtual"
    from phonenumbers import PhoneNumberType
    from phonenumbers import number_type as kind_of

    kind = kind_of(number)
    if kind == PhoneNumberType.TOLL_FREE:
        return "toll-free"
    return "local" if kind == PhoneNumberType.FIXED_LINE else "virtual"


def same_number(left: str, right: str, default_region: str = DEFAULT_REGION) -> bool:
    """Whether two notations mean one number: 01141169368 is +911141169368. Other texts are the same when equal."""
    known = e164(left, default_region)
    return left.strip() == right.strip() if known is None else known == e164(right, default_region)


def _parsed(text: str, default_region: str) -> PhoneNumber | None:
    text = _INVISIBLE.sub("", text).strip()
    if not _NOTATION.fullmatch(text):
        return None
    # The import takes 14 to 22 ms: only whoever looks at a number pays for it.
    from phonenumbers import NumberParseException, is_possible_number, parse

    try:
        number = parse(text, default_region)
    except NumberParseException:
        return None
    return number if is_possible_number(number) else None
