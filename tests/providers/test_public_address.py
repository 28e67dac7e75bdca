"""Which addresses are nobody's provider, and that a connection is made to the address that was looked at."""

from __future__ import annotations

import socket
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.servers.exotel import ExotelServer
from tests.support.servers.loopback import ScriptedServer, silent
from tui.errors import ProviderFailed
from tui.process import name_lookup
from tui.providers.https_host import HttpsHost
from tui.providers.mail.connection import MailConnection
from tui.providers.public_address import (
    PRIVATE_TOO,
    PUBLIC,
    Destinations,
    connections_limited_to,
    limits,
    require_allowed,
    why_not_public,
)
from tui.providers.transport_failures import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

ENDPOINT = Endpoint("api.example.com", 443, "API host")


KINDS = {
    "8.8.8.8": "",
    "2606:4700::1111": "",
    "0.0.0.0": "the unspecified address",
    "0.1.2.3": "a reserved address",
    "127.0.0.1": "a loopback address",
    "127.255.255.254": "a loopback address",
    "10.1.2.3": "a private address",
    "172.31.255.255": "a private address",
    "172.32.0.1": "",
    "192.168.1.1": "a private address",
    "169.254.169.254": "a link-local address",
    "100.64.0.1": "an address behind a carrier's NAT",
    "100.128.0.1": "",
    "192.0.2.1": "a reserved address",
    "198.18.0.1": "a reserved address",
    "168.63.129.16": "a reserved address",
    "224.0.0.1": "a multicast address",
    "240.0.0.1": "a reserved address",
    "255.255.255.255": "a reserved address",
    "::": "the unspecified address",
    "::1": "a loopback address",
    "fe80::1": "a link-local address",
    "fe80::1%eth0": "a link-local address",
    "fec0::1": "a private address",
    "fd00:ec2::254": "a private address",
    "ff02::1": "a multicast address",
    "::ffff:127.0.0.1": "a loopback address",
    "::ffff:8.8.8.8": "",
    "::127.0.0.1": "a reserved address",
    "2002:7f00:1::": "a loopback address",
    "2002:808:808::": "",
    "64:ff9b::a9fe:a9fe": "a link-local address",
    "64:ff9b::808:808": "",
    "64:ff9b:1::808:808": "a reserved address",
    "2001:0:808:808::1": "a reserved address",
    "2001:db8::1": "a reserved address",
    "3fff::1": "a reserved address",
    "4000::1": "a reserved address",
}


def test_an_address_that_is_not_public_is_called_what_it_is() -> None:
    assert {address: why_not_public(ip_address(address)) for address in KINDS} == KINDS


@given(st.ip_addresses())
def test_what_python_knows_not_to_be_global_is_never_taken_for_public(address: Any) -> None:
    kind = why_not_public(address)
    assert kind or address.is_global or (getattr(address, "ipv4_mapped", None) or address).is_global


def addresses(*texts: str) -> list[tuple[Any, ...]]:
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, 443)) for text in texts]


def test_one_address_that_is_not_public_refuses_all_of_them() -> None:
    require_allowed(addresses("8.8.8.8", "1.1.1.1"), ENDPOINT, [PUBLIC])
    with pytest.raises(ProviderFailed) as refused:
        require_allowed(addresses("8.8.8.8", "10.0.0.7"), ENDPOINT, [PUBLIC])
    assert refused.value.sentence == "api.example.com is a private address (10.0.0.7); nothing was sent."


def test_a_named_network_or_all_private_ones_are_allowed_and_every_limit_counts() -> None:
    office = Destinations((ip_network("10.0.0.0/24"),), frozenset([443, 587]))
    require_allowed(addresses("10.0.0.7"), ENDPOINT, [office, PRIVATE_TOO])
    require_allowed(addresses("127.0.0.1", "169.254.1.1", "192.168.0.1"), ENDPOINT, [PRIVATE_TOO])
    for address, allowed in (("10.0.1.7", [office]), ("10.0.0.7", [office, PUBLIC]), ("0.0.0.0", [PRIVATE_TOO])):
        with pytest.raises(ProviderFailed, match="nothing was sent"):
            require_allowed(addresses(address), ENDPOINT, allowed)
    with pytest.raises(ProviderFailed) as refused:
        require_allowed(addresses("8.8.8.8"), Endpoint("api.example.com", 8443, "API host"), [office])
    assert str(refused.value) == "Port 8443 is not asked; nothing was sent. The ports are 443 and 587."


@pytest.fixture
def exotel() -> Iterator[ExotelServer]:
    with ExotelServer() as server:
        yield server


async def test_a_name_that_leads_to_loopback_is_not_even_connected_to() -> None:
    with ScriptedServer(silent) as server:
        endpoint = Endpoint("localhost", server.port, "API host")
        with pytest.raises(ProviderFailed, match="localhost is a loopback address"):
            async with HttpsHost(endpoint, "Acme", {}, destinations=PUBLIC) as host:
                await host.get("", most_bytes=10)
        with connections_limited_to(PUBLIC):
            connection = MailConnection(endpoint, 5)
            with pytest.raises(ProviderFailed, match="localhost is a loopback address"):
                async with HttpsHost(endpoint, "Acme", {}) as host:
                    await host.reach()
        # The limit holds for a connection that is made within, also where it connects in a thread later.
        assert limits() == ()
        with pytest.raises(ProviderFailed, match="localhost is a loopback address"):
            connection.connect()
        assert server.connections == 0


async def test_a_name_server_that_changes_its_mind_changes_nothing(
    exotel: ExotelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The name is looked up once: afterwards it leads to where nobody listens, as a rebinding name server would.
    real, asked = socket.getaddrinfo, []

    def rebind(host: Any, *arguments: Any, **options: Any) -> Any:
        # anyio gives names as bytes.
        asked.append(host.decode() if isinstance(host, bytes) else host)
        leads_to = "127.0.0.1" if asked.count("localhost") == 1 else "127.0.0.9"
        return real(leads_to if asked[-1] == "localhost" else host, *arguments, **options)

    monkeypatch.setattr(name_lookup.socket, "getaddrinfo", rebind)
    endpoint = Endpoint("localhost", exotel.port, "API host")
    async with HttpsHost(endpoint, "Exotel", {}, destinations=PRIVATE_TOO) as host:
        await host.reach()
        assert (await host.get("v1/Accounts/x", most_bytes=1000)).status == 401
        assert (await host.get("v1/Accounts/x", most_bytes=1000)).status == 401
    assert asked.count("localhost") == 1 and set(asked) <= {"localhost", "127.0.0.1"}


async def test_the_certificate_has_to_be_of_the_name_and_not_of_the_address() -> None:
    with ExotelServer(certificate="other name") as server:
        endpoint = Endpoint("localhost", server.port, "API host")
        async with HttpsHost(endpoint, "Exotel", {}, destinations=PRIVATE_TOO) as host:
            host._address = "127.0.0.1"  # As reached before somebody else took the address.
            with pytest.raises(ProviderFailed, match="is for another name; nothing secret was sent"):
                await host.get("v1", most_bytes=1000)
        assert server.requests == []


def test_a_mail_server_is_verified_by_its_name_at_the_address_that_was_looked_at() -> None:
    with ExotelServer() as server:
        connection = MailConnection(Endpoint("localhost", server.port, "SMTP host"), 5, PRIVATE_TOO)
        connection.connect()
        assert connection.secure().startswith("TLS")
        connection.close()
