"""The filters of the log that a person keeps: some under a name, and those that were applied last.

They stand in one file of the state folder, which its owner alone can read: filters hold people's addresses.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tui.errors import ConfigError, InvalidInput
from tui.settings.checked_file import LARGEST_BYTES, printable, read_checked, replace_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tui.settings.settings import Settings

MOST_SAVED = 200
MOST_EARLIER = 100
LONGEST_NAME = 40
LONGEST_TEXT = 4_000
OTHERS_WRITE_WITHIN_S = 1.0


@dataclass(frozen=True, slots=True)
class KeptFilters:
    """Filter lines by their name, and the last ones applied, newest first, each once."""

    saved: Mapping[str, str] = field(default_factory=dict)
    earlier: tuple[str, ...] = ()


def kept_filters_file(settings: Settings) -> Path | None:
    """Return the file: `switchboard/filters.json` in the user's state folder; None in the locked console.

    That one keeps nothing: whoever is at it shares an account with others.
    """
    if settings.locked:
        return None
    import platformdirs

    return platformdirs.user_state_path("switchboard", appauthor=False) / "filters.json"


def read_kept_filters(file: Path | None) -> KeptFilters:
    """Read the file; nothing where there is none.

    Raises ConfigError where it is not a plain file, belongs to somebody else, can be read or written by others, or
    holds something else.
    """
    content = read_checked(file, other_way="") if file is not None else None
    if file is None or content is None:
        return KeptFilters()
    try:
        kept = json.loads(content)
        saved, earlier = kept["saved"], kept["earlier"]
        texts = [*saved.items(), *(("", text) for text in earlier)]
        is_one = isinstance(earlier, list) and all(map(_is_kept, texts)) and len(saved) <= MOST_SAVED
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        is_one = False
    if not is_one:
        raise ConfigError(
            f"{printable(file)} does not hold filters as Switchboard writes them.",
            "Move it away; a new one is then created.",
        )
    return KeptFilters(saved, tuple(earlier)[:MOST_EARLIER])


def save_filter(file: Path | None, name: str, text: str) -> None:
    """Keep a filter under a name, in place of the one that has it; an empty text takes the name away.

    Raises ConfigError as `read_kept_filters`, and where the file cannot be written; InvalidInput for a name that is
    none, for more than MOST_SAVED and for more than the file may hold.
    """
    if not (0 < len(name) <= LONGEST_NAME and name.isprintable() and name == name.strip()):
        raise InvalidInput(f"A name has 1 to {LONGEST_NAME} characters.", "Give one such as night calls.")
    if len(text) > LONGEST_TEXT:
        raise InvalidInput(f"A filter that is kept has {LONGEST_TEXT} characters at most.", "Shorten it.")
    with _one_writer(file):
        kept = read_kept_filters(file)
        saved = {known: other for known, other in kept.saved.items() if known != name} | ({name: text} if text else {})
        if len(saved) > MOST_SAVED:
            raise InvalidInput(f"{MOST_SAVED} filters are saved already.", "Delete one first.")
        _write(file, replace(kept, saved=saved))


def add_earlier_filter(file: Path | None, text: str) -> None:
    """Put a filter before those that were applied earlier, of which the oldest go. Raises ConfigError."""
    if not text or len(text) > LONGEST_TEXT:
        return
    with _one_writer(file):
        kept = read_kept_filters(file)
        if kept.earlier[:1] != (text,):
            earlier = (text, *(other for other in kept.earlier if other != text))
            _write(file, replace(kept, earlier=earlier[:MOST_EARLIER]))


@contextlib.contextmanager
def _one_writer(file: Path | None) -> Iterator[None]:
    """Keep other consoles from writing between what is read and what is written here: a filter would be lost.

    The folder is locked, and no file beside it. A console that was stopped with the lock is waited for no longer than
    OTHERS_WRITE_WITHIN_S, which is why the console writes in a thread. Raises ConfigError where the folder cannot be
    made.
    """
    if file is None:
        yield
        return
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise ConfigError(
            f"The folder {printable(file.parent)} cannot be created: {exc.strerror}.",
            "Check who owns the one above it.",
        ) from None
    with contextlib.ExitStack() as closing:
        # Some network file systems lock no folder: there it is written as if nobody else did. Why a folder cannot be
        # opened is said by what writes there.
        with contextlib.suppress(OSError):
            folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            closing.callback(os.close, folder)
            _wait_for_lock(folder)
        yield


def _wait_for_lock(descriptor: int) -> None:
    gives_up_at = time.monotonic() + OTHERS_WRITE_WITHIN_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > gives_up_at:
                return
            time.sleep(0.01)
        else:
            return


def _write(file: Path | None, kept: KeptFilters) -> None:
    if file is None:
        return
    earlier = kept.earlier
    while len(content := _content(kept.saved, earlier)) > LARGEST_BYTES:
        # What is larger would not be read again. Filters are short: few ever come here.
        if not earlier:
            raise InvalidInput("The saved filters are too long to be kept together.", "Delete one first.")
        earlier = earlier[: len(earlier) // 2]
    replace_file(file, content)


def _content(saved: Mapping[str, str], earlier: tuple[str, ...]) -> bytes:
    return json.dumps({"saved": dict(saved), "earlier": earlier}, indent=1).encode("ascii")


def _is_kept(named: object) -> bool:
    """Whether a name and a text are what this file would hold."""
    name, text = named if isinstance(named, tuple) else (None, None)
    return (
        isinstance(name, str)
        and isinstance(text, str)
        and len(name) <= LONGEST_NAME
        and name.isprintable()
        and 0 < len(text) <= LONGEST_TEXT
    )
