"""The application: from a request to its answer, with everything that is asked of it on the way."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, NamedTuple

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route as StarletteRoute

from tui.data.login import read_login
from tui.data.requester import find_requester
from tui.errors import SwitchboardError
from tui.http.addresses import counted_as
from tui.http.answers import Answer, Refused, Unavailable, failure, is_of_server, status_of
from tui.http.limits import (
    BODY_WITHIN_S,
    LARGEST_BODY,
    MOST_CONNECTIONS,
    OF_ADDRESS,
    OF_BAD_TOKENS,
    OF_PERSON,
    OF_TESTS,
    TURN_WITHIN_S,
    Limit,
)
from tui.http.openapi import openapi_document
from tui.http.request import Asked, parse_body
from tui.http.routes import HEALTH, OPENAPI, ROUTES
from tui.process.crash_report import crash_report
from tui.process.identity import Operator
from tui.providers.public_address import Destinations, connections_limited_to
from tui.words.people.names import Origin, operator_label

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from starlette.requests import Request

    from tui.data.requester import Requester
    from tui.http.addresses import Proxies
    from tui.http.availability import Availability
    from tui.http.routes import Route
    from tui.http.tokens import Identity, Verifier
    from tui.session.session import Session

HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
PREFLIGHT_FOR_S = 600
METHODS = "GET, POST, DELETE"
HEALTH_KEPT_S = 1.0


class Limits(NamedTuple):
    """How much each address and each person may ask."""

    address: Limit
    bad_tokens: Limit
    person: Limit
    tests: Limit

    @classmethod
    def usual(cls) -> Limits:
        """As docs/http.md has them."""
        return cls(Limit(OF_ADDRESS), Limit(OF_BAD_TOKENS), Limit(OF_PERSON), Limit(OF_TESTS))


class Application:
    """Answers requests in a session that names nobody, as whoever each token says.

    `tell` gets a line for each request: never a path as it was typed, a query, a header or a body. `count` says how
    many connections there are.
    """

    def __init__(
        self,
        session: Session,
        verifier: Verifier,
        availability: Availability,
        *,
        proxies: Proxies,
        destinations: Destinations,
        origins: Iterable[str] = (),
        limits: Limits | None = None,
        tell: Callable[[str], None],
    ) -> None:
        session.database.queue_for(TURN_WITHIN_S)
        self._session = session
        self._verifier = verifier
        self._availability = availability
        self._proxies = proxies
        self._destinations = destinations
        self._origins = frozenset(origins)
        self._limits = limits or Limits.usual()
        self._tell = tell
        self._health: tuple[float, Answer] = (float("-inf"), Answer(503, {}))
        self._looking = asyncio.Lock()
        self.count: Callable[[], int] = lambda: 0
        document = json.dumps(openapi_document()).encode()
        routes = [StarletteRoute(route.path, self._endpoint(route), methods=[route.method]) for route in ROUTES]
        routes += [
            StarletteRoute(HEALTH, self._answer_health, methods=["GET"]),
            StarletteRoute(OPENAPI, self._opened(document), methods=["GET"]),
        ]
        self.asgi = Starlette(routes=routes, exception_handlers={404: self._nothing_there, 405: self._nothing_there})
        self.asgi.router.redirect_slashes = False

    def _endpoint(self, route: Route) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            begun = time.monotonic()
            who = _Who()
            answer = await self._answer_safely(route, request, who)
            milliseconds = round((time.monotonic() - begun) * 1000)
            self._tell(
                f"{answer.status} {route.method} {route.path} {milliseconds} ms "
                f"person={who.person or '-'} from={who.address or '-'}"
            )
            return self._response(request, answer)

        return endpoint

    async def _answer_safely(self, route: Route, request: Request, who: _Who) -> Answer:
        try:
            return await self._answer(route, request, who)
        except SwitchboardError as error:
            self._availability.note(error)
            if is_of_server(error):
                self._tell(f"{status_of(error)}: {error}")
            return failure(error)
        except ClientDisconnect:
            return failure(Refused(400, "The request was not sent to its end.", "Send it again."))
        except Exception as error:
            file = crash_report(error)
            self._tell(f"500 {type(error).__name__}: {file or 'no report could be written'}")
            body = {
                "success": False,
                "error": "Something failed here that nobody foresaw.",
                "message": "Tell whoever runs it.",
            }
            return Answer(500, body)

    async def _answer(self, route: Route, request: Request, who: _Who) -> Answer:
        who.address = self._proxies.address_of(
            request.client.host if request.client and request.client.host else None,
            request.headers.getlist("x-forwarded-for"),
        )
        self._limits.address.take(counted_as(who.address))
        if self.count() > MOST_CONNECTIONS:
            raise Unavailable("Too many are connected at the moment.", "Try again in a moment.")
        identity = await self._identify(request, who)
        self._limits.person.take(identity.person_id)
        if route.asks_provider:
            self._limits.tests.take(identity.person_id)
        body = parse_body(await self._read_body(request)) if route.body is not None else None
        self._availability.require()
        requester, session = await self._session_for(identity, who)
        with connections_limited_to(self._destinations):
            return await route.answer(Asked(session, requester, request.path_params, body))

    async def _identify(self, request: Request, who: _Who) -> Identity:
        """Verify the one bearer token. Raises Refused with 401, and 429 where an address sends many that are none.

        A good one is taken from there all the same: many share an address, and one page with an old token asks on.
        """
        try:
            given = request.headers.getlist("authorization")
            scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
            if scheme.lower() != "bearer" or not token.strip():
                raise Refused(401, "There is no bearer token.", "Sign in, and send the token with the request.")
            identity = await self._verifier.verify(token.strip())
        except Refused as refusal:
            if refusal.status == 401:
                self._limits.bad_tokens.take(counted_as(who.address))
            raise
        who.person = str(identity.person_id)
        return identity

    async def _session_for(self, identity: Identity, who: _Who) -> tuple[Requester, Session]:
        """Find out who asks, and return the session as it is for them."""
        base = self._session.database
        login = base.login.name if base.login is not None else ""
        operator = Operator(
            identity.person_id, "", who.address, self._session.operator.user_agent, Origin("vouched", login)
        )
        requester = await find_requester(base.acting_as(operator), identity.organization_id)
        operator = operator._replace(
            label=operator_label(requester.person), request_organization=requester.organization.id
        )
        return requester, self._session.for_request(operator, requester.organization)

    async def _read_body(self, request: Request) -> bytes:
        """Return the body. Raises Refused with 400 where it is too long, too slow or not said to be JSON."""
        content = bytearray()
        try:
            async with asyncio.timeout(BODY_WITHIN_S):
                async for piece in request.stream():
                    content += piece
                    if len(content) > LARGEST_BODY:
                        raise Refused(400, f"The body is larger than {LARGEST_BODY // 1024} KB.", "Send less.")
        except TimeoutError:
            raise Refused(400, f"The body took longer than {BODY_WITHIN_S:.0f} s.", "Send it again.") from None
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content and kind != "application/json":
            raise Refused(400, "The body is not said to be application/json.", "Send that as its Content-Type.")
        return bytes(content)

    async def _answer_health(self, request: Request) -> Response:
        """Say whether the database answers, and this login may still speak for others; nobody has to sign in for it."""
        async with self._looking:
            at, answer = self._health
            if time.monotonic() - at > HEALTH_KEPT_S:
                answer = await self._look()
                self._health = (time.monotonic(), answer)
        return self._response(request, answer)

    async def _look(self) -> Answer:
        try:
            self._availability.require()
            login = await read_login(self._session.database, self._session.database.login)
        except SwitchboardError as error:
            self._availability.note(error)
            return Answer(503, {"status": "unavailable"}, failure(error).retry_after_s)
        is_well = login is not None and login.vouches
        return Answer(200, {"status": "ok"}) if is_well else Answer(503, {"status": "not allowed"}, 60)

    def _opened(self, document: bytes) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            return Response(document, headers={**HEADERS, **self._cors(request)}, media_type="application/json")

        return endpoint

    async def _nothing_there(self, request: Request, _: Exception) -> Response:
        """Answer what no route is for; before a page of a named origin asks, its browser asks whether it may."""
        cors = self._cors(request)
        if request.method == "OPTIONS" and "Access-Control-Allow-Origin" in cors:
            allowed = {
                "Access-Control-Allow-Methods": METHODS,
                "Access-Control-Allow-Headers": "authorization, content-type",
                "Access-Control-Max-Age": str(PREFLIGHT_FOR_S),
            }
            return Response(status_code=200, headers={**HEADERS, **cors, **allowed})
        return self._response(
            request, failure(Refused(404, "There is nothing here.", "Look at the path and the method."))
        )

    def _response(self, request: Request, answer: Answer) -> Response:
        headers = {**HEADERS, **self._cors(request)}
        if answer.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        if answer.retry_after_s is not None:
            headers["Retry-After"] = str(answer.retry_after_s)
        return Response(answer.encoded(), answer.status, headers, media_type="application/json")

    def _cors(self, request: Request) -> dict[str, str]:
        """Return the headers that let a page of a named origin read the answer; no cookie is ever asked for."""
        origin = request.headers.get("origin", "")
        if not self._origins:
            return {}
        if origin not in self._origins:
            return {"Vary": "Origin"}
        return {"Vary": "Origin", "Access-Control-Allow-Origin": origin}


class _Who:
    """Who asks, as far as that is known when the answer is told."""

    def __init__(self) -> None:
        self.address: str | None = None
        self.person = ""
