"""The table of keys, made from the bindings themselves: for the help screen, the palette and docs/keys.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.widgets.row_list import Cell, Row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.binding import ActiveBinding, Binding

    from tui.widgets.frame import Tone

NAMES = {
    "question_mark": "?",
    "exclamation_mark": "!",
    "slash": "/",
    "colon": ":",
    "minus": "-",
    "vertical_line": "|",
    "escape": "esc",
    "pageup": "page up",
    "pagedown": "page down",
    "f1": "F1",
}


# The keys of the screen itself come before those that are the same everywhere.
ORDER = ("page", "app", "list")


def _order(binding: Binding) -> int:
    family = (binding.id or "").partition(".")[0]
    return ORDER.index(family) if family in ORDER else -1


def spelled_key(key: str) -> str:
    """Return a key as people write it: question_mark -> ?."""
    return NAMES.get(key, key)


def keys_by_binding(bindings: Iterable[Binding]) -> list[tuple[str, str, Binding]]:
    """Return (keys, first key, binding) for each named binding, with the keys of one binding id together."""
    keys: dict[str, list[str]] = {}
    first: dict[str, Binding] = {}
    for binding in bindings:
        if not binding.description or binding.id is None:
            continue
        first.setdefault(binding.id, binding)
        keys.setdefault(binding.id, []).extend(key.strip() for key in binding.key.split(","))
    return [(" ".join(map(spelled_key, dict.fromkeys(keys[i]))), keys[i][0], first[i]) for i in first]


def key_rows(active: Iterable[ActiveBinding]) -> list[Row]:
    """Return the rows of the help screen: keys, what they do, more about it; dim where they do nothing just now."""
    listed = sorted(active, key=lambda active: _order(active.binding))
    enabled = {active.binding.id for active in listed if active.enabled}
    rows = []
    for keys, key, binding in keys_by_binding(active.binding for active in listed):
        tone: Tone = "plain" if binding.id in enabled else "quiet"
        rows.append(Row(key, (Cell(keys, tone), Cell(binding.description, tone), Cell(binding.tooltip, "quiet"))))
    return rows
