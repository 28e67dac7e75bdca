"""The audit log as members of the groups read it: with the owner's counts and estimates, and by an index."""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.support.acme import ACME, ASHA, opened
from tests.support.database.log_rows import fill_log, read_all, resolve_line
from tests.support.database.seal_tampering import seal
from tests.support.servers.postgres import run_schema_files
from tui.data.audit.completion import Completer
from tui.data.audit.counts import Count, count_buckets, count_exactly, count_rows, plan_histogram
from tui.data.audit.estimate import estimated_rows
from tui.data.audit.pages import AuditReader
from tui.data.audit.qualifiers import QUALIFIERS
from tui.data.audit.stats import statistics
from tui.data.audit.tail import Tail
from tui.data.audit.where import where
from tui.data.integrations.authors import authors_of
from tui.data.integrations.listing import list_integrations
from tui.data.numbers.changes import LAST_CHANGE
from tui.data.permissions.leaver import leaver_report
from tui.data.permissions.listing import Holder, use_of
from tui.data.schema.roles import ROLES
from tui.data.seals.hours import digest_in_pages
from tui.data.seals.verify import verify_log
from tui.models.people import Organization

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer
    from tui.data.postgres.database import Connection, Database

    Sent = dict[str, Any]

ROWS = 11_500
LINES = ("", f"org:{ACME}", "-status:success", "since:2025-12-30", "action:credential_deleted")
SET_UP = f"""
insert into public.integration_credentials (organization_id, integration_type, credentials_encrypted, is_verified,
                                            last_verified_at)
values ('{ACME}', 'zoho_mail', 'x', true, now());
create role nora login in role switchboard_admin;
create policy hidden on public.integration_audit_logs as restrictive for select to nora
  using (details ->> 'hidden' is null);
"""
# A time compared with what is yet to be worked out: as a plan's filter writes it, and in a query's own text, where a
# limit that happens to stand in between may still make a value of it. The transaction's own time is a value.
UNRESOLVED_IN_PLAN = re.compile(r"created_at\)? [<>=]+ (\(|\w+\()")
COMPUTED_IN_QUERY = re.compile(r"created_at (?:[<>=]+|between) [^\n]*(?<!now\(\) - )\binterval\b")


@pytest.fixture(scope="module")
def log(postgres: TestServer) -> Iterator[str]:
    """A sealed log; a login in each group, named after it; and nora, an administrator whom a policy hides rows from."""
    name = postgres.create_database(prefix="by_role")
    conninfo = postgres.conninfo(name)
    with psycopg.connect(conninfo) as owner:
        for role in ROLES:
            owner.execute(f"create role {role} nologin".encode())
            owner.execute(f"create role of_{role} login in role {role}".encode())
    run_schema_files(conninfo)
    fill_log(conninfo, ROWS)
    with psycopg.connect(conninfo) as owner:
        owner.execute(SET_UP.encode())
    yield conninfo
    postgres.drop_database(name)
    postgres.drop_new_roles()


async def test_every_member_of_a_group_gets_the_owners_counts_and_estimates(log: str) -> None:
    async def count_and_estimate(database: Database, line: str) -> tuple[Count, int]:
        audit_filter = await resolve_line(database, line)
        return await count_rows(database, audit_filter), await estimated_rows(database, where(audit_filter))

    async with opened(log) as database:
        owners = {line: await count_and_estimate(database, line) for line in LINES}
    assert {count.kind for count, _ in owners.values()} == {"exact", "about"}
    for role in ROLES:
        async with opened(make_conninfo(log, user=f"of_{role}")) as database:
            for line, (owners_count, owners_estimate) in owners.items():
                count, estimate = await count_and_estimate(database, line)
                # That the policies ask once more when they run takes half a percent off what the planner expects.
                assert (count.kind, estimate) == (owners_count.kind, pytest.approx(owners_estimate, rel=0.01)), role
                assert count.rows == pytest.approx(owners_count.rows, rel=0.01 if count.kind == "about" else 0), role


async def test_a_member_of_a_group_whom_a_policy_hides_rows_from_is_told_no_estimate(log: str) -> None:
    async with opened(make_conninfo(log, user="nora")) as database:
        everything = await resolve_line(database, "")
        assert await count_rows(database, everything) == await count_exactly(database, everything)


async def test_every_query_finds_its_rows_in_time_by_an_index_also_where_a_policy_hides_rows(
    log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not leakproof, as `+ interval`, is no condition of an index under row security."""
    await seal(log)
    queries: Sent = {}
    execute = psycopg.AsyncCursor.execute

    async def record_query(cursor: Any, query: Any, parameters: Any = None, **options: Any) -> Any:
        text = query.decode() if isinstance(query, bytes) else str(query)
        if "integration_audit_logs as l" in text and not text.startswith("explain"):
            queries[text] = parameters
        return await execute(cursor, query, parameters, **options)

    async with opened(make_conninfo(log, user="nora")) as database:
        with monkeypatch.context() as patched:
            patched.setattr(psycopg.AsyncCursor, "execute", record_query)
            await read_everything(database)
        queries[LAST_CHANGE] = {"organization_id": ACME, "id": ASHA}
        assert len(queries) > 25
        computed = [query for query in queries if COMPUTED_IN_QUERY.search(query)]
        for query, parameters in queries.items():
            for node in await plan_of(database, query, parameters):
                plan_filter = node.get("Filter", "")
                if UNRESOLVED_IN_PLAN.search(plan_filter) or (
                    "created_at" in plan_filter and node["Node Type"] == "Seq Scan"
                ):
                    computed.append(f"{query}: {plan_filter}")
    assert computed == []


async def read_everything(database: Database) -> None:
    """Have every part of the data module that reads the log in time send its queries."""
    for line in (*LINES, "agent/3 hour:20-08 since:2025-12-30", f"has:before org:{ACME} day:sun"):
        audit_filter = await resolve_line(database, line)
        reader = AuditReader(database, audit_filter)
        page = await read_all(reader.older(None, 20))
        await read_all(reader.newer(None, 20))
        await reader.among([row.id for row in page.rows])
        await count_exactly(database, audit_filter)
        histogram = await plan_histogram(database, audit_filter, UTC, most=3)
        _ = [bucket async for bucket in count_buckets(database, audit_filter, histogram)]
        _ = [step async for step in statistics(database, audit_filter, UTC)]
    tail = Tail(database, await resolve_line(database, ""))
    await tail.begin()
    assert [rows async for rows in tail.poll()] == []
    completer = Completer(database, ACME)
    for qualifier in QUALIFIERS.values():
        await completer.values(qualifier)
    integrations = await list_integrations(database, None, ACME, [])
    await authors_of(database, integrations)
    await use_of(database, ACME, [ASHA])
    await leaver_report(database, Organization(ACME, "Acme"), Holder(ASHA, None, None, "active"))
    await verify_log(database)
    for hour in (None, 1_767_222_000):
        await digest_in_pages(database, hour, 2)


async def plan_of(database: Database, query: str, parameters: Any) -> list[dict[str, Any]]:
    """The parts of a query's plan that read the log, where reading all of it is the last thing to be thought of."""

    async def unit(connection: Connection) -> Any:
        async with connection.transaction(force_rollback=True):
            await connection.execute("set local enable_seqscan = off")
            row = await (await connection.execute(f"explain (format json) {query}".encode(), parameters)).fetchone()
            return row["QUERY PLAN"][0]["Plan"] if row else None

    nodes, scans = [await database.read(unit)], []
    while nodes:
        node = nodes.pop()
        nodes += node.get("Plans", [])
        if node.get("Relation Name") == "integration_audit_logs":
            scans.append(node)
    return scans
