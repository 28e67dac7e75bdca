"""Phone numbers, people and integrations put into a database past the program, and what the log says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg

from tests.support.acme import ACME, ASHA, GLOBEX
from tests.support.commands import execute
from tui.data.numbers.listing import list_phone_numbers
from tui.models.integrations import Integration
from tui.models.numbers import ListedNumber

if TYPE_CHECKING:
    from tui.data.postgres.database import Database
    from tui.models.numbers import PhoneNumber

RAVI = UUID("00000000-0000-4000-8000-0000000ba710")
MEENA = UUID("00000000-0000-4000-8000-00000003ee4a")
OLD, DELHI = "01141169368", "+911141169368"
BANGALORE = "+918033755555"

DIRECTORY = """
create table public.staff (id uuid, email text, name text, organization_id uuid, is_active boolean);
create or replace view switchboard.people as select id, email, name, organization_id, is_active from public.staff;
"""
PEOPLE = (
    (ASHA, "asha@acme.example", "Asha Rao", ACME, True),
    (RAVI, "ravi@acme.example", "Ravi Kumar", ACME, True),
    (MEENA, "meena@acme.example", None, ACME, False),
)


def create_people(conninfo: str, *more: tuple[Any, ...]) -> None:
    """Give the database a directory of people: Asha and Ravi, Meena who has left, and those given; and two names."""
    with psycopg.connect(conninfo) as connection:
        connection.execute(DIRECTORY.encode())
        connection.cursor().executemany("insert into public.staff values (%s, %s, %s, %s, %s)", [*PEOPLE, *more])
        names = [(ACME, "Acme Foods"), (GLOBEX, "Globex")]
        connection.cursor().executemany("insert into switchboard.organization_labels values (%s, %s)", names)


def add_integration(conninfo: str, kind: str = "exotel_phone", organization: UUID = ACME) -> Integration:
    """Add an integration whose envelope nobody opens."""
    ((row_id,),) = execute(
        conninfo,
        "insert into integration_credentials (organization_id, integration_type, credentials_encrypted)"
        " values (%s, %s, 'none') returning id",
        organization,
        kind,
    )
    return Integration(row_id, organization, kind, is_active=True)


def add_row(conninfo: str, text: str, **columns: Any) -> UUID:
    """Add a row of the text as it is, as another program would; returns its id."""
    row = {"organization_id": ACME, "phone_number": text} | columns
    names = ", ".join(row)
    marks = ", ".join(["%s"] * len(row))
    ((row_id,),) = execute(
        conninfo,
        f"insert into organization_phone_numbers ({names}) values ({marks}) returning id",
        *row.values(),
    )
    assert isinstance(row_id, UUID)
    return row_id


async def row_of(database: Database, row_id: UUID) -> PhoneNumber:
    """The row as the program sees it."""
    return next(number for number in await list_phone_numbers(database, None) if number.id == row_id)


def listing(count: int) -> list[ListedNumber]:
    """So many numbers of a provider, from +918033700000 on."""
    return [ListedNumber(f"+9180337{n:05}", f"line {n}", True, True) for n in range(count)]


def log_rows(conninfo: str, *actions: str) -> list[dict[str, Any]]:
    """The rows of the log of these actions, oldest first: action, status, organization_id, user_id, details."""
    with psycopg.connect(conninfo) as connection:
        cursor = connection.execute(
            "select action, status, organization_id, user_id, integration_type, details from integration_audit_logs"
            " where action = any (%s) order by created_at, id",
            (list(actions),),
        )
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor]
