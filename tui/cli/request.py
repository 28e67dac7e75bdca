"""What a command line asks for: the common options, the console, or work in a session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tui.cli.output import Output
    from tui.session.session import Session

    Work = Callable[[Session, Output], Awaitable[None]]
    """What a command does in a session once the session meets what the command requires."""


@dataclass(slots=True)
class Options:
    """The options that every command takes; filled in while the command line is read."""

    organization: str | None = None
    operator: str | None = None
    env_file: str | None = None
    profile: str | None = None
    read_only: bool = False
    json: bool = False
    yes: bool = False
    locked: bool = False
    """Whether this is the locked console; known before anything else is read."""


@dataclass(frozen=True, slots=True)
class OpenConsole:
    """The console was asked for, on the configured database or on the demo's."""

    options: Options
    demo: bool = False
    reset: bool = False
