"""What tests of the schema ask of a database: its shape, its rows as a hash, an installation, a browser's request."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from tests.support.servers.postgres import run_schema_files
from tui.data.schema.catalogue_queries import TABLES
from tui.data.schema.expected import GRANTED_ROLES
from tui.data.schema.install import InstallReport, install
from tui.data.schema.roles import create_roles
from tui.data.schema.shape import CatalogueEntry, read_shape
from tui.data.schema.verify import REPLACEABLE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.support.servers.postgres import TestServer

SHAPES = Path(__file__).parents[2] / "data" / "schema" / "shapes"
HOME = UUID("11111111-1111-4111-8111-111111111111")
SB2 = "sb2.AAAAAAAAAAAAAAAAAAAAAA.AAAA.AAAA.canary"
SCHEMA_FILES = Path(__file__).parents[3] / "sql"


async def shape_of(conninfo: str) -> frozenset[CatalogueEntry]:
    """The catalogue as entries."""
    async with await psycopg.AsyncConnection.connect(conninfo) as conn:
        return await read_shape(conn)


def prepare_reference(connection: psycopg.Connection[Any]) -> None:
    """Give a database all that an installation grants to: its roles, and who belongs to which organisation."""
    for role in GRANTED_ROLES:
        connection.execute(f"create role {role}")
    connection.execute(
        "create schema auth; create function auth.uid() returns uuid language sql as 'select null::uuid'; "
        "create table public.users (id uuid primary key, organization_id uuid); "
        "grant select on public.users to authenticated"
    )


async def installed(conninfo: str, **options: Any) -> InstallReport:
    """Install as `a test`."""
    return await install(conninfo, operator_label="a test", **options)


async def run_files_with_roles(conninfo: str) -> None:
    """Make what `setup --roles` makes, without its plan, its proof and its row of the log."""
    async with await psycopg.AsyncConnection.connect(conninfo) as conn:
        await create_roles(conn)
    run_schema_files(conninfo)


def set_up_by_a_newer_version(conninfo: str) -> None:
    """Give an installed schema the number that no version of this one has: nobody knows what is in it."""
    with psycopg.connect(conninfo) as connection:
        connection.execute("comment on schema switchboard is 'switchboard schema 999'")


def run_shape(conninfo: str, *names: str) -> None:
    """Run files of tests/data/schema/shapes in one transaction."""
    with psycopg.connect(conninfo) as connection:
        for name in names:
            connection.execute((SHAPES / f"{name}.sql").read_text(encoding="utf-8"))


def run_psql(server: TestServer, conninfo: str) -> str:
    """Run sql/*.sql with psql as docs/installing.md says; return what it printed."""
    files = [part for file in sorted(SCHEMA_FILES.glob("*.sql")) for part in ("-f", str(file))]
    process = subprocess.run(
        [server.binaries / "psql", "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", *files, conninfo],
        capture_output=True,
        text=True,
        check=True,
    )
    return process.stdout + process.stderr


def columns_of(conninfo: str) -> dict[str, list[str]]:
    """The columns of those of the four tables that exist."""
    with psycopg.connect(conninfo) as connection:
        return {
            table: [
                name
                for (name,) in connection.execute(
                    "select column_name::text from information_schema.columns "
                    "where table_schema = 'public' and table_name = %s order by 1",
                    [table],
                )
            ]
            for table in TABLES
        }


def row_hashes(conninfo: str, columns: dict[str, list[str]]) -> dict[str, str]:
    """A hash over all rows of each table, over the given columns."""
    hashes = {}
    with psycopg.connect(conninfo) as connection:
        for table, names in columns.items():
            if not names:
                continue
            query = sql.SQL(
                "select md5(coalesce(string_agg(t::text, ',' order by t::text), '')) from (select {} from {} {}) t"
            ).format(
                sql.SQL(", ").join(map(sql.Identifier, names)),
                sql.Identifier("public", table),
                sql.SQL("where action <> 'schema_changed'" if table == "integration_audit_logs" else ""),
            )
            row = connection.execute(query).fetchone()
            assert row is not None
            hashes[table] = row[0]
    return hashes


def log_of(connection: psycopg.Connection[Any], *, since: int = 0) -> list[dict[str, Any]]:
    """The log's rows in the order in which they were written, without the first `since`."""
    cursor = connection.cursor(row_factory=dict_row)
    cursor.execute("select * from public.integration_audit_logs order by created_at, id")
    return cursor.fetchall()[since:]


def add_credential(
    connection: psycopg.Connection[Any], kind: str = "exotel_phone", home: UUID = HOME, **values: Any
) -> UUID:
    """Add an integration whose envelope nobody opens; return its id."""
    row: dict[str, Any] = {
        "id": uuid4(),
        "organization_id": home,
        "integration_type": kind,
        "credentials_encrypted": SB2,
    } | values
    return _insert(connection, "integration_credentials", row)


def add_permission(connection: psycopg.Connection[Any], integration: UUID) -> UUID:
    """Let somebody see an integration; return the permission's id."""
    row = connection.execute(
        "insert into public.user_integration_permissions (user_id, integration_id, can_view) "
        "values (gen_random_uuid(), %s, true) returning id",
        [integration],
    ).fetchone()
    assert row
    row_id: UUID = row[0]
    return row_id


def add_number(
    connection: psycopg.Connection[Any], integration: UUID | None, number: str = "+918012345678", **values: Any
) -> UUID:
    """Add a phone number of HOME; return its id."""
    row: dict[str, Any] = {
        "id": uuid4(),
        "organization_id": HOME,
        "integration_id": integration,
        "phone_number": number,
    } | values
    return _insert(connection, "organization_phone_numbers", row)


def _insert(connection: psycopg.Connection[Any], table: str, row: dict[str, Any]) -> UUID:
    columns, places = ", ".join(row), ", ".join(f"%({name})s" for name in row)
    connection.execute(f"insert into public.{table} ({columns}) values ({places})", row)
    row_id: UUID = row["id"]
    return row_id


def portable(entries: Iterable[CatalogueEntry]) -> list[CatalogueEntry]:
    """Leave out of a shape what differs between databases: the views' texts, and the grants of other roles."""
    portable_entries = []
    for entry in entries:
        if entry.kind == "view" and entry.name in REPLACEABLE:
            portable_entries.append(CatalogueEntry("view", entry.name, ""))
        elif entry.kind != "grant" or entry.name.rpartition(" to ")[2] in GRANTED_ROLES:
            portable_entries.append(entry)
    return sorted(portable_entries)
