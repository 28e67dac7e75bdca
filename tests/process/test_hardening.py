"""What is closed before the first secret is read."""

from __future__ import annotations

import json
import os
import sys

import pytest

from tests.support.fresh_python import python
from tui.process.hardening import harden

HARDENED = """
import ctypes, json, os, resource
from tui.process.hardening import harden
harden()
mask = os.umask(0)
print(json.dumps({
    "core": resource.getrlimit(resource.RLIMIT_CORE),
    "dumpable": ctypes.CDLL(None).prctl(3, 0, 0, 0, 0),
    "umask": mask,
    "left": sorted(n for n in os.environ if n.startswith(("TEXTUAL", "BROWSER", "SSLKEY", "SWITCHBOARD_T"))),
    "inherited": os.popen("env").read().count("TEXTUAL"),
}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_DUMPABLE is Linux's")
def test_a_hardened_process_leaves_no_core_and_no_variable_that_loads_or_logs() -> None:
    dangerous = {"TEXTUAL_LOG": "/tmp/x", "TEXTUAL": "devtools", "BROWSER": "sh -c id", "SSLKEYLOGFILE": "/tmp/k"}
    run = python(HARDENED, environ=dangerous | {"SWITCHBOARD_TIMEZONE": "UTC"})
    assert json.loads(run.stdout) == {
        "core": [0, 0],
        "dumpable": 0,
        "umask": 0o077,
        "left": ["SWITCHBOARD_TIMEZONE"],
        "inherited": 0,
    }


NO_PRCTL = """
import ctypes, sys
from tui.process.hardening import harden
class NoPrctl:
    def __init__(self, name): pass
def unloadable(name): raise OSError("no dynamic loading")
for ctypes.CDLL in (NoPrctl, unloadable):
    harden()
sys.platform = "darwin"
ctypes.CDLL = None
harden()
print("hardened")
"""


def test_a_system_without_prctl_is_hardened_as_far_as_it_goes() -> None:
    assert python(NO_PRCTL).stdout == "hardened\n"


def test_hardening_takes_the_environment_that_it_is_given() -> None:
    environ = {"TEXTUAL_DRIVER": "x", "HOME": "/"}
    run = python(f"from tui.process.hardening import harden\ne = {environ!r}\nharden(e)\nprint(e)")
    assert run.stdout == "{'HOME': '/'}\n"
    assert harden.__defaults__ == (os.environ,)


IMPORT = """
import sys, typing
import tui.process.crash_report, tui.process.hardening, tui.process.terminal_checks
slow = ("textual", "rich", "psycopg", "ssl", "ctypes", "asyncio", "dataclasses")
print([name for name in slow if name in sys.modules])
"""


def test_they_import_nothing_slow() -> None:
    assert python(IMPORT).stdout == "[]\n"
