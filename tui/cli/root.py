"""The command `switchboard`: its families of commands, and running one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tui import __version__
from tui.cli.audit.commands import audit
from tui.cli.demo import demo
from tui.cli.integrations.commands import integrations
from tui.cli.keys import keys
from tui.cli.numbers.commands import phone_numbers
from tui.cli.parsing import Group, Option, usage_failure
from tui.cli.permissions.commands import permissions
from tui.cli.request import OpenConsole, Options
from tui.cli.setup.commands import setup
from tui.cli.setup.doctor import doctor
from tui.cli.setup.schema import schema

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAM = "switchboard"


@click.group(
    PROGRAM,
    locked=True,
    cls=Group,
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


for command in (demo, setup, schema, doctor, integrations, permissions, phone_numbers, audit, keys):
    switchboard.add_command(command)


def run_command(arguments: Sequence[str], options: Options) -> int | OpenConsole:
    """Run the command that the arguments name, filling in `options`; return its exit status, or what to open.

    Raises SwitchboardError, InvalidInput for wrong usage among it.
    """
    try:
        with switchboard.make_context(PROGRAM, list(arguments), obj=options) as context:
            outcome: int | OpenConsole = switchboard.invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.UsageError as wrong:
        raise usage_failure(wrong) from None
    return outcome
