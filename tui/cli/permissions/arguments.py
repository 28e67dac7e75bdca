"""The people and the integrations that a command on permissions is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.cli.completion.candidates import people, person_or_types
from tui.cli.integrations.lookup import not_set_up
from tui.cli.parsing import argument, option
from tui.data.directory import parse_uuid
from tui.data.permissions.listing import integrations_of
from tui.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.models.integrations import Integration
    from tui.session.session import Session

people_and_types_argument = argument(
    "words", locked=True, metavar="[USER] TYPE...", nargs=-1, shell_complete=person_or_types
)
users_option = option(
    "--user",
    "users",
    locked=True,
    multiple=True,
    metavar="USER",
    shell_complete=people,
    help="In place of USER; may be given again, for several people.",
)
user_argument = argument("user", locked=True, metavar="USER", shell_complete=people)


def people_and_types(words: Sequence[str], users: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return who is meant, by id or e-mail, and the types: the first word is a person unless --user names some.

    Raises InvalidInput.
    """
    if users:
        if not words:
            raise InvalidInput("TYPE is missing.", "Give one TYPE or more, such as exotel_phone.")
        if "@" in words[0] or parse_uuid(words[0]):
            raise InvalidInput(
                "With --user every other word is a TYPE, and the first is a person.", "Give each person with --user."
            )
        return list(users), list(words)
    user, *types = words or ("",)
    if not types:
        raise InvalidInput("USER or TYPE is missing.", "Give a person (id or e-mail) and one TYPE or more.")
    return [user], types


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
