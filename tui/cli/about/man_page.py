"""The manual page, in the macros of man(7): made of the commands themselves, as their helps are."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import click

from tui import __version__
from tui.cli.parsing import COMMON, Command, first_sentence, is_locked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

EXIT_STATUSES = {
    "0": "Done.",
    "1": "It failed.",
    "2": "Wrong usage or input.",
    "3": "Refused by the database's permissions.",
    "4": "The master key is missing or wrong.",
    "5": "It ran and found something.",
    "70": "A crash.",
    "126": "The program that was named cannot be executed.",
    "127": "There is no program of that name.",
    "128+n": "Ended by the signal n.",
}


def man_page(root: click.Context) -> str:
    """Return the page of the program and of every command that works here, as roff."""
    lines = [
        f'.TH SWITCHBOARD 1 "" "switchboard {__version__}"',
        # Not hyphenated, and ragged: what is copied is what was written.
        ".nh",
        ".ad l",
        ".SH NAME",
        f"switchboard \\- {_text(_summary(root.command))}",
        ".SH SYNOPSIS",
        *_usage(root),
        ".SH DESCRIPTION",
        *_paragraphs(root.command.help),
        *_paragraphs(root.command.epilog),
        ".SH COMMANDS",
    ]
    for context in _contexts(root):
        command = context.command
        lines += [f".SS {_text(context.command_path)}", *_usage(context), *_paragraphs(command.help)]
        lines += [*_options(context), *_paragraphs(command.epilog)]
        if isinstance(command, Command):
            statuses = ", ".join(map(str, command.needs.exit_statuses))
            lines += [".PP", f"Exit status: {statuses}."]
    lines += [".SH OPTIONS", *_options(root), ".PP", "Before or after any command:", *_common_options(root)]
    lines += [".SH EXIT STATUS", *(line for name, what in EXIT_STATUSES.items() for line in (".TP", name, what))]
    return "\n".join(lines) + "\n"


def _contexts(context: click.Context) -> Iterator[click.Context]:
    """Yield a context for each command that is no group, in the order of the lists."""
    command = context.command
    if not isinstance(command, click.Group):
        yield context
        return
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        if inner is not None:
            yield from _contexts(click.Context(inner, info_name=name, parent=context))


def _usage(context: click.Context) -> list[str]:
    pieces = " ".join(context.command.collect_usage_pieces(context))
    return [f"\\fB{_text(context.command_path)}\\fR {_text(pieces)}"]


def _options(context: click.Context) -> Iterator[str]:
    """Yield its own options; --help is the program's."""
    own = [parameter for parameter in context.command.get_params(context) if parameter not in COMMON]
    helping = None if context.parent is None else context.command.get_help_option(context)
    return _described([parameter for parameter in own if parameter is not helping], context)


def _common_options(context: click.Context) -> Iterator[str]:
    return _described(COMMON, context)


def _described(parameters: Sequence[click.Parameter], context: click.Context) -> Iterator[str]:
    for parameter in parameters:
        record = parameter.get_help_record(context)
        if record is not None and (not is_locked(context) or getattr(parameter, "locked", True)):
            yield from (".TP", f"\\fB{_text(record[0])}\\fR", _text(record[1]))


def _summary(command: click.Command) -> str:
    sentence = first_sentence(command).rstrip(".")
    return sentence[:1].lower() + sentence[1:]


def _paragraphs(text: str | None) -> Iterator[str]:
    """Yield the paragraphs of a help; one that begins with \\b keeps its lines."""
    for paragraph in inspect.cleandoc(text or "").split("\n\n"):
        lines = paragraph.splitlines()
        if lines and lines[0] == "\b":
            yield from (".PP", ".nf", *map(_text, lines[1:]), ".fi")
        elif lines:
            yield from (".PP", _text(" ".join(lines)))


def _text(text: str) -> str:
    """Return a text that roff sets as it is: a - that can be copied, and no line that is a request."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    return f"\\&{escaped}" if escaped.startswith(".") else escaped
