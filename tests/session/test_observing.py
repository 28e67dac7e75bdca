"""What a provider tells besides is kept as it comes, goes on where it was stopped, and says what was not asked."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.acme import opened, phone_integration
from tests.support.commands import execute
from tests.support.servers.certificates import authority_file
from tests.support.servers.exotel import ExotelServer, error, exophone, exophones
from tests.support.terminal.console_driver import add
from tui.data.checks import store
from tui.session.observing import Observing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.data.postgres.database import Database
    from tui.session.session import Session


@pytest.fixture
def exotel(monkeypatch: pytest.MonkeyPatch) -> Iterator[ExotelServer]:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority_file()))
    with ExotelServer(numbers=exophones(70)) as server:
        yield server


class OpenSession:
    """As much of a session as a reading takes."""

    def __init__(self, database: Database) -> None:
        self.database = database


def numbers_read(conninfo: str) -> set[str]:
    return {number for (number,) in execute(conninfo, READ)}


READ = "select number from switchboard.observations where name = 'number_incoming'"


async def observing(database: Database, exotel: ExotelServer) -> Observing:
    session: Session = OpenSession(database)  # type: ignore[assignment]
    return Observing(session, await phone_integration(database), exotel.credential())


async def test_a_reading_is_kept_where_it_is_stopped_and_the_next_one_goes_on(
    keyed_database: str, exotel: ExotelServer
) -> None:
    await add(keyed_database)
    asked: list[tuple[int, int]] = []
    ten_minutes = timedelta(minutes=10)
    async with opened(keyed_database) as database:
        first = await observing(database, exotel)
        task = asyncio.create_task(first.read(seconds=60, fresh_within=ten_minutes))
        await asyncio.to_thread(exotel.wait_for_requests, 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        kept = numbers_read(keyed_database)
        assert 10 <= len(kept) < 70
        # No account is asked more than 45 times in a minute, so that this one cannot come to its end.
        second = await observing(database, exotel)
        said = await second.read(seconds=2, fresh_within=ten_minutes, tell=lambda *counts: asked.append(counts))
        both = numbers_read(keyed_database)
        assert both > kept and asked[-1] == (len(both) - len(kept), 70 - len(kept))
        assert said.startswith("Read besides: balance, ") and f"{len(both) - len(kept)} numbers' health" in said
        assert f"Not asked within 2 s: the health of {70 - len(both)} numbers" in said
        # An account of its own, which has its own budget: what fails is said, and what is stale takes turns.
        exotel.sid = "another1"
        exotel.numbers = [*exophones(3), exophone("+911141169368")]
        exotel.answer("balance", error(403))
        execute(keyed_database, "update switchboard.observations set at = at - interval '1 day'")
        execute(
            keyed_database,
            "update switchboard.observations set at = now() - interval '2 days' where number like '%0002'",
        )
        fresh, stale = await store.read_numbers_read(database, (await phone_integration(database)).id, ten_minutes)  # type: ignore[arg-type]
        assert (fresh, stale[0], len(stale)) == ([], "+911141160002", len(both))
        exotel.requests.clear()
        third = await observing(database, exotel)
        said = await third.read(seconds=60, fresh_within=ten_minutes)
        assert said.startswith("Read besides: 4 numbers' health. Not read: balance. ")
        paths = [request.path.rpartition("/")[2] for request in exotel.requests if "incoming-phone" in request.path]
        assert paths[:2] == ["%2B911141169368", "%2B911141160002"]
        nobody = (await phone_integration(database))._replace(integration_type="zoho_mail")
        mailbox = Observing(OpenSession(database), nobody, {})  # type: ignore[arg-type]
        assert await mailbox.read(seconds=1, fresh_within=ten_minutes) == ""
