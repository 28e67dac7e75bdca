"""Pages of the audit log: each row once in both directions, from any place, through an index at any depth."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import strategies as st

from tests.support.acme import ACME, ASHA, GLOBEX, opened
from tests.support.database.log_rows import fill_log, log_row, read_all, resolve_line
from tests.support.drawn import drawn
from tui.data.audit.filter import parse_filter
from tui.data.audit.name_resolution import resolve_filter
from tui.data.audit.pages import AuditReader, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.support.servers.postgres import TestServer
    from tui.models.log import AuditRow

LARGE = 50_000
TIMES = st.one_of(
    st.none(),
    st.integers(0, 3).map(lambda minute: f"2026-01-01 00:0{minute}+00"),
    st.sampled_from(["infinity", "-infinity", "20000-01-01 00:00+00", "0044-03-15 00:00+00 BC"]),
)


@pytest.fixture(scope="module")
def empty_log(postgres: TestServer, installed_template: str) -> Iterator[str]:
    name = postgres.create_database(template=installed_template, prefix="pages")
    yield postgres.conninfo(name)
    postgres.drop_database(name)


@pytest.fixture(scope="module")
def large_log(postgres: TestServer, installed_template: str) -> Iterator[str]:
    name = postgres.create_database(template=installed_template, prefix="large_log")
    fill_log(postgres.conninfo(name), LARGE)
    yield postgres.conninfo(name)
    postgres.drop_database(name)


async def ids_page_by_page(reader: AuditReader, size: int, *, newer: bool = False) -> list[UUID]:
    """The ids of all rows, page by page from one end to the other, in the order newest first."""
    rows: tuple[AuditRow, ...] = ()
    place: Place | None = None
    for _ in range(200):
        page = await read_all(reader.newer(place, size) if newer else reader.older(place, size), newer=newer)
        assert len(page.rows) <= size
        assert len(page.rows) == size or not page.more
        rows = page.rows + rows if newer else rows + page.rows
        if not page.more:
            return [row.id for row in rows]
        place = Place.of(page.rows[0] if newer else page.rows[-1])
    raise AssertionError("it has no end")


def ids_in_order(conninfo: str, organization_id: UUID) -> list[UUID]:
    with psycopg.connect(conninfo) as connection:
        rows = connection.execute(
            "select id from integration_audit_logs where organization_id = %s"
            " order by created_at desc nulls last, id desc",
            [organization_id],
        )
        return [row_id for (row_id,) in rows]


@drawn(
    8, 100, times=st.lists(TIMES, max_size=14), size=st.integers(1, 5), through=st.sampled_from(["index", "windows"])
)
def test_each_row_comes_once_in_both_directions(
    empty_log: str, times: list[str | None], size: int, through: str
) -> None:
    organization_id = uuid4()
    with psycopg.connect(empty_log) as connection:
        for at in times:
            log_row(connection, organization_id=organization_id, created_at=at, timed=False)

    async def both_directions() -> tuple[list[UUID], list[UUID]]:
        async with opened(empty_log) as database:
            line = "" if through == "index" else "-action:nothing"
            reader = AuditReader(
                database, (await resolve_filter(database, parse_filter(line), organization_id)).audit_filter
            )
            assert reader.in_windows is (through == "windows")
            reader._windows.size = 2
            return await ids_page_by_page(reader, size), await ids_page_by_page(reader, size, newer=True)

    expected = ids_in_order(empty_log, organization_id)
    assert asyncio.run(both_directions()) == (expected, expected)


async def test_a_jump_to_a_time_begins_with_the_rows_of_that_moment(large_log: str) -> None:
    moment = datetime(2025, 12, 25, 12, 0, tzinfo=UTC)
    async with opened(large_log) as database:
        reader = AuditReader(database, await resolve_line(database, ""))
        older = await read_all(reader.older(Place.at_time(moment), 5))
        newer = await read_all(reader.newer(Place.at_time(moment), 5), newer=True)
        assert [row.created_at for row in older.rows[:3]] == [moment] * 3
        assert all(row.created_at is not None and row.created_at > moment for row in newer.rows)
        back = await read_all(reader.older(Place.of(newer.rows[-1]), 1))
        assert back.rows == older.rows[:1]


async def test_the_next_match_of_a_search_is_the_nearest_one_each_way(large_log: str) -> None:
    async with opened(large_log) as database:
        reader = AuditReader(database, await resolve_line(database, "", ACME))
        middle = (await read_all(reader.older(Place.at_time(datetime(2025, 12, 25, tzinfo=UTC)), 1))).rows[0]
        matching = reader.matching(parse_filter("action:credential_deleted"))
        down = (await read_all(matching.older(Place.of(middle), 1))).rows[0]
        up = (await read_all(matching.newer(Place.of(middle), 1))).rows[0]
        assert (down.action, up.action) == ("credential_deleted", "credential_deleted")
        assert (await read_all(matching.older(Place.of(up), 1))).rows == (down,)
        assert (await read_all(matching.newer(Place.of(down), 1))).rows == (up,)


async def test_bounds_leave_out_what_is_beyond_them_and_rows_without_a_time(large_log: str) -> None:
    async with opened(large_log) as database:
        reader = AuditReader(database, await resolve_line(database, "since:2025-12-31 until:2025-12-31"))
        ids = await ids_page_by_page(reader, 1000)
        assert ids == await ids_page_by_page(reader, 1000, newer=True)
        assert len(ids) > 4000
        untimed = AuditReader(database, await resolve_line(database, ""))
        (last,) = (await read_all(untimed.newer(None, 1))).rows
        assert last.created_at is None


LINES = [
    *("", f"org:{ACME}", "action:credential_deleted", "action:call_made", f"user:{ASHA}", "status:failed"),
    *(f"org:{ACME} status:failed", f"org:{ACME} action:credential_deleted", f"user:{ASHA} status:failed"),
    *("type:zoho_mail", f"org:{ACME} type:zoho_mail", "action:credential_deleted,call_made", "action:nothing"),
    *("since:2025-12-20 until:2025-12-24", f"user:{ASHA} until:2025-12-24", f"org:{ACME},{GLOBEX}", "-status:success"),
]


@pytest.mark.parametrize("line", LINES)
async def test_each_page_is_one_query_that_an_index_serves_at_any_depth(
    large_log: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries: list[tuple[str, dict[str, Any]]] = []

    async with opened(large_log) as database:
        fetch_all = database.fetch_all

        async def record_and_fetch(query: str, parameters: Mapping[str, Any], **options: Any) -> Any:
            queries.append((query, dict(parameters)))
            return await fetch_all(query, parameters, **options)

        monkeypatch.setattr(database, "fetch_all", record_and_fetch)
        reader = AuditReader(database, await resolve_line(database, line))
        place = Place.at_time(datetime(2025, 12, 23, 4, 5, tzinfo=UTC))
        for steps in (reader.older(None, 50), reader.older(place, 50), reader.newer(place, 50), reader.newer(None, 50)):
            queries.clear()
            page = await read_all(steps)
            timed = [statement for statement in queries if "created_at is null" not in statement[0]]
            # At the log's end, where rows without a time are, there is one query more.
            assert len(timed) == 1 or (len(page.rows) == 50 and not timed)
            for query, parameters in queries:
                scans = plan_of(large_log, query, parameters)
                assert not [scan for scan in scans if scan["Node Type"] == "Seq Scan"], (query, scans)
                if query in [statement[0] for statement in timed]:
                    assert sum(map(rows_looked_at, scans)) < 3_000, (query, scans)
        assert not reader.in_windows


def plan_of(conninfo: str, query: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    """The scans of a query's plan, with what they did."""
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(f"explain (analyze, format json) {query}".encode(), parameters).fetchone()
    assert row is not None
    plans, scans = [row[0][0]["Plan"]], []
    while plans:
        plan = plans.pop()
        plans += plan.get("Plans", [])
        if "Scan" in plan["Node Type"]:
            scans.append(plan)
    return scans


def rows_looked_at(scan: dict[str, Any]) -> float:
    return float((scan["Actual Rows"] + scan.get("Rows Removed by Filter", 0)) * scan["Actual Loops"])


async def test_a_role_of_some_columns_alone_reads_the_log_by_them(large_log: str, postgres: TestServer) -> None:
    """No query asks for `*`, which the database would refuse such a login."""
    name = large_log.partition("?")[0].rpartition("/")[2]
    postgres.create_role("clerk", "login bypassrls")
    columns = (
        "id, organization_id, user_id, integration_type, action, status, details, ip_address, user_agent, created_at"
    )
    with psycopg.connect(large_log) as connection:
        connection.execute("alter table integration_audit_logs add column if not exists secret text default 'x'")
        connection.execute(f"grant select ({columns}) on integration_audit_logs to clerk".encode())
        connection.execute("grant usage on schema switchboard to clerk")
    try:
        async with opened(postgres.conninfo(name, user="clerk")) as database:
            audit_filter = parse_filter("")
            assert len((await read_all(AuditReader(database, audit_filter).older(None, 5))).rows) == 5
            windows = parse_filter('-action:nothing "agent/3"')
            assert len((await read_all(AuditReader(database, windows).older(None, 5))).rows) == 5
    finally:
        with psycopg.connect(large_log) as connection:
            connection.execute("alter table integration_audit_logs drop column secret")
            connection.execute("drop owned by clerk")
            connection.execute("drop role clerk")


async def test_which_of_some_rows_are_in_a_filter_is_told_in_one_query_whatever_they_are(large_log: str) -> None:
    async with opened(large_log) as database:
        rows = (await read_all(AuditReader(database, await resolve_line(database, "", ACME)).older(None, 120))).rows
        rows += (
            await read_all(AuditReader(database, await resolve_line(database, "")).newer(None, 5), newer=True)
        ).rows
        for line, expected in (
            ("status:failed", {row.id for row in rows if row.status == "failed" and row.organization_id == ACME}),
            ("ip:10.0.7.0/24 org:*", {row.id for row in rows if (row.ip_address or "").startswith("10.0.7.")}),
            ("since:2020-01-01 org:*", {row.id for row in rows if row.created_at is not None}),
            ("action:nothing", set()),
        ):
            reader = AuditReader(database, await resolve_line(database, line, ACME))
            assert await reader.among([row.id for row in rows]) == expected, line
            assert await reader.among([]) == set()
