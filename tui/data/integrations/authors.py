"""Who created, last changed and tested an integration, in words: from the directory, else as the log calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tui.data.directory import people_by_id
from tui.data.integrations.role_privileges import RolePrivileges, read_privileges
from tui.words.people.names import CLAIM, Origin, author

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from tui.data.postgres.database import Database
    from tui.models.integrations import Integration

# The row of an insert says when its transaction began, and its log row when it was written; other programs set
# updated_at by clocks of their own. The bounds keep it to a few pages of the index on (organization_id, created_at);
# behind the offset they are values, and no expression that row security keeps from the index.
LOGGED = """
select w.id, w.what, l.label, l.user_id, l.operator_from, l.login
  from (select w.*, w.moment - interval '1 minute' as since, w.moment + interval '1 hour' as until
          from unnest(%(ids)s::uuid[], %(whats)s::text[], %(organizations)s::uuid[], %(types)s::text[],
                      %(moments)s::timestamptz[]) as w (id, what, organization_id, integration_type, moment)
        offset 0) as w
 cross join lateral (
       select left(l.details ->> 'operator', 200) as label, l.user_id, l.details ->> 'operator_from' as operator_from,
              l.details ->> 'session_user' as login
         from public.integration_audit_logs as l
        where l.organization_id = w.organization_id
          and l.created_at between w.since and w.until
          and case w.what
              when 'tested' then l.action = 'connection_tested' and l.integration_type = w.integration_type
                and l.created_at = w.moment and l.details ->> 'source' = 'switchboard'
              else l.details ->> 'source' = 'trigger' and l.details #>> '{row,id}' = w.id::text
                and (l.action = 'credential_created' or w.what = 'changed' and l.action in
                     ('credential_updated', 'credential_enabled', 'credential_disabled', 'credential_rolled_back'))
              end
        order by l.created_at desc limit 1) as l
 where l.label is not null
"""


class Authors(NamedTuple):
    """Name, e-mail or id of a person, else the label under which the log has the operator; None: nobody knows.

    Marked as claims, unless the log proves that it was the person whom the row names.
    """

    created: str | None = None
    changed: str | None = None
    tested: str | None = None


async def authors_of(
    database: Database, integrations: Iterable[Integration], *, rights: RolePrivileges | None = None
) -> dict[UUID, Authors]:
    """Return the authors of each integration that is set up, by its id.

    What an operator without a user id claimed to be, and where logins are mapped whether a name is proven, is found
    where this role may read the log. `rights` saves asking for them. Raises as Database.read does.
    """
    set_up = [(integration.id, integration) for integration in integrations if integration.id is not None]
    ids = {
        person
        for _, integration in set_up
        for person in (integration.created_by, integration.updated_by, integration.verified_by)
        if person
    }
    people = await people_by_id(database, ids)
    may_be_proven = database.login is not None and database.login.database_has_logins
    asked = [
        (row_id, what, integration.organization_id, integration.integration_type, moment)
        for row_id, integration in set_up
        for what, person, moment in (
            ("created", integration.created_by, integration.created_at),
            ("changed", integration.updated_by, integration.updated_at),
            ("tested", integration.verified_by, integration.tested_at if integration.proven else None),
        )
        if (person is None or may_be_proven) and moment is not None
    ]
    may_read_log = bool(asked) and (rights or await read_privileges(database)).log
    logged = await _logged(database, asked) if may_read_log else {}

    def who(row_id: UUID, what: str, person_id: UUID | None) -> str | None:
        row = logged.get((row_id, what), {})
        is_of_person = person_id in (None, row.get("user_id"))
        origin = Origin.of(row.get("operator_from"), row.get("login")) if is_of_person else CLAIM
        return author(person_id, people, row.get("label"), origin) or None

    return {
        row_id: Authors(
            who(row_id, "created", integration.created_by),
            who(row_id, "changed", integration.updated_by),
            who(row_id, "tested", integration.verified_by),
        )
        for row_id, integration in set_up
    }


async def _logged(database: Database, actions: list[tuple[Any, ...]]) -> dict[tuple[UUID, str], dict[str, Any]]:
    names = ("ids", "whats", "organizations", "types", "moments")
    columns: dict[str, list[Any]] = {
        name: list(column) for name, column in zip(names, zip(*actions, strict=True), strict=True)
    }
    rows = await database.fetch_all(LOGGED, columns)
    return {(row["id"], row["what"]): row for row in rows}
