"""One connection: opened without waiting for a name server, cut off at once, and what a failure to open it means."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import os
import socket
import threading
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tui.data.connection_settings import CONNECT_TIMEOUT_S, libpq_defaults
from tui.data.errors import NoFreeConnection, UnknownRefusal
from tui.data.failures import translate

if TYPE_CHECKING:
    from psycopg.rows import AsyncRowFactory

Connection = psycopg.AsyncConnection[dict[str, Any]]
Standing = Literal["gone", "full", "refuses"]
Row = TypeVar("Row")
T = TypeVar("T")

LATE_S = 0.25

# The driver's own warnings would be written over the screen; what they say is raised as well.
logging.getLogger("psycopg").addHandler(logging.NullHandler())


async def connect(
    conninfo: str, row_factory: AsyncRowFactory[Row], *, password: str | None = None
) -> psycopg.AsyncConnection[Row]:
    """Return a new connection in autocommit mode.

    A cancelled call ends at once, also while a name is looked up. Raises psycopg.Error, OSError, and UnicodeError for
    a host that is no name.
    """
    addresses = await _addresses(conninfo)
    return await psycopg.AsyncConnection.connect(
        conninfo,
        autocommit=True,
        prepare_threshold=None,
        row_factory=row_factory,
        password=password,
        **addresses,  # type: ignore[arg-type]
    )


async def answers(connection: psycopg.AsyncConnection[Any], within: float) -> bool:
    """Ask a connection that nobody uses whether the server still answers; one that does not is closed."""
    asking = asyncio.ensure_future(connection.execute("select 1"))
    asking.add_done_callback(lambda done: _close_unless_answered(connection, done))
    try:
        await first_done({asking}, within)
    finally:
        if not asking.done():
            cut(connection)
    return asking.done() and not connection.closed


async def first_done(asked: set[asyncio.Future[T]], within: float) -> set[asyncio.Future[T]]:
    """Return those that are done once one is, or `within` seconds have passed.

    Where this process was not running meanwhile, an answer may be here that nobody has looked at: then once more.
    """
    loop = asyncio.get_running_loop()
    while True:
        ends = loop.time() + within
        done, _ = await asyncio.wait(asked, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        if done or loop.time() < ends + LATE_S:
            return done


def _close_unless_answered(connection: psycopg.AsyncConnection[Any], asking: asyncio.Future[Any]) -> None:
    if asking.cancelled() or asking.exception() is not None:
        connection.pgconn.finish()


def cut(connection: psycopg.AsyncConnection[Any]) -> None:
    """Break a connection off on this side, whatever the other one does; who waits for it gets psycopg.OperationalError.

    What was sent still goes out. Closing it here would leave its number to the next file while others wait on it.
    """
    with contextlib.suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(connection.pgconn.socket)) as end:
        end.shutdown(socket.SHUT_RDWR)


def standing_of(failure: BaseException) -> Standing:
    """What a failure to connect says: nobody answers, everything is taken, or this login is not let in."""
    told = translate(failure, doing="connecting")
    if isinstance(told, NoFreeConnection):
        return "full"
    return "gone" if told.may_pass and not isinstance(told, UnknownRefusal) else "refuses"


async def _addresses(conninfo: str) -> dict[str, str]:
    """Look up the hosts of a connection string as psycopg would, but in threads that nothing waits for at the end.

    https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-HOST: lists go together item by item.
    """
    given = {**libpq_defaults(), **conninfo_to_dict(conninfo)}
    hosts, ports = str(given.get("host") or "").split(","), str(given.get("port") or "5432").split(",")
    if given.get("hostaddr") or not any(_is_name(host) for host in hosts):
        return {}
    if len(ports) != len(hosts):
        ports = ports[:1] * len(hosts)
    found: list[tuple[str, str, str]] = []
    last: psycopg.OperationalError | None = None
    for host, port in zip(hosts, ports, strict=True):
        try:
            found += [(host, address, port) for address in (await _looked_up(host) if _is_name(host) else [host])]
        except OSError as failure:
            last = psycopg.OperationalError(f"failed to resolve host {host!r}: {failure}")
    if last is not None and not found:
        raise last
    if any(host.startswith("/") or not host for host, _, _ in found):
        # A socket among names has no address: psycopg's own look-up knows how to mix them.
        return {}
    names, addresses, places = zip(*found, strict=True)
    return {"host": ",".join(names), "hostaddr": ",".join(addresses), "port": ",".join(places)}


def _is_name(host: str) -> bool:
    if not host or host.startswith(("/", "@")):
        return False
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return True
    return False


async def _looked_up(host: str) -> list[str]:
    """Return the addresses of a name. Raises OSError, also after CONNECT_TIMEOUT_S, and UnicodeError."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def settle(addresses: list[str], failure: BaseException | None) -> None:
        if answer.done():
            return
        if failure is None:
            answer.set_result(addresses)
        else:
            answer.set_exception(failure)

    def look_up() -> None:
        addresses: list[str] = []
        failure: BaseException | None = None
        try:
            found = socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP, type=socket.SOCK_STREAM)
            addresses = [str(item[4][0]) for item in found]
        except (OSError, UnicodeError) as exc:
            failure = exc
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody wants it any more
            loop.call_soon_threadsafe(settle, addresses, failure)

    threading.Thread(target=look_up, name="name look-up", daemon=True).start()
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            return await answer
    except TimeoutError:
        raise OSError("no name server answered in time") from None
