"""The person and the integrations that a command on permissions is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.cli.completion.candidates import people
from tui.cli.integrations.lookup import not_set_up
from tui.cli.parsing import argument
from tui.data.permissions.listing import integrations_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.models import Integration
    from tui.session.session import Session

user_argument = argument("user", locked=True, metavar="USER", shell_complete=people)


async def integrations_of_types(session: Session, types: Sequence[str]) -> list[Integration]:
    """Return the integrations of these types: an adopted table may have several of one, and all of them are meant.

    Raises UnknownType, and NotFound for one that is not set up.
    """
    configured = await integrations_of(session.database, session.chosen_organization.id)
    for name in types:
        if all(integration.integration_type != name for integration in configured):
            raise not_set_up(name)
    return [
        integration
        for name in dict.fromkeys(types)
        for integration in configured
        if integration.integration_type == name
    ]
