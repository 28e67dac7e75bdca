"""The command `schema`: the whole SQL as one text."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tui.cli.output import Output
from tui.cli.parsing import command
from tui.data.schema.files import schema_text

if TYPE_CHECKING:
    from tui.cli.request import Options


@command(locked=True)
@click.pass_obj
def schema(options: Options) -> None:
    """Print the whole SQL, for a dashboard's SQL editor.

    The text runs in one transaction and can be run again at any time.
    """
    out = Output(options.form)
    out.require_exact()
    if out.as_table:
        sys.stdout.write(schema_text())
    else:
        out.data({"sql": schema_text()})
