"""What the log and the checks of a database say of the last 30 days, which index leads there, and who may see it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from tests.support.acme import ACME, GLOBEX, opened, phone_integration
from tests.support.commands import execute
from tests.support.database.number_rows import add_row
from tests.support.terminal.console_driver import add
from tui.data.checks.observed import observed_changes
from tui.data.integrations.role_privileges import RolePrivileges
from tui.data.integrations.seen_checks import DAYS, day_begins, read_seen_checks
from tui.data.numbers.listing import list_phone_numbers
from tui.data.numbers.observed import with_observed

if TYPE_CHECKING:
    from uuid import UUID

TESTED = """
insert into integration_audit_logs (organization_id, integration_type, action, status, details, created_at)
select %s, 'exotel_phone', 'connection_tested', %s, %s::jsonb, %s
"""


def log_test(conninfo: str, organization: UUID, at: datetime, status: str, **details: Any) -> None:
    import json

    execute(conninfo, TESTED, organization, status, json.dumps({"source": "switchboard", **details}), at)


@pytest.mark.parametrize("zone", [UTC, ZoneInfo("Asia/Kolkata")])
async def test_each_day_has_the_worst_that_was_said_and_since_is_of_the_same_judgement(
    keyed_database: str, zone: ZoneInfo
) -> None:
    await add(keyed_database)
    begins = day_begins(datetime.now(UTC), zone)
    # One second into the day, or before it: the days are those of the zone.
    for day, status, details in (
        (3, "success", {"judgement": "verified"}),
        (5, "failed", {"judgement": "unknown"}),
        (9, "failed", {"judgement": "refused"}),
        (9, "success", {"judgement": "verified"}),
        (10, "success", {}),
        (11, "success", {"draft": True}),
        (12, "pending", {}),
        (13, "failed", {"source": "settings page"}),
        (14, "failed", {"integration_id": str(GLOBEX)}),
    ):
        log_test(
            keyed_database, ACME, begins[day] + timedelta(seconds=1 if status != "success" else 2), status, **details
        )
    log_test(keyed_database, ACME, begins[20] - timedelta(seconds=1), "success")
    log_test(keyed_database, GLOBEX, begins[21], "failed")
    log_test(keyed_database, ACME, begins[0] - timedelta(seconds=1), "failed")
    async with opened(keyed_database) as database:
        integration = await phone_integration(database)
        (seen,) = (await read_seen_checks(database, ACME, zone)).values()
        hidden = await read_seen_checks(database, ACME, zone, rights=RolePrivileges())
    assert integration.id is not None
    said = {day: word for day, word in enumerate(seen.days) if word != "not asked"}
    assert said == {3: "works", 5: "unknown", 9: "refused", 10: "works", 19: "works"}
    assert len(seen.days) == DAYS
    assert (seen.judged, seen.since, seen.is_exact) == ("verified", begins[9] + timedelta(seconds=2), True)
    (nothing,) = hidden.values()
    assert (nothing.days, nothing.judged, nothing.observed, nothing.state) == ((), None, {}, None)


async def test_the_newest_values_are_of_the_organisation_that_is_looked_at(keyed_database: str) -> None:
    await add(keyed_database)
    add_row(keyed_database, "01141169368")
    add_row(keyed_database, "+911141169368", organization_id=GLOBEX)
    observe = """insert into switchboard.observations (integration_id, number, name, value)
                 select id, %s, %s, %s from integration_credentials"""
    for values in (
        ("", "balance", "86.40"),
        ("", "check_every", "3600"),
        ("", "permission_expiring:1", "2026-12-01"),
        ("+911141169368", "number_incoming", "major_outage"),
        ("+918047180199", "number_outgoing", "major_outage"),
    ):
        execute(keyed_database, observe, *values)
    # It was given back, as far as anybody knows.
    execute(keyed_database, "update switchboard.observations set at = at - interval '8 days' where number like '%0199'")
    async with opened(keyed_database) as database:
        (seen,) = (await read_seen_checks(database, ACME, UTC)).values()
        assert await read_seen_checks(database, GLOBEX, UTC) == {}
        ours, theirs = [
            await with_observed(database, await list_phone_numbers(database, organization))
            for organization in (ACME, GLOBEX)
        ]
    assert {name: value for name, (value, _) in seen.observed.items()} == {"balance": "86.40"}
    assert (seen.numbers_out, seen.every) == (("+911141169368",), timedelta(hours=1))
    assert [list(number.observed or {}) for number in (*ours, *theirs)] == [["number_incoming"], []]


def test_a_month_of_checks_is_found_by_the_index_of_own_rows(keyed_database: str) -> None:
    fill = """insert into integration_audit_logs
                     (organization_id, integration_type, action, status, details, created_at)
              select %s, 'exotel_phone', 'call_made', 'success', '{"source": "backend"}', now() - n * interval '1 s'
                from generate_series(1, 30000) as n"""
    execute(keyed_database, fill, ACME)
    from tui.data.integrations.listing import TESTS

    with psycopg.connect(keyed_database, autocommit=True) as connection:
        connection.execute("analyze integration_audit_logs")
        plan = connection.execute(
            f"explain select l.created_at from integration_credentials as c cross join lateral (select * from {TESTS} "
            "and l.created_at >= now() - interval '30 days') as l"
        ).fetchall()
    assert "idx_integration_audit_logs_own" in str(plan)


def test_more_than_five_numbers_at_once_are_one_change() -> None:
    def numbers(count: int, word: str) -> dict[tuple[str, str], str]:
        return {(f"+9111411600{n:02}", "number_incoming"): word for n in range(count)}

    assert [change.number for change in observed_changes({}, numbers(5, "major_outage"))] == [
        f"+9111411600{n:02}" for n in range(5)
    ]
    (change,) = observed_changes({}, numbers(200, "major_outage"))
    assert (change.kind, change.number, change.value) == ("number_outage", "", "200 numbers")
    (change,) = observed_changes(numbers(6, "major_outage"), numbers(6, "active"))
    assert (change.kind, change.value) == ("number_recovered", "6 numbers")
