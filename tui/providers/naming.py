"""What an integration and its type are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.providers import title_of
from tui.words.people.names import NAME_MOST
from tui.words.text import safe_text

if TYPE_CHECKING:
    from tui.models.integrations import Integration


def type_in_full(integration_type: str) -> str:
    """Return "Exotel phone (exotel_phone)", as safe text: what people call it, and what commands take."""
    return f"{safe_text(title_of(integration_type), NAME_MOST)} ({safe_text(integration_type, 50)})"


def integration_name(integration: Integration) -> str:
    """Return the display name, else the title of the type, as safe text; before it, which of several rows it is."""
    name = safe_text(integration.display_name or title_of(integration.integration_type), NAME_MOST)
    # Before the name, where a narrow column does not cut it.
    return "{}/{} {}".format(*integration.place, name) if integration.place else name


def full_name(integration: Integration) -> str:
    """Return the display name with the type, "Shipment updates (Exotel WhatsApp)", or the type alone.

    Where a type has several rows, it says which of them.
    """
    title = safe_text(title_of(integration.integration_type), NAME_MOST)
    name = safe_text(integration.display_name or "", NAME_MOST).strip()
    full = f"{name} ({title})" if name and name != title else title
    return f"{full}, row {integration.place[0]} of {integration.place[1]}" if integration.place else full


def name_in_commands(integration: Integration) -> str:
    """Return what a command calls it: its type, or where a type has several rows, its id."""
    return str(integration.id) if integration.place else integration.integration_type
