"""How long it takes to reach a provider's host: its name resolved, a connection made, TLS verified."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, NamedTuple

from tui.process.name_lookup import look_up
from tui.providers.public_address import require_allowed
from tui.providers.transport_failures import transport_failure

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

    from tui.process.name_lookup import Addresses
    from tui.providers.public_address import Destinations
    from tui.providers.transport_failures import Endpoint, Stage


class Handshake(NamedTuple):
    """How long it took, and the address at which it was made."""

    milliseconds: int
    address: str


async def time_handshake(
    endpoint: Endpoint, context: ssl.SSLContext, seconds: float, limits: Sequence[Destinations] = ()
) -> Handshake:
    """Resolve the host, connect, agree on TLS, hang up, and return how long that took.

    Nothing is sent but the handshake, and nothing at all to an address beyond `limits`. Raises ProviderFailed with the
    step at which it ended. `seconds` is for all.
    """
    begun = time.monotonic()
    stage: Stage = "name"
    transport: asyncio.Transport | None = None
    try:
        async with asyncio.timeout(seconds):
            addresses = await look_up(endpoint.host, endpoint.port)
            require_allowed(addresses, endpoint, limits)
            stage = "connection"
            transport, address = await _connect(addresses, begun + seconds)
            stage = "TLS"
            transport = await asyncio.get_running_loop().start_tls(
                transport,
                transport.get_protocol(),
                context,
                server_hostname=endpoint.host,
                ssl_handshake_timeout=seconds + 1,
            )
    except (OSError, UnicodeError) as error:
        raise transport_failure(error, endpoint, stage, seconds) from None
    finally:
        if transport is not None:
            transport.abort()
    return Handshake(round((time.monotonic() - begun) * 1000), address)


async def _connect(addresses: Addresses, deadline: float) -> tuple[asyncio.Transport, str]:
    """Connect to the first address that takes it; each gets its share of the time that is left."""
    loop = asyncio.get_running_loop()
    failure: OSError = TimeoutError()
    for n, (family, _, _, _, address) in enumerate(addresses):
        share = (deadline - time.monotonic()) / (len(addresses) - n)
        try:
            async with asyncio.timeout(share):
                transport, _ = await loop.create_connection(asyncio.Protocol, address[0], address[1], family=family)
                return transport, address[0]
        except OSError as error:
            failure = error
    raise failure
