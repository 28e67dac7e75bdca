"""Connection strings as people write them: libpq reads them, and a mistake is answered without repeating any of it."""

from __future__ import annotations

import contextlib
import difflib
import ipaddress
import re
from typing import TYPE_CHECKING

import psycopg
from psycopg import pq

from tui.data.postgres.conninfo.parameters import refused_kind
from tui.data.postgres.conninfo.settings import ConnectionSettings, libpq_defaults, libpq_keywords, libpq_variables
from tui.errors import MalformedConnectionString
from tui.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

EXAMPLE = "postgresql://user:password@host:5432/database"

MISTAKES = {
    "empty": ("The connection string is empty.", f"Give one such as {EXAMPLE}."),
    "quotes": ("The connection string begins or ends with a quote.", "Leave the quotes out."),
    "psql": ("The connection string has the command psql in front.", f"Give only the string, as {EXAMPLE}."),
    "assignment": (
        "The connection string has a variable's name and = in front.",
        "Give only what begins with postgresql://.",
    ),
    "no scheme": ("The connection string does not begin with postgresql://.", f"Write it as {EXAMPLE}."),
    "misspelt scheme": (
        "The connection string begins with a misspelt postgresql://.",
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
        "The connection string contains a space or a line break.",
        "Remove it; write a space that belongs to the password as %20.",
    ),
    "control": ("The connection string contains an invisible character.", "Type it instead of pasting it."),
    "unescaped": (
        "The user name or the password contains @ : / # ? or % without encoding.",
        "Write it percent-encoded: @ as %40, : as %3A, / as %2F, # as %23, ? as %3F, % as %25.",
    ),
    "percent": (
        "A % in the connection string is not followed by two hexadecimal digits of UTF-8 text.",
        "Write a % that belongs to the password as %25.",
    ),
    "no user": ("The connection string has a password but no user name.", f"Write it as {EXAMPLE}."),
    "no host": ("The connection string has a password but no host.", f"Write it as {EXAMPLE}."),
    "host": ("The host in the connection string is not a name or an address.", f"Write it as {EXAMPLE}."),
    "brackets": (
        "An IPv6 address in a connection string must be in brackets.",
        "Write it as postgresql://user:password@[::1]:5432/database.",
    ),
    "port": (
        "The port in the connection string is not a number from 1 to 65535.",
        "It is usually 5432; if the password contains a : or a /, write that as %3A or %2F.",
    ),
    "parameter": (
        "The connection string has a parameter that Postgres's client or Switchboard does not know.",
        "Remove it (pgbouncer, schema and connection_limit are for other programs).",
    ),
    "key log": (
        "The connection string writes the secrets of TLS into a file (sslkeylogfile).",
        "Remove it: whoever can read that file can read the connection.",
    ),
    "sign-in": (
        "The connection string asks for a sign-in with a code (oauth_...), which Switchboard cannot show.",
        "Remove it, and use a password or a certificate.",
    ),
    "replication": (
        "The connection string asks for a connection for replication.",
        "Remove replication: Switchboard needs an ordinary connection.",
    ),
    "engine": (
        "The sslkey of the connection names an engine, a library that would be loaded, and not a file.",
        "Give the path of a key file, in the connection string or in PGSSLKEY.",
    ),
    "parameter twice": ("A parameter is given twice in the connection string.", "Give it once."),
    "sslmode": (
        "The sslmode in the connection string is not valid.",
        "Use verify-full, verify-ca, require, prefer, allow or disable.",
    ),
    "timeout": ("The connect_timeout in the connection string is not a number of seconds.", "Remove it."),
    "keyword": (
        "The connection string has a word before a = that Postgres's client does not know.",
        "Write it as host=... port=5432 user=... password=... dbname=...",
    ),
    "keyword form": (
        "The connection string is not a list of word=value.",
        "Write it as host=... port=5432 user=... password='...' dbname=... with quotes round a value with spaces.",
    ),
    "pooler user": (
        "Supabase's pooler needs a user name that ends with the project, such as postgres.abcdefghijklmnop.",
        "Copy the user name from Connect in Supabase.",
    ),
}

SSL_MODES = frozenset({"verify-full", "verify-ca", "require", "prefer", "allow", "disable"})

# Texts, here and in modules of each start: `re` compiles one when it is first used, and what is right needs few.
_SCHEME = r"((?:jdbc:)?[A-Za-z][A-Za-z0-9+.-]*)://"
_URI = r"(?i)postgres(?:ql)?://"
_ASSIGNMENT = r"""(?i)(?:(?:export|set)\s+"?|\$env:)?[A-Za-z_]\w*\s*=\s*["']?(?:jdbc:)?[A-Za-z][A-Za-z0-9+.]*://"""
_BRACKETED = r"(?:\[[A-Za-z][A-Za-z _-]*\]|<[A-Za-z][A-Za-z _-]*>|\$?\{\{?[A-Za-z_ -]+\}?\})"
# A whole part of a URI, of a user or of a host name: brackets in the middle of a password are the password's own.
_PLACEHOLDER = rf"(?<![^:/@.,?&=]){_BRACKETED}(?![^:/@.,?&=])"
_PLACEHOLDER_PASSWORD = rf"(?is)(?=.*(?:your|pass|pw|secret|insert|here|change)){_BRACKETED}"
# Dashboards write asterisks where they do not show a password.
_UNBRACKETED_PLACEHOLDER = (
    r"(?i)(?:[a-z]+[-_])?your[-_]?(?:[a-z]+[-_]?){0,2}(?:password|pass|pw|secret)(?:[-_]here)?|\*{3,}|•{3,}"
)
_QUOTES = "\"'`“”‘’"
_NAME_AND_VALUE = r"[A-Za-z_]+\s*="
_BAD_PERCENT = r"%(?![0-9A-Fa-f]{2})"
_PLACE = re.compile(r"(\[[^\]]*\]|[^:]*)(?::(.*))?")
_BAD_IN_HOST = r"""[\s<>"'`{}|\\^\[\]@?#]"""


def parse_connection_string(text: str) -> ConnectionSettings:
    """Read a URI (postgresql://...) or libpq's list of word=value; blanks round it are left out.

    https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING, less what other programs would read
    differently. Raises MalformedConnectionString with one of `MISTAKES`, never with any part of the text, not even as
    its cause.
    """
    text = text.strip()
    _check_front(text)
    values = _parse_uri(text) if re.match(_URI, text) else _parse_words(text)
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


def is_placeholder_password(password: str) -> bool:
    """Tell whether a password is the word that a dashboard or a manual writes in its place."""
    return bool(re.fullmatch(_PLACEHOLDER_PASSWORD, password) or re.fullmatch(_UNBRACKETED_PLACEHOLDER, password))


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
    return {keyword: value for keyword, value in values.items() if value} | dict(settings.parameters)


def _refuse(checks: Iterable[tuple[str, bool]]) -> None:
    """Raise MalformedConnectionString for the first kind of mistake that was found."""
    for kind, applies in checks:
        if applies:
            raise _malformed(kind)


def _check_front(text: str) -> None:
    """Refuse what shows before the text is taken apart."""
    checks = (
        ("empty", not text),
        ("psql", text.lower().startswith("psql ")),
        ("assignment", bool(re.match(_ASSIGNMENT, text))),
        ("quotes", text[:1] in _QUOTES or (text[-1:] in _QUOTES and not re.match(_NAME_AND_VALUE, text))),
        ("placeholder", bool(re.match(_URI, text) and re.search(_PLACEHOLDER, text))),
        ("two strings", len(re.findall(_URI, text)) > 1),
        ("blanks", bool(re.match(_URI, text) and re.search(r"\s", text))),
        ("control", not all(character.isprintable() or character.isspace() for character in text)),
    )
    _refuse(checks)
    if not re.match(_URI, text) and not re.match(_NAME_AND_VALUE, text):
        raise _malformed(_mistake_in_scheme(text))


def _mistake_in_scheme(text: str) -> str:
    match = re.match(_SCHEME, text)
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
        ("placeholder", is_placeholder_password(password)),
        ("placeholder", any(re.search(_PLACEHOLDER, place) for place in places)),
        ("port", not all(_is_port(port) for port in values.get("port", "").split(","))),
        ("sslmode", values.get("sslmode", "prefer") not in SSL_MODES),
        ("timeout", not re.fullmatch(r"\s*-?\d{1,6}\s*", values.get("connect_timeout", "5"))),
    )
    _refuse(checks)


def _is_port(text: str) -> bool:
    return not text or (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535)


def _parse_words(text: str) -> dict[str, str]:
    """Values of libpq's word=value notation."""
    values = _parse_by_libpq(text)
    if values is None:
        words = re.findall(r"(?:\A|\s)(\w+)\s*=", text)
        raise _malformed("keyword form" if libpq_keywords().issuperset(words) else "keyword")
    return values


def _parse_uri(text: str) -> dict[str, str]:
    """Values of a URI that holds no blank. Refuses what libpq takes and another program would take differently."""
    after_scheme = text.partition("://")[2]
    head = re.split(r"[/?]", after_scheme, maxsplit=1)[0]
    path, _, query = after_scheme[len(head) :].partition("?")
    credentials, at, places = head.rpartition("@")
    user, _, password = credentials.partition(":")
    hosts = [(match[1], match[2] or "") for match in map(_PLACE.fullmatch, places.split(",")) if match]
    parts = query.split("&") if query else []
    parameters = [("sslmode=require" if part == "ssl=true" else part).partition("=") for part in parts]
    keywords = [keyword for keyword, _, _ in parameters]
    unknown = not libpq_keywords().issuperset(keywords)
    bad_port = not all(_is_port(port) for _, port in hosts)
    _refuse(
        (
            (
                "unescaped",
                "#" in after_scheme or "@" in credentials + path or bool(re.search(_BAD_PERCENT, credentials)),
            ),
            # Then the @ belongs to a password that was cut at its ?, not to a parameter.
            ("unescaped", not at and "@" in query and (unknown or bad_port)),
            ("no user", bool(password and not user)),
            ("brackets", any(_is_ipv6(place) for place in places.split(","))),
            ("brackets", any(host.startswith("[") and not _is_ipv6(host[1:-1]) for host, _ in hosts)),
            ("port", bad_port),
            ("host", any(not host.startswith("[") and re.search(_BAD_IN_HOST, host) for host, _ in hosts)),
            ("host", "," in places and not all(host for host, _ in hosts)),
            ("parameter", unknown or not all(equals for _, equals, _ in parameters)),
            ("parameter twice", len(set(keywords)) < len(keywords)),
            ("control", "%00" in after_scheme),
        )
    )
    # libpq refuses a second = in a parameter, and would take the @ of one for the end of the credentials.
    query = "&".join(f"{word}={value.replace('=', '%3D').replace('@', '%40')}" for word, _, value in parameters)
    values = _parse_by_libpq(f"postgresql://{head}{path}?{query}")
    if values is None:
        raise _malformed("percent")
    if not values.get("port", "").strip(","):
        # libpq notes the commas between hosts without ports, and PGPORT would not apply.
        values.pop("port", None)
    if values.get("password") and not any(values.get(word) for word in ("host", "hostaddr", "service")):
        raise _malformed("no host")
    return values


def _parse_by_libpq(text: str) -> dict[str, str] | None:
    """Return the values of either notation, None where libpq refuses it or a value is no UTF-8 text."""
    # Its message repeats the text, so nothing of the exception is kept.
    with contextlib.suppress(psycopg.Error, UnicodeError):
        options = pq.Conninfo.parse(text.encode())
        return {option.keyword.decode(): option.val.decode() for option in options if option.val is not None}
    return None


def _is_ipv6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text.replace("%25", "%", 1)).version == 6
    except ValueError:
        return False
