"""How a phone number and the plan of a sync read on the command line: tables, and the same as JSON."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from tui.cli.observed import observed_record
from tui.cli.output import Column
from tui.data.numbers.listing import ROW_COLUMNS
from tui.words.numbers.description import abilities, assignee_name, organization_of, shown_number, state
from tui.words.numbers.health import call_flow, calls, number_warnings

if TYPE_CHECKING:
    from tui.data.numbers.sync_plan import SyncPlan
    from tui.models.numbers import PhoneNumber
    from tui.words.numbers.sync_plan import PlannedRow


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


def listed_record(number: PhoneNumber) -> dict[str, Any]:
    """Return the same with what a provider said of the number; what is not in `observed` was not asked.

    Both are None where this role may not read it.
    """
    is_known = number.observed is not None
    return record_of(number) | {
        "warnings": list(number_warnings(number)) if is_known else None,
        "observed": observed_record(number.observed) if number.observed is not None else None,
    }


NUMBER = Column("NUMBER", shown_number, shrinks_to=16, usual=16)
NAME: Column[PhoneNumber] = Column("NAME", lambda number: number.display_name or "", shrinks_to=10)
USE = (
    Column("ASSIGNED TO", assignee_name, shrinks_to=14),
    Column("CAN", abilities, usual=8),
    Column("STATE", state, usual=7),
)
TYPE: Column[PhoneNumber] = Column("TYPE", lambda number: number.number_type or "", shrinks_to=9)
HEALTH = (Column("CALLS", calls, optional=True, usual=12), Column("CALL FLOW", call_flow, optional=True, usual=9))
COLUMNS: tuple[Column[PhoneNumber], ...] = (NUMBER, NAME, TYPE, *USE, *HEALTH)
EVERYWHERE: tuple[Column[PhoneNumber], ...] = (
    NUMBER,
    Column("ORGANISATION", organization_of, shrinks_to=12),
    NAME,
    *USE,
    *HEALTH,
)
"""The columns of a search through all organisations."""

PLAN_COLUMNS: tuple[Column[PlannedRow], ...] = (
    Column("SYNC", lambda row: row.sync),
    Column("NUMBER", lambda row: row.number, shrinks_to=16),
    Column("NAME", lambda row: row.name, shrinks_to=10),
    Column("WHAT", lambda row: row.what, wraps=True),
)


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
