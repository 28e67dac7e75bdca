"""The real program on a real terminal: how it starts and ends, what it writes, and what reaches the terminal."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.support.acme import ACME, PHONE
from tests.support.hostile_strings import hostile_strings
from tests.support.terminal.console_driver import add, settings_of
from tests.support.terminal.forked_terminal import ForkedTerminal
from tests.support.terminal.pty import SWITCHBOARD, Terminal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CODES = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]")
ALTERNATE_SCREEN_LEFT = b"\x1b[?1049l"
CURSOR_SHOWN = b"\x1b[?25h"
TYPES = ("exotel_phone", "exotel_sms", "exotel_whatsapp")


@pytest.fixture
async def filled(keyed_database: str) -> str:
    """A database with three integrations."""
    for kind in TYPES:
        await add(keyed_database, kind)
    return keyed_database


def wait_until_settled(terminal: Terminal) -> None:
    terminal.wait_for("● connected")
    terminal.wait_for("● active")
    terminal.wait_until_quiet()


@pytest.mark.parametrize("idle_s", [3, pytest.param(10, marks=pytest.mark.long)])
def test_it_keeps_to_its_bytes_and_a_signal_ends_it_with_its_own_status_and_restores_the_terminal(
    filled: str, idle_s: float
) -> None:
    with ForkedTerminal(environment=settings_of(filled)) as terminal:
        wait_until_settled(terminal)
        assert len(terminal.bytes_since()) <= 20_000
        for key in ("j", "down", "k"):
            mark = terminal.mark()
            terminal.press(key)
            terminal.wait_until_quiet()
            assert 0 < len(terminal.bytes_since(mark)) <= 1_000, key
        mark = terminal.mark()
        with pytest.raises(TimeoutError):
            terminal.wait_for(lambda _: len(terminal.output) > mark, timeout=idle_s)
        terminal.signal(signal.SIGTERM)
        assert terminal.wait_for_exit() == 143
        check_restored(terminal)
    with psycopg.connect(filled) as connection:
        sessions = (
            "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        )
        assert connection.execute(sessions).fetchone() == (0,)


def check_restored(terminal: Terminal) -> None:
    left = terminal.output.rindex(ALTERNATE_SCREEN_LEFT)
    assert terminal.output.rindex(CURSOR_SHOWN) > 0
    assert CODES.sub(b"", terminal.output[left:]).strip() == b""


def test_a_burst_of_keys_lands_field_by_field_and_no_size_breaks_anything(filled: str) -> None:
    with ForkedTerminal(environment=settings_of(filled)) as terminal:
        wait_until_settled(terminal)
        terminal.type("\r")
        terminal.wait_for("what people call it here")
        terminal.type("\tacme2\rcanary-key\tcanary-token\r")
        terminal.wait_for("3 changed")
        terminal.wait_until_quiet()
        assert "acme1acme2" in terminal.text
        assert b"canary" not in terminal.output
        for columns, rows in ((1, 1), (20, 5), (300, 90), (80, 24)):
            terminal.resize(columns, rows)
            terminal.wait_until_quiet(0.1)
        terminal.wait_for("3 changed")
        terminal.press("esc")
        terminal.wait_for("[d] discard changes")
        terminal.press("d")
        terminal.wait_for("● active")
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
        check_restored(terminal)


@pytest.mark.long
def test_resizing_to_500x1000_breaks_nothing(filled: str) -> None:
    with ForkedTerminal(environment=settings_of(filled)) as terminal:
        wait_until_settled(terminal)
        for columns, rows in ((1, 1), (500, 200), (20, 5), (1000, 500), (80, 24)):
            terminal.resize(columns, rows, watched=columns < 500)
            terminal.wait_until_quiet()
        terminal.wait_for("Exotel phone")
        terminal.press("q")
        assert terminal.wait_for_exit() == 0


CONTROL = re.compile(rb"[\x00-\x06\x0b\x0e-\x1a\x1c-\x1f\x7f]")
# The first ends whatever a terminal is in the middle of: it is written where an end takes long.
ESCAPES = re.compile(rb"\x18\x1b\\|\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[=>78c]|\(B|P[^\x1b]*\x1b\\)")


def test_hostile_strings_in_every_column_reach_no_terminal_as_control_bytes(filled: str) -> None:
    storable = [text for text in hostile_strings().values() if not re.search("[\0\ud800-\udfff]", text)]
    with ForkedTerminal(environment=settings_of(filled)) as terminal:
        wait_until_settled(terminal)
        with psycopg.connect(filled, autocommit=True) as connection:
            # One of them names the organisation and three the integrations, of which each is under the cursor once.
            for first in range(0, len(storable), 4):
                texts = storable[first : first + 4]
                _plant(connection, texts)
                mark = terminal.mark()
                terminal.press("r", "j", "j", "k", "k")
                terminal.wait_until_quiet(0.1)
                _inert(terminal.bytes_since(mark), repr(texts))
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
            terminal.wait_for(" by ")
            for text in storable:
                connection.execute(
                    "insert into organization_phone_numbers (organization_id, phone_number, display_name, number_type)"
                    " values (%s, %s, %s, %s) on conflict do nothing",
                    (ACME, text[:20], text[:100], text[:50]),
                )
            terminal.press("3")
            terminal.wait_for("by number")
            terminal.wait_until_quiet()
            for _ in storable:
                terminal.press("j")
            terminal.press("v", "v", "v", "v")
            terminal.wait_until_quiet()
            terminal.press("e")
            terminal.wait_for("cannot be changed")
            terminal.press("esc")
            terminal.wait_for("by number")
            terminal.press("1")
            terminal.wait_for("by type")
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
        _inert(bytes(terminal.output), "all of it")


def _plant(connection: psycopg.Connection, texts: Sequence[str]) -> None:
    for kind, text in zip(TYPES, texts, strict=False):
        connection.execute(
            "update integration_credentials set display_name = left(%s, 255) where integration_type = %s", (text, kind)
        )
    connection.execute(
        "insert into switchboard.organization_labels (id, name) values (%s, %s) "
        "on conflict (id) do update set name = excluded.name",
        (ACME, texts[-1]),
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
    environment = settings_of(filled, PYTHONPATH=path, HOME=str(home))
    with Terminal(SWITCHBOARD, environment=environment, cwd=tmp_path) as terminal:
        assert terminal.wait_for_exit() == 70
        assert PHONE["api_key"].encode() not in terminal.output
        text = terminal.text
    assert "Traceback" not in text
    reports = list((home / ".local/state/switchboard/crashes").iterdir())
    assert len(reports) == 1
    assert reports[0].stat().st_mode & 0o777 == 0o600
    report = reports[0].read_text()
    assert PHONE["api_key"] not in report
    assert "KeyError" in report
