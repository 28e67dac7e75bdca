"""Where it listens, who asks, and which proxies are believed about that."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from tui.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SOCKET = "socket"
"""What --proxy calls whoever connects to the Unix socket."""
MOST_HOPS = 20


class TcpPlace(NamedTuple):
    """An address and a port to listen on."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"


class SocketPlace(NamedTuple):
    """The path of a Unix socket to listen on."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)


Place = TcpPlace | SocketPlace


def listening_place(listen: str | None, socket: str | None, *, behind_tls_proxy: bool) -> Place:
    """Return where to listen. Raises InvalidInput for what is no place, and for one that others can reach in clear."""
    if socket is not None:
        if listen is not None:
            raise InvalidInput("--listen and --socket contradict each other.", "Give one of them.")
        return SocketPlace(Path(socket))
    host, separator, port = (listen or "127.0.0.1:8710").rpartition(":")
    try:
        address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
        is_port = port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65_535
    except ValueError:
        is_port = False
    if not separator or not is_port:
        raise InvalidInput(
            "--listen is not an IP address with a port.", "Give one, such as 127.0.0.1:8710 or [::1]:8710."
        )
    if not address.is_loopback and not behind_tls_proxy:
        raise InvalidInput(
            f"{address} can be reached from other machines, and tokens and credentials would travel there in clear.",
            "Listen on 127.0.0.1 or on a --socket; where a proxy with TLS alone reaches it, add --behind-tls-proxy.",
        )
    return TcpPlace(str(address), int(port))


class Proxies:
    """The proxies that are believed about whom they speak for; of anybody else X-Forwarded-For says nothing."""

    def __init__(self, named: Iterable[str]) -> None:
        """Raises InvalidInput for what is neither an address, a network nor SOCKET."""
        self._networks: list[Network] = []
        self._believes_socket = False
        for name in named:
            if name == SOCKET:
                self._believes_socket = True
            else:
                self._networks.append(network_of(name, "--proxy"))

    def address_of(self, peer: str | None, forwarded: Sequence[str]) -> str | None:
        """Return the address of whoever asks; None for somebody at the socket, of whom nothing is known.

        `peer` is who has connected, None at the socket; `forwarded` are the values of X-Forwarded-For.
        """
        # Where both kinds of IP are listened to, IPv4 comes within IPv6, and nobody is named so.
        peer = None if peer is None else _address(peer) or peer
        if not (self._believes_socket if peer is None else self._is_proxy(peer)):
            return peer
        # Each proxy writes whom it speaks for behind what it was told: the last that is no proxy is who asks.
        for hop in reversed(",".join(forwarded).split(",")[-MOST_HOPS:]):
            address = _address(hop.strip())
            if address is None:
                break
            if not self._is_proxy(address):
                return address
        return peer

    def _is_proxy(self, address: str) -> bool:
        known = ipaddress.ip_address(address)
        return any(known in network for network in self._networks if network.version == known.version)


def counted_as(address: str | None) -> str | None:
    """Return whom a limit takes an address for: one customer has 64 bits of IPv6, and asks from another each time."""
    return str(ipaddress.ip_network(f"{address}/64", strict=False)) if address and ":" in address else address


def network_of(text: str, option: str) -> Network:
    """Return a network, or that of one address. Raises InvalidInput, which names the option."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise InvalidInput(
            f"{option} is neither an IP address nor a network.", "Give one, such as 192.0.2.7 or 10.0.0.0/8."
        ) from None


def _address(text: str) -> str | None:
    """Return the address that a proxy wrote; None for anything else. IPv4 within IPv6 is IPv4.

    Without the zone of a link-local one, which may be any text, line ends and words of our own lines among it.
    """
    try:
        address = ipaddress.ip_address(text.removeprefix("[").removesuffix("]").partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def require_origin(text: str) -> None:
    """Raise InvalidInput for what is no origin of a web page, as browsers write it."""
    split = urlsplit(text)
    try:
        is_origin = split.scheme in ("http", "https") and bool(split.hostname) and (split.port or 1) > 0
    except ValueError:
        is_origin = False
    if not is_origin or f"{split.scheme}://{split.netloc}" != text or text != text.lower() or "@" in text:
        raise InvalidInput(
            "--origin is no origin of a web page.", "Give it as https://app.example.org, without a path."
        )
