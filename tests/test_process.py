"""What happens before the first secret is read, and after a crash."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs
import pytest

from tui import __version__
from tui.errors import InvalidInput, NotFound
from tui.process import (
    crash_failure,
    crash_report,
    harden,
    login_name,
    refuse_other_encodings,
    source_address,
    user_agent,
)

if TYPE_CHECKING:
    from collections.abc import Callable

REPOSITORY = Path(__file__).parents[1]


def python(code: str, *, environ: dict[str, str] | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        env=os.environ | (environ or {}),
        text=True,
        capture_output="stdout" not in options,
        check=False,
        timeout=30,
        **options,
    )


HARDENED = """
import ctypes, json, os, resource
from tui.process import harden
harden()
mask = os.umask(0)
print(json.dumps({
    "core": resource.getrlimit(resource.RLIMIT_CORE),
    "dumpable": ctypes.CDLL(None).prctl(3, 0, 0, 0, 0),
    "umask": mask,
    "left": sorted(n for n in os.environ if n.startswith(("TEXTUAL", "BROWSER", "SSLKEY", "SWITCHBOARD_T"))),
    "inherited": os.popen("env").read().count("TEXTUAL"),
}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_DUMPABLE is Linux's")
def test_a_hardened_process_leaves_no_core_and_no_variable_that_loads_or_logs() -> None:
    dangerous = {"TEXTUAL_LOG": "/tmp/x", "TEXTUAL": "devtools", "BROWSER": "sh -c id", "SSLKEYLOGFILE": "/tmp/k"}
    run = python(HARDENED, environ=dangerous | {"SWITCHBOARD_TIMEZONE": "UTC"})
    assert json.loads(run.stdout) == {
        "core": [0, 0],
        "dumpable": 0,
        "umask": 0o077,
        "left": ["SWITCHBOARD_TIMEZONE"],
        "inherited": 0,
    }


NO_PRCTL = """
import ctypes, sys
from tui.process import harden
class NoPrctl:
    def __init__(self, name): pass
def unloadable(name): raise OSError("no dynamic loading")
for ctypes.CDLL in (NoPrctl, unloadable):
    harden()
sys.platform = "darwin"
ctypes.CDLL = None
harden()
print("hardened")
"""


def test_a_system_without_prctl_is_hardened_as_far_as_it_goes() -> None:
    assert python(NO_PRCTL).stdout == "hardened\n"


@pytest.mark.parametrize("name", ["", "utf-8", "UTF8", "utf-8:surrogateescape", ":replace"])
def test_utf8_output_is_accepted(name: str) -> None:
    refuse_other_encodings({"PYTHONIOENCODING": name} if name else {})


@pytest.mark.parametrize("name", ["latin-1", "ascii:replace", "utf-16", "no\x1bsuch"])
def test_any_other_output_encoding_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        refuse_other_encodings({"PYTHONIOENCODING": name})
    assert caught.value.exit_status == 2
    assert str(caught.value).isprintable()


TERMINAL = """
import sys
from tui.errors import NoTerminal
from tui.process import require_terminal
try:
    require_terminal("switchboard integrations list")
except NoTerminal as refused:
    open(sys.argv[1] if len(sys.argv) > 1 else 3, "w").write(str(refused))
"""


def refusal(arrange: Callable[[int], dict[str, Any]], environ: dict[str, str] | None = None) -> str:
    """What require_terminal says to a process whose streams `arrange` makes out of a terminal."""
    ours, terminal = os.openpty()
    read, write = os.pipe()
    try:
        code = TERMINAL.replace("3", str(write))
        streams = {"stdin": terminal, "stdout": terminal, "stderr": terminal} | arrange(terminal)
        python(code, environ={"TERM": "xterm"} | (environ or {}), pass_fds=(write,), **streams)
        os.close(write)
        return os.read(read, 10_000).decode()
    finally:
        for descriptor in (ours, terminal, read):
            os.close(descriptor)


def test_a_terminal_is_accepted() -> None:
    assert refusal(lambda terminal: {}) == ""


@pytest.mark.parametrize("stream", ["stdin", "stdout", "stderr"])
def test_a_stream_that_is_no_terminal_is_named_with_the_way_out(stream: str) -> None:
    output = refusal(lambda terminal: {stream: subprocess.DEVNULL})
    name = {"stdin": "input", "stdout": "output", "stderr": "error"}[stream]
    assert output.startswith(f"The console needs a terminal, and standard {name} is not one.")
    assert "`ssh -t`" in output
    assert "`switchboard integrations list`" in output


def test_a_closed_stream_is_no_terminal() -> None:
    output = refusal(lambda terminal: {"preexec_fn": lambda: os.close(0)})
    assert "standard input is not one" in output


def test_a_dumb_terminal_is_refused() -> None:
    assert "TERM says dumb" in refusal(lambda terminal: {}, {"TERM": "dumb"})


def test_a_terminal_of_another_encoding_is_refused() -> None:
    output = refusal(lambda terminal: {}, {"PYTHONIOENCODING": "latin-1"})
    assert "the locale says iso8859-1" in output
    assert "C.UTF-8" in output


@pytest.mark.parametrize(
    ("connection", "address"),
    [
        ("203.0.113.7 50022 10.0.0.5 22", "203.0.113.7"),
        ("2001:DB8::7 50022 2001:db8::1 22", "2001:db8::7"),
        ("fe80::1%eth0 50022 fe80::2 22", "fe80::1"),
        ("UNKNOWN 65535 UNKNOWN 65535", None),
        ("203.0.113.7'; drop table x", None),
        ("999.1.1.1 1 1 1", None),
        ("", None),
        (None, None),
    ],
)
def test_the_source_address_is_one_that_inet_takes_or_none(connection: str | None, address: str | None) -> None:
    assert source_address({} if connection is None else {"SSH_CONNECTION": connection}) == address


def test_the_user_agent_names_version_login_and_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", "jump\x1b[2J ho'st(1)", "6", "1", "x86_64")))
    assert user_agent({"LOGNAME": "somebody-else"}) == f"switchboard/{__version__} ({login_name()}@jump__2J_ho_st_1_)"


def test_the_login_comes_from_the_account_and_not_from_the_environment() -> None:
    import pwd

    assert login_name({"LOGNAME": "boss", "USER": "boss"}) == pwd.getpwuid(os.getuid()).pw_name


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"LOGNAME": "desk"}, "desk"),
        ({"USER": "Zoë\n" + "x" * 100}, "Zo__" + "x" * 60),
        ({"LOGNAME": "", "USER": ""}, "uid-54321"),
    ],
)
def test_an_account_without_a_name_is_called_by_what_it_calls_itself(
    environ: dict[str, str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    assert login_name(environ) == name


class UnshowableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("canary")


def crash(error: Exception) -> Exception:
    """Raise and catch it, beside a secret."""
    password = "canary-in-a-local"
    try:
        raise error
    except Exception as caught:
        assert password
        return caught


def test_a_crash_report_says_where_without_any_value(tmp_path: Path) -> None:
    file = crash_report(crash(ValueError("could not convert: 'canary'")), folder=tmp_path / "new")
    assert file is not None
    report = file.read_text("ascii")
    assert "builtins.ValueError\n" in report
    assert "raise error" in report
    assert "test_process.py" in report
    assert f"Switchboard {__version__}" in report
    assert "could not convert" not in report
    assert report.count("canary") == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_our_own_messages_and_scrubbed_ones_are_in_the_report(tmp_path: Path) -> None:
    ours = crash_report(crash(NotFound("It is gone\x1b.", "Look again.", details="canary")), folder=tmp_path)
    scrubbed = crash_report(
        crash(ValueError("key canary\x1b[2J")), scrub=lambda text: text.replace("canary", "***"), folder=tmp_path
    )
    broken = crash_report(crash(UnshowableError()), scrub=str, folder=tmp_path)
    assert ours is not None
    assert scrubbed is not None
    assert broken is not None
    assert "tui.errors.NotFound: It is gone\\x1b. Look again.\n" in ours.read_text()
    assert "builtins.ValueError: key ***\\x1b[2J\n" in scrubbed.read_text()
    assert "UnshowableError: (its message cannot be shown)\n" in broken.read_text()
    assert "canary" not in ours.read_text() + scrubbed.read_text() + broken.read_text()
    assert len({ours, scrubbed, broken}) == 3


def test_causes_contexts_and_groups_are_in_the_report_once_and_not_without_end(tmp_path: Path) -> None:
    cause, context, hidden = KeyError("a"), OSError("b"), IndexError("c")
    group = ExceptionGroup("d", [TypeError("e"), crash(LookupError("f"))])
    group.__cause__ = cause
    cause.__context__ = context
    context.__context__ = cause
    context.__suppress_context__ = False
    group.exceptions[0].__context__ = hidden
    group.exceptions[0].__suppress_context__ = True
    deep: Exception = ValueError()
    for _ in range(50):
        deeper = ValueError()
        deeper.__cause__ = deep
        deep = deeper
    path = crash_report(group, folder=tmp_path)
    endless = crash_report(deep, folder=tmp_path)
    assert path is not None
    assert endless is not None
    kinds = [line for line in path.read_text().splitlines() if ".py" not in line and "builtins." in line]
    assert kinds == [
        "builtins.ExceptionGroup",
        "caused by builtins.KeyError",
        "one of the group: builtins.TypeError",
        "one of the group: builtins.LookupError",
        "while handling builtins.OSError",
    ]
    assert endless.read_text().count("ValueError") == 10


def test_a_report_goes_to_the_temporary_folder_where_the_state_folder_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setattr(platformdirs, "user_state_path", lambda *a, **k: tmp_path / "file")
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "temporary"))
    file = crash_report(crash(ValueError()))
    assert file is not None
    assert file.parent == tmp_path / "temporary"


def test_without_any_place_there_is_no_report_and_no_second_crash(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    assert crash_report(crash(ValueError()), folder=tmp_path / "file" / "x") is None


def test_a_file_or_link_that_stands_in_the_way_is_never_written_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "target"
    target.write_text("mine")
    monkeypatch.setattr("time.strftime", lambda *a: "now")
    for number in range(100):
        (tmp_path / f"switchboard-crash-now-{os.getpid()}-{number}.txt").symlink_to(target)
    assert crash_report(crash(ValueError()), folder=tmp_path) is None
    assert target.read_text() == "mine"


def test_the_sentence_after_a_crash_names_the_file_in_one_inert_line() -> None:
    assert crash_failure(Path("/tmp/a.txt")).sentence == (
        "Switchboard crashed. The report, without any value, is in '/tmp/a.txt'; send it with what you did."
    )
    assert crash_failure(Path("/tmp/\x1b")).sentence.isprintable()
    assert crash_failure(None).sentence == "Switchboard crashed, and no report of it could be written."


def test_hardening_takes_the_environment_that_it_is_given() -> None:
    environ = {"TEXTUAL_DRIVER": "x", "HOME": "/"}
    run = python(f"from tui.process import harden\ne = {environ!r}\nharden(e)\nprint(e)")
    assert run.stdout == "{'HOME': '/'}\n"
    assert harden.__defaults__ == (os.environ,)


IMPORT = """
import sys, time, typing
began = time.process_time()
import tui.process
took = time.process_time() - began
print(took * 1000, [m for m in ("textual", "rich", "psycopg", "ssl", "ctypes") if m in sys.modules])
"""


def test_it_costs_less_than_five_milliseconds_to_import_once_compiled(tmp_path: Path) -> None:
    compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(tmp_path)}
    runs = [python(IMPORT, environ=compiled).stdout.split(" ", 1) for _ in range(6)]
    assert {loaded for _, loaded in runs} == {"[]\n"}
    assert min(float(milliseconds) for milliseconds, _ in runs) < 5
