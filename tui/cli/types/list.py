"""The command `types list`: every integration type, who declares it, and which files have mistakes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tui.cli.output import Column, Output
from tui.cli.parsing import command
from tui.providers import registry, type_file_mistakes
from tui.providers.declared.description import check_state, check_words, origin_words

if TYPE_CHECKING:
    from tui.cli.request import Options
    from tui.providers.fields import IntegrationType

COLUMNS: tuple[Column[IntegrationType], ...] = (
    Column("TYPE", lambda type_: type_.name, shrinks_to=16),
    Column("TITLE", lambda type_: type_.title, shrinks_to=16),
    Column("ORIGIN", lambda type_: origin_words(type_.definition)),
    Column("CHECK", check_words),
)


@command(locked=True)
@click.pass_obj
def list_(options: Options) -> None:
    """List the integration types, and what is wrong with files that declare none.

    A check is proven once `switchboard types check FILE` has seen it say no. A file with a mistake is left out; the
    others go on.
    """
    out = Output(options.form)
    out.rows([*registry().values()], COLUMNS, record=record_of, empty="There are no types.")
    for file in type_file_mistakes():
        for mistake in file.mistakes:
            out.warn(mistake.sentence)


def record_of(type_: IntegrationType) -> dict[str, Any]:
    """Return what JSON has of a type in the list."""
    definition = type_.definition
    return {
        "name": type_.name,
        "title": type_.title,
        "origin": definition.origin if definition else "built-in",
        "check": check_state(type_),
        "proven_on": definition.control.date if definition and definition.is_proven and definition.control else None,
        "file": str(definition.path) if definition else None,
        "sha256": definition.sha256 if definition else None,
    }
