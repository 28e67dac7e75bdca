"""Reads permissions for the grid: a page of people, their cells, and what they have sent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from tui.data.integrations.columns import COLUMNS, without_envelope
from tui.data.permissions.values import Access, Cell, Grant
from tui.data.postgres.like_patterns import containing
from tui.data.rights import COLUMNS as RIGHT_COLUMNS
from tui.data.rights import holds_any_right, holds_any_right_now, holds_rights_now, rights_of
from tui.models.integrations import Integration
from tui.words.people.names import person_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from tui.data.permissions.values import CellKey
    from tui.data.postgres.database import Connection, Database
    from tui.data.rights import Right

Sort = Literal["name", "email", "granted"]
Standing = Literal["active", "inactive", "of another organisation", "not in the directory"]
MOST_PEOPLE = 1_000

# An expiry of 'infinity' loads as None, which is right; one before all dates must not.
ACCESS_COLUMNS = f"""{", ".join(f"coalesce(p.{column}, false) as {column}" for column in RIGHT_COLUMNS)},
       case when p.expires_at < '0002-01-01' then '0002-01-01'::timestamptz else p.expires_at end as expires_at,
       p.daily_limit, p.monthly_limit"""
GRANT_COLUMNS = f"p.id, p.user_id, p.integration_id, p.granted_by, p.granted_at, {ACCESS_COLUMNS}"
# An adopted table may have several rows for the same two: the one granted last stands, as for switchboard.may.
LAST_GRANTED_FIRST = "p.granted_at desc nulls last, p.id"

OF_THE_ORGANIZATION = """p.integration_id = any (array(
           select c.id from public.integration_credentials as c where c.organization_id = %(organization_id)s))"""
MEMBER = "(d.organization_id = %(organization_id)s or d.organization_id is null)"

# The directory's people of the organisation come first, and only behind them whoever else holds a permission on one of
# its integrations: finding those takes reading every permission, which a first page should not wait for.
MEMBERS = f"""
select d.id, d.email, d.name, d.organization_id, d.is_active, true as is_member, true as is_known
  from switchboard.visible_people as d where {MEMBER}
"""
OTHERS = f"""
select h.user_id as id, d.email, d.name, d.organization_id, d.is_active, false as is_member,
       d.id is not null as is_known
  from (select distinct p.user_id from public.user_integration_permissions as p
         where {OF_THE_ORGANIZATION}
           and not exists (select from switchboard.visible_people as d where d.id = p.user_id and {MEMBER})) as h
  left join switchboard.visible_people as d on d.id = h.user_id
"""
PEOPLE = (MEMBERS, OTHERS)
LAST_GRANT = f"""
  left join (select p.user_id, max(p.granted_at) as granted_at from public.user_integration_permissions as p
              where {OF_THE_ORGANIZATION} group by p.user_id) as g on g.user_id = w.id
"""
NAME = "lower(left(coalesce(nullif(btrim(w.name), ''), w.email, w.id::text), 200))"
# The expression, its type, whether it ascends, and what it needs to be joined.
SORT_KEYS: dict[Sort, tuple[str, str, bool, str]] = {
    "name": (NAME, "text", True, ""),
    # U+10FFFD, so that people without an e-mail come last.
    "email": ("lower(left(coalesce(w.email, chr(1114109)), 200))", "text", True, ""),
    "granted": ("coalesce(g.granted_at, '-infinity')", "timestamptz", False, LAST_GRANT),
}
MATCHES = """(w.name ilike %(pattern)s or w.email ilike %(pattern)s or w.id::text ilike %(pattern)s)"""
HOLDS = f"""exists (select from public.user_integration_permissions as p
                    where p.user_id = w.id and {OF_THE_ORGANIZATION} and """
WITH_ACCESS = f"{HOLDS}{holds_any_right_now('p')})"
EXPIRES_SOON = f"{HOLDS}{holds_any_right('p')} and p.expires_at > now() and p.expires_at <= now() + interval '30 days')"
NOT_IN_DIRECTORY = "(not w.is_known or not coalesce(w.is_active, true))"

CELLS = f"""
select distinct on (p.user_id, p.integration_id) {GRANT_COLUMNS}
  from public.user_integration_permissions as p
 where p.user_id = any (%(user_ids)s) and {OF_THE_ORGANIZATION}
 order by p.user_id, p.integration_id, {LAST_GRANTED_FIRST}
"""
INTEGRATIONS = f"""
select {COLUMNS}, clock_timestamp() as now from public.integration_credentials as c
 where c.organization_id = %(organization_id)s order by c.integration_type, c.id
"""
NOW = "select clock_timestamp() as now"

# Counted as switchboard.may counts (sql/008_enforcement.sql).
USE = """
select l.user_id, l.integration_type,
       count(*) filter (where l.created_at >= date_trunc('day', now(), 'UTC')) as today, count(*) as this_month
  from public.integration_audit_logs as l
 where l.user_id = any (%(user_ids)s) and l.created_at >= date_trunc('month', now(), 'UTC')
   and l.organization_id = %(organization_id)s and l.status = 'success'
   and l.action = any (array(select s.action from switchboard.send_actions as s))
 group by l.user_id, l.integration_type
"""


@dataclass(frozen=True, slots=True)
class PeopleFilter:
    """Which people are listed. `text` is any part of a name, an e-mail or an id, in any case.

    With `rights` only those who hold all of these on one integration now; with `integration_ids` also whoever holds
    them, or any right, on one of these, whatever they are called.
    `expires_within_30_days` leaves out what has expired already; `no_longer_in_directory` keeps the ids that the
    directory does not know and the people who are inactive there.
    """

    text: str = ""
    only_with_access: bool = False
    expires_within_30_days: bool = False
    no_longer_in_directory: bool = False
    rights: tuple[Right, ...] = ()
    integration_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Holder:
    """A row of the grid: somebody of the organisation, or somebody else who holds one of its permissions."""

    id: UUID
    email: str | None
    name: str | None
    standing: Standing

    @property
    def label(self) -> str:
        """What to call them: name, else e-mail, else id."""
        return person_name(self)


@dataclass(frozen=True, slots=True)
class Place:
    """A person's place in the sorted list: 0 among the directory's people or 1 behind them, sort key, and id."""

    part: int
    key: str
    id: UUID


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """Consecutive people, in the order of the list, with their cells.

    `first` and `last` are the places of its ends, None where it is empty; `more` tells whether there is somebody
    beyond it in the direction in which it was read. `grants` holds only what is there; `now` is the server's time,
    which the states of cells are relative to.
    """

    people: tuple[Holder, ...]
    grants: Mapping[CellKey, Grant]
    first: Place | None
    last: Place | None
    more: bool
    now: datetime

    def cell(self, user_id: UUID, integration_id: UUID) -> Cell:
        """Return the cell of a person of this page."""
        return Cell(user_id, integration_id, self.grants.get((user_id, integration_id)))


@dataclass(frozen=True, slots=True)
class Use:
    """Successful sends since the beginning of the day and of the month in UTC."""

    today: int = 0
    this_month: int = 0


async def integrations_of(database: Database, organization_id: UUID) -> list[Integration]:
    """Return the organisation's integrations that are set up, the columns of the grid, without their envelopes."""
    rows = await database.fetch_all(INTEGRATIONS, {"organization_id": organization_id})
    return [Integration(**without_envelope(row)) for row in rows]


async def people_page(
    database: Database,
    organization_id: UUID,
    filter: PeopleFilter | None = None,
    sort: Sort = "name",
    beyond: Place | None = None,
    limit: int = 50,
    *,
    backwards: bool = False,
) -> PeoplePage:
    """Return up to `limit` (1 to MOST_PEOPLE) people beyond a place, None for the list's own end, with their cells.

    The people of the directory come first; behind them those who hold a permission and are not in the directory, or of
    another organisation there. "granted" has the newest grant first; people without a name are sorted by e-mail, then
    by id. Backwards, it is the people before the place, still in the order of the list.
    Raises PermissionDenied where the role may not read permissions.
    """
    people_filter = filter or PeopleFilter()
    page_size = max(1, min(limit, MOST_PEOPLE))
    values = _values(organization_id, people_filter) | {"limit": page_size + 1}
    if beyond is not None:
        values |= {"key": beyond.key, "id": beyond.id}
    parts = [1, 0] if backwards else [0, 1]
    if beyond is not None:
        parts = parts[parts.index(beyond.part) :]

    async def unit(connection: Connection) -> PeoplePage:
        candidates: list[tuple[int, dict[str, Any]]] = []
        for part in parts:
            if len(candidates) <= page_size:
                starts = beyond is not None and beyond.part == part
                query = _page_query(part, people_filter, sort, backwards=backwards, from_place=starts)
                rows = await (await connection.execute(query, values)).fetchall()
                candidates += [(part, row) for row in rows]
        page_rows = candidates[:page_size][::-1] if backwards else candidates[:page_size]
        grants = await _grants(connection, organization_id, [row["id"] for _, row in page_rows])
        ends = [Place(part, row["sort_text"], row["id"]) for part, row in (page_rows[:1] + page_rows[-1:])]
        clock = await (await connection.execute(NOW)).fetchone() or {}
        return PeoplePage(
            tuple(holder_from(row) for _, row in page_rows),
            grants,
            ends[0] if ends else None,
            ends[-1] if ends else None,
            len(candidates) > page_size,
            clock["now"],
        )

    return await database.read(unit)


async def count_people(database: Database, organization_id: UUID, filter: PeopleFilter | None = None) -> int:
    """Count exactly the people that `people_page` would go through."""
    people_filter = filter or PeopleFilter()
    counts = [f"(select count(*) from ({people}) as w {_where(people_filter)})" for people in PEOPLE]
    return int(await database.fetch_value(f"select {' + '.join(counts)}", _values(organization_id, people_filter)))


async def server_time(database: Database) -> datetime:
    """Return the database's time, which decides what has expired."""
    now: datetime = await database.fetch_value(NOW)
    return now


async def holders_by_id(database: Database, organization_id: UUID, ids: Iterable[UUID]) -> dict[UUID, Holder]:
    """Return those of these people who belong to the organisation or hold one of its permissions."""
    query = " union all ".join(f"select w.* from ({people}) as w where w.id = any (%(ids)s)" for people in PEOPLE)
    rows = await database.fetch_all(query, {"organization_id": organization_id, "ids": list(set(ids))})
    return {row["id"]: holder_from(row) for row in rows}


async def grants_of(database: Database, organization_id: UUID, user_ids: Sequence[UUID]) -> dict[CellKey, Grant]:
    """Return the permissions of these people on the organisation's integrations, as they are now."""
    return await database.read(partial(_grants, organization_id=organization_id, user_ids=user_ids))


async def use_of(database: Database, organization_id: UUID, user_ids: Sequence[UUID]) -> dict[tuple[UUID, str], Use]:
    """Return what these people have sent, by person and integration type; who is not in it has sent nothing.

    Raises PermissionDenied where the role may not read the log.
    """
    if not user_ids:
        return {}
    values = {"organization_id": organization_id, "user_ids": list(user_ids)}
    return await database.read(partial(use_in, values=values))


async def use_in(connection: Connection, values: Mapping[str, Any]) -> dict[tuple[UUID, str], Use]:
    """Return what `use_of` does, within a unit; `values` has organization_id and user_ids."""
    rows = await (await connection.execute(USE, values)).fetchall()
    return {(row["user_id"], row["integration_type"]): Use(row["today"], row["this_month"]) for row in rows}


def grant_from(row: Mapping[str, Any]) -> Grant:
    """Return the grant of a row selected with GRANT_COLUMNS."""
    access = Access(rights_of(row), row["expires_at"], row["daily_limit"], row["monthly_limit"])
    return Grant(row["id"], row["user_id"], row["integration_id"], access, row["granted_by"], row["granted_at"])


def holder_from(row: Mapping[str, Any]) -> Holder:
    """Return the person of a row with id, email, name, is_active, is_known and is_member."""
    standing: Standing = "active"
    if not row["is_known"]:
        standing = "not in the directory"
    elif not row["is_member"]:
        standing = "of another organisation"
    elif row["is_active"] is False:
        standing = "inactive"
    return Holder(row["id"], row["email"], row["name"], standing)


async def _grants(connection: Connection, organization_id: UUID, user_ids: Sequence[UUID]) -> dict[CellKey, Grant]:
    if not user_ids:
        return {}
    values = {"organization_id": organization_id, "user_ids": list(user_ids)}
    rows = await (await connection.execute(CELLS, values)).fetchall()
    return {(row["user_id"], row["integration_id"]): grant_from(row) for row in rows}


def _where(people_filter: PeopleFilter) -> str:
    conditions = [
        condition
        for condition, applies in (
            (_matches(people_filter), people_filter.text.strip() or people_filter.rights),
            (WITH_ACCESS, people_filter.only_with_access),
            (EXPIRES_SOON, people_filter.expires_within_30_days),
            (NOT_IN_DIRECTORY, people_filter.no_longer_in_directory),
        )
        if applies
    ]
    return f"where {' and '.join(conditions)}" if conditions else ""


def _matches(people_filter: PeopleFilter) -> str:
    held = holds_rights_now("p", people_filter.rights)
    conditions = [MATCHES] if people_filter.text.strip() else []
    if people_filter.rights:
        conditions.append(f"{HOLDS}{held})")
    named = f"({' and '.join(conditions)})"
    if not people_filter.integration_ids:
        return named
    return f"({named} or {HOLDS}p.integration_id = any (%(integration_ids)s) and {held}))"


def _values(organization_id: UUID, people_filter: PeopleFilter) -> dict[str, Any]:
    values: dict[str, Any] = {"organization_id": organization_id, "integration_ids": [*people_filter.integration_ids]}
    if text := people_filter.text.strip():
        # What cannot be stored is in no name; the driver would refuse to send it.
        storable = text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
        values["pattern"] = containing(storable)
    return values


def _page_query(part: int, people_filter: PeopleFilter, sort: Sort, *, backwards: bool, from_place: bool) -> str:
    expression, type_, ascends, join = SORT_KEYS[sort]
    direction, side = ("asc", ">") if ascends != backwards else ("desc", "<")
    place = f"where (w.sort_key, w.id) {side} (%(key)s::{type_}, %(id)s)" if from_place else ""
    return f"""
select w.*, w.sort_key::text as sort_text
  from (select w.*, {expression} as sort_key from ({PEOPLE[part]}) as w {join} {_where(people_filter)}) as w {place}
 order by w.sort_key {direction}, w.id {direction} limit %(limit)s
"""
