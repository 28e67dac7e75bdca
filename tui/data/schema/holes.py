"""The holes that an existing database can have: what each is, the query that shows it, and what closes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tui.data.schema.catalogue_queries import fetch_rows, full_names

if TYPE_CHECKING:
    from psycopg import AsyncConnection


@dataclass(frozen=True, slots=True)
class Hole:
    """A weakness: `query` returns a row for each place where it is, and none once it is closed.

    `name` is short; `when_closed` says in a sentence that there is none, with {in_sight} where that is true of what the
    login sees. `closed_by` is what setup does about it, and empty where only a person can close it, who reads
    `what_to_do`. `reads_rows`: the query reads rows of the tables.
    """

    name: str
    title: str
    sentence: str
    query: str
    closed_by: str = ""
    when_closed: str = ""
    what_to_do: str = ""
    reads_rows: bool = False

    @property
    def way_out(self) -> str:
        """What closes it, in a sentence."""
        return self.what_to_do or f"`switchboard setup` closes it: {self.closed_by}."


_TABLES = """c.relnamespace = to_regnamespace('public')
  and c.relname in ('integration_credentials', 'user_integration_permissions',
                    'integration_audit_logs', 'organization_phone_numbers')"""
_API_ROLES = "(0::oid, to_regrole('anon')::oid, to_regrole('authenticated')::oid)"
_GRANTEE = "case g.grantee when 0 then 'public' else pg_get_userbyid(g.grantee)::text end as grantee"

HOLES = (
    Hole(
        "Policies",
        "Every organisation's rows are open to everybody signed in",
        "A policy compares a row's organisation with itself, because the table users has no such column: whoever has "
        "a row in users reads, changes and deletes the rows of all organisations.",
        f"""select c.relname::text as "table", p.polname::text as policy,
  pg_get_expr(p.polqual, p.polrelid) as condition
from pg_policy p join pg_class c on c.oid = p.polrelid
where {_TABLES}
  and pg_get_expr(p.polqual, p.polrelid) ~ ('SELECT ' || c.relname || '\\.organization_id')""",
        "the policies are replaced",
        "No policy lets people reach the rows of other organisations.",
    ),
    Hole(
        "Self-service",
        "People can grant themselves rights",
        "A policy lets everybody signed in write their own rows of user_integration_permissions, can_configure "
        "included.",
        """select p.polname::text as policy, p.polcmd::text as command, pg_get_expr(p.polqual, p.polrelid) as condition
from pg_policy p
where p.polrelid = to_regclass('public.user_integration_permissions') and p.polcmd in ('*', 'a', 'w')
  and p.polroles && array[0::oid, to_regrole('authenticated')::oid]""",
        "the policy is replaced by one that only reads",
        "Nobody signed in can grant themselves rights.",
    ),
    Hole(
        "Public API",
        "The credentials were open to everybody with the API's public key",
        "The table has no row security, and anon or authenticated may read it: treat every credential in it as known "
        "to others, and rotate them at Exotel and Zoho.",
        f"""select {_GRANTEE}, string_agg(lower(g.privilege_type), ', ' order by g.privilege_type) as privileges
from pg_class c cross join lateral aclexplode(c.relacl) g
where c.oid = to_regclass('public.integration_credentials') and not c.relrowsecurity
  and g.grantee in {_API_ROLES}
group by g.grantee""",
        "row security is switched on and the grants are revoked; rotating the credentials is up to you",
        "The credentials cannot be read with the API's public key.",
    ),
    Hole(
        "Grants",
        "The API's roles hold privileges on the tables",
        "anon, authenticated or everybody may act on the tables, TRUNCATE included, which row security does not cover.",
        f"""select c.relname::text as "table", {_GRANTEE},
  string_agg(lower(g.privilege_type), ', ' order by g.privilege_type) as privileges
from pg_class c cross join lateral aclexplode(c.relacl) g
where {_TABLES}
  and g.grantee in {_API_ROLES}
  and not (g.grantee = to_regrole('authenticated') and g.privilege_type = 'SELECT'
           and c.relname in ('user_integration_permissions', 'organization_phone_numbers'))
group by c.relname, g.grantee order by 1, 2""",
        "the grants are revoked",
        "The API's roles (anon, authenticated) hold no privilege that was not meant for them.",
    ),
    Hole(
        "Row security",
        "Row security is off",
        "Whoever is granted a privilege on the table sees all of its rows.",
        f"""select c.relname::text as "table"
from pg_class c
where {_TABLES}
  and c.relkind in ('r', 'p') and not c.relrowsecurity""",
        "row security is switched on",
        "Row security is on for all four tables.",
    ),
    Hole(
        "Log",
        "The log can be rewritten",
        "Nothing refuses UPDATE, DELETE or TRUNCATE on the log.",
        """select w.name as missing
from (values ('switchboard_append_only'), ('switchboard_no_truncate')) w (name)
where to_regclass('public.integration_audit_logs') is not null
  and not exists (select from pg_trigger t
                  where t.tgrelid = to_regclass('public.integration_audit_logs') and t.tgname = w.name
                    and t.tgenabled = 'A')""",
        "triggers refuse them, to the owner too",
        "The log refuses UPDATE, DELETE and TRUNCATE, to its owner too.",
    ),
    Hole(
        "Triggers",
        "Changes leave no trace",
        "What is changed without the programs, such as in an SQL editor, is not in the log.",
        f"""select c.relname::text as "table"
from pg_class c
where {_TABLES}
  and c.relkind in ('r', 'p') and c.relname <> 'integration_audit_logs'
  and not exists (select from pg_trigger t
                  where t.tgrelid = c.oid and t.tgname = 'switchboard_log_change' and t.tgenabled = 'A')""",
        "triggers log each changed row",
        "Each changed row is written into the log by a trigger.",
    ),
    Hole(
        "Primary numbers",
        "Several primary numbers",
        "An organisation has more than one primary number, so no index can keep it to one yet.",
        "select organization_id, count(*) as primary_numbers from public.organization_phone_numbers "
        "where is_primary group by 1 having count(*) > 1",
        when_closed="No organisation{in_sight} has more than one primary number.",
        what_to_do="Keep one of them; nothing else is affected meanwhile.",
        reads_rows=True,
    ),
)

# Told by the plan and by the doctor; whether such a role is to see anything is not for a proof to say.
HIDDEN_ROWS = Hole(
    "Hidden rows",
    "Roles without a policy see no rows",
    "{roles}: granted privileges on the tables, but neither the owner nor named in a policy, so with row security "
    "on every row is hidden.",
    f"""select r.rolname::text as role, c.relname::text as "table",
  string_agg(distinct lower(g.privilege_type), ', ') as privileges
from pg_class c
cross join lateral (
  select a.grantee, a.privilege_type from aclexplode(c.relacl) a
  union select a.grantee, a.privilege_type
  from pg_attribute t cross join lateral aclexplode(t.attacl) a where t.attrelid = c.oid) g
join pg_roles r on r.oid = g.grantee
where {_TABLES}
  and not r.rolsuper and not r.rolbypassrls and not pg_has_role(r.oid, c.relowner, 'USAGE')
  and r.rolname not in ('anon', 'authenticated', 'service_role',
                        'switchboard_admin', 'switchboard_support', 'switchboard_auditor')
  and not exists (
    select from pg_policy p cross join lateral unnest(p.polroles) named (role)
    where p.polrelid = c.oid and p.polpermissive
      -- These four are taken away: sql/008.
      and p.polname not in ('integration_credentials_org_access', 'user_integration_permissions_access',
                            'integration_audit_logs_org_access', 'phone_numbers_org_access')
      and (named.role = 0 or pg_has_role(r.oid, nullif(named.role, 0), 'USAGE')))
group by r.rolname, c.relname order by 1, 2""",
    what_to_do="Let a program of yours connect as the owner, or write a policy for its role.",
)


_NUMBERS_READABLE = """
select count(*) = 2 from pg_attribute a
where a.attrelid = to_regclass('public.organization_phone_numbers') and a.attname in ('organization_id', 'is_primary')
  and has_column_privilege(a.attrelid, a.attnum, 'SELECT')
"""


async def find_holes(conn: AsyncConnection[Any]) -> tuple[Hole, ...]:
    """Run each query and return the holes that there are.

    Raises psycopg.Error; a hole about rows that the role may not read is left out.
    """
    async with full_names(conn):
        may_read_rows = (await fetch_rows(conn, _NUMBERS_READABLE))[0][0]
        readable = [hole for hole in HOLES if may_read_rows or not hole.reads_rows]
        return tuple([hole for hole in readable if await fetch_rows(conn, hole.query)])


async def find_hidden_rows(conn: AsyncConnection[Any]) -> tuple[Hole, ...]:
    """Name the roles that row security leaves without rows, in one Hole or none. Raises psycopg.Error."""
    async with full_names(conn):
        matches = await fetch_rows(conn, HIDDEN_ROWS.query)
    if not matches:
        return ()
    roles = ", ".join(sorted({role for role, *_ in matches}))
    return (replace(HIDDEN_ROWS, sentence=HIDDEN_ROWS.sentence.format(roles=roles)),)
