"""The real program on a real terminal: how it starts and ends, what it writes, and what reaches the terminal."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.support.acme import ACME, PHONE
from tests.support.hostile_strings import hostile_strings
from tests.support.terminal.console_driver import add, settings_of
from tests.support.terminal.forked_terminal import ForkedTerminal
from tests.support.terminal.pty import SWITCHBOARD, Terminal

if TYPE_CHECKING:
    from pathlib import Path

ALTERNATE_SCREEN_LEFT = b"\x1b[?1049l"
CURSOR_SHOWN = b"\x1b[?25h"


def new_console(conninfo: str, **more: Any) -> Terminal:
    """The console as a new interpreter, for how it starts and ends."""
    environment = settings_of(conninfo, **more.pop("environment", {}))
    return Terminal(SWITCHBOARD, environment=environment, **more)


def forked_console(conninfo: str, **environment: str) -> ForkedTerminal:
    """The console, for what it does in between."""
    return ForkedTerminal(environment=settings_of(conninfo, **environment))


@pytest.fixture
async def filled(keyed_database: str) -> str:
    """A database with three integrations."""
    for kind in ("exotel_phone", "exotel_sms", "exotel_whatsapp"):
        await add(keyed_database, kind)
    return keyed_database


def wait_until_settled(terminal: Terminal) -> None:
    terminal.wait_for("● connected")
    terminal.wait_for("● active")
    terminal.wait_until_quiet()


def test_the_first_settled_screen_a_move_and_an_idle_time_keep_to_their_bytes(filled: str) -> None:
    with new_console(filled) as terminal:
        wait_until_settled(terminal)
        assert len(terminal.bytes_since()) <= 20_000
        for key in ("j", "down", "k"):
            mark = terminal.mark()
            terminal.press(key)
            terminal.wait_until_quiet()
            assert 0 < len(terminal.bytes_since(mark)) <= 1_000, key
        mark = terminal.mark()
        with pytest.raises(TimeoutError):
            terminal.wait_for(lambda _: len(terminal.output) > mark, timeout=10)


def test_q_ends_the_console_with_status_0_and_restores_the_terminal(filled: str) -> None:
    with new_console(filled) as terminal:
        wait_until_settled(terminal)
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
        assert ALTERNATE_SCREEN_LEFT in terminal.output
        assert terminal.output.rindex(CURSOR_SHOWN) > 0


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_a_signal_ends_the_console_with_its_own_status_and_restores_the_terminal(
    filled: str, number: signal.Signals, status: int
) -> None:
    with new_console(filled) as terminal:
        wait_until_settled(terminal)
        terminal.signal(number)
        assert terminal.wait_for_exit() == status
        assert ALTERNATE_SCREEN_LEFT in terminal.output
    with psycopg.connect(filled) as connection:
        sessions = (
            "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        )
        assert connection.execute(sessions).fetchone() == (0,)


def test_a_wrong_connection_string_is_said_without_its_password(tmp_path: Path) -> None:
    url = "postgresql://asha:s3cret-canary@127.0.0.1:1/none"
    with ForkedTerminal(environment={"DATABASE_URL": url}, cwd=tmp_path) as terminal:
        terminal.wait_for("no connection")
        terminal.wait_until_quiet()
        assert b"canary" not in terminal.output
        assert "r  try again" in terminal.text


def test_the_console_starts_in_poor_terminals_and_says_the_state_in_words(filled: str) -> None:
    for environment in ({"TERM": "vt100"}, {"TERM": "screen"}, {"TERM": "tmux-256color"}):
        with forked_console(filled, **environment) as terminal:
            wait_until_settled(terminal)
            assert "active" in terminal.text
            terminal.press("q")
            assert terminal.wait_for_exit() == 0


def test_resizing_from_1x1_to_500x1000_breaks_nothing(filled: str) -> None:
    with forked_console(filled) as terminal:
        wait_until_settled(terminal)
        for columns, rows in ((1, 1), (500, 200), (20, 5), (1000, 500), (80, 24)):
            terminal.resize(columns, rows, watched=columns < 500)
            terminal.wait_until_quiet()
        terminal.wait_for("Exotel phone")
        terminal.press("q")
        assert terminal.wait_for_exit() == 0


def test_a_burst_of_keys_lands_field_by_field_as_if_typed_slowly(filled: str) -> None:
    with forked_console(filled) as terminal:
        wait_until_settled(terminal)
        terminal.type("\r")
        terminal.wait_for("what people call it here")
        terminal.type("\tacme2\rcanary-key\tcanary-token\r")
        terminal.wait_for("3 changed")
        terminal.wait_until_quiet()
        assert "acme1acme2" in terminal.text
        assert b"canary" not in terminal.output


CONTROL = re.compile(rb"[\x00-\x06\x0b\x0e-\x1a\x1c-\x1f\x7f]")
ESCAPES = re.compile(rb"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[=>78c]|\(B|P[^\x1b]*\x1b\\)")


def test_hostile_strings_in_every_column_reach_no_terminal_as_control_bytes(filled: str) -> None:
    storable = [text for text in hostile_strings().values() if not re.search("[\0\ud800-\udfff]", text)]
    with forked_console(filled) as terminal:
        wait_until_settled(terminal)
        with psycopg.connect(filled, autocommit=True) as connection:
            for text in storable:
                _plant(connection, text)
                mark = terminal.mark()
                terminal.press("r", "j")
                terminal.wait_until_quiet(0.1)
                _inert(terminal.bytes_since(mark), text)
            terminal.press("/", "1", "enter")
            terminal.wait_for("/1")
            terminal.press("esc")
            terminal.wait_until_gone("/1")
            terminal.press("o")
            terminal.wait_for("Choose an organisation")
            terminal.press("esc")
            terminal.wait_until_gone("Choose an organisation")
            terminal.press("enter")
            terminal.wait_for("Display name")
            terminal.wait_until_quiet()
            terminal.press("esc")
            terminal.wait_for("sorted by")
            for text in storable:
                connection.execute(
                    "insert into organization_phone_numbers (organization_id, phone_number, display_name, number_type)"
                    " values (%s, %s, %s, %s) on conflict do nothing",
                    (ACME, text[:20], text[:100], text[:50]),
                )
            terminal.press("3")
            terminal.wait_for("sorted by number")
            terminal.wait_until_quiet()
            for _ in storable:
                terminal.press("j")
            terminal.press("v", "v", "v", "v")
            terminal.wait_until_quiet()
            terminal.press("e")
            terminal.wait_for("stays as it is stored")
            terminal.press("esc")
            terminal.wait_for("sorted by number")
            terminal.press("1")
            terminal.wait_for("sorted by type")
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
        _inert(bytes(terminal.output), "all of it")


def _plant(connection: psycopg.Connection, text: str) -> None:
    connection.execute("update integration_credentials set display_name = left(%s, 255)", (text,))
    connection.execute(
        "insert into switchboard.organization_labels (id, name) values (%s, %s) "
        "on conflict (id) do update set name = excluded.name",
        (ACME, text),
    )


def _inert(output: bytes, text: str) -> None:
    rest = ESCAPES.sub(b"", output)
    assert b"\x1b" not in rest, text
    assert not CONTROL.search(rest), text
    decoded = output.decode("utf-8", "replace")
    assert not re.search("[\x80-\x9f\u202a-\u202e\u2066-\u2069\u200b-\u200f]", decoded), text
    for made_up in (b"]52;", b"]8;;", b"]2;", b"[3J", b"[6n", b"[8m", b"]1337", b"]50;", b"c"):
        assert b"\x1b" + made_up not in output, (text, made_up)


def test_a_crash_ends_with_status_70_one_clean_line_and_a_report_without_values(filled: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text(
        "import tui.screens.integrations.screen as s\n"
        "async def load(self):\n"
        f"    api_key = {PHONE['api_key']!r}\n"
        "    raise KeyError(api_key)\n"
        "s.IntegrationsScreen.load = load\n"
    )
    home = tmp_path / "home"
    home.mkdir()
    path = f"{broken}:{__file__.rpartition('/tests/')[0]}"
    with new_console(filled, environment={"PYTHONPATH": path, "HOME": str(home)}, cwd=tmp_path) as terminal:
        assert terminal.wait_for_exit() == 70
        assert PHONE["api_key"].encode() not in terminal.output
        text = terminal.text
    assert "Traceback" not in text
    reports = [file for file in home.rglob("*") if file.is_file()]
    assert len(reports) == 1
    assert reports[0].stat().st_mode & 0o777 == 0o600
    report = reports[0].read_text()
    assert PHONE["api_key"] not in report
    assert "KeyError" in report
