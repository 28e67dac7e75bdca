"""What a phone number is called, who has it, what it can do, its state, and what a sync does to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tui.words.organizations import organization_name
from tui.words.people import person_in_full
from tui.words.phone_number import display
from tui.words.text import safe_text

if TYPE_CHECKING:
    from tui.data.numbers.sync_plan import ChangedNumber, NewNumber, SyncPlan
    from tui.models import Person, PhoneNumber

FREE = "free"
_FLAGS = {True: "yes", False: "no", None: "none"}


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """A row that a sync would write, as a table shows it."""

    sync: Literal["new", "changed", "gone"]
    number: str
    name: str
    what: str


def shown_text(text: str) -> str:
    """Return a stored text for a sentence: inert, and short."""
    return safe_text(text, 40)


def shown_number(number: PhoneNumber) -> str:
    """Return the number as people read it, as safe text."""
    return shown_text(display(number.phone_number))


def assignee_in_full(number: PhoneNumber) -> str:
    """Return who has the number, as safe text: name and e-mail; the id of an unknown person; "free" in the pool."""
    if number.assigned_to_user_id is None:
        return FREE
    return person_in_full(number.assignee) if number.assignee else str(number.assigned_to_user_id)


def deactivation_question(number: PhoneNumber) -> str:
    """Return the question whether to deactivate a number, with who and what loses by it."""
    losses = [f"{assignee_in_full(number)} cannot use it until then"] if number.assigned_to_user_id else []
    if number.is_primary:
        losses.append("the organisation is left without a primary number")
    and_so = f" {'; '.join(losses)}." if losses else ""
    return f"Deactivate {shown_number(number)}? It is kept, and can be activated again.{and_so}"


def reassignment(number: PhoneNumber, person: Person) -> str:
    """Return what assigning an assigned number does: from whom it is taken, and to whom it is given."""
    return f"{shown_number(number)} is taken from {assignee_in_full(number)} and given to {person_in_full(person)}."


def organization_of(number: PhoneNumber) -> str:
    """Return what the organisation of a number is called, as safe text."""
    return safe_text(organization_name(number.organization_id, number.organization_name), 60)


def abilities(number: PhoneNumber | NewNumber) -> str:
    """Return what a number can do: "call sms", "call", "sms" or "nothing"."""
    able = (("call", number.can_call), ("sms", number.can_sms))
    return " ".join(word for word, is_able in able if is_able) or "nothing"


def state(number: PhoneNumber) -> str:
    """Return what there is to say beside an ordinary active number: "primary", "off", "off, primary" or ""."""
    words = ("" if number.is_active else "off", "primary" if number.is_primary else "")
    return ", ".join(filter(None, words))


def planned_rows(plan: SyncPlan) -> list[PlannedRow]:
    """Return a row for everything that a sync would write: new numbers, changed ones, those not listed any more."""
    new = [
        PlannedRow("new", display(number.phone_number), number.display_name or "", _what_is_new(number))
        for number in plan.new
    ]
    changed = [
        PlannedRow("changed", shown_number(row.number), row.number.display_name or "", _what_changes(row))
        for row in plan.changed
    ]
    unlisted = [
        PlannedRow("gone", shown_number(number), number.display_name or "", _what_goes(number))
        for number in plan.unlisted
    ]
    return [*new, *changed, *unlisted]


def _what_is_new(number: NewNumber) -> str:
    primary = "; becomes primary" if number.is_primary else ""
    return f"{number.number_type}, can {abilities(number)}{primary}"


def _what_changes(row: ChangedNumber) -> str:
    return "; ".join(f"{change.name}: {_value(change.before)} -> {_value(change.after)}" for change in row.changes)


def _what_goes(number: PhoneNumber) -> str:
    primary = "; is primary no more" if number.is_primary else ""
    holder = f"; stays assigned to {assignee_in_full(number)}" if number.assigned_to_user_id else ""
    return f"not listed any more: deactivated{primary}{holder}"


def _value(value: object) -> str:
    if value is None or isinstance(value, bool):
        return _FLAGS[value]
    return shown_text(str(value)) or "empty"
