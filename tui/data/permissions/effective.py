"""Effective access by person and by integration, with reasons, and whether any program asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.data.integrations.columns import without_envelope
from tui.data.permissions.listing import (
    GRANT_COLUMNS,
    INTEGRATIONS,
    LAST_GRANTED_FIRST,
    MOST_PEOPLE,
    Holder,
    Use,
    grant_from,
    holder_from,
    holders_by_id,
    integrations_of,
    people_page,
    use_in,
    use_of,
)
from tui.data.permissions.values import access_of
from tui.data.rights import RIGHTS, holds_any_right
from tui.errors import NotFound
from tui.models.integrations import Integration
from tui.words.counts import counted
from tui.words.integrations.description import LIST_AGAIN

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from tui.data.permissions.values import Access, Grant
    from tui.data.postgres.database import Connection, Database
    from tui.data.rights import Right

MOST_USERS = 1_000

GRANTS_OF_PERSON = f"""
select distinct on (p.integration_id) {GRANT_COLUMNS} from public.user_integration_permissions as p
  join public.integration_credentials as c on c.id = p.integration_id
 where p.user_id = %(user_id)s and c.organization_id = %(organization_id)s
 order by p.integration_id, {LAST_GRANTED_FIRST}
"""
OF_INTEGRATION = INTEGRATIONS.replace("where", "where c.id = %(integration_id)s and")
GRANTS_OF_INTEGRATION = f"""
select g.*, d.email, d.name, d.is_active, d.id is not null as is_known,
       d.organization_id is null or d.organization_id = %(organization_id)s as is_member
  from (select distinct on (p.user_id) {GRANT_COLUMNS} from public.user_integration_permissions as p
         where p.integration_id = %(integration_id)s
         order by p.user_id, {LAST_GRANTED_FIRST}) as g
  left join switchboard.visible_people as d on d.id = g.user_id
 where {holds_any_right("g")}
 order by d.id is null, lower(left(coalesce(nullif(btrim(d.name), ''), d.email, g.user_id::text), 200)), g.user_id
 limit %(limit)s
"""
# The counter exists while track_functions is pl or all, and is per function, not per caller.
CALLS_OF_MAY = """
select current_setting('track_functions') in ('pl', 'all') as counted,
       (select s.calls from pg_catalog.pg_stat_user_functions as s
         where s.schemaname = 'switchboard' and s.funcname = 'may') as calls,
       pg_catalog.pg_stat_get_db_stat_reset_time(
         (select d.oid from pg_catalog.pg_database as d where d.datname = current_database())) as since
"""


@dataclass(frozen=True, slots=True)
class AccessDecision:
    """Whether one act is allowed now, and the reason why not, in the words of switchboard.may."""

    right: Right
    reason: str | None

    @property
    def allowed(self) -> bool:
        """Whether there is no reason against it."""
        return self.reason is None


@dataclass(frozen=True, slots=True)
class EffectiveAccess:
    """What one person can do with one integration at `now`, the server's time, with the row that decides it."""

    person: Holder
    integration: Integration
    grant: Grant | None
    use: Use
    now: datetime

    def decision(self, right: Right) -> AccessDecision:
        """Judge as switchboard.may does, from what was read."""
        return AccessDecision(right, self._reason(right))

    @property
    def decisions(self) -> tuple[AccessDecision, ...]:
        """The verdict on each right."""
        return tuple(self.decision(right) for right in RIGHTS)

    @property
    def can_do(self) -> tuple[Right, ...]:
        """What is allowed now."""
        return tuple(decision.right for decision in self.decisions if decision.allowed)

    @property
    def access(self) -> Access:
        """What the row gives; NOTHING where there is none."""
        return access_of(self.grant)

    def _reason(self, right: Right) -> str | None:
        # The words and their order are those of sql/008_enforcement.sql; a test compares the two.
        if self.grant is None:
            return "no permission"
        access, is_limited = self.grant.access, RIGHTS[right].is_limited
        reasons = (
            (not access.has(right), f"may not {right}"),
            (access.is_expired(self.now), "expired"),
            (not self.integration.is_active, "integration disabled"),
            (is_limited and _is_at_limit(self.use.today, access.daily_limit), "daily limit reached"),
            (is_limited and _is_at_limit(self.use.this_month, access.monthly_limit), "monthly limit reached"),
        )
        return next((reason for applies, reason in reasons if applies), None)


@dataclass(frozen=True, slots=True)
class UsersOfIntegration:
    """The people who hold a right on an integration, by name; `more` tells that there are others."""

    integration: Integration
    entries: tuple[EffectiveAccess, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Enforcement:
    """Whether any program asks switchboard.may, as far as the server counts it.

    `calls` is None where the server does not count; `since` is when its statistics began, None where it cannot say.
    Whether the program that asks heeds the answer is not known to anybody here, nor which permission it asked about.
    """

    calls: int | None
    since: datetime | None

    def sentence(self) -> str:
        """Return the answer as a sentence, without the time."""
        if self.calls is None:
            return "It is not known whether any program checks these limits: track_functions is off."
        if self.calls == 0:
            return "No program has checked these limits yet: nothing has called switchboard.may."
        times = "once" if self.calls == 1 else counted(self.calls, "time")
        return f"switchboard.may was called {times}: some program checks permissions and limits."


async def access_of_person(database: Database, organization_id: UUID, user_id: UUID) -> tuple[EffectiveAccess, ...]:
    """Return what a person can do with every integration of the organisation that is set up, by type.

    A person whom nobody knows and who holds nothing has no permission on each.
    """
    holders = await holders_by_id(database, organization_id, [user_id])
    person = holders.get(user_id) or Holder(user_id, None, None, "not in the directory")

    async def unit(connection: Connection) -> tuple[EffectiveAccess, ...]:
        values = {"organization_id": organization_id, "user_id": user_id, "user_ids": [user_id]}
        integrations = await (await connection.execute(INTEGRATIONS, values)).fetchall()
        rows = await (await connection.execute(GRANTS_OF_PERSON, values)).fetchall()
        grants = {row["integration_id"]: grant_from(row) for row in rows}
        usage = await use_in(connection, values)
        return tuple(
            EffectiveAccess(
                person,
                Integration(**without_envelope(row)),
                grants.get(row["id"]),
                usage.get((user_id, row["integration_type"]), Use()),
                row["now"],
            )
            for row in integrations
        )

    return await database.read(unit)


async def list_access(database: Database, organization_id: UUID) -> list[EffectiveAccess]:
    """Return every permission of the organisation, by person and then by type, with what it allows now."""
    integrations = {integration.id: integration for integration in await integrations_of(database, organization_id)}
    entries: list[EffectiveAccess] = []
    place, more = None, True
    while more:
        page = await people_page(database, organization_id, beyond=place, limit=MOST_PEOPLE)
        usage = await use_of(database, organization_id, list({user_id for user_id, _ in page.grants}))
        for person in page.people:
            for integration_id, integration in integrations.items():
                grant = page.grants.get((person.id, integration_id)) if integration_id else None
                if grant is not None:
                    use = usage.get((person.id, integration.integration_type), Use())
                    entries.append(EffectiveAccess(person, integration, grant, use, page.now))
        place, more = page.last, page.more
    return entries


async def access_to_integration(
    database: Database, organization_id: UUID, integration_id: UUID, limit: int = MOST_USERS
) -> UsersOfIntegration:
    """Return up to `limit` people who hold a right on an integration, and what each can do now. Raises NotFound."""

    async def unit(connection: Connection) -> UsersOfIntegration:
        values = {"organization_id": organization_id, "integration_id": integration_id, "limit": limit + 1}
        row = await (await connection.execute(OF_INTEGRATION, values)).fetchone()
        if row is None:
            raise NotFound("That integration no longer exists.", LIST_AGAIN)
        integration = Integration(**without_envelope(row))
        rows = await (await connection.execute(GRANTS_OF_INTEGRATION, values)).fetchall()
        usage = await use_in(connection, {**values, "user_ids": [row["user_id"] for row in rows[:limit]]})
        entries = tuple(
            EffectiveAccess(
                holder_from(record | {"id": record["user_id"]}),
                integration,
                grant_from(record),
                usage.get((record["user_id"], integration.integration_type), Use()),
                row["now"],
            )
            for record in rows[:limit]
        )
        return UsersOfIntegration(integration, entries, len(rows) > limit)

    return await database.read(unit)


async def enforcement(database: Database) -> Enforcement:
    """Tell whether anything has asked switchboard.may; nothing of Switchboard's own calls it."""
    row = await database.fetch_one(CALLS_OF_MAY) or {}
    calls = row["calls"] or 0
    return Enforcement(calls if calls or row["counted"] else None, row["since"])


def _is_at_limit(used: int, limit: int | None) -> bool:
    return limit is not None and used >= limit
