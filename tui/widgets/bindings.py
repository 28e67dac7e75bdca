"""Binds keys of the console."""

from __future__ import annotations

from textual.binding import Binding


def bind(keys: str, action: str, label: str, *, id: str = "", tooltip: str = "", priority: bool = False) -> Binding:
    """Return a binding; help and palette list it where it has a label and an id."""
    # Hidden from Textual's footer, which no screen has: KeyHints names the keys that matter.
    return Binding(keys, action, label, show=False, id=id or None, tooltip=tooltip, priority=priority)
