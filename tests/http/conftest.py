"""Fixtures: a database with people of every kind of right, an Exotel account, and a server on both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.acme import ACME, GLOBEX
from tests.support.database.requesters import populate
from tests.support.servers.exotel import ExotelServer, exophone
from tests.support.servers.http import HttpServer
from tui.providers.public_address import PRIVATE_TOO, Destinations

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2

    from tests.support.servers.postgres import TestServer

DELHI, BANGALORE = "+911141169368", "+918033755555"
HERE = Destinations(PRIVATE_TOO.networks)
"""The stand-ins on loopback, at whatever port."""

LOCAL_MAIL = {
    "email": "a@acme.example",
    "app_password": "abcdefgh12345678",
    "smtp_host": "localhost",
    "imap_host": "localhost",
}


@pytest.fixture(scope="module")
def exotel() -> Iterator[ExotelServer]:
    """An Exotel account with two numbers, which this process trusts."""
    with (
        ExotelServer(numbers=[exophone(DELHI), exophone(BANGALORE)]) as server,
        pytest.MonkeyPatch.context() as patched,
    ):
        for name, value in server.environment.items():
            patched.setenv(name, value)
        yield server


@pytest.fixture(scope="module")
def web(postgres: TestServer, keyed_template: str, exotel: ExotelServer) -> Iterator[str]:
    """The URI of the login that speaks for others, in a database whose phones are that account."""
    name = postgres.create_database(template=keyed_template, prefix="web")
    credential = exotel.credential(virtual_number="01141169368")
    yield populate(postgres, postgres.conninfo(name), {ACME: credential, GLOBEX: credential})
    postgres.drop_database(name)
    postgres.drop_new_roles()


@pytest.fixture(scope="module")
def owner(web: str) -> str:
    """The owner's URI of it."""
    return web.replace("//web@", "//postgres@")


@pytest.fixture(scope="module")
def server(web: str) -> Iterator[HttpServer]:
    """A server on it, without limits."""
    with HttpServer(web, destinations=HERE) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: HttpServer) -> Iterator[httpx2.Client]:
    """A client of it."""
    with server.client() as made:
        yield made
