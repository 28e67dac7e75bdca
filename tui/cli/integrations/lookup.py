"""Finds the integration that a command is about, by its type or by the id of its row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.cli.completion.candidates import types
from tui.cli.parsing import argument
from tui.data.integrations.listing import list_integrations
from tui.data.keys.encryption import Keyring
from tui.errors import InvalidInput, NotFound
from tui.providers import integration_type as known_type

if TYPE_CHECKING:
    from tui.models.integrations import Integration
    from tui.session.session import Session

type_argument = argument("integration_type", locked=True, metavar="TYPE", shell_complete=types)


async def find_integration(
    session: Session, type_or_id: str, *, opens_envelopes: bool = False, or_give: str = "", or_else: str = ""
) -> Integration:
    """Return the integration of that type or id. Raises NotFound, and UnknownType for a type that nobody knows.

    An adopted table may hold several rows of a type: InvalidInput then lists their ids, and `or_give` ends its advice.
    `or_else` ends the advice of NotFound. `opens_envelopes` looks into the envelopes of the whole list, for which the
    key is derived in half a second.
    """
    keyring = session.keyring if opens_envelopes else Keyring(None)
    listed = await list_integrations(session.database, keyring, session.chosen_organization.id, [])
    matches = [
        integration for integration in listed if type_or_id in (integration.integration_type, str(integration.id))
    ]
    if len(matches) > 1:
        ids = ", ".join(str(integration.id) for integration in matches)
        raise InvalidInput(f"There are {len(matches)} rows of {type_or_id}.", f"Give the id of one{or_give}: {ids}.")
    if not matches:
        raise not_set_up(type_or_id, or_else)
    return matches[0]


def not_set_up(integration_type: str, or_else: str = "") -> NotFound:
    """Return the failure for a known type that the organisation has not set up. Raises UnknownType for any other."""
    known_type(integration_type)
    return NotFound(
        f"{integration_type} is not set up in this organisation.",
        f"Set it up with `switchboard integrations configure {integration_type}`{or_else}.",
    )
