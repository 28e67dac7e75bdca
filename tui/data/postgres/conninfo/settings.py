"""Where and how to connect: the settings, what may be shown of them, and the string libpq is given."""

from __future__ import annotations

import ipaddress
import os
import re
import stat
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

from psycopg import conninfo, pq

from tui.data.postgres.conninfo.parameters import REFUSED
from tui.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.secret import Secret

PoolingKind = Literal["direct", "session", "transaction"]

CONNECT_TIMEOUT_S = 5
# A line that is dead is noticed after 25 s at most (10 + 3 * 5), also where nothing is being sent.
KEEPALIVES = {
    "keepalives": "1",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    # Milliseconds until what was sent and never acknowledged ends the connection, which keepalives do not.
    "tcp_user_timeout": "10000",
}
TRANSACTION_POOLER_PORT = "6543"
PASSWORD_KEYWORDS = frozenset(
    {"password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"}
)

_SUPABASE_POOLER = r"(?i)[a-z0-9.-]+\.pooler\.supabase\.com"


class ConnectionSettings(NamedTuple):
    """The parts of a connection; what is None is left to libpq (PGHOST, .pgpass, its own defaults).

    `host` and `port` are lists joined by commas where there are several; a host that begins with / is the folder of a
    socket. `parameters` are libpq's other keywords. The repr names the place and never a password.
    """

    host: str | None = None
    port: str | None = None
    database: str | None = None
    user: str | None = None
    password: Secret | None = None
    parameters: Mapping[str, str] = MappingProxyType({})

    def __repr__(self) -> str:
        return f"ConnectionSettings({self.describe()})"

    def value(self, keyword: str) -> str | None:
        """Return what libpq will use for a keyword other than the password: given here, from PG*, or built in."""
        own_fields = {"host": self.host, "port": self.port, "dbname": self.database, "user": self.user}
        return own_fields.get(keyword) or self.parameters.get(keyword) or (libpq_defaults().get(keyword) or None)

    @property
    def service(self) -> str | None:
        """Name of the section of libpq's service file that fills in what is not given."""
        return self.value("service")

    def describe(self) -> str:
        """`user@host:port/database` without a password or a control character: safe to show."""
        if self.host is None and self.service is not None:
            place = f"service {self.service}"
        else:
            host = self.value("host") or self.value("hostaddr") or "local socket"
            ports = (self.value("port") or "5432").split(",")
            hosts = host.split(",")
            pairs = zip(hosts, ports if len(ports) == len(hosts) else ports[:1] * len(hosts), strict=True)
            place = ",".join(f"[{name}]:{port}" if ":" in name else f"{name}:{port}" for name, port in pairs)
        user = self.value("user")
        text = f"{user + '@' if user else ''}{place}/{self.value('dbname') or user or ''}"
        return "".join(character if character.isprintable() else "?" for character in text)

    @property
    def is_local(self) -> bool:
        """Whether every host is a socket or the loopback interface, so that nothing crosses a network."""
        if self.host is None and self.service is not None and self.value("host") is None:
            return False
        hosts = (self.value("hostaddr") or self.value("host") or "/").split(",")
        return all(_is_loopback(host) for host in hosts)

    @property
    def sslmode(self) -> str | None:
        """The TLS mode somebody chose; None where libpq's own `prefer` would apply."""
        return self.parameters.get("sslmode") or os.environ.get("PGSSLMODE") or None

    def recommended_sslmode(self) -> Literal["verify-full", "require"] | None:
        """The mode to use where none was chosen: `prefer` goes without TLS and does not say so."""
        if self.is_local:
            return None
        return "verify-full" if self.value("sslrootcert") else "require"

    def tls_warning(self) -> str | None:
        """What the chosen or recommended mode does not protect against, in one sentence; None where it protects."""
        if self.is_local or (self.sslmode is None and self.service is not None):
            return None
        mode = self.sslmode or self.recommended_sslmode()
        if mode == "disable":
            return "The connection is not encrypted: everybody between here and the server can read it."
        if mode in ("allow", "prefer"):
            return "The connection is not encrypted if the server offers no encryption, without a warning."
        if mode == "require":
            return "The connection is encrypted, but nobody checks the server's certificate: sslrootcert is not given."
        return None

    def lacks_pooler_user(self) -> bool:
        """Whether the host is Supabase's pooler and the user name does not say which project is meant."""
        names_project = "." in (self.value("user") or "") or "reference" in (self.value("options") or "")
        return bool(re.fullmatch(_SUPABASE_POOLER, self.value("host") or "")) and not names_project

    def pgpass_problem(self) -> InvalidInput | None:
        """Why libpq would write a warning about its password file onto the screen; None where it stays quiet.

        https://www.postgresql.org/docs/current/libpq-pgpass.html: the file is ignored unless it is a plain file that
        neither group nor others may use. It is looked at only where no password is given.
        """
        if self.password or os.environ.get("PGPASSWORD"):
            return None
        file = Path(self.value("passfile") or Path(os.environ.get("HOME") or Path.home()) / ".pgpass")
        try:
            status = file.stat()
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode):
            return InvalidInput("libpq's password file is not a plain file.", "Remove it, or make it a plain file.")
        if status.st_mode & 0o077:
            return InvalidInput(
                "libpq's password file can be read by others, so libpq ignores it.",
                "Run chmod 600 on it (it is ~/.pgpass unless PGPASSFILE names another).",
            )
        return None


def make_conninfo(settings: ConnectionSettings, *, application_name: str) -> str:
    """The string for psycopg, with the 5 s connect time-out, keepalives, UTF-8 and TLS.

    It holds the password: it is never shown, logged or stored. Time-outs inside the server are not in it, because a
    pooler refuses start-up options; the database sets them once it knows what it talks to.
    """
    values: dict[str, str | None] = {
        # Given as empty, so that no service file has its say.
        **{keyword: "" for keyword in REFUSED if keyword in libpq_keywords()},
        "host": settings.host,
        "port": settings.port,
        "dbname": settings.database,
        "user": settings.user,
        "password": settings.password.reveal("connect") if settings.password else None,
        **settings.parameters,
        **KEEPALIVES,
        # Of the settings of a session this one is given here: no pooler refuses it, and it decides how errors read.
        "client_encoding": "UTF8",
        "connect_timeout": str(CONNECT_TIMEOUT_S),
        "application_name": application_name,
    }
    if settings.sslmode is None and settings.service is None:
        values["sslmode"] = settings.recommended_sslmode()
    return conninfo.make_conninfo("", **values)


@cache
def libpq_variables() -> dict[str, str]:
    """libpq's environment variables and the keyword each stands for."""
    return {option.envvar.decode(): option.keyword.decode() for option in pq.Conninfo.get_defaults() if option.envvar}


@cache
def libpq_keywords() -> frozenset[str]:
    """Every keyword this libpq knows."""
    return frozenset(option.keyword.decode() for option in pq.Conninfo.get_defaults())


def libpq_defaults() -> dict[str, str]:
    """What libpq would use by itself, from the environment, the service file, or built in; no passwords."""
    return {
        option.keyword.decode(): option.val.decode(errors="replace")
        for option in pq.Conninfo.get_defaults()
        if option.val is not None and option.keyword.decode() not in PASSWORD_KEYWORDS
    }


def _is_loopback(host: str) -> bool:
    if not host or host.startswith(("/", "@")) or host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
