"""What a driver's error becomes: one sentence and what to do, with nothing in it that was typed or stored."""

from __future__ import annotations

import re

import psycopg

from tui.data.postgres.failures.connect_failures import (
    as_sentence,
    connect_failure,
    is_answer,
    one_line,
    quote,
    scrubbed,
)
from tui.data.postgres.failures.login_refusals import login_refusal
from tui.data.postgres.failures.refusal_kinds import DISK_FULL, NO_MEMORY, NO_SLOT, STARTING, Kind
from tui.data.postgres.failures.refusal_texts import recognise
from tui.errors import (
    Advice,
    Conflict,
    ConnectionFailed,
    ConnectionLost,
    ConstraintViolated,
    DatabaseFailed,
    InvalidInput,
    Locked,
    MasterKeyError,
    NotFound,
    PermissionDenied,
    SchemaMissing,
    ServerUnsuitable,
    SwitchboardError,
    TimedOut,
)
from tui.words.integrations.description import LIST_AGAIN

LOOK_AT_KEYS = "Look at `switchboard keys status`, and try again; nothing was changed."
TOO_MANY_OPENINGS = "Wait that long; the limit is there so that nobody can copy all secrets unnoticed."

_LOST: Kind = (ConnectionLost, "The server ended the connection.", Advice.CHECK_NETWORK)
_COLLIDED: Kind = (
    Locked,
    "It conflicted with a change that somebody else made at the same time.",
    "Try again; nothing was changed.",
)

# Under the code of a collision, whose words would be wrong: nobody changed what was read.
# https://www.postgresql.org/docs/current/hot-standby.html#HOT-STANDBY-CONFLICT
_REPLAYED_OVER: Kind = (
    DatabaseFailed,
    "The standby cancelled it, to go on replaying what its primary has cleared away.",
    "Run it again, ask for less at once, or have max_standby_streaming_delay raised on the standby.",
)

# The meaning of an error code, by the five characters or by its class, the first two:
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_BY_CODE: dict[str, Kind] = {
    "08": _LOST,
    # Class 22 quotes the value in its primary message, which therefore is not repeated.
    "22": (InvalidInput, "A value does not fit its column's type.", "Correct it."),
    "25006": (
        ServerUnsuitable,
        "The server is read-only at the moment: it is a standby, or set to read-only.",
        "Connect to the primary server, or have default_transaction_read_only reset; nothing was written.",
    ),
    "25P03": _LOST,
    "25P04": _LOST,
    "40001": _COLLIDED,
    "40P01": _COLLIDED,
    "53": NO_MEMORY,
    "53100": DISK_FULL,
    "53300": NO_SLOT,
    "55P03": (Locked, "Somebody else holds a lock on it.", "Try again; nothing was changed."),
    "57014": (
        TimedOut,
        "The server stopped this: it took too long, or somebody cancelled it.",
        "Ask for less, or try again when the server is less busy.",
    ),
    "57P01": _LOST,
    "57P02": _LOST,
    "57P03": (ConnectionLost, *STARTING[1:]),
    "57P05": _LOST,
    # Ours: sql/006_acts.sql.
    "SB002": (DatabaseFailed, "The permission to open this secret has expired; nothing was shown.", "Try again."),
}
_MISSING = frozenset({"3F000", "42P01", "42703", "42704", "42883"})
_LOGIN = ("28", "3D")
# Classes whose messages are about the server and the connection, never about a row: the server's words are shown.
_ABOUT_THE_SERVER = ("08", "25", "53", "54", "57", "58", "F0", "XX")

# The only place where Postgres says how long a column may be is the type's name in the message.
# One limit for both: sql/006_acts.sql.
_COUNTED_TOGETHER = "openings to (?:reveal|run)"
_LENGTH = r"character(?: varying)?\((\d{1,9})\)"

# What raised an error, by its place in the server's source: a procedural language, not the server itself.
_RAISED_BY_CODE = r"(?:^|[/\\])pl(?:_exec|perl|py_\w+|tcl|v8)\."
# The first line of CONTEXT is that of the innermost function, in the server's language; names but ours may be quoted.
# A DO block that nothing called is of the files of sql/.
_OURS = r'[^"\n]*?(?<![a-z0-9_])(?:switchboard\.\w+\(|inline_code_block\b[^\n]*\Z)'

# The same line of another program's function in a procedural language: "PL/pgSQL function public.other() line 3 ...".
_THEIRS = r'[^"\n]*?\bPL/\w+[^"\n]*?\s((?!switchboard\.)[\w.$]+\([^()"\n]*\))'


def translated(exc: BaseException, *, connecting: bool, role: str | None) -> SwitchboardError:
    """Return what `translate` returns."""
    if isinstance(exc, SwitchboardError):
        return exc
    sqlstate = (exc.sqlstate or "") if isinstance(exc, psycopg.Error) else ""
    if isinstance(exc, psycopg.Error) and sqlstate and is_of_another_program(exc):
        # Its words may quote the row, and so may the names that it gives.
        refused = "A trigger of another program refused it; nothing was written."
        failure: SwitchboardError = DatabaseFailed(
            refused, "Ask the database administrator.", details=f"{type(exc).__name__} {sqlstate}"
        )
    elif isinstance(exc, psycopg.Error) and sqlstate in _MISSING and (function := _function_of_another_program(exc)):
        failure = DatabaseFailed(
            f"The function {function} of another program does not find what it needs; nothing was written.",
            "Have it name everything with its schema, or set search_path on it: in Switchboard's functions only "
            "pg_catalog is searched.",
            details=_details(exc),
        )
    elif isinstance(exc, psycopg.Error) and sqlstate and not sqlstate.startswith(_LOGIN):
        failure = _server_failure(exc, sqlstate, role)
    else:
        failure = _driver_failure(exc, connecting)
    failure.sqlstate, failure.answered = sqlstate, is_answer(exc)
    return failure


def is_of_another_program(exc: psycopg.Error) -> bool:
    """Whether a function that is not ours raised an error, such as another program's trigger below a function of ours.

    Functions of ours raise one code only of class P0, which a plain RAISE gives: that there is no such row.
    """
    if (exc.sqlstate or "").startswith("P0") and exc.sqlstate != "P0002":
        return True
    context = exc.diag.context or ""
    return bool(context and re.search(_RAISED_BY_CODE, exc.diag.source_file or "") and not re.match(_OURS, context))


def _function_of_another_program(exc: psycopg.Error) -> str | None:
    """The one that an error came out of, such as a trigger's, as far as the server names it."""
    innermost = re.match(_THEIRS, exc.diag.context or "")
    return innermost[1] if innermost else None


# Ours, in words of ours.
_REFUSED: dict[str, tuple[type[SwitchboardError], str]] = {
    # sql/015_rotation.sql
    "SB004": (Conflict, LOOK_AT_KEYS),
    "SB005": (MasterKeyError, LOOK_AT_KEYS),
    # sql/016_logins.sql, with the login and the act
    "SB006": (PermissionDenied, "Let somebody do it whose login sees every organisation."),
    # sql/020_archive.sql, with the month
    "SB008": (Conflict, "`switchboard audit archive --dry-run` says how far each month is."),
}


def _server_failure(exc: psycopg.Error, sqlstate: str, role: str | None) -> SwitchboardError:
    """A failure that the server reported while it was asked something."""
    primary, quoted = as_sentence(exc.diag.message_primary or "no reason given"), ""
    if sqlstate == "42501":
        kind = _permission_denied(primary, role)
    elif sqlstate == "22001":
        length = re.search(_LENGTH, primary)
        limit = f" (at most {length[1]} characters)" if length else ""
        kind = (InvalidInput, f"A text is too long for its column{limit}.", "Shorten it.")
    elif sqlstate in _MISSING:
        sentence = f"Something Switchboard needs is not in this database: {primary}"
        kind = (SchemaMissing, sentence, "Run `switchboard setup`, or open section 5.")
    elif sqlstate.startswith("23"):
        sentence = f"A rule of the database refused it: {primary}"
        kind = (ConstraintViolated, sentence, "Correct the value that the rule is about.")
    elif sqlstate == "SB001":
        # Ours, with the number and the wait: sql/006_acts.sql.
        counted_together = re.sub(_COUNTED_TOGETHER, "reveals and loans", primary)
        kind = (DatabaseFailed, counted_together[:1].upper() + counted_together[1:], TOO_MANY_OPENINGS)
    elif sqlstate in _REFUSED:
        error, what_to_do = _REFUSED[sqlstate]
        kind = (error, f"It was refused: {primary}", what_to_do)
    elif sqlstate == "SB007":
        kind = login_refusal(exc.diag.message_detail)
    elif sqlstate == "40001" and "statement due to conflict with recovery" in primary:
        kind = _REPLAYED_OVER
    elif sqlstate == "P0002":
        kind = (NotFound, "The integration no longer exists.", LIST_AGAIN)
    else:
        error, sentence, what_to_do = _server_kind(exc, sqlstate, primary)
        # What has a context was raised in a function, whose words may quote a row; only the server itself is fatal.
        about_the_server = sqlstate.startswith(_ABOUT_THE_SERVER) and not exc.diag.context
        if (about_the_server or _is_fatal(exc)) and primary not in sentence:
            quoted = quote(exc)
        kind = (error, sentence, what_to_do)
    error, sentence, what_to_do = kind
    return error(sentence, what_to_do, quoted=quoted, details=_details(exc))


def _server_kind(exc: psycopg.Error, sqlstate: str, primary: str) -> Kind:
    """What an error says that is about the server, the pooler or the connection rather than about what was asked."""
    by_code = _BY_CODE.get(sqlstate)
    if _is_fatal(exc):
        # Poolers use 08P01 and XX000 for everything. The connection went with it, so a COMMIT may be in doubt.
        error, sentence, what_to_do = (by_code if by_code != _COLLIDED else None) or recognise(primary) or _LOST
        return (error if issubclass(error, ConnectionFailed) else ConnectionFailed, sentence, what_to_do)
    unknown = (DatabaseFailed, f"The database refused it: {primary}", "Ask the database administrator.")
    return by_code or _BY_CODE.get(sqlstate[:2]) or unknown


def _is_fatal(exc: psycopg.Error) -> bool:
    """Whether the server, or a pooler, ended the connection with it."""
    return (exc.diag.severity_nonlocalized or exc.diag.severity) in ("FATAL", "PANIC")


def _driver_failure(exc: BaseException, connecting: bool) -> SwitchboardError:
    """A failure of libpq, psycopg, its pool, or the operating system, and every failed login."""
    if isinstance(exc, (psycopg.DataError, UnicodeError)):
        return InvalidInput("A text contains a character that Postgres cannot store, such as U+0000.", "Remove it.")
    if isinstance(exc, psycopg.InterfaceError):
        return ConnectionLost("The connection to the database is closed.", Advice.CHECK_NETWORK)
    if isinstance(exc, (psycopg.OperationalError, OSError)) or getattr(exc, "sqlstate", None):
        return connect_failure(exc, connecting=connecting)
    return DatabaseFailed(
        "The database driver reported an error that Switchboard did not expect.",
        "Report it.",
        quoted=quote(exc),
        details=scrubbed(str(exc)),
    )


def _permission_denied(primary: str, role: str | None) -> Kind:
    role_name = f"role {one_line(role)}" if role else "your role"
    reason = "a row-level security policy refuses the row." if "row-level security" in primary else primary
    return (
        PermissionDenied,
        f"The database refused {role_name}: {reason}",
        f"Ask the database administrator for that privilege for {role_name}, or connect as another role.",
    )


def _details(exc: psycopg.Error) -> str:
    """Error class, SQLSTATE and the names of what it is about: nothing of the row, which DETAIL would hold."""
    diag = exc.diag
    names = {
        "schema": diag.schema_name,
        "table": diag.table_name,
        "column": diag.column_name,
        "constraint": diag.constraint_name,
    }
    objects = [f"{word} {one_line(name)}" for word, name in names.items() if name]
    return ", ".join([f"{type(exc).__name__} {exc.sqlstate}", *objects])
