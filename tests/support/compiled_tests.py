"""Test modules compiled before the workers start: on a fresh checkout each of them would compile all at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

TESTS = Path(__file__).parents[1]
FEW = 20
"""So many are compiled sooner by the workers than by another process that collects first."""
COLLECTING = "TESTS_ARE_COLLECTED"


def compile_tests(config: pytest.Config) -> None:
    """Let one process collect, and by that compile, what the workers of a whole run are going to import.

    Nothing is done within that process and within a worker, nor where Python is told to write no compiled modules.
    """
    is_whole_run = bool(getattr(config.option, "numprocesses", 0)) and config.args == config.getini("testpaths")
    if not is_whole_run or sys.dont_write_bytecode or COLLECTING in os.environ or hasattr(config, "workerinput"):
        return
    if sum(not _is_compiled(module) for module in TESTS.rglob("test_*.py")) > FEW:
        command = (sys.executable, "-m", "pytest", "-n", "0", "--collect-only", "-qq")
        environment = os.environ | {COLLECTING: "1"}
        # What is wrong with a module its worker says.
        subprocess.run(command, env=environment, cwd=config.rootpath, stdout=subprocess.DEVNULL, check=False)


def _is_compiled(module: Path) -> bool:
    """Whether a module with pytest's assertions is there that is not older than its source."""
    compiled = module.parent.joinpath("__pycache__").glob(f"{module.stem}.{sys.implementation.cache_tag}-pytest-*.pyc")
    source = module.stat().st_mtime
    return any(file.stat().st_mtime >= source for file in compiled)
