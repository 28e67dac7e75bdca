"""The command `switchboard`: what it has, and how its arguments are run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tui import __version__
from tui.cli.parsing import Option, group
from tui.cli.request import OpenConsole, Options
from tui.cli.usage import usage_failure

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAM = "switchboard"


# In the order in which somebody who starts needs them.
@group(
    name=PROGRAM,
    locked=True,
    lazy_commands={
        "demo": "tui.cli.setup.demo:demo",
        "setup": "tui.cli.setup.setup:setup",
        "schema": "tui.cli.setup.schema:schema",
        "doctor": "tui.cli.setup.doctor:doctor",
        "types": "tui.cli.types:types",
        "integrations": "tui.cli.integrations:integrations",
        "check": "tui.cli.integrations.check:check",
        "run": "tui.cli.integrations.lend:run",
        "permissions": "tui.cli.permissions:permissions",
        "access": "tui.cli.access:access",
        "phone-numbers": "tui.cli.numbers:phone_numbers",
        "serve": "tui.cli.serve:serve",
        "audit": "tui.cli.audit:audit",
        "keys": "tui.cli.keys:keys",
        "completion": "tui.cli.completion.command:completion",
        "help": "tui.cli.about.help:help_",
        "version": "tui.cli.about.version:version",
    },
    invoke_without_command=True,
    context_settings={"max_content_width": 80},
    epilog="Settings come from the environment and from ./.env or a profile; secrets from there, standard input or a "
    "file, and never from options or arguments.",
)
@click.version_option(
    __version__, message=f"{PROGRAM} {__version__}", help="Print the version.", cls=Option, locked=True
)
@click.pass_obj
def switchboard(options: Options) -> OpenConsole:
    """Look after the integration credentials an organisation keeps in Postgres.

    Without a command the console opens, or its wizard where nothing is set up.
    """
    return OpenConsole(options)


def run_command(arguments: Sequence[str], options: Options) -> int | OpenConsole:
    """Run the command that the arguments name, filling in `options`; return its exit status, or what to open.

    Raises SwitchboardError, InvalidInput for wrong usage among it.
    """
    try:
        with switchboard.make_context(PROGRAM, list(arguments), obj=options) as context:
            request: OpenConsole | None = switchboard.invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.UsageError as wrong:
        raise usage_failure(wrong) from None
    return request or 0
