"""Programs that are forked off one that has imported them: one that hangs keeps nothing waiting."""

from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path

import pytest

from tests.support.commands import start_program_server
from tests.support.terminal.forked_program import ForkedProgram
from tests.support.waiting import wait_until


def test_a_command_that_hangs_is_ended_with_its_process_and_the_next_one_runs(tmp_path: Path) -> None:
    program = ForkedProgram(start_program_server())
    run = partial(program.run, ["--version"], b"", tmp_path, {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"})
    assert run(60)[0] == 0
    hung = program._group
    assert hung is not None and hung != os.getpgrp()
    os.kill(hung, signal.SIGSTOP)
    with pytest.raises(TimeoutError):
        run(0.5)
    assert run(60)[0] == 0
    wait_until(lambda: has_ended(hung))


def has_ended(process: int) -> bool:
    """Whether it has, also where its parent has not asked how."""
    status = Path(f"/proc/{process}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] in "ZX"
