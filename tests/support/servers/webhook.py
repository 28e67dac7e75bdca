"""A receiver on loopback that is posted to over TLS, and can be told how to answer."""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.support.servers.certificates import server_context

if TYPE_CHECKING:
    from types import TracebackType


class Posted(NamedTuple):
    """What was posted: the path, its key, and the body."""

    path: str
    key: str
    body: dict[str, Any]


class WebhookServer:
    """Answers with `status`, or to a body that holds `unreadable` with 400, and keeps what was posted.

    `is_endless` sends for as long as somebody reads.
    """

    def __init__(self) -> None:
        self.status = 200
        self.unreadable = "\0"
        self.is_endless = False
        self.posted: list[Posted] = []
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["Content-Length"])).decode()
                webhook.posted.append(Posted(self.path, self.headers["Idempotency-Key"], json.loads(text)))
                self.send_response(400 if webhook.unreadable in text else webhook.status)
                self.send_header("Location", self.path)
                if not webhook.is_endless:
                    self.send_header("Content-Length", "0")
                self.end_headers()
                with contextlib.suppress(OSError):
                    while webhook.is_endless:
                        self.wfile.write(b"0" * 65_536)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing is written to the terminal of the tests."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.socket = server_context().wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> WebhookServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def address(self, path: str) -> str:
        """What SWITCHBOARD_WEBHOOK_URL is set to."""
        return f"https://localhost:{self._server.server_address[1]}{path}"
