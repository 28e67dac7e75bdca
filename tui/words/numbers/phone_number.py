"""Phone numbers: any notation to E.164, how one is shown, of which type it is, whether two are the same."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Literal

from tui.words.text import is_invisible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from phonenumbers import PhoneNumber

NumberType = Literal["virtual", "toll-free", "local"]

DEFAULT_REGION = "IN"

# Letters are refused before the library sees them: it would read "1800 FLOWERS", an extension, or the digits
# at the end of a sentence as a number.
_NOTATION = r"\+?[\d ().\-/]*"
# RFC 3966, and what Twilio and messengers put in front.
_SCHEME = r"(?i)(?:tel|sms|whatsapp|callto):(?://)?"
_FOLDED = {0x2212: "-", 0xFF0B: "+", 0xFF08: "(", 0xFF09: ")", 0xFF0E: ".", 0xFF0F: "/", 0x2044: "/"}
# What a spreadsheet makes of a number: read with its nought it would be another one.
_DECIMAL = r"\+?(?:\d{6,}\.0{1,3}|\d{9,}\.\d{1,3})"
_EXPONENT = r"(?i)\+?\d(?:[.,]\d+)?e\+?\d{1,2}"
_EXTENSION = r"(?i)[ ,;]*(?:ext(?:ension|n)?\b\.?|x|#)[ =:]*\d{1,7}\Z"
_BETWEEN_NUMBERS = r"(?i)[,;&]| (?:and|or) "
_LONGEST = 250  # characters, as the library reads
_SEPARATOR = r"[ .\-/]+"


def e164(text: str, default_region: str = DEFAULT_REGION) -> str | None:
    """Return the number as +<country><number>, or None where `text` is not one possible phone number.

    `default_region` (ISO 3166) counts only where there is no +. Possible means a possible length: numbering plans
    grow faster than their published metadata, so `in_numbering_plan` is a warning's business.
    """
    number = _parse(text, default_region)
    if number is None:
        return None
    from phonenumbers import PhoneNumberFormat, format_number

    return format_number(number, PhoneNumberFormat.E164)


def in_numbering_plan(text: str) -> bool:
    """Whether the published numbering plan of its country knows the number's range."""
    number = _parse(text, DEFAULT_REGION)
    if number is None:
        return False
    from phonenumbers import is_valid_number

    return is_valid_number(number)


def display(text: str) -> str:
    """Return the number grouped for reading (+91 11 4116 9368), or `text` itself where it is not a number."""
    number = _parse(text, DEFAULT_REGION)
    if number is None:
        return text
    from phonenumbers import PhoneNumberFormat, format_number

    return format_number(number, PhoneNumberFormat.INTERNATIONAL)


def number_type(text: str) -> NumberType:
    """Return what goes into organization_phone_numbers.number_type; virtual where nothing else is known.

    Exotel's list of numbers carries no type, so it is derived from the numbering plan.
    """
    number = _parse(text, DEFAULT_REGION)
    if number is None:
        return "virtual"
    from phonenumbers import PhoneNumberType
    from phonenumbers import number_type as kind_of

    kind = kind_of(number)
    if kind == PhoneNumberType.TOLL_FREE:
        return "toll-free"
    # "virtual" is what the other backend writes for every number.
    return "local" if kind == PhoneNumberType.FIXED_LINE else "virtual"


def same_number(first: str, second: str) -> bool:
    """Whether two notations mean one number: 01141169368 is +911141169368. Other texts are the same when equal."""
    number = e164(first)
    return first.strip() == second.strip() if number is None else number == e164(second)


def why_not(text: str) -> tuple[str, str] | None:
    """Return what is wrong with a text that looks like a number, and what to do; None where there is more to say."""
    text = _normalize(text)
    whole = text.replace(" ", "")
    for pattern, what in ((_DECIMAL, "decimals"), (_EXPONENT, "an exponent")):
        if re.fullmatch(pattern, whole):
            return (
                f"That is a number with {what}, as a spreadsheet shows a phone number.",
                "Enter its digits only; in the spreadsheet, format the cell as text.",
            )
    extension = re.search(_EXTENSION, text)
    if extension and _parse(text[: extension.start()], DEFAULT_REGION) is not None:
        return "That is a phone number with an extension.", "Enter the number without it."
    first, *others = re.split(_BETWEEN_NUMBERS, text)
    if others:
        is_list = all(re.fullmatch(_NOTATION, other) and re.search(r"\d", other) for other in others)
        holds_two = is_list and _parse(first, DEFAULT_REGION) is not None
    else:
        holds_two = re.fullmatch(_NOTATION, text) is not None and _holds_two(text, DEFAULT_REGION)
    if holds_two:
        return "That is more than one phone number.", "Enter one number, without an extension."
    return None


def _normalize(text: str) -> str:
    """The text in plain signs: one kind of blank and hyphen, nothing that nobody sees, no tel: in front, no (+91)."""
    if text.isascii() and text.removeprefix("+").isdigit():
        return text
    plain = "".join(_signs(text.strip())).strip() if len(text) <= _LONGEST else "too long"
    scheme = re.match(_SCHEME, plain)
    plain = plain[scheme.end() :].strip() if scheme else plain
    return re.sub(r"^\(\s*(\+[\d ]+)\)", r"\1 ", plain)


def _signs(text: str) -> Iterator[str]:
    for sign in text:
        kind = unicodedata.category(sign)
        if sign in "\t\n\r" or kind[0] == "Z":
            # A line break stands between two numbers more often than within one.
            yield "/" if sign in "\n\r" or kind in {"Zl", "Zp"} else " "
        elif kind == "Pd":
            yield "-"
        elif not is_invisible(sign):
            yield _FOLDED.get(ord(sign), sign)


def _holds_two(text: str, default_region: str) -> bool:
    """Whether it ends in another number, or the last digits of one: 01141169368 / 69.

    What the numbering plan knows is followed by another number after a slash, and after anything else where the plan
    does not know the whole.
    """
    whole_is_known = None
    for separator in re.finditer(_SEPARATOR, text):
        before, after = text[: separator.start()], text[separator.end() :]
        if not re.search(r"\d", after):
            break
        first = _possible(before, default_region)
        if first is None:
            continue
        from phonenumbers import is_valid_number

        if not is_valid_number(first):
            continue
        if whole_is_known is None:
            whole = _possible(text, default_region)
            whole_is_known = whole is not None and is_valid_number(whole)
        if "/" in separator[0] or not whole_is_known:
            return True
    return False


def _parse(text: str, default_region: str) -> PhoneNumber | None:
    text = _normalize(text)
    if (
        not re.fullmatch(_NOTATION, text)
        or re.fullmatch(_DECIMAL, text.replace(" ", ""))
        or _holds_two(text, default_region)
    ):
        return None
    return _possible(text, default_region)


def _possible(text: str, default_region: str) -> PhoneNumber | None:
    # The import takes 14 to 22 ms: only whoever looks at a number pays for it.
    from phonenumbers import NumberParseException, is_possible_number, parse

    try:
        number = parse(text, default_region)
    except NumberParseException:
        return None
    return number if is_possible_number(number) else None
