"""Writes the command lines of what a screen shows, which sh, bash, zsh and fish read alike."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from tui.cli.about.help import context_of
from tui.cli.parsing import COMMON, Command
from tui.cli.request import Options
from tui.cli.root import PROGRAM, switchboard
from tui.errors import InvalidInput
from tui.locked.mode import ORIGINAL_COMMAND, words_over_ssh
from tui.words.text import safe_characters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tui.words.log.invocation import Invocation

    Values = Mapping[str, str | bool | Sequence[str]]

# A shell reads all of it before it runs the first: a question of that one is not answered by the next line.
ONE_AFTER_THE_OTHER = " &&\n"
# Without settings of the demo the command behind it would reach another database: eval of nothing succeeds.
IN_THE_DEMO = 'eval "$(switchboard demo --env || echo false)" && '
# What no shell acts upon in any place: zsh takes a first = for the path of a program, and fish %self for its number.
_PLAIN = re.compile(r"[A-Za-z0-9_@+:,./-]+")
_QUOTES_BACKSLASHES_OTHERS = re.compile(r"'+|\\+|[^'\\]+")


def command_line(
    invocations: Sequence[Invocation], options: Options, profile: str | None, *, is_demo: bool = False
) -> str:
    """Return the commands, one on each line, with what the console was started with that they need as well.

    `profile` is the one in use. Those of the locked console are for `ssh`, with HOST in place of the host's name.
    Raises InvalidInput for a text that does not survive being copied.
    """
    given = options_of_console(options, profile)
    lines = [" ".join(map(quoted, arguments_of(invocation, given))) for invocation in invocations]
    if options.locked:
        lines = [_over_ssh(invocation, line) for invocation, line in zip(invocations, lines, strict=True)]
    return (IN_THE_DEMO if is_demo and lines else "") + ONE_AFTER_THE_OTHER.join(lines)


def quoted(text: str) -> str:
    """Return a text that is not empty as one word of a shell.

    Not by shlex.quote: within single quotes fish undoes backslashes, which therefore stand outside, and zsh with its
    option rcquotes takes two that touch there for one.
    """
    return text if _PLAIN.fullmatch(text) else _QUOTES_BACKSLASHES_OTHERS.sub(_quoted_part, text)


def _quoted_part(part: re.Match[str]) -> str:
    match (characters := part[0])[0]:
        case "'":
            return f'"{characters}"'
        case "\\":
            return characters * 2
        case _:
            return f"'{characters}'"


def _over_ssh(invocation: Invocation, line: str) -> str:
    """Return what has a line run in the locked console behind a host. Raises InvalidInput for what is refused there."""
    words_over_ssh({ORIGINAL_COMMAND: line})
    command = _context(invocation).command
    # Without a terminal nothing is asked, and what would be is refused.
    asks = isinstance(command, Command) and command.needs.writes == "data"
    return f"ssh {'-t ' if asks else ''}HOST {quoted(line)}"


def _context(invocation: Invocation) -> click.Context:
    return context_of(click.Context(switchboard, info_name=PROGRAM), tuple(invocation.command.split()))


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
    context = _context(invocation)
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
