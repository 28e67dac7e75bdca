"""Completion in real shells on a terminal: what stands on the line once TAB was pressed."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.commands import execute
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
# A name that would do something if a shell read it.
EVIL = "Evil $(touch hacked); `touch hacked` & Sons"
TYPED_AND_COMPLETED = (
    ("switchboard integ", "switchboard integrations"),
    ("switchboard integrations show exotel_ph", "show exotel_phone"),
    ("switchboard permissions report asha@a", "report asha@acme.example"),
    ("switchboard phone-numbers edit +9111", "edit +911141169368"),
    ("switchboard audit list stat", "list status:"),
    ("switchboard audit list status:fa", "list status:failed"),
    ("switchboard audit list -action:credential_cr", "list -action:credential_created"),
    ("switchboard --organization=Ac", "--organization=Acme\\ Foods"),
    ("switchboard --organization Evil", "Evil\\ \\$\\("),
    ('switchboard --organization "Evil', '"Evil \\$('),
    ("switchboard --env-file fi", "--env-file file.env"),
)


@pytest.mark.debian
@pytest.mark.parametrize("name", SHELLS)
def test_a_shell_completes_the_word_before_the_cursor(name: str, office_shell: Shell) -> None:
    found = shutil.which(name)
    needs(Path(found or f"/usr/bin/{name}"), name)
    arguments, loads = SHELLS[name]
    folder = office_shell.folder
    (folder / "file.env").write_text("")
    statement = "insert into switchboard.organization_labels values (gen_random_uuid(), %s)"
    execute(office_shell.environment["DATABASE_URL"], statement, EVIL)
    path = f"{Path(sys.executable).parent}:{office_shell.environment['PATH']}"
    environment = {name: value for name, value in office_shell.environment.items() if name != "ENCRYPTION_MASTER_KEY"}
    with Terminal(
        [str(found), *arguments], environment=environment | {"PATH": path}, cwd=folder, columns=110, rows=50
    ) as terminal:
        terminal.type(f"{loads}; echo rea''dy\r")
        # Only behind a prompt does the shell take keys itself.
        terminal.wait_for(lambda text: text.rstrip().endswith("ready\n>"))
        for typed, completed in TYPED_AND_COMPLETED:
            terminal.type(typed)
            terminal.wait_for(typed)
            terminal.press("tab")
            terminal.wait_for(completed)
            terminal.press("ctrl+u")
            terminal.wait_until_gone(typed)
        # Several stand below the line, and nothing is taken away from it.
        terminal.type("switchboard phone-numbers una")
        terminal.press("tab")
        terminal.wait_for("phone-numbers unassign")
        terminal.press("ctrl+u")
        terminal.type("switchboard audit list status:")
        terminal.press("tab", "tab")
        terminal.wait_for(lambda text: "pending" in text and "success" in text)
    assert not (folder / "hacked").exists()
