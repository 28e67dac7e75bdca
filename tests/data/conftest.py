"""Fixtures of all tests of the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer


@pytest.fixture(scope="module")
def database(postgres: TestServer, installed_template: str) -> Iterator[str]:
    """Connection URI (superuser) of a database with the schema installed, one for the tests of a module."""
    name = postgres.create_database(template=installed_template, prefix="schema")
    yield postgres.conninfo(name)
    postgres.drop_database(name)
    postgres.drop_new_roles()
