"""When the skeleton of the first frame is drawn, and that it says what the console then says."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pyte
import pytest

from tests.support.terminal.forked_terminal import ForkedTerminal
from tests.support.terminal.pty import UNKNOWN_TO_PYTE
from tui import skeleton as plan
from tui.cli.parsing import COMMON
from tui.settings.settings import KEY_COMMAND_NAME, PLACE_NAMES, ROOT_FILE
from tui.skeleton import opens_console, skeleton
from tui.terminal.early_screen import ENTER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DATABASE = {"DATABASE_URL": "postgresql://127.0.0.1/acme"}
TAKEN_OVER = b"\x1b[?2004h"


@pytest.fixture
def silent_server() -> Iterator[dict[str, str]]:
    """The settings of a console on a server that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield {"DATABASE_URL": f"postgresql://asha@127.0.0.1:{server.getsockname()[1]}/acme"}


@pytest.mark.parametrize(
    "arguments",
    ["", "--read-only --yes", "--organization Acme --operator=asha@acme.example", "--env-file .env", "--locked"],
)
def test_the_console_is_told_by_its_options(arguments: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").touch()
    monkeypatch.chdir(tmp_path)
    assert opens_console(arguments.split(), DATABASE)


def test_a_profile_alone_says_whether_there_is_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    (tmp_path / "switchboard").mkdir()
    (tmp_path / "switchboard" / "staging.env").write_text("PGHOST=127.0.0.1\n")
    (tmp_path / "switchboard" / "empty.env").touch()
    (tmp_path / ".env").write_text("PGHOST=127.0.0.1\n")
    monkeypatch.chdir(tmp_path)
    for profile, is_console in {"staging": True, "empty": False, "missing": False, "../.env": False}.items():
        assert opens_console(["--profile", profile], environ) is is_console
        assert opens_console([], environ | {"SWITCHBOARD_PROFILE": profile}) is is_console
    assert opens_console(["--profile", "staging"], environ | {"SWITCHBOARD_PROFILE": "missing"})
    assert not opens_console(["--profile", "empty"], environ | DATABASE)
    assert not opens_console(["--profile", "staging", "--env-file", ".env"], environ)
    # The locked console's profiles are root's.
    assert not opens_console(["--profile", "staging", "--locked"], environ)


@pytest.mark.parametrize(
    "arguments",
    [
        *(
            "integrations list",
            "demo",
            "--help",
            "--version",
            "--json",
            "--organization Acme keys",
            "--",
            "--read-only=1",
        ),
        *("--organization", "--organisation Acme", "--operator=", "--env-file missing", "--locked --env-file .env"),
    ],
)
def test_anything_else_among_the_arguments_draws_nothing(
    arguments: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").touch()
    monkeypatch.chdir(tmp_path)
    assert not opens_console(arguments.split(), DATABASE)


@pytest.mark.parametrize(
    ("environ", "is_console"),
    [
        ({}, False),
        ({"DATABASE_URL": ""}, False),
        ({"PGSERVICE": "acme"}, True),
        (DATABASE | {KEY_COMMAND_NAME: "pass show acme"}, False),
        (DATABASE | {"SSH_ORIGINAL_COMMAND": "integrations list"}, True),
        (DATABASE | {"SSH_ORIGINAL_COMMAND": "integrations list", "SWITCHBOARD_LOCKED": "1"}, False),
        (DATABASE | {"SWITCHBOARD_LOCKED": "1"}, True),
    ],
)
def test_the_environment_says_whether_a_database_is_named_and_no_program_asks_on_the_terminal(
    environ: dict[str, str], is_console: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert opens_console([], environ) is is_console


@pytest.mark.parametrize(
    ("content", "is_console"),
    [
        ("DATABASE_URL=postgresql://127.0.0.1/acme\n", True),
        ("export PGHOST=127.0.0.1\n", True),
        ("SWITCHBOARD_ASCII=1\n", False),
        ("PGHOST=127.0.0.1\nENCRYPTION_MASTER_KEY_COMMAND='pass show acme'\n", False),
    ],
)
def test_the_file_says_so_as_well(
    content: str, is_console: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "named").write_text(content)
    monkeypatch.chdir(tmp_path)
    assert opens_console(["--env-file", "named"], {}) is is_console


def test_what_stands_in_a_pipe_is_left_to_whoever_reads_the_settings(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDWR)
    os.write(reader, b"PGHOST=127.0.0.1\n")
    assert not opens_console(["--env-file", str(tmp_path / "pipe")], DATABASE)
    assert os.read(reader, 100) == b"PGHOST=127.0.0.1\n"
    os.close(reader)


def test_options_and_names_are_those_of_the_commands_and_the_settings() -> None:
    flags = {parameter.opts[0]: parameter.is_flag for parameter in COMMON}
    assert {name for name, is_flag in flags.items() if is_flag} == plan.FLAGS | {"--json"}
    assert {name for name, is_flag in flags.items() if not is_flag} == plan.OPTIONS_WITH_VALUE | {"--format"}
    assert str(ROOT_FILE) == plan.ROOT_FILE
    assert ("DATABASE_URL", *PLACE_NAMES) == plan.PLACES
    assert KEY_COMMAND_NAME == plan.KEY_COMMAND


def test_a_section_is_called_by_one_word_whatever_the_width() -> None:
    (in_full, _), (in_short, _), _ = plan.OTHER_SECTIONS
    assert [name.strip()[:6] for name in in_full] == [name[:6] for name in in_short]


@pytest.mark.parametrize(("columns", "rows"), [(60, 20), (80, 24), (104, 24), (105, 40)])
def test_textuals_first_frame_changes_no_cell_of_sections_and_hints(
    silent_server: dict[str, str], columns: int, rows: int
) -> None:
    with ForkedTerminal(environment=silent_server, columns=columns, rows=rows) as terminal:
        terminal.wait_for(lambda _: b"help" in terminal.output.partition(TAKEN_OVER)[2])
        terminal.wait_until_quiet()
        output = UNKNOWN_TO_PYTE.sub(b"", bytes(terminal.output))
    drawn, *frames = output.split(b"\x1b[?1004h")
    assert drawn.decode() == UNKNOWN_TO_PYTE.sub(b"", (ENTER + skeleton(columns, rows) + "\x1b[?25l").encode()).decode()
    assert len(frames) == 1
    # Nothing clears the screen again.
    assert output.count(b"\x1b[?1049h") == output.count(b"J") == 1
    screen = pyte.Screen(columns, rows)
    stream = pyte.ByteStream(screen)
    stream.feed(drawn)
    assert screen.display[0].split() == ["Switchboard", "connecting"]
    sections = [screen.buffer[1][column] for column in range(len(screen.display[1].rstrip()))]
    hints = [screen.buffer[rows - 1][column] for column in range(columns)]
    for start in range(0, len(frames[0]), 40):
        stream.feed(frames[0][start : start + 40])
        assert [screen.buffer[1][column] for column in range(len(sections))] == sections
        assert [screen.buffer[rows - 1][column] for column in range(columns)] == hints
        assert screen.buffer[0][0].reverse
    assert "connecting" in screen.display[0]
