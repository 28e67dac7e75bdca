"""How a phone number and the plan of a sync read on the command line: tables, and the same as JSON."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from tui.cli.output import Column
from tui.data.numbers.listing import ROW_COLUMNS, shown_number, shown_person, shown_text
from tui.words.phone_number import display

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.data.numbers.sync_plan import ChangedNumber, NewNumber, SyncPlan
    from tui.models import PhoneNumber

FLAG_WORDS = {True: "yes", False: "no", None: "none"}


def record_of(number: PhoneNumber) -> dict[str, Any]:
    """Return what JSON has of a number: the row's columns, then what they mean.

    `assigned_to` is the e-mail, else the name, of whoever has it; null in the pool and for an unknown person.
    """
    person = number.assignee
    return {name: getattr(number, name) for name in ROW_COLUMNS} | {
        "e164": number.e164,
        "integration_type": number.integration_type,
        "organization_name": number.organization_name,
        "assigned_to": (person.email or person.name) if person else None,
    }


def _number(record: Mapping[str, Any]) -> str:
    return display(record["phone_number"])


def _assigned(record: Mapping[str, Any]) -> object:
    return record["assigned_to"] or record["assigned_to_user_id"] or "free"


def _can(record: Mapping[str, Any]) -> str:
    return can(call=record["can_call"], sms=record["can_sms"])


def _state(record: Mapping[str, Any]) -> str:
    if not record["is_active"]:
        return "off, primary" if record["is_primary"] else "off"
    return "primary" if record["is_primary"] else ""


def can(*, call: bool, sms: bool) -> str:
    """Return what a number can do, in words."""
    return " ".join(word for word, able in (("call", call), ("sms", sms)) if able) or "nothing"


NUMBER = Column("NUMBER", _number, shrinks_to=16, usual=16)
NAME = Column("NAME", lambda record: record["display_name"] or "", shrinks_to=10)
TYPE = Column("TYPE", lambda record: record["number_type"] or "", shrinks_to=9)
USE = (
    Column("ASSIGNED TO", _assigned, shrinks_to=14),
    Column("CAN", _can, usual=8),
    Column("STATE", _state, usual=7),
)
COLUMNS = (NUMBER, NAME, TYPE, *USE)
ORGANIZATION = Column(
    "ORGANISATION", lambda record: record["organization_name"] or record["organization_id"], shrinks_to=12
)
EVERYWHERE = (NUMBER, ORGANIZATION, NAME, *USE)
"""The columns of a search through all organisations."""

PLAN_COLUMNS = (
    Column("SYNC", lambda record: record["sync"]),
    Column("NUMBER", lambda record: record["number"], shrinks_to=16),
    Column("NAME", lambda record: record["name"] or "", shrinks_to=10),
    Column("WHAT", lambda record: record["what"], wraps=True),
)


def plan_rows(plan: SyncPlan) -> list[dict[str, Any]]:
    """Return one record for each row of the table that a sync would write."""
    new = [
        _plan_row("new", display(number.phone_number), number.display_name, _what_is_new(number)) for number in plan.new
    ]
    changed = [
        _plan_row("changed", shown_number(number.number), number.number.display_name, _what_changes(number))
        for number in plan.changed
    ]
    gone = [
        _plan_row("gone", shown_number(number), number.display_name, _what_goes(number)) for number in plan.unlisted
    ]
    return [*new, *changed, *gone]


def plan_notes(plan: SyncPlan) -> list[str]:
    """Return a sentence for each thing that a sync leaves as it is and somebody should know."""
    notes = []
    for number in plan.untouched:
        notes.append(f"{shown_number(number.number)} is not listed and stays as it is: {number.reason}.")
    for rows in plan.duplicates:
        stored = ", ".join(shown_text(row.phone_number) for row in rows)
        notes.append(f"{shown_number(rows[0])} is stored in {len(rows)} rows: {stored}.")
    notes += [
        f"The provider lists {shown_text(text)}, which is no phone number; it is left out." for text in plan.unusable
    ]
    if plan.without_primary:
        notes.append(
            "The organisation has no primary number; choose one with `switchboard phone-numbers primary NUMBER`."
        )
    return notes


def plan_record(plan: SyncPlan) -> dict[str, Any]:
    """Return the plan as JSON has it."""
    return {
        "integration_type": plan.integration.integration_type,
        "integration_id": plan.integration.id,
        "operation_id": plan.operation_id,
        "synced_numbers": plan.synced,
        "new_numbers": len(plan.new),
        "updated_numbers": len(plan.changed),
        "deactivated_numbers": len(plan.unlisted),
        "deactivates_all": plan.deactivates_all,
        "primary": plan.primary,
        "new": [dataclasses.asdict(number) for number in plan.new],
        "changed": [
            record_of(number.number) | {"changes": [dataclasses.asdict(change) for change in number.changes]}
            for number in plan.changed
        ],
        "gone": [record_of(number) for number in plan.unlisted],
        "left": [record_of(number.number) | {"reason": number.reason} for number in plan.untouched],
        "duplicates": [[record_of(row) for row in rows] for rows in plan.duplicates],
        "unusable": list(plan.unusable),
    }


def _plan_row(sync: str, number: str, name: str | None, what: str) -> dict[str, Any]:
    return {"sync": sync, "number": number, "name": name, "what": what}


def _what_is_new(number: NewNumber) -> str:
    primary = "; becomes primary" if number.is_primary else ""
    return f"{number.number_type}, {can(call=number.can_call, sms=number.can_sms)}{primary}"


def _what_changes(number: ChangedNumber) -> str:
    return "; ".join(f"{change.name}: {_value(change.before)} -> {_value(change.after)}" for change in number.changes)


def _value(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return FLAG_WORDS[value]
    return shown_text(value) or "empty"


def _what_goes(number: PhoneNumber) -> str:
    holder = f"; stays assigned to {shown_person(number)}" if number.assigned_to_user_id else ""
    primary = "; is primary no more" if number.is_primary else ""
    return f"not listed any more: deactivated{primary}{holder}"
