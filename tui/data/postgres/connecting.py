"""One connection: opened without waiting for a name server, cut off at once, and what a failure to open it means."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import os
import socket
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import psycopg
from psycopg.conninfo import make_conninfo

from tui.data.postgres.connection import ListeningConnection
from tui.data.postgres.connection_settings import CONNECT_TIMEOUT_S
from tui.data.postgres.failures import translate
from tui.errors import NoFreeConnection, UnknownRefusal

if TYPE_CHECKING:
    from psycopg.rows import AsyncRowFactory

Connection = psycopg.AsyncConnection[dict[str, Any]]
Standing = Literal["gone", "full", "refuses"]
Row = TypeVar("Row")
T = TypeVar("T")

LATE_S = 0.25

_look_ups: dict[str, Future[list[str]]] = {}
"""The names that are being looked up: one thread for each, however many wait for it."""

# The driver's own warnings would be written over the screen; what they say is raised as well.
logging.getLogger("psycopg").addHandler(logging.NullHandler())


async def connect(
    conninfo: str, row_factory: AsyncRowFactory[Row], *, password: str | None = None
) -> psycopg.AsyncConnection[Row]:
    """Return a new connection in autocommit mode.

    A cancelled call ends at once, also while a name is looked up. Raises psycopg.Error, OSError, and UnicodeError for
    a host that is no name.
    """
    places = await _places(conninfo)
    return await ListeningConnection.connect(
        conninfo,
        autocommit=True,
        prepare_threshold=None,
        row_factory=row_factory,
        password=password,
        **places,  # type: ignore[arg-type]
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


async def _places(conninfo: str) -> dict[str, str]:
    """Say where to connect to, as psycopg would, but with names looked up in threads that nothing waits for at the end.

    https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-HOST: lists go together item by item. All
    of it is said, since psycopg asks the environment before the service file for what is not.
    """
    given = _completed(conninfo)
    hosts, ports = given.get("host", "").split(","), given.get("port", "5432").split(",")
    if "hostaddr" in given or len(ports) not in (1, len(hosts)):
        return _in_time(given, len(hosts))
    ports = ports * len(hosts) if len(ports) == 1 else ports
    found: list[tuple[str, str, str]] = []
    last: psycopg.OperationalError | None = None
    for host, port in zip(hosts, ports, strict=True):
        try:
            found += [(host, address, port) for address in (await _looked_up(host) if _is_name(host) else [host])]
        except OSError as failure:
            last = psycopg.OperationalError(f"failed to resolve host {host!r}: {failure}")
    if last is not None and not found:
        raise last
    if any(host.startswith(("/", "@")) or not host for host, _, _ in found):
        # A socket among names has no address: psycopg's own look-up knows how to mix them.
        return _in_time(given, len(found))
    names, addresses, places = zip(*found, strict=True)
    where = {"host": ",".join(names), "hostaddr": ",".join(addresses), "port": ",".join(places)}
    return _in_time(given | where, len(found))


def _completed(conninfo: str) -> dict[str, str]:
    """Return where libpq would connect to: from the string, its service, the environment, or built in.

    libpq tells it of a connection that it has not begun, because the sslmode is none. With a password it reads no
    password file.
    """
    unbegun = psycopg.pq.PGconn.connect_start(make_conninfo(conninfo, sslmode="none", password="none").encode())  # noqa: S106
    try:
        known = {option.keyword.decode(): (option.val or b"").decode() for option in unbegun.info}
    finally:
        unbegun.finish()
    return {word: known[word] for word in ("host", "hostaddr", "port", "connect_timeout") if known.get(word)}


def _in_time(where: dict[str, str], number: int) -> dict[str, str]:
    """Share the time-out, which psycopg gives to each address anew, among them; libpq takes none under two seconds."""
    with contextlib.suppress(ValueError):
        limit = int(where.get("connect_timeout", ""))
        if limit > 0 and number > 1:
            return where | {"connect_timeout": str(max(2, limit // number))}
    return where


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
    answer = _look_ups.get(host)
    if answer is None:
        answer = _look_ups[host] = Future()
        # Once it runs, whoever no longer waits for it cannot cancel it for the others.
        answer.set_running_or_notify_cancel()
        threading.Thread(target=_look_up, args=(host, answer), name="name look-up", daemon=True).start()
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            return await asyncio.wrap_future(answer)
    except TimeoutError:
        raise OSError("no name server answered in time") from None


def _look_up(host: str, answer: Future[list[str]]) -> None:
    try:
        found = socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as failure:
        del _look_ups[host]
        answer.set_exception(failure)
    else:
        del _look_ups[host]
        answer.set_result([str(item[4][0]) for item in found])
