"""Where a connection may go: a name is looked up once, and each of its addresses is looked at before any is used.

Whoever can say which host is asked (a definition file, a form, a request) could else make this machine speak to what
only it can reach: itself, its network, the metadata of a cloud. The connection is then made to an address that was
looked at, so that a name server which answers otherwise a moment later changes nothing.
"""

from __future__ import annotations

import contextlib
from contextvars import ContextVar
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, NamedTuple

from tui.errors import ProviderFailed
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from ipaddress import IPv4Network

    from tui.process.name_lookup import Addresses
    from tui.providers.transport_failures import Endpoint

    Address = IPv4Address | IPv6Address
    Network = IPv4Network | IPv6Network

# What is not public, and what sentences call it; the first that fits. By these lists and not by is_global alone, whose
# tables differ between versions of Python: https://www.iana.org/assignments/iana-ipv4-special-registry and
# https://www.iana.org/assignments/iana-ipv6-special-registry
_RESERVED = "a reserved address"
_KINDS_4 = tuple(
    (ip_network(network), kind)
    for network, kind in (
        ("0.0.0.0/32", "the unspecified address"),
        ("127.0.0.0/8", "a loopback address"),
        ("169.254.0.0/16", "a link-local address"),
        ("10.0.0.0/8", "a private address"),
        ("172.16.0.0/12", "a private address"),
        ("192.168.0.0/16", "a private address"),
        ("100.64.0.0/10", "an address behind a carrier's NAT"),
        # Azure's own, which each of its machines reaches beside the metadata.
        ("168.63.129.16/32", _RESERVED),
        ("224.0.0.0/4", "a multicast address"),
        ("0.0.0.0/8", _RESERVED),
        ("192.0.0.0/24", _RESERVED),
        ("192.0.2.0/24", _RESERVED),
        ("192.88.99.0/24", _RESERVED),
        ("198.18.0.0/15", _RESERVED),
        ("198.51.100.0/24", _RESERVED),
        ("203.0.113.0/24", _RESERVED),
        ("240.0.0.0/4", _RESERVED),
    )
)
_KINDS_6 = tuple(
    (ip_network(network), kind)
    for network, kind in (
        ("::/128", "the unspecified address"),
        ("::1/128", "a loopback address"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "a private address"),
        ("fc00::/7", "a private address"),
        ("ff00::/8", "a multicast address"),
        # Teredo, ORCHID and other special purposes; documentation.
        ("2001::/23", _RESERVED),
        ("2001:db8::/32", _RESERVED),
        ("3fff::/20", _RESERVED),
    )
)
_GLOBAL_6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")


class Destinations(NamedTuple):
    """Where connections may go beside public addresses (`networks`), by which ports (None: any), and what is advised.

    `advice` is a sentence for whoever meant such a place.
    """

    networks: tuple[Network, ...] = ()
    ports: frozenset[int] | None = None
    advice: str = "Check the host: a provider is at a public address."


PUBLIC = Destinations()
PRIVATE_TOO = Destinations(
    tuple(
        network
        for network, kind in (*_KINDS_4, *_KINDS_6)
        if kind not in (_RESERVED, "a multicast address", "the unspecified address")
    )
)
"""Loopback, link-local and private networks as well."""

_limit: ContextVar[Destinations | None] = ContextVar("limit of connections", default=None)


@contextlib.contextmanager
def connections_limited_to(destinations: Destinations) -> Iterator[None]:
    """Keep whatever is asked within to these destinations, of built-in types as well and of tasks begun within."""
    token = _limit.set(destinations)
    try:
        yield
    finally:
        _limit.reset(token)


def limits(own: Destinations | None = None) -> tuple[Destinations, ...]:
    """Return what a connection that is made from here has to keep to: its own, and that of `connections_limited_to`.

    To be asked where a client is made: a thread does not know what it was begun within.
    """
    return tuple(limit for limit in (own, _limit.get()) if limit is not None)


def require_allowed(addresses: Addresses, endpoint: Endpoint, limits: Iterable[Destinations]) -> None:
    """Look at the port and at all addresses that `getaddrinfo` gave for a host.

    Raises ProviderFailed where any of them is neither public nor in a network that each of the limits allows: a name
    that has both kinds is not one of a provider.
    """
    for limit in limits:
        if limit.ports is not None and endpoint.port not in limit.ports:
            *others, last = [str(port) for port in sorted(limit.ports)]
            ports = f"{', '.join(others)} and {last}" if others else last
            raise ProviderFailed(f"Port {endpoint.port} is not asked; nothing was sent.", f"The ports are {ports}.")
        for *_, socket_address in addresses:
            address = _address(str(socket_address[0]))
            kind = why_not_public(address)
            if kind and not any(address in network or _target(address) in network for network in limit.networks):
                shown = safe_text(address, 60)
                at = "" if shown == endpoint.host else f" ({shown})"
                raise ProviderFailed(f"{endpoint.host} is {kind}{at}; nothing was sent.", limit.advice)


def why_not_public(address: Address) -> str:
    """Return what an address is ("a private address") where it is not a public one, else "".

    An IPv6 address that leads to an IPv4 address (mapped, 6to4, NAT64) is what that one is.
    """
    target = _target(address)
    kinds = _KINDS_4 if isinstance(target, IPv4Address) else _KINDS_6
    kind = next((kind for network, kind in kinds if target in network), "")
    if not kind and (not target.is_global or (isinstance(target, IPv6Address) and target not in _GLOBAL_6)):
        return _RESERVED
    return kind


def _target(address: Address) -> Address:
    """The IPv4 address that an IPv6 address leads to, else the address itself."""
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
        return address.ipv4_mapped or address.sixtofour or address
    return address


def _address(text: str) -> Address:
    # Without the interface of a link-local one: no network contains an address with one.
    return ip_address(text.partition("%")[0])
