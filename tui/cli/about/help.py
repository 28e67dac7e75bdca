"""The command `help`: what --help prints of a command, by its name; or the manual page."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tui.cli.output import Output
from tui.cli.parsing import argument, command, option
from tui.cli.request import Options
from tui.errors import InvalidInput
from tui.words.text import plain

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def _commands(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    found = context_of(context.find_root(), context.params.get("names") or ())
    return found.command.shell_complete(found, incomplete) if isinstance(found.command, click.Group) else []


@command(locked=True)
@argument("names", locked=True, nargs=-1, metavar="[COMMAND...]", shell_complete=_commands)
@option("--man", locked=True, help="Print the manual page of the program, in roff.")
@click.pass_context
def help_(context: click.Context, names: tuple[str, ...], man: bool) -> None:
    """Explain a command, or list all commands.

    \b
    Examples:
        switchboard help audit export
        switchboard help --man | man -l -
    """
    if man and names:
        raise InvalidInput("The manual page is of the whole program.", "Leave out the command, or --man.")
    if man:
        # Not above: it is rarely asked for.
        from tui.cli.about.man_page import man_page

        text = man_page(context.find_root()).removesuffix("\n")
    else:
        text = context_of(context.find_root(), names).get_help()
    out = Output((context.find_object(Options) or Options()).form)
    out.require_exact()
    if out.as_table:
        sys.stdout.write(f"{text}\n")
    else:
        out.data({"help": text})


def context_of(root: click.Context, names: tuple[str, ...]) -> click.Context:
    """Return the context of the command that the names lead to.

    Raises NoSuchCommand and InvalidInput, as running the command would.
    """
    context = root
    for name in names:
        group = context.command
        if not isinstance(group, click.Group):
            path = plain(context.command_path)
            raise InvalidInput(f"`{path}` has no commands.", f"See `{path} --help`.")
        _, found, _ = group.resolve_command(context, [name])
        if found is None:
            raise AssertionError("only while a shell completes, what there is not is None")
        context = click.Context(found, info_name=name, parent=context)
    return context
