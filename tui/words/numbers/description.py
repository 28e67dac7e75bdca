"""What a phone number is called, who has it, what it can do, its state, and what an act on it came to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tui.words.numbers.health import number_warnings
from tui.words.numbers.phone_number import display
from tui.words.people.names import NAME_MOST, person_in_full, person_name
from tui.words.people.organizations import organization_name
from tui.words.text import safe_text

if TYPE_CHECKING:
    from datetime import datetime

    from tui.data.numbers.changes import NumberChanged
    from tui.models.numbers import PhoneNumber
    from tui.models.people import Person

FREE = "free"


class Able(Protocol):
    """What can call, send, both or nothing."""

    @property
    def can_call(self) -> bool:
        """Whether it can make calls."""

    @property
    def can_sms(self) -> bool:
        """Whether it can send SMS."""


def shown_text(text: str) -> str:
    """Return a stored text for a sentence: safe, and short."""
    return safe_text(text, 40)


def shown_number(number: PhoneNumber) -> str:
    """Return the number as people read it, as safe text."""
    return shown_text(display(number.phone_number))


def assignee_name(number: PhoneNumber) -> str:
    """Return who has the number, for a column: the name alone, which a narrow one does not cut to half an e-mail."""
    if number.assignee is None:
        return assignee_in_full(number)
    return safe_text(person_name(number.assignee), NAME_MOST)


def assignee_in_full(number: PhoneNumber) -> str:
    """Return who has the number, as safe text: name and e-mail; the id of an unknown person; "free" in the pool."""
    if number.assigned_to_user_id is None:
        return FREE
    return person_in_full(number.assignee) if number.assignee else str(number.assigned_to_user_id)


def deactivation_question(number: PhoneNumber) -> str:
    """Return the question whether to deactivate a number, with who and what loses by it."""
    return f"Deactivate {shown_number(number)}? {deactivation(number)}"


def deactivation(number: PhoneNumber) -> str:
    """Return what deactivating a number would do, a sentence for whoever loses by it."""
    losses = [f"{assignee_in_full(number)} cannot use it until then."] if number.assigned_to_user_id else []
    if number.is_primary:
        losses.append("The organisation is left without a primary number.")
    return " ".join(("It is kept, and can be activated again.", *losses))


def reassignment(number: PhoneNumber, person: Person) -> str:
    """Return what assigning an assigned number would do: from whom it is taken, and to whom it is given."""
    now, then = assignee_in_full(number), person_in_full(person)
    return f"{shown_number(number)} is assigned to {now}; it would be reassigned to {then}."


def organization_of(number: PhoneNumber) -> str:
    """Return what the organisation of a number is called, as safe text."""
    return safe_text(organization_name(number.organization_id, number.organization_name), 60)


def abilities(number: Able) -> str:
    """Return what a number can do: "call sms", "call", "sms" or "nothing"."""
    able = (("call", number.can_call), ("sms", number.can_sms))
    return " ".join(word for word, is_able in able if is_able) or "nothing"


def state(number: PhoneNumber, now: datetime | None = None) -> str:
    """Return what there is to say beside an ordinary active number: "primary", "off", "outage, primary" or ""."""
    words = ("" if number.is_active else "off", *number_warnings(number, now), "primary" if number.is_primary else "")
    return ", ".join(filter(None, words))


def added(act: NumberChanged) -> str:
    """Return what adding a number came to."""
    return f"{shown_number(act.number)} is added to the pool."


def edited(act: NumberChanged) -> str:
    """Return what editing a number came to."""
    return _outcome(act, "is changed.", "is like that already: no changes.")


def activated(act: NumberChanged) -> str:
    """Return what activating a number came to."""
    return _outcome(act, "is active.", "was active already.")


def deactivated(act: NumberChanged) -> str:
    """Return what deactivating a number came to."""
    without = " The organisation has no primary number now." if "is_primary" in act.changed else ""
    return _outcome(act, f"is deactivated; it is kept.{without}", "was deactivated already.")


def assigned(seen: PhoneNumber, act: NumberChanged) -> str:
    """Return what assigning a number came to, and who had it when it was seen."""
    before = f"; {assignee_in_full(seen)} had it before" if seen.assigned_to_user_id else ""
    assignee = assignee_in_full(act.number)
    return _outcome(act, f"is assigned to {assignee}{before}.", f"was assigned to {assignee} already.")


def unassigned(seen: PhoneNumber, act: NumberChanged) -> str:
    """Return what returning a number to the pool came to, and who had it when it was seen."""
    return _outcome(act, f"is in the pool; {assignee_in_full(seen)} had it.", "was in the pool already.")


def made_primary(act: NumberChanged) -> str:
    """Return what making a number primary came to, and which one was before."""
    before = ", ".join(shown_number(number) for number in act.previous)
    return _outcome(act, f"is primary; {before or 'none'} was before.", "was primary already.")


def _outcome(act: NumberChanged, changed: str, unchanged: str) -> str:
    return f"{shown_number(act.number)} {changed if act.changed else unchanged}"
