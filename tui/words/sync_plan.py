"""What a sync of phone numbers would write, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tui.words.numbers import abilities, assignee_in_full, shown_number, shown_text
from tui.words.phone_number import display

if TYPE_CHECKING:
    from tui.data.numbers.sync_plan import ChangedNumber, NewNumber, SyncPlan
    from tui.models import PhoneNumber

_FLAGS = {True: "yes", False: "no", None: "none"}


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """A row that a sync would write, as a table shows it."""

    sync: Literal["new", "changed", "gone"]
    number: str
    name: str
    what: str


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
