"""Finding the integration that a command is about, by its type or by the id of its row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.errors import InvalidInput, NotFound
from tui.providers import integration_type as known_type

if TYPE_CHECKING:
    from tui.models import Integration
    from tui.session.session import Session


async def find_integration(
    session: Session, wanted: str, *, opened: bool = False, instead: str = "", or_else: str = ""
) -> Integration:
    """Return the integration of that type or id. Raises NotFound, and UnknownType for a type that nobody knows.

    An adopted table may hold several rows of a type: InvalidInput lists their ids then, with what may be given
    `instead`. `or_else` is another way on where it is not set up. `opened` looks into the envelopes of the whole list,
    which takes the key half a second.
    """
    from tui.data.integrations.listing import list_integrations
    from tui.data.keys.encryption import Keyring

    keyring = session.keyring if opened else Keyring(None)
    listed = await list_integrations(session.database, keyring, session.chosen_organization.id, [])
    matches = [integration for integration in listed if wanted in (integration.integration_type, str(integration.id))]
    if len(matches) > 1:
        ids = ", ".join(str(integration.id) for integration in matches)
        raise InvalidInput(f"There are {len(matches)} rows of {wanted}.", f"Give the id of one{instead}: {ids}.")
    if not matches:
        raise not_set_up(wanted, or_else)
    return matches[0]


def not_set_up(integration_type: str, or_else: str = "") -> NotFound:
    """Return the failure for a known type that the organisation has not set up. Raises UnknownType for any other."""
    known_type(integration_type)
    return NotFound(
        f"{integration_type} is not set up in this organisation.",
        f"Set it up with `switchboard integrations configure {integration_type}`{or_else}.",
    )
