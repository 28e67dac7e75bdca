"""What a command line asks for: the common options, the console, or work in a session."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tui.cli.output import Output
    from tui.session.session import Session

    Work = Callable[[Session, Output], Awaitable[None]]
    """What a command does in a session once the session meets what the command requires."""


Form = Literal["table", "json", "jsonl", "csv"]
"""How data is printed: for people, or for programs as JSON, JSON lines or CSV."""

FORMS: tuple[Form, ...] = get_args(Form)
OCSF = "ocsf"
"""The form that only the rows of the log have: events of the Open Cybersecurity Schema Framework."""


@dataclass(slots=True, eq=False, repr=False)
class Options:
    """The options that every command takes, and --watch of lists; filled in while the command line is read."""

    organization: str | None = None
    operator: str | None = None
    env_file: str | None = None
    profile: str | None = None
    read_only: bool = False
    json: bool = False
    format: Form | None = None
    yes: bool = False
    watch: int | None = None
    """How many seconds lie between two readings of a list; None where it is read once."""
    locked: bool = False
    """Whether this is the locked console; known before anything else is read."""
    expects_json: bool = False
    """Whether a word asks for JSON; known before the words are read, so that wrong usage is answered in it too."""

    @property
    def form(self) -> Form:
        """How data is printed."""
        return "json" if self.json else self.format or "table"

    @property
    def fails_in_json(self) -> bool:
        """Whether failures and warnings are JSON."""
        return self.expects_json or self.form in ("json", "jsonl")


def asks_for_json(words: Sequence[str]) -> bool:
    """Tell whether the words of a command line, which is not read yet, ask for JSON."""
    if "--json" in words:
        return True
    # The JSON lines of an export are its rows alone.
    forms = {"json"} if "export" in words else {"json", "jsonl", OCSF}
    named = {value for name, value in pairwise(words) if name in ("--format", "-o")}
    joined = {word[len(name) :] for word in words for name in ("--format=", "-o") if word.startswith(name)}
    return bool((named | joined) & forms)


class OpenConsole(NamedTuple):
    """The console was asked for, on the configured database or on the demo's."""

    options: Options
    demo: bool = False
    reset: bool = False
