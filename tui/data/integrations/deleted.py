"""Integrations that were deleted: which are kept, what comes back with one, and what does not."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tui.data.directory import PEOPLE_BY_ID, parse_uuid, people_are_labelled, people_by_id
from tui.data.integrations.versions import KEPT_SINCE
from tui.errors import Conflict, NotFound
from tui.words.counts import counted
from tui.words.numbers.phone_number import e164
from tui.words.people.names import Origin, author
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tui.data.postgres.database import Connection, Database
    from tui.models import Json

Columns = tuple[tuple[str, str], ...]

# The contract of the three tables (sql/003_tables.sql), what switchboard.dependents keeps, and of which types.
ROW: Columns = (
    *(("id", "uuid"), ("organization_id", "uuid"), ("integration_type", "text"), ("display_name", "text")),
    *(("is_active", "boolean"), ("is_verified", "boolean"), ("last_verified_at", "timestamptz")),
    *(("created_by", "uuid"), ("updated_by", "uuid"), ("created_at", "timestamptz"), ("updated_at", "timestamptz")),
)
PERMISSION: Columns = (
    *(("id", "uuid"), ("user_id", "uuid"), ("integration_id", "uuid"), ("can_view", "boolean")),
    *(("can_send", "boolean"), ("can_configure", "boolean"), ("daily_limit", "bigint"), ("monthly_limit", "bigint")),
    *(("granted_by", "uuid"), ("granted_at", "timestamptz"), ("expires_at", "timestamptz")),
)
NUMBER: Columns = (
    *(("id", "uuid"), ("organization_id", "uuid"), ("integration_id", "uuid"), ("phone_number", "text")),
    *(("display_name", "text"), ("number_type", "text"), ("assigned_to_user_id", "uuid"), ("is_primary", "boolean")),
    *(("can_call", "boolean"), ("can_sms", "boolean"), ("is_active", "boolean")),
    *(("created_at", "timestamptz"), ("updated_at", "timestamptz")),
)
TABLES = {
    "integration_credentials": (*ROW, ("credentials_encrypted", "text")),
    "user_integration_permissions": PERMISSION,
    "organization_phone_numbers": NUMBER,
}

DELETED = f"""
select v.id as version, v.credential_id as integration_id, v.organization_id, v.integration_type,
       v.dependents #>> '{{row,display_name}}' as display_name, v.replaced_at as deleted_at, v.replaced_by as login,
       v.user_id, v.operator, v.operator_from,
       coalesce(jsonb_array_length(v.dependents -> 'permissions'), 0) as permissions,
       coalesce(jsonb_array_length(v.dependents -> 'numbers'), 0) as phone_numbers,
       exists (select from public.integration_credentials as o
                where o.organization_id = v.organization_id and o.integration_type = v.integration_type) as is_replaced
  from (select distinct on (w.credential_id) w.* from switchboard.credential_versions as w
         where w.organization_id = %(organization_id)s and w.kind = 'deleted' and w.envelope is not null
           and w.replaced_at >= {KEPT_SINCE}
         order by w.credential_id, w.id desc) as v
 where not exists (select from public.integration_credentials as c where c.id = v.credential_id)
 order by v.id desc
"""
# The newest alone: what came back since, and was deleted again, has changed.
KEPT = f"""
select v.id as version, v.credential_id as integration_id, v.organization_id, v.integration_type, v.replaced_at,
       v.dependents, c.id is not null as is_there, o.id as other
  from switchboard.credential_versions as v
  left join public.integration_credentials as c on c.id = v.credential_id
  left join lateral (select x.id from public.integration_credentials as x
                      where x.organization_id = v.organization_id and x.integration_type = v.integration_type
                        and x.id <> v.credential_id limit 1) as o on true
 where v.id = %(version)s and v.organization_id = %(organization_id)s and v.kind = 'deleted' and v.envelope is not null
   and v.replaced_at >= {KEPT_SINCE}
   and not exists (select from switchboard.credential_versions as w
                    where w.credential_id = v.credential_id and w.kind = 'deleted'
                      and w.envelope is not null and w.id > v.id)
"""
# An adopted table without a foreign key keeps the permissions of what is deleted.
THERE_NOW = """
select 'permission' as kind, p.id, p.user_id::text as text, false as is_primary
  from public.user_integration_permissions as p
 where p.id = any (%(permissions)s) or p.integration_id = %(integration_id)s
union all
select 'number', n.id, case when n.organization_id = %(organization_id)s then n.phone_number end,
       n.organization_id = %(organization_id)s and n.is_primary is true
  from public.organization_phone_numbers as n where n.organization_id = %(organization_id)s or n.id = any (%(numbers)s)
"""
# What other programs keep of it: columns, and rows that a delete takes along or cuts off.
FOREIGN = """
select c.relname as relation, string_agg(a.attname, ', ' order by a.attnum) as columns
  from unnest(%(relations)s::text[], %(columns)s::text[]) as w (relation, columns)
  join pg_catalog.pg_class as c on c.oid = ('public.' || w.relation)::regclass
  join pg_catalog.pg_attribute as a on a.attrelid = c.oid
 where a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
   and a.attname <> all (string_to_array(w.columns, ','))
 group by c.relname order by c.relname
"""
CHILDREN = """
select r.conrelid::regclass::text as relation from pg_catalog.pg_constraint as r
 where r.contype = 'f' and r.confrelid = 'public.integration_credentials'::regclass and r.confdeltype in ('c', 'n', 'd')
   and r.conrelid not in ('public.user_integration_permissions'::regclass,
                          'public.organization_phone_numbers'::regclass)
 group by r.conrelid order by 1
"""


@dataclass(frozen=True, slots=True)
class DeletedIntegration:
    """An integration that was deleted and is kept; `author` is by whom, as in `Version`, `login` who was logged in.

    `is_replaced` is whether the organisation has another one of that type now.
    """

    version: int
    integration_id: UUID
    organization_id: UUID
    integration_type: str
    display_name: str | None
    deleted_at: datetime
    author: str
    operator_from: str
    login: str
    permissions: int
    phone_numbers: int
    is_replaced: bool


@dataclass(frozen=True, slots=True)
class RestorePlan:
    """What comes back of a deleted integration, and in `losses` what does not, a sentence each.

    `unassigned` numbers come back in the pool, `not_primary` ones without their mark; the rest of the ids are left out.
    """

    version: int
    integration_id: UUID
    organization_id: UUID
    integration_type: str
    permissions: int
    phone_numbers: int
    losses: tuple[str, ...]
    permissions_left_out: tuple[UUID, ...]
    numbers_left_out: tuple[UUID, ...]
    unassigned: tuple[UUID, ...]
    not_primary: tuple[UUID, ...]


async def deleted_integrations(database: Database, organization_id: UUID) -> list[DeletedIntegration]:
    """Return what was deleted of an organisation and can come back, the newest first.

    Raises PermissionDenied where this role may not read what is kept.
    """
    rows = await database.fetch_all(DELETED, {"organization_id": organization_id})
    people = await people_by_id(database, (row["user_id"] for row in rows if row["user_id"]))
    return [
        DeletedIntegration(**row, author=author(user_id, people, operator, origin), operator_from=origin.kind)
        for row in rows
        for user_id, operator in ((row.pop("user_id"), row.pop("operator")),)
        for origin in (Origin.of(row.pop("operator_from"), row["login"]),)
    ]


async def plan_restore(database: Database, organization_id: UUID, type_or_id: str) -> RestorePlan:
    """Say what bringing back the integration of that type, the last that was deleted, or of that id would do.

    Writes nothing. Raises NotFound where none is kept, and Conflict where it cannot come back.
    """
    deleted = await deleted_integrations(database, organization_id)
    wanted = parse_uuid(type_or_id) or type_or_id
    chosen = next((one for one in deleted if wanted in (one.integration_type, one.integration_id)), None)
    if chosen is None:
        raise NotFound(
            f"No deleted integration {safe_text(type_or_id, 60)} is kept of this organisation.",
            "`switchboard integrations restore` lists those that are.",
        )
    knows_everybody = not await people_are_labelled(database)
    return await database.read(
        lambda connection: examine(connection, organization_id, chosen.version, knows_everybody=knows_everybody)
    )


async def examine(connection: Connection, organization_id: UUID, version: int, *, knows_everybody: bool) -> RestorePlan:
    """Find out what comes back, within the caller's transaction; raises as `plan_restore`.

    `knows_everybody` says that there is a directory: whoever is not in it is nobody.
    """
    values = {"version": version, "organization_id": organization_id}
    kept = await (await connection.execute(KEPT, values)).fetchone()
    if kept is None:
        raise NotFound(
            "What was deleted is not kept any more, or was deleted again since.",
            "`switchboard integrations restore` lists what still is.",
        )
    _require_room(kept)
    dependents: Json = kept["dependents"] if isinstance(kept["dependents"], dict) else {}
    permissions, numbers = dependents.get("permissions") or [], dependents.get("numbers") or []
    losses: list[str] = []
    if "row" not in dependents:
        # Why is an SQLSTATE, which says nothing to a person.
        why = "the database failed to read them" if dependents.get("not_kept") else "another program deleted it"
        losses.append(
            f"Its name, its times, its permissions and its phone numbers, which were not kept ({why}): it is disabled."
        )
    there = await _what_is_there(connection, kept, permissions, numbers)
    people = {one["user_id"] for one in permissions} | {one["assigned_to_user_id"] for one in numbers} - {None}
    gone = await _people_gone(connection, organization_id, people, knows_everybody=knows_everybody)

    without = [one for one in permissions if one["user_id"] in gone]
    present = [one for one in permissions if one["user_id"] not in gone]
    still = [one for one in present if one["id"] in there.ids or one["user_id"] in there.holders]
    if without:
        losses.append(
            f"{counted(len(without), 'permission')} of people who are inactive, of another organisation or not in "
            "the directory now."
        )
    if still:
        losses.append(f"{counted(len(still), 'permission')}: in the table already, and left as there.")
    kept_there = [one for one in numbers if one["id"] in there.ids]
    if kept_there:
        losses.append(f"{counted(len(kept_there), 'phone number')}: in the table already, and left as there.")
    others = [one for one in numbers if one["id"] not in there.ids]
    foreign = [one for one in others if one["organization_id"] not in (None, str(organization_id))]
    if foreign:
        losses.append(f"{counted(len(foreign), 'phone number')} of another organisation.")
        others = [one for one in others if one["organization_id"] in (None, str(organization_id))]
    taken = [one for one in others if _one_notation(one["phone_number"]) in there.numbers]
    losses += [
        f"The number {safe_text(one['phone_number'], 30)}: the organisation has it in another row now." for one in taken
    ]
    back = [one for one in others if _one_notation(one["phone_number"]) not in there.numbers]
    not_primary = [one for one in back if one["is_primary"] and there.primary is not None]
    losses += [
        f"The mark of {safe_text(one['phone_number'], 30)} as primary: {safe_text(there.primary, 30)} is that now."
        for one in not_primary
    ]
    unassigned = [one for one in back if one["assigned_to_user_id"] in gone]
    losses += [
        f"Who has {safe_text(one['phone_number'], 30)}: somebody inactive, of another organisation or not in the "
        "directory now; it comes back in the pool."
        for one in unassigned
    ]
    losses += await _foreign(connection)
    return RestorePlan(
        version,
        kept["integration_id"],
        organization_id,
        kept["integration_type"],
        len(present) - len(still),
        len(back),
        tuple(losses),
        permissions_left_out=_uuids(chain(without, still)),
        numbers_left_out=_uuids(chain(kept_there, foreign, taken)),
        unassigned=_uuids(unassigned),
        not_primary=_uuids(not_primary),
    )


def _require_room(kept: dict[str, Any]) -> None:
    """Raise Conflict where it is there already, or another one is in its place."""
    name = kept["integration_type"]
    if kept["is_there"]:
        raise Conflict(f"{name} is there already, with the same id.", "List the integrations again.")
    if kept["other"] is not None:
        raise Conflict(
            f"Another {name} was set up meanwhile (id {kept['other']}), so the deleted one cannot come back.",
            f"`switchboard integrations delete {name}` first, if it is the deleted one that is wanted.",
        )


@dataclass(frozen=True, slots=True)
class _There:
    """What the tables hold now: ids, numbers in one notation, who has the primary mark, and who holds a permission."""

    ids: frozenset[str]
    numbers: frozenset[str]
    primary: str | None
    holders: frozenset[str]


async def _what_is_there(
    connection: Connection, kept: dict[str, Any], permissions: list[Json], numbers: list[Json]
) -> _There:
    values = {
        "organization_id": kept["organization_id"],
        "integration_id": kept["integration_id"],
        "permissions": [one["id"] for one in permissions],
        "numbers": [one["id"] for one in numbers],
    }
    rows = await (await connection.execute(THERE_NOW, values)).fetchall()
    found = [row for row in rows if row["kind"] == "number"]
    return _There(
        frozenset(str(row["id"]) for row in rows),
        frozenset(_one_notation(row["text"]) for row in found if row["text"]),
        next((row["text"] for row in found if row["is_primary"]), None),
        frozenset(row["text"] for row in rows if row["kind"] == "permission"),
    )


async def _people_gone(
    connection: Connection, organization_id: UUID, people: Iterable[str], *, knows_everybody: bool
) -> frozenset[str]:
    """Those of the people who get nothing any more."""
    ids = list(people)
    rows = await (await connection.execute(PEOPLE_BY_ID, {"ids": ids})).fetchall() if ids else []
    active = {str(row["id"]) for row in rows if row["is_active"] and row["organization_id"] in (None, organization_id)}
    known = {str(row["id"]) for row in rows}
    return frozenset(person for person in ids if person not in active and (knows_everybody or person in known))


async def _foreign(connection: Connection) -> list[str]:
    """What other programs keep of it, which nobody here knows."""
    values = {
        "relations": list(TABLES),
        "columns": [",".join(name for name, _ in columns) for columns in TABLES.values()],
    }
    columns = await (await connection.execute(FOREIGN, values)).fetchall()
    children = await (await connection.execute(CHILDREN)).fetchall()
    return [
        *(
            f"What {row['relation']} has in columns of other programs ({safe_text(row['columns'], 100)}): "
            "their defaults take its place."
            for row in columns
        ),
        *(f"What {safe_text(row['relation'], 60)} had of it, if the delete took it." for row in children),
    ]


def _one_notation(phone_number: str) -> str:
    """A number as E.164, so that two of them are found to be the same."""
    return e164(phone_number) or phone_number.strip()


def _uuids(rows: Iterable[Json]) -> tuple[UUID, ...]:
    return tuple(UUID(row["id"]) for row in rows)
