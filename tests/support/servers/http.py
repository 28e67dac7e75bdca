"""`switchboard serve` in a thread of the test's process, with real sockets; and the tokens that it takes."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx2
import jwt

from tests.support.acme import keyring
from tui.http.addresses import Proxies, TcpPlace
from tui.http.app import Application, Limits
from tui.http.availability import Availability
from tui.http.limits import Limit, Rate
from tui.http.server import listen, place_of, serve
from tui.http.tokens import SecretKey, Verifier
from tui.providers.public_address import Destinations
from tui.secret import Secret
from tui.session.session import Session
from tui.settings.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from tui.http.addresses import Place

SECRET = "a-secret-of-the-tests-that-signs-tokens-0123456789"
ISSUER = "https://ref.supabase.example/auth/v1"
AUDIENCE = "authenticated"
SETTINGS = "/api/v1/settings"
_FREELY = Rate(1_000_000, 1_000_000)


def no_limits() -> Limits:
    """Limits that nobody meets."""
    return Limits(*(Limit(_FREELY) for _ in range(4)))


def claims(person: UUID | str, **others: Any) -> dict[str, Any]:
    """What Supabase says of somebody who has signed in; None leaves a claim out."""
    now = int(time.time())
    usual = {
        "sub": str(person),
        "aud": AUDIENCE,
        "iss": ISSUER,
        "role": "authenticated",
        "is_anonymous": False,
        "iat": now,
        "exp": now + 3600,
        "app_metadata": {"provider": "email"},
        "user_metadata": {"full_name": "whatever they like"},
    }
    return {name: value for name, value in (usual | others).items() if value is not None}


def token(person: UUID | str, **others: Any) -> str:
    """A token of somebody who has signed in."""
    return jwt.encode(claims(person, **others), SECRET, "HS256")


def bearer(person: UUID | str, **others: Any) -> dict[str, str]:
    """The header with their token."""
    return {"Authorization": f"Bearer {token(person, **others)}"}


class HttpServer:
    """A server on a database, for the time of a `with`; `told` are the lines that it writes."""

    __test__ = False

    def __init__(
        self,
        conninfo: str,
        *,
        limits: Limits | None = None,
        verifier: Verifier | None = None,
        origins: Iterable[str] = (),
        proxies: Iterable[str] = (),
        destinations: Destinations | None = None,
        place: Place | None = None,
    ) -> None:
        self._conninfo = conninfo
        self._limits = limits or no_limits()
        self._verifier = verifier or Verifier(SecretKey(Secret(SECRET)), issuer=ISSUER, audience=AUDIENCE)
        self._origins = origins
        self._proxies = Proxies(proxies)
        self._destinations = destinations or Destinations()
        self._place = place or TcpPlace("127.0.0.1", 0)
        self._is_ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="serve")
        self.told: list[str] = []
        self.address = ""

    def __enter__(self) -> HttpServer:
        self._thread.start()
        self._is_ready.wait(30)
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._thread.join(30)

    def stop(self) -> None:
        """Stop as SIGTERM does."""
        self._loop.call_soon_threadsafe(self._task.cancel)

    def client(self, **attributes: Any) -> httpx2.Client:
        """A client of it."""
        return httpx2.Client(base_url=self.address, timeout=30, trust_env=False, **attributes)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as failure:
            self._failure = failure
        finally:
            self._is_ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        session = Session(Settings(database_url=self._conninfo, nothing_configured=False), {}, keyring())
        session.names_operators = True
        session.operator = session.operator._replace(user_agent="switchboard/test (web@host)")
        await session.connect()
        availability = Availability(session.database)
        application = Application(
            session,
            self._verifier,
            availability,
            proxies=self._proxies,
            destinations=self._destinations,
            origins=self._origins,
            limits=self._limits,
            tell=self.told.append,
        )
        listener = listen(self._place)
        self.address = place_of(listener)
        self._task = asyncio.ensure_future(serve(application, listener, ready=self._is_ready.set))
        try:
            await self._task
        finally:
            await availability.close()
            await session.close()
