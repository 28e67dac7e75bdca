"""A deleted integration brought back whole: its row, its permissions and its numbers, from what the delete kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.data.directory import people_are_labelled
from tui.data.integrations.deleted import NUMBER, PERMISSION, ROW, examine
from tui.errors import Conflict, ConstraintViolated

if TYPE_CHECKING:
    from tui.data.integrations.deleted import Columns, RestorePlan
    from tui.data.postgres.database import Connection, Database

# The order in which every write of an envelope takes it; nothing is encrypted here, so that no key is needed.
HOLD_KEY = "select from switchboard.keys as k where k.purpose = 'master' and k.state = 'active' for share"
HOLD = "select switchboard.take_lock(%(what)s::text, %(organization_id)s::uuid)"


def _insert(relation: str, columns: Columns, source: str, values: str = "") -> str:
    """Return the INSERT of what a version has in its dependents, every column named."""
    names = ", ".join(name for name, _ in columns)
    typed = ", ".join(f"{name} {kind}" for name, kind in columns)
    return f"""
insert into public.{relation} ({names}{", credentials_encrypted" if relation == "integration_credentials" else ""})
select {values or ", ".join(f"r.{name}" for name, _ in columns)}
  from switchboard.credential_versions as v cross join {source} as r ({typed})
 where v.id = %(version)s"""


INSERT_ROW = (
    _insert(
        "integration_credentials",
        ROW,
        "jsonb_to_record(coalesce(v.dependents -> 'row', jsonb_build_object('id', v.credential_id, 'organization_id', "
        "v.organization_id, 'integration_type', v.integration_type, 'is_active', false, 'is_verified', "
        "v.was_verified, 'last_verified_at', v.verified_at)))",
        f"{', '.join(f'r.{name}' for name, _ in ROW)}, v.envelope",
    )
    + """
   and v.envelope is not null and r.id = v.credential_id
   and not exists (select from public.integration_credentials as c
                    where c.id = r.id
                       or c.organization_id = r.organization_id and c.integration_type = r.integration_type)
returning id"""
)
INSERT_PERMISSIONS = (
    _insert("user_integration_permissions", PERMISSION, "jsonb_to_recordset(v.dependents -> 'permissions')")
    + " and r.id <> all (%(left_out)s) returning id"
)
INSERT_NUMBERS = (
    _insert(
        "organization_phone_numbers",
        NUMBER,
        "jsonb_to_recordset(v.dependents -> 'numbers')",
        ", ".join(
            {
                "is_primary": "case when r.id = any (%(not_primary)s) then false else r.is_primary end",
                "assigned_to_user_id": "case when r.id <> all (%(unassigned)s) then r.assigned_to_user_id end",
            }.get(name, f"r.{name}")
            for name, _ in NUMBER
        ),
    )
    + " and r.id <> all (%(left_out)s) returning id"
)


async def restore(database: Database, plan: RestorePlan) -> RestorePlan:
    """Bring it back with its id, its permissions and its numbers, in one transaction, provided that all is as planned.

    Raises Conflict where something changed meanwhile, and ConstraintViolated; nothing is written then.
    """
    knows_everybody = not await people_are_labelled(database)

    async def unit(connection: Connection) -> RestorePlan:
        await connection.execute(HOLD_KEY)
        for what in ("numbers", "primary", "permissions"):
            await connection.execute(HOLD, {"what": what, "organization_id": plan.organization_id})
        present = await examine(connection, plan.organization_id, plan.version, knows_everybody=knows_everybody)
        if present != plan:
            raise _changed(plan)
        if await (await connection.execute(INSERT_ROW, {"version": plan.version})).fetchone() is None:
            raise _changed(plan)
        left_out: dict[str, Any] = {"version": plan.version, "left_out": list(plan.permissions_left_out)}
        permissions = await (await connection.execute(INSERT_PERMISSIONS, left_out)).fetchall()
        values = {
            "version": plan.version,
            "left_out": list(plan.numbers_left_out),
            "unassigned": list(plan.unassigned),
            "not_primary": list(plan.not_primary),
        }
        numbers = await (await connection.execute(INSERT_NUMBERS, values)).fetchall()
        if (len(permissions), len(numbers)) != (plan.permissions, plan.phone_numbers):
            raise _changed(plan)
        return plan

    try:
        return await database.write(unit)
    except ConstraintViolated as failure:
        if not failure.is_duplicate:
            raise
        raise _changed(plan) from None


def _changed(plan: RestorePlan) -> Conflict:
    return Conflict(
        f"What would come back with {plan.integration_type} changed meanwhile; nothing was written.",
        "Look at what comes back again, then decide.",
    )
