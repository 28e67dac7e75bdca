"""Titles that people would take for one another: a secret would be typed into the form of the wrong type."""

from __future__ import annotations

import re
import unicodedata

# Their letters look like Latin ones. A title in one of them alone is fine.
_ALPHABETS = frozenset({"ARMENIAN", "CHEROKEE", "COPTIC", "CYRILLIC", "DESERET", "GREEK", "LISU"})
_LATIN_LETTER = re.compile(r"LATIN [A-Z ]*?LETTER (?:[A-Z]{2,} )*([A-Z])(?: WITH .*)?")
_ALIKE = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s"})
_ACCENTS = range(0x300, 0x370)


def mixed_alphabets(text: str) -> str:
    """Return the alphabets of a text that has letters of several which look alike; empty where it has not."""
    if text.isascii():
        return ""
    letters = filter(str.isalpha, unicodedata.normalize("NFKC", text))
    alike = {_name(letter).partition(" ")[0] for letter in letters} & {"LATIN", *_ALPHABETS}
    return " and ".join(sorted(name.capitalize() for name in alike)) if len(alike) > 1 else ""


def look(text: str) -> str:
    """Return what texts have in common that look alike: no case, accents, blanks or signs, and "l" for 1, i and l."""
    letters = unicodedata.normalize("NFKD", "".join(filter(_is_letter, text))).casefold()
    plain = "".join(map(_without_form, filter(_is_letter, letters)))
    return plain.translate(_ALIKE).replace("rn", "m").replace("vv", "w")


def _is_letter(character: str) -> bool:
    # Marks of other scripts are vowels.
    is_mark = unicodedata.category(character)[0] == "M" and ord(character) not in _ACCENTS
    return character.isalnum() or is_mark


def _without_form(letter: str) -> str:
    latin = None if letter.isascii() else _LATIN_LETTER.fullmatch(_name(letter))
    return latin[1].lower() if latin else letter


def _name(character: str) -> str:
    return unicodedata.name(character, "")
