"""Where libpq would connect to, with names looked up in threads that nothing waits for at the end of the program.

psycopg looks names up in the event loop's own threads, which hold up its end for as long as a name server is silent.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import threading
from concurrent.futures import Future

import psycopg
from psycopg.conninfo import make_conninfo

from tui.data.postgres.connection_settings import CONNECT_TIMEOUT_S

_lookups: dict[str, Future[list[str]]] = {}
"""The names that are being looked up: one thread for each, however many wait for it."""


async def resolve_hosts(conninfo: str) -> dict[str, str]:
    """Return the parameters that say where to connect to, every name as an address. Raises psycopg.OperationalError.

    https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-HOST: lists go together item by item.
    """
    # All of it is given: psycopg asks the environment before the service file for what is not.
    given = _libpq_target(conninfo)
    hosts, ports = given.get("host", "").split(","), given.get("port", "5432").split(",")
    if "hostaddr" in given or len(ports) not in (1, len(hosts)):
        return _share_timeout(given, len(hosts))
    ports = ports * len(hosts) if len(ports) == 1 else ports
    targets: list[tuple[str, str, str]] = []
    last: psycopg.OperationalError | None = None
    for host, port in zip(hosts, ports, strict=True):
        try:
            targets += [(host, address, port) for address in (await _resolve(host) if _is_name(host) else [host])]
        except OSError as failure:
            last = psycopg.OperationalError(f"failed to resolve host {host!r}: {failure}")
    if last is not None and not targets:
        raise last
    if any(host.startswith(("/", "@")) or not host for host, _, _ in targets):
        # A socket among names has no address: psycopg's own look-up knows how to mix them.
        return _share_timeout(given, len(targets))
    names, addresses, target_ports = zip(*targets, strict=True)
    where = {"host": ",".join(names), "hostaddr": ",".join(addresses), "port": ",".join(target_ports)}
    return _share_timeout(given | where, len(targets))


def _libpq_target(conninfo: str) -> dict[str, str]:
    """Return where libpq would connect to: from the string, its service, the environment, or built in.

    libpq has no function for that, but it tells it of a connection that it refuses to begin, here for its sslmode.
    """
    # With a password it reads no password file.
    unbegun = psycopg.pq.PGconn.connect_start(make_conninfo(conninfo, sslmode="none", password="none").encode())  # noqa: S106
    try:
        known = {option.keyword.decode(): (option.val or b"").decode() for option in unbegun.info}
    finally:
        unbegun.finish()
    return {word: known[word] for word in ("host", "hostaddr", "port", "connect_timeout") if known.get(word)}


def _share_timeout(where: dict[str, str], number: int) -> dict[str, str]:
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


async def _resolve(host: str) -> list[str]:
    """Return the addresses of a name. Raises OSError, also after CONNECT_TIMEOUT_S, and UnicodeError."""
    answer = _lookups.get(host)
    if answer is None:
        answer = _lookups[host] = Future()
        # Once it runs, whoever no longer waits for it cannot cancel it for the others.
        answer.set_running_or_notify_cancel()
        threading.Thread(target=_resolve_in_thread, args=(host, answer), name="name look-up", daemon=True).start()
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            return await asyncio.wrap_future(answer)
    except TimeoutError:
        raise OSError("no name server answered in time") from None


def _resolve_in_thread(host: str, answer: Future[list[str]]) -> None:
    try:
        addresses = socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as failure:
        del _lookups[host]
        answer.set_exception(failure)
    else:
        del _lookups[host]
        answer.set_result([str(item[4][0]) for item in addresses])
