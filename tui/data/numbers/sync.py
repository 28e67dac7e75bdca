"""A sync of an organisation's phone numbers with what a provider lists: what it would change, and doing it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tui.data.integrations.credentials import binding
from tui.data.log_act import log_act
from tui.data.numbers.changes import LOCK_NUMBERS
from tui.data.numbers.listing import ROW_COLUMNS, list_phone_numbers, rows_where
from tui.data.numbers.sync_plan import NewNumber, plan_of
from tui.errors import ConfirmationNeeded, Conflict, ConstraintViolated

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from tui.data.numbers.sync_plan import ChangedNumber, SyncPlan
    from tui.data.postgres.database import Connection, Database
    from tui.models import Json
    from tui.models.integrations import Integration
    from tui.models.numbers import ListedNumber, PhoneNumber

INTEGRITY_VIOLATION = "23"  # a class of SQLSTATEs

OWN_NUMBERS = "n.organization_id = %(organization_id)s"
LOCK_ROWS = """
select n.id from public.organization_phone_numbers as n where n.organization_id = %(organization_id)s
 order by n.id for update
"""
DEACTIVATE = """
update public.organization_phone_numbers set is_active = false, is_primary = false where id = any (%(ids)s::uuid[])
"""
# Without is_primary: of a statement that set it on several rows the trigger would refuse some (sql/004_upkeep.sql).
CHANGE = """
update public.organization_phone_numbers as n
   set display_name = u.display_name, number_type = u.number_type, can_call = u.can_call, can_sms = u.can_sms,
       is_active = u.is_active{primary}
  from unnest(%(id)s::uuid[], %(display_name)s::text[], %(number_type)s::text[], %(can_call)s::boolean[],
              %(can_sms)s::boolean[], %(is_active)s::boolean[])
       as u (id, display_name, number_type, can_call, can_sms, is_active)
 where n.id = u.id
"""
INSERT = """
insert into public.organization_phone_numbers
       (organization_id, integration_id, phone_number, display_name, number_type, can_call, can_sms, is_primary,
        is_active)
select %(organization_id)s, %(integration_id)s, u.phone_number, u.display_name, u.number_type, u.can_call, u.can_sms,
       u.is_primary, true
  from unnest(%(phone_number)s::text[], %(display_name)s::text[], %(number_type)s::text[], %(can_call)s::boolean[],
              %(can_sms)s::boolean[], %(is_primary)s::boolean[])
       as u (phone_number, display_name, number_type, can_call, can_sms, is_primary)
"""

# The columns that a plan is made from; a row that differs in one of them is not the row that was planned for.
SEEN_COLUMNS = tuple(name for name in ROW_COLUMNS if name not in ("created_at", "updated_at"))
CHANGED_COLUMNS = ("display_name", "number_type", "can_call", "can_sms", "is_active")


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What a sync did, counted in rows; `synced_numbers` are the different numbers that the provider listed."""

    synced_numbers: int
    new_numbers: int
    updated_numbers: int
    deactivated_numbers: int

    def counts(self) -> dict[str, int]:
        """The counts by their names."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


class SyncConflict(Conflict):
    """The numbers changed since the plan was made; nothing was written, and `plan` is the one that holds now."""

    def __init__(self, plan: SyncPlan) -> None:
        super().__init__(
            f"The numbers of this organisation changed meanwhile; nothing was written. Now: {plan.sentence()}.",
            "Look at the new plan, then sync again.",
        )
        self.plan = plan


async def plan_sync(
    database: Database,
    integration: Integration,
    listed: Sequence[ListedNumber],
    *,
    line: str | None = None,
    operation_id: UUID | None = None,
) -> SyncPlan:
    """Compare the numbers of the integration's organisation with what its provider lists.

    `line` is the number that the credential names: it becomes primary where the organisation has no primary number.
    """
    rows = await list_phone_numbers(database, integration.organization_id)
    return plan_of(rows, integration, listed, line=line, operation_id=operation_id or uuid4())


async def apply_sync(database: Database, plan: SyncPlan, *, deactivate_all: bool = False) -> SyncResult:
    """Do what the plan says in one transaction, provided that the rows are still those it was made from.

    A plan that would leave the integration without an active number needs `deactivate_all`: an empty list is more
    often a mistake than the truth. Raises ConfirmationNeeded, SyncConflict with the new plan, ReadOnlyMode where there
    is anything to write, and PermissionDenied.
    """
    if plan.deactivates_all and not deactivate_all:
        raise ConfirmationNeeded(
            f"The provider lists none of this integration's numbers: all {len(plan.unlisted)} would be deactivated.",
            "Make sure that it is the right account, then confirm that you want to deactivate all of them.",
        )

    async def unit(connection: Connection) -> SyncResult | None:
        parameters = {"organization_id": plan.integration.organization_id}
        if plan.writes:
            await connection.execute(LOCK_NUMBERS, parameters)
            await connection.execute(LOCK_ROWS, parameters)
            rows = await rows_where(connection, OWN_NUMBERS, parameters)
            if _stamps(rows) != _stamps(plan.seen):
                return None
        return await _write(connection, plan)

    try:
        result = await database.write(unit, operation_id=plan.operation_id, log_only=not plan.writes)
    except ConstraintViolated as failure:
        # Another program added a number that was planned as new, or deleted the integration, in this very moment.
        if not failure.sqlstate.startswith(INTEGRITY_VIOLATION):
            raise
        again = await _plan_again(database, plan)
        if _stamps(again.seen) == _stamps(plan.seen):
            raise
        raise SyncConflict(again) from None
    if result is None:
        raise SyncConflict(await _plan_again(database, plan))
    return result


async def log_sync_outcome(
    database: Database, integration: Integration, operation_id: UUID, *, status: str, details: Json
) -> None:
    """Log how a sync ended that changed nothing: it failed, or was only looked at. No secret in `details`."""
    unit = partial(_log, integration=integration, status=status, details=details)
    await database.write(unit, operation_id=operation_id, log_only=True)


async def _plan_again(database: Database, plan: SyncPlan) -> SyncPlan:
    return await plan_sync(database, plan.integration, plan.listed, line=plan.line, operation_id=plan.operation_id)


async def _write(connection: Connection, plan: SyncPlan) -> SyncResult:
    integration = plan.integration
    if plan.unlisted:
        # First, since one of them may be primary, and another number may become it.
        await connection.execute(DEACTIVATE, {"ids": [row.id for row in plan.unlisted]})
    for primary in (False, True):
        changed = [number for number in plan.changed if _becomes_primary(number) is primary]
        if changed:
            values: dict[str, Any] = {name: [number.after(name) for number in changed] for name in CHANGED_COLUMNS}
            query = CHANGE.format(primary=", is_primary = true" if primary else "")
            await connection.execute(query, values | {"id": [number.number.id for number in changed]})
    if plan.new:
        columns = {field.name: [getattr(row, field.name) for row in plan.new] for field in fields(NewNumber)}
        own = {"organization_id": integration.organization_id, "integration_id": integration.id}
        await connection.execute(INSERT, {**columns, **own})
    result = SyncResult(plan.synced, len(plan.new), len(plan.changed), len(plan.unlisted))
    await _log(connection, integration, "success", dict(result.counts()))
    return result


async def _log(connection: Connection, integration: Integration, status: str, details: Json) -> None:
    row = binding(integration)
    await log_act(
        connection,
        "numbers_synced",
        row.organization_id,
        row.integration_type,
        status=status,
        details={**details, "integration_id": str(row.row_id)},
    )


def _becomes_primary(number: ChangedNumber) -> bool:
    return any(change.name == "is_primary" for change in number.changes)


def _stamps(rows: Iterable[PhoneNumber]) -> frozenset[tuple[Any, ...]]:
    return frozenset(tuple(getattr(row, name) for name in SEEN_COLUMNS) for row in rows)
