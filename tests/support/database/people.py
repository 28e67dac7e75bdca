"""Organisations full of people and permissions, and a busy log, written straight into a database."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID
from weakref import WeakKeyDictionary

import psycopg

from tests.support.acme import ACME
from tests.support.servers.postgres import TestServer, run_schema_files

if TYPE_CHECKING:
    from collections.abc import Iterator

TYPES = ("exotel_phone", "exotel_whatsapp", "exotel_sms", "zoho_mail")
USERS = """
create table public.users (
  id uuid primary key, email text unique not null, full_name text, organization_id uuid, is_active boolean default true)
"""
PEOPLE = """
insert into public.users (id, email, full_name, organization_id)
select md5('person ' || n)::uuid, 'person' || n || '@acme.example', 'Person ' || lpad(n::text, 6, '0'), %s
  from generate_series(1, %s) as n
"""
INTEGRATIONS = """
insert into public.integration_credentials (id, organization_id, integration_type, credentials_encrypted)
select md5(%s || ' integration ' || n)::uuid, %s, coalesce((%s::text[])[n], 'type_' || n), 'x'
  from generate_series(1, %s) as n
"""
EVERYBODY = """
insert into public.user_integration_permissions
       (user_id, integration_id, can_view, can_send, can_configure, daily_limit, monthly_limit, granted_at)
select u.id, c.id, true, true, false, 100, 1000, now() - interval '1 day'
  from public.users as u cross join public.integration_credentials as c
 where u.organization_id = c.organization_id
"""
SENDS = """
insert into public.integration_audit_logs (organization_id, user_id, integration_type, action, status, created_at)
select %(organization)s, md5('person ' || (1 + n %% %(people)s))::uuid, 'exotel_phone',
       (array['call_made', 'connection_tested'])[1 + n / %(people)s %% 2], 'success',
       now() - n * interval '30 days' / %(rows)s
  from generate_series(1, %(rows)s) as n
"""
_templates: WeakKeyDictionary[TestServer, str] = WeakKeyDictionary()


def person(number: int) -> UUID:
    """The id of the person of that number."""
    return _uuid(f"person {number}")


def integration(number: int, organization: UUID = ACME) -> UUID:
    """The id of the organisation's integration of that number, from 1."""
    return _uuid(f"{organization} integration {number}")


@contextmanager
def directory_database(server: TestServer, *, people: int = 3, integrations: int = 2) -> Iterator[str]:
    """A database whose people are in public.users, with ACME's people and integrations and no permissions."""
    if server not in _templates:
        template = server.create_database(prefix="template_directory")
        with psycopg.connect(server.conninfo(template)) as connection:
            connection.execute(USERS)
        run_schema_files(server.conninfo(template))
        _templates[server] = template
    name = server.create_database(template=_templates[server], prefix="directory")
    with psycopg.connect(server.conninfo(name)) as connection:
        fill(connection, people=people, integrations=integrations)
    try:
        yield server.conninfo(name)
    finally:
        server.drop_database(name)
        server.drop_new_roles()


def fill(connection: psycopg.Connection[Any], *, people: int, integrations: int, organization: UUID = ACME) -> None:
    """Add people to public.users, and integrations."""
    connection.execute(PEOPLE, [organization, people])
    add_integrations(connection, integrations, organization)


def add_integrations(connection: psycopg.Connection[Any], count: int, organization: UUID = ACME) -> None:
    """Add integrations, the four known types first."""
    connection.execute(INTEGRATIONS, [str(organization), organization, list(TYPES), count])


def give_everybody(connection: psycopg.Connection[Any]) -> None:
    """Give everybody view and send on every integration of their organisation, without a row in the log."""
    table = "public.user_integration_permissions"
    connection.execute(f"alter table {table} disable trigger switchboard_log_change")
    connection.execute(EVERYBODY)
    connection.execute(f"alter table {table} enable always trigger switchboard_log_change")


def fill_log(connection: psycopg.Connection[Any], *, rows: int, people: int) -> None:
    """Add so many rows over the last 30 days, half of them calls."""
    connection.execute(SENDS, {"organization": ACME, "rows": rows, "people": people})


def _uuid(text: str) -> UUID:
    return UUID(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest())
