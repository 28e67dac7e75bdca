"""The command `types list`: every integration type, who declares it, and which files have mistakes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tui.cli.output import Column, Output
from tui.cli.parsing import command, option
from tui.cli.requirements import Requirements
from tui.data.integrations.definitions import read_recorded, why_closed_to
from tui.providers import registry, type_file_mistakes, type_titles
from tui.providers.declared.description import check_state, check_words, origin_words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui.cli.request import Options, Work
    from tui.providers.fields import IntegrationType
    from tui.session.session import Session

RECORDED = Requirements("any", organization=False)
COLUMNS: tuple[Column[IntegrationType], ...] = (
    Column("TYPE", lambda type_: type_.name, shrinks_to=16),
    Column("TITLE", lambda type_: type_.title, shrinks_to=16),
    Column("ORIGIN", lambda type_: origin_words(type_.definition)),
    Column("CHECK", check_words),
)


@command(locked=True)
@option("--recorded", locked=True, needs=RECORDED, help="Ask the database which of your own are recorded.")
@click.pass_obj
def list_(options: Options, recorded: bool) -> Work | None:
    """List the integration types, and what is wrong with files that declare none.

    A check is proven once `switchboard types check FILE` has seen it say no. A file with a mistake is left out; the
    others go on. Of your own only those that are recorded open stored credentials (`switchboard types record`).
    """
    if recorded:
        return _list_recorded
    _write(Output(options.form), COLUMNS, record_of)
    return None


async def _list_recorded(session: Session, out: Output) -> None:
    known = await read_recorded(session.database)

    def words(type_: IntegrationType) -> str:
        if type_.definition is None or type_.definition.origin != "user":
            return "not needed"
        if why_closed_to(type_.definition, known) is None:
            return "yes"
        return "another file" if type_.name in known else "no"

    def record(type_: IntegrationType) -> dict[str, Any]:
        on_record = known.get(type_.name)
        return record_of(type_) | {"recorded": on_record.sha256 if on_record else None}

    _write(out, (*COLUMNS, Column("RECORDED", words)), record)
    for name in known.keys() - type_titles().keys():
        out.warn(
            f"{name} is recorded, and no file here declares it.",
            f"Where none does elsewhere either: `switchboard types record {name} --withdraw`.",
        )


def _write(
    out: Output, columns: Sequence[Column[IntegrationType]], record: Callable[[IntegrationType], dict[str, Any]]
) -> None:
    out.rows([*registry().values()], columns, record=record, empty="There are no types.")
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
