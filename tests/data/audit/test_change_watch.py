"""Telling whether an organisation's log has news: each row once, also one that commits after its time."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from tests.support.acme import ACME, GLOBEX, opened
from tests.support.database.log_rows import log_row
from tui.data.audit.change_watch import MOST_IDS, ChangeWatch
from tui.errors import PermissionDenied

AN_HOUR = timedelta(hours=1)


async def test_news_is_told_once_for_each_row_of_the_organisation(installed_database: str) -> None:
    with psycopg.connect(installed_database, autocommit=True) as writer:
        (now,) = writer.execute("select now()").fetchone()  # type: ignore[misc]
        log_row(writer, created_at=now - AN_HOUR)
        async with opened(installed_database) as database:
            watch = ChangeWatch(ACME)
            assert not await watch.has_news(database)
            assert not await watch.has_news(database)
            log_row(writer)
            assert await watch.has_news(database)
            assert not await watch.has_news(database)
            log_row(writer, organization_id=GLOBEX)
            log_row(writer, created_at=now - AN_HOUR)
            assert not await watch.has_news(database)
            with psycopg.connect(installed_database) as late:
                log_row(late)
                log_row(writer)
                assert await watch.has_news(database)
                late.commit()
            assert await watch.has_news(database)
            for _ in range(MOST_IDS + 1):
                log_row(writer)
            assert await watch.has_news(database)
            assert not await watch.has_news(database)
            log_row(writer)
            assert await watch.has_news(database)
            # Whoever was reading just now may have missed it.
            assert await ChangeWatch(ACME).has_news(database)


async def test_a_login_that_may_not_read_the_log_is_told_so(installed_database: str) -> None:
    with psycopg.connect(installed_database, autocommit=True) as writer:
        writer.execute("create role eve login")
    async with opened(installed_database.replace("postgres@", "eve@")) as database:
        with pytest.raises(PermissionDenied):
            await ChangeWatch(ACME).has_news(database)
