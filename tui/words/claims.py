"""Which names of people are only claimed, and the mark that says so wherever such a name is shown."""

from __future__ import annotations

MARK = "~"


def claimed(name: str) -> str:
    """Return the name of somebody who acted, marked as what it is: a claim, of a console or of another program.

    Every program says itself for whom it acts; the server vouches for the login alone, which a row of the log has too.
    """
    return f"{MARK}{name}" if name else ""
