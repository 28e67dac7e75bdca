"""The command `keys generate`: a new master key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tui.cli.output import Output
from tui.cli.parsing import command
from tui.data.keys.master_key import generate_master_key

if TYPE_CHECKING:
    from tui.cli.request import Options


@command()
@click.pass_obj
def generate(options: Options) -> None:
    """Print a new master key; the database is not touched."""
    out = Output(options.form)
    out.require_exact()
    key = generate_master_key().reveal("printed for the person who asked for a new one")
    out.result({"master_key": key}, key)
    out.say("Set it as ENCRYPTION_MASTER_KEY, in quotes in .env, and keep a copy elsewhere: without it no")
    out.say("credential opens again. A database that already has credentials needs the key they were written with.")
