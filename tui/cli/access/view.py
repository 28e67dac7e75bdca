"""How logins read on the command line: the list, the result of a change, and both as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.cli.output import Column
from tui.words.people.access import SQL_FOR_OTHERS, login_person, password_end, scope_words, state_words

if TYPE_CHECKING:
    from datetime import tzinfo

    from tui.cli.output import Output
    from tui.data.access.changes import LoginChanged
    from tui.data.access.logins import Login


def record_of(login: Login) -> dict[str, Any]:
    """Return what JSON has of a login: the row's columns, then what was derived."""
    return {
        "login": login.login,
        "user_id": login.user_id,
        "email": login.person.email if login.person else None,
        "name": login.person.name if login.person else None,
        "label": login.label,
        "role": login.role,
        "sees_all": login.sees_all,
        "speaks_for_others": login.speaks_for_others,
        "organizations": [organization.id for organization in login.organizations],
        "note": login.note,
        "added_by": login.added_by,
        "added_at": login.added_at,
        "removed_at": login.removed_at,
        "state": login.state,
        "expires_at": login.expires_at,
        "connection_limit": login.connection_limit,
        "sessions": login.sessions,
    }


def columns(zone: tzinfo) -> tuple[Column[Login], ...]:
    """Return the columns of the list."""
    return (
        Column("LOGIN", lambda login: login.login, shrinks_to=12),
        Column("PERSON", login_person, shrinks_to=14),
        Column("ROLE", lambda login: login.role),
        Column("SEES", scope_words, shrinks_to=12),
        Column("STATE", lambda login: state_words(login).short),
        Column("PASSWORD UNTIL", lambda login: password_end(login, zone), usual=20, optional=True),
    )


def change_record(login: Login, changed: LoginChanged) -> dict[str, Any]:
    """Return a login as it is after a change, and what the change was."""
    return record_of(login) | {"left_to_do": list(changed.left_to_do), "log_row": changed.log_row}


def say_left_to_do(out: Output, changed: LoginChanged) -> None:
    """Name the SQL that somebody else has to run."""
    if changed.left_to_do:
        out.say(SQL_FOR_OTHERS)
    for statement in changed.left_to_do:
        out.say(f"  {statement};")
