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
    with postgres.own_database(template=installed_template, prefix="schema") as name:
        yield postgres.conninfo(name)
