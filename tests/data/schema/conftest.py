"""Databases and connections that tests of the schema's triggers and functions share."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.support.database.schema import installed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer

    Connection = psycopg.Connection[Any]


@pytest.fixture(scope="session")
def set_up_template(postgres: TestServer) -> str:
    """Name of a database that was set up as `a test` sets one up, to be cloned and not to be changed."""
    name = postgres.create_database(prefix="template_set_up")
    asyncio.run(installed(postgres.conninfo(name)))
    return name


@pytest.fixture
def set_up_database(postgres: TestServer, set_up_template: str) -> Iterator[str]:
    """Connection URI (superuser) of a database that was set up: `installed_database` with that in log and history."""
    with postgres.own_database(template=set_up_template, prefix="set_up") as name:
        yield postgres.conninfo(name)


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    """A connection whose transaction is never committed."""
    with psycopg.connect(database, application_name="the test") as connection:
        # From here on `connection.transaction()` is a savepoint within it.
        connection.execute("select 1")
        yield connection
        connection.rollback()


@pytest.fixture
def committing(installed_database: str) -> Iterator[Connection]:
    """A connection to a database of the test's own that commits each statement."""
    with psycopg.connect(installed_database, autocommit=True, application_name="the test") as connection:
        yield connection
