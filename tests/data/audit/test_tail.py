"""Following the audit log: each row once, also of transactions that were open long before they committed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

import tui.data.audit.tail
from tests.support.acme import ACME, GLOBEX, opened
from tests.support.database.log_rows import let_eve_read, log_row, resolve_line
from tui.data.audit.tail import Position, Tail, follow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from uuid import UUID

    from tests.support.servers.postgres import TestServer

NONE = timedelta(0)


@pytest.fixture
def writer(installed_database: str) -> Iterator[psycopg.Connection]:
    """Another program that writes and commits each row by itself."""
    with psycopg.connect(installed_database, autocommit=True) as connection:
        yield connection


async def new_ids(tail: Tail) -> list[UUID]:
    return [row.id async for rows in tail.poll() for row in rows]


async def test_rows_come_once_oldest_first_and_none_that_were_there(
    installed_database: str, writer: psycopg.Connection
) -> None:
    log_row(writer)
    async with opened(installed_database) as database:
        tail = Tail(database, await resolve_line(database, "", ACME))
        await tail.begin()
        assert await new_ids(tail) == []
        first, second = log_row(writer), log_row(writer)
        log_row(writer, organization_id=GLOBEX)
        assert await new_ids(tail) == [first, second]
        third = log_row(writer)
        assert await new_ids(tail) == [third]
        assert await new_ids(tail) == []


async def test_a_row_comes_of_a_transaction_that_nobody_was_shown_and_that_wrote_nothing_for_long(
    installed_database: str, writer: psycopg.Connection
) -> None:
    let_eve_read(writer)
    writer.execute("create policy eve on integration_audit_logs for select to eve using (true)")
    async with opened(installed_database.replace("postgres@", "eve@")) as database:
        tail = Tail(database, await resolve_line(database, ""), overlap=NONE)
        await tail.begin()
        with psycopg.connect(installed_database) as late:
            late.execute("select now()")
            for _ in range(3):
                log_row(writer)
                await new_ids(tail)
            late_row = log_row(late)
            late.commit()
        assert late_row in await new_ids(tail)


async def test_a_filter_is_followed_too(installed_database: str, writer: psycopg.Connection) -> None:
    async with opened(installed_database) as database:
        tail = Tail(database, await resolve_line(database, 'status:failed "limit"'))
        await tail.begin()
        log_row(writer, status="failed")
        log_row(writer, details={"error": "limit"})
        matching = log_row(writer, status="failed", details={"error": "Rate limit"})
        assert await new_ids(tail) == [matching]


@pytest.mark.parametrize("when", ["before", "after", "prepared"])
async def test_a_row_of_a_transaction_that_commits_late_appears(
    installed_database: str, writer: psycopg.Connection, when: str
) -> None:
    """Its time is that of the transaction's beginning, which newer rows have long overtaken; no overlap hides that."""
    with psycopg.connect(installed_database) as slow:
        late = None
        async with opened(installed_database) as database:
            tail = Tail(database, await resolve_line(database, ""), overlap=NONE)
            if when == "before":
                late = log_row(slow)
            await tail.begin()
            if when != "before":
                late = log_row(slow)
            if when == "prepared":
                slow.execute("prepare transaction 'slow'")
            for _ in range(3):
                newer = log_row(writer)
                assert await new_ids(tail) == [newer]
            slow.commit()
            if when == "prepared":
                writer.execute("commit prepared 'slow'")
            assert await new_ids(tail) == [late]
            assert await new_ids(tail) == []


async def test_a_transaction_that_commits_while_it_is_looked_at_is_not_lost(installed_database: str) -> None:
    with psycopg.connect(installed_database) as slow:

        class Overtaken(Tail):
            async def _pages(self, *arguments: Any, **others: Any) -> AsyncIterator[list[dict[str, Any]]]:
                async for page in super()._pages(*arguments, **others):
                    slow.commit()
                    yield page

        async with opened(installed_database) as database:
            tail = Overtaken(database, await resolve_line(database, ""), overlap=NONE)
            await tail.begin()
            late = log_row(slow)
            assert await new_ids(tail) == []
            assert await new_ids(tail) == [late]


async def test_a_transaction_that_has_not_written_yet_is_waited_for_too(
    installed_database: str, writer: psycopg.Connection
) -> None:
    with psycopg.connect(installed_database) as slow:
        slow.execute("select 1")
        async with opened(installed_database) as database:
            tail = Tail(database, await resolve_line(database, ""), overlap=NONE)
            await tail.begin()
            newer = log_row(writer)
            assert await new_ids(tail) == [newer]
            late = log_row(slow)
            slow.commit()
            assert await new_ids(tail) == [late]


async def test_a_login_that_is_not_shown_others_transactions_goes_by_their_ids(
    installed_database: str, writer: psycopg.Connection, postgres: TestServer
) -> None:
    postgres.create_role("clerk", "login bypassrls")
    writer.execute("grant select on integration_audit_logs to clerk; grant usage on schema switchboard to clerk")
    name = installed_database.partition("?")[0].rpartition("/")[2]
    async with opened(postgres.conninfo(name, user="clerk")) as database:
        tail = Tail(database, await resolve_line(database, ""), overlap=NONE)
        await tail.begin()
        with psycopg.connect(installed_database) as slow:
            late = log_row(slow)
            for _ in range(3):
                newer = log_row(writer)
                assert await new_ids(tail) == [newer]
            # One that begins there is not shown since when it is open either.
            second = Tail(database, tail.audit_filter, overlap=NONE, position=tail.position)
            assert newer in await new_ids(second)
            slow.commit()
        assert await new_ids(tail) == await new_ids(second) == [late]


async def test_what_was_read_once_is_forgotten_when_nothing_can_bring_it_back(
    installed_database: str, writer: psycopg.Connection
) -> None:
    async with opened(installed_database) as database:
        tail = Tail(database, await resolve_line(database, ""), overlap=NONE)
        await tail.begin()
        for _ in range(5):
            newer = log_row(writer)
            assert await new_ids(tail) == [newer]
        assert len(tail._seen) <= 2


async def test_after_a_broken_connection_nothing_is_missing(
    installed_database: str, writer: psycopg.Connection
) -> None:
    async with opened(installed_database) as database:
        tail = Tail(database, await resolve_line(database, ""), overlap=NONE)
        await tail.begin()
        rows = [log_row(writer)]
        writer.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        rows.append(log_row(writer))
        assert await new_ids(tail) == rows


async def test_following_yields_rows_as_they_come(installed_database: str, writer: psycopg.Connection) -> None:
    async with opened(installed_database) as database:
        tail = Tail(database, await resolve_line(database, ""))
        await tail.begin()
        following = follow(tail, interval=0)
        first = log_row(writer)
        assert [row.id for row in await anext(following)] == [first]
        second = log_row(writer)
        assert [row.id for row in await anext(following)] == [second]


async def test_rows_that_were_read_otherwise_are_not_new(installed_database: str, writer: psycopg.Connection) -> None:
    async with opened(installed_database) as database:
        tail = Tail(database, await resolve_line(database, ""))
        await tail.begin()
        log_row(writer)
        assert await new_ids(Tail(database, tail.audit_filter)) == []
        second_tail = Tail(database, tail.audit_filter)
        await second_tail.begin()
        row_id = log_row(writer)
        tail.know([row async for rows in second_tail.poll() for row in rows if row.id == row_id])
        assert row_id not in await new_ids(tail)


async def test_another_tail_goes_on_where_one_was_killed(
    installed_database: str, writer: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also within a poll; and what was committed meanwhile with a time that was passed long before is not lost."""
    monkeypatch.setattr(tui.data.audit.tail, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(tui.data.audit.tail, "IDS_AT_ONCE", 3)
    with psycopg.connect(installed_database) as slow, psycopg.connect(installed_database) as reading:
        reading.execute("select now()")
        first = log_row(slow)
        rows = [log_row(writer) for _ in range(7)]
        async with opened(installed_database) as database:
            everything = await resolve_line(database, "")
            killed = Tail(database, everything, overlap=NONE, position=Position())
            batches = killed.poll()
            came = [row.id for rows in [await anext(batches), await anext(batches)] for row in rows]
            await batches.aclose()  # type: ignore[attr-defined]
            slow.commit()
            second = Tail(database, everything, overlap=NONE, position=killed.position)
            # What the slow one held back the position tells nothing of: those come again.
            assert await new_ids(second) == [first, *rows]
            assert set(came) < set(rows)
            # Now nobody has written and not committed, so nothing comes again, whoever else is reading.
            late = log_row(reading)
            reading.commit()
            third = Tail(database, everything, overlap=NONE, position=second.position)
            assert await new_ids(third) == [late]
            # Ids of another server mean nothing.
            restored = replace(second.position or Position(), server="another", xid=2**60)
            assert late in await new_ids(Tail(database, everything, overlap=NONE, position=restored))


async def test_what_a_reader_of_long_ago_may_still_write_is_looked_for_now_and_then(
    installed_database: str, writer: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tui.data.audit.tail, "READ_BACK_EVERY_S", 0)
    with psycopg.connect(installed_database) as reading:
        reading.execute("select now()")
        async with opened(installed_database) as database:
            tail = Tail(database, await resolve_line(database, ""), overlap=NONE)
            await tail.begin()
            tail._read_back_at = float("inf")
            await new_ids(tail)
            position = tail.position
            newer, late = log_row(writer), log_row(reading)
            reading.commit()
            assert await new_ids(tail) == [newer]
            assert tail.position == position
            tail._read_back_at = 0
            assert await new_ids(tail) == [late]
            assert await new_ids(tail) == []
            assert tail.position != position


async def test_a_poll_ends_however_fast_others_write(
    installed_database: str, writer: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tui.data.audit.tail, "IDS_AT_ONCE", 3)
    async with opened(installed_database) as database:
        everything = await resolve_line(database, "since:2020-01-01")
        tail = Tail(database, everything, position=Position())
        before, meanwhile, came = [log_row(writer) for _ in range(7)], [], []
        async for rows in tail.poll():
            came += [row.id for row in rows]
            meanwhile += [log_row(writer) for _ in range(3)]
            assert len(came) <= len(before)
            passed = tail.position
        assert came == before
        # From within that poll on: also what it passed by, and nothing twice that was there before it.
        assert await new_ids(Tail(database, everything, position=passed)) == meanwhile
        assert await new_ids(tail) == meanwhile
