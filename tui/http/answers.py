"""What is answered: bodies as the web page expects them, and the status of each failure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from tui.errors import (
    ConfirmationNeeded,
    Conflict,
    ConnectionFailed,
    ConstraintViolated,
    DatabaseFailed,
    InvalidInput,
    Locked,
    MasterKeyError,
    NoFreeConnection,
    NotFound,
    NotRecorded,
    PermissionDenied,
    ProviderFailed,
    ReadOnlyMode,
    SchemaMissing,
    ServerUnsuitable,
    SwitchboardError,
    TimedOut,
    UnknownType,
    Unreadable,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

RETRY_AFTER_S = 5
TOO_MANY = "SB001"
"""SQLSTATE of the database's own limits (sql/006_acts.sql)."""
STATUSES = (200, 400, 401, 403, 404, 409, 422, 429, 503)
"""What a request may be answered with; 500 alone is not foreseen."""


class Refused(SwitchboardError):
    """A request that is refused with a status."""

    def __init__(self, status: int, sentence: str, what_to_do: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(sentence, what_to_do)
        self.status = status
        self.retry_after_s = retry_after_s


class Unavailable(Refused):
    """A request that cannot be answered for now."""

    def __init__(self, sentence: str, what_to_do: str, *, retry_after_s: int = RETRY_AFTER_S) -> None:
        super().__init__(503, sentence, what_to_do, retry_after_s=retry_after_s)


class Answer(NamedTuple):
    """A status and a body; `retry_after_s` says when to ask again."""

    status: int
    body: Mapping[str, Any]
    retry_after_s: int | None = None

    def encoded(self) -> bytes:
        """Return the body as JSON in ASCII, so that no reader takes any of it for markup or for another encoding."""
        text = json.dumps(self.body, default=_plain, separators=(",", ":"))
        return text.replace("<", "\\u003c").replace("&", "\\u0026").encode("ascii")


def success(data: Any, message: str, *, verified: bool | None = None) -> Answer:
    """Return the answer to what was done; `verified` where a credential was tested."""
    body: dict[str, Any] = {"success": True, "data": data, "message": message}
    return Answer(200, body if verified is None else body | {"verified": verified})


def failure(error: SwitchboardError) -> Answer:
    """Return the answer to what was refused, or failed: its sentence and what to do about it."""
    status = status_of(error)
    retry_after_s = getattr(error, "retry_after_s", None) or (RETRY_AFTER_S if status in (429, 503) else None)
    sentence, what_to_do = error.sentence, error.what_to_do
    if isinstance(error, Locked):
        sentence, what_to_do = "Somebody else is changing this at the moment.", "Try again in a moment."
    elif isinstance(error, PermissionDenied) and error.sqlstate:
        sentence, what_to_do = "The database refuses this.", "Ask an administrator of your organisation."
    elif isinstance(error, NoFreeConnection):
        sentence, what_to_do = "Too much is asked of the database at the moment.", "Try again in a moment."
    elif isinstance(error, ConnectionFailed):
        sentence, what_to_do = "The database cannot be reached at the moment.", "Try again in a moment."
    elif is_of_server(error):
        sentence, what_to_do = "The server is not ready to do this.", "Ask whoever runs it to look at its log."
    return Answer(status, {"success": False, "error": sentence, "message": what_to_do}, retry_after_s)


def is_of_server(error: SwitchboardError) -> bool:
    """Whether a failure is for whoever runs the server, and not for those who ask: it names hosts, keys, roles."""
    is_told_by_database = isinstance(error, PermissionDenied | Locked | DatabaseFailed) and error.sqlstate
    return bool(is_told_by_database and error.sqlstate != TOO_MANY) or isinstance(
        error, ConnectionFailed | MasterKeyError | SchemaMissing | ServerUnsuitable | NotRecorded
    )


# The first that fits.
_STATUS_OF: tuple[tuple[type[SwitchboardError] | tuple[type[SwitchboardError], ...], int], ...] = (
    ((UnknownType, NotFound), 404),
    ((PermissionDenied, ReadOnlyMode), 403),
    ((Conflict, ConfirmationNeeded, Unreadable, NotRecorded), 409),
    (ConstraintViolated, 422),
    (InvalidInput, 422),
    ((ConnectionFailed, MasterKeyError, SchemaMissing, ServerUnsuitable, Locked, TimedOut), 503),
)


def status_of(error: SwitchboardError) -> int:
    """Return the status of a failure."""
    if isinstance(error, Refused):
        return error.status
    if error.sqlstate == TOO_MANY:
        return 429
    if isinstance(error, ProviderFailed):
        return 503 if error.is_temporary else 422
    return next((status for kind, status in _STATUS_OF if isinstance(error, kind)), 503)


def _plain(value: Any) -> str:
    """Return what JSON has no type for, such as an id or a time, as text."""
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
