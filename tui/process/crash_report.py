"""The crash report: where an exception came from, without any value; and the failure that a person reads."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tui import __version__
from tui.errors import Crashed, SwitchboardError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from traceback import StackSummary

_MOST_CAUSES = 10


def crash_report(error: BaseException, *, folder: Path | None = None) -> Path | None:
    """Write the tracebacks of `error`, without a value of any variable, to a new file that its owner alone can read.

    Messages of exceptions may quote data, so they are left out, but for our own, which never do. Returns the file, or
    None where none could be written; raises nothing.
    """
    report = "\n".join(_report_lines(error)).encode("ascii", "backslashreplace")
    for place in [folder] if folder else _crash_folders():
        try:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            return _write_report(place, report)
        except OSError:
            continue
    return None


def crash_failure(file: Path | None) -> Crashed:
    """Return the failure that a person reads after a crash; `file` is what `crash_report` returned."""
    if file is None:
        return Crashed("Switchboard crashed, and no report of it could be written.", "")
    sentence = (
        f"Switchboard crashed. The report, without any value, is in {os.fspath(file)!a}; send it, and say what you did."
    )
    return Crashed(sentence, "")


def _report_lines(error: BaseException) -> Iterator[str]:
    import platform
    import traceback
    from datetime import UTC, datetime

    yield f"Switchboard {__version__}, Python {platform.python_version()}, {platform.system()} {platform.release()}"
    yield f"{datetime.now(UTC).replace(tzinfo=None).isoformat(' ', 'seconds')} UTC"
    for relation, exception in _chained_exceptions(error):
        message = f": {ascii(str(exception))[1:-1]}" if isinstance(exception, SwitchboardError) else ""
        yield ""
        yield f"{relation}{type(exception).__module__}.{type(exception).__qualname__}{message}"
        for entry in traceback.format_list(_frames(traceback.extract_tb(exception.__traceback__))):
            yield from (ascii(line)[1:-1] for line in entry.rstrip().splitlines())
    yield ""


def _frames(frames: StackSummary) -> StackSummary:
    """Leave the source line out where the code is from no file: since Python 3.13 that of `python -c` is known too."""
    for number, frame in enumerate(frames):
        if frame.filename.startswith("<"):
            frames[number] = type(frame)(frame.filename, frame.lineno, frame.name, line="")
    return frames


def _chained_exceptions(error: BaseException) -> Iterator[tuple[str, BaseException]]:
    """Yield the error, its causes, contexts and group members with their relation: each once, _MOST_CAUSES at most."""
    queue = [("", error)]
    seen: set[int] = set()
    while queue and len(seen) < _MOST_CAUSES:
        relation, exception = queue.pop(0)
        if id(exception) in seen:
            continue
        seen.add(id(exception))
        yield relation, exception
        if exception.__cause__ is not None:
            queue.append(("caused by ", exception.__cause__))
        elif exception.__context__ is not None and not exception.__suppress_context__:
            queue.append(("while handling ", exception.__context__))
        if isinstance(exception, BaseExceptionGroup):
            queue.extend(("one of the group: ", member) for member in exception.exceptions)


def _crash_folders() -> Iterator[Path]:
    import tempfile
    from pathlib import Path

    import platformdirs

    yield platformdirs.user_state_path("switchboard", appauthor=False) / "crashes"
    yield Path(tempfile.gettempdir())


def _write_report(folder: Path, report: bytes) -> Path:
    import time

    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    for number in range(100):
        file = folder / f"switchboard-crash-{stamp}-{os.getpid()}-{number}.txt"
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(report)
        return file
    raise FileExistsError("every name is taken")
