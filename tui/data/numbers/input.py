"""What a person types about a phone number, read into what is stored, or refused with a sentence."""

from __future__ import annotations

import unicodedata

from tui.data.numbers.listing import known_number
from tui.errors import InvalidInput
from tui.words.numbers.phone_number import in_numbering_plan, why_not

NUMBER_TYPES = ("virtual", "toll-free", "local")
LONGEST_NAME = 100


def number_to_add(text: str) -> tuple[str, str | None]:
    """Return a typed number as E.164, and a warning where its country's numbering plan does not know it.

    Raises InvalidInput where it is no possible number.
    """
    number = known_number(text)
    # Zeros after the country code may be read as a prefix, so that what is stored would mean yet another number.
    if number is None or known_number(number) != number:
        if (problem := why_not(text)) is not None:
            raise InvalidInput(*problem)
        raise InvalidInput(
            "That is not a phone number.",
            "Give 10 to 15 digits in any format, such as 011-4116 9368 or +911141169368.",
        )
    if in_numbering_plan(number):
        return number, None
    return number, f"{number} is not in the numbering plan of its country, as far as that is published: check it."


def readable_name(text: str | None) -> str | None:
    """Return a typed name as it is stored; None for a blank one. Raises InvalidInput."""
    name = (text or "").strip()
    if len(name) > LONGEST_NAME:
        raise InvalidInput(f"The name has {len(name)} characters, and {LONGEST_NAME} fit.", "Shorten it.")
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in name):
        raise InvalidInput("The name holds a line break or a control character.", "Type it on one line.")
    return name or None


def known_type(kind: str | None) -> str:
    """Return the number_type. Raises InvalidInput, which names the ones there are."""
    if kind not in NUMBER_TYPES:
        raise InvalidInput("There is no such type of number.", f"The types are {', '.join(NUMBER_TYPES)}.")
    return kind
