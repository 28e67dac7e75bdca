"""How long it takes to reach a provider's host: its name resolved, a connection made, TLS verified."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from tui.process.name_lookup import look_up
from tui.providers.transport_failures import transport_failure

if TYPE_CHECKING:
    import ssl

    from tui.process.name_lookup import Addresses
    from tui.providers.transport_failures import Endpoint, Stage


async def time_handshake(endpoint: Endpoint, context: ssl.SSLContext, seconds: float) -> int:
    """Resolve the host, connect, agree on TLS, hang up, and return the milliseconds that took.

    Nothing is sent but the handshake. Raises ProviderFailed with the step at which it ended. `seconds` is for all.
    """
    begun = time.monotonic()
    stage: Stage = "name"
    transport: asyncio.Transport | None = None
    try:
        async with asyncio.timeout(seconds):
            addresses = await look_up(endpoint.host, endpoint.port)
            stage = "connection"
            transport = await _connect(addresses, begun + seconds)
            stage = "TLS"
            transport = await asyncio.get_running_loop().start_tls(
                transport,
                transport.get_protocol(),
                context,
                server_hostname=endpoint.host,
                ssl_handshake_timeout=seconds + 1,
            )
    except OSError as error:
        raise transport_failure(error, endpoint, stage, seconds) from None
    finally:
        if transport is not None:
            transport.abort()
    return round((time.monotonic() - begun) * 1000)


async def _connect(addresses: Addresses, deadline: float) -> asyncio.Transport:
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
