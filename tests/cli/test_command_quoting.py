"""What a copied command's words become in each shell that somebody may paste it into."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from tests.support.hostile_strings import UNSAFE, hostile_strings
from tests.support.servers.debian import needs
from tests.support.shells import PAYLOAD, output_of, words_read_by
from tui.cli.command_line import command_line, quoted
from tui.cli.request import Options
from tui.words.log.invocation import Invocation

# How each reads what is pasted, an interactive one also its ! for what was typed before.
SHELLS = [
    ("sh",),
    ("bash",),
    ("bash", "--norc", "--noprofile", "-i", "-o", "history", "-o", "histexpand"),
    pytest.param(("zsh", "-f", "-i"), marks=pytest.mark.debian),
    pytest.param(("zsh", "-f", "-o", "rcquotes", "-o", "extendedglob"), marks=pytest.mark.debian),
    pytest.param(("fish", "--no-config"), marks=pytest.mark.debian),
]


@pytest.fixture(params=SHELLS, ids=" ".join)
def shell(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The command that starts a shell without anybody's configuration."""
    command: tuple[str, ...] = request.param
    needs(Path(shutil.which(command[0]) or f"/usr/bin/{command[0]}"), command[0])
    return command


def hostile_lines() -> list[list[str]]:
    """Words that a shell would act upon were they not quoted: every ASCII character that is shown, in every place."""
    around = ("{0}", "a{0}", "{0}a", "a{0}b", "{0}{0}", "\\{0}", "{0}\\", "'{0}", "{0}'", "{0}self", "{0}{{a,b}}")
    listed = [[text.format(chr(code)) for text in around] for code in range(0x20, 0x7F)]
    texts = [text[:300] for text in hostile_strings().values() if text and not UNSAFE.search(text)]
    return [*listed, [PAYLOAD, "=ls", "~root", "~", "%self", "!!", "a=~", "--x==ls", "*", "?", "[ab]", "$HOME", *texts]]


def test_every_shell_reads_what_is_quoted_as_it_is(shell: tuple[str, ...], tmp_path: Path) -> None:
    wanted = [["switchboard", *words] for words in hostile_lines()]
    assert words_read_by(shell, [" ".join(map(quoted, words)) for words in wanted], tmp_path) == wanted
    over_ssh = [["ssh", "HOST", " ".join(map(quoted, words))] for words in wanted]
    assert words_read_by(shell, [" ".join(map(quoted, words)) for words in over_ssh], tmp_path) == over_ssh
    # Behind a host, what comes of it is taken apart once more, by a shell or by the locked console.
    assert [shlex.split(line) for *_, line in over_ssh] == wanted


def test_in_the_demo_a_command_reaches_the_demo_or_is_not_run(shell: tuple[str, ...], tmp_path: Path) -> None:
    text = command_line([Invocation("doctor"), Invocation("integrations list")], Options(), None, is_demo=True)
    assert text.startswith('eval "$(switchboard demo --env || ')
    program = tmp_path / "switchboard"
    for answer, ran in (("echo export REACHES=demo", "demo\ndemo\n"), ("exit 1", "")):
        program.write_text(f'#!/bin/sh\ncase $1 in demo) {answer} ;; *) echo "$REACHES" ;; esac\n')
        program.chmod(0o700)
        assert output_of(shell, f"{text}\n", tmp_path, check=False) == ran
