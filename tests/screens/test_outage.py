"""The console while its server is away: the banner, the way back by itself, and what is not tried again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.support.commands import execute
from tests.support.servers.tcp_proxy import TcpProxy
from tests.support.terminal.console_driver import add, new_app, run_headless

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.servers.postgres import TestServer
    from tests.support.terminal.console_driver import ConsoleDriver

DISABLE = "update public.integration_credentials set is_active = false"
END_SESSIONS = "select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = 'walter'"
PASSWORD = "a password of the role that is right"


@pytest.fixture
async def filled(keyed_database: str, postgres: TestServer) -> str:
    """A database with an integration, whose owner is walter: limits on connections do not bind a superuser."""
    await add(keyed_database, "exotel_phone")
    postgres.create_role("walter", f"login password '{PASSWORD}'")
    execute(keyed_database, "grant all on all tables in schema public, switchboard to walter")
    execute(keyed_database, "grant usage on schema public, switchboard to walter")
    execute(keyed_database, "grant execute on all functions in schema switchboard to walter")
    execute(keyed_database, "alter role walter bypassrls")
    return keyed_database


@pytest.fixture
def proxy(postgres: TestServer) -> Iterator[TcpProxy]:
    """A proxy before the server."""
    with TcpProxy(int(conninfo_to_dict(postgres.conninfo())["port"])) as proxy:
        yield proxy


def through(proxy: TcpProxy, conninfo: str, password: str = PASSWORD) -> str:
    return proxy.conninfo(str(conninfo_to_dict(conninfo)["dbname"]), user="walter", password=password)


def banner(console: ConsoleDriver) -> str:
    return console.app.connection.health.words


@pytest.mark.parametrize("outage", [TcpProxy.refuse, pytest.param(TcpProxy.swallow, marks=pytest.mark.long)])
async def test_each_outage_is_shown_for_what_it_is_and_the_screen_whole_by_itself_after_it(
    filled: str, proxy: TcpProxy, postgres: TestServer, outage: Callable[[TcpProxy], None]
) -> None:
    proxy.refuse()
    async with run_headless(new_app(through(proxy, filled))) as console:
        await find_no_server_at_the_start(console, proxy)
        await lose_the_server(console, proxy, filled, outage)
        await be_refused_after_an_outage(console, proxy, postgres)


async def find_no_server_at_the_start(console: ConsoleDriver, proxy: TcpProxy) -> None:
    """It tries again by itself."""
    await console.wait_for("no connection, trying again in")
    await console.wait_for("Switchboard reconnects automatically.")
    await console.press("r")
    await console.wait_for("no connection, trying again in")
    proxy.restore()
    await console.wait_for("● active")
    assert banner(console) == "connected"


async def lose_the_server(
    console: ConsoleDriver, proxy: TcpProxy, conninfo: str, outage: Callable[[TcpProxy], None]
) -> None:
    """It is shown within three seconds, and the screen is whole within five of its end."""
    outage(proxy)
    started = time.monotonic()
    # Nobody presses a key.
    await console.wait_for("connection lost, trying again in")
    assert time.monotonic() - started < 3.5
    execute(conninfo, DISABLE)
    proxy.restore()
    started = time.monotonic()
    await console.wait_for("○ disabled")
    assert time.monotonic() - started < 5
    assert banner(console) == "connected"


async def be_refused_after_an_outage(console: ConsoleDriver, proxy: TcpProxy, postgres: TestServer) -> None:
    """No console is left that looks connected, and the server is watched again once r has let it in."""
    with postgres.admin() as admin:
        admin.execute("alter role walter password 'another password'")
        admin.execute(END_SESSIONS)
        await console.wait_for("no connection")
        await console.wait_for("refused the user name or the password")
        admin.execute(f"alter role walter password '{PASSWORD}'")
    await console.press("r")
    await console.wait_for("○ disabled")
    assert banner(console) == "connected"
    proxy.refuse()
    await console.wait_for("connection lost, trying again in")


async def test_taken_connections_are_shown_as_that_and_the_screen_is_whole_once_one_is_free(
    filled: str, proxy: TcpProxy, postgres: TestServer
) -> None:
    async with run_headless(new_app(through(proxy, filled))) as console:
        await console.wait_for("● active")
        with postgres.admin() as admin:
            admin.execute("alter role walter connection limit 0")
            admin.execute(END_SESSIONS)
            await console.wait_for("no free connection, trying again in")
            execute(filled, DISABLE)
            admin.execute("alter role walter connection limit -1")
        await console.wait_for("○ disabled")
        assert banner(console) == "connected"


async def test_a_login_that_is_refused_is_tried_again_only_when_asked(
    filled: str, proxy: TcpProxy, postgres: TestServer
) -> None:
    async with run_headless(new_app(through(proxy, filled, "a password that is wrong"))) as console:
        await console.wait_for("refused the user name or the password")
        assert banner(console) == "no connection"
        assert not any(worker.group == "connection" and worker.is_running for worker in console.app.workers)
        with postgres.admin() as admin:
            admin.execute("alter role walter password 'a password that is wrong'")
        await console.press("r")
        await console.wait_for("● active")
