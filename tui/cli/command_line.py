"""Writes the command lines of what a screen shows, for a POSIX shell."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from tui.cli.about.help import context_of
from tui.cli.parsing import COMMON
from tui.cli.request import Options
from tui.cli.root import PROGRAM, switchboard
from tui.errors import InvalidInput
from tui.words.text import safe_characters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tui.words.invocation import Invocation

    Values = Mapping[str, str | bool | Sequence[str]]

# A shell reads all of it before it runs the first: a question of that one is not answered by the next line.
ONE_AFTER_THE_OTHER = " &&\n"


def command_line(invocations: Sequence[Invocation], options: Options, profile: str | None) -> str:
    """Return the commands, one on each line, with what the console was started with that they need as well.

    `profile` is the one in use. Raises InvalidInput for a text that does not survive being copied.
    """
    given = options_of_console(options, profile)
    return ONE_AFTER_THE_OTHER.join(shlex.join(arguments_of(invocation, given)) for invocation in invocations)


def options_of_console(options: Options, profile: str | None) -> Options:
    """Return of the options that a console was started with those that lead a command to the same place."""
    if options.locked:
        # Who somebody is, and on which database, stands in the forced command.
        return Options()
    env_file = None if profile else options.env_file
    return Options(operator=options.operator, env_file=env_file, profile=profile, read_only=options.read_only)


def arguments_of(invocation: Invocation, given: Options) -> list[str]:
    """Return the words of a command line, `switchboard` first. Raises InvalidInput as `command_line` does."""
    names = tuple(invocation.command.split())
    context = context_of(click.Context(switchboard, info_name=PROGRAM), names)
    organization = str(invocation.organization_id) if invocation.organization_id else None
    common = replace(given, organization=organization)
    values = dict(invocation.values) | {str(option.name): getattr(common, str(option.name)) for option in COMMON}
    arguments: list[str] = []
    options: list[str] = []
    for parameter in context.command.get_params(context):
        value = values.pop(str(parameter.name), None)
        texts = [] if not value or value is True else [value] if isinstance(value, str) else [*value]
        if isinstance(parameter, click.Argument):
            arguments += texts
        elif value is True:
            options.append(parameter.opts[0])
        elif value is False and parameter.secondary_opts:
            options.append(parameter.secondary_opts[0])
        else:
            for text in texts:
                # A value that begins with a dash would be another option.
                options += [f"{parameter.opts[0]}={text}"] if text.startswith("-") else [parameter.opts[0], text]
    if any(values.values()):
        raise TypeError(f"{invocation.command} has no {', '.join(values)}")
    _require_plain([*arguments, *options])
    if any(argument.startswith("-") for argument in arguments):
        return [PROGRAM, *names, *options, "--", *arguments]
    return [PROGRAM, *names, *arguments, *options]


def _require_plain(texts: Sequence[str]) -> None:
    """Raise InvalidInput for what a terminal would act upon or not show when it is pasted, and for what is blank."""
    if any(not text.strip() or safe_characters(text) != text for text in texts):
        raise InvalidInput(
            "A name here has characters that no command line can be trusted with.", "Act on it in the console."
        )
