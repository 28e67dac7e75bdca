"""Completion in real shells on a terminal: what stands on the line once TAB was pressed."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.commands import execute, start_program_server
from tests.support.servers.debian import needs
from tests.support.terminal.pty import Terminal

if TYPE_CHECKING:
    from tests.support.commands import Shell

# How each is started without anybody's configuration, and what loads the script.
SHELLS = {
    "bash": (["--norc", "--noprofile", "-i"], 'PS1="> "; eval "$(switchboard completion bash)"'),
    "zsh": (
        ["-f", "-i"],
        'PS1="> "; autoload -U compinit; compinit -D; eval "$(switchboard completion zsh)"',
    ),
    "fish": (["--no-config", "-i"], "function fish_prompt; echo '> '; end; switchboard completion fish | source"),
}
# The command in the folder of each test: Python starts in a tenth of the time, and hands all it has to a fork.
FORKED = f"""#!{sys.executable} -IS
import json, os, socket, sys
program = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
program.connect({str(start_program_server())!r})
program.recv(16)
request = ["run", sys.argv[1:], dict(os.environ), os.getcwd()]
socket.send_fds(program, [json.dumps(request).encode()], [0, 1, 2])
sys.exit(int(program.recv(16)))
"""
# A name that would do something if a shell read it.
EVIL = "Evil $(touch hacked); `touch hacked` & Sons"
# Where a shell takes words apart and puts them together in ways of its own; each TAB starts the program.
TYPED_AND_COMPLETED = (
    ("switchboard audit list status:fa", "list status:failed"),
    ("switchboard --organization=Ac", "--organization=Acme\\ Foods"),
    ("switchboard --organization Evil", "Evil\\ \\$\\("),
    ('switchboard --organization "Evil', '"Evil \\$('),
    ("switchboard --env-file fi", "--env-file file.env"),
)
# What comes of one of these in one shell comes of it in the others.
ALSO_TYPED = (
    ("switchboard integ", "switchboard integrations"),
    ("switchboard integrations show exotel_ph", "show exotel_phone"),
    ("switchboard permissions report asha@a", "report asha@acme.example"),
    ("switchboard phone-numbers edit +9111", "edit +911141169368"),
    ("switchboard audit list stat", "list status:"),
    ("switchboard audit list -action:credential_cr", "list -action:credential_created"),
)
# The real one, by its path: what the scripts of the others ask, they ask the command on PATH.
INSTALLED = {"bash": ((f"{Path(sys.executable).parent}/switchboard phone-numbers una", "phone-numbers unassign"),)}
LINES = [TYPED_AND_COMPLETED, pytest.param(ALSO_TYPED, marks=pytest.mark.long)]


@pytest.mark.debian
@pytest.mark.parametrize("lines", LINES, ids=["taken apart", "others"])
@pytest.mark.parametrize("name", SHELLS)
def test_a_shell_completes_the_word_before_the_cursor(
    name: str, lines: tuple[tuple[str, str], ...], office_shell: Shell
) -> None:
    found = shutil.which(name)
    needs(Path(found or f"/usr/bin/{name}"), name)
    arguments, loads = SHELLS[name]
    folder = office_shell.folder
    (folder / "file.env").write_text("")
    statement = "insert into switchboard.organization_labels values ('00000000-0000-4000-8000-0000000000e1', %s)"
    execute(office_shell.environment["DATABASE_URL"], statement, EVIL)
    (folder / "programs").mkdir()
    (folder / "programs" / "switchboard").write_text(FORKED)
    (folder / "programs" / "switchboard").chmod(0o755)
    path = f"{folder}/programs:{office_shell.environment['PATH']}"
    environment = {name: value for name, value in office_shell.environment.items() if name != "ENCRYPTION_MASTER_KEY"}
    with Terminal(
        [str(found), *arguments], environment=environment | {"PATH": path}, cwd=folder, columns=110, rows=50
    ) as terminal:
        terminal.type(f"{loads}; echo rea''dy\r")
        # Only behind a prompt does the shell take keys itself.
        terminal.wait_for(lambda text: text.rstrip().endswith("ready\n>"))
        for typed, completed in (*lines, *INSTALLED.get(name, ())):
            terminal.type(typed)
            terminal.wait_for(typed)
            terminal.press("tab")
            terminal.wait_for(completed)
            terminal.press("ctrl+u")
            terminal.wait_until_gone(typed)
        # Several stand below the line, and nothing is taken away from it.
        terminal.type("switchboard audit list status:")
        terminal.press("tab", "tab")
        terminal.wait_for(lambda text: "pending" in text and "success" in text)
    assert not (folder / "hacked").exists()
