"""Posts what a check noticed to the receiver that SWITCHBOARD_WEBHOOK_URL names."""

from __future__ import annotations

import asyncio
import logging
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tui import __version__
from tui.errors import ProviderFailed
from tui.words.text import ascii_json

if TYPE_CHECKING:
    from types import TracebackType

    import httpx2

    from tui.models import Json
    from tui.secret import Secret

SECONDS = 10.0
AGAIN = "It is told again by the next check."


class Webhook:
    """A receiver, for the time of an `async with`.

    The address is a secret: no sentence repeats any of it. It is posted to over verified TLS alone; redirects are not
    followed, and proxies and .netrc of the environment are not used.
    """

    def __init__(self, address: Secret, *, seconds: float = SECONDS) -> None:
        self._address = address
        self._seconds = seconds

    async def __aenter__(self) -> Webhook:
        self._client = await asyncio.to_thread(self._make_client)
        return self

    def _make_client(self) -> httpx2.AsyncClient:
        import httpx2

        for name in ("httpx2", "httpcore2"):
            # They log the address.
            logging.getLogger(name).setLevel(logging.WARNING)
        return httpx2.AsyncClient(
            verify=httpx2.create_ssl_context(),
            headers={"User-Agent": f"switchboard/{__version__}"},
            timeout=self._seconds,
            follow_redirects=False,
            trust_env=False,
        )

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def post(self, change: Json) -> None:
        """Post a change, whose id stays the same where it is posted again.

        Raises ProviderFailed where the receiver did not answer that it has it.
        """
        import httpx2

        address = self._address.reveal("post to the webhook")
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(change["id"])}
        try:
            async with asyncio.timeout(self._seconds):
                body = ascii_json(body_for(address, change))
                response = await self._client.post(address, content=body, headers=headers)
        except (TimeoutError, httpx2.HTTPError, httpx2.InvalidURL, ssl.SSLError, OSError) as error:
            kind = "in time" if isinstance(error, (TimeoutError, httpx2.TimeoutException)) else "over verified TLS"
            raise ProviderFailed(f"The webhook's receiver did not answer {kind}.", AGAIN) from None
        if not response.is_success:
            raise ProviderFailed(
                f"The webhook's receiver answered {response.status_code}.", AGAIN, code=str(response.status_code)
            )


def body_for(address: str, change: Json) -> Json:
    """Return what a receiver takes: the change as it is, or of receivers of Slack's form its text and id alone.

    Those are hooks.slack.com and, as Discord and others call theirs, a path that ends in /slack:
    https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
    """
    split = urlsplit(address)
    if split.hostname == "hooks.slack.com" or split.path.rstrip("/").endswith("/slack"):
        return {"text": f"{change['text']} ({change['id']})"}
    return change
