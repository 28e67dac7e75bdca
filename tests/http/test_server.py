"""How it serves: limits, slow clients, many at once, proxies, origins, an outage, and the end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx2
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.http.conftest import HERE, LOCAL_MAIL
from tests.support.acme import ASHA, KEY
from tests.support.commands import Shell
from tests.support.database.requesters import GITA, NOBODY, VERA
from tests.support.servers.http import ISSUER, SECRET, SETTINGS, HttpServer, bearer, no_limits, token
from tests.support.servers.tcp_proxy import TcpProxy
from tests.support.waiting import wait_until
from tui.errors import DatabaseFailed, InvalidInput, Locked, PermissionDenied
from tui.http import server as serving
from tui.http.addresses import Proxies, SocketPlace, TcpPlace, counted_as, listening_place, network_of, require_origin
from tui.http.answers import TOO_MANY, Refused, failure, is_of_server
from tui.http.limits import LARGEST_BODY, Limit, Rate
from tui.providers import registry

if TYPE_CHECKING:
    from pathlib import Path

LIST = f"{SETTINGS}/integrations"
PHONE = f"{LIST}/exotel_phone"


def test_where_it_listens_others_cannot_reach_it() -> None:
    assert listening_place(None, None, behind_tls_proxy=False) == TcpPlace("127.0.0.1", 8710)
    assert listening_place("[::1]:80", None, behind_tls_proxy=False) == TcpPlace("::1", 80)
    assert listening_place("0.0.0.0:80", None, behind_tls_proxy=True) == TcpPlace("0.0.0.0", 80)
    for place in (
        "0.0.0.0:80",
        "[::]:80",
        "192.0.2.7:80",
        "localhost:80",
        "127.0.0.1",
        "127.0.0.1:x",
        ":80",
        "127.0.0.1:99999",
    ):
        with pytest.raises(InvalidInput):
            listening_place(place, None, behind_tls_proxy=False)
    with pytest.raises(InvalidInput):
        listening_place("127.0.0.1:80", "/run/x", behind_tls_proxy=False)


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("127.0.0.1", ["198.51.100.7"], "127.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        # What whoever asks wrote themself stands before what the proxy has added.
        ("10.0.0.1", ["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["203.0.113.9", "198.51.100.7, 10.0.0.2"], "198.51.100.7"),
        ("10.0.0.1", ["10.0.0.2, 10.0.0.3"], "10.0.0.1"),
        ("10.0.0.1", ["x"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.7, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["::ffff:198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["[2001:db8::1]"], "2001:db8::1"),
        (None, ["198.51.100.7"], "198.51.100.7"),
    ],
)
def test_only_a_named_proxy_is_believed_about_whom_it_speaks_for(
    peer: str | None, forwarded: list[str], address: str
) -> None:
    assert Proxies(["10.0.0.0/8", "socket"]).address_of(peer, forwarded) == address
    assert Proxies([]).address_of(peer, forwarded) == peer


def test_an_address_has_no_second_spelling_and_no_text_beside_it() -> None:
    named = Proxies(["10.0.0.0/8"])
    assert named.address_of("10.0.0.1", ["fe80::1%x from=203.0.113.9"]) == "fe80::1"
    assert named.address_of("::ffff:10.0.0.1", ["198.51.100.7"]) == "198.51.100.7"
    assert named.address_of("fe80::1%eth0", []) == "fe80::1"
    assert counted_as("2001:db8:1:2:3::4") == counted_as("2001:db8:1:2::") != counted_as("2001:db8:1:3::")
    assert [counted_as(address) for address in ("198.51.100.7", None)] == ["198.51.100.7", None]


def test_what_is_no_origin_and_no_network_is_refused() -> None:
    require_origin("https://app.example.org:8443")
    for origin in (
        "*",
        "null",
        "app.example",
        "https://app.example/",
        "https://App.example",
        "https://a@b",
        "file:///x",
    ):
        with pytest.raises(InvalidInput):
            require_origin(origin)
    for network in ("example.org", "10.0.0.0/33", ""):
        with pytest.raises(InvalidInput):
            network_of(network, "--proxy")


def test_a_limit_counts_each_by_itself_and_lets_them_on_again() -> None:
    moment = [0.0]
    limit = Limit(Rate(at_once=3, a_minute=6), clock=lambda: moment[0])
    for _ in range(3):
        limit.take("a")
    with pytest.raises(Refused) as refused:
        limit.take("a")
    assert (refused.value.status, refused.value.retry_after_s) == (429, 10)
    limit.take("b")
    moment[0] += 10
    limit.take("a")
    with pytest.raises(Refused):
        limit.take("a")


def test_whoever_asks_too_much_is_told_when_to_ask_again(web: str) -> None:
    limits = no_limits()._replace(person=Limit(Rate(3, 1)), bad_tokens=Limit(Rate(2, 1)), tests=Limit(Rate(1, 1)))
    with HttpServer(web, limits=limits, destinations=HERE) as server, server.client() as client:
        statuses = [client.post(f"{PHONE}/test", headers=bearer(VERA)).status_code for _ in range(3)]
        assert statuses == [200, 429, 429]
        assert [
            client.get(LIST, headers=bearer(VERA)).status_code,
            client.get(LIST, headers=bearer(ASHA)).status_code,
        ] == [429, 200]
        refused = client.get(LIST, headers=bearer(VERA))
        assert int(refused.headers["retry-after"]) > 0 and refused.json()["success"] is False
        # Whoever guesses tokens is told to wait, and nobody who has a good one at the same address.
        guesses = [client.get(LIST, headers={"Authorization": "Bearer x.y.z"}).status_code for _ in range(3)]
        assert guesses == [401, 401, 429]
        assert client.get(LIST, headers=bearer(ASHA)).status_code == 200


BODIES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("too large", {"content": b'{"a": "' + b"x" * LARGEST_BODY + b'"}'}),
    ("no JSON", {"content": b"{"}),
    ("a list", {"content": b"[]"}),
    ("a text", {"content": b'"x"'}),
    ("a name twice", {"content": b'{"a": 1, "a": 2}'}),
    ("no number", {"content": b'{"a": NaN}'}),
    ("beyond all numbers", {"content": b'{"a": 1e999}'}),
    ("deep", {"content": b'{"a": ' + b"[" * 30_000 + b"]" * 30_000 + b"}"}),
    ("no UTF-8", {"content": b'{"a": "\xff"}'}),
    ("a form", {"data": {"a": "b"}}),
    ("not said to be JSON", {"content": b"{}", "headers": {"Content-Type": "text/plain"}}),
)


def test_a_body_that_is_none_is_refused_and_never_quoted(client: httpx2.Client) -> None:
    for what, sent in BODIES:
        headers = {"Content-Type": "application/json", **bearer(ASHA), **sent.get("headers", {})}
        if "data" in sent:
            del headers["Content-Type"]
        said = client.post(PHONE, **{**sent, "headers": headers})
        assert (said.status_code, said.json()["success"]) == (400, False), (what, said.text)
        assert len(said.text) < 200


def test_a_page_of_a_named_origin_alone_may_read_answers(web: str, client: httpx2.Client) -> None:
    page = {"Origin": "https://app.example.org"}
    assert not [name for name in client.get(LIST, headers={**bearer(ASHA), **page}).headers if "access-control" in name]
    assert client.options(LIST, headers={**page, "Access-Control-Request-Method": "DELETE"}).status_code == 404
    with HttpServer(web, origins=[page["Origin"]]) as server, server.client() as other:
        said = other.get(LIST, headers={**bearer(ASHA), **page})
        assert said.headers["access-control-allow-origin"] == page["Origin"]
        assert "access-control-allow-credentials" not in said.headers
        asked = other.options(LIST, headers={**page, "Access-Control-Request-Method": "DELETE"})
        assert (asked.status_code, "DELETE" in asked.headers["access-control-allow-methods"]) == (200, True)
        for origin in ("https://evil.example", "https://app.example.org.evil.example", "null"):
            said = other.get(LIST, headers={**bearer(ASHA), "Origin": origin})
            assert (said.status_code, "access-control-allow-origin" in said.headers) == (200, False)
            assert other.options(LIST, headers={"Origin": origin}).status_code == 404


def test_what_the_database_says_of_roles_and_programs_is_for_the_log_alone() -> None:
    for error, status in (
        (PermissionDenied("The database refused role web: permission denied.", "Ask for web."), 403),
        (Locked("It is held by psql as role web.", "Wait for web."), 503),
        (DatabaseFailed("It failed for web.", "Look at web."), 503),
    ):
        error.sqlstate = "42501"
        answer = failure(error)
        assert (answer.status, "web" in str(answer.body), is_of_server(error)) == (status, False, True)
    too_many = DatabaseFailed("Too many tests.", "Wait.")
    too_many.sqlstate = TOO_MANY
    assert (failure(too_many).status, failure(too_many).body["error"]) == (429, "Too many tests.")
    ours = PermissionDenied("You may not.", "Ask.")
    assert failure(ours).body["error"] == "You may not."


def test_what_is_no_path_and_no_method_of_it_is_not_there(client: httpx2.Client) -> None:
    for method, path in (
        ("PUT", LIST),
        ("DELETE", LIST),
        ("GET", f"{LIST}/"),
        ("GET", f"{PHONE}/test"),
        ("GET", "/"),
        ("GET", "/docs"),
    ):
        said = client.request(method, path, headers=bearer(ASHA))
        assert (said.status_code, said.json()["success"]) == (404, False), (method, path)


def test_a_token_is_taken_from_its_header_alone(client: httpx2.Client) -> None:
    text = token(ASHA)
    for headers, path in (
        ({"Cookie": f"sb-access-token={text}; access_token={text}"}, LIST),
        ({}, f"{LIST}?access_token={text}&apikey={text}"),
        ({"apikey": text}, LIST),
        ({"Authorization": f"Basic {text}"}, LIST),
        ({"Authorization": text}, LIST),
    ):
        said = client.get(path, headers=headers)
        assert (said.status_code, said.headers["www-authenticate"]) == (401, "Bearer"), headers
    twice = httpx2.Headers([("Authorization", f"Bearer {text}"), ("Authorization", f"Bearer {token(VERA)}")])
    assert client.get(LIST, headers=twice).status_code == 401


async def test_two_hundred_at_once_are_all_answered_each_as_if_alone(server: HttpServer, client: httpx2.Client) -> None:
    whose = [bearer(ASHA), bearer(VERA), bearer(GITA), bearer(NOBODY), {}]
    alone = [client.get(LIST, headers=headers) for headers in whose]
    assert [answer.status_code for answer in alone] == [200, 200, 200, 403, 401]
    limits = httpx2.Limits(max_connections=200, max_keepalive_connections=200)
    async with httpx2.AsyncClient(base_url=server.address, timeout=60, trust_env=False, limits=limits) as many:
        answers = await asyncio.gather(*(many.get(LIST, headers=headers) for headers in whose * 40))
    assert [answer.text for answer in answers] == [answer.text for answer in alone] * 40


def connect(server: HttpServer) -> socket.socket:
    host, _, port = server.address.removeprefix("http://").rpartition(":")
    return socket.create_connection((host, int(port)), timeout=20)


def is_ended(connection: socket.socket) -> bool:
    """Wait until the server ends a connection without a word."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_whoever_sends_no_request_to_its_end_is_cut(web: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "HEAD_WITHIN_S", 0.3)
    monkeypatch.setattr("tui.http.app.BODY_WITHIN_S", 0.3)
    with HttpServer(web) as server, server.client() as client:
        with connect(server) as silent, connect(server) as slow, connect(server) as second:
            slow.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX: ")
            second.sendall(b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b""
            # The head and the body may come one after the other.
            while not answer.endswith(b"}"):
                answer += second.recv(65536)
            assert answer.startswith(b"HTTP/1.1 404")
            second.sendall(b"GET /no")
            assert all(map(is_ended, (silent, slow, second)))
        with connect(server) as body:
            head = f"POST {PHONE} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token(ASHA)}\r\n"
            body.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{{".encode())
            assert body.recv(65536).startswith(b"HTTP/1.1 400")
        assert client.get(LIST, headers=bearer(ASHA)).status_code == 200


def test_whoever_takes_no_answer_is_cut(web: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "TAKEN_WITHIN_S", 0.3)
    cut = threading.Event()
    lost = serving.HeldConnection.connection_lost

    def noted(self: serving.HeldConnection, exc: Exception | None) -> None:
        lost(self, exc)
        cut.set()

    monkeypatch.setattr(serving.HeldConnection, "connection_lost", noted)
    with HttpServer(web) as server, socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        host, _, port = server.address.removeprefix("http://").rpartition(":")
        reader.connect((host, int(port)))
        # More answers than fit between the two.
        reader.settimeout(1)
        with contextlib.suppress(TimeoutError, ConnectionError):
            for _ in range(2000):
                reader.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n")
        assert cut.wait(20)


def test_while_the_database_is_away_it_says_so_and_comes_back_by_itself(owner: str) -> None:
    with psycopg.connect(owner) as connection:
        connection.execute("alter role web password 'web'")
    target = conninfo_to_dict(owner)
    with TcpProxy(int(str(target["port"]))) as proxy, contextlib.ExitStack() as stack:
        conninfo = proxy.conninfo(str(target["dbname"]), user="web", password="web")
        server = stack.enter_context(HttpServer(conninfo, destinations=HERE))
        client = stack.enter_context(server.client())
        assert client.get(LIST, headers=bearer(ASHA)).status_code == 200
        proxy.refuse()
        said = client.get(LIST, headers=bearer(ASHA))
        assert (said.status_code, said.json()["error"]) == (503, "The database cannot be reached at the moment.")
        assert int(said.headers["retry-after"]) > 0
        begun = time.monotonic()
        assert client.get(LIST, headers=bearer(ASHA)).status_code == 503
        assert client.get("/healthz").status_code == 503
        assert time.monotonic() - begun < 1
        # Whoever has no token learns nothing of it.
        assert client.get(LIST).status_code == 401
        proxy.restore()
        wait_until(lambda: client.get(LIST, headers=bearer(ASHA)).status_code == 200)
        wait_until(lambda: client.get("/healthz").json() == {"status": "ok"})


def test_a_unix_socket_is_for_its_owner_and_group_and_goes_with_the_server(web: str, tmp_path: Path) -> None:
    path = tmp_path / "serve"
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(str(path))
    with HttpServer(web, place=SocketPlace(path), proxies=["socket"]) as server:
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        transport = httpx2.HTTPTransport(uds=str(path))
        with httpx2.Client(transport=transport, base_url="http://switchboard") as client:
            assert client.get(LIST, headers=bearer(ASHA)).status_code == 200
            client.get(LIST, headers={**bearer(ASHA), "X-Forwarded-For": "198.51.100.7"})
        assert server.told[0].endswith("from=-") and server.told[1].endswith("from=198.51.100.7")
        with pytest.raises(InvalidInput, match="already"):
            serving.listen(SocketPlace(path))
    assert not path.exists()
    path.write_text("something else")
    with pytest.raises(InvalidInput, match="something else"):
        serving.listen(SocketPlace(path))
    assert path.read_text() == "something else"


def test_a_server_that_ends_leaves_the_socket_of_the_next(web: str, tmp_path: Path) -> None:
    path = tmp_path / "serve"
    with contextlib.ExitStack() as stack, socket.socket(socket.AF_UNIX) as begun:
        server = stack.enter_context(HttpServer(web, place=SocketPlace(path)))
        begun.settimeout(20)
        begun.connect(str(path))
        head = f"POST {PHONE} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token(ASHA)}\r\nContent-Length: 2\r\n"
        begun.sendall(f"{head}Content-Type: application/json\r\nExpect: 100-continue\r\n\r\n".encode())
        assert begun.recv(65536).startswith(b"HTTP/1.1 100")
        server.stop()
        wait_until(lambda: not can_connect(path))
        with serving.listen(SocketPlace(path)):
            # From now on, before it answers the first, nobody takes its path.
            with pytest.raises(InvalidInput, match="already"):
                serving.listen(SocketPlace(path))
            begun.sendall(b"[]")
            assert begun.recv(65536).startswith(b"HTTP/1.1 400")
            stack.close()
            assert can_connect(path)


def can_connect(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as trial:
        return trial.connect_ex(str(path)) == 0


def environment(web: str, exotel_environment: dict[str, str], folder: Path) -> dict[str, str]:
    return {
        **{"PATH": os.environ["PATH"], "HOME": str(folder), "DATABASE_URL": web, "ENCRYPTION_MASTER_KEY": KEY},
        **{"SUPABASE_JWT_SECRET": SECRET, **exotel_environment},
    }


def test_the_command_serves_and_finishes_what_was_begun_on_sigterm(web: str, exotel: Any, tmp_path: Path) -> None:
    arguments = [sys.executable, "-m", "tui", "serve", "--listen", "127.0.0.1:0", "--issuer", ISSUER, "--json"]
    with subprocess.Popen(
        [*arguments, "--allow-network", "127.0.0.0/8", "--allow-network", "::1"],
        env=environment(web, exotel.environment, tmp_path),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())["listening"]
        with httpx2.Client(base_url=address, timeout=30, trust_env=False) as client:
            said = client.get(LIST, headers=bearer(ASHA))
            assert (said.status_code, len(said.json()["data"])) == (200, len(registry()))
            # The stand-in is at a port that is not one of mail or HTTPS.
            said = client.post(f"{PHONE}/test", headers=bearer(ASHA))
            assert (said.status_code, "443" in said.json()["message"]) == (422, True)
            # Nobody is at those of mail here, and that is said because the network is one that was named.
            said = client.post(f"{LIST}/zoho_mail/test", headers=bearer(ASHA), json=LOCAL_MAIL)
            assert (said.status_code, "refuse" in said.json()["error"]) == (422, True), said.text
            with socket.create_connection(httpx2.URL(address).netloc.decode().split(":"), timeout=20) as begun:
                head = f"POST {PHONE} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token(ASHA)}\r\n"
                begun.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{".encode())
                client.get("/healthz")
                process.send_signal(signal.SIGTERM)
                while True:
                    # Nobody new is listened to, once it has heard.
                    try:
                        socket.create_connection(httpx2.URL(address).netloc.decode().split(":"), timeout=5).close()
                    except ConnectionError:
                        break
                begun.sendall(b"}")
                assert begun.recv(65536).startswith(b"HTTP/1.1 422")
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


@pytest.mark.parametrize(
    ("changes", "arguments", "status", "sentence"),
    [
        ({"SUPABASE_JWT_SECRET": ""}, (), 2, "Nothing says how tokens are verified"),
        ({}, ("--listen", "0.0.0.0:0"), 2, "travel there in clear"),
        ({"SWITCHBOARD_READ_ONLY": "1"}, (), 2, "read-only mode"),
        ({"ENCRYPTION_MASTER_KEY": ""}, (), 4, "ENCRYPTION_MASTER_KEY"),
        ({"DATABASE_URL": "owner"}, (), 3, "not one that speaks for others"),
        ({"SWITCHBOARD_LOCKED": "1"}, (), 2, "locked"),
    ],
)
def test_the_command_refuses_what_would_not_be_safe(
    web: str,
    owner: str,
    tmp_path: Path,
    changes: dict[str, str],
    arguments: tuple[str, ...],
    status: int,
    sentence: str,
) -> None:
    variables = {**environment(web, {}, tmp_path), **changes}
    if changes.get("DATABASE_URL"):
        variables["DATABASE_URL"] = owner
    outcome = Shell(tmp_path, variables).run("serve", *(arguments or ("--listen", "127.0.0.1:0")), "--issuer", ISSUER)
    refusal = outcome.refusal(status)
    assert sentence in refusal and SECRET not in refusal
