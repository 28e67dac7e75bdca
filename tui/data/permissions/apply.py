"""Applying staged changes of permissions in one transaction, and undoing what was applied as one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from tui.data.permissions.listing import GRANT_COLUMNS, LAST_GRANTED_FIRST, grant_from
from tui.data.permissions.values import Grant, OfCell, access_of, check
from tui.data.rights import RIGHTS
from tui.errors import PermissionDenied

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from tui.data.permissions.staging import Change, ChangeKind, Staged
    from tui.data.permissions.values import Access, CellKey
    from tui.data.postgres.database import Connection, Database

TABLE = "public.user_integration_permissions"

CAN_CHANGE = f"""
select current_user::text as role,
       has_table_privilege('{TABLE}', 'insert') and has_table_privilege('{TABLE}', 'update')
         and has_table_privilege('{TABLE}', 'delete') as it_can,
       to_regrole('switchboard_admin') is not null as has_groups
"""
# One console applies to an organisation at a time, so that two never wait for each other's rows, and so that a table
# without a unique key gets no row twice.
LOCK = """
select switchboard.take_lock('permissions'::text, %(organization_id)s::uuid),
       set_config('switchboard.undo_of', %(undo_of)s, true)
"""
INTEGRATIONS = """
select c.id, clock_timestamp() as now from public.integration_credentials as c
 where c.organization_id = %(organization_id)s and c.id = any (%(integration_ids)s)
"""
CELLS = "unnest(%(user_ids)s::uuid[], %(integration_ids)s::uuid[]) as k(user_id, integration_id)"
# The locks are taken in the order of the table's key, which is everybody's.
PRESENT = f"""
select {GRANT_COLUMNS} from {CELLS}
  join {TABLE} as p on p.user_id = k.user_id and p.integration_id = k.integration_id
 order by p.user_id, p.integration_id, {LAST_GRANTED_FIRST} for update of p
"""
DELETE = f"""
delete from {TABLE} as p using {CELLS} where p.user_id = k.user_id and p.integration_id = k.integration_id
"""
VALUE_TYPES = {
    **{right.column: "boolean" for right in RIGHTS.values()},
    "daily_limit": "bigint",
    "monthly_limit": "bigint",
    "expires_at": "timestamptz",
    "granted_by": "uuid",
    "granted_at": "timestamptz",
}
COLUMN_TYPES = {"id": "uuid", "user_id": "uuid", "integration_id": "uuid", **VALUE_TYPES}
COLUMNS = ", ".join(COLUMN_TYPES)
WANTED = f"""unnest({", ".join(f"%({name})s::{type_}[]" for name, type_ in COLUMN_TYPES.items())}) as k({COLUMNS})"""
UPDATE = f"""
update {TABLE} as p set {", ".join(f"{name} = k.{name}" for name in VALUE_TYPES)}
  from {WANTED}
 where p.user_id = k.user_id and p.integration_id = k.integration_id
returning {GRANT_COLUMNS}
"""
INSERT = f"""
insert into {TABLE} as p ({COLUMNS})
select {", ".join(f"k.{name}" for name in COLUMN_TYPES)}
  from {WANTED} order by k.user_id, k.integration_id
    on conflict do nothing
returning {GRANT_COLUMNS}
"""


@dataclass(frozen=True, slots=True)
class Conflict(OfCell):
    """A cell that somebody else has changed since it was read, or whose integration was deleted."""

    seen: Access
    now: Access
    wanted: Access
    integration_deleted: bool = False


@dataclass(frozen=True, slots=True)
class Conflicts:
    """The cells because of which nothing was written; `Staged.without` drops them."""

    cells: tuple[Conflict, ...]

    @property
    def keys(self) -> frozenset[CellKey]:
        """The keys of the cells."""
        return frozenset(cell.key for cell in self.cells)


@dataclass(frozen=True, slots=True)
class WrittenCell(OfCell):
    """One cell that was written: the row before and after, None where there is none."""

    before: Grant | None
    after: Grant | None

    @property
    def kind(self) -> ChangeKind:
        """Grant, change or revoke, as the log calls it."""
        if self.after is None:
            return "revoke"
        return "grant" if self.before is None else "change"


@dataclass(frozen=True, slots=True)
class Applied:
    """What one transaction wrote; the log has a row for each cell, all with `operation_id`.

    `undo_of` is the operation that this one undid; it is in the log's rows as details.undo_of.
    """

    operation_id: UUID
    organization_id: UUID
    cells: tuple[WrittenCell, ...]
    undo_of: UUID | None = None

    @property
    def grants(self) -> Mapping[CellKey, Grant | None]:
        """The grant that each cell holds now, None where it holds none."""
        return {cell.key: cell.after for cell in self.cells}

    def count(self, kind: ChangeKind) -> int:
        """Count the cells that were granted, changed or revoked."""
        return sum(cell.kind == kind for cell in self.cells)


@dataclass(frozen=True, slots=True)
class _Target(OfCell):
    """A cell to write: the values it must still have, and the row it gets. A new row's time is the server's."""

    seen: Grant | None
    row: Grant | None


class CellsChanged(Exception):
    """Ends the transaction with the cells that are the reason."""

    def __init__(self, cells: Iterable[Conflict]) -> None:
        super().__init__()
        self.cells = tuple(cells)


async def can_change(database: Database) -> bool:
    """Tell whether this role may change permissions; the database decides again on every apply."""
    return bool((await database.fetch_one(CAN_CHANGE) or {})["it_can"])


async def apply(database: Database, staged: Staged) -> Applied | Conflicts:
    """Write the net difference in one transaction, or nothing where a cell is not as it was seen any more.

    Sets granted_by to the operator. Raises PermissionDenied, which names the missing role, InvalidInput for
    an expiry that has passed meanwhile, ReadOnlyMode, and what any write raises.
    """
    return await _write(database, CellWrite.of(staged, database.operator.user_id))


async def undo_applied(database: Database, applied: Applied) -> Applied | Conflicts:
    """Write the inverse of an apply in one transaction, or nothing where a cell was changed since.

    Restores a row with its id, granted_by and granted_at. Undoing the result applies it again. Raises as `apply` does.
    """
    return await _write(database, CellWrite.inverse_of(applied))


@dataclass(frozen=True, slots=True)
class CellWrite:
    """The cells that one transaction is to write, for a unit that may write more."""

    organization_id: UUID
    targets: tuple[_Target, ...]
    changes: tuple[Change, ...] = ()
    undo_of: UUID | None = None

    @classmethod
    def of(cls, staged: Staged, operator: UUID | None) -> CellWrite:
        """Return what writes the net difference, granted by the operator."""
        changes = staged.review().all
        targets = tuple(_Target(*change.key, change.seen, _row(change, operator)) for change in changes)
        return cls(staged.organization_id, targets, changes)

    @classmethod
    def inverse_of(cls, applied: Applied) -> CellWrite:
        """Return what writes the rows as they were before."""
        targets = tuple(_Target(*cell.key, cell.after, cell.before) for cell in applied.cells)
        return cls(applied.organization_id, targets, undo_of=applied.operation_id)

    async def run(self, connection: Connection) -> tuple[WrittenCell, ...]:
        """Write them; also where there are none, what follows in the transaction is logged as `undo_of` says.

        Raises CellsChanged, and then the transaction must not be committed.
        """
        if self.targets:
            await _require_rights(connection)
        await connection.execute(LOCK, {"organization_id": self.organization_id, "undo_of": str(self.undo_of or "")})
        if not self.targets:
            return ()
        targets = self.targets
        integrations, now = await _read_integrations(connection, self.organization_id, targets)
        for change in self.changes:
            check(change.wanted, change.before, now)
        present = await _read_present(connection, targets)
        conflicts = [
            _conflict(target, present.get(target.key), deleted=target.integration_id not in integrations)
            for target in targets
            if target.integration_id not in integrations or not _is_as_seen(target.seen, present.get(target.key))
        ]
        if conflicts:
            raise CellsChanged(conflicts)
        written = await _write_rows(connection, targets, present, now if self.undo_of is None else None)
        return tuple(WrittenCell(*target.key, present.get(target.key), written.get(target.key)) for target in targets)


async def _write(database: Database, write: CellWrite) -> Applied | Conflicts:
    operation = uuid4()
    if not write.targets:
        return Applied(operation, write.organization_id, (), write.undo_of)
    try:
        cells = await database.write(write.run, operation_id=operation)
    except CellsChanged as conflicting:
        return Conflicts(conflicting.cells)
    return Applied(operation, write.organization_id, cells, write.undo_of)


async def _write_rows(
    connection: Connection, targets: Sequence[_Target], present: Mapping[CellKey, Grant], now: datetime | None
) -> dict[CellKey, Grant]:
    """Write the targets and return the rows as stored; `now` becomes granted_at, None keeps what the rows have."""
    revoked = [target for target in targets if target.row is None]
    if revoked:
        await connection.execute(DELETE, _keys(revoked))
    rows = [(target, target.row) for target in targets if target.row is not None]
    if now is not None:
        rows = [(target, replace(row, granted_at=now)) for target, row in rows]
    written: dict[CellKey, Grant] = {}
    for query, is_update in ((UPDATE, True), (INSERT, False)):
        batch = [row for target, row in rows if (target.key in present) is is_update]
        if batch:
            returned = await (await connection.execute(query, _columns(batch))).fetchall()
            written |= {(row["user_id"], row["integration_id"]): grant_from(row) for row in returned}
    missing = [target for target, _ in rows if target.key not in written]
    if missing:
        # Another program, which does not take our lock, has inserted the row since it was looked for.
        present_now = await _read_present(connection, missing)
        raise CellsChanged(_conflict(target, present_now.get(target.key), deleted=False) for target in missing)
    return written


async def _require_rights(connection: Connection) -> None:
    row = await (await connection.execute(CAN_CHANGE)).fetchone() or {}
    if not row["it_can"]:
        raise PermissionDenied(
            f"The role {row['role']} may read permissions but not change them.",
            "Ask somebody whose login is in the group switchboard_admin."
            if row["has_groups"]
            else f"The owner of the tables can allow it: grant insert, update, delete on {TABLE}.",
        )


async def _read_integrations(
    connection: Connection, organization_id: UUID, targets: Sequence[_Target]
) -> tuple[set[UUID], datetime]:
    ids = list({target.integration_id for target in targets})
    values = {"organization_id": organization_id, "integration_ids": ids}
    rows = await (await connection.execute(INTEGRATIONS, values)).fetchall()
    if not rows:
        raise CellsChanged(_conflict(target, None, deleted=True) for target in targets)
    return {row["id"] for row in rows}, rows[0]["now"]


async def _read_present(connection: Connection, targets: Sequence[_Target]) -> dict[CellKey, Grant]:
    rows = await (await connection.execute(PRESENT, _keys(targets))).fetchall()
    # Of several rows for the same cell the first one stands, so it is put in last.
    return {(row["user_id"], row["integration_id"]): grant_from(row) for row in reversed(rows)}


def _row(change: Change, operator: UUID | None) -> Grant | None:
    if not change.wanted.rights:
        return None
    return Grant(change.seen.id if change.seen else uuid4(), *change.key, change.wanted, operator)


def _is_as_seen(seen: Grant | None, present: Grant | None) -> bool:
    if seen is None or present is None:
        return seen is present
    return seen.access == present.access


def _conflict(target: _Target, present: Grant | None, *, deleted: bool) -> Conflict:
    return Conflict(*target.key, access_of(target.seen), access_of(present), access_of(target.row), deleted)


def _keys(targets: Sequence[_Target]) -> dict[str, Any]:
    return {
        "user_ids": [target.user_id for target in targets],
        "integration_ids": [target.integration_id for target in targets],
    }


def _columns(rows: Sequence[Grant]) -> dict[str, Any]:
    rights = {right.column: [row.access.has(right.name) for row in rows] for right in RIGHTS.values()}
    limits = {
        name: [getattr(row.access, name) for row in rows] for name in ("daily_limit", "monthly_limit", "expires_at")
    }
    own = ("id", "user_id", "integration_id", "granted_by", "granted_at")
    return rights | limits | {name: [getattr(row, name) for row in rows] for name in own}
