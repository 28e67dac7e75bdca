"""What the database remembers of checks (sql/018_observations.sql): read, held while an outcome is noted, and told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg.types.json import Jsonb

from tui.data.checks.observed import CALLS, CHECK_EVERY, EXPIRING, observed_changes
from tui.data.checks.state import CheckState, after_cut_off, after_outcome
from tui.models.integrations import Integration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import timedelta
    from uuid import UUID

    from tui.data.checks.observed import Observations
    from tui.data.checks.state import Change, Outcome
    from tui.data.postgres.database import Connection, Database

COLUMNS = ", ".join(f"k.{name}" for name in CheckState._fields)
STATES = f"""
select k.integration_id, {COLUMNS} from switchboard.checks as k where k.integration_id = any(%(ids)s)
"""
ACTIVE = """
select c.id, c.organization_id, c.integration_type, c.display_name, c.is_active
  from public.integration_credentials as c
 where c.is_active and (%(organization_id)s::uuid is null or c.organization_id = %(organization_id)s::uuid)
 order by c.created_at, c.id
"""
HEALTH_READ = """
select o.number, max(o.at) between clock_timestamp() - %(within)s::interval and clock_timestamp() as is_fresh
  from switchboard.observations as o
 where o.integration_id = %(id)s and o.name = any(%(names)s) group by o.number order by max(o.at), o.number
"""
EVERY = """
select o.value from switchboard.observations as o
 where o.integration_id = %(id)s and o.number = '' and o.name = %(name)s
"""
IS_CHECKED = """
select from switchboard.checks as k where k.integration_id = %(id)s and k.begun_at is not null
"""
NOW = "select clock_timestamp() as now"
BEGIN = "select switchboard.begin_check(%(id)s::uuid, %(seen)s::timestamptz) as begun_at"
HOLD = "select h.state, h.observed, h.at from switchboard.hold_check(%(id)s::uuid) as h"
NOTE = "select switchboard.note_check(%(id)s::uuid, %(state)s::jsonb, %(observed)s::jsonb, %(changes)s::jsonb)"
# What expires soon, beside what was said of it; more than was said, or less, is news.
EXPIRING_SOON = """
select c.id as integration_id, p.id as permission_id, p.expires_at, o.name, o.value
  from public.integration_credentials as c
  left join public.user_integration_permissions as p
    on p.integration_id = c.id and p.expires_at > clock_timestamp()
       and p.expires_at < clock_timestamp() + %(soon)s::interval
 full join (select o.integration_id, o.name, o.value from switchboard.observations as o
             where o.number = '' and starts_with(o.name, %(prefix)s)) as o
    on o.integration_id = c.id and o.name = %(prefix)s || p.id
 where coalesce(c.id, o.integration_id) = any(%(ids)s) and (p.id is not null or o.name is not null)
"""
SOON = "7 days"
MOST_EXPIRING = 200
CLAIM = "select c.* from switchboard.claim_change(%(organizations)s::uuid[]) as c where c.id is not null"
TOLD = "select switchboard.note_told(%(id)s::uuid)"


class NoticedChange(NamedTuple):
    """A change that is to be told; the id stays the same where it is told again."""

    id: UUID
    integration_id: UUID
    organization_id: UUID
    integration_type: str
    kind: str
    number: str
    value: str
    noticed_at: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """What is remembered of an integration, held to the end of the transaction, and the time."""

    state: CheckState
    observed: Observations
    at: datetime


async def read_active(database: Database, organization_id: UUID | None) -> list[Integration]:
    """Return the integrations that are enabled, of an organisation or of all that this login sees."""
    rows = await database.fetch_all(ACTIVE, {"organization_id": organization_id})
    return [Integration(**row) for row in rows]


async def read_states(database: Database, ids: Sequence[UUID]) -> dict[UUID, CheckState]:
    """Return what is remembered of those integrations that were checked."""
    rows = await database.fetch_all(STATES, {"ids": list(ids)})
    return {row["integration_id"]: CheckState(**{name: row[name] for name in CheckState._fields}) for row in rows}


async def read_now(database: Database) -> datetime:
    """Return the time by the server's clock."""
    now: datetime = await database.fetch_value(NOW)
    return now


async def begin_check(database: Database, integration_id: UUID, state: CheckState) -> bool:
    """Note that a provider is asked from now on; False where somebody began since `state` was read."""

    async def unit(connection: Connection) -> bool:
        values = {"id": integration_id, "seen": state.begun_at}
        row = await (await connection.execute(BEGIN, values)).fetchone()
        return row is not None and row["begun_at"] is not None

    return await database.write(unit)


async def note_outcome(
    connection: Connection,
    integration_id: UUID,
    outcome: Outcome,
    observed: Mapping[tuple[str, str], str | None] | None = None,
    *,
    is_stale: bool = False,
) -> None:
    """Note what a test of a stored credential came to, and what is news of it, within the caller's transaction.

    Only of an integration that was checked before, where somebody waits for news. `observed` is what the provider said
    besides; None in it is what is no more. `is_stale` says that the row was changed after the envelope was taken, which
    counts where the content was.
    """
    if await (await connection.execute(IS_CHECKED, {"id": integration_id})).fetchone() is None:
        return
    held = await _hold(connection, integration_id)
    begun_at, changed_at = held.state.begun_at, held.state.changed_at
    is_stale = is_stale and begun_at is not None and changed_at is not None and changed_at > begun_at
    state, changes = after_outcome(held.state, outcome, held.at, is_stale=is_stale)
    values = {} if is_stale else dict(observed or {})
    news = observed_changes(held.observed, _with(held.observed, values))
    await _note(connection, integration_id, state, values, (*changes, *news))


async def note_cut_off(database: Database, integration_id: UUID, seen: CheckState, *, is_asked_again: bool) -> None:
    """Note that the check that `seen` tells of was cut off, unless it has ended or another began."""

    async def unit(connection: Connection) -> None:
        held = await _hold(connection, integration_id)
        if held.state.in_progress and held.state.begun_at == seen.no_later_than(held.at).begun_at:
            state, changes = after_cut_off(held.state, held.at, is_asked_again=is_asked_again)
            await _note(connection, integration_id, state, {}, changes)

    await database.write(unit)


async def read_numbers_read(database: Database, integration_id: UUID, within: timedelta) -> tuple[list[str], list[str]]:
    """Return the numbers whose health was read within that time, and those longer ago, the oldest first."""
    values = {"id": integration_id, "within": within, "names": list(CALLS)}
    rows = await database.fetch_all(HEALTH_READ, values)
    fresh, stale = ([row["number"] for row in rows if row["is_fresh"] is is_fresh] for is_fresh in (True, False))
    return fresh, stale


async def note_every(database: Database, integration_id: UUID, every: timedelta) -> None:
    """Note how long lies between two checks, where that is another time than the last one."""
    seconds = str(round(every.total_seconds()))
    if await database.fetch_value(EVERY, {"id": integration_id, "name": CHECK_EVERY}) != seconds:
        await note_observed(database, integration_id, {("", CHECK_EVERY): seconds})


async def note_observed(
    database: Database, integration_id: UUID, observed: Mapping[tuple[str, str], str | None]
) -> None:
    """Note what a provider said besides yes and no, or (None) what is no more, and what is news of it."""

    async def unit(connection: Connection) -> None:
        held = await _hold(connection, integration_id)
        changes = observed_changes(held.observed, _with(held.observed, observed))
        await _note(connection, integration_id, held.state, observed, changes)

    await database.write(unit)


async def note_expiring(database: Database, ids: Sequence[UUID]) -> None:
    """Note which permissions on these integrations expire within seven days, and which do not any more."""
    rows = await database.fetch_all(EXPIRING_SOON, {"ids": list(ids), "soon": SOON, "prefix": EXPIRING})
    news: dict[UUID, dict[tuple[str, str], str | None]] = {}
    for row in rows:
        # In one zone, whatever the server's sessions have: another text is another date.
        expires_at = row["expires_at"].astimezone(UTC).isoformat() if row["expires_at"] else None
        if row["value"] != expires_at:
            name = row["name"] or f"{EXPIRING}{row['permission_id']}"
            news.setdefault(row["integration_id"], {})["", name] = expires_at
    for integration_id, values in news.items():
        # No more than may be noted at once, nor in an hour: what is left is news to the next check.
        some = dict(islice(values.items(), MOST_EXPIRING))
        await note_observed(database, integration_id, some)


async def claim_change(database: Database, organizations: Sequence[UUID] | None) -> NoticedChange | None:
    """Return the earliest change that nobody has told or tells, of these organisations or of all, and claim it."""

    async def unit(connection: Connection) -> dict[str, Any] | None:
        values = {"organizations": None if organizations is None else list(organizations)}
        return await (await connection.execute(CLAIM, values)).fetchone()

    row = await database.write(unit)
    return NoticedChange(**row) if row else None


async def note_told(database: Database, change: NoticedChange) -> None:
    """Note that a change was told."""
    await database.execute(TOLD, {"id": change.id})


def _with(before: Observations, values: Mapping[tuple[str, str], str | None]) -> Observations:
    """All that is known now: what was, with what is new."""
    merged = {**before, **values}
    return {key: value for key, value in merged.items() if value is not None}


async def _hold(connection: Connection, integration_id: UUID) -> Held:
    row = await (await connection.execute(HOLD, {"id": integration_id})).fetchone()
    if row is None:
        raise AssertionError("a function call returns one row")
    state = CheckState(**{name: _time_or_value(name, row["state"][name]) for name in CheckState._fields})
    observed = {(number, name): value for number, name, value in row["observed"]}
    return Held(state.no_later_than(row["at"]), observed, row["at"])


def _time_or_value(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if name.endswith(("_at", "_since")) and value is not None else value


async def _note(
    connection: Connection,
    integration_id: UUID,
    state: CheckState,
    observed: Mapping[tuple[str, str], str | None],
    changes: Iterable[Change],
) -> None:
    remembered = {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in state._asdict().items()
    }
    values = {
        "id": integration_id,
        "state": Jsonb(remembered),
        "observed": Jsonb([[*key, value] for key, value in observed.items()]),
        "changes": Jsonb([list(change) for change in changes]),
    }
    await connection.execute(NOTE, values)
