"""Whether an installation can run: the server, the role, the four tables, and the problems they mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.data.postgres.probe import encoding_problem, probe
from tui.data.schema.catalogue_queries import TABLES, fetch_rows
from tui.data.schema.roles import missing_roles
from tui.data.schema.state import schema_state
from tui.errors import PermissionDenied, SchemaInTheWay, SchemaNewer, ServerUnsuitable, SwitchboardError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import AsyncConnection

    from tui.models.server import ServerInfo

OLDEST_VERSION = 140000


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an installation cannot run, in one sentence, and what to do about it; `error` is the class to raise."""

    sentence: str
    what_to_do: str
    error: type[SwitchboardError] = SchemaInTheWay


@dataclass(frozen=True, slots=True)
class TableFacts:
    """What has the name of one of the four tables; `owned` is whether the role has the rights of the owner."""

    name: str
    is_table: bool
    owner: str
    owned: bool


@dataclass(frozen=True, slots=True)
class Preflight:
    """The facts and the problems that they mean; without a problem an installation can run."""

    server: ServerInfo
    tables: tuple[TableFacts, ...]
    problems: tuple[Problem, ...]


_TABLE_FACTS = """
select c.relname::text, c.relkind in ('r', 'p'), pg_get_userbyid(c.relowner)::text, pg_has_role(c.relowner, 'USAGE')
from pg_class c
where c.relnamespace = to_regnamespace('public') and c.relname = any (%(tables)s)
order by array_position(%(tables)s, c.relname::text)
"""

_SCHEMA_FACTS = """
select (select pg_get_userbyid(n.nspowner)::text from pg_namespace n where n.nspname = 'switchboard'),
  coalesce((select pg_has_role(n.nspowner, 'USAGE')
                   -- What is made there is given to its owner.
                   and pg_has_role(n.nspowner, case when current_setting('server_version_num')::int < 160000
                                                    then 'MEMBER' else 'SET' end)
            from pg_namespace n where n.nspname = 'switchboard'), true)
"""

# A superuser has every owner's rights, and would take over what somebody else has put there.
_FOREIGN = """
select o.what, pg_get_userbyid(o.owner)::text
from (select 'schema switchboard' as what, n.nspowner as owner from pg_namespace n where n.nspname = 'switchboard'
      union all
      select format('relation switchboard.%%I', c.relname), c.relowner
      from pg_class c where c.relnamespace = to_regnamespace('switchboard')
      union all
      select format('function switchboard.%%I', p.proname), p.proowner
      from pg_proc p where p.pronamespace = to_regnamespace('switchboard')) o
where o.owner <> (select r.oid from pg_roles r where r.rolname = current_user)
  and o.owner not in (select c.relowner from pg_class c
                      where c.relnamespace = to_regnamespace('public') and c.relname = any (%(tables)s))
order by o.what like 'schema%%' desc, o.what
"""


async def preflight(conn: AsyncConnection[Any], *, roles: bool = False) -> Preflight:
    """Find out whether an installation can run; with `roles` also whether roles can be created.

    What prevents one is not raised, but listed in `problems`. Raises psycopg.Error.
    """
    server = await probe(conn)
    tables = tuple(TableFacts(*row) for row in await fetch_rows(conn, _TABLE_FACTS, {"tables": list(TABLES)}))
    ((owner, owned),) = await fetch_rows(conn, _SCHEMA_FACTS)
    newer = SchemaNewer() if await schema_state(conn) == "newer" else None
    foreign = await fetch_rows(conn, _FOREIGN, {"tables": list(TABLES)})
    missing = await missing_roles(conn) if roles else ()
    problems = (
        *_server_problems(server),
        *([Problem(newer.sentence, newer.what_to_do, SchemaNewer)] if newer else []),
        *_schema_problems(server, owner, owned, foreign),
        *_table_problems(server, tables),
        *_role_problems(server, missing),
    )
    return Preflight(server, tables, problems)


def why_unwritable(server: ServerInfo) -> Problem | None:
    """Why nothing can be written on this server, whoever asks."""
    if server.version < OLDEST_VERSION:
        sentence = f"The server runs PostgreSQL {server.version_text}, and 14 is the oldest that works."
        return Problem(sentence, "Upgrade it, or use another server.", ServerUnsuitable)
    if server.in_recovery or server.read_only:
        kind = "a standby" if server.in_recovery else "set to read-only"
        sentence = f"The server is PostgreSQL {server.version_text}, but {kind}, so nothing can be written there."
        return Problem(sentence, "Connect to the primary server.", ServerUnsuitable)
    return None


def _server_problems(server: ServerInfo) -> Iterator[Problem]:
    if problem := why_unwritable(server):
        yield problem
    if unfit := encoding_problem(server):
        yield Problem(*unfit, ServerUnsuitable)
    if server.pooling == "transaction":
        yield Problem(
            "This is a transaction pooler, which does not keep the locks that an installation needs.",
            "Use the direct address or the session pooler (port 5432) for setup; port 6543 works afterwards.",
            ServerUnsuitable,
        )


def _schema_problems(
    server: ServerInfo, owner: str | None, owned: bool, foreign: list[tuple[Any, ...]]
) -> Iterator[Problem]:
    if not owned:
        yield Problem(
            f"The schema switchboard belongs to the role {owner}, which {server.role} may not become.",
            f"Connect as {owner}.",
            PermissionDenied,
        )
    elif owner is None and not server.create_in_database:
        yield Problem(
            f"The role {server.role} lacks the privilege CREATE on the database {server.database}.",
            f"Let its owner run: grant create on database {_quote(server.database)} to {_quote(server.role)};",
            PermissionDenied,
        )
    if owned and foreign:
        what, other = foreign[0]
        yield Problem(
            f"The {what} belongs to the role {other}, which is neither {server.role} nor the owner of the tables.",
            f"If it is as it should be, connect as {other}; else move it out of the way.",
        )


def _table_problems(server: ServerInfo, tables: tuple[TableFacts, ...]) -> Iterator[Problem]:
    for table in tables:
        if not table.is_table:
            yield Problem(
                f"public.{table.name} is in the way: it is not a table, but has the name of one that is needed.",
                "Rename it, or use another database.",
            )
        elif not table.owned:
            yield Problem(
                f"The table public.{table.name} belongs to the role {table.owner}, "
                f"and {server.role} is not a member of it.",
                f"Connect as {table.owner}, or let {table.owner} run the text of `switchboard schema`.",
                PermissionDenied,
            )
    if len(tables) < len(TABLES) and not server.create_in_public:
        yield Problem(
            f"The role {server.role} lacks the privilege CREATE on the schema public.",
            f"Let its owner run: grant create on schema public to {_quote(server.role)};",
            PermissionDenied,
        )


def _role_problems(server: ServerInfo, missing: tuple[str, ...]) -> Iterator[Problem]:
    if missing and not (server.create_role or server.superuser):
        yield Problem(
            f"The role {server.role} lacks the attribute CREATEROLE, so it cannot create {', '.join(missing)}.",
            "Connect as a role that has it, or set up without --roles.",
            PermissionDenied,
        )


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
