"""The command `types new`: a commented definition file to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tui.cli.completion.candidates import files
from tui.cli.new_file_name import NewFileName
from tui.cli.output import Output
from tui.cli.parsing import argument, command, option
from tui.errors import InvalidInput
from tui.providers import registry
from tui.providers.declared.template import template_for
from tui.settings.checked_file import create_file, printable
from tui.settings.type_folders import type_folders_in_use

if TYPE_CHECKING:
    from tui.cli.request import Options


@command()
@argument("name", metavar="NAME")
@option(
    "--output", type=NewFileName(), metavar="FILE", shell_complete=files, help="Write a new FILE, which is NAME.toml."
)
@click.pass_obj
def new(options: Options, name: str, output: str | None) -> None:
    """Print a commented definition file of a new type, which has no mistake.

    It shows everything that a definition may have. With --output it goes into a file; one that is there already is
    never replaced. The folder of your own types is made where it is missing.
    """
    out = Output(options.form)
    out.require_exact()
    if name in registry():
        raise InvalidInput(f"There is a type {name} already.", "Choose another name; `switchboard types list` has all.")
    text = template_for(name)
    if output is None:
        out.exact({"name": name, "definition": text}, text)
        return
    path = Path(output)
    if path.name != f"{name}.toml":
        raise InvalidInput("A definition file is called as its type.", f"Name it {name}.toml.")
    _write(path, text)
    out.result(
        {"name": name, "file": str(path)}, f"Wrote {printable(path)}. Next: switchboard types show {printable(path)}"
    )


def _write(path: Path, text: str) -> None:
    """Write a new file. Raises InvalidInput."""
    try:
        if str(path.absolute().parent) == type_folders_in_use().user:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        create_file(path, text)
    except FileExistsError:
        raise InvalidInput(f"{printable(path)} is there already.", "Name another file; none is replaced.") from None
    except OSError as error:
        sentence = f"{printable(path)} cannot be written: {error.strerror}."
        raise InvalidInput(sentence, "Check the folder's name, owner and mode.") from None
