"""Passwords of logins: made here, judged here, and made a verifier here, so that the server never has one."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from tui.errors import InvalidInput
from tui.secret import Secret

if TYPE_CHECKING:
    from tui.data.postgres.database import Connection

# Without what looks alike when it is read aloud or typed again, and without what a connection string would escape.
ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
GROUPS, GROUP_LENGTH = 5, 5
"""25 characters of 56 are 145 bits."""

SHORTEST = 12
LONGEST_BYTES = 1000
"""Far more than anybody types; a bound for what is read from standard input."""


def generate_password() -> Secret:
    """Return a new password in groups, such as xxxxx-xxxxx-xxxxx-xxxxx-xxxxx."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS))
    return Secret("-".join(groups))


def require_good_password(password: Secret, login: str) -> None:
    """Raise InvalidInput for a password that is short, or is about the login's name.

    The server cannot judge it: what it gets is the verifier.
    """
    text = password.reveal("judged before it is set")
    if len(text) < SHORTEST:
        raise InvalidInput(f"The password has fewer than {SHORTEST} characters.", "Take a longer one.")
    if len(text.encode()) > LONGEST_BYTES:
        raise InvalidInput(f"The password is longer than {LONGEST_BYTES} bytes.", "Take a shorter one.")
    if not text.isprintable():
        raise InvalidInput("The password holds a control character.", "Take one that can be typed.")
    if login.casefold() in text.casefold() and len(text) - len(login) < SHORTEST:
        raise InvalidInput("The password is little more than the name of the login.", "Take another one.")


def scram_verifier(connection: Connection, password: Secret, login: str) -> str:
    """Return what the server keeps of a password, as libpq makes it, on this side: nothing is sent.

    https://www.postgresql.org/docs/current/libpq-misc.html#LIBPQ-PQENCRYPTPASSWORDCONN
    """
    text = password.reveal("made a verifier")
    return connection.pgconn.encrypt_password(text.encode(), login.encode(), b"scram-sha-256").decode()
