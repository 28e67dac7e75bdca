"""What a login is called, what it may see, what is wrong with it, and what changing it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tui.words.counts import counted
from tui.words.people.names import person_in_full, person_name
from tui.words.people.organizations import organization_name
from tui.words.text import safe_text
from tui.words.times import to_the_minute

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from tui.data.access.administrators import Administrator
    from tui.data.access.logins import Login, LoginState

SPEAKS_FOR_OTHERS = "speaks for others"
ROLES = {
    "admin": "everything",
    "support": "lists, tests, numbers; no secrets",
    "auditor": "reads the log",
}
ROLE_STAYS = "The role stays on the server, and the log keeps who it was."
SHOWN_ONCE = "Its password, shown only now:"
NO_LOGINS = "No login is a person here: whoever logs in claims who they are."
NO_ADMINISTRATORS = "Nobody administers this organisation over HTTP: nothing is set up or deleted there."
NAMED_MEMBERS = 10
ONLY_A_PART = "Your login sees a part of the organisations: logins that see all of them, or others, are not listed."
SQL_FOR_OTHERS = "Somebody who may has to run:"


class StateWords(NamedTuple):
    """A state of a login: in a column, in a sentence, and what to do about it."""

    short: str
    sentence: str
    what_to_do: str


STATES: dict[LoginState, StateWords] = {
    "alive": StateWords("works", "Whoever logs in with it is this person.", ""),
    "removed": StateWords("removed", "It is nobody's any more.", ""),
    "removed_open": StateWords(
        "can still log in", "It was removed, and can still log in.", "Remove it again, or run the SQL that was left."
    ),
    "removed_in_group": StateWords(
        "still in a group", "It was removed, and is still in a group.", "Remove it again, or run the SQL that was left."
    ),
    "role_gone": StateWords("role is gone", "The server has no role of this name any more.", "Remove it here."),
    "role_renamed": StateWords(
        "renamed",
        "Its role was renamed to {role}, so nobody is this person by it.",
        "Remove it: that closes the role as well.",
    ),
    "role_remade": StateWords(
        "role made anew",
        "The role was dropped and made anew under its name, so nobody is this person by it.",
        "Remove it here, then add it again.",
    ),
    "no_login": StateWords(
        "cannot log in", "Nobody can log in with its role.", "Remove it; added again as a new login it is opened."
    ),
    "person_inactive": StateWords(
        "person inactive", "The person is not active in the directory, or no longer in it.", "Remove it."
    ),
    "password_expired": StateWords(
        "password expired",
        "Its password has expired.",
        "Remove it and add it again as a new login, with a new password.",
    ),
    "not_in_group": StateWords(
        "not in its group", "It has nothing of the group of its role.", "Edit it and keep the role: that puts it there."
    ),
    "in_other_group": StateWords(
        "in another group",
        "It is in a group that is not its role's, and may do what that may.",
        "Edit it and keep the role: that takes it out.",
    ),
}


def state_words(login: Login) -> StateWords:
    """Return the words for the state of a login, with the new name of a role that was renamed; not yet safe."""
    words = STATES[login.state]
    if login.state != "role_renamed":
        return words
    return words._replace(short=f"renamed to {login.role_name}", sentence=words.sentence.format(role=login.role_name))


def login_person(login: Login) -> str:
    """Return whom a login is: name, else e-mail, else what it was called when it was added; not yet safe."""
    if login.speaks_for_others:
        return SPEAKS_FOR_OTHERS
    return person_name(login.person) if login.person else login.label or str(login.user_id)


def login_person_in_full(login: Login) -> str:
    """Return the same with name and e-mail, as safe text."""
    return person_in_full(login.person) if login.person else safe_text(login_person(login), 60)


def scope_words(login: Login) -> str:
    """Return what a login may see: "all organisations", names of some, or "nothing"; not yet safe for a terminal."""
    if login.sees_all:
        return "all organisations"
    names = (organization_name(organization.id, organization.name) for organization in login.organizations)
    return ", ".join(names) or "nothing"


def login_in_full(login: Login) -> str:
    """Return "eve is Asha Raman <asha@acme.example>: support, sees Acme Foods"."""
    verb = "" if login.speaks_for_others else "is "
    return f"{login.login} {verb}{login_person_in_full(login)}: {login.role}, sees {scope_words(login)}"


def password_end(login: Login, zone: tzinfo) -> str:
    """Return when the password ends; whether there is one the server tells nobody but superusers."""
    return to_the_minute(login.expires_at, zone) if login.expires_at else "no end set"


def saved(login: Login, *, is_nothing: bool) -> str:
    """Say what a login is after it was saved."""
    nothing = "Nothing changes: " if is_nothing else ""
    if login.has_its_role:
        return f"{nothing}{login_in_full(login)}."
    words = state_words(login)
    return f"{nothing}{login.login}: {words.sentence} {words.what_to_do}"


def removal(login: Login, left_to_do: Sequence[str]) -> str:
    """Say what removing a login does; of what is left to others, what holds until somebody has run it."""
    if login.role_name is None:
        return f"{login.login} is {login_person_in_full(login)} no more. No role of the server is touched."
    name = login.login if login.has_its_role else f"{login.login}, now {login.role_name}"
    if left_to_do:
        still = "it can still log in" if any(line.startswith("alter role") for line in left_to_do) else "a part stays"
        return (
            f"{name}, {login_person_in_full(login)}, sees nothing here from then on. "
            f"Until somebody who may has run what your role may not, {still}."
        )
    ended = f"; {counted(login.sessions, 'session ends', 'sessions end')}" if login.sessions else ""
    return (
        f"{name}, {login_person_in_full(login)}, can no longer log in to any database of this server, "
        f"leaves the groups and loses its password{ended}. {ROLE_STAYS}"
    )


def removed(login: str, sessions_ended: int, left_to_do: Sequence[str]) -> str:
    """Say that a login was removed."""
    ended = f"; {counted(sessions_ended, 'session was', 'sessions were')} ended" if sessions_ended else ""
    return f"{login} is nobody's any more{' here' if left_to_do else ', and nobody logs in with it'}{ended}."


def _listed(names: Sequence[str]) -> str:
    """Return "ann, plain and unm", or the first ones and how many more there are; as safe text."""
    shown = [safe_text(name, 40) for name in names[:NAMED_MEMBERS]]
    if len(names) > len(shown):
        shown.append(counted(len(names) - len(shown), "other"))
    return " and ".join((", ".join(shown[:-1]), shown[-1])) if len(shown) > 1 else shown[0]


def locks_out(members: Sequence[str]) -> str:
    """Say who sees nothing any more once the first login is a person."""
    one = len(members) == 1
    they = "is in the groups, is nobody here, and sees" if one else "are in the groups, are nobody here, and see"
    return f"The first login that is a person: {_listed(members)} {they} nothing from now on."


def unmapped(members: Sequence[str]) -> str:
    """Say who sees nothing."""
    one = len(members) == 1
    they = "is in the groups and nobody here, and sees" if one else "are in the groups and nobody here, and see"
    return f"{_listed(members)} {they} nothing."


def also_used_by(programs: Sequence[str], most: int, days: int) -> tuple[str, str]:
    """Warn that other programs use a login: what they do would be this person's from now on."""
    named = ", ".join(safe_text(program, 40) for program in programs[:most])
    more = " and others" if len(programs) > most else ""
    return (
        f"In the last {days} days this login was also used by {named}{more}, whose acts would be this person's.",
        "Give programs a login of their own.",
    )


def scoped_here_alone(databases: Sequence[str], most: int) -> tuple[str, str]:
    """Warn that a login can connect to other databases of the server, where nobody has said what it may see."""
    named = ", ".join(safe_text(database, 40) for database in databases[:most])
    more = " and others" if len(databases) > most else ""
    return (
        f"The organisations hold in this database alone, and the login can also connect to {named}{more}.",
        "Where Switchboard is set up there too, map it there, or revoke its right to connect.",
    )


def lacking(role: str) -> str:
    """Say that a part of a change is not for the role that makes it."""
    return f"The role {role} may not do all of it on the server."


def administrator_state(administrator: Administrator) -> str:
    """Return what a column says of somebody who administers an organisation."""
    if not administrator.is_known:
        return "not in the directory"
    return "active" if administrator.person.is_active else "inactive"


def administrator_changed(person: str, organization: str, *, appoints: bool, changed: bool) -> str:
    """Return what appointing or dismissing somebody came to; both names are safe text."""
    if appoints:
        return f"{person} {'administers' if changed else 'administered'} {organization}{'' if changed else ' already'}."
    return f"{person} {'no longer administers' if changed else 'did not administer'} {organization}."
