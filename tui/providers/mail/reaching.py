"""What it means that a mail server cannot be reached, and what to do about it."""

from __future__ import annotations

import errno
import imaplib
import smtplib
import socket
import ssl
from typing import TYPE_CHECKING

from tui.errors import ProviderFailed
from tui.providers.mail.line import TooMuch
from tui.words.text import safe_text

if TYPE_CHECKING:
    from tui.providers.mail.line import Line

# X509_V_ERR_* of OpenSSL's x509_vfy.h.
_NOT_YET_VALID, _EXPIRED = 9, 10
_OF_NOBODY_TRUSTED = {18, 19, 20, 21}
_ANOTHER_NAME = {62, 64}

# What OpenSSL calls a first record that is not one.
_NOT_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "PACKET_LENGTH_TOO_LONG", "UNKNOWN_PROTOCOL"}

_FIREWALL = "a firewall may be in the way."


def failure(error: Exception, line: Line, subject: str, ports: str) -> ProviderFailed:
    """Return what a failed dialogue with `line` means; `subject` is SMTP or IMAP, `ports` its usual ones.

    What is not known here is an answer that cannot be understood: whatever the libraries raise, a server caused it.
    """
    place = f"{line.host}:{line.port}"
    if isinstance(error, TooMuch):
        return ProviderFailed(f"{place} sends without end.", f"Check the host and the port: it is no {subject} server.")
    if isinstance(error, ssl.SSLError):
        return _tls_failure(error, line, ports)
    if is_hang_up(error):
        return ProviderFailed(
            f"{place} closed the connection.",
            f"Try again in some minutes; if it stays so, check the port ({ports}): {_FIREWALL}",
        )
    if isinstance(error, smtplib.SMTPException) or not isinstance(error, OSError | UnicodeError):
        return not_the_protocol(line, subject, ports)
    return _no_connection(error, line, ports)


def not_the_protocol(line: Line, subject: str, ports: str) -> ProviderFailed:
    """Return that the server speaks, but something else."""
    return ProviderFailed(
        f"What {line.host}:{line.port} answers is not {subject}.", f"Check the host and the port ({ports})."
    )


def timed_out(line: Line, ports: str, seconds: float | None = None) -> ProviderFailed:
    """Return that the server was waited for in vain; `seconds` is how long, None where it is not known."""
    within = "in time" if seconds is None else f"within {seconds:g} s"
    if line.doing == "lookup":
        return ProviderFailed(
            f"The name {line.host} could not be looked up {within}.", "Check this machine's network and its DNS server."
        )
    what = "accept the connection" if line.doing == "connect" else "answer as it should"
    return ProviderFailed(
        f"{line.host} did not {what} on port {line.port} {within}.",
        f"Check the host and the port ({ports}); {_FIREWALL}",
    )


def no_answer(line: Line, seconds: float) -> ProviderFailed:
    """Return that the login was not answered in `seconds`."""
    return ProviderFailed(
        f"{line.host} did not answer the login within {seconds:g} s, so whether it is right is not known.",
        "Try again in some minutes.",
        is_temporary=True,
    )


def without_starttls(line: Line, tls_port: int) -> ProviderFailed:
    """Return that a server which begins in the clear offers no way out of it."""
    return ProviderFailed(
        f"{line.host}:{line.port} grants no STARTTLS; the password was not sent in the clear.",
        f"Use port {tls_port}, which is TLS from the first byte; if this host should offer STARTTLS, somebody in "
        "between may be taking it out.",
    )


def is_hang_up(error: Exception) -> bool:
    """Whether the connection ended, as smtplib, imaplib and sockets tell it."""
    if isinstance(error, imaplib.IMAP4.abort):
        # imaplib has no type for it, only this word at the start.
        return str(error).startswith("socket error") or "=> socket error" in str(error)
    return isinstance(
        error, smtplib.SMTPServerDisconnected | ConnectionResetError | ConnectionAbortedError | BrokenPipeError
    )


def _no_connection(error: OSError | UnicodeError, line: Line, ports: str) -> ProviderFailed:
    if isinstance(error, TimeoutError):
        return timed_out(line, ports)
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
        return ProviderFailed(
            f"The name {line.host} cannot be looked up just now.", "Check this machine's network and its DNS server."
        )
    if isinstance(error, UnicodeError | socket.gaierror):
        return ProviderFailed(f"There is no host called {line.host}.", "Check its spelling.")
    if isinstance(error, ConnectionRefusedError):
        return ProviderFailed(
            f"{line.host} refuses connections on port {line.port}.", f"Check the port ({ports}): {_FIREWALL}"
        )
    name = errno.errorcode.get(error.errno or 0, type(error).__name__)
    return ProviderFailed(
        f"There is no way to {line.host} from this machine ({name}).", f"Check its network connection: {_FIREWALL}"
    )


def _tls_failure(error: ssl.SSLError, line: Line, ports: str) -> ProviderFailed:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _bad_certificate(error, line)
    place = f"{line.host}:{line.port}"
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return ProviderFailed(
            f"{place} closed the connection while TLS was being agreed on.", f"Check the port ({ports}); {_FIREWALL}"
        )
    if error.reason in _NOT_TLS:
        return ProviderFailed(
            f"{place} answers in the clear where TLS was expected; the password was not sent.",
            f"Check the port ({ports}).",
        )
    return ProviderFailed(
        f"{place} and this machine agree on no TLS ({safe_text(error.reason or 'no reason given', 60)}).",
        "The server must speak TLS 1.2 or later; check the host, and whether somebody sits in between.",
    )


def _bad_certificate(error: ssl.SSLCertVerificationError, line: Line) -> ProviderFailed:
    code = error.verify_code
    if code in _ANOTHER_NAME:
        return ProviderFailed(
            f"The certificate that {line.host} shows is for another name; the password was not sent.",
            "Check the spelling of the host; if it is right, somebody may sit in between.",
        )
    if code in _OF_NOBODY_TRUSTED:
        return ProviderFailed(
            f"The certificate that {line.host} shows is signed by nobody whom this machine trusts; the password "
            "was not sent.",
            "If your network inspects TLS, add its authority to the system's store or name it in SSL_CERT_FILE; "
            "else somebody may sit in between.",
        )
    if code in {_EXPIRED, _NOT_YET_VALID}:
        state = "has expired" if code == _EXPIRED else "is not valid yet"
        return ProviderFailed(
            f"The certificate that {line.host} shows {state}; the password was not sent.",
            "Check this machine's clock; if it is right, whoever runs the server must renew the certificate.",
        )
    return ProviderFailed(
        f"The certificate that {line.host} shows is not valid ({safe_text(error.verify_message, 80)}); the password "
        "was not sent.",
        "Check the host; if it is right, whoever runs the server must see to it.",
    )
