"""A server on loopback that answers over TLS as Twilio, WhatsApp Cloud and Plivo document it, told apart by path.

    with ProviderServer() as server:
        server.host                                  # localhost:PORT, in place of the host of a definition
        server.credential("twilio")                  # what it says yes to
        server.always = Reply(200, {"ok": True})     # from now on, whatever is asked
        server.asked                                 # path with query, headers of each request

Sources: twilio.com/docs/iam/api/account and /docs/api/errors/20003; developers.facebook.com/documentation/
business-messaging/whatsapp/support/error-codes; plivo.com/docs/account/api/account/retrieve-account-details.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from tests.support.servers.certificates import server_context
from tests.support.servers.exotel import basic

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

TWILIO = {"account_sid": "AC" + "0a1b2c3d" * 4, "auth_token": "f00dcafe" * 4}
WHATSAPP = {"phone_number_id": "106540352242922", "access_token": "EAAGcanaryTokenZB0x1CanaryToken9ZD"}
PLIVO = {"auth_id": "MACANARYCANARYCANARY", "auth_token": "Y2FuYXJ5LXRva2VuLWNhbmFyeS10b2tlbi1jYW5hcnk"}
CREDENTIALS: Mapping[str, dict[str, str]] = {"twilio": TWILIO, "whatsapp_cloud": WHATSAPP, "plivo": PLIVO}


class Reply(NamedTuple):
    """An answer: its status, its body as JSON or as it is, and headers."""

    status: int
    body: Any
    headers: Mapping[str, str] = {}

    @property
    def sent(self) -> bytes:
        """The body as it goes out."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class Asked(NamedTuple):
    """What arrived."""

    path: str
    headers: Mapping[str, str]


class ProviderServer:
    """See the module; `pages` are what a Twilio account's list of numbers is cut into."""

    def __init__(self) -> None:
        self.always: Reply | None = None
        self.asked: list[Asked] = []
        self.pages: list[list[dict[str, Any]]] = [[twilio_number("+14155550100")], [twilio_number("+14155550101")]]
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                asked = Asked(self.path, {name.lower(): value for name, value in self.headers.items()})
                provider.asked.append(asked)
                reply = provider.always or provider._reply(asked)
                self.send_response_only(reply.status)
                for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.sent)))
                self.end_headers()
                self.wfile.write(reply.sent)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing is written to the terminal of the tests."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: Any, client_address: Any) -> None:
                """A client may leave whenever it likes."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.socket = server_context().wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> ProviderServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @property
    def host(self) -> str:
        """What stands in a definition in place of the provider's host."""
        return f"localhost:{self.port}"

    def credential(self, name: str) -> dict[str, str]:
        """What the provider of that type says yes to."""
        return dict(CREDENTIALS[name])

    def _reply(self, asked: Asked) -> Reply:
        path = urlsplit(asked.path).path
        authorization = asked.headers.get("authorization", "")
        if path.startswith("/2010-04-01/"):
            return self._twilio(path, asked, authorization)
        if path.startswith("/v1/Account/"):
            return self._plivo(path, authorization)
        return self._whatsapp(path, authorization)

    def _twilio(self, path: str, asked: Asked, authorization: str) -> Reply:
        sid, token = TWILIO.values()
        if authorization != basic(sid, token):
            more = "https://www.twilio.com/docs/errors/20003"
            return Reply(401, {"code": 20003, "message": "Authenticate", "more_info": more, "status": 401})
        account = f"/2010-04-01/Accounts/{sid}"
        if path == f"{account}.json":
            name = "Example & Co."
            # The real answer holds the token as well: nothing may ever repeat it.
            return Reply(
                200, {"sid": sid, "friendly_name": name, "status": "active", "type": "Full", "auth_token": token}
            )
        if path == f"{account}/IncomingPhoneNumbers.json":
            page = int(parse_qs(urlsplit(asked.path).query).get("Page", ["0"])[0])
            following = f"{path}?PageSize=50&Page={page + 1}&PageToken=PA1" if page + 1 < len(self.pages) else None
            return Reply(200, {"incoming_phone_numbers": self.pages[page], "page": page, "next_page_uri": following})
        more = "https://www.twilio.com/docs/errors/20404"
        return Reply(404, {"code": 20404, "message": f"{path} was not found", "more_info": more, "status": 404})

    @staticmethod
    def _plivo(path: str, authorization: str) -> Reply:
        auth_id, token = PLIVO.values()
        if authorization != basic(auth_id, token):
            refusal = b"Could not verify your access level for that URL.\nYou have to login with proper credentials"
            return Reply(
                401, refusal, {"Content-Type": "text/html", "WWW-Authenticate": 'Basic realm="Login Required"'}
            )
        account = f"/v1/Account/{auth_id}/"
        if path == account:
            return Reply(
                200,
                {
                    "account_type": "standard",
                    "api_id": "150892a0-922a-11e7-b6f4-061564b78b75",
                    "auth_id": auth_id,
                    "billing_mode": "prepaid",
                    "cash_credits": "1.80900",
                    "resource_uri": account,
                },
            )
        if path == f"{account}Number/":
            number = {"number": "14153336666", "alias": "Desk", "sms_enabled": True, "voice_enabled": False}
            meta = {"limit": 20, "next": None, "offset": 0, "previous": None, "total_count": 1}
            return Reply(200, {"api_id": "1", "meta": meta, "objects": [number]})
        return Reply(404, {"api_id": "1", "error": "not found"})

    @staticmethod
    def _whatsapp(path: str, authorization: str) -> Reply:
        if authorization != f"Bearer {WHATSAPP['access_token']}":
            message = "Invalid OAuth access token - Cannot parse access token"
            return _graph_error(401, message, "OAuthException", 190)
        node = path.rpartition("/")[2]
        if node != WHATSAPP["phone_number_id"]:
            message = f"Unsupported get request. Object with ID '{node}' does not exist"
            return _graph_error(400, message, "GraphMethodException", 100, error_subcode=33)
        return Reply(
            200,
            {
                "verified_name": "Example & Co.",
                "display_phone_number": "+1 631-555-5555",
                "quality_rating": "GREEN",
                "whatsapp_business_manager_messaging_limit": "TIER_1K",
                "id": node,
            },
        )


def _graph_error(status: int, message: str, kind: str, code: int, **more: int) -> Reply:
    return Reply(status, {"error": {"message": message, "type": kind, "code": code, **more, "fbtrace_id": "AbCdEf"}})


def twilio_number(number: str) -> dict[str, Any]:
    """An entry of Twilio's list of numbers."""
    capabilities = {"voice": True, "sms": False, "mms": False, "fax": False}
    return {"sid": "PN1", "phone_number": number, "friendly_name": f"Line {number}", "capabilities": capabilities}
