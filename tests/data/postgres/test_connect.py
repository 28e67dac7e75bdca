"""Where a connection is made to: services, several hosts, and names that are looked up; and what a failure says."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.rows import tuple_row

from tests.support.acme import operator
from tests.support.servers.loopback import ScriptedServer, silent
from tui.data.postgres.connect import connect
from tui.data.postgres.database import Database
from tui.data.postgres.failures import availability_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.servers.tcp_proxy import TcpProxy

LOGIN = "user=walter password=walter dbname=postgres sslmode=disable connect_timeout=5"


def test_what_a_failure_to_connect_says_about_the_server() -> None:
    failed = 'connection failed: connection to server at "203.0.113.7", port 5432 failed: '
    behind = "- host: 'x', port: '5432', hostaddr: '203.0.113.8': "
    texts_by_standing = {
        "gone": (
            f"{failed}Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?",
            f"{failed}server closed the connection unexpectedly",
            f"{failed}FATAL:  the database system is starting up",
            f"{failed}FATAL:  server login has been failing, try again later (server_login_retry)",
            "connection timeout expired",
            "failed to resolve host 'db.example': [Errno -3] Temporary failure in name resolution",
        ),
        "full": (
            f"{failed}FATAL:  sorry, too many clients already",
            f'{failed}FATAL:  too many connections for role "walter"',
            f"{failed}FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
            f"{failed}FATAL:  no more connections allowed (max_client_conn)",
            f"{failed}FATAL:  (EMAXCONN) max client connections reached, limit: 200",
            f"{failed}FATAL:  MaxClientsInSessionMode: max clients reached - in Session mode max clients are limited",
        ),
        "refuses": (
            f'{failed}FATAL:  password authentication failed for user "walter"',
            f"{failed}FATAL:  Tenant or user not found",
            f'{failed}FATALE:  il database "x" non esiste',
            f"{failed}SSL error: certificate verify failed",
            f"{failed}Connection refused\n{behind}{failed}FATAL:  password authentication failed",
        ),
    }
    for standing, texts in texts_by_standing.items():
        for text in texts:
            assert availability_of(psycopg.OperationalError(text)) == standing, text


async def test_a_service_says_where_to_connect_to_before_the_environment_does(
    proxy: TcpProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also by a name, which this program looks up, and not libpq while everything waits."""
    services = tmp_path / "services"
    services.write_text(
        f"[address]\nhost=127.0.0.1\nport={proxy.port}\n"
        f"[name]\nhost=db.example\nport={proxy.port}\n"
        f"[hostaddr]\nhostaddr=127.0.0.1\nport={proxy.port}\n"
    )
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    monkeypatch.setenv("PGHOST", "other.example")
    monkeypatch.setenv("PGPORT", "1")
    addresses = {"db.example": [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]}
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *_, **__: addresses[host])
    for service in ("address", "name", "hostaddr"):
        async with await connect(f"service={service} {LOGIN}", tuple_row) as connection:
            assert connection.info.port == proxy.port, service
    monkeypatch.setenv("PGSERVICE", "name")
    async with await connect(LOGIN, tuple_row) as connection:
        assert connection.info.host == "db.example"


async def test_a_server_behind_two_addresses_that_are_dead_is_found(proxy: TcpProxy) -> None:
    with ScriptedServer(silent) as dead:
        places = f"host=127.0.0.1,127.0.0.1,127.0.0.1 port={dead.port},{dead.port},{proxy.port}"
        database = Database(f"{places} {LOGIN}", operator())
        await database.open()
        await database.close()


async def test_hosts_and_ports_that_do_not_match_are_refused() -> None:
    with pytest.raises(psycopg.OperationalError, match="could not match 3 port numbers"):
        await connect("host=localhost,localhost port=1,2,3", tuple_row)


async def test_a_name_is_looked_up_once_for_all_who_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts: list[str] = []
    answered = threading.Event()

    def look_up(host: str, *_: object, **__: object) -> None:
        hosts.append(host)
        answered.wait(20)
        raise OSError("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    waiting = [asyncio.create_task(connect("host=db.example", tuple_row)) for _ in range(3)]
    await asyncio.wait(waiting, timeout=0.05)
    waiting[0].cancel()
    await asyncio.wait(waiting[:1])
    answered.set()
    for task in waiting[1:]:
        with pytest.raises(psycopg.OperationalError, match=r"failed to resolve host .* no such name"):
            await task
    assert hosts == ["db.example"]


async def test_a_login_that_was_cancelled_is_hung_up_though_its_failure_is_kept() -> None:
    asked, hung_up = asyncio.Event(), asyncio.Event()

    async def wait_for_a_login(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)
        asked.set()
        await reader.read()
        hung_up.set()
        writer.close()

    server = await asyncio.start_server(wait_for_a_login, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        login = asyncio.create_task(connect(f"postgresql://x@127.0.0.1:{port}/x?sslmode=disable", tuple_row))
        await asyncio.wait_for(asked.wait(), 20)
        login.cancel()
        with pytest.raises(asyncio.CancelledError) as kept:
            await login
        await asyncio.wait_for(hung_up.wait(), 20)
        assert kept.value.__traceback__ is not None
