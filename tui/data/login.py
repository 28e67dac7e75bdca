"""What the database takes the session's login for: a person, one that speaks for others, or nobody in particular."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tui.errors import InvalidInput, PermissionDenied
from tui.models.people import Login, Person
from tui.words.people.names import person_in_full
from tui.words.text import safe_text

if TYPE_CHECKING:
    from tui.data.postgres.database import Database
    from tui.models import Json

MY_LOGIN = "(select row_to_json(m) from switchboard.my_login() as m)"
"""For a query that is asked anyway; for those who may call it (ServerInfo.tells_login)."""

MY_LOGIN_ALONE = f"select {MY_LOGIN} as login"
STORED_LABEL = "select label from switchboard.logins where login = session_user and removed_at is null"

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
        is_known=person is None or told["is_active"] is not None,
    )


async def read_login(database: Database, before: Login | None) -> Login | None:
    """Return whom the database takes the login for by now; None where it did not tell when it was connected to.

    Raises SwitchboardError as any read. A login that was somebody's `before`, and may not ask any more, is nobody's.
    """
    if database.info is None or not database.info.tells_login:
        return None
    try:
        row = await database.fetch_one(MY_LOGIN_ALONE)
    except PermissionDenied:
        if before is None or (before.person is None and not before.vouches):
            return before
        return Login(before.name, None, vouches=False, organizations=(), database_has_logins=True)
    return login_of(row["login"] if row else None)


async def with_stored_label(database: Database, login: Login) -> Login:
    """Return the login with what its person was called when it was mapped, where the directory has dropped them."""
    if login.person is None or login.is_known:
        return login
    # A role other than admin may not read it: there the id has to do.
    with suppress(PermissionDenied):
        row = await database.fetch_one(STORED_LABEL)
        return login._replace(person=login.person._replace(name=row["label"] if row else None))
    return login


def require_admitted(login: Login, claimed: str | None, *, locked: bool) -> None:
    """Raise where nobody works under this login, or not as the person who is claimed by id or e-mail.

    InvalidInput for a claim that is missing or another person's, PermissionDenied for a login that is nobody's or whose
    person is not active or was dropped from the directory. `locked` is whether somebody else sets the claim.
    """
    name = safe_text(login.name, 63)
    if login.person is not None:
        who = person_in_full(login.person)
        if not login.is_known:
            raise PermissionDenied(
                f"The login {name} is {who}, who is not in the directory any more.",
                f"Have the person put back, or the login removed: `switchboard access remove {name}`.",
            )
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
