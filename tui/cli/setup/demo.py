"""The command `demo`: the console on an embedded Postgres with sample data, or that database's settings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from tui.cli.output import Output
from tui.cli.parsing import command, option
from tui.cli.request import OpenConsole, Options
from tui.demo.session import prepare_demo

if TYPE_CHECKING:
    from collections.abc import MutableMapping


@command()
@option("--reset", help="Start over with fresh sample data.")
@option("--env", "env", help="Print its settings instead of opening the console.")
@click.pass_obj
def demo(options: Options, reset: bool, env: bool) -> OpenConsole | None:
    """Open the console on an embedded Postgres with sample data.

    Nothing of your own configuration is used. With --env other commands can work on the same database:

    \b
        eval "$(switchboard demo --env)"
        switchboard integrations list
    """
    if not env:
        return OpenConsole(options, demo=True, reset=reset)
    out = Output(options.form)
    out.require_exact()
    drop_libpq_variables()
    # Left running on purpose: the settings are of use only while it runs. The next console on it stops it.
    database = prepare_demo(reset=reset)
    if database.notice:
        out.say(database.notice)
    if not out.as_table:
        out.data(database.environment)
    else:
        for name, value in database.environment.items():
            out.text(f"export {name}={_quoted(value)}")
    out.say("The demo's database runs until a console on it is left: `switchboard demo`, then q.")
    return None


def drop_libpq_variables(environ: MutableMapping[str, str] = os.environ) -> None:
    """Drop libpq's own variables, which it would read beside the demo's connection string."""
    for name in [name for name in environ if name.startswith("PG")]:
        del environ[name]


def _quoted(value: str) -> str:
    """Return the value in single quotes that both sh and the reader of `.env` undo."""
    return "'" + value.replace("'", "'\\''") + "'"
