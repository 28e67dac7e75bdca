"""Rows that other programs made huge: a page costs as little as without them, a row in full says what is missing."""

from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.support.acme import ACME, opened
from tests.support.database.log_rows import log_row, read_all, resolve_line
from tests.support.database.schema import run_files_with_roles
from tui.data.audit.completion import Completer
from tui.data.audit.pages import AuditReader
from tui.data.audit.qualifiers import QUALIFIERS
from tui.data.audit.rows import MOST_IN_FULL, read_long_details
from tui.data.audit.tail import Position, Tail
from tui.screens.audit.row import as_json, row_lines
from tui.screens.audit.view import Names
from tui.words.log.rows import summary

if TYPE_CHECKING:
    from tests.support.servers.postgres import TestServer
    from tui.models.log import AuditRow

# By what compresses to a few kilobytes, by what does not at all, and by what is tiny until it is written out.
LARGE = {
    "runs": "jsonb_build_object('operator', 'Ann', 'a', repeat('x', {size}))",
    "noise": "jsonb_build_object('operator', 'Ann', 'a', (select string_agg(md5(n::text), '') "
    "from generate_series(1, {size} / 32) as n))",
    "digits": "(select jsonb_object_agg('n' || n, ('1' || repeat('0', 9999))::numeric) || '{{\"operator\": \"Ann\"}}' "
    "from generate_series(1, {size} / 10000) as n)",
}


def make_large(conninfo: str, size: int) -> None:
    with psycopg.connect(conninfo) as connection:
        for n, (name, details) in enumerate(LARGE.items()):
            connection.execute(
                "insert into integration_audit_logs (organization_id, integration_type, action, status, details, "
                f"user_agent, created_at) values (%s, %s, 'imported', 'success', {details.format(size=size)}, "
                "repeat('agent', 200000), timestamptz '2026-01-01' + %s * interval '1 s')",
                [ACME, name, n],
            )
        log_row(connection, details={"operator": "Bea"}, created_at="2026-01-02")


async def pages(conninfo: str) -> list[tuple[AuditRow, ...]]:
    """The same rows as a page, as a page of a search in windows, and as a tail has them."""
    async with opened(conninfo) as database:
        every = await resolve_line(database, "", ACME)
        page = await read_all(AuditReader(database, every).older(None, 10))
        searched = await read_all(
            AuditReader(database, await resolve_line(database, "-type:none", ACME)).older(None, 10)
        )
        followed = [row async for rows in Tail(database, every, position=Position()).poll() for row in rows]
    return [page.rows, searched.rows, tuple(reversed(followed))]


async def test_a_page_reads_the_size_of_huge_details_and_no_more(installed_database: str) -> None:
    make_large(installed_database, 1_000_000)
    for rows in await pages(installed_database):
        assert [row.integration_type for row in rows] == ["zoho_mail", "digits", "noise", "runs"]
        assert [row.is_cut for row in rows] == [False, True, True, True]
        assert rows[0].details == {"operator": "Bea"}
        for row in rows:
            assert len(json.dumps(row.details)) < 100 and len(row.user_agent or "") <= 65_536
    assert summary(rows[-1].details).startswith("cut: {")


@pytest.mark.long
async def test_a_page_with_fifty_megabytes_in_a_row_costs_neither_memory_nor_time(installed_database: str) -> None:
    import time
    import tracemalloc

    make_large(installed_database, 50_000_000)
    tracemalloc.start()
    started = time.perf_counter()
    await pages(installed_database)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000 and time.perf_counter() - started < 5


async def test_a_row_in_full_reads_the_beginning_and_the_evidence_and_says_that_it_is_cut(
    installed_database: str,
) -> None:
    make_large(installed_database, 1_000_000)
    async with opened(installed_database) as database:
        page = await read_all(AuditReader(database, await resolve_line(database, "type:runs", ACME)).older(None, 10))
        (row,) = page.rows
        long = await read_long_details(database, row)
        assert long is not None and len(long.text) == MOST_IN_FULL and long.size == 1_000_000 + 28
        lines = [text for text, _ in row_lines(row, Names(), UTC, 80, None, long)]
        assert "First 200,000 characters of 1,000,028 bytes; x in the list exports all." in lines
        assert any("Ann" in line for line in lines if line.startswith("Who"))
        assert len(lines) < 4_000 and len(as_json(row)) < 70_000
        with psycopg.connect(installed_database) as connection:
            connection.execute("alter table integration_audit_logs disable trigger user")
            connection.execute("delete from integration_audit_logs")
        assert await read_long_details(database, row) is None


async def test_actions_are_completed_from_the_list_also_where_none_has_happened(
    postgres: TestServer, empty_database: str
) -> None:
    await run_files_with_roles(empty_database)
    postgres.create_role("aud", "login in role switchboard_auditor")
    postgres.create_role("eve", "login")
    with psycopg.connect(empty_database) as connection:
        connection.execute("grant usage on schema switchboard to eve")
        connection.execute("grant select on integration_audit_logs to eve")
        connection.execute("create policy seen on integration_audit_logs for select to eve using (true)")
        log_row(connection, action="call_made")
    for login, expected in (("aud", {"call_made", "credential_copied", "log_sealed"}), ("eve", {"call_made"})):
        async with opened(empty_database.replace("postgres@", f"{login}@")) as database:
            values = await Completer(database, ACME).values(QUALIFIERS["action"])
        assert values[0] == "call_made"
        assert expected <= set(values) and (login == "aud" or "log_sealed" not in values)
