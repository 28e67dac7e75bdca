"""The command `demo`: the console on an embedded database, and its settings for other commands."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.commands import REPOSITORY
from tests.support.processes import reachable_folder
from tests.support.terminal.pty import Terminal
from tui.demo.session import demo_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.commands import Outcome, Shell

GARBAGE = {"DATABASE_URL": "nonsense", "PGHOST": "127.0.0.1", "PGPORT": "1", "SWITCHBOARD_OPERATOR": "nobody"}
IN_ANOTHER_FOLDER = (
    "import pathlib, sys, tui.demo.session as session; place = pathlib.Path(sys.argv.pop(1));"
    "session.demo_folder = lambda: place;"
)
MAIN = "from tui.__main__ import main; sys.exit(main())"
# The log takes a third of a build.
SMALLER_DEMO = f"{IN_ANOTHER_FOLDER} session.sample.ROWS = 2_000; {MAIN}"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Where the demo is kept: built by the first test that asks for it, and stopped at the end."""
    with reachable_folder() as somewhere:
        yield somewhere / "demo"
        server = demo_server(reset=False, folder=somewhere / "demo")
        server.start()
        server.stop()


def settings_of(printed: Outcome) -> dict[str, str]:
    """What a shell's eval makes of the printed lines."""
    assert printed.status == 0, printed.err
    names = [line.removeprefix("export ").partition("=")[0] for line in printed.out.splitlines()]
    after = subprocess.run(
        ["/bin/sh", "-c", f"{printed.out}\nenv -0"], check=True, capture_output=True, env={"PATH": "/usr/bin:/bin"}
    ).stdout.decode()
    variables = dict(entry.split("=", 1) for entry in after.split("\0") if entry)
    return {name: variables[name] for name in names}


def test_the_console_builds_it_opens_on_it_and_stops_it_at_the_end(shell: Shell, folder: Path) -> None:
    command = [sys.executable, "-c", SMALLER_DEMO, str(folder), "demo"]
    with Terminal(command, environment=GARBAGE | {"SWITCHBOARD_ASCII": "1"}, cwd=shell.folder) as terminal:
        terminal.wait_for("Dispatch line", timeout=60)
        assert "Meridian Freight" in terminal.text
        assert terminal.text.isascii()
        terminal.press("!")
        terminal.wait_for('"$(switchboard demo --env ')
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
    assert not demo_server(reset=False, folder=folder).running


def test_its_settings_let_every_command_work_on_it_whatever_else_is_configured(shell: Shell, folder: Path) -> None:
    (shell.folder / ".env").write_text("SWITCHBOARD_NONSENSE=1\n")
    configured = shell.with_(**GARBAGE)
    printed = configured.run_script(SMALLER_DEMO, str(folder), "demo", "--env")
    settings = settings_of(printed)
    assert settings.keys() >= {"DATABASE_URL", "ENCRYPTION_MASTER_KEY", "SWITCHBOARD_ORGANIZATION"}
    assert configured.run_script(SMALLER_DEMO, str(folder), "demo", "--env", "--json").data == settings

    (shell.folder / ".env").unlink()
    demo = shell.with_(**settings)
    states = [row["state"] for row in demo.run("integrations", "list", "--json").data]
    # Beside them the types that are declared in the package, of which the demo has none.
    assert [state for state in states if state != "not set up"] == ["active", "active", "disabled", "unreadable"]
    assert demo.run("keys", "status").status == 0
    assert demo.run("audit", "list", "--limit", "3").out.count("\n") == 4

    saved = shell.folder / "demo.env"
    saved.write_text(printed.out)
    saved.chmod(0o600)
    assert shell.run("--env-file", "demo.env", "integrations", "list").status == 0


@pytest.mark.long
@pytest.mark.skipif(shutil.which("uv") is None, reason="uv builds and installs the wheel")
def test_a_wheel_alone_is_run_by_uvx_and_opens_the_demo_in_a_clean_environment() -> None:
    with reachable_folder() as place:

        def uv(*arguments: str) -> str:
            ended = subprocess.run(["uv", *arguments], cwd=place, capture_output=True, text=True, check=False)
            assert ended.returncode == 0, ended.stderr
            return ended.stdout

        uv("build", "--quiet", "--wheel", "--out-dir", str(place), str(REPOSITORY))
        (wheel,) = map(str, place.glob("*.whl"))
        assert uv("tool", "run", "--from", wheel, "switchboard-console", "--version").startswith("switchboard ")
        uv("venv", "--quiet", "--python", sys.executable, "environment")
        python = place / "environment" / "bin" / "python"
        uv("pip", "install", "--quiet", "--python", str(python), wheel)
        where = subprocess.run([python, "-I", "-c", "import tui; print(tui.__file__)"], capture_output=True, check=True)
        assert where.stdout.startswith(os.fsencode(place / "environment"))
        command = [python, "-I", "-c", IN_ANOTHER_FOLDER + MAIN, str(place / "demo"), "demo"]
        with Terminal(command, cwd=place) as terminal:
            terminal.wait_for("Dispatch line", timeout=120)
            terminal.press("q")
            assert terminal.wait_for_exit() == 0
