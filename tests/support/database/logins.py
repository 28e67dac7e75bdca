"""Logins that are people: a role, and what it is mapped to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from tests.support.servers.postgres import TestServer

MAP = "select switchboard.map_login(%s::text, %s::uuid, %s::text, %s::uuid[], %s, %s, null, %s::text)"


def create_login(
    server: TestServer,
    conninfo: str,
    login: str,
    person: UUID | None = None,
    *,
    organizations: Sequence[UUID] = (),
    group: str = "admin",
) -> str:
    """Make a role that is a person, or speaks for others, in these organisations or in all; return its URI."""
    server.create_role(login, f"login in role switchboard_{group}")
    with psycopg.connect(conninfo) as connection:
        map_login(connection, login, person, organizations=organizations, group=group)
        return server.conninfo(connection.info.dbname, user=login)


def map_login(
    connection: psycopg.Connection[Any],
    login: str,
    person: UUID | None,
    *,
    organizations: Sequence[UUID] = (),
    group: str = "admin",
) -> None:
    """Map a role that is there, as the owner."""
    values = [login, person, group, list(organizations), not organizations, person is None, connection.info.user]
    connection.execute(MAP, values)
