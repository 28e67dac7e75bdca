"""Asks one host over HTTPS by GET, and by nothing else: verified, bounded in time and size, and nobody else."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import ssl
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui import __version__
from tui.errors import ProviderFailed
from tui.providers.public_address import limits
from tui.providers.tls_handshake import time_handshake
from tui.providers.transport_failures import transport_failure

if TYPE_CHECKING:
    from collections.abc import Container, Mapping
    from types import TracebackType

    import httpx2

    from tui.providers.public_address import Destinations
    from tui.providers.transport_failures import Endpoint

SECONDS = 10.0
"""How long reaching the host, and each answer from its first byte asked to its last, may take."""

_MOST_REFUSAL_BYTES = 16 * 1024
# What is never unpacked cannot be a bomb; `get` refuses an answer that is packed all the same.
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Response:
    """What the host answered: the HTTP status, its headers, and the body where the status is 2xx or was to be read.

    The body may hold secrets of the account: it is looked at and thrown away.
    """

    status: int
    milliseconds: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)


def https_client(headers: Mapping[str, str], seconds: float) -> tuple[ssl.SSLContext, httpx2.AsyncClient]:
    """Return a client that speaks verified TLS and goes directly, and what it verifies by.

    Redirects are not followed. Proxies and .netrc of the environment are not used, so that whoever can set a variable
    cannot choose the way a credential takes; SSL_CERT_FILE and SSL_CERT_DIR are, since own gateways need them and
    OpenSSL honours them everywhere. To be called in a thread: the import and the system's certificates take up to half
    a second the first time.
    """
    import httpx2

    for name in ("httpx2", "httpcore2"):
        # They log every address asked for, and the account or a secret with it.
        logging.getLogger(name).setLevel(logging.WARNING)
    context = httpx2.create_ssl_context()
    client = httpx2.AsyncClient(
        verify=context,
        headers={"User-Agent": f"switchboard/{__version__}", **headers},
        timeout=seconds,
        follow_redirects=False,
        trust_env=False,
    )
    return context, client


def basic(user: str, password: str) -> str:
    """Return the Authorization header of RFC 7617; half characters, which nobody accepts, become question marks."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode(errors="replace")).decode()


class HttpsHost:
    """One host, for the time of an `async with`.

    `headers` travel over verified TLS alone, and to this host alone: redirects and links in answers are never followed.
    Nothing is asked twice. Where `destinations` or `connections_limited_to` say where connections may go, the name is
    looked up once, and everything is asked at the address that was looked at.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        provider: str,
        headers: Mapping[str, str],
        *,
        seconds: float = SECONDS,
        destinations: Destinations | None = None,
    ) -> None:
        """`provider` is what advice calls whoever is behind the host."""
        self._endpoint = endpoint
        self._provider = provider
        self._headers = {**_HEADERS, **headers}
        self._seconds = seconds
        self._limits = limits(destinations)
        self._address = ""

    @property
    def place(self) -> str:
        """The host as sentences call it: with its port where that is not 443."""
        return self._endpoint.place

    async def __aenter__(self) -> HttpsHost:
        self._context, self._client = await asyncio.to_thread(https_client, self._headers, self._seconds)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def reach(self) -> int:
        """Return the milliseconds until TLS is verified; raises ProviderFailed with the step that failed."""
        handshake = await time_handshake(self._endpoint, self._context, self._seconds, self._limits)
        self._address = handshake.address
        return handshake.milliseconds

    async def get(
        self,
        path: str,
        *,
        most_bytes: int,
        question: Mapping[str, str | int] | None = None,
        refusals_read: Container[int] = (),
    ) -> Response:
        """Ask for `path` (without its first slash, everything in it quoted), with `question` as its query.

        `refusals_read` are the statuses beside 2xx whose body is read as well, as far as it comes soon. Raises
        ProviderFailed where no whole answer came: too slow, too long (`most_bytes`), cut, packed, not HTTP.
        """
        import httpx2

        if self._limits and not self._address:
            await self.reach()
        place = self.place
        if self._limits:
            host = f"[{self._address}]" if ":" in self._address else self._address
            place = f"{host}:{self._endpoint.port}"
        begun = time.monotonic()
        status = ""
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._client.stream(
                    "GET",
                    f"https://{place}/{path}",
                    params=question or None,
                    # The server has to know which name is meant, and its certificate to be of that name.
                    headers={"Host": self.place},
                    extensions={"sni_hostname": self._endpoint.host},
                ) as response,
            ):
                status = str(response.status_code)
                if response.is_success:
                    body = await self._body(response, most_bytes)
                else:
                    body = await self._refusal_body(response) if response.status_code in refusals_read else b""
        except (TimeoutError, httpx2.TimeoutException):
            raise self._too_slow(status) from None
        except (httpx2.HTTPError, httpx2.InvalidURL, ssl.SSLError, OSError) as error:
            raise self._no_answer(error, status) from None
        milliseconds = round((time.monotonic() - begun) * 1000)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Response(response.status_code, milliseconds, headers, body)

    async def _body(self, response: httpx2.Response, most_bytes: int) -> bytes:
        status = str(response.status_code)
        if response.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
            raise ProviderFailed(
                f"{self.place} compressed its answer, although it was asked not to.",
                f"It is not unpacked. Ask that host's administrator; {self._provider}'s own host does not do this.",
                code=status,
            )
        body = bytearray()
        async for piece in response.aiter_raw():
            body += piece
            if len(body) > most_bytes:
                raise ProviderFailed(
                    f"{self.place} answered with more than {most_bytes // 1024} kB, so its answer was cut off.",
                    f"That is not an answer of {self._provider}: check the {self._endpoint.field}.",
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
                f"{self.place} began to answer, but did not finish within {self._seconds:g} s.",
                "The network or the host is slow; try again later.",
                code=status,
            )
        return ProviderFailed(
            f"{self.place} accepted the request, but did not answer within {self._seconds:g} s.",
            f"{self._provider} may be overloaded; try again later.",
        )

    def _no_answer(self, error: Exception, status: str) -> ProviderFailed:
        import httpx2

        if status:
            return ProviderFailed(
                f"{self.place} broke off in the middle of its answer.",
                "The network may be bad; try again.",
                code=status,
            )
        if isinstance(error, httpx2.ConnectError):
            return transport_failure(_cause(error), self._endpoint, "connection", self._seconds)
        if isinstance(error, httpx2.RemoteProtocolError) and "disconnected" not in str(error):
            return ProviderFailed(
                f"{self.place} speaks TLS, but what it answers is not HTTP.",
                f"{self._endpoint.check}.",
            )
        return ProviderFailed(
            f"{self.place} closed the connection without an answer.",
            f"Try again; if it stays so, check the {self._endpoint.field} and its port.",
        )


def _cause(error: BaseException) -> OSError:
    """The system's own error beneath a library's; one that says nothing where there is none."""
    at: BaseException | None = error
    while at is not None:
        if isinstance(at, OSError) and (at.errno is not None or isinstance(at, ssl.SSLError)):
            return at
        at = at.__cause__ or at.__context__
    return OSError()
