"""The command `completion`: prints the script that makes a shell complete `switchboard`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tui.cli.completion.scripts import SCRIPTS
from tui.cli.output import Output
from tui.cli.parsing import OneOf, argument, command

if TYPE_CHECKING:
    from tui.cli.request import Options


@command()
@argument("shell", type=OneOf(tuple(SCRIPTS)), metavar="SHELL")
@click.pass_obj
def completion(options: Options, shell: str) -> None:
    """Print the completion script of bash, zsh or fish.

    Completed are commands, options, types, people, numbers, organisations and filters. Whatever is in the database is
    asked for with the settings that a command would have, for two seconds at most; nothing is written and no key read.
    Bash has to be 4.4 or later.

    \b
    ~/.bashrc                   eval "$(switchboard completion bash)"
    ~/.zshrc, behind compinit   eval "$(switchboard completion zsh)"
    ~/.config/fish/config.fish  switchboard completion fish | source
    """
    out = Output(options.form)
    out.require_exact()
    if out.as_table:
        sys.stdout.write(SCRIPTS[shell])
    else:
        out.data({"script": SCRIPTS[shell]})
