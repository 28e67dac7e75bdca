"""The program on a pseudo-terminal, forked off a process that has imported it: a start costs a tenth of a fresh one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.commands import program
from tests.support.terminal.pty import Terminal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.support.terminal.forked_program import ForkedProcess


class ForkedTerminal(Terminal):
    """Runs `switchboard` with the arguments as the session leader of a pty, as Terminal does with SWITCHBOARD.

    Not for how the program itself starts or is hardened, nor for the list of processes: there use Terminal.
    """

    def __init__(
        self,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        columns: int = 80,
        rows: int = 24,
    ) -> None:
        super().__init__(arguments, environment=environment, cwd=cwd, columns=columns, rows=rows)

    def _start(
        self,
        command: Sequence[str | Path],
        slave: int,
        cwd: Path | None,
        environment: dict[str, str],
        user: int | None,
        group: int | None,
    ) -> ForkedProcess:
        arguments = [os.fspath(part) for part in command]
        assert program().can_run(arguments, environment), "start it with Terminal"
        return program().start(arguments, slave, cwd or Path.cwd(), environment)
