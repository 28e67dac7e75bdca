"""Whether the schema is there, and of which version, asked in one quick query at start-up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from tui.data.login import MY_LOGIN, login_of
from tui.data.postgres.operator_settings import SCHEMA_NUMBER
from tui.data.schema.catalogue_queries import TABLES, fetch_rows
from tui.data.schema.files import latest_number
from tui.errors import SchemaNewer

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from tui.models.people import Login

SchemaState = Literal["missing", "partial", "installed", "outdated", "newer"]
SCHEMA_SENTENCES: dict[SchemaState, str] = {
    "missing": "Switchboard is not set up in this database.",
    "partial": "Only a part of what Switchboard needs is in this database, or the tables are another program's.",
    "installed": "The schema is complete, and as Switchboard made it.",
    "outdated": "The schema is of an earlier version than this Switchboard.",
    "newer": SchemaNewer.usual_sentence,
}

_QUERY = f"""
select
  (select count(*) from pg_catalog.pg_class c
   where c.relnamespace = pg_catalog.to_regnamespace('public') and c.relname = any (%(tables)s)
     and c.relkind in ('r', 'p')),
  (select count(*) from pg_catalog.pg_trigger t
   where t.tgname = 'switchboard_log_change' and not t.tgisinternal
     and t.tgrelid in (select c.oid from pg_catalog.pg_class c
                       where c.relnamespace = pg_catalog.to_regnamespace('public'))),
  pg_catalog.to_regnamespace('switchboard') is not null,
  {SCHEMA_NUMBER},
  {{login}}
"""


async def schema_state(conn: AsyncConnection[Any]) -> SchemaState:
    """Tell from the catalogue what is installed; any role may ask.

    missing: none of the four tables and no schema switchboard. partial: some of it, or tables of another program.
    outdated: complete, but of an earlier number than sql/ has now. newer: of a later one, whose tables and triggers
    are for a later version to judge. Raises psycopg.Error.
    """
    return (await schema_state_and_login(conn, asks_login=False))[0]


async def schema_state_and_login(conn: AsyncConnection[Any], *, asks_login: bool) -> tuple[SchemaState, Login | None]:
    """Tell the same, and where the role may ask that, what its login is. Raises psycopg.Error."""
    query = _QUERY.replace("{login}", MY_LOGIN if asks_login else "null::json")
    ((*found, login),) = await fetch_rows(conn, query, {"tables": list(TABLES)})
    return _state(*found), login_of(login)


def _state(tables: int, triggers: int, has_schema: bool, number: int | None) -> SchemaState:
    if number is not None and number > latest_number():
        return "newer"
    if tables == 0 and not has_schema:
        return "missing"
    if tables < len(TABLES) or triggers < len(TABLES) - 1 or number is None:
        return "partial"
    return "installed" if number == latest_number() else "outdated"
