"""A connection as people copy it: a string with a command, a variable or quotes round it, or the string for Java."""

from __future__ import annotations

import contextlib
import getopt
import re
import shlex
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from tui.data.postgres.conninfo.settings import libpq_keywords, libpq_variables
from tui.data.postgres.conninfo.string import EXAMPLE, MISTAKES, from_environment, is_placeholder_password
from tui.errors import MalformedConnectionString

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.data.postgres.conninfo.settings import ConnectionSettings

PASTE_MISTAKES = {
    "open quote": ("The pasted text has a quote that is not closed.", "Copy all of it, or only the string."),
    "no string": (
        "There is no connection string after the variable's name.",
        f"Paste one such as {EXAMPLE}.",
    ),
    "variable": (
        "The psql command has a variable ($...) in place of a value.",
        "Paste the value of the variable: echo shows it.",
    ),
    "psql option": (
        "The psql command has an option that does not say where the database is.",
        "Paste it with only -h, -p, -U and -d, or only the connection string.",
    ),
    "jdbc parameter": (
        "The connection string for Java has a parameter that Postgres's client does not have.",
        "Remove it: only user, password, ssl and names that begin with ssl are translated.",
    ),
}

JDBC_KEYWORDS = {
    **{word: word for word in ("user", "password", "sslmode", "sslcert", "sslkey", "sslrootcert", "sslpassword")},
    "ssl": "sslmode",
    "options": "options",
    "ApplicationName": "application_name",
    "connectTimeout": "connect_timeout",
}
"""libpq's keyword by the name of a property (https://jdbc.postgresql.org/documentation/use/), where there is one."""

_JDBC = re.compile(r"jdbc:postgresql:", re.IGNORECASE)
_DRIVER = re.compile(r"(?<=postgres)(ql)?\+\w+(?=://)", re.IGNORECASE)
_COMMAND = re.compile(r"(?:export|set|env|psql)\s|\$env:\w|([A-Za-z_]\w*)\s*=", re.IGNORECASE)
_BARE_ASSIGNMENT = re.compile(
    r"""(?:(?:export|set|env)\s+|\$env:)?([A-Za-z_]\w*)\s*=\s*([^\s"'].*)""", re.IGNORECASE | re.DOTALL
)
# PowerShell, Python and many an .env have blanks round the =, for which a shell has another meaning.
_WIDE_ASSIGNMENT = re.compile(r"^\s*(?:export\s+|\$env:)?([A-Za-z_]\w*)[ \t]*=[ \t]*", re.IGNORECASE | re.MULTILINE)
_COMMENT = re.compile(r"^\s*(?:#|--|//).*$", re.MULTILINE)
_CONTINUATION = re.compile(r"\\\r?\n")
_QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "‘": "’"}
_PASSWORD_PLACES = (
    (re.compile(r"(?<=://)(?P<before>[^:/?#@]*:)(?P<password>[^@/?#]*)(?=@)"), ""),
    (re.compile(r"(?P<before>[?&]password=)(?P<password>[^&\s]*)"), ""),
    (re.compile(r"(?P<before>(?:^|\s)password\s*=\s*)(?P<password>'[^']*'|[^\s']\S*)"), "''"),
)
"""Where a password stands in a URI's credentials, in its parameters and in libpq's words, and how none is written."""


class Pasted(NamedTuple):
    """What was pasted, taken apart; `lacks_password` where it says that a password belongs there and has none."""

    settings: ConnectionSettings
    lacks_password: bool


def read_pasted(text: str) -> Pasted:
    """Read a connection string, the psql command or the assignment it stands in, or one for Java (jdbc:).

    A placeholder such as [YOUR-PASSWORD] is left out of the settings. Raises MalformedConnectionString with one of
    `MISTAKES` or `PASTE_MISTAKES`, never with any part of the text, not even as its cause.
    """
    text = _COMMENT.sub("", _CONTINUATION.sub(" ", text)).strip().removeprefix("$ ")
    if _QUOTES.get(text[:1]) == text[-1:] and text[-1:] not in text[1:-1]:
        text = text[1:-1].strip()
    found = _read_command(text) if _is_command(text) else _Found(text)
    string, lacks_password = _without_placeholder(_in_libpq_words(found.string))
    if is_placeholder_password(found.variables.get("PGPASSWORD", "")):
        del found.variables["PGPASSWORD"]
        lacks_password = True
    if not string and not any(found.variables.values()):
        raise MalformedConnectionString(*MISTAKES["empty"])
    settings = from_environment(string, found.variables)
    if settings.lacks_pooler_user():
        raise MalformedConnectionString(*MISTAKES["pooler user"])
    return Pasted(settings, settings.password is None and (lacks_password or found.asks_for_password))


class _Found(NamedTuple):
    """A connection string, and what completes it by the names of libpq's variables."""

    string: str
    variables: dict[str, str] = {}  # noqa: RUF012 - never changed where it is the default
    asks_for_password: bool = False


def _is_command(text: str) -> bool:
    match = _COMMAND.match(text)
    return match is not None and (match[1] or "").lower() not in libpq_keywords()


def _read_command(text: str) -> _Found:
    """Read assignments, and the psql command behind them where there is one."""
    bare = _BARE_ASSIGNMENT.fullmatch(text)
    if bare and bare[1].upper() not in libpq_variables():
        # As in `.env`, where a quote or a backslash in the middle is the value's own.
        return _Found(bare[2])
    words = _shell_words(_WIDE_ASSIGNMENT.sub(r"\1=", text))
    variables: dict[str, str] = {}
    strings: list[str] = []
    while words:
        word, *words = words
        name, equals, value = word.partition("=")
        if word.lower() == "psql":
            found = _read_psql(words)
            return found._replace(variables=variables | found.variables)
        if name.upper() in libpq_variables():
            variables[name.upper()] = value
        elif (equals and "=" in value) or "://" in value or _JDBC.match(value):
            strings.append(value)
        elif word.lower() not in ("export", "set", "env"):
            raise _malformed("no string")
    if len(strings) > 1:
        raise MalformedConnectionString(*MISTAKES["two strings"])
    return _Found("".join(strings), variables)


def _read_psql(arguments: Sequence[str]) -> _Found:
    """Read psql's arguments (https://www.postgresql.org/docs/current/app-psql.html): a string wins over its options."""
    options, rest = _psql_options(arguments)
    if any("$" in value and not re.search("[=:]", value) for value in (*options.values(), *rest)):
        raise _malformed("variable")
    names = [name for name in ("PGDATABASE", "PGUSER") if name not in options]
    if len(rest) > len(names):
        raise _malformed("psql option")
    variables = options | dict(zip(names, rest, strict=False))
    asks_for_password = variables.pop("PGPASSWORD", None) is not None
    database = variables.get("PGDATABASE", "")
    # What psql takes for a connection string and not for a name.
    is_string = "=" in database or "://" in database
    if is_string:
        del variables["PGDATABASE"]
    return _Found(database if is_string else "", variables, asks_for_password)


def _psql_options(arguments: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    names = {"h": "PGHOST", "p": "PGPORT", "U": "PGUSER", "d": "PGDATABASE", "W": "PGPASSWORD", "w": "", "X": ""}
    long_names = {"host": "h", "port": "p", "username": "U", "dbname": "d", "password": "W", "no-password": "w"}
    with_values = ["host=", "port=", "username=", "dbname=", "password", "no-password"]
    # The message of the exception repeats the option, so nothing of it is kept.
    with contextlib.suppress(getopt.GetoptError):
        options, rest = getopt.gnu_getopt(arguments, "h:p:U:d:wWX", with_values)
        short = [(long_names.get(option.removeprefix("--"), option[1:]), value) for option, value in options]
        return {names[option]: value for option, value in short if names[option]}, rest
    raise _malformed("psql option")


def _in_libpq_words(string: str) -> str:
    """Return a string without the driver's name of SQLAlchemy, and one for Java as libpq's URI."""
    jdbc = _JDBC.match(string)
    if not jdbc:
        return _DRIVER.sub(r"\1", string)
    place, _, query = string[jdbc.end() :].partition("?")
    if not place.startswith("//"):
        place = f"///{place.strip('/')}"
    if place.startswith("///"):
        # Java's driver then means this machine, and libpq a socket.
        place = f"//localhost{place[2:]}"
    parts = [part for part in query.split("&") if part]
    if any(part.startswith("sslmode=") for part in parts):
        # It says more than ssl, and a parameter is given once.
        parts = [part for part in parts if part.partition("=")[0] != "ssl"]
    parameters = [_jdbc_parameter(part) for part in parts]
    return f"postgresql:{place}?{'&'.join(filter(None, parameters))}".removesuffix("?")


def _jdbc_parameter(part: str) -> str:
    """Return a parameter as libpq's, empty where it says what libpq does by itself."""
    name, _, value = part.partition("=")
    keyword = JDBC_KEYWORDS.get(name)
    if keyword is None:
        raise _malformed("jdbc parameter")
    if name == "ssl":
        # What libpq makes of it as well: libpq-connect, "JDBC connection URIs".
        return "" if value.lower() == "false" else "sslmode=require"
    # Java reads a + as a blank, libpq as itself.
    return f"{keyword}={value.replace('+', '%20')}"


def _without_placeholder(string: str) -> tuple[str, bool]:
    """Return a string without a placeholder in the password's place, and whether one was there."""
    for place, nothing in _PASSWORD_PLACES:
        match = place.search(string)
        if match and is_placeholder_password(unquote(match["password"]).strip("'")):
            return f"{string[: match.end('before')]}{nothing}{string[match.end() :]}", True
    return string, False


def _shell_words(text: str) -> list[str]:
    with contextlib.suppress(ValueError):
        return shlex.split(text)
    raise _malformed("open quote")


def _malformed(kind: str) -> MalformedConnectionString:
    return MalformedConnectionString(*PASTE_MISTAKES[kind])
