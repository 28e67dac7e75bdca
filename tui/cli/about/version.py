"""The command `version`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tui import __version__
from tui.cli.output import Output
from tui.cli.parsing import command

if TYPE_CHECKING:
    from tui.cli.request import Options


@command(locked=True)
@click.pass_obj
def version(options: Options) -> None:
    """Print the version, as --version does."""
    Output(options.form).result({"version": __version__}, f"switchboard {__version__}")
