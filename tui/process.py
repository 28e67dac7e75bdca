"""What the process does before and after everything else: hardening, terminal checks, evidence, the crash report."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from tui import __version__
from tui.errors import InvalidInput, NoTerminal, SwitchboardError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, MutableMapping
    from pathlib import Path

EXIT_CRASH = 70
_PR_SET_DUMPABLE = 4
_MOST_CAUSES = 10


def harden(environ: MutableMapping[str, str] = os.environ) -> None:
    """Close what could leak a secret or run a stranger's code; to be called before textual or ssl is imported.

    No core file, no ptrace and no /proc/PID/environ for others of the same account, files for their owner alone; and
    without the variables by which Textual logs keys or loads code, a browser is started, or TLS keys are written
    to a file. What this system cannot do is left out.
    """
    import resource

    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name in list(environ):
        if name.startswith("TEXTUAL") or name in {"BROWSER", "SSLKEYLOGFILE"}:
            del environ[name]
    if sys.platform == "linux":
        import ctypes

        try:
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        except (OSError, AttributeError):  # a static Python, or a C library without prctl
            return


def refuse_other_encodings(environ: Mapping[str, str] = os.environ) -> None:
    """Raise InvalidInput where PYTHONIOENCODING asks for anything but UTF-8: names would be cut or crash the output."""
    name = environ.get("PYTHONIOENCODING", "").partition(":")[0]
    if name and not _is_utf8(name):
        raise InvalidInput(
            f"PYTHONIOENCODING asks for {name[:40]!a}, and Switchboard writes UTF-8 only.",
            "Unset PYTHONIOENCODING, or set it to utf-8.",
        )


def require_terminal(instead: str, environ: Mapping[str, str] = os.environ) -> None:
    """Raise NoTerminal where the console could not be drawn or not be operated.

    `instead` is the command that does the same without a terminal. Textual itself would spin at full load.
    """
    way_out = f"Use `ssh -t` if this is a remote login, or run `{instead}`, which needs none."
    for name, stream in (("input", sys.stdin), ("output", sys.stdout), ("error", sys.stderr)):
        if stream is None or not stream.isatty():
            raise NoTerminal(f"The console needs a terminal, and standard {name} is not one.", way_out)
    if environ.get("TERM") == "dumb":
        raise NoTerminal("The console needs a terminal that can place text, and TERM says dumb.", way_out)
    if not _is_utf8(sys.stderr.encoding):
        raise NoTerminal(
            f"The console needs a terminal with UTF-8, and the locale says {sys.stderr.encoding}.",
            f"Set LC_ALL=C.UTF-8 where the terminal can show it, or run `{instead}`.",
        )


def source_address(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the client's address out of SSH_CONNECTION, or None where there is none that PostgreSQL's inet takes.

    Whoever may set variables may set this one: it is evidence only under a forced command.
    """
    import ipaddress

    try:
        return str(ipaddress.ip_address(environ.get("SSH_CONNECTION", "").split(" ")[0].partition("%")[0]))
    except ValueError:
        return None


def login_name(environ: Mapping[str, str] = os.environ) -> str:
    """Return the login of the account that the process runs as, of letters, digits and . _ - only.

    The account decides, not the environment; LOGNAME and USER count only where the account has no name.
    """
    import pwd

    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = environ.get("LOGNAME") or environ.get("USER") or f"uid-{os.getuid()}"
    return _word(name)


def user_agent(environ: Mapping[str, str] = os.environ) -> str:
    """Return switchboard/<version> (<login>@<host>), the user agent of everything this process does."""
    return f"switchboard/{__version__} ({login_name(environ)}@{_word(os.uname().nodename)})"


def crash_report(
    error: BaseException, *, scrub: Callable[[str], str] | None = None, folder: Path | None = None
) -> Path | None:
    """Write where `error` came from, without a value of any variable, to a new file for its owner alone.

    Messages of exceptions may quote data, so they are left out, but for our own, which never do; with `scrub` they
    go through it. Returns the file, or None where none could be written; raises nothing.
    """
    report = "\n".join(_report(error, scrub)).encode("ascii", "backslashreplace")
    for place in [folder] if folder else _crash_folders():
        try:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            return _written(place, report)
        except OSError:
            continue
    return None


def crash_sentence(file: Path | str | None) -> str:
    """Return the one line that a person reads after a crash."""
    if file is None:
        return "Switchboard crashed, and no report of it could be written."
    return f"Switchboard crashed. The report, without any value, is in {os.fspath(file)!a}; send it with what you did."


def _is_utf8(encoding: str) -> bool:
    import codecs

    try:
        return codecs.lookup(encoding).name == "utf-8"
    except LookupError:
        return False


def _word(text: str) -> str:
    """At most 64 characters that mean nothing to a terminal, a log or a connection string."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in text[:64]) or "_"


def _report(error: BaseException, scrub: Callable[[str], str] | None) -> Iterator[str]:
    import platform
    import traceback
    from datetime import UTC, datetime

    from tui.words.times import to_the_second

    yield f"Switchboard {__version__}, Python {platform.python_version()}, {platform.system()} {platform.release()}"
    yield f"{to_the_second(datetime.now(UTC), UTC)} UTC"
    for relation, exception in _causes(error):
        yield ""
        yield f"{relation}{type(exception).__module__}.{type(exception).__qualname__}{_message(exception, scrub)}"
        for entry in traceback.format_tb(exception.__traceback__):
            yield from (ascii(line)[1:-1] for line in entry.rstrip().splitlines())
    yield ""


def _causes(error: BaseException) -> Iterator[tuple[str, BaseException]]:
    """The error, what it came from, and what it is a group of: each once, and not without end."""
    waiting = [("", error)]
    seen: set[int] = set()
    while waiting and len(seen) < _MOST_CAUSES:
        relation, one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield relation, one
        if one.__cause__ is not None:
            waiting.append(("caused by ", one.__cause__))
        elif one.__context__ is not None and not one.__suppress_context__:
            waiting.append(("while handling ", one.__context__))
        if isinstance(one, BaseExceptionGroup):
            waiting.extend(("one of the group: ", member) for member in one.exceptions)


def _message(error: BaseException, scrub: Callable[[str], str] | None) -> str:
    if isinstance(error, SwitchboardError):
        return f": {ascii(str(error))[1:-1]}"
    if scrub is None:
        return ""
    try:
        return f": {ascii(scrub(str(error)))[1:-1][:2000]}"
    except Exception:  # an exception that cannot be shown must not hide where it came from
        return ": (its message cannot be shown)"


def _crash_folders() -> Iterator[Path]:
    import tempfile
    from pathlib import Path

    import platformdirs

    yield platformdirs.user_state_path("switchboard", appauthor=False) / "crashes"
    yield Path(tempfile.gettempdir())


def _written(folder: Path, report: bytes) -> Path:
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
