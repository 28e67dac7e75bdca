"""Where libpq would connect to, every name as an address: psycopg would look names up in the event loop's threads."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress

import psycopg
from psycopg.conninfo import make_conninfo

from tui.data.postgres.conninfo.settings import CONNECT_TIMEOUT_S
from tui.process.name_lookup import look_up


async def resolve_hosts(conninfo: str) -> dict[str, str]:
    """Return the parameters that say where to connect to, every name as an address. Raises psycopg.OperationalError.

    https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-HOST: lists go together item by item.
    """
    # All of it is given: psycopg asks the environment before the service file for what is not.
    parameters = _libpq_target(conninfo)
    hosts, ports = parameters.get("host", "").split(","), parameters.get("port", "5432").split(",")
    if "hostaddr" in parameters or len(ports) not in (1, len(hosts)):
        return _share_timeout(parameters, len(hosts))
    ports = ports * len(hosts) if len(ports) == 1 else ports
    targets: list[tuple[str, str, str]] = []
    last_failure: psycopg.OperationalError | None = None
    for host, port in zip(hosts, ports, strict=True):
        try:
            targets += [(host, address, port) for address in (await _resolve(host) if _is_name(host) else [host])]
        except OSError as failure:
            last_failure = psycopg.OperationalError(f"failed to resolve host {host!r}: {failure}")
    if last_failure is not None and not targets:
        raise last_failure
    if any(host.startswith(("/", "@")) or not host for host, _, _ in targets):
        # A socket among names has no address: psycopg's own look-up knows how to mix them.
        return _share_timeout(parameters, len(targets))
    names, addresses, target_ports = zip(*targets, strict=True)
    where = {"host": ",".join(names), "hostaddr": ",".join(addresses), "port": ",".join(target_ports)}
    return _share_timeout(parameters | where, len(targets))


def _libpq_target(conninfo: str) -> dict[str, str]:
    """Return where libpq would connect to: from the string, its service, the environment, or built in.

    libpq has no function for that, but it tells it of a connection that it refuses to begin, here for its sslmode.
    """
    # With a password it reads no password file.
    unbegun = psycopg.pq.PGconn.connect_start(make_conninfo(conninfo, sslmode="none", password="none").encode())  # noqa: S106
    try:
        options = {option.keyword.decode(): (option.val or b"").decode() for option in unbegun.info}
    finally:
        unbegun.finish()
    return {word: options[word] for word in ("host", "hostaddr", "port", "connect_timeout") if options.get(word)}


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
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            return [str(item[4][0]) for item in await look_up(host)]
    except TimeoutError:
        raise OSError("no name server answered in time") from None
