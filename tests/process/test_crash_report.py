"""What a crash leaves behind, and what it says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from tui import __version__
from tui.errors import NotFound
from tui.process.crash_report import crash_failure, crash_report

if TYPE_CHECKING:
    import pytest


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
    assert Path(__file__).name in report
    assert f"Switchboard {__version__}" in report
    assert "could not convert" not in report
    assert report.count("canary") == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_our_own_messages_are_in_the_report_and_others_are_not(tmp_path: Path) -> None:
    ours = crash_report(crash(NotFound("It is gone\x1b.", "Look again.", details="canary")), folder=tmp_path)
    theirs = crash_report(crash(ValueError("key canary\x1b[2J")), folder=tmp_path)
    broken = crash_report(crash(UnshowableError()), folder=tmp_path)
    assert ours is not None
    assert theirs is not None
    assert broken is not None
    assert "tui.errors.NotFound: It is gone\\x1b. Look again.\n" in ours.read_text()
    assert "builtins.ValueError\n" in theirs.read_text()
    assert "UnshowableError\n" in broken.read_text()
    assert "canary" not in ours.read_text() + theirs.read_text() + broken.read_text()
    assert len({ours, theirs, broken}) == 3


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


def test_the_sentence_after_a_crash_names_the_file_in_one_safe_line() -> None:
    assert crash_failure(Path("/tmp/a.txt")).sentence == (
        "Switchboard crashed. The report, without any value, is in '/tmp/a.txt'; send it, and say what you did."
    )
    assert crash_failure(Path("/tmp/\x1b")).sentence.isprintable()
    assert crash_failure(None).sentence == "Switchboard crashed, and no report of it could be written."
