"""What tests and checks found of an organisation's integrations over time, as screens and commands show it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from tui.data.checks.due import LONGEST, SHORTEST
from tui.data.checks.observed import CALLS, CHECK_EVERY, EXPIRING, MAJOR_OUTAGE
from tui.data.checks.state import CheckState
from tui.data.integrations.listing import TESTS
from tui.data.integrations.role_privileges import RolePrivileges, read_privileges
from tui.models.integrations import Observed
from tui.words.numbers.health import RECENT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo
    from uuid import UUID

    from tui.data.postgres.database import Database
    from tui.models.integrations import CheckDay

DAYS = 30

# The tests of a month by the index of Switchboard's own rows: of a check every five minutes some 9,000 of one
# integration. The days are those of the console's zone, which the server need not know, so their beginnings are given.
_HISTORY = f"""left join lateral (
         with t as materialized (
           select l.created_at as at, width_bucket(l.created_at, %(days)s::timestamptz[]) as day,
                  case when l.details ->> 'judgement' = 'unknown' then 'unknown'
                       when l.status = 'success' then 'verified' else 'refused' end as judged
             from {TESTS}
              and l.created_at >= %(since)s and l.created_at < %(until)s)
         select (select json_agg(json_build_array(d.day, d.judged)) from (select distinct t.day, t.judged from t) as d
                ) as days,
                newest.judged, newest.opposed_at is not null as is_exact,
                (select min(t.at) from t where t.judged = newest.judged
                    and t.at > coalesce(newest.opposed_at, '-infinity')) as since
           from (select) as one
           left join lateral (
             select n.judged, (select max(t.at) from t where t.judged not in ('unknown', n.judged)) as opposed_at
               from (select t.judged from t where t.judged <> 'unknown' order by t.at desc limit 1) as n
           ) as newest on true) as history on true"""
_NO_HISTORY = """cross join (select null::json as days, null as judged, false as is_exact, null::timestamptz as since
       ) as history"""
_REMEMBERED = """(select json_agg(json_build_array(o.name, o.value, extract(epoch from o.at)))
          from switchboard.observations as o
         where o.integration_id = c.id and o.number = '' and not starts_with(o.name, %(expiring)s)) as observed,
       (select json_agg(distinct o.number) from switchboard.observations as o
         where o.integration_id = c.id and o.name = any(%(calls)s) and o.value = %(outage)s
           and o.at > clock_timestamp() - %(recent)s::interval) as numbers_out"""
_QUERY = """
select c.id, {state}, {remembered}, history.days, history.judged, history.is_exact, history.since
  from public.integration_credentials as c {checks} {history}
 where c.organization_id = %(organization_id)s
"""
_WORST: tuple[tuple[str, CheckDay], ...] = (("refused", "refused"), ("unknown", "unknown"), ("verified", "works"))


class SeenChecks(NamedTuple):
    """What is remembered of one integration, and what the log says of the last 30 days, today last.

    `days` is empty where this role may not read the log, and `state` None where it may not read what is remembered.
    `judged` is the newest judgement of the log, true `since`, or perhaps longer where that is not `is_exact`. `every`
    is how long lies between two checks, None where that is not known.
    """

    state: CheckState | None
    observed: Mapping[str, Observed]
    numbers_out: tuple[str, ...]
    days: tuple[CheckDay, ...]
    judged: str | None
    since: datetime | None
    is_exact: bool
    every: timedelta | None


async def read_seen_checks(
    database: Database,
    organization_id: UUID,
    zone: tzinfo,
    *,
    rights: RolePrivileges | None = None,
) -> dict[UUID, SeenChecks]:
    """Return what is known of each integration that is set up, as far as this role may read it.

    Days are those of `zone`; `rights` saves asking for them.
    """
    privileges = rights or await read_privileges(database)
    names = CheckState._fields
    query = _QUERY.format(
        state=", ".join(f"k.{name}" if privileges.checks else f"null as {name}" for name in names),
        remembered=_REMEMBERED if privileges.checks else "null as observed, null as numbers_out",
        checks="left join switchboard.checks as k on k.integration_id = c.id" if privileges.checks else "",
        history=_HISTORY if privileges.log else _NO_HISTORY,
    )
    begins = day_begins(datetime.now(UTC), zone)
    values = {
        "organization_id": organization_id,
        "days": begins,
        "since": begins[0],
        # What other programs date ahead is of no day that has begun.
        "until": begins[-1] + timedelta(days=2),
        "expiring": EXPIRING,
        "calls": list(CALLS),
        "outage": MAJOR_OUTAGE,
        "recent": RECENT,
    }
    return {row["id"]: _seen(row, privileges) for row in await database.fetch_all(query, values)}


def day_begins(now: datetime, zone: tzinfo) -> list[datetime]:
    """Return when the last DAYS days of a zone began, today last."""
    today = now.astimezone(zone).date()
    return [datetime.combine(today - timedelta(days=DAYS - 1 - n), time(), zone) for n in range(DAYS)]


def _seen(row: dict[str, Any], privileges: RolePrivileges) -> SeenChecks:
    values = {name: row[name] for name in CheckState._fields}
    state = CheckState(**{**values, "unknowns": values["unknowns"] or 0}) if privileges.checks else None
    observed = {
        name: Observed(value, datetime.fromtimestamp(float(at), UTC)) for name, value, at in row["observed"] or ()
    }
    every = observed.pop(CHECK_EVERY, None)
    found: dict[int, set[str]] = {}
    for day, judged in row["days"] or ():
        found.setdefault(day, set()).add(judged)
    days: tuple[CheckDay, ...] = tuple(
        next((said for judged, said in _WORST if judged in found.get(n, ())), "not asked") for n in range(1, DAYS + 1)
    )
    return SeenChecks(
        state,
        observed,
        tuple(sorted(row["numbers_out"] or ())),
        days if privileges.log else (),
        row["judged"],
        row["since"],
        bool(row["is_exact"]),
        None if every is None else _interval(every.value),
    )


def _interval(seconds: str) -> timedelta | None:
    """Return what `--every` takes. Any other value was not written by a check, and no turns are of that length."""
    if not re.fullmatch("[0-9]{1,6}", seconds):
        return None
    interval = timedelta(seconds=int(seconds))
    return interval if SHORTEST <= interval <= LONGEST else None
