"""Exotel's regions: the API host and the portal of each, and which of them an account's SID hints at."""

from __future__ import annotations

import re
from typing import NamedTuple


class Region(NamedTuple):
    """One of Exotel's data centres: where its API answers, and where people sign in."""

    api: str
    city: str
    portals: tuple[str, ...]


# Exotel's documentation, "Regions and availability"; the second portal of each is met in public clients.
REGIONS = (
    Region("api.exotel.com", "Singapore", ("my.exotel.com", "my.sg.exotel.com")),
    Region("api.in.exotel.com", "Mumbai", ("my.in.exotel.com", "my.mum1.exotel.com")),
)
HOSTS = tuple(region.api for region in REGIONS)
DEFAULT_HOST = HOSTS[0]

# Accounts whose SID ends so were in Mumbai in 4 of 4 public cases: a hint, never a rule.
_MUMBAI_SID = "[0-9]m$"


class Asked(NamedTuple):
    """Who was asked about what: the API host as sentences call it, and the account's SID."""

    host: str
    sid: str


def portal_of(host: str) -> str:
    """Return where the people of an account at that API host sign in; Singapore's for a host of one's own."""
    return next((region.portals[0] for region in REGIONS if region.api == host), REGIONS[0].portals[0])


def api_of_portal(host: str) -> str | None:
    """Return the API host that belongs to a portal, or None where `host` is none."""
    return next((region.api for region in REGIONS if host in region.portals), None)


def likelier_host(sid: str, host: str) -> str | None:
    """Return Mumbai's API host where the SID looks like one of Mumbai and `host` is Singapore's, else None."""
    singapore, mumbai = HOSTS
    return mumbai if host == singapore and re.search(_MUMBAI_SID, sid.strip()) else None
