"""What real shells make of lines that are pasted into them."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from tui.cli.command_line import ONE_AFTER_THE_OTHER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PAYLOAD = "\\'\";touch PWNED;#"
"""A name that would run something in fish, had it been quoted as for a POSIX shell."""
_PRINTED = {"fish": "function {0}; printf '%s\\0' {0} $argv; printf '\\n\\0'; end\n"}
_PRINTED_BY_OTHERS = "{0}() {{ printf '%s\\0' {0} \"$@\"; printf '\\n\\0'; }}\n"


def output_of(shell: Sequence[str], text: str, folder: Path, *, check: bool = True) -> str:
    """What a shell without anybody's configuration writes when a text is pasted into it, in that folder."""
    ran = subprocess.run(
        shell,
        input=text,
        capture_output=True,
        check=check,
        text=True,
        cwd=folder,
        env={
            "PATH": f"{folder}:{os.environ['PATH']}",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "HISTFILE": "/dev/null",
        },
        start_new_session=True,
    )
    return ran.stdout


def words_read_by(shell: Sequence[str], lines: list[str], folder: Path) -> list[list[str]]:
    """The words that each line hands to `switchboard` or `ssh` in a shell, in a folder that is as it was afterwards."""
    # What a pattern or an expansion would find.
    for name in ("a", "b", "=ls"):
        (folder / name).touch()
    there = [*folder.glob("[!.]*")]
    functions = "".join(_PRINTED.get(shell[0], _PRINTED_BY_OTHERS).format(name) for name in ("switchboard", "ssh"))
    written = output_of(shell, f"{functions}{ONE_AFTER_THE_OTHER.join(lines)}\n", folder)
    # The files of its own that fish makes begin with a dot.
    assert [*folder.glob("[!.]*")] == there
    return [words.split("\0")[:-1] for words in written.split("\n\0")[:-1]]
