"""What questions and headings call an integration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.providers import title_of
from tui.words.text import safe_text

if TYPE_CHECKING:
    from tui.models import Integration

NAME_MOST = 60


def full_name(integration: Integration) -> str:
    """Return the display name with the type, "Shipment updates (Exotel WhatsApp)", or the type alone.

    Where a type has several rows, it says which of them.
    """
    title = safe_text(title_of(integration.integration_type), NAME_MOST)
    name = safe_text(integration.display_name or "", NAME_MOST).strip()
    full = f"{name} ({title})" if name and name != title else title
    return f"{full}, row {integration.place[0]} of {integration.place[1]}" if integration.place else full
