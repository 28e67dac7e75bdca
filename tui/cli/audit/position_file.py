"""The file that says how far a tail of the log has come, so that the next one goes on there."""

from __future__ import annotations

import contextlib
import glob
import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from tui.data.audit.tail import Passed, Position
from tui.errors import InvalidInput
from tui.settings.checked_file import printable, replace_file
from tui.words.text import ascii_json

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = 1
MOST_BYTES = 1_000_000


class PositionFile:
    """A file with the position of a tail of one filter. Where it is missing, the log is read from its beginning."""

    def __init__(self, path: Path, audit_filter: str) -> None:
        # The file that a link leads to is replaced, and not the link.
        self._path = path.resolve()
        self._filter = audit_filter
        self._written: Position | None = None

    def read(self) -> Position | None:
        """Return the position, None where there is none yet. Raises InvalidInput for what is no position of ours."""
        # What tails left that were killed while they wrote; a file belongs to one tail.
        for unfinished in self._path.parent.glob(f"{glob.escape(self._path.name)}.{'[0-9a-f]' * 12}.tmp"):
            with contextlib.suppress(OSError):
                unfinished.unlink()
        try:
            with self._path.open("rb") as file:
                content = file.read(MOST_BYTES)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "the name is not a file's"
            raise InvalidInput(f"The position cannot be read: {reason}.", "Check the file's name.") from None
        try:
            values = json.loads(content)
            is_ours, of_filter = values["position"] == FORMAT, values["filter"]
            position = _position(values)
        except (ValueError, LookupError, TypeError, RecursionError):
            is_ours = False
        if not is_ours:
            raise InvalidInput(
                f"{printable(self._path)} is not the position of a tail.", "Name another file, or remove this one."
            )
        if of_filter != self._filter:
            raise InvalidInput(
                f"{printable(self._path)} is the position of another filter: {of_filter or 'everything'}",
                "Give that one (a time in full, such as since:2026-01-31), or name another file.",
            )
        return position

    def write(self, position: Position) -> None:
        """Put a position into the file, whole and to stay. Raises ConfigError."""
        if position == self._written:
            return
        values = {"position": FORMAT, "filter": self._filter, **asdict(position)}
        replace_file(self._path, ascii_json(values).encode() + b"\n")
        self._written = position


def _position(values: dict[str, object]) -> Position:
    passed, since = values["passed"], values["since"]
    reached = None
    if isinstance(passed, dict):
        of_poll = datetime.fromisoformat(passed["since"])
        reached = Passed(str(passed["at"]), UUID(passed["id"]), int(passed["xid"]), of_poll)
    moment = None if since is None else datetime.fromisoformat(str(since))
    return Position(moment, int(str(values["xid"])), reached, str(values["server"]))
