"""Addresses and networks, as a filter of the audit log has them and as the column ip_address is compared with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def read_address(value: str) -> str:
    """Return an address or network as it is written in full. Raises ValueError."""
    from ipaddress import ip_network

    if "%" in value:
        raise ValueError("the type inet knows no zones")
    return str(ip_network(value, strict=False)) if "/" in value else str(ip_network(value).network_address)


def address_condition(values: Iterable[str], bind: Callable[[object], str]) -> str:
    """Return in SQL that a row comes from one of some addresses or networks."""
    forms = [form for value in values for form in forms_of(value)]
    networks = f"any ({bind(forms)}::inet[])"
    operator = "<<=" if any("/" in form for form in forms) else "="
    # An address of the column may come with a network's mask; hardly any does, and taking it off is slow.
    has_mask = "masklen(l.ip_address) < case family(l.ip_address) when 4 then 32 else 128 end"
    return f"(l.ip_address {operator} {networks} or ({has_mask} and host(l.ip_address)::inet {operator} {networks}))"


def forms_of(value: str) -> list[str]:
    """Return an address or network as each version of IP writes it: 203.0.113.7 is ::ffff:203.0.113.7.

    RFC 4291, section 2.5.5.2: a socket that is open to both versions reports the longer form.
    """
    from ipaddress import IPv4Network, ip_network

    network = ip_network(value, strict=False)
    if isinstance(network, IPv4Network):
        mapped = f"::ffff:{network.network_address}"
        return [value, f"{mapped}/{network.prefixlen + 96}" if "/" in value else mapped]
    plain = network.network_address.ipv4_mapped
    if plain is None or network.prefixlen < 96:
        return [value]
    return [value, f"{plain}/{network.prefixlen - 96}" if "/" in value else str(plain)]
