"""The command `types show`: what a type consists of, or what is wrong with a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tui.cli.completion.candidates import types_or_files
from tui.cli.output import Output
from tui.cli.parsing import argument, command
from tui.cli.requirements import Requirements
from tui.cli.types.list import record_of
from tui.cli.types.lookup import find_type, is_file
from tui.locked.mode import closed
from tui.providers.declared.description import check_lines, check_words, hosts_of, origin_words
from tui.providers.declared.reading import shown_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.cli.request import Options
    from tui.providers.fields import Field, IntegrationType


@command(locked=True, needs=Requirements(finds=True))
@argument("type_or_file", metavar="TYPE|FILE", locked=True, shell_complete=types_or_files)
@click.pass_obj
def show(options: Options, type_or_file: str) -> None:
    """Show a type: its fields, what its check asks whom, what is a yes, and its SHA-256.

    FILE ends in .toml and need not be in a folder of types. All its mistakes are told.
    """
    out = Output(options.form)
    if is_file(type_or_file) and options.locked:
        raise closed("A file of your own")
    type_ = find_type(type_or_file, out)
    out.record(full_record(type_), _lines(type_))


def full_record(type_: IntegrationType) -> dict[str, Any]:
    """Return everything that a type consists of."""
    definition = type_.definition
    return record_of(type_) | {
        "help": type_.help,
        "fields": [field._asdict() for field in type_.fields],
        "kept_fields": list(type_.foreign_fields),
        "hosts": hosts_of(definition) if definition else [],
        "asks": list(check_lines(definition)) if definition else [],
        "shows": [shown.label for shown in definition.show] if definition else [],
        "lists_numbers": type_.list_numbers is not None,
        "documentation": list(definition.documentation) if definition else [],
        "unconfirmed": definition.unconfirmed if definition else "",
        "check_sha256": definition.check_sha256 if definition else None,
    }


def _lines(type_: IntegrationType) -> Iterator[tuple[str, object]]:
    definition = type_.definition
    yield "type", type_.name
    yield "title", type_.title
    yield "origin", origin_words(definition)
    if definition is not None:
        yield "file", shown_path(definition.path)
    yield "help", definition.help if definition else type_.help
    for field in type_.fields:
        yield "field", _field_words(field)
    for name in type_.foreign_fields:
        yield "field", f"{name}: kept, and not shown"
    yield "check", check_words(type_)
    if definition is None:
        return
    for line in check_lines(definition):
        yield "", line
    for host in hosts_of(definition):
        yield "host", host
    for shown in definition.show:
        yield "shows", f"{shown.label} ({shown.path})"
    if definition.numbers is not None:
        yield "numbers", f"GET {definition.numbers.path}"
    for address in definition.documentation:
        yield "documentation", address
    if definition.unconfirmed:
        yield "unconfirmed", definition.unconfirmed
    yield "SHA-256", definition.sha256


def _field_words(field: Field) -> str:
    kind = "secret" if field.secret else field.kind
    parts = [kind, "required" if field.required else ""]
    for word, value in (("such as", field.example), ("of the form", field.pattern), ("default", field.default)):
        parts.append(f"{word} {value}" if value else "")
    return f"{field.name} ({field.label}): {', '.join(part for part in parts if part)}"
