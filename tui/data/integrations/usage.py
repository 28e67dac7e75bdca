"""When and by which program a credential was last opened or used to send, as the log has it, and who depends on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from tui.data.directory import people_by_id
from tui.data.integrations.listing import HAS_ACCESS
from tui.data.integrations.role_privileges import RolePrivileges, read_privileges
from tui.errors import PermissionDenied, TimedOut
from tui.words.integrations.usage import PROGRAM_DAYS
from tui.words.people.names import Origin, author, person_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from tui.data.postgres.database import Database
    from tui.models.integrations import Integration
    from tui.models.people import Person

MOST_NAMED = 1_000
# By the indexes it takes 2 ms for each. Without them, as in a large log before `setup` has built them, nobody waits.
WITHIN_MS = 2_000

# What was removed from the log is in openings (sql/020_archive.sql), as it is for switchboard.uses_of.
# Tests and syncs open a credential as well, and say nothing of whether anybody needs it. One look at the index for each
# action: of all together it would read every change there was.
OPENINGS = """
select w.id, l.*
  from unnest(%(ids)s::uuid[], %(organizations)s::uuid[], %(types)s::text[]) as w (id, organization_id, type)
 cross join (select a.name from switchboard.actions() as a where a.kind = 'opening') as a
 cross join lateral (
       (select l.action, left(split_part(l.user_agent, '/', 1), 40) as program, l.created_at as at, l.user_id,
               left(l.details ->> 'operator', 200) as label, l.details ->> 'operator_from' as operator_from,
               l.details ->> 'session_user' as login, true as is_use, false as is_of_program
          from public.integration_audit_logs as l
         where l.organization_id = w.organization_id and l.integration_type = w.type and l.action = a.name
           and l.details ->> 'source' = 'switchboard' and l.details ->> 'integration_id' = w.id::text
         order by l.created_at desc limit 1)
       union all
       (select a.name, o.details ->> 'program', o.at, (o.details ->> 'user_id')::uuid, o.details ->> 'label',
               o.details ->> 'operator_from', o.details ->> 'login', true, false
          from switchboard.openings as o
         where o.organization_id = w.organization_id and o.integration_type = w.type and o.kind = 'opened'
           and o.subject = w.id::text || ' ' || a.name)
        order by at desc limit 1) as l
"""
OF_PROGRAMS = """
select w.id, u.action, u.program, u.at, u.user_id, null as label, null as operator_from, null as login,
       u.action = any (array(select s.action from switchboard.send_actions as s)) as is_use,
       true as is_of_program
  from unnest(%(ids)s::uuid[]) as w (id) cross join lateral switchboard.uses_of(w.id) as u
"""
# What a wrong clock has dated before there was such a log is not its beginning.
FIRST_ROWS = """
select w.organization_id, (select l.created_at from public.integration_audit_logs as l
        where l.organization_id = w.organization_id and l.created_at > '2000-01-01' order by l.created_at limit 1) as at
  from (select distinct unnest(%(organizations)s::uuid[])) as w (organization_id)
"""
ARCHIVED_BEFORE = "select switchboard.archived_before()"
PEOPLE = f"""
select distinct p.user_id from public.user_integration_permissions as p
 where p.integration_id = %(id)s and {HAS_ACCESS} limit {MOST_NAMED}
"""
NUMBERS = f"""
select n.phone_number from public.organization_phone_numbers as n where n.integration_id = %(id)s
 order by n.is_primary is true desc, n.phone_number limit {MOST_NAMED}
"""


class Use(NamedTuple):
    """An opening, or a send of another program. `by`: the person, as `author` has it; None where nobody is named."""

    action: str
    program: str
    at: datetime
    by: str | None


class ProgramSeen(NamedTuple):
    """A program as the log names it, "" where it gave no name, and when it last logged something."""

    program: str
    last_seen_at: datetime


class Usage(NamedTuple):
    """What the log says of one integration; `unknown` says why it could not be asked, and the rest is empty then.

    `last` is the newest use. `log_since` is the later of when the integration was created and when the log of its
    organisation begins, which `has_all` tells apart: what was before is not known. None where that log is empty.
    Where rows of that time were removed from the log, `archived_before` says before when, which `log_since` is then.
    `programs` are those seen in PROGRAM_DAYS, the newest first. Of sends the log knows the type alone, so that rows
    of one type share theirs.
    """

    unknown: Literal["", "not visible", "too slow"] = ""
    last: Use | None = None
    log_since: datetime | None = None
    has_all: bool = False
    programs: tuple[ProgramSeen, ...] = ()
    archived_before: datetime | None = None


class NamedDependents(NamedTuple):
    """People who have access now, as id and name, and phone numbers, at most MOST_NAMED; None: not visible."""

    people: tuple[tuple[UUID, str], ...] | None
    phone_numbers: tuple[str, ...] | None


async def usage_of(
    database: Database, integrations: Iterable[Integration], *, rights: RolePrivileges | None = None
) -> dict[UUID, Usage]:
    """Return what the log says of each integration that is set up, by its id. `rights` saves asking for them."""
    by_id = {integration.id: integration for integration in integrations if integration.id is not None}
    if not by_id:
        return {}
    privileges = rights or await read_privileges(database)
    if not (privileges.log and privileges.uses):
        return dict.fromkeys(by_id, Usage("not visible"))
    values = {
        "ids": list(by_id),
        "organizations": [integration.organization_id for integration in by_id.values()],
        "types": [integration.integration_type for integration in by_id.values()],
    }
    try:
        openings, of_programs, first_rows = [
            await database.fetch_all(query, values, statement_timeout_ms=WITHIN_MS)
            for query in (OPENINGS, OF_PROGRAMS, FIRST_ROWS)
        ]
    except TimedOut:
        return dict.fromkeys(by_id, Usage("too slow"))
    try:
        archived: datetime | None = await database.fetch_value(ARCHIVED_BEFORE)
    except PermissionDenied:
        # Of a role that has rights on the log from elsewhere.
        archived = None
    rows = openings + of_programs
    people = await people_by_id(database, {row["user_id"] for row in rows if row["user_id"]})
    first = {row["organization_id"]: row["at"] for row in first_rows}
    return {
        row_id: _usage(integration, [row for row in rows if row["id"] == row_id], first, people, archived)
        for row_id, integration in by_id.items()
    }


async def named_dependents(
    database: Database, integration: Integration, *, rights: RolePrivileges | None = None
) -> NamedDependents:
    """Return whom a delete of the integration concerns, by name."""
    privileges = rights or await read_privileges(database)
    people: tuple[tuple[UUID, str], ...] | None = None
    if privileges.permissions:
        ids = [row["user_id"] for row in await database.fetch_all(PEOPLE, {"id": integration.id})]
        known = await people_by_id(database, ids)
        named = [(user_id, person_name(known[user_id]) if user_id in known else str(user_id)) for user_id in ids]
        people = tuple(sorted(named, key=lambda person: (person[0] not in known, person[1].casefold())))
    numbers: tuple[str, ...] | None = None
    if privileges.numbers:
        numbers = tuple(row["phone_number"] for row in await database.fetch_all(NUMBERS, {"id": integration.id}))
    return NamedDependents(people, numbers)


def _usage(
    integration: Integration,
    rows: list[dict[str, Any]],
    first_rows: Mapping[UUID, datetime | None],
    people: Mapping[UUID, Person],
    archived: datetime | None,
) -> Usage:
    created, first = integration.created_at, first_rows.get(integration.organization_id)
    # What is older is of another integration of that type, which is deleted. A time that no datetime holds is none.
    rows = [row for row in rows if row["at"] and (created is None or row["at"] >= created)]
    uses = sorted((row for row in rows if row["is_use"]), key=lambda row: row["at"])
    seen: dict[str, datetime] = {}
    after = datetime.now(UTC) - timedelta(days=PROGRAM_DAYS)
    for row in rows:
        if row["is_of_program"] and row["at"] >= after:
            seen[row["program"]] = max(row["at"], seen.get(row["program"], row["at"]))
    # The log row of a creation is a little younger than what it is of.
    has_all = created is not None and first is not None and first <= created + timedelta(minutes=1)
    if archived is not None and created is not None and created >= archived:
        archived = None
    if archived is not None:
        # Of what an hour has left of a month that was removed it is not known what was around it.
        has_all, first = False, archived
    return Usage(
        last=_use(uses[-1], people) if uses else None,
        log_since=created if has_all else first,
        has_all=has_all,
        programs=tuple(
            ProgramSeen(name, at) for name, at in sorted(seen.items(), key=lambda item: item[1], reverse=True)
        ),
        archived_before=archived,
    )


def _use(row: Mapping[str, Any], people: Mapping[UUID, Person]) -> Use:
    by = author(row["user_id"], people, row["label"], Origin.of(row["operator_from"], row["login"]))
    return Use(row["action"], row["program"], row["at"], by or None)
