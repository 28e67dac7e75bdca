"""Records as CSV: what is changed in an export of the log, so that nothing is a formula, is changed here too."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tui.data.audit.export.format import BEFORE_FORMULA, FORMULA_STARTS, LINE_STARTS, VISIBLE
from tui.words.text import ascii_json

if TYPE_CHECKING:
    from collections.abc import Iterable

_FORMULA = f"[{re.escape(BEFORE_FORMULA)}]*[{re.escape(''.join(FORMULA_STARTS))}]"
_BEGINS_FORMULA = re.compile(f"[{''.join(LINE_STARTS)}]|{_FORMULA}")
# Where the comma is the decimal sign, spreadsheets take the semicolon for what divides fields, whatever the quotes.
_AFTER_SEMICOLON = re.compile(f"(;[{re.escape(BEFORE_FORMULA)}]*)(?=[{re.escape(''.join(FORMULA_STARTS))}])")


def csv_line(values: Iterable[object]) -> str:
    """Return the line of RFC 4180 for these values: None is an empty field, a list or an object its JSON."""
    return ",".join(map(_field, values)) + "\r\n"


def _field(value: object) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else ascii_json(value)
    if not isinstance(value, str) and not isinstance(value, list | dict):
        # Quotes stand round what JSON has as a text, such as a time.
        return text.strip('"')
    text = f"'{text}" if _BEGINS_FORMULA.match(text) else text
    text = _AFTER_SEMICOLON.sub(r"\1'", text).translate(VISIBLE)
    return '"' + text.replace('"', '""') + '"' if not text or any(sign in text for sign in ',;"') else text
