"""What a command says and does when its connection breaks: while it commits, while it waits, and when it is stopped."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.support.acme import OTHER_KEY
from tests.support.commands import Shell, contents, execute
from tests.support.servers.loopback import ScriptedServer, letting_in, saying
from tests.support.servers.tcp_proxy import TcpProxy
from tests.support.terminal.forked_terminal import ForkedTerminal
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.servers.postgres import TestServer

STATE = "select is_active from public.integration_credentials"
END_OTHERS = (
    "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
    " where datname = current_database() and pid <> pg_backend_pid()"
)
LIST = ("integrations", "list")
DISABLE = ("integrations", "disable", "exotel_phone")
SAVED = "Interrupted while saving: it was saved."
NOT_SAVED = "Interrupted while saving: nothing was saved."
UNKNOWN = "Interrupted while saving, and the server could not be asked whether it was saved."


@pytest.fixture
def proxy(postgres: TestServer) -> Iterator[TcpProxy]:
    """A proxy before the server, and on it the superuser walter."""
    postgres.create_role("walter", "login superuser password 'walter'")
    with TcpProxy(int(conninfo_to_dict(postgres.conninfo())["port"])) as proxy:
        yield proxy


def through(proxy: TcpProxy, shell: Shell) -> Shell:
    """The shell with the same database behind the proxy."""
    name = str(conninfo_to_dict(shell.environment["DATABASE_URL"])["dbname"])
    return shell.with_(DATABASE_URL=f"postgresql://walter:walter@127.0.0.1:{proxy.port}/{name}?sslmode=disable")


@pytest.mark.parametrize(
    ("number", "status", "fate", "words", "is_active"),
    [
        (signal.SIGINT, 130, "saved", SAVED, False),
        (signal.SIGTERM, 143, "lost", NOT_SAVED, True),
        (signal.SIGHUP, 129, "unknown", UNKNOWN, False),
    ],
)
def test_a_signal_while_the_answer_to_commit_is_missing_says_how_it_ended(
    phone_shell: Shell, proxy: TcpProxy, number: signal.Signals, status: int, fate: str, words: str, *, is_active: bool
) -> None:
    shell = through(proxy, phone_shell)
    proxy.lose_commit(reaches_server=fate != "lost")
    with ForkedTerminal(*DISABLE, environment=shell.environment, cwd=shell.folder, columns=120) as terminal:
        assert proxy.commit_seen.wait(20)
        if fate == "unknown":
            wait_until(lambda: execute(phone_shell.environment["DATABASE_URL"], STATE) == [(is_active,)])
            proxy.swallow()
        started = time.monotonic()
        terminal.signal(number)
        assert (terminal.wait_for_exit(), words in said(terminal)) == (status, True), terminal.text
        assert time.monotonic() - started < 3
    assert execute(phone_shell.environment["DATABASE_URL"], STATE) == [(is_active,)]


@pytest.mark.parametrize(
    ("fate", "status", "words"),
    [
        ("saved", 0, "The database is set up and is as expected"),
        ("lost", 1, "The connection broke while setting up; nothing was changed."),
        ("unknown", 1, "the server could not be asked whether it was done. Run `switchboard setup --dry-run`"),
    ],
)
def test_setup_says_how_it_ended_when_the_answer_to_its_commit_is_lost(
    shell: Shell, proxy: TcpProxy, installed_database: str, fate: str, status: int, words: str
) -> None:
    execute(installed_database, "drop trigger switchboard_updated_at on integration_credentials")
    at_the_end = through(proxy, shell.with_(DATABASE_URL=installed_database))
    proxy.lose_commit(after=b"select switchboard.log_act('schema_changed'", reaches_server=fate != "lost")
    with ForkedTerminal(
        "setup", "--yes", environment=at_the_end.environment, cwd=shell.folder, columns=200
    ) as terminal:
        assert proxy.commit_seen.wait(20)
        if fate == "unknown":
            proxy.refuse()
        if fate == "lost":
            execute(installed_database, END_OTHERS)
        assert (terminal.wait_for_exit(), words in said(terminal)) == (status, True), terminal.text
    triggers = execute(
        installed_database, "select tgname::text from pg_trigger where tgrelid = 'integration_credentials'::regclass"
    )
    assert (("switchboard_updated_at",) in triggers) == (fate != "lost")


@pytest.mark.parametrize(
    ("fate", "status", "words", "keys"),
    [
        ("stopped", 130, "Stopped before anything was saved: everything is as it was.", 1),
        ("saved", 0, "1 envelope is encrypted with the new key", 2),
        ("lost", 1, "The connection broke while saving; nothing was saved.", 1),
    ],
)
def test_a_rotation_says_how_it_ended(
    phone_shell: Shell, proxy: TcpProxy, fate: str, status: int, words: str, keys: int
) -> None:
    shell, url = through(proxy, phone_shell), phone_shell.environment["DATABASE_URL"]
    new_key = shell.folder / "new.key"
    new_key.write_text(OTHER_KEY)
    new_key.chmod(0o600)
    before = contents(url)
    command = ("keys", "rotate", "--to", str(new_key), "--yes")
    with psycopg.connect(url) as holder:
        if fate == "stopped":
            holder.execute("lock table public.integration_credentials in row exclusive mode")
        else:
            proxy.lose_commit(reaches_server=fate == "saved")
        with ForkedTerminal(*command, environment=shell.environment, cwd=shell.folder, columns=200) as terminal:
            if fate == "stopped":
                wait_until(lambda: holder.execute("select 1 from pg_locks where not granted").fetchone())
                terminal.signal(signal.SIGINT)
            else:
                assert proxy.commit_seen.wait(20)
            if fate == "lost":
                execute(url, END_OTHERS)
            assert (terminal.wait_for_exit(), words in said(terminal)) == (status, True), terminal.text
    assert execute(url, "select count(*) from switchboard.keys where purpose = 'master'") == [(keys,)]
    assert (contents(url) == before) == (keys == 1)


def test_ctrl_c_ends_a_command_within_three_seconds_whatever_it_waits_for(phone_shell: Shell, proxy: TcpProxy) -> None:
    shell = through(proxy, phone_shell)
    asked = threading.Event()
    with ScriptedServer(letting_in(asked)) as silent:
        url = f"postgresql://x@127.0.0.1:{silent.port}/x?sslmode=disable"
        with ForkedTerminal(*LIST, environment=shell.with_(DATABASE_URL=url).environment, cwd=shell.folder) as terminal:
            assert asked.wait(20)
            assert_ends_at_once(terminal)
    with ForkedTerminal("audit", "tail", environment=shell.environment, cwd=shell.folder) as terminal:
        terminal.wait_for("exotel_phone")
        proxy.swallow()
        assert_ends_at_once(terminal)
    before = proxy.connections
    with ForkedTerminal(*LIST, environment=shell.environment, cwd=shell.folder) as terminal:
        wait_until(lambda: proxy.connections > before)
        assert_ends_at_once(terminal)


def test_a_command_that_meets_a_starting_server_is_to_be_run_again(phone_shell: Shell) -> None:
    fields = b"SFATAL\0C57P03\0Mthe database system is starting up\0\0"
    with ScriptedServer(saying(b"E" + (len(fields) + 4).to_bytes(4) + fields)) as starting:
        url = f"postgresql://x@127.0.0.1:{starting.port}/x?sslmode=disable"
        assert "Wait a moment, then run it again." in phone_shell.with_(DATABASE_URL=url).run(*LIST).refusal(1)


def test_ctrl_c_ends_a_command_that_waits_for_a_name_server(phone_shell: Shell) -> None:
    script = (
        "import os, socket, threading, signal\n"
        "def waiting(*_, **__):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    threading.Event().wait(60)\n"
        "socket.getaddrinfo = waiting\n"
        "import sys; sys.argv = ['switchboard', 'integrations', 'list']\n"
        "from tui.__main__ import main\n"
        "sys.exit(main())\n"
    )
    shell = phone_shell.with_(DATABASE_URL="postgresql://x@db.example/x?sslmode=disable")
    started = time.monotonic()
    assert shell.run_script(script).status == 130
    assert time.monotonic() - started < 6


@pytest.mark.long
@pytest.mark.parametrize("outage", [TcpProxy.refuse, TcpProxy.swallow])
def test_a_command_gives_up_within_ten_seconds_once_the_server_is_gone(
    phone_shell: Shell, proxy: TcpProxy, outage: Callable[[TcpProxy], None]
) -> None:
    shell = through(proxy, phone_shell)
    with psycopg.connect(phone_shell.environment["DATABASE_URL"]) as holder:
        holder.execute("lock table public.integration_credentials, public.integration_audit_logs")
        for command, status in ((LIST, 1), (DISABLE, 1), (("audit", "export"), 1), (("doctor",), 5)):
            with shell.start(*command) as process:
                wait_until(lambda: holder.execute("select 1 from pg_locks where not granted").fetchone())
                outage(proxy)
                started = time.monotonic()
                assert process.wait(20) == status
                print(command, time.monotonic() - started)
                assert time.monotonic() - started < 10, command
                assert process.stderr is not None
                words = process.stderr.read().decode()
                assert "by itself" not in words
                assert status != 1 or "run it again" in words, words
                proxy.restore()


def said(terminal: ForkedTerminal) -> str:
    return " ".join(terminal.text.split())


def assert_ends_at_once(terminal: ForkedTerminal) -> None:
    started = time.monotonic()
    terminal.signal(signal.SIGINT)
    assert terminal.wait_for_exit() == 130
    assert time.monotonic() - started < 3


def test_a_watched_list_stays_while_the_database_is_away_and_says_that_it_is_old(
    office_shell: Shell, proxy: TcpProxy
) -> None:
    shell = through(proxy, office_shell)
    words = ("phone-numbers", "list", "--watch=1")
    with ForkedTerminal(*words, environment=shell.environment, cwd=shell.folder) as terminal:
        terminal.wait_for("+91 11 4116 9368")
        proxy.refuse()
        text = terminal.wait_for("Not read since ")
        assert "+91 11 4116 9368" in text
        proxy.restore()
        terminal.wait_for("Every 1 s; read at")
        terminal.press("ctrl+c")
        assert terminal.wait_for_exit() == 130
