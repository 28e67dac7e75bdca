"""Connection strings as people write them: read by us, so that a mistake is answered without repeating any of it."""

from __future__ import annotations

import difflib
import ipaddress
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

import psycopg
from psycopg import pq

from tui.data.postgres.conninfo.parameters import refused_kind
from tui.data.postgres.conninfo.settings import ConnectionSettings, libpq_defaults, libpq_keywords, libpq_variables
from tui.errors import MalformedConnectionString
from tui.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

EXAMPLE = "postgresql://user:password@host:5432/database"

MISTAKES = {
    "empty": ("The connection string is empty.", f"Give one such as {EXAMPLE}."),
    "quotes": ("The connection string begins or ends with a quote.", "Leave the quotes out."),
    "psql": ("The connection string has the command psql in front.", "Give only what begins with postgresql://."),
    "assignment": (
        "The connection string has a variable's name and = in front.",
        "Give only what begins with postgresql://.",
    ),
    "no scheme": ("The connection string does not begin with postgresql://.", f"Write it as {EXAMPLE}."),
    "misspelt scheme": (
        "The connection string's first word is almost postgresql://, but not quite.",
        f"Write it as {EXAMPLE}.",
    ),
    "web address": (
        "This is a web address, not a connection string.",
        "In Supabase it is under Connect, and begins with postgresql://.",
    ),
    "jdbc": ("This is a connection string for Java (jdbc:).", f"Leave jdbc: out and write it as {EXAMPLE}."),
    "driver": (
        "The connection string names a driver after postgresql (a + and a word).",
        "Leave the + and the word out, so that it begins with postgresql://.",
    ),
    "other database": ("This is a connection string for another kind of database.", f"Give one such as {EXAMPLE}."),
    "two strings": ("There is more than one connection string.", "Give only one."),
    "placeholder": (
        "The connection string still holds a placeholder such as [YOUR-PASSWORD].",
        "Put the real value in its place, without the brackets.",
    ),
    "blanks": (
        "The connection string holds a blank or a line break.",
        "Take it out; a blank that belongs to the password is written %20.",
    ),
    "control": ("The connection string holds a character that cannot be seen.", "Type it instead of pasting it."),
    "unescaped": (
        "The user name or the password holds one of @ : / # ? % as it is.",
        "Write it percent-encoded: @ as %40, : as %3A, / as %2F, # as %23, ? as %3F, % as %25.",
    ),
    "percent": (
        "A % in the connection string is not followed by two hexadecimal digits of UTF-8 text.",
        "A % that belongs to the password is written %25.",
    ),
    "no user": ("The connection string has a password but no user name.", f"Write it as {EXAMPLE}."),
    "no host": ("The connection string has a password but no host.", f"Write it as {EXAMPLE}."),
    "host": ("The host in the connection string is not a name or an address.", f"Write it as {EXAMPLE}."),
    "brackets": (
        "An IPv6 address in a connection string stands in brackets.",
        "Write it as postgresql://user:password@[::1]:5432/database.",
    ),
    "port": (
        "The port in the connection string is not a number from 1 to 65535.",
        "It is usually 5432; if the password holds a : or a /, write that as %3A or %2F.",
    ),
    "parameter": (
        "The connection string has a parameter that Postgres's client or Switchboard does not know.",
        "Take it out (pgbouncer, schema and connection_limit are for other programs).",
    ),
    "key log": (
        "The connection string has the secrets of TLS written into a file (sslkeylogfile).",
        "Take it out: whoever reads that file reads the connection.",
    ),
    "sign-in": (
        "The connection string asks for a sign-in with a code (oauth_...), which Switchboard cannot show.",
        "Take it out, and use a password or a certificate.",
    ),
    "replication": (
        "The connection string asks for a connection for replication.",
        "Take replication out: Switchboard needs an ordinary one.",
    ),
    "engine": (
        "The sslkey of the connection names an engine, a library that would be loaded, and not a file.",
        "Give the path of a key file, in the connection string or in PGSSLKEY.",
    ),
    "parameter twice": ("A parameter is given twice in the connection string.", "Give it once."),
    "sslmode": (
        "The sslmode in the connection string is not one.",
        "Use verify-full, verify-ca, require, prefer, allow or disable.",
    ),
    "timeout": ("The connect_timeout in the connection string is not a number of seconds.", "Take it out."),
    "keyword": (
        "The connection string has a word before a = that Postgres's client does not know.",
        "Write it as host=... port=5432 user=... password=... dbname=...",
    ),
    "keyword form": (
        "The connection string is not a list of word=value.",
        "Write it as host=... port=5432 user=... password='...' dbname=... with quotes round a value with blanks.",
    ),
    "pooler user": (
        "Supabase's pooler needs a user name that ends with the project, such as postgres.abcdefghijklmnop.",
        "Copy the user name from Connect in Supabase.",
    ),
}

SSL_MODES = frozenset({"verify-full", "verify-ca", "require", "prefer", "allow", "disable"})

_SCHEME = re.compile(r"((?:jdbc:)?[A-Za-z][A-Za-z0-9+.-]*)://")
_URI = re.compile(r"postgres(?:ql)?://", re.IGNORECASE)
_ASSIGNMENT = re.compile(r"""(?:export\s+|set\s+)?[A-Za-z_]\w*\s*=\s*["']?[A-Za-z][A-Za-z0-9+.]*://""", re.IGNORECASE)
_BRACKETED = r"(?:\[[A-Za-z][A-Za-z _-]*\]|<[A-Za-z][A-Za-z _-]*>|\$?\{\{?[A-Za-z_ -]+\}?\})"
# A whole part of a URI, of a user or of a host name: brackets in the middle of a password are the password's own.
_PLACEHOLDER = re.compile(rf"(?<![^:/@.,?&=]){_BRACKETED}(?![^:/@.,?&=])")
_PLACEHOLDER_PASSWORD = re.compile(
    rf"(?=.*(?:your|pass|pw|secret|insert|here|change)){_BRACKETED}", re.IGNORECASE | re.DOTALL
)
_PLACEHOLDER_PASSWORDS = frozenset({"your-password", "your_password", "yourpassword", "your-db-password"})
_QUOTES = "\"'`“”‘’"
_NAME_AND_VALUE = re.compile(r"[A-Za-z_]+\s*=")
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_BAD_IN_HOST = re.compile(r"""[\s<>"'`{}|\\^\[\]@?#]""")


def parse_connection_string(text: str) -> ConnectionSettings:
    """Read a URI (postgresql://...) or libpq's list of word=value; blanks round it are left out.

    https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING, less what is ambiguous. Raises
    MalformedConnectionString with one of `MISTAKES`, never with any part of the text, not even as its cause.
    """
    text = text.strip()
    _check_front(text)
    values = _parse_uri(text) if _URI.match(text) else _parse_words(text)
    _check_values(values)
    settings = _settings(values)
    if settings.lacks_pooler_user():
        raise _malformed("pooler user")
    return settings


def from_environment(database_url: str | None, libpq: Mapping[str, str]) -> ConnectionSettings:
    """DATABASE_URL, completed by the PG* variables of `.env`; those of the environment libpq reads by itself.

    `libpq` maps names such as PGHOST to values, and holds none that the environment has. Raises
    MalformedConnectionString.
    """
    settings = parse_connection_string(database_url) if database_url else ConnectionSettings()
    values = _values(settings)
    for variable, value in libpq.items():
        keyword = libpq_variables().get(variable)
        if keyword and value:
            values.setdefault(keyword, value)
    _check_values(values)
    return _settings(values)


def _malformed(kind: str) -> MalformedConnectionString:
    return MalformedConnectionString(*MISTAKES[kind])


def _settings(values: Mapping[str, str]) -> ConnectionSettings:
    own_fields = {"host", "port", "dbname", "user", "password"}
    password = values.get("password")
    return ConnectionSettings(
        host=values.get("host") or None,
        port=values.get("port") or None,
        database=values.get("dbname") or None,
        user=values.get("user") or None,
        password=Secret(password) if password else None,
        parameters={keyword: value for keyword, value in values.items() if keyword not in own_fields},
    )


def _values(settings: ConnectionSettings) -> dict[str, str]:
    values = {
        "host": settings.host,
        "port": settings.port,
        "dbname": settings.database,
        "user": settings.user,
        "password": settings.password.reveal("merge") if settings.password else None,
    }
    return {keyword: value for keyword, value in values.items() if value} | settings.parameters


def _check_front(text: str) -> None:
    """Refuse what shows before the text is taken apart."""
    checks = (
        ("empty", not text),
        ("psql", text.lower().startswith("psql ")),
        ("quotes", text[:1] in _QUOTES or (text[-1:] in _QUOTES and not _NAME_AND_VALUE.match(text))),
        ("assignment", bool(_ASSIGNMENT.match(text))),
        ("placeholder", bool(_URI.match(text) and _PLACEHOLDER.search(text))),
        ("two strings", len(_URI.findall(text)) > 1),
        ("blanks", bool(_URI.match(text) and re.search(r"\s", text))),
        ("control", not all(character.isprintable() or character.isspace() for character in text)),
    )
    for kind, applies in checks:
        if applies:
            raise _malformed(kind)
    if not _URI.match(text) and not _NAME_AND_VALUE.match(text):
        raise _malformed(_mistake_in_scheme(text))


def _mistake_in_scheme(text: str) -> str:
    match = _SCHEME.match(text)
    scheme = match[1].lower() if match else ""
    kinds = (
        ("no scheme", not scheme),
        ("jdbc", scheme.startswith("jdbc:")),
        ("web address", scheme in ("http", "https")),
        ("driver", bool(re.fullmatch(r"postgres(ql)?\+\w+", scheme))),
        ("misspelt scheme", bool(difflib.get_close_matches(scheme, ["postgresql", "postgres"]))),
    )
    return next((kind for kind, applies in kinds if applies), "other database")


def _check_values(values: Mapping[str, str]) -> None:
    """Refuse wrong values, whichever notation they came in."""
    password = values.get("password", "")
    shown = [value for keyword, value in values.items() if keyword != "password"]
    places = [values.get(keyword, "") for keyword in ("host", "user", "dbname")]
    sslkey = values.get("sslkey") or libpq_defaults().get("sslkey", "")
    refused = [refused_kind(keyword, value) for keyword, value in {**values, "sslkey": sslkey}.items()]
    checks = (
        *((kind, True) for kind in refused if kind is not None),
        ("control", "\0" in password or not all(value.isprintable() for value in shown)),
        ("placeholder", password.lower() in _PLACEHOLDER_PASSWORDS or bool(_PLACEHOLDER_PASSWORD.fullmatch(password))),
        ("placeholder", any(_PLACEHOLDER.search(place) for place in places)),
        ("port", not all(_is_port(port) for port in values.get("port", "").split(","))),
        ("sslmode", values.get("sslmode", "prefer") not in SSL_MODES),
        ("timeout", not re.fullmatch(r"\s*-?\d{1,6}\s*", values.get("connect_timeout", "5"))),
    )
    for kind, applies in checks:
        if applies:
            raise _malformed(kind)


def _is_port(text: str) -> bool:
    return not text or (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535)


def _parse_words(text: str) -> dict[str, str]:
    """Values of libpq's word=value notation."""
    try:
        options = pq.Conninfo.parse(text.encode())
    except (psycopg.Error, UnicodeEncodeError) as exc:
        kind = "keyword" if "invalid connection option" in str(exc) else "keyword form"
    else:
        return {option.keyword.decode(): option.val.decode() for option in options if option.val is not None}
    # Raised out here because libpq's own message repeats the text, and would travel along as the context.
    raise _malformed(kind)


def _parse_uri(text: str) -> dict[str, str]:
    """Values of a URI that holds no blank."""
    after_scheme = text.partition("://")[2]
    head = re.split(r"[/?]", after_scheme, maxsplit=1)[0]
    path, _, query = after_scheme[len(head) :].partition("?")
    credentials, at, places = head.rpartition("@")
    if "#" in after_scheme or "@" in credentials or "@" in path or _BAD_PERCENT.search(credentials):
        raise _malformed("unescaped")
    if not at and _is_password_tail(head, query):
        raise _malformed("unescaped")
    user, _, password = credentials.partition(":")
    if password and not user:
        raise _malformed("no user")
    encoded = {"user": user, "password": password, "dbname": path.removeprefix("/")}
    parameters = _parse_query(query)
    values = {
        keyword: _decode(value)
        for keyword, value in (encoded | _parse_hosts(places) | parameters).items()
        if value or keyword in parameters
    }
    if values.get("password") and not any(values.get(word) for word in ("host", "hostaddr", "service")):
        raise _malformed("no host")
    return values


def _is_password_tail(head: str, query: str) -> bool:
    """Whether an @ after the ? belongs to a password that was cut there, not to a parameter."""
    keyword = query.partition("=")[0]
    return "@" in query and (keyword not in libpq_keywords() or not _is_port(head.partition(":")[2]))


def _parse_hosts(places: str) -> dict[str, str]:
    """`host` and `port` of the list between the @ and the /, still percent-encoded."""
    hosts, ports = [], []
    for place in places.split(","):
        if place.startswith("["):
            host, bracket, port = place[1:].partition("]")
            if not bracket or not _is_ipv6(host) or (port and not port.startswith(":")):
                raise _malformed("brackets")
            port = port.removeprefix(":")
        elif _is_ipv6(place):
            raise _malformed("brackets")
        else:
            host, _, port = place.partition(":")
        if not _is_port(port):
            raise _malformed("port")
        if _BAD_IN_HOST.search(host) or (not host and "," in places):
            raise _malformed("host")
        hosts.append(host)
        ports.append(port)
    return {"host": ",".join(hosts), "port": ",".join(ports) if any(ports) else ""}


def _is_ipv6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text.replace("%25", "%", 1)).version == 6
    except ValueError:
        return False


def _parse_query(query: str) -> dict[str, str]:
    """Parameters after the ?, still percent-encoded."""
    parameters: dict[str, str] = {}
    for part in query.split("&") if query else []:
        keyword, equals, value = part.partition("=")
        if (keyword, value) == ("ssl", "true"):
            keyword, value = "sslmode", "require"
        if not equals or keyword not in libpq_keywords():
            raise _malformed("parameter")
        if keyword in parameters:
            raise _malformed("parameter twice")
        parameters[keyword] = value
    return parameters


def _decode(text: str) -> str:
    """Undo the percent-encoding. A + stays a +, as in libpq."""
    if not _BAD_PERCENT.search(text):
        decoded = unquote_to_bytes(text).decode("utf-8", "replace")
        if "\N{REPLACEMENT CHARACTER}" not in decoded:
            return decoded
    raise _malformed("percent")
