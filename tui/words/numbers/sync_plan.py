"""What a sync of phone numbers would write, row by row, what it leaves as it is, and what it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tui.words.counts import counted
from tui.words.numbers.description import abilities, assignee_in_full, shown_number, shown_text
from tui.words.numbers.phone_number import display

if TYPE_CHECKING:
    from tui.data.numbers.sync import SyncResult
    from tui.data.numbers.sync_plan import ChangedNumber, NewNumber, SyncPlan
    from tui.models.numbers import PhoneNumber

_FLAGS = {True: "yes", False: "no", None: "none"}


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """A row that a sync would write, as a table shows it."""

    sync: Literal["new", "changed", "gone"]
    number: str
    name: str
    what: str


def planned_rows(plan: SyncPlan) -> list[PlannedRow]:
    """Return a row for everything that a sync would write: new numbers, changed ones, those no longer listed."""
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


def plan_doubts(plan: SyncPlan) -> list[str]:
    """Return a sentence for each thing that may be wrong and that the sync leaves as it is."""
    doubts = ["The organisation has no primary number; make one primary."] if plan.without_primary else []
    for rows in plan.duplicates:
        stored = ", ".join(shown_text(row.phone_number) for row in rows)
        doubts.append(f"{shown_number(rows[0])} is stored in {len(rows)} rows: {stored}.")
    doubts += [
        f"The provider lists {shown_text(text)}, which is not a phone number; it is skipped." for text in plan.unusable
    ]
    return doubts


def untouched_numbers(plan: SyncPlan) -> list[str]:
    """Return a sentence for each active number that is not listed and stays as it is."""
    return [
        f"{shown_number(number.number)} is not listed and stays as it is: {number.reason}." for number in plan.untouched
    ]


def deactivation_of_all(plan: SyncPlan) -> str:
    """Return what a plan that deactivates all numbers of its integration would do, to be confirmed."""
    if len(plan.unlisted) == 1:
        return "The provider does not list the only active number of this integration: it would be deactivated."
    numbers = counted(len(plan.unlisted), "active number")
    return f"The provider lists none of the {numbers} of this integration: all of them would be deactivated."


def sync_outcome(result: SyncResult) -> str:
    """Return what a sync did, as one sentence."""
    return (
        f"Synced: {result.synced_numbers:,} listed, {result.new_numbers:,} new, {result.updated_numbers:,} changed, "
        f"{result.deactivated_numbers:,} deactivated."
    )


NOTHING_PLANNED = "Nothing to write: the numbers agree with what the provider lists."


def _what_is_new(number: NewNumber) -> str:
    primary = "; becomes primary" if number.is_primary else ""
    return f"{number.number_type}, can {abilities(number)}{primary}"


def _what_changes(row: ChangedNumber) -> str:
    return "; ".join(f"{change.name}: {_value(change.before)} -> {_value(change.after)}" for change in row.changes)


def _what_goes(number: PhoneNumber) -> str:
    primary = "; is no longer primary" if number.is_primary else ""
    holder = f"; stays assigned to {assignee_in_full(number)}" if number.assigned_to_user_id else ""
    return f"no longer listed: deactivated{primary}{holder}"


def _value(value: object) -> str:
    if value is None or isinstance(value, bool):
        return _FLAGS[value]
    return shown_text(str(value)) or "empty"
