"""An HTTP server on loopback that speaks Exotel's shapes over TLS, and can be told to answer otherwise.

    with ExotelServer(numbers=exophones(120)) as server:
        server.credential(virtual_number="01141169368")     # what a test of exotel_phone takes
        server.environment                                  # what a child process needs to trust it
        server.answer("numbers", FAULTS["429"], page=1)     # from now on
        server.requests                                     # method, path, query and Authorization of each

It listens on 127.0.0.1 and is called localhost:PORT.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.servers.certificates import authority_file, server_context

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from tests.support.servers.certificates import Certificate

SID = "exampleco1"
API_KEY = "canary-key-5b1f0c"
API_TOKEN = "canary-token-9d27ae"
AUTH_TOKEN = "canary-auth-token-31c4e8"
"""Stands in the account's body; nothing of ours may ever repeat it."""

Place = Literal["account", "balance", "numbers", "health", "templates"]
Manner = Literal["whole", "silent", "dripping", "endless", "cut", "garbage", "hang up"]
"""How an answer is sent: whole. Not at all (silent). A byte at a time, for ever. As fast as it goes, for ever.
Less than Content-Length says (cut). Not as HTTP (garbage). The connection closed instead (hang up)."""

JSON = "application/json"
WEB_PAGE = b"<!DOCTYPE html><html><body>Please sign in to this network</body></html>"


@dataclass(frozen=True, slots=True)
class Scripted:
    """One answer, whatever was asked."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    manner: Manner = "whole"


def error(status: int, **headers: str) -> Scripted:
    """An error as v1 of the API words it; an underscore in a header's name stands for a hyphen."""
    body = json.dumps({"RestException": {"Status": status, "Message": f"canary-message {AUTH_TOKEN}"}}).encode()
    return Scripted(status, body, headers={name.replace("_", "-"): value for name, value in headers.items()})


def account_body(status: str = "active", sid: str = SID, **more: str) -> bytes:
    """The account as JSON, its token within."""
    account = {"Sid": sid, "FriendlyName": "Example & Co.", "Status": status, "AuthToken": AUTH_TOKEN, **more}
    return json.dumps({"Account": account}).encode()


def account_xml(status: str = "active") -> bytes:
    """The same in the form that v1 answers where nobody asks for JSON."""
    inner = f"<Account><Sid>{SID}</Sid><Status>{status}</Status><AuthToken>{AUTH_TOKEN}</AuthToken></Account>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<TwilioResponse>{inner}</TwilioResponse>'.encode()


FAULTS: Mapping[str, Scripted] = {
    **{str(status): error(status) for status in (400, 401, 402, 403, 404, 407, 409, 429, 500, 502, 503, 511)},
    "429 for 30 s": error(429, Retry_After="30"),
    "429 until a date": error(429, Retry_After="Thu, 19 Nov 2026 12:10:00 GMT", Date="Thu, 19 Nov 2026 12:00:00 GMT"),
    "429 until nonsense": error(429, Retry_After="soon"),
    "503 for 5 min": error(503, Retry_After="300"),
    "403 as a web page": Scripted(403, WEB_PAGE, "text/html"),
    "a web page": Scripted(200, WEB_PAGE, "text/html; charset=utf-8"),
    "a web page called JSON": Scripted(200, WEB_PAGE),
    "XML": Scripted(200, account_xml(), "application/xml"),
    "XML, suspended": Scripted(200, account_xml("suspended"), "application/xml"),
    "suspended": Scripted(200, account_body("suspended")),
    "unknown status": Scripted(200, account_body(f"canary-status {AUTH_TOKEN}")),
    "403 of v1 as a web page": Scripted(403, error(403).body, "text/html"),
    "401 that never ends": Scripted(401, b"", manner="dripping"),
    "error inside": Scripted(200, b'{"RestException": {"Message": "canary-message"}}'),
    "another account": Scripted(200, account_body(sid="another")),
    "KYC pending": Scripted(200, account_body(KycStatus="Pending")),
    "KYC unknown": Scripted(200, account_body(KycStatus=f"canary {AUTH_TOKEN}")),
    "not an account": Scripted(200, b'{"hello": ["world"]}'),
    "not JSON": Scripted(200, b'{"Account": {"Sid": '),
    "deeper than any parser": Scripted(200, b"[" * 60_000),
    "no content": Scripted(204),
    "redirect": Scripted(302, headers={"Location": f"https://elsewhere.example/{AUTH_TOKEN}"}),
    "redirect to http": Scripted(301, headers={"Location": f"http://twilix.exotel.com/v1?x={AUTH_TOKEN}"}),
    "redirect to nowhere": Scripted(307, headers={"Location": f"https://[{AUTH_TOKEN}/"}),
    "compressed": Scripted(200, gzip.compress(bytes(10_000_000)), headers={"Content-Encoding": "gzip"}),
    "silent": Scripted(manner="silent"),
    "dripping": Scripted(manner="dripping"),
    "endless": Scripted(manner="endless"),
    "cut": Scripted(200, account_body(), manner="cut"),
    "garbage": Scripted(manner="garbage"),
    "hang up": Scripted(manner="hang up"),
}
"""Answers that are no plain yes, by what they are called in tests and in the table of answers."""


def exophone(
    number: str, *, voice: bool = True, sms: bool = True, name: str | None = None, **more: Any
) -> dict[str, Any]:
    """An entry of the list of ExoPhones; `more` replaces or adds what Exotel would say."""
    return {
        "sid": number,
        "phone_number": number,
        "friendly_name": "0" + number.removeprefix("+91") if name is None else name,
        "capabilities": {"voice": voice, "sms": sms},
        "country": "IN",
        "region": "DL",
        **more,
    }


def exophones(count: int) -> list[dict[str, Any]]:
    """So many entries, from +911141160000 on."""
    return [exophone(f"+91114116{n:04}") for n in range(count)]


@dataclass(frozen=True, slots=True)
class Request:
    """What arrived: the path as it was sent, and the query's last value by name."""

    method: str
    path: str
    query: Mapping[str, str]
    authorization: str


class ExotelServer:
    """See the module. Attributes may be changed while it runs; `certificate` None speaks no TLS at all.

    `numbers` are the account's ExoPhones, `health` the connectivity of those whose lines are not both active, by sid.
    `tells_next` False leaves the page links out, as newer pages of Exotel's documentation do;
    `turns_pages` False answers every page with the first; `repeats_last` answers a page beyond
    the end with the last; `most_per_page` limits what PageSize may ask for.
    """

    def __init__(
        self, *, numbers: list[dict[str, Any]] | None = None, certificate: Certificate | None = "good"
    ) -> None:
        self.sid = SID
        self.api_key = API_KEY
        self.api_token = API_TOKEN
        self.numbers = [exophone("+911141169368")] if numbers is None else numbers
        self.templates: list[dict[str, Any]] = []
        self.health: dict[str, dict[str, Any]] = {}
        self.tells_next = True
        self.turns_pages = True
        self.repeats_last = False
        self.most_per_page = 100
        self.requests: list[Request] = []
        self.closing = threading.Event()
        self._arrival = threading.Condition()
        self._connected = 0
        self.client_left = threading.Event()
        """Set once a client has gone away in the middle of an answer."""
        self._scripted: dict[tuple[Place, int | None], Scripted] = {}
        self._server = _Server(self, None if certificate is None else server_context(certificate))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> ExotelServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    @property
    def host(self) -> str:
        """What a credential names as its api_host."""
        return f"localhost:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which a process trusts it."""
        return {"SSL_CERT_FILE": str(authority_file())}

    def credential(self, **more: Any) -> dict[str, Any]:
        """The credential of its account; `more` are the fields of a type."""
        account = {"account_sid": self.sid, "api_key": self.api_key, "api_token": self.api_token}
        return {**account, "api_host": self.host, **more}

    def answer(self, place: Place, scripted: Scripted, *, page: int | None = None) -> None:
        """Answer so from now on, whoever asks; `page` means that page of the numbers alone."""
        self._scripted[place, page] = scripted

    def answer_as_usual(self) -> None:
        """Forget what `answer` was told."""
        self._scripted.clear()

    def wait_for_requests(self, count: int) -> None:
        """Block until so many have arrived in all; raises TimeoutError after 10 s."""
        with self._arrival:
            if not self._arrival.wait_for(lambda: len(self.requests) >= count, timeout=10):
                raise TimeoutError(f"{len(self.requests)} of {count} requests")

    def wait_until_alone(self) -> None:
        """Block until no client is connected; raises TimeoutError after 10 s."""
        with self._arrival:
            if not self._arrival.wait_for(lambda: self._connected == 0, timeout=10):
                raise TimeoutError(f"{self._connected} are still connected")

    @contextlib.contextmanager
    def connected(self) -> Iterator[None]:
        """Count a client for as long as it lasts."""
        with self._arrival:
            self._connected += 1
        try:
            yield
        finally:
            with self._arrival:
                self._connected -= 1
                self._arrival.notify_all()

    def record(self, request: Request) -> Scripted:
        """Note a request and return the answer to it."""
        with self._arrival:
            self.requests.append(request)
            self._arrival.notify_all()
        return self._respond(request)

    def _respond(self, request: Request) -> Scripted:
        if request.method != "GET":
            return error(405)
        segments = request.path.strip("/").split("/")
        place = self._place(segments)
        if place is None:
            return error(404)
        page = int(request.query.get("Page", 0))
        scripted = self._scripted.get((place, page)) or self._scripted.get((place, None))
        if scripted is not None:
            return scripted
        if request.authorization != basic(self.api_key, self.api_token):
            return error(401)
        if unquote(segments[2]) != self.sid:
            return error(404)
        if place == "account":
            return Scripted(200, account_body(sid=self.sid))
        if place == "templates":
            return self._templates(request)
        if place == "balance":
            data = {"Balance": "1543.75", "Currency": "INR", "PricingPlan": "Dabbler", "DateUpdated": "2026-11-29"}
            return Scripted(200, json.dumps({"Account": {"AccountSid": self.sid, "BalanceData": data}}).encode())
        if place == "health":
            return self._health(unquote(segments[4]))
        return Scripted(200, json.dumps(self._page(page, int(request.query.get("PageSize", 50)))).encode())

    @staticmethod
    def _place(segments: list[str]) -> Place | None:
        if segments[:2] == ["v1", "Accounts"] and len(segments) == 3:
            return "account"
        if segments[:2] == ["v2_beta", "Accounts"] and segments[3:] == ["IncomingPhoneNumbers"]:
            return "numbers"
        if segments[:2] == ["v2", "accounts"] and segments[3:] == ["templates"]:
            return "templates"
        if segments[:2] == ["v2", "accounts"] and segments[3:4] == ["incoming-phone-numbers"] and len(segments) == 5:
            return "health"
        if segments[:2] == ["v1", "Accounts"] and segments[3:] == ["Balance.json"]:
            return "balance"
        return None

    def _health(self, sid: str) -> Scripted:
        if sid not in {number["sid"] for number in self.numbers}:
            return error(404)
        active = {"status": "active", "last_check_time": "2026-11-29T15:19:23Z", "alternate_exophone": None}
        data = {"sid": sid, "connectivity": self.health.get(sid, {"incoming_call": active, "outgoing_call": active})}
        record = {"code": 200, "error_data": None, "status": "success", "data": data}
        envelope = {"request_id": "r1", "method": "GET", "http_code": 200, "response": record}
        return Scripted(200, json.dumps(envelope).encode())

    def _templates(self, request: Request) -> Scripted:
        if "waba_id" not in request.query:
            return error(400)
        begin, size = int(request.query.get("after", 0)), int(request.query.get("limit", 50))
        data = {"whatsapp": {"templates": self.templates[begin : begin + size]}}
        after = str(begin + size) if begin + size < len(self.templates) else None
        envelope = {"http_code": 200, "metadata": {"paging": {"cursors": {"after": after}}}, "response": data}
        return Scripted(200, json.dumps(envelope).encode())

    def _page(self, page: int, size: int) -> dict[str, Any]:
        size = min(size, self.most_per_page)
        if not self.turns_pages:
            page = 0
        last = max((len(self.numbers) - 1) // size, 0)
        if self.repeats_last:
            page = min(page, last)
        body: dict[str, Any] = {"page": page, "page_size": size}
        if self.tells_next:
            # As in Exotel's own sample: another host, without TLS.
            elsewhere = f"http://twilix.exotel.com/v2_beta/Accounts/{self.sid}/IncomingPhoneNumbers?Page="
            body |= {
                "uri": f"{elsewhere}{page}",
                "first_page_uri": f"{elsewhere}0",
                "next_page_uri": f"{elsewhere}{page + 1}" if page < last or self.repeats_last else None,
                "previous_page_uri": f"{elsewhere}{page - 1}" if page else None,
            }
        return {**body, "incoming_phone_numbers": self.numbers[page * size : (page + 1) * size]}


def basic(user: str, password: str) -> str:
    """The Authorization header of RFC 7617."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class _Server(ThreadingHTTPServer):
    def __init__(self, exotel: ExotelServer, context: ssl.SSLContext | None) -> None:
        self.exotel = exotel
        self._context = context
        super().__init__(("127.0.0.1", 0), _Handler)

    def finish_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: Any) -> None:
        # In the connection's own thread: a client that stalls its handshake holds up nobody else.
        with self.exotel.connected(), contextlib.suppress(OSError):
            assert not isinstance(request, tuple)
            if self._context is not None:
                request = self._context.wrap_socket(request, server_side=True)
            super().finish_request(request, client_address)
            request.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def handle_one_request(self) -> None:
        """Treat every verb alike, so that each is recorded."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        exotel = self.server.exotel
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        request = Request(self.command, parts.path, query, self.headers.get("Authorization", ""))
        scripted = exotel.record(request)
        try:
            self._send(scripted)
        except OSError:
            exotel.client_left.set()
            self.close_connection = True

    def _send(self, scripted: Scripted) -> None:
        self.close_connection = self.close_connection or scripted.manner != "whole"
        if scripted.manner == "hang up":
            return
        if scripted.manner == "garbage":
            self.wfile.write(b"* OK ready\r\n\r\n")
            return
        if scripted.manner == "silent":
            self._wait_for_the_client()
            return
        self.send_response(scripted.status)
        self.send_header("Content-Type", scripted.content_type)
        for name, value in scripted.headers.items():
            self.send_header(name, value)
        if scripted.manner in {"dripping", "endless"}:
            self.end_headers()
            self._send_for_ever(b"[" if scripted.manner == "dripping" else b"[" * 16_384, scripted.manner)
            return
        self.send_header("Content-Length", str(len(scripted.body) + (scripted.manner == "cut")))
        self.end_headers()
        self.wfile.write(scripted.body)

    def _send_for_ever(self, piece: bytes, manner: Manner) -> None:
        pause = 0.02 if manner == "dripping" else 0
        while not self.server.exotel.closing.wait(pause):
            self.wfile.write(piece)

    def _wait_for_the_client(self) -> None:
        self.connection.settimeout(0.05)
        while not self.server.exotel.closing.is_set():
            with contextlib.suppress(TimeoutError):
                if not self.connection.recv(1):
                    self.server.exotel.client_left.set()
                    return

    def send_response(self, code: int, message: str | None = None) -> None:
        """As usual, but without a Date of its own where the script gives one."""
        self.send_response_only(code, message)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing: tests read `requests`."""
