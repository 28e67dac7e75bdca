"""What a person is called, alone and in full, and whether a name is proven, vouched for, or only claimed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from tui.models.people import Person

MARK = "~"
UNKNOWN = "somebody unknown"
OPERATOR_FROM = ("login", "vouched", "claim", "row", "nobody")
NAME_MOST = 60
"""Characters of a name, and of an e-mail, where both stand in one sentence."""
LOGIN_MOST = 63
"""Characters of a database login, which has at most as many bytes."""


class Named(Protocol):
    """Somebody of the directory, or of whom only the id is known."""

    @property
    def id(self) -> UUID:
        """What the directory and the log know them by."""

    @property
    def name(self) -> str | None:
        """As the directory has it."""

    @property
    def email(self) -> str | None:
        """As the directory has it."""


def person_name(person: Named) -> str:
    """Return the name, else the e-mail, else the id; not yet safe for a terminal."""
    return (person.name or "").strip() or person.email or str(person.id)


def person_in_full(person: Named) -> str:
    """Return "Asha Raman <asha@example.org>", the one of the two that is known, or the id; as safe text."""
    parts = [safe_text(text, NAME_MOST) for text in ((person.name or "").strip(), person.email) if text]
    return f"{parts[0]} <{parts[1]}>" if len(parts) == 2 else (parts or [str(person.id)])[0]


def operator_label(person: Person) -> str:
    """Return what the log stores of an operator: e-mail, else name, else id.

    The e-mail comes first because it is what SWITCHBOARD_OPERATOR takes and what a filter of the log finds again.
    """
    return person.email or person_name(person)


def claimed(name: str) -> str:
    """Return a name marked as what it is: a claim, of a console or of another program."""
    return f"{MARK}{name}" if name else ""


def operator_from(details: Mapping[str, Any]) -> str | None:
    """Return what Switchboard wrote into the details of a log row of where its name comes from; None elsewhere."""
    kind = details.get("operator_from")
    return kind if isinstance(kind, str) and kind in OPERATOR_FROM else None


class Origin(NamedTuple):
    """Where the name of somebody who acted comes from: `kind` is operator_from of the log, `login` who was logged in.

    login: the login is that person. vouched: the login speaks for others, and named one. Anything else is a claim, also
    where nobody says where the name comes from. What is written there is checked by the server
    (switchboard.check_proof), so that a row of another program never has one of the first two.
    """

    kind: Literal["login", "vouched", "claim"] = "claim"
    login: str = ""

    @classmethod
    def of(cls, kind: object, login: object) -> Origin:
        """Return it out of two values that may be anything."""
        known: Literal["login", "vouched", "claim"] = (
            "login" if kind == "login" else "vouched" if kind == "vouched" else "claim"
        )
        return cls(known, login if isinstance(login, str) else "")

    @classmethod
    def of_details(cls, details: Mapping[str, Any]) -> Origin:
        """Return it out of the details of a log row."""
        return cls.of(details.get("operator_from"), details.get("session_user"))

    @property
    def is_proven(self) -> bool:
        """Whether the database vouches for the name, and not only for the login."""
        return self.kind == "login"

    def mark(self, name: str) -> str:
        """Return the name as lists have it: as it is, with who vouches for it, or marked as a claim."""
        if self.kind == "login" or not name:
            return name
        return f"{name} (vouched by {self.login})" if self.kind == "vouched" else claimed(name)

    def mark_in_full(self, name: str) -> str:
        """Return the name with what is known of it in words; name and login are safe text already."""
        login = f"login {safe_text(self.login, LOGIN_MOST)}" if self.login else ""
        if self.kind == "login":
            return f"{name} ({login}, proven)"
        if self.kind == "vouched":
            return f"{name} (vouched by {safe_text(self.login, LOGIN_MOST)})"
        return f"{claimed(name)} ({'; '.join(filter(None, ('claimed', login)))})"


CLAIM = Origin()


def author(user_id: UUID | None, people: Mapping[UUID, Person], label: object = None, origin: Origin = CLAIM) -> str:
    """Return who did something: name or e-mail, else the operator's label, else the id; "" where nothing is known.

    Marked as its origin says. Not yet safe for a terminal. A label that is no text is none: other programs write what
    they like.
    """
    person = people.get(user_id) if user_id else None
    if person is not None:
        return origin.mark(person_name(person))
    # What a login's person was called when it was mapped is proven as well.
    return origin.mark((label if isinstance(label, str) else "") or str(user_id or ""))


def author_in_full(user_id: UUID | None, people: Mapping[UUID, Person], origin: Origin = CLAIM) -> str:
    """Return the same with name and e-mail where both are known, so that two people of one name stay two."""
    person = people.get(user_id) if user_id else None
    return origin.mark(person_in_full(person)) if person is not None else author(user_id, people, origin=origin)
