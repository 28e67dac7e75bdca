"""Checks that the standard streams and the terminal can show what the process writes."""

from __future__ import annotations

import os
import sys

# The skeleton is drawn after these checks: errors and typing are imported when they are needed.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def refuse_other_encodings(environ: Mapping[str, str] = os.environ) -> None:
    """Raise InvalidInput where PYTHONIOENCODING asks for anything but UTF-8: names would be cut or crash the output."""
    name = environ.get("PYTHONIOENCODING", "").partition(":")[0]
    if name and not _is_utf8(name):
        from tui.errors import InvalidInput

        raise InvalidInput(
            f"PYTHONIOENCODING asks for {name[:40]!a}, and Switchboard writes UTF-8 only.",
            "Unset PYTHONIOENCODING, or set it to utf-8.",
        )


def require_terminal(instead: str, environ: Mapping[str, str] = os.environ) -> None:
    """Raise NoTerminal where the console could not be drawn or not be operated.

    `instead` is the command that does the same without a terminal. Textual itself would spin at full load.
    """
    refusal = why_no_terminal(instead, environ)
    if refusal is not None:
        from tui.errors import NoTerminal

        raise NoTerminal(*refusal)


def why_no_terminal(instead: str, environ: Mapping[str, str]) -> tuple[str, str] | None:
    """Return why the console cannot be drawn or operated here, and what to do; None where it can."""
    way_out = f"Use `ssh -t` if this is a remote login, or run `{instead}`, which needs none."
    for name, stream in (("input", sys.stdin), ("output", sys.stdout), ("error", sys.stderr)):
        if stream is None or not stream.isatty():
            return f"The console needs a terminal, and standard {name} is not one.", way_out
    if environ.get("TERM") == "dumb":
        return "The console needs a terminal that can place text, and TERM says dumb.", way_out
    if not _is_utf8(sys.stderr.encoding):
        return (
            f"The console needs a terminal with UTF-8, and the locale says {sys.stderr.encoding}.",
            f"Set LC_ALL=C.UTF-8 where the terminal can show it, or run `{instead}`.",
        )
    return None


def _is_utf8(encoding: str) -> bool:
    import codecs

    try:
        return codecs.lookup(encoding).name == "utf-8"
    except LookupError:
        return False
