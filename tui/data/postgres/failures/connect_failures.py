"""Why there is no connection, put in our own words with the server's beside them."""

from __future__ import annotations

import contextlib
import re
import socket

import psycopg

from tui.data.postgres.failures.refusal_kinds import BY_SQLSTATE
from tui.data.postgres.failures.refusal_texts import recognise
from tui.errors import (
    Advice,
    ConnectionFailed,
    ConnectionLost,
    SwitchboardError,
    UnknownRefusal,
    Unreachable,
)

_WHILE_CONNECTING = ("connection failed:", "connection is bad:", "failed to resolve", "connection timeout expired")
# What psycopg (the first part where there are several addresses) and libpq put in front of a message, and what libpq
# writes in front of a server's own: the severity, in the server's language, a colon and two blanks.
_PLACE = (
    r"^(?:- host: .*?, hostaddr: (?:'[^']*'|None): )?(?:connection (?:failed|is bad): )?"
    r"(?:connection to server .*? failed: )?"
)
_SEVERITY = r"^[^\W\d_]+:  "
_LONGEST_WORDS = 200
_REPEATS_WHAT_WAS_TYPED = (
    r"(?i)connection (info|option)|\bURI\b|invalid (port|integer|\S+ value: )|missing \"=\"|unterminated|"
    r"definition of service"
)
_CREDENTIALS = r"://[^\s/]*@"
_NAME_AND_VALUE = r"(?i)\b(\w*password|\w*secret)(\s*=\s*)('(?:\\.|[^'\\])*'?|\S*)"


def connect_failure(exc: BaseException, *, connecting: bool) -> SwitchboardError:
    """Return the error to show for a failure that no query caused: no connection, or a broken one.

    An unknown failure counts as a broken connection, unless `connecting` or the text says that there was none yet.
    """
    text = _message(exc)
    sqlstate = (exc.sqlstate or "") if isinstance(exc, psycopg.Error) else ""
    connecting = connecting or text.startswith(_WHILE_CONNECTING)
    kind = None
    if connecting or sqlstate in BY_SQLSTATE:
        kind = recognise(text) or BY_SQLSTATE.get(sqlstate)
    if kind is None and connecting and isinstance(exc, (TimeoutError, socket.gaierror)):
        kind = recognise("Timed out" if isinstance(exc, TimeoutError) else "resolve host")
    if kind is None and not connecting:
        kind = (ConnectionLost, "The connection to the database is lost.", Advice.CHECK_NETWORK)
    elif kind is None and is_answer(exc):
        refused = "The server refused the connection, for a reason that Switchboard does not know."
        kind = (UnknownRefusal, refused, "Ask the server's administrator.")
    elif kind is None:
        error_class = Unreachable if isinstance(exc, OSError) else ConnectionFailed
        kind = (error_class, "There is no connection to the database.", "Check host, port and network.")
    error, sentence, what_to_do = kind
    return error(sentence, what_to_do, quoted=quote(exc), details=_without_password(scrubbed(text), exc))


def is_answer(exc: BaseException) -> bool:
    """Whether a living server or pooler answered with an error, as against silence, a dead port or a broken line."""
    if isinstance(exc, SwitchboardError):
        return exc.answered
    if not isinstance(exc, psycopg.Error):
        return False
    return bool(exc.sqlstate) or any(re.match(_SEVERITY, re.sub(_PLACE, "", line)) for line in str(exc).splitlines())


def quote(exc: BaseException) -> str:
    """Say what the server itself said, or else the driver, on one line and without a secret; perhaps nothing."""
    words = _words(exc)
    speaker = "server" if is_answer(exc) else "driver"
    return f"The {speaker} said: {as_sentence(words)}" if words else ""


def as_sentence(text: str) -> str:
    """Foreign words on one line, with a full stop."""
    line = one_line(text)
    return line if line.endswith((".", "!", "?", "…")) else f"{line}."


def _message(exc: BaseException) -> str:
    """Return all of a failed login's message, but the first line of a server's error: its DETAIL may hold a row."""
    if isinstance(exc, psycopg.Error) and exc.sqlstate:
        return exc.diag.message_primary or ""
    return str(exc)


def _words(exc: BaseException) -> str:
    text = _message(exc)
    if not scrubbed(text):
        return ""
    messages: list[str] = []
    for line in text.splitlines():
        words = re.sub(_SEVERITY, "", re.sub(_PLACE, "", line))
        # libpq's own guesses stand behind a tab.
        if words and words not in messages and not line.startswith(("\t", "Multiple connection attempts")):
            messages.append(words)
    return one_line(_without_password(scrubbed("; ".join(messages)), exc), _LONGEST_WORDS)


def _without_password(text: str, exc: BaseException) -> str:
    """A text in which the connection's own password is not repeated, whoever wrote it there."""
    password = ""
    if isinstance(exc, psycopg.Error) and exc.pgconn is not None:
        with contextlib.suppress(psycopg.Error):
            password = (exc.pgconn.password or b"").decode(errors="replace")
    return text.replace(password, "…") if password else text


def scrubbed(text: str) -> str:
    """A driver's message for the details: nothing where it repeats what was typed, else without any password."""
    if re.search(_REPEATS_WHAT_WAS_TYPED, text):
        return ""
    return re.sub(_NAME_AND_VALUE, r"\1\2…", re.sub(_CREDENTIALS, "://…@", text))


def one_line(text: str, longest: int = 300) -> str:
    """A server's words on one line of at most `longest` characters, without what cannot be seen."""
    words = "".join(character if character.isprintable() else " " for character in text).split()
    line = " ".join(words)
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
