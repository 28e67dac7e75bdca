"""Wrong usage as click finds it, in the program's own two sentences."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

import click

from tui.cli.parsing import parameter_name
from tui.errors import InvalidInput
from tui.words.text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

OPTION_NAME = re.compile(r"-[a-zA-Z]|--[a-z]{1,20}(?:-[a-z]{1,20}){0,3}")


def usage_failure(error: click.UsageError) -> InvalidInput:
    """Translate click's error; no value is repeated, since it may be a secret in the wrong place.

    An option that there is not is named where it is letters alone, which no key is.
    """
    command = plain(error.ctx.command_path if error.ctx else "switchboard")
    see_help = f"See `{command} --help`."
    if isinstance(error, click.exceptions.NoSuchCommand):
        sentence = f"`{command}` has no such command."
        return InvalidInput(sentence, _suggestion(error.possibilities) or f"Commands are: {_names_of_commands(error)}.")
    if isinstance(error, click.exceptions.NoSuchOption):
        name = error.option_name.partition("=")[0]
        named = f"No such option {name}." if OPTION_NAME.fullmatch(name) else f"`{command}` has no such option."
        return InvalidInput(named, _suggestion(_nearest(name, error.possibilities)) or see_help)
    if isinstance(error, click.MissingParameter):
        return InvalidInput(f"`{command}` needs {parameter_name(error.param)}.", see_help)
    if isinstance(error, click.exceptions.BadOptionUsage):
        option = plain(error.option_name)
        problem = "needs a value" if "requires an argument" in error.message else "takes no value"
        return InvalidInput(f"The option {option} {problem}.", see_help)
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return InvalidInput(f"`{command}` needs a command.", f"Commands are: {_names_of_commands(error)}.")
    return InvalidInput(
        f"`{command}` takes no further argument.", f"{see_help} Secrets and JSON come from standard input."
    )


def _nearest(name: str, possibilities: Sequence[str] | None) -> list[str]:
    """Return the one option that is most like the name; click names up to three."""
    return difflib.get_close_matches(name, possibilities or (), n=1, cutoff=0.0)


def _suggestion(possibilities: Sequence[str] | None) -> str:
    return f"Did you mean {' or '.join(possibilities)}?" if possibilities else ""


def _names_of_commands(error: click.UsageError) -> str:
    context = error.ctx
    if context is None or not isinstance(context.command, click.Group):
        return "see --help"
    return ", ".join(context.command.list_commands(context))
