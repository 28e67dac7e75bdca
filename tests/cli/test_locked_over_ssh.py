"""The locked console behind the sshd block of docs/ssh.md, on a real sshd: what works there, and every way out."""

from __future__ import annotations

import csv
import io
import os
import re
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.generate.ways_out import WAYS, WAYS_OF_SSH, WayOut
from tests.support.acme import ACME, KEY
from tests.support.database.log_rows import log_row
from tests.support.servers.sshd import OTHER_ADDRESS, Sshd, listens
from tests.support.terminal.pty import Terminal
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.commands import Outcome
    from tests.support.servers.postgres import TestServer

pytestmark = pytest.mark.debian

AT_ONCE = 4


@pytest.fixture(scope="module")
def sshd(postgres: TestServer, keyed_template: str) -> Iterator[Sshd]:
    """The sshd, on a database with one row in its log; exports go to the folder `exports`."""
    name = postgres.create_database(template=keyed_template, prefix="locked")
    with psycopg.connect(postgres.conninfo(name)) as connection:
        log_row(connection, action="call_made")
    server = Sshd(
        {
            "DATABASE_URL": postgres.conninfo(name),
            "ENCRYPTION_MASTER_KEY": KEY,
            "SWITCHBOARD_ORGANIZATION": str(ACME),
        }
    )
    exports = server.folder / "exports"
    exports.mkdir()
    with server.settings.open("a") as settings:
        settings.write(f"SWITCHBOARD_EXPORT_DIR='{exports}'\n")
    with server:
        yield server
    postgres.drop_database(name)


@pytest.fixture(scope="module")
def outside(sshd: Sshd) -> Path:
    """A folder that nothing may be written to, with programs that would tell that they were run."""
    folder = sshd.folder / "outside"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(f"open('{folder}/made', 'w')")
    (folder / "rc").write_text(f"touch {folder}/made")
    (sshd.folder / "file").touch()
    return folder


def take(sshd: Sshd, outside: Path, way: WayOut) -> Outcome:
    """Try a way out."""
    fill = {"{outside}": str(outside), "{port}": str(sshd.port), "host": "127.0.0.1"}

    def fill_in(text: str) -> str:
        for name, value in fill.items():
            text = text.replace(name, value)
        return text

    options = [fill_in(option) for option in way.options]
    typed = [fill_in(way.typed)] if way.typed else []
    if way.program == "ssh":
        return sshd.run([*sshd.client("ssh", *options), *typed])
    return sshd.run([*sshd.client(way.program), *options])


def test_the_block_loads(sshd: Sshd) -> None:
    assert sshd.test_configuration() == ""


def test_a_command_is_taken_apart_as_sh_would_and_writes_to_the_standard_output_of_whoever_asks(sshd: Sshd) -> None:
    outcome = sshd.ask("switchboard audit export --format csv 'action:call_made' since:2\\000-01-01")
    assert outcome.status == 0, outcome.err
    assert [row["action"] for row in csv.DictReader(io.StringIO(outcome.out))] == ["call_made"]


def test_a_command_writes_a_file_of_a_plain_name_in_the_folder_for_exports_only(sshd: Sshd) -> None:
    outcome = sshd.ask("audit export --output calls.csv action:call_made")
    assert outcome.status == 0, outcome.err
    assert sorted(path.name for path in (sshd.folder / "exports").iterdir()) == [
        "calls.csv",
        "calls.csv.manifest.json",
    ]


@pytest.mark.parametrize("ways", [WAYS_OF_SSH, pytest.param(WAYS, marks=pytest.mark.long)], ids=["of ssh", "all"])
def test_every_way_out_is_answered_by_a_sentence_and_leaves_nothing(
    sshd: Sshd, outside: Path, ways: tuple[WayOut, ...]
) -> None:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = dict(zip(ways, threads.map(lambda way: take(sshd, outside, way), ways), strict=True))
    assert len(answers) == len(ways)
    wrong = {
        way.line: got
        for way, got in answers.items()
        if got.status != way.status or way.answer not in got.out + got.err or re.search("uid=|root:", got.out + got.err)
    }
    assert wrong == {}
    assert sorted(path.name for path in outside.iterdir()) == ["rc", "sitecustomize.py"]


def test_a_forwarded_port_leads_nowhere(sshd: Sshd) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    forwarding = sshd.client("ssh", "-N", "-L", f"127.0.0.1:{port}:127.0.0.1:{sshd.port}")
    process = subprocess.Popen(forwarding, stderr=subprocess.DEVNULL, env={"PATH": os.environ["PATH"]})
    try:
        wait_until(lambda: listens(port))
        with socket.create_connection(("127.0.0.1", port), timeout=10, source_address=OTHER_ADDRESS) as through:
            # An sshd that was reached would greet.
            assert through.recv(100) == b""
    finally:
        # Seen: an ssh that was asked to end waited five minutes for a channel.
        process.kill()
        process.wait()


def test_the_console_itself_opens_neither_wizard_nor_file_nor_shell(sshd: Sshd, outside: Path) -> None:
    command = sshd.client("ssh", "-tt")
    environment = {"LANG": "C.UTF-8"}
    with Terminal(command, environment=environment, cwd=sshd.folder) as terminal:
        terminal.wait_for(" connected")
        terminal.press("5")
        terminal.wait_for("check again")
        assert "setup wizard" not in terminal.text
        terminal.press("w")
        terminal.wait_for("That is not open in the locked console.")
        terminal.press("4")
        terminal.wait_for("  call")
        terminal.press("!")
        terminal.wait_for("'switchboard audit list --organization")
        assert "ssh HOST" in terminal.text
        terminal.press("x")
        terminal.wait_for("Export the rows of this filter")
        terminal.press("ctrl+u")
        terminal.type(f"{outside}/log.csv")
        terminal.press("enter")
        terminal.wait_for("is not a plain name")
        terminal.press("esc")
        terminal.wait_until_gone("is not a plain name")
        terminal.press("ctrl+z")
        terminal.press("?")
        terminal.wait_for("Keys on this screen")
        terminal.press("esc")
        terminal.wait_until_gone("Keys on this screen")
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
    assert not (outside / "log.csv").exists()
