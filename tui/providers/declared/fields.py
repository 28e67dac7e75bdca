"""Reads the [[field]] tables of a definition file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tui.providers.declared.tables import quoted
from tui.providers.fields import Field

if TYPE_CHECKING:
    from tui.providers.declared.tables import Table
    from tui.providers.fields import Kind

MOST_FIELDS = 40
NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")
NAME_RULE = "begins with a small letter and has small letters, digits and _, 50 at most"
LABEL_MOST = 20
HELP_MOST = 500
LONGEST_VALUE = 4096

KINDS: dict[str, Kind] = {
    "word": "word",
    "secret": "word",
    "text": "text",
    "multiline": "multiline",
    "number": "number",
    "choice": "choice",
    "yes_no": "yes_no",
    "host": "host",
    "host_port": "host_port",
    "port": "port",
    "email": "email",
    "phone": "phone",
    "e164": "e164",
    "sender": "sender",
}
"""What a file calls a kind, and what it is: a secret is a word that is never shown."""

_WITH_PATTERN = ("word", "secret", "text")
_WITH_CHOICES = ("choice", "host", "host_port", "port")


class ReadFields(NamedTuple):
    """The fields that people see, and the names of those that are only kept, and of those whose kind is unknown."""

    shown: tuple[Field, ...]
    hidden: tuple[str, ...]
    unread: frozenset[str]

    def named(self, name: str) -> Field | None:
        """Return the shown field of a name, or None."""
        return next((field for field in self.shown if field.name == name), None)


def read_fields(top: Table, *, tries_values: bool) -> ReadFields:
    """Read the fields, noting mistakes; `tries_values` tries patterns, examples and defaults, which takes longer."""
    shown: list[Field] = []
    hidden: list[str] = []
    unread: set[str] = set()
    for table in top.tables("field", "[[field]]", MOST_FIELDS, required=True):
        told = len(top.notes.mistakes)
        name = table.text("name", 50, required=True)
        if name and not NAME.fullmatch(name):
            table.note("name", f"{NAME_RULE}; there is {quoted(name)}.")
        elif name and (name in hidden or any(field.name == name for field in shown)):
            table.note("name", f"is that of an earlier field, {quoted(name)}; each has its own.")
        if table.yes_no("hidden"):
            # What other programs keep there is neither described nor looked at.
            hidden.append(name)
        elif (field := _field(table, name)) is None:
            unread.add(name)
        else:
            shown.append(field)
            if tries_values and len(top.notes.mistakes) == told:
                _try_values(table, field)
        table.end()
    if hidden and not shown and not unread:
        top.notes.add(("field",), "[[field]] is hidden everywhere: at least one has to be shown.")
    return ReadFields(tuple(shown), tuple(hidden), frozenset(unread))


def _field(table: Table, name: str) -> Field | None:
    label = table.text("label", LABEL_MOST, required=True)
    kind = table.word("kind", tuple(KINDS))
    field = Field(
        name,
        label,
        KINDS.get(kind, "text"),
        table.text("help", HELP_MOST, required=True),
        example=table.text("example", 100),
        required=table.yes_no("required"),
        secret=kind == "secret",
        default=table.text_or({"yes_no": bool, "port": int, "number": int}.get(kind, str), "default", 1000) or None,
        choices=table.texts("choices", 50, 100),
        max_length=table.number("max_length", 1, LONGEST_VALUE, default=255),
        pattern=table.text("pattern", LONGEST_VALUE),
    )
    if not kind:
        return None
    if field.pattern and kind not in _WITH_PATTERN:
        table.note("pattern", f"goes with {', '.join(_WITH_PATTERN)}; a {kind} has a form of its own.")
    if field.choices and kind not in _WITH_CHOICES:
        table.note("choices", f"go with {', '.join(_WITH_CHOICES)}; this is a {kind}.")
    if kind == "choice" and "choices" not in table:
        table.notes.add(table.at, "choices are missing in [[field]]: a choice is one of them.")
    if kind == "secret" and field.default:
        table.note("default", "does not go with a secret: a secret that stands in a file is none.")
    return field


def _try_values(table: Table, field: Field) -> None:
    """Note a pattern that is none, and an example or a default that the field itself would refuse."""
    from tui.providers.declared.patterns import pattern_problem
    from tui.providers.field_kinds import read

    if field.pattern and (problem := pattern_problem(field.pattern)):
        table.note("pattern", problem)
        return
    for key, text in (("example", field.example), ("default", field.default)):
        # The example of a secret says what it looks like, and is none.
        if text and not (field.secret and key == "example"):
            refused = read(field._replace(example=""), text).problem
            if refused:
                table.note(key, f"is refused by the field itself: {refused}")
