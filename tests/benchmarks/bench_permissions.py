"""Prints what permissions cost with few and many people: `python -m tests.benchmarks.bench_permissions [log rows]`."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
import tracemalloc
from typing import TYPE_CHECKING, Any

import psycopg

from tests.support.acme import ACME, opened
from tests.support.database.people import (
    USERS,
    add_integrations,
    fill_log,
    give_everybody,
    integration,
    person,
)
from tests.support.servers.postgres import TestServer, run_schema_files
from tui.data.permissions.apply import Applied, apply, undo_applied
from tui.data.permissions.listing import PeopleFilter, count_people, people_page, use_of
from tui.data.permissions.staging import Staged

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tui.data.postgres.database import Connection, Database

INTEGRATIONS = 8
SENDERS = 2_000
ROUNDS = 9
ADD_PEOPLE = """
insert into public.users (id, email, full_name, organization_id)
select md5('person ' || n)::uuid, 'person' || n || '@acme.example', 'Person ' || lpad(n::text, 6, '0'), %s
  from generate_series(1, %s) as n on conflict do nothing
"""
UPDATE_PLAINLY = """
update public.user_integration_permissions set daily_limit = 7
 where id in (select id from public.user_integration_permissions order by user_id, integration_id limit %s)
"""


async def median_ms(act: Callable[[], Awaitable[Any]], rounds: int = ROUNDS) -> float:
    """Median of so many rounds after one that does not count."""
    milliseconds = []
    await act()
    for _ in range(rounds):
        started = time.perf_counter()
        await act()
        milliseconds.append((time.perf_counter() - started) * 1000)
    return statistics.median(milliseconds)


async def floor(database: Database) -> float:
    """One round trip through the pool that asks for nothing."""

    async def unit(connection: Connection) -> None:
        await (await connection.execute("select 1")).fetchone()

    return await median_ms(lambda: database.read(unit))


async def may_ms(database: Database, number: int) -> float:
    """One call of switchboard.may."""

    async def unit(connection: Connection) -> None:
        values = (person(number), integration(1))
        await (await connection.execute("select * from switchboard.may(%s, %s, 'send')", values)).fetchone()

    return await median_ms(lambda: database.read(unit))


async def staged_changes(database: Database, cells: int) -> Staged:
    """A third of the cells changed, a third revoked, and the rest limited."""
    page = await people_page(database, ACME, limit=1_000)
    cells_listed = [page.cell(holder.id, integration(n)) for holder in page.people for n in range(1, INTEGRATIONS + 1)][
        :cells
    ]
    staged = Staged(ACME)
    third = cells // 3
    staged.give(cells_listed[:third], ["configure"], page.now)
    staged.revoke(cells_listed[third : 2 * third], page.now)
    staged.limit(cells_listed[2 * third :], page.now, daily_limit=5)
    return staged


async def measure(conninfo: str, people: int) -> None:
    async with opened(conninfo) as database:
        nothing = await floor(database)
        page = await people_page(database, ACME)
        ids = [holder.id for holder in page.people]
        first = await median_ms(lambda: people_page(database, ACME))
        beyond = await median_ms(lambda: people_page(database, ACME, beyond=page.last))
        filtered = await median_ms(lambda: people_page(database, ACME, PeopleFilter("person7")))
        counted = await median_ms(lambda: count_people(database, ACME))
        use = await median_ms(lambda: use_of(database, ACME, ids))
        tracemalloc.start()
        await people_page(database, ACME)
        memory = tracemalloc.get_traced_memory()[1] / 1024
        tracemalloc.stop()
        print(
            f"{people:>6} people: floor {nothing:.1f} ms | first page {first:.1f}, next {beyond:.1f}, "
            f"filtered {filtered:.1f}, count {counted:.1f}, use of {len(ids)} people {use:.1f} ms | "
            f"memory of a page {memory:.0f} KiB"
        )
        cells = min(500, people * INTEGRATIONS)
        staged = await staged_changes(database, cells)
        started = time.perf_counter()
        applied = await apply(database, staged)
        took = time.perf_counter() - started
        assert isinstance(applied, Applied)
        started = time.perf_counter()
        undone = await undo_applied(database, applied)
        undoing = time.perf_counter() - started
        assert isinstance(undone, Applied)
    with psycopg.connect(conninfo) as connection:
        logged = connection.execute(
            "select count(*) from public.integration_audit_logs where details ->> 'operation_id' = any (%s) "
            "and action like 'permission%%'",
            [[str(applied.operation_id), str(undone.operation_id)]],
        ).fetchone()
        started = time.perf_counter()
        connection.execute(UPDATE_PLAINLY, [cells])
        plain = time.perf_counter() - started
        connection.rollback()
    print(
        f"        {len(staged)} cells applied in {took * 1000:.0f} ms ({applied.count('change')} changed, "
        f"{applied.count('revoke')} revoked), undone in {undoing * 1000:.0f} ms, "
        f"{logged[0] if logged else 0} log rows | floor: one UPDATE of as many rows {plain * 1000:.0f} ms"
    )


def main(rows: int) -> None:
    server = TestServer()
    try:
        conninfo = server.conninfo(server.create_database(prefix="bench"))
        with psycopg.connect(conninfo) as connection:
            connection.execute(USERS)
        run_schema_files(conninfo)
        with psycopg.connect(conninfo, autocommit=True) as connection:
            add_integrations(connection, INTEGRATIONS)
            fill_log(connection, rows=rows, people=SENDERS)
            for people in (12, 1_000, 10_000):
                connection.execute("delete from public.user_integration_permissions where true")
                connection.execute(ADD_PEOPLE, [ACME, people])
                give_everybody(connection)
                connection.execute("vacuum analyze")
                asyncio.run(measure(conninfo, people))
            print(f"switchboard.may with {rows:,} rows in the log: {asyncio.run(ask(conninfo, 3)):.1f} ms")
            fill_log(connection, rows=max(rows // 20, 1), people=1)
            connection.execute("analyze public.integration_audit_logs")
            print(
                f"the same for one person with {rows // 20:,} rows of their own: {asyncio.run(ask(conninfo, 1)):.1f} ms"
            )
    finally:
        server.close()


async def ask(conninfo: str, number: int) -> float:
    async with opened(conninfo) as database:
        return await may_ms(database, number)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
