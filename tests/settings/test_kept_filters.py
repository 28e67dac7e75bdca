"""Saved filters and earlier ones: kept for their owner alone, and a file that is none is named and left as it is."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tui.errors import ConfigError, InvalidInput, SwitchboardError
from tui.settings import kept_filters
from tui.settings.kept_filters import (
    LONGEST_TEXT,
    MOST_EARLIER,
    MOST_SAVED,
    KeptFilters,
    add_earlier_filter,
    kept_filters_file,
    read_kept_filters,
    save_filter,
)
from tui.settings.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "switchboard" / "filters.json"


def test_what_is_kept_is_read_again_by_its_owner_alone(file: Path) -> None:
    assert read_kept_filters(file) == KeptFilters()
    add_earlier_filter(file, 'user:"Asha Rao" \x1b\ud800')
    save_filter(file, "night calls", "hour:20-08")
    save_filter(file, "Größe", "größe")
    save_filter(file, "night calls", "hour:21-07")
    save_filter(file, "Größe", "")
    assert read_kept_filters(file) == KeptFilters({"night calls": "hour:21-07"}, ('user:"Asha Rao" \x1b\ud800',))
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["filters.json"]


def test_what_several_consoles_keep_at_one_moment_is_all_kept(file: Path) -> None:
    with ThreadPoolExecutor(8) as consoles:
        for kept in [consoles.submit(save_filter, file, f"name {number}", "x") for number in range(40)]:
            kept.result()
    assert len(read_kept_filters(file).saved) == 40


def test_no_lock_is_waited_for_without_end_and_a_folder_that_cannot_be_opened_is_said_to_be_that(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_filters, "OTHERS_WRITE_WITHIN_S", 0.05)
    save_filter(file, "x", "y")
    stopped = os.open(file.parent, os.O_RDONLY)
    fcntl.flock(stopped, fcntl.LOCK_EX)
    save_filter(file, "beside a console that was stopped", "y")
    os.close(stopped)

    def refuse(path: object, flags: int, *args: object, **more: object) -> int:
        # As for a folder that may not be listed; root may list every one.
        if path == file.parent and flags & os.O_DIRECTORY:
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(path, flags, *args, **more)  # type: ignore[arg-type]

    opened = os.open
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(ConfigError, match="cannot be opened: Permission denied"):
        save_filter(file, "in vain", "y")
    assert len(read_kept_filters(file).saved) == 2


def test_earlier_filters_come_once_the_newest_first_and_the_oldest_go(file: Path) -> None:
    for number in (*range(MOST_EARLIER + 5), 50):
        add_earlier_filter(file, f"word{number}")
    for text in ("", "x" * (LONGEST_TEXT + 1)):
        add_earlier_filter(file, text)
    earlier = read_kept_filters(file).earlier
    assert (len(earlier), earlier[:2], earlier[-1]) == (MOST_EARLIER, ("word50", f"word{MOST_EARLIER + 4}"), "word5")


def test_a_name_that_is_none_and_too_many_names_are_refused(file: Path) -> None:
    for name in ("", " x", "x" * 41, "a\x1bb"):
        with pytest.raises(InvalidInput):
            save_filter(file, name, "x")
    full = {f"name {number}": "x" for number in range(MOST_SAVED)}
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"saved": full, "earlier": []}))
    file.chmod(0o600)
    save_filter(file, "name 7", "y")
    with pytest.raises(InvalidInput):
        save_filter(file, "one more", "x")


def test_a_file_never_becomes_larger_than_it_is_read(file: Path) -> None:
    long = "\U0001f4de" * (LONGEST_TEXT - 10)
    saved = 0
    with pytest.raises(InvalidInput, match="too long"):
        for saved in range(MOST_SAVED):
            add_earlier_filter(file, f"{saved} {long}")
            save_filter(file, f"name {saved}", f"{saved} {long}")
    kept = read_kept_filters(file)
    assert len(kept.saved) == saved > 10
    assert kept.earlier == ()
    save_filter(file, "name 0", "")
    assert len(read_kept_filters(file).saved) == saved - 1


def other_owner(file: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    os.chown(file, 65534, -1)


def link(file: Path) -> None:
    file.rename(file.with_name("elsewhere"))
    file.symlink_to("elsewhere")


def fifo(file: Path) -> None:
    file.unlink()
    os.mkfifo(file, 0o600)


SPOILED: dict[str, Callable[[Path], object]] = {
    "no JSON": lambda file: file.write_bytes(b"{"),
    "no UTF-8": lambda file: file.write_bytes(b"\xff"),
    "nested": lambda file: file.write_bytes(b"[" * 200_000),
    "no object": lambda file: file.write_text("[]"),
    "a list of names": lambda file: file.write_text('{"saved": [], "earlier": []}'),
    "a text of earlier ones": lambda file: file.write_text('{"saved": {}, "earlier": "abc"}'),
    "a number": lambda file: file.write_text('{"saved": {"x": 3}, "earlier": []}'),
    "a name to be seen by a terminal": lambda file: file.write_text('{"saved": {"\\u001b]52": "x"}, "earlier": []}'),
    "large": lambda file: file.write_bytes(b" " * 1_100_000),
    "readable by others": lambda file: file.chmod(0o644),
    "writable by others": lambda file: file.chmod(0o620),
    "of somebody else": other_owner,
    "a link": link,
    "a pipe": fifo,
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_a_file_that_is_none_is_named_in_a_sentence_and_left_as_it_is(
    file: Path, spoil: Callable[[Path], object]
) -> None:
    save_filter(file, "x", "y")
    spoil(file)
    before = file.lstat()
    for act in (
        lambda: read_kept_filters(file),
        lambda: save_filter(file, "a", "b"),
        lambda: add_earlier_filter(file, "c"),
    ):
        with pytest.raises(ConfigError) as caught:
            act()
        assert str(file) in caught.value.sentence and caught.value.what_to_do
        assert "--env-file" not in str(caught.value)
    after = file.lstat()
    assert (before.st_ino, before.st_size, before.st_mode) == (after.st_ino, after.st_size, after.st_mode)


def test_a_folder_that_cannot_be_made_is_named_and_the_locked_console_has_none(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("no folder")
    with pytest.raises(SwitchboardError, match="state/switchboard"):
        add_earlier_filter(tmp_path / "state" / "switchboard" / "filters.json", "x")
    assert kept_filters_file(Settings(locked=True)) is None
    add_earlier_filter(None, "x")
    assert read_kept_filters(None) == KeptFilters()
