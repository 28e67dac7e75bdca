"""What it means that a provider's host cannot be reached: one table for HTTP and mail, with what to do."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from dataclasses import dataclass
from typing import Literal

from tui.errors import ProviderFailed
from tui.words.text import safe_text

HTTPS_PORT = 443

Stage = Literal["name", "connection", "greeting", "TLS"]
"""How far a connection has come; a greeting is what a mail server says, in the clear or not, before it is asked."""

# OpenSSL's X509_V_ERR_ numbers (x509_vfy.h), which ssl.SSLCertVerificationError carries as verify_code.
_CERTIFICATES = {
    2: "certificate untrusted",
    9: "certificate not valid yet",
    10: "certificate expired",
    18: "certificate self-signed",
    19: "certificate untrusted",
    20: "certificate untrusted",
    21: "certificate untrusted",
    62: "certificate of another name",
    64: "certificate of another name",
}
# What OpenSSL calls a first record that is none of TLS.
_NOT_TLS = frozenset(
    ["WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "PACKET_LENGTH_TOO_LONG", "UNKNOWN_PROTOCOL"]
)

_CLOCK = "Check the date of this machine; if it is right, that host's administrator has to renew its certificate."
_NETWORK = "ask this network's administrator"

# The sentence, and what to do.
_FAILURES = {
    "name server silent": (
        "The name server did not say where {host} is{within}.",
        "Check that this machine has a network connection and a name server.{proxy}",
    ),
    "no such host": (
        "There is no host called {host}.",
        "Check the spelling of the {field}, or this machine's name server.{proxy}",
    ),
    "not connected in time": (
        "{place} did not accept the connection{within}.",
        f"{{check}}, or {_NETWORK} whether it lets connections to port {{port}} out.{{proxy}}",
    ),
    "no greeting in time": (
        "{place} accepted the connection, but sent no valid greeting{within}.",
        "{check}, or try again later.",
    ),
    "no TLS in time": (
        "{place} accepted the connection, but did not answer TLS{within}.",
        "{check}, or try again later.",
    ),
    "refused": (
        "{place} refused the connection: nothing listens on port {port}, or a firewall says so.",
        f"{{check}}, or {_NETWORK}.{{proxy}}",
    ),
    "closed": (
        "{place} closed the connection.",
        f"Try again in a few minutes. {{check}}: something in between may forbid it; {_NETWORK}.{{proxy}}",
    ),
    "closed during TLS": (
        "{place} closed the connection during the TLS handshake.",
        f"{{check}}: something in between may forbid it; {_NETWORK}.{{proxy}}",
    ),
    "unreachable": (
        "There is no route to {place} from this machine{detail}.",
        "Check that it has a network connection.{proxy}",
    ),
    "certificate expired": ("The certificate of {place} has expired; nothing secret was sent.", _CLOCK),
    "certificate not valid yet": (
        "The certificate of {place} is not valid yet; nothing secret was sent.",
        "Check the date of this machine; it seems to be behind.",
    ),
    "certificate of another name": (
        "The certificate of {place} is for another name; nothing secret was sent.",
        "Check the spelling of the {field}; if it is right, another server answers there.",
    ),
    "certificate self-signed": (
        "The certificate of {place} is self-signed; nothing secret was sent.",
        "No provider uses one: check the {field}. For a server of your own, name its certificate in SSL_CERT_FILE.",
    ),
    "certificate untrusted": (
        "The certificate of {place} is not signed by an authority that this machine trusts; nothing secret was sent.",
        "A proxy may be decrypting TLS; if that is intended, or the host is a server of your own, "
        "name its authority's certificate in SSL_CERT_FILE.",
    ),
    "certificate invalid": (
        "The certificate of {place} is not valid{detail}; nothing secret was sent.",
        "Check the {field}; its administrator has to fix this.",
    ),
    "not TLS": (
        "{place} does not speak TLS on that port; nothing secret was sent.",
        "{check}; nothing is ever sent without TLS.",
    ),
    "no common TLS": (
        "{place} and this machine cannot agree on TLS{detail}.",
        "At least TLS 1.2 is needed: check the {field}, or ask its administrator.",
    ),
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a connection goes, and what sentences call the field that says so.

    `ports` names the usual ports where the port is a field of its own.
    """

    host: str
    port: int
    field: str
    ports: str = ""

    @property
    def place(self) -> str:
        """The host as sentences call it: with its port where that is not the one of https."""
        return self.host if self.port == HTTPS_PORT else f"{self.host}:{self.port}"

    @property
    def check(self) -> str:
        """The advice to look at what was typed, without a full stop."""
        return f"Check the {self.field} and its port" + (f" ({self.ports})" if self.ports else "")


def transport_failure(
    error: Exception, endpoint: Endpoint, stage: Stage, seconds: float | None = None
) -> ProviderFailed:
    """Return what an error that ended a connection at a stage comes to; `seconds` is how long it could have taken."""
    sentence, what_to_do = _FAILURES[_kind(error, stage)]
    values = {
        "host": endpoint.host,
        "port": endpoint.port,
        "place": endpoint.place,
        "field": endpoint.field,
        "check": endpoint.check,
        "within": f" within {seconds:g} s" if seconds and isinstance(error, TimeoutError) else "",
        "detail": _detail(error),
        "proxy": _proxy(),
    }
    return ProviderFailed(sentence.format_map(values), what_to_do.format_map(values))


def _kind(error: Exception, stage: Stage) -> str:
    if isinstance(error, ssl.SSLError):
        return _tls_kind(error)
    if isinstance(error, TimeoutError):
        return {
            "name": "name server silent",
            "connection": "not connected in time",
            "greeting": "no greeting in time",
            "TLS": "no TLS in time",
        }[stage]
    if isinstance(error, UnicodeError) or stage == "name":
        is_silent = isinstance(error, OSError) and error.errno == socket.EAI_AGAIN
        return "name server silent" if is_silent else "no such host"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, ConnectionError):
        return "closed during TLS" if stage == "TLS" else "closed"
    return "unreachable"


def _tls_kind(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        # truststore asks the operating system, which gives no code of OpenSSL's.
        return _CERTIFICATES.get(getattr(error, "verify_code", 0), "certificate invalid")
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError) or "EOF" in (error.reason or ""):
        return "closed during TLS"
    return "not TLS" if error.reason in _NOT_TLS else "no common TLS"


def _detail(error: Exception) -> str:
    """What the library or the system calls it, in brackets; it may be the peer's own text."""
    if isinstance(error, ssl.SSLCertVerificationError):
        word = str(getattr(error, "verify_message", "") or "")
    elif isinstance(error, ssl.SSLError):
        word = error.reason or ""
    else:
        word = errno.errorcode.get(error.errno or 0, "") if isinstance(error, OSError) else ""
    return f" ({safe_text(word, 80)})" if word else ""


def _proxy() -> str:
    """Point out a proxy that others would use: Switchboard goes directly."""
    if any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")):
        return " A proxy is named in the environment; Switchboard does not use it."
    return ""
