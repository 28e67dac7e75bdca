"""The hosts of Exotel's API."""

from __future__ import annotations

DEFAULT_HOST = "api.exotel.com"
HOSTS = (DEFAULT_HOST, "api.in.exotel.com")
"""The two regions: Singapore, Mumbai (Exotel's documentation, "Regions and availability")."""
