"""What it means that a dialogue with a mail server fails where neither the network nor the login is the reason."""

from __future__ import annotations

import imaplib
import smtplib
from typing import TYPE_CHECKING

from tui.errors import ProviderFailed
from tui.providers.mail.connection import TooMuch
from tui.providers.transport_failures import transport_failure

if TYPE_CHECKING:
    from tui.providers.mail.connection import MailConnection


def dialogue_failure(error: Exception, connection: MailConnection, subject: str) -> ProviderFailed:
    """Return what an error means that ended a dialogue; `subject` is SMTP or IMAP.

    What is not known here is an answer that cannot be understood: whatever the libraries raise, a server caused it.
    """
    endpoint = connection.endpoint
    if isinstance(error, TooMuch):
        return ProviderFailed(
            f"{endpoint.place} sends data without end.", f"{endpoint.check}: it is not an {subject} server."
        )
    if is_hang_up(error):
        error = ConnectionResetError()
    if isinstance(error, smtplib.SMTPException) or not isinstance(error, OSError | UnicodeError):
        return not_the_protocol(connection, subject)
    return transport_failure(error, endpoint, connection.stage)


def not_the_protocol(connection: MailConnection, subject: str) -> ProviderFailed:
    """Return that the server speaks, but something else."""
    endpoint = connection.endpoint
    return ProviderFailed(f"What {endpoint.place} answers is not {subject}.", f"{endpoint.check}.")


def no_answer(connection: MailConnection, seconds: float) -> ProviderFailed:
    """Return that the login was not answered in `seconds`."""
    return ProviderFailed(
        f"{connection.endpoint.host} did not answer the login within {seconds:g} s, so whether it is right is not "
        "known.",
        "Try again in a few minutes.",
        is_temporary=True,
    )


def without_starttls(connection: MailConnection, tls_port: int) -> ProviderFailed:
    """Return that a server which begins in the clear offers no way out of it."""
    return ProviderFailed(
        f"{connection.endpoint.place} does not offer STARTTLS; the password was not sent.",
        f"Use port {tls_port}, which uses TLS from the first byte; if this host should offer STARTTLS, somebody in "
        "between may be removing it.",
    )


def is_hang_up(error: Exception) -> bool:
    """Whether the connection ended, as smtplib and imaplib tell it."""
    if isinstance(error, imaplib.IMAP4.abort):
        # imaplib has no type for it, only this word at the start.
        return str(error).startswith("socket error") or "=> socket error" in str(error)
    return isinstance(error, smtplib.SMTPServerDisconnected)
