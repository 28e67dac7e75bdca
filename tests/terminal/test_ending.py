"""How the console ends when a signal comes or its terminal goes away, and what it draws on a terminal that is slow."""

from __future__ import annotations

import re
import select
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.support.acme import PHONE
from tests.support.servers.tcp_proxy import TcpProxy
from tests.support.terminal.console_driver import add, settings_of
from tests.support.terminal.forked_terminal import ForkedTerminal
from tests.support.terminal.pty import SWITCHBOARD, Terminal
from tests.support.waiting import wait_until
from tui.terminal.pace import ANSWER, MOST_UNDRAWN
from tui.terminal.pace import QUESTION as QUESTION_TEXT

if TYPE_CHECKING:
    from tests.support.servers.postgres import TestServer

ENDS_WITHIN_S = 2.0
QUESTION = QUESTION_TEXT.encode()
CODES = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\\\\|\x18")
LEFT = b"\x1b[?1049l"


@pytest.fixture
async def filled(keyed_database: str) -> str:
    await add(keyed_database, "exotel_phone")
    return keyed_database


def ended_within(terminal: Terminal, seconds: float) -> int:
    """Wait for the end without reading what is written; return the exit status."""
    terminal.process.wait(timeout=seconds)
    status = terminal.process.returncode
    assert status is not None
    return status if status >= 0 else 128 - status


def wait_until_idle(terminal: Terminal, idle_s: float = 0.5, timeout_s: float = 60) -> None:
    """Wait until the program has used no processor for a while, without reading what it writes."""
    deadline = time.monotonic() + timeout_s
    used, since = -1, time.monotonic()
    while time.monotonic() - since < idle_s:
        now = processor_ticks(terminal.process.pid)
        if now - used > 1:
            used, since = now, time.monotonic()
        assert time.monotonic() < deadline
        select.select([], [], [], 0.05)


def processor_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def connections(conninfo: str) -> int:
    """How many others are connected to that database."""
    with psycopg.connect(conninfo) as connection:
        query = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        return connection.execute(query).fetchone()[0]


def test_a_terminal_that_goes_away_without_a_signal_is_a_hang_up(filled: str) -> None:
    with Terminal(SWITCHBOARD, environment=settings_of(filled), is_owner=False) as terminal:
        terminal.wait_for("● active")
        terminal.hang_up()
        assert ended_within(terminal, ENDS_WITHIN_S) == 129
    assert connections(filled) == 0


def test_a_signal_ends_it_while_the_terminal_reads_nothing(filled: str) -> None:
    with ForkedTerminal(environment=settings_of(filled), columns=200, rows=60) as terminal:
        terminal.wait_for("● active")
        before = termios.tcgetattr(terminal.descriptor)
        # Each of these draws a whole screen; nobody reads it.
        for size in ((190, 50), (200, 60)) * 4:
            terminal.resize(*size, watched=False)
            terminal.press("?", "esc")
        wait_until_idle(terminal)
        terminal.signal(signal.SIGTERM)
        assert ended_within(terminal, ENDS_WITHIN_S) == 143
        assert before[3] & (termios.ECHO | termios.ICANON) == 0
        assert termios.tcgetattr(terminal.descriptor)[3] & termios.ECHO
        # Behind it nothing of the screen: it would stand in the shell's.
        assert CODES.sub(b"", terminal.bytes_since().rpartition(LEFT)[2]) == b""
        assert b"\x1b[?25h" in terminal.bytes_since()


def test_a_signal_ends_a_loop_that_is_stuck(tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "from tui.terminal.ending import EndingOnSignals\n"
        "statuses = []\n"
        "with EndingOnSignals(statuses.append, lambda: print('restored after', statuses, flush=True), lambda: None):\n"
        "    print('ready', flush=True)\n"
        "    while True: time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=ENDS_WITHIN_S + 1) == 143
    assert process.stdout.read() == "restored after [143]\n"


@pytest.mark.parametrize("presses", [300, pytest.param(1158, marks=pytest.mark.long)])
def test_of_keys_held_down_the_newest_frame_is_drawn(filled: str, presses: int) -> None:
    with psycopg.connect(filled) as connection:
        connection.execute(
            "insert into public.integration_audit_logs (organization_id, integration_type, action, status, created_at)"
            " select organization_id, 'exotel_phone', 'call_made', 'success', now() - number * interval '1 minute'"
            " from public.integration_credentials, generate_series(1, 2000) number"
        )
    with ForkedTerminal(environment=settings_of(filled)) as terminal:
        terminal.wait_for("● active")
        terminal.press("4")
        terminal.wait_for("  call")
        terminal.wait_until_quiet()
        mark = terminal.mark()
        terminal.type("j" * presses)
        # The terminal takes nothing until all of them have done their work.
        wait_until_idle(terminal)
        terminal.wait_for("  call")
        terminal.wait_until_quiet()
        assert len(terminal.bytes_since(mark)) < 40_000


def test_what_was_stopped_is_drawn_again_without_its_secret_and_takes_the_terminal_only_once(filled: str) -> None:
    with ForkedTerminal(environment=settings_of(filled)) as terminal:
        terminal.wait_for("● active")
        threads = len(list(Path(f"/proc/{terminal.process.pid}/task").iterdir()))
        for _ in range(3):
            mark = terminal.mark()
            terminal.signal(signal.SIGCONT)
            terminal.wait_for(lambda _, mark=mark: b"active" in terminal.bytes_since(mark))
        assert len(list(Path(f"/proc/{terminal.process.pid}/task").iterdir())) == threads
        terminal.press("R")
        terminal.wait_for("hidden")
        terminal.press("enter")
        terminal.wait_for(PHONE["api_key"])
        terminal.wait_until_quiet()
        terminal.signal(signal.SIGTSTP)
        wait_until(lambda: state(terminal) == "T")
        assert termios.tcgetattr(terminal.descriptor)[3] & termios.ECHO
        mark = terminal.mark()
        terminal.signal(signal.SIGCONT)
        terminal.wait_until_gone(PHONE["api_key"])
        terminal.wait_for(lambda _: b"hidden" in terminal.bytes_since(mark))
        terminal.wait_until_quiet()
        assert PHONE["api_key"].encode() not in terminal.bytes_since(mark)
        terminal.press("esc")
        terminal.wait_for("● active")
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
        assert termios.tcgetattr(terminal.descriptor)[3] & termios.ECHO


@pytest.mark.parametrize(
    ("key", "number", "status"),
    [
        # SIGTERM ends it elsewhere with the same status.
        pytest.param("2", signal.SIGTERM, 143, marks=pytest.mark.long),
        ("4", signal.SIGHUP, 129),
        ("R", signal.SIGINT, 130),
    ],
)
def test_a_signal_while_a_screen_is_opened_ends_it_with_its_own_status_and_is_no_crash(
    filled: str, key: str, number: signal.Signals, status: int
) -> None:
    with ForkedTerminal(environment=settings_of(filled)) as terminal:
        terminal.wait_for("● active")
        terminal.press(key)
        terminal.signal(number)
        # As systemd ends a session: the program goes on, in case it was stopped.
        terminal.signal(signal.SIGCONT)
        assert terminal.wait_for_exit() == status
        assert termios.tcgetattr(terminal.descriptor)[3] & termios.ECHO
        assert LEFT in terminal.output
        assert "crashed" not in terminal.output.decode("utf-8", "replace")


def test_a_signal_while_the_answer_to_commit_is_missing_says_how_it_ended(filled: str, postgres: TestServer) -> None:
    postgres.create_role("walter", "login superuser password 'walter'")
    server = conninfo_to_dict(filled)
    with TcpProxy(int(server["port"])) as proxy:
        through = f"postgresql://walter:walter@127.0.0.1:{proxy.port}/{server['dbname']}?sslmode=disable"
        for reaches_server, words in ((False, "nothing was saved"), (True, "it was saved")):
            with ForkedTerminal(environment=settings_of(through), columns=120) as terminal:
                terminal.wait_for("● active")
                proxy.lose_commit(reaches_server=reaches_server)
                terminal.press("space")
                terminal.wait_for("Disable Exotel phone?")
                terminal.press("y")
                assert proxy.commit_seen.wait(20)
                terminal.signal(signal.SIGTERM)
                assert ended_within(terminal, ENDS_WITHIN_S) == 143
                assert f"Interrupted while saving: {words}." in terminal.bytes_since().rpartition(LEFT)[2].decode()


def test_ctrl_c_ends_it_within_three_seconds_while_the_server_answers_nothing(
    filled: str, postgres: TestServer
) -> None:
    postgres.create_role("walter", "login superuser password 'walter'")
    server = conninfo_to_dict(filled)
    with TcpProxy(int(server["port"])) as proxy:
        through = f"postgresql://walter:walter@127.0.0.1:{proxy.port}/{server['dbname']}?sslmode=disable"
        with ForkedTerminal(environment=settings_of(through)) as terminal:
            terminal.wait_for("● active")
            proxy.swallow()
            terminal.press("r", "ctrl+c")
            terminal.wait_for("once more")
            started = time.monotonic()
            terminal.press("ctrl+c")
            assert terminal.wait_for_exit() == 130
            assert time.monotonic() - started < 3


def state(terminal: Terminal) -> str:
    """The state of the program as the kernel says it, T for stopped."""
    return Path(f"/proc/{terminal.process.pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_frames_wait_for_the_other_end_of_a_line_and_the_size_is_the_terminals_own(filled: str) -> None:
    environment = settings_of(filled, COLUMNS="40", LINES="10")
    with ForkedTerminal(environment=environment, columns=100, rows=30) as terminal:
        terminal.wait_for("● active")
        terminal.wait_until_quiet()
        assert "? help" in terminal.lines[29]
        assert "too small" not in terminal.output.decode()
        terminal.press("?")
        terminal.wait_for(lambda text: "Keys on this screen" in text and QUESTION in terminal.output)
        terminal.send(ANSWER)
        terminal.wait_until_quiet()
        mark = terminal.mark()
        # Like sshd on a slow line: all is read at once, and nothing says that it has been drawn.
        for _ in range(60):
            terminal.press("j", "k")
            terminal.wait_until_quiet(0.01)
        sent = len(terminal.bytes_since(mark))
        assert sent < 2 * MOST_UNDRAWN
        terminal.send(ANSWER)
        terminal.press("j")
        terminal.wait_for(lambda _: len(terminal.output) > mark + sent)
