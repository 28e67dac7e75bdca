"""Gets a key set from its address."""

from __future__ import annotations

from urllib.parse import urlsplit

from tui.errors import ProviderFailed
from tui.http.token_keys import LARGEST_BYTES
from tui.providers.https_host import HttpsHost
from tui.providers.transport_failures import HTTPS_PORT, Endpoint


async def fetch_keys(address: str) -> bytes:
    """Return what an https:// address has, over verified TLS and without a redirect. Raises OSError."""
    try:
        split = urlsplit(address)
        endpoint = Endpoint(split.hostname or "", split.port or HTTPS_PORT, "address of the keys")
    except ValueError:
        raise OSError("the address is none") from None
    try:
        async with HttpsHost(endpoint, "the issuer of the tokens", {}) as host:
            path = split.path.removeprefix("/") + (f"?{split.query}" if split.query else "")
            answer = await host.get(path, most_bytes=LARGEST_BYTES)
    except ProviderFailed as failure:
        raise OSError(failure.sentence) from None
    if answer.status != 200:
        raise OSError(f"it was answered with {answer.status}")
    return answer.body
