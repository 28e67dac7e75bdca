"""What the database takes the session's login for: a person, one that speaks for others, or nobody in particular."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from tui.errors import InvalidInput, PermissionDenied
from tui.models import Login, Person
from tui.words.people import person_in_full
from tui.words.text import safe_text

if TYPE_CHECKING:
    from tui.models import Json

MY_LOGIN = "(select row_to_json(m) from switchboard.my_login() as m)"
"""For a query that is asked anyway; for those who may call it (ServerInfo.tells_login)."""

LEAVE_OUT = "Leave out --operator and SWITCHBOARD_OPERATOR: the login says who you are."
HAVE_LEFT_OUT = "Ask the administrator of this machine to leave SWITCHBOARD_OPERATOR out: the login says who you are."
NAME = "Name whom it speaks for with SWITCHBOARD_OPERATOR or --operator."
HAVE_NAMED = "Ask the administrator of this machine to name whom it speaks for with SWITCHBOARD_OPERATOR."


def login_of(told: Json | None) -> Login | None:
    """Return the login out of what MY_LOGIN gives."""
    if told is None:
        return None
    person = None
    if told["user_id"] is not None:
        person = Person(UUID(told["user_id"]), told["email"], told["name"], None, told["is_active"] is not False)
    return Login(
        name=told["login"],
        person=person,
        vouches=told["speaks_for_others"] is True,
        organizations=None if told["sees_everything"] or told["sees_all"] else _ids(told["organizations"]),
        database_has_logins=told["database_has_logins"],
    )


def require_admitted(login: Login, claimed: str | None, *, locked: bool) -> None:
    """Raise where nobody works under this login, or not as the person who is claimed by id or e-mail.

    InvalidInput for a claim that is missing or another person's, PermissionDenied for a login that is nobody's or whose
    person is not active. `locked` is whether somebody else sets the claim.
    """
    name = safe_text(login.name, 63)
    if login.person is not None:
        who = person_in_full(login.person)
        if not login.person.is_active:
            raise PermissionDenied(
                f"The login {name} is {who}, who is not active any more.",
                f"Have the person activated again, or the login removed: `switchboard access remove {name}`.",
            )
        if claimed and not _is_called(login.person, claimed):
            raise InvalidInput(
                f"The login {name} is {who}, and another operator is named.", HAVE_LEFT_OUT if locked else LEAVE_OUT
            )
    elif login.vouches:
        if not claimed:
            raise InvalidInput(
                f"The login {name} speaks for others, and nobody is named.",
                HAVE_NAMED if locked else NAME,
            )
    elif login.organizations is not None:
        raise PermissionDenied(
            f"The login {name} is nobody's in this database, or not any more, so it sees nothing.",
            f"Have an administrator say whose it is: `switchboard access add {name}`.",
        )


def _is_called(person: Person, claimed: str) -> bool:
    text = claimed.strip()
    if person.email is not None and text.casefold() == person.email.casefold():
        return True
    try:
        return UUID(text) == person.id
    except ValueError:
        return False


def _ids(listed: Any) -> tuple[UUID, ...]:
    return tuple(map(UUID, listed or ()))
