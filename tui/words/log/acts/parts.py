"""What the sentences of the log are put together from."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from tui.words.log.details import Told, value_words
from tui.words.log.failure_reason import failure_reason
from tui.words.log.rows import summary
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Side = Mapping[str, Any]
    Sentence = Callable[[Told], str]
    ColumnWords = Mapping[str, Callable[[Side, Side], str]]

MOST_COLUMNS = 20
_UPKEEP = {"created_at", "created_by", "updated_at", "updated_by", "granted_at", "granted_by"}


def with_more(text: str, more: str, between: str = ": ") -> str:
    """Return a text, and what more there is to say of it, if anything."""
    return f"{text}{between}{more}" if more else text


def why_failed(told: Told) -> str:
    """Return why something failed, as far as the row says it."""
    code, words = told.text("error_code", "code"), told.text("why", "error", "reason", "message")
    return failure_reason(code, words, is_message=bool(told.details.get("error")))


def ended(told: Told, text: str) -> str:
    """Say of what another program does how it ended, where that is not well."""
    if told.status == "success":
        return text
    return with_more(f"{text} {how_ended(told)}", why_failed(told))


def how_ended(told: Told) -> str:
    """Return the status of the row in words."""
    return safe_text(told.status, 50) or "without a status"


def arrow(before: Side, after: Side, name: str, label: str) -> str:
    """Return what a column was and is."""
    return f"{label}: {value_words(before.get(name)) or 'none'} -> {value_words(after.get(name)) or 'none'}"


def switched(after: Side, name: str, is_on: str, is_off: str) -> str:
    """Return what a column that is true or not was switched to."""
    return is_on if after.get(name) is True else is_off


def changes_in_words(told: Told, known: ColumnWords) -> list[str]:
    """Each column that changed in words, those that change with every write left out."""
    before, after = told.side("before"), told.side("after")
    parts = []
    for name in islice(dict.fromkeys((*after, *before)), MOST_COLUMNS):
        if name in known:
            parts.append(known[name](before, after))
        elif name not in _UPKEEP and name not in ("id", "organization_id"):
            parts.append(arrow(before, after, name, safe_text(name, 60).replace("_", " ")))
    return [part for part in parts if part]


def act(text: str) -> Sentence:
    """Return what says a text, with the details of the row behind it."""

    def words(told: Told) -> str:
        return with_more(text, summary(told.details or None)) if told.status == "success" else ended(told, text)

    return words
