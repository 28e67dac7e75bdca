"""The command `switchboard`: finds all commands, and runs one of them."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import walk_packages
from typing import TYPE_CHECKING

import click

from tui import __version__, cli
from tui.cli.parsing import Group, Option, usage_failure
from tui.cli.request import OpenConsole, Options

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAM = "switchboard"
# In the order in which somebody who starts needs them.
ORDER = ("demo", "setup", "schema", "doctor", "integrations", "permissions", "phone-numbers", "audit", "keys")


@click.group(
    PROGRAM,
    locked=True,
    cls=Group,
    order=ORDER,
    invoke_without_command=True,
    context_settings={"max_content_width": 80},
    epilog="Settings come from the environment and from ./.env (locked: /etc/switchboard/env). Secrets are never "
    "options or arguments: they come from standard input, a file, or the environment.",
)
@click.version_option(
    __version__, message=f"{PROGRAM} {__version__}", help="Print the version.", cls=Option, locked=True
)
@click.pass_obj
def switchboard(options: Options) -> OpenConsole:
    """Look after the integration credentials that an organisation keeps in Postgres.

    Without a command the console opens; where nothing is set up yet, its setup wizard.
    """
    return OpenConsole(options)


@cache
def command_line() -> Group:
    """Return `switchboard` with every command.

    A command is in a module of a package below tui.cli, which adds it to its group. Modules named `view` have none, and
    would only slow a help down by what they import.
    """
    for module in walk_packages(cli.__path__, f"{cli.__name__}."):
        if module.name.count(".") > cli.__name__.count(".") + 1 and not module.name.endswith(".view"):
            import_module(module.name)
    return switchboard


def run_command(arguments: Sequence[str], options: Options) -> int | OpenConsole:
    """Run the command that the arguments name, filling in `options`; return its exit status, or what to open.

    Raises SwitchboardError, InvalidInput for wrong usage among it.
    """
    command = command_line()
    try:
        with command.make_context(PROGRAM, list(arguments), obj=options) as context:
            outcome: int | OpenConsole = command.invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.UsageError as wrong:
        raise usage_failure(wrong) from None
    return outcome
