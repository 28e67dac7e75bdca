"""Who runs the process, and from where: what it tells the server and the audit log of itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from tui import __version__
from tui.words.people.names import CLAIM, Origin

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID


class Operator(NamedTuple):
    """The person at the console, with the evidence that goes into every transaction.

    `origin` is whether the database login proves the name, or vouches for what is claimed. `request_organization` is
    set where it is somebody's request, made by a login that speaks for others, which then sees that organisation alone.
    """

    user_id: UUID | None
    label: str
    source_address: str | None = None
    user_agent: str = ""
    origin: Origin = CLAIM
    request_organization: UUID | None = None


def source_address(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the client's address out of SSH_CONNECTION, or None where there is none that PostgreSQL's inet takes.

    Whoever may set variables may set this one: it is evidence only under a forced command.
    """
    import ipaddress

    try:
        return str(ipaddress.ip_address(environ.get("SSH_CONNECTION", "").split(" ")[0].partition("%")[0]))
    except ValueError:
        return None


def login_name(environ: Mapping[str, str] = os.environ) -> str:
    """Return the login of the account that the process runs as, of letters, digits and . _ - only.

    The account decides, not the environment; LOGNAME and USER count only where the account has no name.
    """
    import pwd

    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = environ.get("LOGNAME") or environ.get("USER") or f"uid-{os.getuid()}"
    return _plain_word(name)


def user_agent(environ: Mapping[str, str] = os.environ) -> str:
    """Return switchboard/<version> (<login>@<host>), the user agent of everything this process does."""
    return f"switchboard/{__version__} ({login_name(environ)}@{_plain_word(os.uname().nodename)})"


def _plain_word(text: str) -> str:
    """Return at most 64 characters, none of which means anything to a terminal, a log or a connection string."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in text[:64]) or "_"
