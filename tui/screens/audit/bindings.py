"""The keys of the audit log, and which of them the last line names: for reading, typing and searching."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.widgets.bindings import bind

if TYPE_CHECKING:
    from textual.binding import Binding, BindingType

    from tui.widgets.frame import Hints


def _key(keys: str, action: str, name: str, label: str, tooltip: str) -> Binding:
    return bind(keys, action, label, id=f"audit.{name}", tooltip=tooltip)


KEYS: list[BindingType] = [
    _key("s", "search", "search", "Search", "Mark matching rows; same syntax as the filter"),
    _key("n", "match(1)", "next", "Next match", "The next older row that matches the search"),
    _key("N", "match(-1)", "previous", "Previous match", "The next newer row that matches the search"),
    _key("ctrl+g", "jump", "jump", "Jump to a date", "2026-01-31, yesterday, 2d, this month"),
    _key("space", "fold", "fold", "Fold, unfold", "The rows of one operation"),
    _key("w", "like_this", "like", "Only like this", "Filter by a value of the row under the cursor"),
    _key("m", "save_filter", "save", "Save the filter", "Save the filter under a name; the palette recalls it"),
    _key("f", "follow", "follow", "Follow", "Show new rows as they arrive; scrolling pauses it"),
    _key("b", "bars", "bars", "Histogram", "Rows per hour, day or month, and the failed ones"),
    _key("x", "export", "export", "Export", "The rows of the filter, as CSV or JSON lines"),
    _key("y", "copy", "copy", "Copy row", "Copy the row"),
    _key("V", "versions", "versions", "Versions", "In the history of an integration: its earlier credentials"),
    _key("v", "verify", "verify", "Verify", "Compare the log with its seals, and mark the rows that differ"),
]
SEARCHING_HINTS: Hints = (
    ("n N", "next, previous"),
    ("esc", "end search"),
    ("enter", "details"),
    ("/", "filter"),
    ("?", "help"),
)


def typing_hints(*, has_earlier: bool) -> Hints:
    """Return the keys while a filter or a search is typed."""
    up = ("up", "earlier filters") if has_earlier else ("up/down", "other suggestions")
    return (("enter", "apply"), ("tab", "complete"), up, ("esc", "cancel"), ("F1", "help"))


def reading_hints(*, following: bool) -> Hints:
    """Return the keys while the list is read."""
    return (
        *(("enter", "details"), ("/", "filter"), ("s", "search"), ("ctrl+g", "date")),
        ("f", "stop following" if following else "follow"),
        *(("x", "export"), ("b", "bars"), ("w", "like this"), ("v", "verify"), ("m", "save filter"), ("?", "help")),
    )
