"""How the command line is taken apart: the options every command takes, kinds of values, and wrong usage."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli.request import Options
from tui.data.errors import InvalidInput
from tui.text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence


class Text(click.ParamType[str]):
    """A text of at least one character that is Unicode: a terminal or a script may pass on bytes that are not."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text. Raises InvalidInput, which never repeats it."""
        text = str(value)
        what = param.opts[0] if isinstance(param, click.Option) else f"The argument {_name(param)}"
        if not text.strip():
            raise InvalidInput(f"{what} is empty.", "Give it a value, or leave it out.")
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise InvalidInput(f"{what} is not valid UTF-8 text.", "Type it again in a UTF-8 terminal.")
        return text


class Count(click.ParamType[int]):
    """A whole number from 1 to a highest one."""

    name = "number"

    def __init__(self, highest: int) -> None:
        self.highest = highest

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number. Raises InvalidInput."""
        text = str(value)
        if not (text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= self.highest):
            what = param.opts[0] if param else "The number"
            raise InvalidInput(f"{what} is not a number from 1 to {self.highest}.", "Give one, such as 100.")
        return int(text)


def _remember(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value and parameter.name:
        options = context.ensure_object(Options)
        setattr(options, parameter.name, Path(value) if parameter.name == "env_file" else value)


def _option(flag: str, *, text: str = "", metavar: str | None = None) -> click.Option:
    # Said of an option with a value, is_flag=False would let click accept it without one.
    kind = {"is_flag": True} if metavar is None else {"type": Text()}
    return click.Option(
        [flag],
        **kind,
        metavar=metavar,
        help=text,
        expose_value=False,
        callback=_remember,
    )


COMMON: list[click.Parameter] = [
    _option("--organization", metavar="ID|NAME", text="The organisation to look at."),
    _option("--operator", metavar="ID|E-MAIL", text="Who you are, for the audit log."),
    _option("--env-file", metavar="FILE", text="Read settings from FILE instead of ./.env."),
    _option("--read-only", text="Write nothing but the log."),
    _option("--json", text="Print JSON; failures too, on standard error."),
    _option("--yes", text="Do not ask for confirmation."),
]


class Command(click.Command):
    """A command that takes the common options."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return its own parameters, then the common ones."""
        return _with_common(super().get_params(ctx))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write its own options, then the common ones."""
        _write_options(self, ctx, formatter)


class Group(click.Group):
    """A family of commands, listed in the order they were added, that takes the common options."""

    command_class = Command

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return its own parameters, then the common ones."""
        return _with_common(super().get_params(ctx))

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order they were added."""
        return list(self.commands)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands first, then the options."""
        self.format_commands(ctx, formatter)
        _write_options(self, ctx, formatter)


Group.group_class = Group


def usage_failure(wrong: click.UsageError) -> InvalidInput:
    """Say in our own form what was wrong; no value is repeated, since it may be a secret in the wrong place."""
    command = plain(wrong.ctx.command_path if wrong.ctx else "switchboard")
    look = f"See `{command} --help`."
    if isinstance(wrong, click.exceptions.NoSuchCommand):
        sentence = f"`{command}` has no such command."
        return InvalidInput(sentence, _suggestion(wrong.possibilities) or f"Commands are: {_commands(wrong)}.")
    if isinstance(wrong, click.exceptions.NoSuchOption):
        return InvalidInput(f"`{command}` has no such option.", _suggestion(wrong.possibilities) or look)
    if isinstance(wrong, click.MissingParameter):
        return InvalidInput(f"`{command}` needs {_name(wrong.param)}.", look)
    if isinstance(wrong, click.exceptions.BadOptionUsage):
        option = plain(wrong.option_name)
        problem = "needs a value" if "requires an argument" in wrong.message else "takes no value"
        return InvalidInput(f"The option {option} {problem}.", look)
    if isinstance(wrong, click.exceptions.NoArgsIsHelpError):
        return InvalidInput(f"`{command}` needs a command.", f"Commands are: {_commands(wrong)}.")
    return InvalidInput(f"`{command}` takes no further argument.", f"{look} Secrets and JSON come from standard input.")


def _with_common(parameters: Sequence[click.Parameter]) -> list[click.Parameter]:
    return [*parameters, *COMMON]


def _write_options(command: click.Command, context: click.Context, formatter: click.HelpFormatter) -> None:
    parameters = command.get_params(context)
    own = [parameter for parameter in parameters if parameter not in COMMON]
    for title, listed in (("Options", own), ("Common options, before or after the command", COMMON)):
        records = [parameter.get_help_record(context) for parameter in listed if isinstance(parameter, click.Option)]
        with formatter.section(title):
            formatter.write_dl([record for record in records if record is not None])


def _name(parameter: click.Parameter | None) -> str:
    if parameter is None:
        return "a value"
    return (
        parameter.opts[0] if isinstance(parameter, click.Option) else str(parameter.metavar or parameter.name).upper()
    )


def _suggestion(possibilities: Sequence[str] | None) -> str:
    return f"Did you mean {' or '.join(possibilities)}?" if possibilities else ""


def _commands(wrong: click.UsageError) -> str:
    context = wrong.ctx
    if context is None or not isinstance(context.command, click.Group):
        return "see --help"
    return ", ".join(context.command.list_commands(context))
