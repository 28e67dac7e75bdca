"""Whether a provider's host can be reached at all: its name resolved, a connection made, TLS verified."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING, Literal

from tui.errors import ProviderFailed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

Stage = Literal["name", "connection", "TLS"]

# OpenSSL's X509_V_ERR_ numbers (x509_vfy.h), which ssl.SSLCertVerificationError carries as verify_code.
_NOT_YET_VALID, _EXPIRED, _SELF_SIGNED = 9, 10, 18
_UNTRUSTED = frozenset([2, 19, 20, 21])
_OTHER_NAME = frozenset([62, 64])


async def reach(host: str, port: int, context: ssl.SSLContext, seconds: float) -> int:
    """Resolve `host`, connect, agree on TLS, hang up, and return the milliseconds that took.

    Nothing is sent but the handshake. Raises ProviderFailed with the step at which it ended. `seconds` is for all.
    """
    begun = time.monotonic()
    stage: Stage = "name"
    transport: asyncio.Transport | None = None
    try:
        async with asyncio.timeout(seconds):
            addresses = await _addresses(host, port)
            stage = "connection"
            transport = await _connected(addresses, begun + seconds)
            stage = "TLS"
            transport = await asyncio.get_running_loop().start_tls(
                transport, transport.get_protocol(), context, server_hostname=host, ssl_handshake_timeout=seconds + 1
            )
    except OSError as error:
        raise failure_of(error, host, port, stage, seconds) from None
    finally:
        if transport is not None:
            transport.abort()
    return round((time.monotonic() - begun) * 1000)


def failure_of(error: OSError, host: str, port: int, stage: Stage, seconds: float) -> ProviderFailed:
    """Return what an error that ended a step comes to: a sentence and what to do."""
    where = named(host, port)
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate(error, where)
    if isinstance(error, ssl.SSLError):
        return _no_tls(error, where)
    if stage == "name":
        return _no_name(error, host, seconds)
    return _no_connection(error, where, port, stage, seconds)


def named(host: str, port: int) -> str:
    """Return how a host is called in a sentence: the port only where it is not that of https."""
    return host if port == 443 else f"{host}:{port}"


async def _addresses(host: str, port: int) -> Sequence[tuple[Any, ...]]:
    """Resolve in a thread that nobody waits for: the loop's own would hold up the end of the program."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[Sequence[tuple[Any, ...]]] = loop.create_future()

    def settle(found: Sequence[tuple[Any, ...]], error: OSError | None) -> None:
        if outcome.done():
            return
        if error is None:
            outcome.set_result(found)
        else:
            outcome.set_exception(error)

    def resolve() -> None:
        found: Sequence[tuple[Any, ...]] = ()
        failure: OSError | None = None
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            failure = error
        with contextlib.suppress(RuntimeError):  # The loop is closed: nobody asks any more.
            loop.call_soon_threadsafe(settle, found, failure)

    threading.Thread(target=resolve, name="resolver", daemon=True).start()
    return await outcome


async def _connected(addresses: Sequence[tuple[Any, ...]], deadline: float) -> asyncio.Transport:
    """Connect to the first address that takes it; each gets its share of the time that is left."""
    loop = asyncio.get_running_loop()
    failure: OSError = TimeoutError()
    for n, (family, _, _, _, address) in enumerate(addresses):
        share = (deadline - time.monotonic()) / (len(addresses) - n)
        try:
            async with asyncio.timeout(share):
                transport, _ = await loop.create_connection(asyncio.Protocol, address[0], address[1], family=family)
                return transport
        except OSError as error:
            failure = error
    raise failure


def _no_name(error: OSError, host: str, seconds: float) -> ProviderFailed:
    if isinstance(error, TimeoutError) or error.errno == socket.EAI_AGAIN:
        waited = f" within {seconds:g} s" if isinstance(error, TimeoutError) else ""
        return ProviderFailed(
            f"The name server did not say where {host} is{waited}.",
            f"Check that this machine has a network connection and a name server.{_proxy()}",
        )
    return ProviderFailed(
        f"There is no host called {host}.",
        f"Check the spelling of the API host, or this machine's name server.{_proxy()}",
    )


def _no_connection(error: OSError, where: str, port: int, stage: Stage, seconds: float) -> ProviderFailed:
    if isinstance(error, TimeoutError) and stage == "TLS":
        sentence = f"{where} was connected, but did not answer TLS within {seconds:g} s."
        what_to_do = "Check the API host and its port, or try again later."
    elif isinstance(error, TimeoutError):
        sentence = f"{where} did not take the connection within {seconds:g} s."
        what_to_do = f"Ask whoever runs this network whether it lets connections to port {port} out.{_proxy()}"
    elif error.errno == errno.ECONNREFUSED:
        sentence = f"{where} refused the connection: nothing listens on port {port}, or a firewall says so."
        what_to_do = f"Check the API host, or ask whoever runs this network.{_proxy()}"
    elif isinstance(error, ConnectionError):
        return _closed(where, stage)
    else:
        sentence = f"There is no way to {where} from this machine."
        what_to_do = f"Check that it has a network connection.{_proxy()}"
    return ProviderFailed(sentence, what_to_do)


def _closed(where: str, stage: Stage) -> ProviderFailed:
    when = " during the TLS handshake" if stage == "TLS" else ""
    return ProviderFailed(
        f"{where} closed the connection{when}.",
        f"Something between here and there may forbid it; ask whoever runs this network.{_proxy()}",
    )


def _certificate(error: ssl.SSLCertVerificationError, where: str) -> ProviderFailed:
    # truststore asks the operating system, which gives no code of OpenSSL's.
    code = getattr(error, "verify_code", None)
    if code == _EXPIRED:
        return ProviderFailed(
            f"The certificate of {where} has expired.",
            "Check the date of this machine; if it is right, whoever runs that host has to renew its certificate.",
        )
    if code == _NOT_YET_VALID:
        return ProviderFailed(
            f"The certificate of {where} is not valid yet.", "Check the date of this machine; it seems to be behind."
        )
    if code in _OTHER_NAME:
        return ProviderFailed(
            f"The certificate of {where} is made out to another name.",
            "Check the spelling of the API host: whoever answers there is not it.",
        )
    if code == _SELF_SIGNED:
        return ProviderFailed(
            f"The certificate of {where} is signed by nobody but itself.",
            "No provider's is: check the API host. For a gateway of your own, name its certificate in SSL_CERT_FILE.",
        )
    if code in _UNTRUSTED:
        return ProviderFailed(
            f"The certificate of {where} is signed by nobody whom this machine trusts.",
            "A proxy may be opening TLS on the way; where that is meant to be, or the host is a gateway of your own, "
            "name its authority's certificate in SSL_CERT_FILE.",
        )
    return ProviderFailed(
        f"The certificate of {where} is not valid.", "Check the API host; whoever runs it has to put this right."
    )


def _no_tls(error: ssl.SSLError, where: str) -> ProviderFailed:
    reason = error.reason or ""
    if "ALERT" in reason or "PROTOCOL" in reason:
        return ProviderFailed(
            f"{where} and this machine found no version of TLS that both accept.",
            "At least TLS 1.2 is needed: check the API host, or ask whoever runs it.",
        )
    if "EOF" in reason:
        return _closed(where, "TLS")
    return ProviderFailed(
        f"{where} does not speak TLS on that port.",
        "Check the API host and its port; nothing is ever sent without TLS.",
    )


def _proxy() -> str:
    """Point out a proxy that others would use: Switchboard goes directly."""
    if any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")):
        return " A proxy is named in the environment; Switchboard does not use it."
    return ""
