"""Click's commands, options and values with what is Switchboard's own: requirements, the locked console, completion."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from importlib.util import find_spec
from inspect import iscoroutinefunction
from types import CodeType
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from tui.cli.completion.candidates import files, organizations, people, profiles, words
from tui.cli.request import FORMS, Options
from tui.cli.requirements import Requirements
from tui.errors import InvalidInput
from tui.locked.mode import closed
from tui.words.text import is_unicode, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


LONGEST_SENTENCE = 1000


class Option(click.Option):
    """An option; it is closed in the locked console unless `locked` says that it works there.

    With a `metavar` it takes a text, unless `type` says otherwise; without one it is a flag. `needs` replaces the
    command's own requirements where the option is given. `bare` is the number that it takes where it stands alone.
    """

    def __init__(
        self,
        *arguments: Any,
        locked: bool = False,
        needs: Requirements | None = None,
        bare: int | None = None,
        **attributes: Any,
    ) -> None:
        # Said of an option with a value, is_flag=False would let click accept it without one.
        if "metavar" in attributes:
            attributes.setdefault("type", Text())
        else:
            attributes["is_flag"] = True
        super().__init__(*arguments, **attributes)
        self.locked = locked
        self.needs = needs
        self.bare = bare


class Argument(click.Argument):
    """An argument, by default a text; `locked` says that it works in the locked console.

    `without` replaces the command's own requirements where it is left out.
    """

    def __init__(
        self, *arguments: Any, locked: bool = False, without: Requirements | None = None, **attributes: Any
    ) -> None:
        attributes.setdefault("type", Text())
        super().__init__(*arguments, **attributes)
        self.locked = locked
        self.without = without


option = partial(click.option, cls=Option)
argument = partial(click.argument, cls=Argument)


class Text(click.ParamType[str]):
    """A text that is neither blank nor broken: a terminal or a script may pass on bytes that are no UTF-8."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text. Raises InvalidInput, which never repeats it: it may be a secret in the wrong place."""
        text = str(value)
        what = param.opts[0] if isinstance(param, click.Option) else f"The argument {parameter_name(param)}"
        if not text.strip():
            raise InvalidInput(f"{what} is empty.", "Give it a value, or leave it out.")
        if not is_unicode(text):
            raise InvalidInput(f"{what} is not valid UTF-8 text.", "Type it again in a UTF-8 terminal.")
        return text


class Count(click.ParamType[int]):
    """A whole number from `lowest` to `highest`."""

    name = "number"

    def __init__(self, highest: int, *, lowest: int = 1) -> None:
        self.highest = highest
        self.lowest = lowest

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number. Raises InvalidInput."""
        text = str(value)
        if not (text.isascii() and text.isdigit() and len(text) <= 9 and self.lowest <= int(text) <= self.highest):
            what = param.opts[0] if param else "The number"
            problem = f"{what} is not a number from {self.lowest} to {self.highest}."
            raise InvalidInput(problem, f"Give one, such as {min(100, self.highest)}.")
        return int(text)


class OneOf(click.ParamType[str]):
    """One of a few words."""

    name = "word"

    def __init__(self, words: Sequence[str]) -> None:
        self.words = words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word. Raises InvalidInput, which never repeats it."""
        if value not in self.words:
            what = param.opts[0] if isinstance(param, click.Option) else f"The argument {parameter_name(param)}"
            *others, last = self.words
            raise InvalidInput(f"{what} is not {', '.join(others)} or {last}.", "Give one of them.")
        return str(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
        """Complete with the words."""
        return words(*self.words)(ctx, param, incomplete)


def _store_common_option(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value and parameter.name:
        options = context.ensure_object(Options)
        setattr(options, parameter.name, value)
        require_one_form(options, options.format)


def require_one_form(options: Options, form: str | None) -> None:
    """Raise InvalidInput where --json was given beside a form that is another one."""
    if options.json and form not in (None, "json"):
        raise InvalidInput(f"--json and --format {form} contradict each other.", "Give one of them.")


def _store_profile(context: click.Context, _parameter: click.Parameter, names: tuple[str, ...]) -> None:
    options = context.ensure_object(Options)
    named = {name for name in (options.profile, *names) if name}
    if len(named) > 1:
        # The last one alone would be opened, and somebody reads the first.
        raise InvalidInput("--profile names several profiles.", "Give one of them.")
    options.profile = next(iter(named), None)


def _common_option(*names: str, **attributes: Any) -> Option:
    return Option(names, **attributes, expose_value=False, callback=_store_common_option)


COMMON: list[click.Parameter] = [
    _common_option(
        "--organization",
        metavar="ID|NAME",
        help="The organisation, by id, name or a unique beginning.",
        locked=True,
        shell_complete=organizations,
    ),
    # Open for the forced command itself; `words_over_ssh` refuses it: the log would name whom a person claims to be.
    _common_option(
        "--operator", metavar="ID|E-MAIL", help="Who you are, for the audit log.", locked=True, shell_complete=people
    ),
    # Closed in the locked console, where no act reads other settings than root's.
    _common_option(
        "--env-file", metavar="FILE", help="Read settings from FILE instead of ./.env.", shell_complete=files
    ),
    # Open for the forced command itself, as --operator is.
    Option(
        ("--profile",),
        multiple=True,
        expose_value=False,
        callback=_store_profile,
        metavar="NAME",
        help="Read the settings of the profile NAME.",
        locked=True,
        shell_complete=profiles,
    ),
    _common_option("--read-only", help="Write nothing but rows of the audit log.", locked=True),
    _common_option("--json", help="Print JSON; failures too, on standard error.", locked=True),
    _common_option(
        "--format",
        "-o",
        metavar="FORMAT",
        type=OneOf(FORMS),
        help="Print table, json, jsonl (a line each) or csv.",
        locked=True,
    ),
    _common_option("--yes", help="Do not ask for confirmation.", locked=True),
    _common_option("--locked", help="Run locked: nothing leads out of Switchboard.", locked=True),
]


watch_option = option(
    "--watch",
    bare=2,
    locked=True,
    type=Count(3600),
    metavar="[=SECONDS]",
    expose_value=False,
    callback=_store_common_option,
    help="Read it again every 2 s, or every SECONDS, until ctrl+c.",
)
"""For lists, which a person at a terminal may watch."""


class Command(click.Command):
    """A command that takes the common options; `locked` says that it works in the locked console.

    `needs` is what it requires. A function that is `async` is the work itself, and gets the session and the output
    before its parameters. Any other needs no session, or it refuses what was typed before anything is connected to and
    returns the work.
    """

    def __init__(
        self, *arguments: Any, locked: bool = False, needs: Requirements | None = None, **attributes: Any
    ) -> None:
        super().__init__(*arguments, **attributes)
        self.locked = locked
        self.needs = needs or Requirements()

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments. Raises InvalidInput for what is closed in the locked console."""
        args = _with_bare_values(self, args)
        try:
            _refuse_closed_options(self, ctx, args)
            return super().parse_args(ctx, args)
        except click.UsageError as wrong:
            # Where an option has no value, click does not say of which command.
            wrong.ctx = wrong.ctx or ctx
            raise

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; return the console that it asks for."""
        work = self.work(ctx)
        if not callable(work):
            return work
        # Not above: it imports asyncio, psycopg and cryptography, which no help and no wrong usage has to wait for.
        from tui.cli.run import run

        return run(ctx.find_object(Options) or Options(), work, self.requirements(ctx))

    def get_help_option_names(self, ctx: click.Context) -> list[str]:
        """Return the names of the option that every command has."""
        return ["--help", "-h"]

    def requirements(self, ctx: click.Context) -> Requirements:
        """Return its requirements, or those of an option that is given or an argument that is left out."""
        # A 0 that was given is given.
        given = {name for name, value in ctx.params.items() if value not in (None, False, ())}
        replacing = [
            *(option.needs for option in self.params if isinstance(option, Option) and option.name in given),
            *(part.without for part in self.params if isinstance(part, Argument) and part.name not in given),
        ]
        return next((needs for needs in replacing if needs), self.needs)

    def work(self, ctx: click.Context) -> Any:
        """Return the work with its parameters filled in, or what the function returns instead."""
        if iscoroutinefunction(self.callback):
            return partial(self.callback, **ctx.params)
        return super().invoke(ctx)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return its own parameters, then the common ones, but for an option that it has of its own."""
        own = super().get_params(ctx)
        names = {name for parameter in own for name in parameter.opts}
        return [*own, *(option for option in COMMON if names.isdisjoint(option.opts))]

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what it does; in the locked console without the paragraphs about what is closed there."""
        closed_names = {name for part in self.params if not _is_open(part, ctx) for name in part.opts}
        paragraphs = (self.help or "").split("\n\n")
        shown = "\n\n".join(text for text in paragraphs if closed_names.isdisjoint(text.split()))
        click.Command(self.name, help=shown).format_help_text(ctx, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write its own options, then the common ones."""
        parameters = self.get_params(ctx)
        own = [parameter for parameter in parameters if parameter not in COMMON]
        common = [parameter for parameter in parameters if parameter in COMMON]
        for title, listed in (("Options", own), ("Common options, before or after the command", common)):
            options = [option for option in listed if isinstance(option, click.Option) and _is_open(option, ctx)]
            records = [option.get_help_record(ctx) for option in options]
            with formatter.section(title):
                formatter.write_dl([record for record in records if record is not None])


class Group(Command, click.Group):
    """A group of commands that takes the common options; `locked` says that it works in the locked console.

    `lazy_commands` says of each command, in the order in which they are listed, where it is ("module:function"): its
    module is imported when the command is asked for.
    """

    def __init__(self, *arguments: Any, lazy_commands: Mapping[str, str], **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.lazy_commands = lazy_commands

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name."""
        module, _, function = self.lazy_commands.get(cmd_name, "").partition(":")
        return getattr(import_module(module), function) if module else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of that name. Raises InvalidInput for one that is closed in the locked console."""
        try:
            name, command, rest = super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            raise click.exceptions.NoSuchCommand(
                error.command_name, possibilities=self.list_commands(ctx), ctx=ctx
            ) from None
        if command is not None and not _is_open(command, ctx):
            raise closed(f"`{plain(ctx.command_path)} {name}`")
        return name, command, rest

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """Complete with the commands and what they are, of which none is imported; after a - with options."""
        listed = [(name, self._first_sentence(name)) for name in self.list_commands(ctx) if name.startswith(incomplete)]
        found = [CompletionItem(name, help=help_) for name, help_ in listed]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def _first_sentence(self, name: str) -> str:
        return first_sentence(click.Command(name, help=_docstring(self.lazy_commands[name])))

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names; in the locked console those of the commands that work there."""
        names = [*self.lazy_commands]
        return [name for name in names if _is_open(self.get_command(ctx, name), ctx)] if is_locked(ctx) else names

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, each with the first sentence of its help."""
        names = self.list_commands(ctx)
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._first_sentence(name)) for name in names])

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands first, then the options."""
        self.format_commands(ctx, formatter)
        super().format_options(ctx, formatter)


def first_sentence(command: click.Command) -> str:
    """Return the first sentence of a command's help, whole: click would cut it at the width of a line."""
    return command.get_short_help_str(limit=LONGEST_SENTENCE)


def _docstring(place: str) -> str:
    """Return the docstring of a function ("module:function") out of the module's code, which is not run.

    A help that imports every command of its group, and with them psycopg, takes four times as long.
    """
    module, _, function = place.partition(":")
    spec: Any = find_spec(module)
    constants = (constant for constant in spec.loader.get_code(module).co_consts if isinstance(constant, CodeType))
    return str(next(code.co_consts[0] for code in constants if code.co_name == function))


def command(*, cls: type[Command] = Command, **attributes: Any) -> Callable[[Callable[..., Any]], Command]:
    """Make a command of a function, with its docstring as the help."""
    return click.command(cls=cls, **attributes)


def group(**attributes: Any) -> Callable[[Callable[..., Any]], Group]:
    """Make a group of a function, with its docstring as the help."""
    return click.group(cls=Group, **attributes)


def is_locked(context: click.Context | None) -> bool:
    """Tell whether the command line is read for the locked console."""
    options = context.find_object(Options) if context else None
    return options is not None and options.locked


def _is_open(part: click.Command | click.Parameter | None, context: click.Context) -> bool:
    """Whether a command, an option or an argument works here; in the locked console it has to say so itself."""
    if not is_locked(context) or part is context.command.get_help_option(context):
        return True
    return getattr(part, "locked", False) is True


def _refuse_closed_options(command: click.Command, context: click.Context, arguments: list[str]) -> None:
    """Raise InvalidInput for a closed option, before an eager one such as --version takes effect."""
    if is_locked(context):
        _, _, parameters = command.make_parser(context).parse_args(list(arguments))
        for parameter in parameters:
            if not _is_open(parameter, context):
                raise closed(f"The option {parameter.opts[0]}")


def _with_bare_values(command: click.Command, arguments: list[str]) -> list[str]:
    """Give an option that stands alone its own value: a number behind it may be a filter or a phone number."""
    bare = {name: option.bare for option in command.params if isinstance(option, Option) for name in option.opts}
    return [argument if bare.get(argument) is None else f"{argument}={bare[argument]}" for argument in arguments]


def parameter_name(parameter: click.Parameter | None) -> str:
    """Return what a person calls a parameter: --limit, TYPE."""
    if parameter is None:
        return "a value"
    return (
        parameter.opts[0] if isinstance(parameter, click.Option) else str(parameter.metavar or parameter.name).upper()
    )
