"""Hardens the process before the first secret is read: core files, ptrace, umask, variables that load code."""

from __future__ import annotations

import os
import sys

# typing would take as long to import as all that happens before the first byte is drawn.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import MutableMapping

_PR_SET_DUMPABLE = 4

_umasks: list[int] = []


def harden(environ: MutableMapping[str, str] = os.environ) -> None:
    """Close what could leak a secret or run a stranger's code; call it before textual or ssl is imported.

    No core file, no ptrace and no /proc/PID/environ for others of the same account, files for their owner alone; and
    without the variables by which Textual logs keys or loads code, a browser is started, or TLS keys are written
    to a file. What this system cannot do is left out.
    """
    import resource

    _umasks.append(os.umask(0o077))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name in list(environ):
        if name.startswith("TEXTUAL") or name in {"BROWSER", "SSLKEYLOGFILE"}:
            del environ[name]
    if sys.platform == "linux":
        import ctypes

        try:
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        except (OSError, AttributeError):  # a static Python, or a C library without prctl
            return


def inherited_umask() -> int:
    """Return the umask that the process began with, for a program that is started in its place."""
    return _umasks[0]
