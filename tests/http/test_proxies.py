"""The blocks of docs/http.md for Caddy and nginx: what they pass on, with whose address, and what they keep out."""

from __future__ import annotations

import re
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

from tests.support.acme import ASHA
from tests.support.fresh_python import REPOSITORY
from tests.support.servers.debian import needs
from tests.support.servers.http import SETTINGS, HttpServer, bearer
from tests.support.servers.postgres import free_port
from tests.support.waiting import wait_until
from tui.http.addresses import SocketPlace

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.debian

LIST = f"{SETTINGS}/integrations"
NGINX, CADDY = Path("/usr/sbin/nginx"), Path("/usr/bin/caddy")
NGINX_AROUND = """
daemon off;
pid {folder}/pid;
error_log {folder}/error;
events {{}}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        {block}
    }}
}}
"""
CADDY_AROUND = """
{{
	admin off
	storage file_system {folder}/storage
}}
{block}
"""


def block_of(heading: str, socket: Path) -> str:
    """The block below a heading of the document, with another socket."""
    document = (REPOSITORY / "docs/http.md").read_text()
    found = re.search(rf"^## {heading}\n\n```\n(.*?)^```$", document, re.DOTALL | re.MULTILINE)
    assert found is not None
    block = found[1].replace("/run/switchboard/serve", str(socket))
    assert str(socket) in block
    return block


def nginx(folder: Path, socket: Path, port: int) -> list[str]:
    """The command of an nginx with the block."""
    needs(NGINX, "nginx-light")
    block = block_of("Behind nginx", socket)
    (folder / "nginx.conf").write_text(NGINX_AROUND.format(folder=folder, port=port, block=block))
    return [str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf")]


def caddy(folder: Path, socket: Path, port: int) -> list[str]:
    """The command of a Caddy with the block, without TLS."""
    needs(CADDY, "caddy")
    block = block_of("Behind Caddy", socket).replace("app.example.org", f"http://127.0.0.1:{port}")
    (folder / "Caddyfile").write_text(CADDY_AROUND.format(folder=folder, block=block))
    return [str(CADDY), "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


@pytest.fixture(params=[nginx, caddy])
def proxied(request: pytest.FixtureRequest, web: str, tmp_path: Path) -> Iterator[tuple[HttpServer, httpx2.Client]]:
    """A server on a socket, and a client of the proxy in front of it."""
    socket, port = tmp_path / "serve", free_port()
    command = request.param(tmp_path, socket, port)
    with ExitStack() as stack:
        server = stack.enter_context(HttpServer(web, place=SocketPlace(socket), proxies=["socket"]))
        # nginx gives up root for nobody, who is not in the group of the socket, nor comes into the test's folder.
        for folder in (*tmp_path.parents, tmp_path):
            if folder.is_relative_to("/tmp"):
                folder.chmod(folder.stat().st_mode | 0o001)
        socket.chmod(0o666)
        with (tmp_path / "output").open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output, env={"HOME": str(tmp_path)})
        stack.callback(process.wait, 20)
        stack.callback(process.terminate)
        client = stack.enter_context(httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30))
        wait_until(lambda: is_answering(client))
        yield server, client


def is_answering(client: httpx2.Client) -> bool:
    try:
        client.get("/")
    except httpx2.TransportError:
        return False
    return True


def test_it_passes_on_the_six_operations_alone_with_the_address_that_is_the_clients(
    proxied: tuple[HttpServer, httpx2.Client],
) -> None:
    server, client = proxied
    listed = client.get(LIST, headers=bearer(ASHA))
    assert (listed.status_code, listed.json()["success"]) == (200, True)
    assert listed.headers["cache-control"] == "no-store"
    assert client.get(LIST).status_code == 401
    # What a client says of itself is not believed.
    spoofed = {"X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9", "Forwarded": "for=203.0.113.9"}
    assert client.get(LIST, headers={**bearer(ASHA), **spoofed}).status_code == 200
    assert [line.rpartition("from=")[2] for line in server.told] == ["127.0.0.1"] * 3
    assert client.post(LIST, content=b"x" * 70_000, headers=bearer(ASHA)).status_code in (400, 404, 413)
    answered = len(server.told)
    for path in (
        "/healthz",
        "/openapi.json",
        f"{SETTINGS}/../../../healthz",
        f"{SETTINGS}/%2e%2e/%2e%2e/%2e%2e/healthz",
    ):
        client.get(path)
    assert not any("/healthz" in line or "/openapi" in line for line in server.told[answered:])
