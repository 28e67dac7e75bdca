"""Integrations: listing them, and the acts that change one."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from tui.data.integrations.columns import COLUMNS, without_envelope
from tui.data.integrations.role_privileges import RolePrivileges, read_privileges
from tui.data.keys.envelopes import envelope_format
from tui.data.rights import holds_any_right_now
from tui.errors import Conflict, NotFound
from tui.models.integrations import Integration
from tui.words.counts import counted
from tui.words.integrations.description import LIST_AGAIN
from tui.words.log.failure_reason import failure_reason

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from tui.data.keys.encryption import Keyring
    from tui.data.postgres.database import Connection, Database
    from tui.models.envelopes import EnvelopeFormat, UnreadableReason

# The log row of a test and the time it sets belong to one transaction, but not to one moment.
ONE_TEST = timedelta(minutes=1)

HAS_ACCESS = f"{holds_any_right_now('p')} is true"
PEOPLE_WITH_ACCESS = f"""(select count(distinct p.user_id) from public.user_integration_permissions as p
         where p.integration_id = c.id and {HAS_ACCESS})"""
NUMBERS = "(select count(*) from public.organization_phone_numbers as n where n.integration_id = c.id)"

TESTS = """public.integration_audit_logs as l
          where l.action = 'connection_tested' and l.organization_id = c.organization_id
            and l.integration_type = c.integration_type and l.details ->> 'source' = 'switchboard'
            and l.status <> 'pending' and l.details -> 'draft' is null
            and coalesce(l.details ->> 'integration_id', c.id::text) = c.id::text"""
# What was removed from the log (switchboard.keep_openings, sql/020_archive.sql).
_REMOVED = """switchboard.openings as o
          where o.organization_id = c.organization_id and o.integration_type = c.integration_type
            and o.subject in ('', c.id::text) and o.kind"""
MOST_WORDS = 200
_REASON = f"""left(coalesce(l.details ->> 'code', l.details ->> 'error_code'), 40) as code,
         left(coalesce(l.details ->> 'why', l.details ->> 'error'), {MOST_WORDS}) as words"""
# One look at the index for each action: of both together it would read every change there was.
_LAST_CHANGE = """(select l.created_at from public.integration_audit_logs as l
          where l.action = '{action}' and l.organization_id = c.organization_id
            and l.integration_type = c.integration_type and l.details ->> 'source' = 'trigger'
            and l.details -> 'envelope' ->> 'changed' = 'true' and l.details ->> 'rotation' is distinct from 'true'
            and coalesce(l.details -> 'row' ->> 'id', c.id::text) = c.id::text
          order by l.created_at desc limit 1)"""
# A test that did not reach the provider is logged as failed and judged unknown: it says nothing about the credential.
LATEST_TEST = f"""left join lateral (
         (select l.status, l.created_at, l.user_id, {_REASON} from {TESTS}
            and l.details ->> 'judgement' is distinct from 'unknown'
          order by l.created_at desc limit 1)
         union all
         (select o.details ->> 'status', o.at, (o.details ->> 'user_id')::uuid, o.details ->> 'code',
                 o.details ->> 'words'
            from {_REMOVED} = 'tested'
          order by o.at desc limit 1)
          order by created_at desc limit 1) as test on true
       left join lateral (
         select greatest({_LAST_CHANGE.format(action="credential_updated")},
                         {_LAST_CHANGE.format(action="credential_rolled_back")},
                         (select max(o.at) from {_REMOVED} = 'changed'
                             and o.details ->> 'action' in ('credential_updated', 'credential_rolled_back'))
                ) as created_at) as change on true
       left join lateral (
         select min(u.created_at) as created_at, max(u.words) as words from (
           select l.created_at, left(l.details ->> 'why', {MOST_WORDS}) as words from {TESTS}
              and l.details ->> 'judgement' = 'unknown'
           union all
           select o.at, o.details ->> 'words' from {_REMOVED} = 'unreached') as u
          where u.created_at > greatest(test.created_at, change.created_at, c.last_verified_at, '-infinity')
         ) as unreached on true"""

NO_TEST = """cross join (select null as status, null::timestamptz as created_at, null::uuid as user_id, null as code,
         null as words) as test
       cross join (select null::timestamptz as created_at, null as words) as unreached
       cross join (select null::timestamptz as created_at) as change"""

NO_ACCESS_LOST = "removes nobody's access"

SET_ACTIVE = """
update public.integration_credentials set is_active = %(active)s, updated_by = %(operator)s
 where id = %(id)s and is_active is distinct from %(active)s
returning id
"""
DELETE = "delete from public.integration_credentials where id = %(id)s"
DEPENDENTS = f"""
select p.permissions, p.people, p.idle, n.phone_numbers
  from (select count(*) as permissions, count(distinct p.user_id) filter (where {HAS_ACCESS}) as people,
               count(*) filter (where not {HAS_ACCESS}) as idle
          from public.user_integration_permissions as p where p.integration_id = %(id)s) as p,
       (select count(*) as phone_numbers from public.organization_phone_numbers where integration_id = %(id)s) as n
"""


class Dependents(NamedTuple):
    """What is deleted together with an integration: permissions and phone numbers.

    `people` have access now, as the list counts them; `idle` permissions have expired or grant nothing.
    """

    permissions: int
    people: int
    idle: int
    phone_numbers: int

    def sentence(self) -> str:
        """Say it for a person: "removes access for 37 people; 4 numbers are deleted with it"."""
        people = f"removes access for {counted(self.people, 'person', 'people')}" if self.people else NO_ACCESS_LOST
        if self.idle:
            further = "more " if self.permissions > self.idle else ""
            singular, plural = "permission has expired or grants nothing", "permissions have expired or grant nothing"
            people = f"{people} ({counted(self.idle, further + singular, further + plural)})"
        numbers = counted(self.phone_numbers, "number is", "numbers are") if self.phone_numbers else "no number is"
        return f"{people}; {numbers} deleted with it"


async def list_integrations(
    database: Database,
    keyring: Keyring | None,
    organization_id: UUID,
    types: Sequence[str],
    *,
    rights: RolePrivileges | None = None,
) -> list[Integration]:
    """Return every integration of the organisation and the types of `types` that are not set up, in that order.

    Adopted tables without UNIQUE may hold several rows of a type: each is returned, the oldest first.
    An envelope that does not open is reported in its row and never fails the list. Without a keyring
    none is opened, which spares the first derivation of a key. `rights` saves asking for them.
    """
    privileges = rights or await read_privileges(database)
    people = PEOPLE_WITH_ACCESS if privileges.permissions else "null"
    numbers = NUMBERS if privileges.numbers else "null"
    envelope = "c.credentials_encrypted" if privileges.envelopes else "null"
    test = LATEST_TEST if privileges.log else NO_TEST
    query = f"""
select {COLUMNS}, {envelope} as envelope, {people} as people_with_access, {numbers} as phone_numbers,
       test.status as test_status, test.created_at as tested_at, test.user_id as tested_by,
       change.created_at as changed_at, unreached.created_at as unreached_at,
       test.code as test_code, test.words as test_words, unreached.words as unreached_words
  from public.integration_credentials as c {test}
 where c.organization_id = %(organization_id)s
 order by c.created_at, c.id
"""
    rows = await database.fetch_all(query, {"organization_id": organization_id})

    def opened() -> list[Integration]:
        return [_integration(row, keyring, privileges.envelopes) for row in rows]

    # In a thread: the first opening derives a key, which takes up to 0.5 s.
    listed = opened() if keyring is None else await asyncio.to_thread(opened)
    by_type: dict[str, list[Integration]] = {name: [] for name in types}
    for integration in sorted(listed, key=lambda integration: integration.integration_type):
        by_type.setdefault(integration.integration_type, []).append(integration)
    return [
        integration
        for name, of_type in by_type.items()
        for integration in (_number_rows_of_type(of_type) or [Integration(None, organization_id, name)])
    ]


async def set_active(database: Database, integration: Integration, *, active: bool) -> bool:
    """Enable or disable an integration. Returns whether that changed anything. Raises NotFound."""

    async def unit(connection: Connection) -> bool:
        values = {"id": integration.id, "active": active, "operator": database.operator.user_id}
        if await (await connection.execute(SET_ACTIVE, values)).fetchone():
            return True
        await _must_exist(connection, integration)
        return False

    return await database.write(unit)


async def count_dependents(database: Database, integration: Integration) -> Dependents:
    """Count what a delete would take along."""
    return await database.read(partial(_count_dependents, integration=integration))


async def delete(database: Database, integration: Integration, expected: Dependents) -> Dependents:
    """Delete an integration with its permissions and phone numbers, provided that they are the ones that were shown.

    Raises NotFound, and Conflict when what goes with it is not what the person agreed to; nothing is deleted then.
    """

    async def unit(connection: Connection) -> Dependents:
        await _must_exist(connection, integration, lock="for update")
        actual = await _count_dependents(connection, integration)
        if actual != expected:
            raise Conflict(
                f"What is deleted with it changed meanwhile: it {actual.sentence()}. Nothing was deleted.",
                "Look at the new counts and confirm again.",
            )
        await connection.execute(DELETE, {"id": integration.id})
        return actual

    return await database.write(unit)


async def _count_dependents(connection: Connection, integration: Integration) -> Dependents:
    row = await (await connection.execute(DEPENDENTS, {"id": integration.id})).fetchone()
    return Dependents(**row) if row else Dependents(0, 0, 0, 0)


async def _must_exist(connection: Connection, integration: Integration, *, lock: str = "") -> None:
    query = f"select id from public.integration_credentials where id = %(id)s {lock}"
    if await (await connection.execute(query, {"id": integration.id})).fetchone() is None:
        raise NotFound(f"The integration {integration.integration_type} no longer exists.", LIST_AGAIN)


def _number_rows_of_type(of_type: list[Integration]) -> list[Integration]:
    """Tell rows of one type apart."""
    if len(of_type) < 2:
        return of_type
    return [integration._replace(place=(number, len(of_type))) for number, integration in enumerate(of_type, start=1)]


def _integration(row: dict[str, Any], keyring: Keyring | None, envelopes_visible: bool) -> Integration:
    base = without_envelope(row)
    envelope_shape: EnvelopeFormat | None = None
    unreadable: UnreadableReason | None = "not visible"
    if envelopes_visible and keyring is None:
        envelope_shape, unreadable = envelope_format(row["envelope"] or ""), "not tried"
    elif envelopes_visible and keyring is not None:
        # Where rows are shown before anything is opened, this waits until they are.
        from tui.data.integrations.credentials import open_stored

        credential = open_stored(row, keyring)
        envelope_shape = credential.format
        unreadable = credential.problem.reason if credential.problem else None
    tested_at, verified_at = row["tested_at"], row["last_verified_at"]
    is_current = tested_at is not None and (row["changed_at"] is None or row["changed_at"] < tested_at)
    is_own_test = verified_at is not None and is_current and tested_at >= verified_at - ONE_TEST
    proven = bool(row["is_verified"] and row["test_status"] == "success" and is_own_test)
    return Integration(
        **base,
        envelope_format=envelope_shape,
        unreadable=unreadable,
        proven=proven,
        failing=is_current and row["test_status"] == "failed",
        tested_at=tested_at if is_current else None,
        unknown_since=row["unreached_at"],
        test_failure=_failure(row),
        verified_by=row["tested_by"] if proven else None,
        people_with_access=row["people_with_access"],
        phone_numbers=row["phone_numbers"],
    )


def _failure(row: dict[str, Any]) -> str:
    """Say why the last test failed; empty where it did not, or nobody knows."""
    if row["unreached_at"] is not None:
        return failure_reason("", row["unreached_words"] or "")
    if row["test_status"] != "failed":
        return ""
    # Exotel refuses with 200 as well, which explains nothing.
    code = row["test_code"] or ""
    return failure_reason("" if code.startswith("2") else code, row["test_words"] or "", is_message=True)
