"""What an organisation is called, alone and in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

NO_NAME = "(no name)"
"""Stands where a list has the id beside it."""

WITHOUT_ORGANIZATION = "no organisation"


def organization_name(organization_id: UUID, name: str | None) -> str:
    """Return the name, else the id; not yet safe for a terminal."""
    return name or str(organization_id)


def organization_in_full(organization_id: UUID, name: str | None) -> str:
    """Return "Meridian Freight (<id>)", or the id alone; not yet safe for a terminal."""
    return f"{name} ({organization_id})" if name else str(organization_id)
