"""Why there is no connection: libpq's and the network's messages, recognised and put in our own words."""

from __future__ import annotations

import re
import socket

import psycopg

from tui.data.errors import (
    CHECK_NETWORK,
    ConnectionFailed,
    ConnectionLost,
    InvalidInput,
    NoFreeConnection,
    ServerUnsuitable,
    SwitchboardError,
)

Kind = tuple[type[SwitchboardError], str, str]

PASSWORD: Kind = (
    ConnectionFailed,
    "The server refused the user name or the password.",
    "Check both; on Supabase's pooler the user name is postgres.REF, and in a connection string @ : / # ? % in the "
    "password are percent-encoded.",
)
NO_PASSWORD: Kind = (
    ConnectionFailed,
    "The server wants a password and none was given.",
    "Put it into DATABASE_URL, PGPASSWORD or ~/.pgpass.",
)
NOT_ADMITTED: Kind = (
    ConnectionFailed,
    "The server does not let this user in this way.",
    "Check the user name, whether that role may log in, and the server's pg_hba.conf (it may insist on TLS).",
)
NO_DATABASE: Kind = (
    ConnectionFailed,
    "The server has no database of that name.",
    "Check the name after the host; on Supabase it is postgres.",
)

_BY_SQLSTATE: dict[str, Kind] = {"28P01": PASSWORD, "28000": NOT_ADMITTED, "3D000": NO_DATABASE}

# Read from the top: with several hosts the text holds one message for each, and the earlier row says more.
_BY_TEXT: tuple[tuple[str, Kind], ...] = (
    ("no password supplied", NO_PASSWORD),
    (
        "enant or user not found|enant/user",
        (
            ConnectionFailed,
            "Supabase's pooler does not know this user.",
            "Write the user name with the project behind it, postgres.REF, and take the host from the same page.",
        ),
    ),
    ("password authentication failed|SASL authentication failed|Wrong password", PASSWORD),
    ('pg_hba|authentication failed|role "" does not exist|is not permitted to log in', NOT_ADMITTED),
    ('database "" does not exist', NO_DATABASE),
    (
        "permission denied for database|not currently accepting connections",
        (
            ConnectionFailed,
            "This role may not connect to that database.",
            "Ask whoever runs it for the CONNECT privilege, or connect as another role.",
        ),
    ),
    (
        "too many (clients|connections)|connection slots|[Mm]ax ?[Cc]lients",
        (
            NoFreeConnection,
            "The server has no free connection left.",
            "Try again in a moment; close other programs, or use the pooler's address.",
        ),
    ),
    (
        "starting up|shutting down|recovery mode|not yet accepting",
        (ConnectionFailed, "The server is starting or stopping, and takes no connections yet.", CHECK_NETWORK),
    ),
    (
        "does not support SSL",
        (
            ConnectionFailed,
            "The server offers no TLS, and the connection would be readable on the way.",
            "Turn TLS on in the server; on a network that you trust, add sslmode=disable.",
        ),
    ),
    (
        "certificate verify failed|does not match host name|could not verify server certificate",
        (
            ConnectionFailed,
            "The server's TLS certificate is not the one expected for this host.",
            "Check the host name and that sslrootcert is the certificate of whoever runs the server.",
        ),
    ),
    (
        'root certificate file|certificate file ""|private key file|could not load|could not read root',
        (
            ConnectionFailed,
            "A certificate or key file for TLS is missing, unreadable, or open to others.",
            "Check sslrootcert, sslcert and sslkey; a private key is closed with chmod 600.",
        ),
    ),
    (
        "invalid response to SSL|expected authentication request|invalid message|unsupported frontend",
        (
            ConnectionFailed,
            "What answers at that address is not a Postgres server.",
            "Check the host and the port; the port is usually 5432.",
        ),
    ),
    (
        "definition of service|service file|nested service",
        (
            ConnectionFailed,
            "libpq's service file has no such service, or cannot be read.",
            "Check PGSERVICE and ~/.pg_service.conf.",
        ),
    ),
    (
        "startup parameter|unrecognized configuration parameter",
        (
            ConnectionFailed,
            "The server or its pooler refuses a setting that the connection starts with.",
            "Take options= out of the connection string, and PGOPTIONS out of the environment.",
        ),
    ),
    (
        "hot standby mode|session is (not )?read-only|server is in hot standby",
        (
            ServerUnsuitable,
            "The server is not of the kind that target_session_attrs asks for.",
            "Give the address of the primary server.",
        ),
    ),
    (
        "invalid \\S+ value|invalid port number|invalid integer value|invalid connection option",
        (
            InvalidInput,
            "A setting of the connection has a value that libpq does not accept.",
            "Check the connection string and the variables that begin with PG.",
        ),
    ),
    (
        "resolve host|translate host name|Name or service not known|No address associated|nodename nor servname",
        (
            ConnectionFailed,
            "The host's name cannot be found.",
            "Check its spelling and the network; db.REF.supabase.co is IPv6 only, use the pooler's host from IPv4.",
        ),
    ),
    (
        "[Tt]imed? ?out",
        (
            ConnectionFailed,
            "The server did not answer in time.",
            "Check host, port and firewall; db.REF.supabase.co is IPv6 only, use the pooler's host from IPv4.",
        ),
    ),
    (
        "Connection refused",
        (
            ConnectionFailed,
            "Nothing takes connections at that host and port.",
            "Check both, and whether the server runs.",
        ),
    ),
    (
        "unreachable|No route to host",
        (
            ConnectionFailed,
            "There is no way to that host from here.",
            "Check the network; db.REF.supabase.co is IPv6 only, use the pooler's host from IPv4.",
        ),
    ),
    (
        "on socket .*(No such file|Permission denied)",
        (
            ConnectionFailed,
            "There is no server's socket here that this user may use.",
            "Check that the server runs, or give its host and port.",
        ),
    ),
    (
        "closed the connection unexpectedly",
        (
            ConnectionFailed,
            "The server, or something in between, ended the connection at once.",
            "Check host and port, and whether a firewall or the server's settings refuse this address.",
        ),
    ),
)
_PATTERNS = tuple((re.compile(pattern, re.DOTALL), kind) for pattern, kind in _BY_TEXT)

_QUOTED = re.compile(r'"[^"]*"')
_WHILE_CONNECTING = ("connection failed:", "connection is bad:", "failed to resolve", "connection timeout expired")
_HOLDS_WHAT_WAS_TYPED = re.compile(
    r"connection (info|option)|URI|invalid (port|integer)|missing \"=\"|unterminated", re.IGNORECASE
)
_CREDENTIALS = re.compile(r"://[^\s/]*@")
_PASSWORD_WORD = re.compile(r"\b(\w*password|\w*secret)(\s*=\s*)('(?:\\.|[^'\\])*'?|\S*)", re.IGNORECASE)


def connect_failure(exc: BaseException, *, doing: str) -> SwitchboardError:
    """What to tell about a failure that no query caused: no connection, or one that broke.

    Unless it happened while connecting (`doing` says so, or the text), an unknown one is a broken connection.
    """
    text = str(exc)
    details = scrubbed(text)
    kind = _BY_SQLSTATE.get((exc.sqlstate or "") if isinstance(exc, psycopg.Error) else "")
    connecting = doing.startswith("connect") or text.startswith(_WHILE_CONNECTING)
    if kind is None and connecting:
        # Names within quotes may hold anything, also the words looked for.
        plain = _QUOTED.sub('""', text)
        kind = next((kind for pattern, kind in _PATTERNS if pattern.search(plain)), None)
        if isinstance(exc, (TimeoutError, socket.gaierror)) and kind is None:
            wanted = "Timed out" if isinstance(exc, TimeoutError) else "resolve host"
            kind = next(kind for pattern, kind in _PATTERNS if pattern.search(wanted))
    if kind is not None:
        error, sentence, what_to_do = kind
        return error(sentence, what_to_do, details=details)
    if connecting:
        return ConnectionFailed(
            "There is no connection to the database.", "The details hold what the driver said.", details=details
        )
    return ConnectionLost("The connection to the database is lost.", CHECK_NETWORK, details=details)


def scrubbed(text: str) -> str:
    """A driver's message for the details: nothing where it repeats what was typed, else without any password."""
    if _HOLDS_WHAT_WAS_TYPED.search(text):
        return ""
    return _PASSWORD_WORD.sub(r"\1\2…", _CREDENTIALS.sub("://…@", text))


def one_line(text: str) -> str:
    """A server's words on one line of at most 300 characters, without what cannot be seen."""
    words = "".join(character if character.isprintable() else " " for character in text).split()
    line = " ".join(words)
    return line if len(line) <= 300 else f"{line[:299]}…"
