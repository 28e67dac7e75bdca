"""Makes any stored string displayable: safe in a terminal, of known width, and exact where somebody investigates."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from rich.cells import cell_len, get_character_cell_size, set_cell_size

if TYPE_CHECKING:
    from collections.abc import Callable

HIDDEN = "\u25af"
"""Stands for a run of characters that nobody would see: bidi and zero-width controls, tags, fillers."""

BROKEN = "\ufffd"
"""Stands for a code point that is no character here: C1, a lone surrogate, unassigned, private use."""

NEWLINE = "\u23ce"
ELLIPSIS = "\u2026"

_BASE_FOR_MARKS = "\u25cc"
_MOST_MARKS = 6  # Burmese and Tibetan stack five on one letter; a flood has hundreds.
_MOST_REMEMBERED = 20_000  # code points; more than any honest installation uses
_PLACEHOLDER = "\0"
# No stored text can have it, so none can become a number.
_MARK = os.urandom(16).hex()
_MARKED = re.compile(f'"{_MARK}([-+.0-9E]+){_MARK}"')
_MOST_NOUGHTS = 200_000  # Postgres' numeric has at most 131,072 digits before the point

# Unicode's Default_Ignorable_Code_Point that are not of category Cf, and the blank that is a drawn pattern.
_IGNORABLE = frozenset(
    [
        *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2065, 0x2800, 0x3164, 0xFFA0),
        *(*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xFFF0, 0xFFF9), *range(0xE0000, 0xE1000)),
    ]
)
_SKIN_TONES = frozenset(map(chr, range(0x1F3FB, 0x1F400)))
_EMOJI_MODIFIERS = frozenset([0xFE0E, 0xFE0F, *map(ord, _SKIN_TONES)])


class CodePointTable(dict[int, str]):
    """What a function gives for a code point, worked out once each: a table for `str.translate`."""

    def __init__(self, shown: Callable[[int], str]) -> None:
        super().__init__()
        self._shown = shown

    def __missing__(self, code: int) -> str:
        shown = self._shown(code)
        if len(self) < _MOST_REMEMBERED:
            self[code] = shown
        return shown


def _glyph(code: int) -> str:
    """What is drawn for a code point; a hidden one is the placeholder."""
    if code < 0x20:
        return NEWLINE if code == 0x0A else chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if code in _IGNORABLE or code in _EMOJI_MODIFIERS:
        return _PLACEHOLDER
    category = unicodedata.category(chr(code))
    if category in {"Cf", "Zl", "Zp"}:
        return _PLACEHOLDER
    if category in {"Cc", "Cs", "Cn", "Co"}:
        return BROKEN
    return chr(code)


_SHOWN = CodePointTable(_glyph)


def is_invisible(character: str) -> bool:
    """Whether nobody would see the character: bidi and zero-width controls, tags, fillers, variation selectors.

    Unicode's Cf, Zl, Zp and Default_Ignorable_Code_Point, and the blank that is a drawn pattern.
    """
    return _SHOWN[ord(character)] == _PLACEHOLDER and character not in _SKIN_TONES


def is_unicode(text: str) -> bool:
    """Whether the text can be encoded: it holds no half of a surrogate pair. Encoding it would quote it in an error."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def safe_text(value: object, limit: int = 200) -> str:
    """Return `value` as one line that a terminal only draws, at most `limit` characters long.

    None is the empty text. C0 and DEL become control pictures, a line break U+23CE, bidi, zero-width and other
    invisible controls one U+25AF per run, C1, surrogates and code points without a character U+FFFD; the rest is
    NFC, with at most six marks on a letter and a base under a mark that has none. What is cut ends in an ellipsis.
    Applying it twice changes nothing. It is no defence against markup: hand the result to Content or Text.
    """
    text = "" if value is None else str(value)
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text
    # A character may vanish into a marker or a composition, so a little more than the limit is looked at.
    whole = len(text) <= 8 * limit
    text = _without_controls(text if whole else text[: 8 * limit])
    if whole and len(text) <= limit:
        return text
    return text[: max(limit - 1, 0)] + ELLIPSIS[:limit]


def plain(value: object, *, ascii_only: bool = False) -> str:
    """Return `value` as one line for a command's output: as `safe_text`, but never cut.

    `ascii_only` spells everything outside printable ASCII (\\x1b), for a terminal that is not UTF-8.
    """
    text = "" if value is None else str(value)
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if " " <= c <= "~" else _escape(c) for c in text) if ascii_only else _without_controls(text)


def spelled(value: object) -> str:
    """Return `value` exactly, with everything that could hide written out (\\x1b, \\u202e) and \\ doubled.

    Nothing is normalised, collapsed or cut: whoever investigates can compute the original back.
    """
    text = "" if value is None else str(value)
    out: list[str] = []
    marks = _MOST_MARKS
    for character in text:
        marks = marks + 1 if _is_combining(character) else 0
        if character == "\\":
            out.append("\\\\")
        elif marks > _MOST_MARKS or _SHOWN[ord(character)] != character:
            out.append(_escape(character))
            marks = max(marks, _MOST_MARKS)
        else:
            out.append(character)
    return "".join(out)


def spelled_json(value: object, most: int | None = None) -> str:
    """Return `value` as indented JSON that is exact, with everything that could hide as JSON's own escapes (\\u202e).

    Letters of every script stay as they are, so people can read it; a parser reads the value back. With `most` it ends
    after so many characters, before they are spelled.
    """
    text = _with_numbers(json.dumps(value, ensure_ascii=False, indent=2, default=_as_text))[:most]
    out: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if _is_combining(character) else 0
        hides = character != "\n" and (marks > _MOST_MARKS or _SHOWN[ord(character)] != character)
        out.append(json.dumps(character)[1:-1] if hides else character)
    return "".join(out)


def safe_characters(text: str) -> str:
    """Return `text` safe for a terminal with one character for each of its own: for a field that it is edited in.

    What would hide is there to be seen and deleted, so a run of it is not drawn as one as `safe_text` does.
    """
    if text.isascii() and text.isprintable():
        return text
    out: list[str] = []
    marks = 0
    for character in text.translate(_SHOWN):
        marks = marks + 1 if _is_combining(character) else 0
        out.append(HIDDEN if character == _PLACEHOLDER or marks > _MOST_MARKS else character)
    return "".join(out)


def fit(text: str, width: int, *, ellipsis: str = ELLIPSIS) -> str:
    """Return `text`, made safe, cut or padded to exactly `width` terminal cells, so that a column never shifts.

    Cells are counted as Rich and Textual count them; a wide character that would straddle the edge gives way to
    a blank. `ellipsis` (one cell each character) ends what was cut.
    """
    if width <= 0:
        return ""
    text = safe_text(text, 8 * width)
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    ellipsis = ellipsis[:width]
    return set_cell_size(text, width - len(ellipsis)) + ellipsis


def ascii_json(value: object, *, indent: int | None = None) -> str:
    """Return `value` as JSON in printable ASCII: exact, also for lone surrogates, and safe in any terminal.

    A Decimal is written with all its digits; UUIDs, dates, times and addresses as text. Raises ValueError for NaN and
    infinities, TypeError for anything JSON has no place for, a Secret among them.
    """
    return _with_numbers(json.dumps(value, ensure_ascii=True, allow_nan=False, indent=indent, default=_as_text))


def _as_text(value: object) -> str:
    # Not above: a help or a refusal has no such value, and starts a twentieth sooner without these.
    from decimal import Decimal
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("JSON has no such number")
        # As Postgres writes it, but for an exponent that would fill the memory.
        return f"{_MARK}{value if abs(value.adjusted()) > _MOST_NOUGHTS else format(value, 'f')}{_MARK}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID | IPv4Address | IPv6Address | IPv4Network | IPv6Network):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in JSON")


def _with_numbers(text: str) -> str:
    """Take marks and quotes off the numbers: json writes no digits but those of float and int."""
    return _MARKED.sub(r"\1", text) if _MARK in text else text


def _without_controls(text: str) -> str:
    text = text.replace("\r\n", "\n")
    text = re.sub("(.)[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]", _without_modifier, text, flags=re.DOTALL)
    text = re.sub(f"{_PLACEHOLDER}+", HIDDEN, text.translate(_SHOWN))
    text = unicodedata.normalize("NFC", text)
    return text if text.isascii() else _with_few_marks(text)


def _without_modifier(match: re.Match[str]) -> str:
    """Drop how an emoji is coloured: terminals disagree on the cells it takes. Elsewhere it is left to be marked."""
    symbol = match[1]
    return symbol if unicodedata.category(symbol) == "So" else match[0]


def _with_few_marks(text: str) -> str:
    out: list[str] = []
    marks = 0
    for character in text:
        if not _is_combining(character):
            marks = 0
        elif not out:
            out.append(_BASE_FOR_MARKS)
            marks = 1
        else:
            marks += 1
        if marks <= _MOST_MARKS:
            out.append(character)
        elif marks == _MOST_MARKS + 1:
            out.append(HIDDEN)
    return "".join(out)


def _is_combining(character: str) -> bool:
    """Whether it is drawn on the character before it."""
    return character > "\u02ff" and (
        get_character_cell_size(character) == 0 or unicodedata.category(character)[0] == "M"
    )


def _escape(character: str) -> str:
    code = ord(character)
    short_form = {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r"}.get(code)
    if short_form is not None:
        return short_form
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
