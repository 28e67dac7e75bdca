"""Asks the API of one Exotel account by GET, and by nothing else: a POST to the same paths buys a number."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tui import __version__
from tui.errors import ProviderFailed
from tui.providers.exotel_hosts import DEFAULT_HOST, Asked
from tui.providers.field_kinds import as_text, host_and_port
from tui.providers.request_budget import RequestBudget
from tui.providers.tls_handshake import time_handshake
from tui.providers.transport_failures import HTTPS_PORT, Endpoint, transport_failure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    import httpx2

SECONDS = 10.0
"""How long reaching the host, and each answer from its first byte asked to its last, may take."""

ACCESS_STATUSES = frozenset([401, 403, 404])
"""The refusals whose body is read: a proxy that answers in Exotel's place has them as well."""

_MOST_REFUSAL_BYTES = 16 * 1024

# Of 50 requests a minute for ExoPhones, the least of Exotel's limits and one for all programs of an account
# (https://developer.exotel.com/docs/advanced-config/rate-limiting), a few are left for those that make calls.
_MOST_REQUESTS, _WINDOW_SECONDS = 45, 60.0
_budgets: dict[tuple[str, str], RequestBudget] = {}

_HEADERS = {
    # Without it v1 answers in XML.
    "Accept": "application/json",
    # What is never unpacked cannot be a bomb; `get` refuses an answer that is packed all the same.
    "Accept-Encoding": "identity",
    "User-Agent": f"switchboard/{__version__}",
}


@dataclass(frozen=True, slots=True)
class Response:
    """What the host answered: the HTTP status, its headers, and the body where the status is 2xx or a refused access.

    The body of the account's own address may hold its token: it is read for a hint and thrown away.
    """

    status: int
    milliseconds: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)


class ExotelAccount:
    """One account at one host, for the time of an `async with`.

    The key and the token travel in the Authorization header alone, over verified TLS alone, and to this host alone:
    redirects and links in answers are never followed. Nothing is asked twice. Proxies and .netrc of the environment
    are not used, so that whoever can set a variable cannot choose the way a credential takes; SSL_CERT_FILE and
    SSL_CERT_DIR are, since own gateways need them and OpenSSL honours them everywhere.
    """

    def __init__(
        self,
        credential: Mapping[str, Any],
        *,
        seconds: float = SECONDS,
        budget: RequestBudget | None = None,
        waits: bool = False,
    ) -> None:
        """Raise ProviderFailed where the host or the account SID cannot stand in an address.

        `waits` is for readings for which nobody sits there: a request is sent when `budget` has room for it, by default
        the one that the process keeps for the account.
        """
        split = host_and_port(as_text(credential.get("api_host")) or DEFAULT_HOST)
        if split is None:
            raise ProviderFailed("The API host is not a host name.", f"Write it like {DEFAULT_HOST}, or name:port.")
        self._endpoint = Endpoint(split[0], split[1] or HTTPS_PORT, "API host")
        sid = as_text(credential.get("account_sid"))
        # Dots alone are the one segment that quoting leaves with a meaning of its own.
        if not sid.strip("."):
            raise ProviderFailed(
                "The account SID is not the name of an account.", "Copy it from Settings > API Settings."
            )
        self._sid = quote(sid, safe="")
        self._user = (as_text(credential.get("api_key")), as_text(credential.get("api_token")))
        self._seconds = seconds
        self.asked = Asked(self._endpoint.place, sid.strip())
        """Who is asked about what, as sentences need it."""
        self.calls = 0
        """How many requests were sent."""
        self._waits = waits
        # One for the process: several integrations may be of one account, and several tests run at a time.
        self._budget = budget or _budgets.setdefault(
            (self.host, self.asked.sid), RequestBudget(_MOST_REQUESTS, _WINDOW_SECONDS)
        )

    @property
    def host(self) -> str:
        """The host as sentences call it: with its port where that is not 443."""
        return self._endpoint.place

    async def __aenter__(self) -> ExotelAccount:
        # In a thread, since the import and the system's certificates take up to half a second the first time.
        self._context, self._client = await asyncio.to_thread(self._make_client)
        return self

    def _make_client(self) -> tuple[ssl.SSLContext, httpx2.AsyncClient]:
        import httpx2

        for name in ("httpx2", "httpcore2"):
            # They log every address asked for, and the account SID with it.
            logging.getLogger(name).setLevel(logging.WARNING)
        context = httpx2.create_ssl_context()
        client = httpx2.AsyncClient(
            auth=httpx2.BasicAuth(*self._user),
            verify=context,
            headers=_HEADERS,
            timeout=self._seconds,
            follow_redirects=False,
            trust_env=False,
        )
        return context, client

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def reach(self) -> int:
        """Return the milliseconds until TLS is verified; raises ProviderFailed with the step that failed."""
        return await time_handshake(self._endpoint, self._context, self._seconds)

    async def get(self, path: str, *, most_bytes: int, **question: str | int) -> Response:
        """Ask for `path`, where {sid} stands for the account, with `question` as its query.

        Raises ProviderFailed where no whole answer came: too slow, too long (`most_bytes`), cut, packed, not HTTP.
        """
        import httpx2

        address = f"https://{self.host}/{path.replace('{sid}', self._sid)}"
        if self._waits:
            await self._budget.wait_for_room()
        begun = time.monotonic()
        status = ""
        self.calls += 1
        self._budget.note()
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._client.stream("GET", address, params=question or None) as response,
            ):
                status = str(response.status_code)
                if response.is_success:
                    body = await self._body(response, most_bytes)
                else:
                    body = await self._refusal_body(response) if response.status_code in ACCESS_STATUSES else b""
        except (TimeoutError, httpx2.TimeoutException):
            raise self._too_slow(status) from None
        except (httpx2.HTTPError, ssl.SSLError, OSError) as error:
            raise self._no_answer(error, status) from None
        milliseconds = round((time.monotonic() - begun) * 1000)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Response(response.status_code, milliseconds, headers, body)

    async def _body(self, response: httpx2.Response, most_bytes: int) -> bytes:
        status = str(response.status_code)
        if response.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
            raise ProviderFailed(
                f"{self.host} compressed its answer, although it was asked not to.",
                "It is not unpacked. Ask that host's administrator; Exotel's own host does not do this.",
                code=status,
            )
        body = bytearray()
        async for piece in response.aiter_raw():
            body += piece
            if len(body) > most_bytes:
                raise ProviderFailed(
                    f"{self.host} answered with more than {most_bytes // 1024} kB, so its answer was cut off.",
                    "That is not an answer of Exotel: check the API host.",
                    code=status,
                )
        return bytes(body)

    async def _refusal_body(self, response: httpx2.Response) -> bytes:
        """What comes of a refusal's body within half the time; its status is an answer without it."""
        import httpx2

        body = bytearray()
        with contextlib.suppress(TimeoutError, httpx2.HTTPError):
            async with asyncio.timeout(self._seconds / 2):
                async for piece in response.aiter_raw():
                    body += piece
                    if len(body) > _MOST_REFUSAL_BYTES:
                        break
        return bytes(body[:_MOST_REFUSAL_BYTES])

    def _too_slow(self, status: str) -> ProviderFailed:
        if status:
            return ProviderFailed(
                f"{self.host} began to answer, but did not finish within {self._seconds:g} s.",
                "The network or the host is slow; try again later.",
                code=status,
            )
        return ProviderFailed(
            f"{self.host} accepted the request, but did not answer within {self._seconds:g} s.",
            "Exotel may be overloaded; try again later.",
        )

    def _no_answer(self, error: Exception, status: str) -> ProviderFailed:
        import httpx2

        if status:
            return ProviderFailed(
                f"{self.host} broke off in the middle of its answer.", "The network may be bad; try again.", code=status
            )
        if isinstance(error, httpx2.ConnectError):
            return transport_failure(_cause(error), self._endpoint, "connection", self._seconds)
        if isinstance(error, httpx2.RemoteProtocolError) and "disconnected" not in str(error):
            return ProviderFailed(
                f"{self.host} speaks TLS, but what it answers is not HTTP.", "Check the API host and its port."
            )
        return ProviderFailed(
            f"{self.host} closed the connection without an answer.",
            "Try again; if it stays so, check the API host and its port.",
        )


def _cause(error: BaseException) -> OSError:
    """The system's own error beneath a library's; one that says nothing where there is none."""
    at: BaseException | None = error
    while at is not None:
        if isinstance(at, OSError) and (at.errno is not None or isinstance(at, ssl.SSLError)):
            return at
        at = at.__cause__ or at.__context__
    return OSError()
