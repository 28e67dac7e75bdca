"""What a person is called, alone and in full, and the mark of a name that is only claimed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from tui.models import Person

MARK = "~"
UNKNOWN = "somebody unknown"
NAME_MOST = 60
"""Characters of a name, and of an e-mail, where both stand in one sentence."""


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
    """Return the name of somebody who acted, marked as what it is: a claim, of a console or of another program.

    Every program says itself for whom it acts; the server vouches for the login alone, which a row of the log has too.
    """
    return f"{MARK}{name}" if name else ""


def author(user_id: UUID | None, people: Mapping[UUID, Person], label: object = None) -> str:
    """Return who did something, as a claim: name, e-mail or id, else the operator's label; "" where nothing is known.

    Not yet safe for a terminal. A label that is no text is none: other programs write what they like.
    """
    person = people.get(user_id) if user_id else None
    if person is not None:
        return claimed(person_name(person))
    return claimed(str(user_id or (label if isinstance(label, str) else "")))


def author_in_full(user_id: UUID | None, people: Mapping[UUID, Person]) -> str:
    """Return the same with name and e-mail where both are known, so that two people of one name stay two."""
    person = people.get(user_id) if user_id else None
    return claimed(person_in_full(person)) if person is not None else author(user_id, people)
