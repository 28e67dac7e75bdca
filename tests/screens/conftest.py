"""What tests of several screens use: a log that they only read, one per process, and a stand-in for Exotel."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.database.log_rows import fill_log
from tests.support.database.number_rows import create_people
from tests.support.servers.certificates import authority_file
from tests.support.servers.exotel import ExotelServer
from tui.data.audit import change_watch
from tui.screens import freshness

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer

YEAR_ROWS = 3_000


@pytest.fixture(scope="session")
def filled_log(postgres: TestServer, keyed_template: str) -> Iterator[str]:
    """3,000 rows of Acme and Globex with ties in time and rows without one, and people; not to be changed."""
    name = postgres.create_database(template=keyed_template, prefix="filled_log")
    create_people(postgres.conninfo(name))
    fill_log(postgres.conninfo(name), YEAR_ROWS)
    yield postgres.conninfo(name)
    postgres.drop_database(name)


@pytest.fixture
def exotel(monkeypatch: pytest.MonkeyPatch) -> Iterator[ExotelServer]:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority_file()))
    with ExotelServer() as server:
        yield server


@pytest.fixture(autouse=True)
def changes_are_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the log once and not every five seconds, so that no test depends on how long it takes."""
    monkeypatch.setattr(freshness, "LOOK_EVERY_S", 3_600.0)
    monkeypatch.setattr(change_watch, "JUST_BEFORE", timedelta(0))
