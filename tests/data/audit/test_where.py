"""Which rows each qualifier finds, that a negation finds all the others, and whom names mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.support.acme import ACME, ASHA, GLOBEX, opened
from tests.support.database.log_rows import log_row, read_all, resolve_line
from tests.support.database.number_rows import MEENA, RAVI, create_people
from tui.data.audit.filter import parse_filter
from tui.data.audit.name_resolution import resolve_filter
from tui.data.audit.pages import AuditReader
from tui.data.audit.where import branches, where
from tui.errors import FilterError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from tests.support.servers.postgres import TestServer

ROWS = {
    "call": {"action": "call_made", "integration_type": "exotel_phone", "user_id": ASHA, "ip_address": "10.1.2.3"},
    "call failed": {
        **{"action": "call_made", "integration_type": "exotel_phone", "status": "failed", "user_id": RAVI},
        **{"details": {"error_code": 429, "error": 'Rate "limit" 100%\nexceeded'}, "ip_address": "10.1.9.9/24"},
    },
    "mail": {
        "user_agent": "Zoho/Agent_1",
        "details": {"after": {"is_active": True}, "fields": ["api_key", "sid", 503, True]},
    },
    "mail pending": {
        "status": "pending",
        "user_agent": "AgentX1\\b",
        "ip_address": "2001:db8::7",
        "details": ["a", "b"],
    },
    "by a label": {"action": "number_added", "details": {"operator": "Root", "a.b": {"c": "x, y"}}},
    "elsewhere": {"organization_id": GLOBEX, "user_id": MEENA, "details": {"error": "größe ÄÖ"}},
    "without a time": {"timed": False, "details": {"error_code": "429", "n": None}},
    "old": {"created_at": "2020-02-01 10:30+00", "action": "credential_deleted"},
}


@pytest.fixture(scope="module")
def log(postgres: TestServer, installed_template: str) -> Iterator[tuple[str, dict[UUID, str]]]:
    name = postgres.create_database(template=installed_template, prefix="where")
    conninfo = postgres.conninfo(name)
    create_people(conninfo)
    with psycopg.connect(conninfo) as connection:
        ids = {log_row(connection, **columns): label for label, columns in ROWS.items()}  # type: ignore[arg-type]
    yield conninfo, ids
    postgres.drop_database(name)


async def matching_rows(log: tuple[str, dict[UUID, str]], line: str, organization_id: UUID | None = None) -> set[str]:
    conninfo, names = log
    async with opened(conninfo) as database:
        reader = AuditReader(database, await resolve_line(database, line, organization_id))
        rows = (await read_all(reader.older(None, 100))).rows
    assert len({row.id for row in rows}) == len(rows)
    return {names[row.id] for row in rows}


LINES = {
    "action:call_made": {"call", "call failed"},
    "action:call_made,number_added": {"call", "call failed", "by a label"},
    "status:failed": {"call failed"},
    "status:failed,pending": {"call failed", "mail pending"},
    "type:exotel_phone": {"call", "call failed"},
    f"user:{ASHA}": {"call"},
    "user:ASHA@acme.example": {"call"},
    'user:"~ravi kumar"': {"call failed"},
    "user:acme.example": {"call", "call failed", "elsewhere"},
    "user:root": {"by a label"},
    "user:none": {"mail", "mail pending", "by a label", "without a time", "old"},
    "user:none,asha@acme.example": {"call", "mail", "mail pending", "by a label", "without a time", "old"},
    "org:globex": {"elsewhere"},
    f"org:{GLOBEX}": {"elsewhere"},
    "org:*": set(ROWS),
    "ip:10.1.2.3": {"call"},
    "ip:10.1.9.9": {"call failed"},
    "ip:10.1.0.0/16": {"call", "call failed"},
    "ip:2001:db8::/32": {"mail pending"},
    "ip:10.1.2.3,2001:db8::7": {"call", "mail pending"},
    "details.error_code:429": {"call failed", "without a time"},
    "details.error_code:429,1": {"call failed", "without a time"},
    "details.after.is_active:true": {"mail"},
    "details.fields:sid": {"mail"},
    "details.fields:503": {"mail"},
    "details.fields:true": {"mail"},
    "details.fields:50": set(),
    'details."a.b".c:"x, y"': {"by a label"},
    "details.n:null": set(),
    "zoho/agent": {"mail"},
    "agent_1": {"mail"},
    "agentx1": {"mail pending"},
    "agent%1": set(),
    r"x1\b": {"mail pending"},
    "rat%limit": set(),
    "number_added": {"by a label"},
    '"rate \\"LIMIT\\" 100%"': {"call failed"},
    "GRÖSSE": set(),
    "größe": {"elsewhere"},
    "10.1.2.3": {"call"},
    "call status:failed": {"call failed"},
    "until:2020-02-01": {"old"},
    "until:2020-01-31": set(),
    "since:2020-02-01 until:2020-02-01": {"old"},
    'until:"2020-02-01 10:30"': set(),
    "action:call_made action:number_added": set(),
}


ODD_ROWS = {
    "plain": {"ip_address": "203.0.113.7", "details": {"m": 1.1, "list": ["1.10", 3]}},
    "mapped": {"ip_address": "::ffff:203.0.113.7", "details": {"m": "1.10", "list": [[1.1], 2]}},
    "mapped, of a network": {"ip_address": "::ffff:203.0.113.9/120", "details": {"m": 1}},
    "other": {"ip_address": "::203.0.113.7", "details": {"m": [1, 2.50]}},
    "exact": {},
}
ODD_LINES = {
    "ip:203.0.113.7": {"plain", "mapped"},
    "ip:::ffff:203.0.113.7": {"plain", "mapped"},
    "ip:::ffff:cb00:7107": {"plain", "mapped"},
    "ip:203.0.113.9": {"mapped, of a network"},
    "ip:203.0.113.0/24": {"plain", "mapped", "mapped, of a network"},
    "ip:::ffff:203.0.113.0/120": {"plain", "mapped", "mapped, of a network"},
    "ip:::ffff:0:0/96": {"plain", "mapped", "mapped, of a network"},
    "ip:0.0.0.0/0": {"plain", "mapped", "mapped, of a network"},
    "ip:::/0": {"mapped", "mapped, of a network", "other"},
    "ip:198.51.100.0/24,203.0.113.7": {"plain", "mapped"},
    "details.m:1.1": {"exact", "plain"},
    "details.m:1.10": {"exact", "plain", "mapped"},
    "details.m:1.0": {"mapped, of a network", "other"},
    "details.m:2.5": {"other"},
    "details.list:1.1": set(),
    "details.list:1.10": {"plain"},
    "details.list:3e0": {"plain"},
    "details.q:0.1000000000000000055511151231257827": {"exact"},
    "details.q:0.1": set(),
    "details.m:1e999": set(),
}


async def test_addresses_and_numbers_are_found_in_every_form_and_negations_find_the_rest(
    installed_database: str,
) -> None:
    """All that reads the log asks with the conditions of `where`: the list, stats, export and tail."""
    with psycopg.connect(installed_database) as connection:
        names = {log_row(connection, **columns): label for label, columns in ODD_ROWS.items()}
        connection.execute("alter table integration_audit_logs disable trigger user")
        connection.execute(
            "update integration_audit_logs set details = %s::jsonb where details is null",
            ('{"m": 1.10, "q": 0.1000000000000000055511151231257827}',),
        )
    lines = ODD_LINES | {f"-{line}": set(ODD_ROWS) - rows for line, rows in ODD_LINES.items()}
    assert await wrong_lines((installed_database, names), lines) == {}


OPERATION = "0b8f8e5e-8a6f-4f0a-9d5c-3f1f0c7f1f5e"
OWN = {"source": "trigger", "operation_id": OPERATION}
# The clocks of Berlin go from 2 to 3 at 01:00 UTC of that Sunday; at 22:15 UTC it is Saturday in Kolkata.
RECURRING_ROWS = {
    "before the change": {"created_at": "2026-03-29 00:30+00"},
    "after the change": {"created_at": "2026-03-29 01:30+00", "details": ["before"]},
    "friday night": {
        "created_at": "2026-03-27 22:15+00",
        "details": OWN | {"session_user": "SB_Asha", "before": {}, "envelope": {"after": "sb2"}},
    },
    "noon": {
        "created_at": "2026-03-25 12:00+00",
        "details": OWN | {"source": "switchboard", "session_user": "sb_asha", "before": {"can_send": False}},
    },
    "of another program": {
        "created_at": "2026-03-25 12:30+00",
        "details": OWN | {"source": "backend", "session_user": "sb_asha", "before": {"can_send": False}},
    },
    "without a time": {"timed": False, "details": OWN | {"operation_id": "other", "before": None}},
    "as late as Postgres knows": {"created_at": "294276-12-31 23:30+00"},
}
SUNDAY = {"before the change", "after the change"}
RECURRING_LINES = {
    "hour:1": {"after the change"},
    "hour:1@Europe/Berlin": {"before the change"},
    "hour:2@Europe/Berlin": set(),
    "hour:3@Europe/Berlin": {"after the change"},
    "hour:20-08": {"friday night", "as late as Postgres knows", *SUNDAY},
    "hour:08-20:00": {"noon", "of another program"},
    "hour:12-12:01": {"noon"},
    "hour:11-12": set(),
    "hour:23,0": {"before the change", "as late as Postgres knows"},
    "hour:23@Asia/Kolkata": {"as late as Postgres knows"},
    "hour:20-24,0-1": {"friday night", "before the change", "as late as Postgres knows"},
    "day:sat": set(),
    "day:sat@Asia/Kolkata": {"friday night"},
    "day:weekend": {"as late as Postgres knows", *SUNDAY},
    "day:wed,fr": {"friday night", "noon", "of another program"},
    "day:sat-mon": {"as late as Postgres knows", *SUNDAY},
    f"operation:{OPERATION}": {"friday night", "noon"},
    f"operation:{OPERATION.upper()}": {"friday night", "noon"},
    "by:sb_asha": {"noon"},
    "by:sb_asha,SB_Asha": {"friday night", "noon"},
    "has:before": {"noon"},
    "has:envelope,before": {"friday night", "noon"},
    "has:operation": {"friday night", "noon", "without a time"},
}


async def test_hours_and_days_are_those_of_the_zone_and_parts_of_details_are_there_where_they_hold_something(
    installed_database: str,
) -> None:
    with psycopg.connect(installed_database) as connection:
        names = {log_row(connection, **columns): label for label, columns in RECURRING_ROWS.items()}  # type: ignore[arg-type]
    lines = RECURRING_LINES | {f"-{line}": set(RECURRING_ROWS) - rows for line, rows in RECURRING_LINES.items()}
    lines |= {f"org:{ACME} {line}": rows for line, rows in lines.items()}
    lines[f"hour:12,22 -by:x has:before,envelope user:none org:{ACME},{GLOBEX}"] = {"friday night", "noon"}
    assert await wrong_lines((installed_database, names), lines) == {}


async def wrong_lines(log: tuple[str, dict[UUID, str]], expected: dict[str, set[str]]) -> dict[str, set[str]]:
    """The filter lines that find other rows than expected, with those."""
    conninfo, names = log
    wrong: dict[str, set[str]] = {}
    async with opened(conninfo) as database:
        for line, rows in expected.items():
            reader = AuditReader(database, await resolve_line(database, line))
            ids = [row.id for row in (await read_all(reader.older(None, 100))).rows]
            if len(set(ids)) != len(ids) or {names[row_id] for row_id in ids} != rows:
                wrong[line] = {names[row_id] for row_id in ids}
    return wrong


async def test_a_filter_finds_its_rows_whatever_the_organisation(log: tuple[str, dict[UUID, str]]) -> None:
    assert await wrong_lines(log, LINES) == {}


async def test_a_negation_finds_all_other_rows(log: tuple[str, dict[UUID, str]]) -> None:
    single = {line: rows for line, rows in LINES.items() if " " not in line and "until" not in line}
    assert await wrong_lines(log, {f"-{line}": set(ROWS) - rows for line, rows in single.items()}) == {}


async def test_the_chosen_organisation_holds_unless_the_filter_names_others(log: tuple[str, dict[UUID, str]]) -> None:
    assert await matching_rows(log, "", GLOBEX) == {"elsewhere"}
    assert await matching_rows(log, "org:*", GLOBEX) == set(ROWS)
    assert await matching_rows(log, "org:Acme\\ Foods,globex".replace("Acme\\ Foods", '"acme foods"'), GLOBEX) == set(
        ROWS
    )
    assert await matching_rows(log, "-org:globex", GLOBEX) == set(ROWS) - {"elsewhere"}


async def test_a_filter_written_out_finds_the_same_rows_without_the_directory(
    log: tuple[str, dict[UUID, str]],
) -> None:
    written: dict[str, set[str]] = {}
    async with opened(log[0]) as database:
        for line, rows in LINES.items():
            in_all = "org" in line
            text = (await resolve_line(database, line, None if in_all else ACME)).canonical()
            written[text] = rows if in_all else rows - {"elsewhere"}
    assert await wrong_lines(log, written) == {}


async def test_what_nobody_is_called_is_said_with_the_nearest_name(log: tuple[str, dict[UUID, str]]) -> None:
    async with opened(log[0]) as database:
        resolved = await resolve_filter(database, parse_filter("user:ashaa@acme.example"), ACME)
    (note,) = resolved.notes
    assert "Nobody in the directory is called ashaa@acme.example" in note
    assert "Did you mean asha@acme.example?" in note


async def test_a_span_that_ends_before_it_begins_is_said_to_have_no_row(log: tuple[str, dict[UUID, str]]) -> None:
    async with opened(log[0]) as database:
        for line, notes in (("since:2026-01-02 until:2026-01-01", 1), ("since:2026-01-02 until:2026-01-02", 0)):
            assert len((await resolve_filter(database, parse_filter(line), ACME)).notes) == notes


async def test_an_unknown_organisation_is_pointed_at_with_the_nearest_one(log: tuple[str, dict[UUID, str]]) -> None:
    async with opened(log[0]) as database:
        with pytest.raises(FilterError) as caught:
            await resolve_filter(database, parse_filter("status:failed org:globxe"), ACME)
    assert (caught.value.offset, caught.value.length) == (14, 10)
    assert caught.value.what_to_do == "Did you mean Globex?"


async def test_only_what_is_set_becomes_a_condition_and_failures_name_the_index(
    log: tuple[str, dict[UUID, str]],
) -> None:
    async with opened(log[0]) as database:
        condition = where(await resolve_line(database, "status:failed", ACME))
        assert condition.conditions == (
            "l.status = %(f0)s",
            "l.status <> 'success'",
            "l.organization_id = %(f1)s::uuid",
        )
        # Where that index cannot help it would only mislead the server's estimate.
        assert where(await resolve_line(database, "status:failed")).conditions == ("l.status = %(f0)s",)
        assert where(await resolve_line(database, "-status:success")).conditions == ("l.status <> 'success'",)
        assert where(await resolve_line(database, "")).sql == "true"
        assert len(branches(await resolve_line(database, "action:a,b status:failed", ACME))) == 2
        assert len(branches(await resolve_line(database, "by:asha hour:20-08 -user:none word", ACME))) == 1
        for line in (
            "by:asha",
            f"-by:asha org:{ACME}",
            "ip:10.0.0.1",
            "details.a:b",
            "-action:a",
            "word",
            "user:nobody",
            "action:a,b,c,d,e status:a,b,c",
        ):
            assert branches(await resolve_line(database, line)) == ()


def test_a_filter_whose_names_are_not_looked_up_makes_no_query() -> None:
    with pytest.raises(ValueError, match="looked up"):
        where(parse_filter("user:asha"))
