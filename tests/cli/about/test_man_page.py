"""The manual page: every command and option is in it, and groff has nothing to say against it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from tests.generate.commands import every_command, leaves
from tests.support.servers.debian import needs

if TYPE_CHECKING:
    from tests.support.commands import Shell

GROFF = Path("/usr/bin/groff")


@pytest.mark.debian
def test_the_page_has_every_command_and_option_and_is_sound_roff(shell: Shell) -> None:
    needs(GROFF, "groff-base")
    printed = shell.run("help", "--man")
    assert (printed.status, printed.err) == (0, "")
    formatted = subprocess.run(
        # As man does, for a terminal of 80 columns, and with every warning.
        [GROFF, "-man", "-ww", "-Tascii", "-P-c", "-rLL=78n"],
        input=printed.out,
        capture_output=True,
        text=True,
        check=True,
    )
    assert formatted.stderr == ""
    page = re.sub(".\b", "", formatted.stdout)
    assert max(map(len, page.splitlines())) <= 80
    one_line = " ".join(page.split())
    for path, command in leaves().items():
        assert f" switchboard {path} " in one_line
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.opts[0] in one_line, (path, option.opts)
    assert "-o, --format FORMAT Print table, json" in one_line
    assert "`edit NUMBER --active`" in one_line


def test_the_page_of_the_locked_console_has_what_works_there(shell: Shell) -> None:
    page = shell.run("--locked", "help", "--man").out
    closed = [path for path, command in every_command() if not command.locked]
    assert len(closed) >= 4
    assert not [path for path in closed if f"\n.SS switchboard {path}\n" in page.replace("\\-", "-")]
    assert ".SS switchboard audit list\n" in page
    assert "--env-file" not in page.replace("\\-", "-")
    assert "whole program" in shell.run("help", "audit", "--man").refusal(2)
