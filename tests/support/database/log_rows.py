"""Rows of the log put into a database past the program, many at once or one by one."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import psycopg

from tests.support.acme import ACME, ASHA, GLOBEX
from tui.data.audit import windows as audit_windows
from tui.data.audit.filter import parse_filter
from tui.data.audit.name_resolution import resolve_filter
from tui.data.audit.pages import ReadStep

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import pytest

    from tui.data.audit.filter import AuditFilter
    from tui.data.postgres.database import Database
    from tui.models.log import AuditRow

# A year by minutes, three rows each; every hundredth without a time. The last ones are of the end of 2025.
FILL = """
insert into integration_audit_logs
  (organization_id, user_id, integration_type, action, status, details, ip_address, user_agent, created_at)
select case when n %% 5 = 0 then %(globex)s::uuid else %(acme)s::uuid end,
       case when n %% 21 = 0 then null when n %% 3 = 0 then %(asha)s::uuid else md5((n %% 40)::text)::uuid end,
       case when n %% 2 = 0 then 'exotel_phone' else 'zoho_mail' end,
       case when n %% 1000 = 7 then 'credential_deleted' when n %% 2 = 0 then 'call_made' else 'email_sent' end,
       case when n %% 11 = 5 then 'failed' when n %% 50 = 3 then 'pending' else 'success' end,
       jsonb_build_object('n', n, 'error_code', case when n %% 11 = 5 then 429 end),
       ('10.0.' || n %% 200 || '.' || n %% 250)::inet, 'agent/' || n %% 7 || repeat('.', %(padding)s),
       case when n %% 100 <> 99 then timestamptz '2025-12-31 23:59+00' - (%(rows)s - n) / 3 * interval '1 minute' end
  from generate_series(1, %(rows)s) as n
"""
INSERT = """
insert into integration_audit_logs
  (id, organization_id, user_id, integration_type, action, status, details, ip_address, user_agent, created_at)
values (%(id)s, %(organization_id)s, %(user_id)s, %(integration_type)s, %(action)s, %(status)s, %(details)s,
        %(ip_address)s, %(user_agent)s, coalesce(%(created_at)s::timestamptz, case when %(timed)s then now() end))
"""


@contextmanager
def locked_log(conninfo: str) -> Iterator[psycopg.Connection[Any]]:
    """Until the end of this transaction, which is yielded, everybody else waits for the log."""
    with psycopg.connect(conninfo) as connection:
        connection.execute("lock table integration_audit_logs in access exclusive mode")
        yield connection


def fill_log(conninfo: str, rows: int, *, padding: int = 0) -> None:
    """Add many rows, each longer by `padding` bytes, and let the server look at them."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(FILL, {"rows": rows, "padding": padding, "acme": ACME, "globex": GLOBEX, "asha": ASHA})
        connection.execute("vacuum (analyze) integration_audit_logs")


def let_eve_read(connection: psycopg.Connection[Any]) -> None:
    """Make a login without any rights but to read; of the log it sees what a policy for it lets it see."""
    connection.execute("create role eve login")
    connection.execute("grant usage on schema switchboard to eve")
    connection.execute("grant select on all tables in schema public, switchboard to eve")
    connection.execute("grant execute on function switchboard.scope() to eve")


def slow_log_of_eve(
    conninfo: str, monkeypatch: pytest.MonkeyPatch, rows: int, slow: str, *, seconds: str = "0.002"
) -> str:
    """Fill a log whose rows take the server so long each where a condition on n holds; it is looked through in small
    windows. Returns the connection URI of a login for which it is slow.
    """
    for name, size in (("FIRST_WINDOW", 20), ("SMALLEST_WINDOW", 10), ("LARGEST_WINDOW", 20)):
        monkeypatch.setattr(audit_windows, name, size)
    fill_log(conninfo, rows)
    with psycopg.connect(conninfo) as connection:
        let_eve_read(connection)
        policy = f"case when (details ->> 'n')::int {slow} then pg_sleep({seconds})::text = '' else true end"
        connection.execute(f"create policy slow on integration_audit_logs for select to eve using ({policy})".encode())
    return conninfo.replace("postgres@", "eve@")


def log_row(connection: psycopg.Connection[Any], *, timed: bool = True, **columns: Any) -> UUID:
    """Add one row within the connection's transaction, of now where no time is given; returns its id."""
    row = {
        "id": uuid4(),
        "organization_id": ACME,
        "user_id": None,
        "integration_type": "zoho_mail",
        "action": "email_sent",
        "status": "success",
        "details": None,
        "ip_address": None,
        "user_agent": None,
        "created_at": None,
        "timed": timed,
    } | columns
    if row["details"] is not None:
        row["details"] = json.dumps(row["details"])
    connection.execute(INSERT, row)
    row_id: UUID = row["id"]
    return row_id


async def resolve_line(database: Database, line: str, organization_id: UUID | None = None) -> AuditFilter:
    """A filter line, looked up; of all organisations unless told."""
    return (await resolve_filter(database, parse_filter(line), organization_id)).audit_filter


async def read_all(steps: AsyncIterator[ReadStep], *, newer: bool = False) -> ReadStep:
    """Read to the last step and return all rows as one, newest first; `newer` where the steps go that way."""
    rows: tuple[AuditRow, ...] = ()
    last = ReadStep((), False, True)
    async for last in steps:
        rows = last.rows + rows if newer else rows + last.rows
    return ReadStep(rows, last.more, True, last.searched_to)
