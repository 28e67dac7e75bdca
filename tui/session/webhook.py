"""Posts what a check noticed to the receiver that SWITCHBOARD_WEBHOOK_URL names."""

from __future__ import annotations

import asyncio
import html
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tui.errors import ProviderFailed
from tui.providers.https_host import https_client
from tui.words.text import ascii_json

if TYPE_CHECKING:
    from types import TracebackType

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
        _, self._client = await asyncio.to_thread(https_client, {}, self._seconds)
        return self

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
                # Its status says all: what else it sends, for how long and how tightly packed, is not read.
                async with self._client.stream("POST", address, content=body, headers=headers) as response:
                    status, is_success = response.status_code, response.is_success
        except (TimeoutError, httpx2.HTTPError, httpx2.InvalidURL, ssl.SSLError, OSError) as error:
            kind = "in time" if isinstance(error, (TimeoutError, httpx2.TimeoutException)) else "over verified TLS"
            raise ProviderFailed(f"The webhook's receiver did not answer {kind}.", AGAIN) from None
        if not is_success:
            raise ProviderFailed(f"The webhook's receiver answered {status}.", AGAIN, code=str(status))


def body_for(address: str, change: Json) -> Json:
    """Return what a receiver takes: the change as it is, or of receivers of Slack's form its text and id alone.

    Those are hooks.slack.com and, as Discord and others call theirs, a path that ends in /slack:
    https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and .../formatting-message-text
    """
    split = urlsplit(address)
    if split.hostname == "hooks.slack.com" or split.path.rstrip("/").endswith("/slack"):
        # Else a name in it could call everybody, or show another address than it leads to.
        return {"text": f"{html.escape(change['text'], quote=False)} ({change['id']})"}
    return change
