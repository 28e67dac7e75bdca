"""The keys named at the foot of the log: while one reads, types a filter, or goes from match to match."""

from __future__ import annotations

Hints = tuple[tuple[str, str], ...]

TYPING: Hints = (
    ("enter", "apply"),
    ("tab", "complete"),
    ("up down", "other offers"),
    ("esc", "leave"),
    ("F1", "help"),
)
SEARCHING: Hints = (
    ("n N", "next, previous"),
    ("esc", "end search"),
    ("enter", "details"),
    ("/", "filter"),
    ("?", "help"),
)


def reading(*, following: bool) -> Hints:
    """Return the keys while the list is read."""
    return (
        *(("enter", "details"), ("/", "filter"), ("s", "search"), ("ctrl+g", "date")),
        ("f", "stop following" if following else "follow"),
        *(("x", "export"), ("b", "bars"), ("w", "like this"), ("?", "help")),
    )
