"""The command `types check`: whether the check of a definition can say no, and the file told so."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from tui.cli.completion.candidates import types_or_files
from tui.cli.credential_input import ask_fields, read_object
from tui.cli.output import Output
from tui.cli.parsing import argument, command
from tui.cli.requirements import Requirements
from tui.cli.types.lookup import find_type
from tui.errors import CheckFailed, ConfigError, InvalidInput
from tui.providers.declared.control import control
from tui.providers.declared.control_table import control_table, with_control
from tui.providers.declared.definition import Control, Definition
from tui.providers.declared.description import hosts_of
from tui.providers.declared.files import read_content
from tui.providers.declared.reading import shown_path
from tui.providers.validation import validate
from tui.settings.checked_file import replace_file
from tui.words.integrations.description import verdict_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.cli.request import Options
    from tui.providers.fields import IntegrationType
    from tui.providers.verdicts import Report

OF_REAL, OF_MADE_UP = "what you gave", "a made-up secret"


@command(needs=Requirements(finds=True))
@argument("type_or_file", metavar="TYPE|FILE", shell_complete=types_or_files)
@click.pass_obj
def check(options: Options, type_or_file: str) -> None:
    """Ask with a credential and again with a made-up secret: a check that says yes to both proves nothing.

    The credential is asked for on the terminal, or read from standard input as one JSON object; it is not kept. Of a
    mailbox the user name is made up as well, so that no mailbox is locked. A check that said yes and then no is noted
    in the file, as [control]; that of a shipped type is printed. Exits with 5 where the check is not proven.

    \b
    Example, with the object in a file:
        switchboard types check acme_voice.toml < credential.json
    """
    out = Output(options.form, yes=options.yes)
    type_ = find_type(type_or_file, out)
    definition = type_.definition
    if definition is None:
        raise InvalidInput(f"{type_.name} is a built-in type; its check needs no control.", "Name a declared type.")
    if definition.check is None:
        raise InvalidInput(f"{type_.name} has no [check], so nothing can be proven.", "Add one to its file.")
    _require_writable(definition)
    prove(definition, _credential(type_, definition, out), out)


def prove(definition: Definition, credential: Mapping[str, Any], out: Output) -> None:
    """Make the control, and note it in the definition's file. Raises CheckFailed where the check is not proven."""
    result = asyncio.run(control(definition, credential))
    for whose, report in ((OF_REAL, result.real), (OF_MADE_UP, result.scrambled)):
        for verdict in report.verdicts if report else ():
            out.say(f"With {whose}: {verdict_words(verdict)}")
    record: dict[str, Any] = {
        "name": definition.name,
        "is_proven": result.is_proven,
        "credential": _said(result.real),
        "made_up_secret": _said(result.scrambled),
        "sentence": result.sentence,
        "what_to_do": result.what_to_do,
    }
    if not result.is_proven:
        if not out.as_table:
            out.data(record | {"control": None, "file": None})
        is_refuted = definition.is_proven and result.scrambled is not None and result.scrambled.passed
        still = f" Take [control] out of {shown_path(definition.path)}." if is_refuted else ""
        raise CheckFailed(result.sentence, f"{result.what_to_do}{still}")
    made = Control(datetime.now(UTC).date(), definition.check_sha256)
    is_written = definition.origin != "shipped"
    if is_written:
        _write(definition, made)
    record |= {
        "control": {"date": made.date, "sha256": made.check_sha256},
        "file": str(definition.path) if is_written else None,
    }
    if is_written:
        out.result(record, f"{result.sentence} {shown_path(definition.path)} says so now.")
    else:
        out.result(record, f"{result.sentence} This goes into the file of the package:")
        if out.as_table:
            sys.stdout.write(control_table(made))


def _credential(type_: IntegrationType, definition: Definition, out: Output) -> dict[str, Any]:
    """Ask for the credential, or read it. Raises InvalidInput where it is not accepted."""
    if sys.stdin is not None and sys.stdin.isatty():
        out.say(
            f"{definition.title} is asked at {' and '.join(hosts_of(definition))}: with what you enter here, and "
            "with a made-up secret."
        )
        values = ask_fields(type_, out)
    else:
        values = read_object(type_)
    checked = validate(type_, values)
    if checked.problems:
        problems = " ".join(f"{field}: {sentence}" for field, sentence in checked.problems.items())
        raise InvalidInput(f"The credential was not accepted. {problems}", "Correct it and run it again.")
    for field, sentence in checked.warnings.items():
        out.warn(f"{field}: {sentence}")
    return checked.credential


def _said(report: Report | None) -> str | None:
    """What the provider said, in a word; None where it was not asked."""
    if report is None:
        return None
    return "yes" if report.passed else "no" if report.says_no else "unknown"


def _require_writable(definition: Definition) -> None:
    """Raise ConfigError before anybody is asked for a secret where the control could not be noted afterwards."""
    if definition.origin != "shipped" and not os.access(definition.path.absolute().parent, os.W_OK):
        raise ConfigError(
            f"{shown_path(definition.path)} cannot be replaced by you, so no control can be noted in it.",
            "Run it as the owner of the folder, or with a copy of the file.",
        )


def _write(definition: Definition, made: Control) -> None:
    changed = with_control(read_content(definition.path, definition.origin) or b"", made, definition)
    mode = stat.S_IMODE(definition.path.stat().st_mode)
    replace_file(definition.path, changed, mode=mode)
