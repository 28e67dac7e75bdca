"""The catalogue as lines of text: what two databases are compared by, and a database with itself later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.data.schema.rows import full_names, rows

if TYPE_CHECKING:
    from psycopg import AsyncConnection

TABLES = (
    "integration_credentials",
    "user_integration_permissions",
    "integration_audit_logs",
    "organization_phone_numbers",
)


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """One fact of the catalogue: its kind (table, column, grant ...), what it is about, and what is so."""

    kind: str
    name: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.text}"


# Names of constraints and indexes are left out since they differ between installations, NOT NULL constraints
# because PostgreSQL 18 lists them and earlier ones do not (the column line says it), MAINTAIN because it
# exists only since 17.
_QUERY = """
with ours as (
  select c.oid, c.relkind, n.nspname || '.' || c.relname as name, c.relowner, c.relacl, c.relrowsecurity,
         c.relforcerowsecurity, c.reloptions
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where (n.nspname = 'public' and c.relname = any (%(tables)s))
     or (n.nspname = 'switchboard' and c.relkind in ('r', 'p', 'v', 'm', 'S')))
select 'schema' as kind, n.nspname::text as name, coalesce(obj_description(n.oid, 'pg_namespace'), '') as text
from pg_namespace n where n.nspname = 'switchboard'
union all
select 'table', o.name, concat_ws(', ',
  case o.relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'v' then 'view' else 'other' end,
  case when o.relrowsecurity then 'row security' else 'no row security' end,
  case when o.relforcerowsecurity then 'forced' end, array_to_string(o.reloptions, ' '))
from ours o where o.relkind not in ('v', 'S')
union all
select 'view', o.name, pg_get_viewdef(o.oid) from ours o where o.relkind = 'v'
union all
select 'column', o.name || '.' || a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod),
  case when a.attnotnull then 'not null' end,
  case when a.attidentity <> '' then 'identity' end,
  'default ' || pg_get_expr(d.adbin, d.adrelid))
from ours o
join pg_attribute a on a.attrelid = o.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where o.relkind in ('r', 'p')
union all
select 'constraint', o.name, pg_get_constraintdef(c.oid)
from ours o join pg_constraint c on c.conrelid = o.oid where c.contype in ('p', 'u', 'f', 'c', 'x')
union all
select 'index', o.name, concat_ws(' ', case when i.indisunique then 'unique' end,
  substring(pg_get_indexdef(i.indexrelid) from ' USING (.*)$'), case when not i.indisvalid then 'INVALID' end)
from ours o join pg_index i on i.indrelid = o.oid
where not exists (select from pg_constraint c where c.conindid = i.indexrelid and c.contype in ('p', 'u', 'x'))
union all
select 'trigger', o.name || '.' || t.tgname, concat_ws(' ', pg_get_triggerdef(t.oid),
  case t.tgenabled when 'A' then 'ALWAYS' when 'D' then 'DISABLED' when 'R' then 'ON REPLICAS' end)
from ours o join pg_trigger t on t.tgrelid = o.oid where not t.tgisinternal
union all
select 'policy', o.name || '.' || p.polname, concat_ws(' ',
  case when p.polpermissive then 'permissive' else 'restrictive' end,
  case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete'
                else 'all' end,
  'to', (select string_agg(case r when 0 then 'public' else pg_get_userbyid(r) end, ', ' order by 1)
         from unnest(p.polroles) r),
  'using', pg_get_expr(p.polqual, p.polrelid), 'with check', pg_get_expr(p.polwithcheck, p.polrelid))
from ours o join pg_policy p on p.polrelid = o.oid
union all
select 'grant', name || ' to ' || grantee, string_agg(privilege, ', ' order by privilege)
from (
  select o.name, case g.grantee when 0 then 'public' else pg_get_userbyid(g.grantee) end as grantee,
         lower(g.privilege_type) || case when g.is_grantable then ' with grant option' else '' end as privilege
  from ours o cross join lateral aclexplode(o.relacl) g
  where g.grantee <> o.relowner and g.privilege_type <> 'MAINTAIN'
  union all
  select o.name || '.' || a.attname, case g.grantee when 0 then 'public' else pg_get_userbyid(g.grantee) end,
         lower(g.privilege_type) || case when g.is_grantable then ' with grant option' else '' end
  from ours o join pg_attribute a on a.attrelid = o.oid cross join lateral aclexplode(a.attacl) g
  where g.grantee <> o.relowner
  union all
  select n.nspname, case g.grantee when 0 then 'public' else pg_get_userbyid(g.grantee) end, lower(g.privilege_type)
  from pg_namespace n cross join lateral aclexplode(n.nspacl) g
  where n.nspname = 'switchboard' and g.grantee <> n.nspowner
  union all
  select p.oid::regprocedure::text, case g.grantee when 0 then 'public' else pg_get_userbyid(g.grantee) end,
         lower(g.privilege_type)
  from pg_proc p cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g
  where p.pronamespace = to_regnamespace('switchboard') and g.grantee <> p.proowner) privileges
group by name, grantee
union all
select 'function', p.oid::regprocedure::text, concat_ws(' ', 'returns', pg_get_function_result(p.oid),
  case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
  case when p.prosecdef then 'definer' end, array_to_string(p.proconfig, ' '), 'md5', md5(p.prosrc))
from pg_proc p where p.pronamespace = to_regnamespace('switchboard')
"""


async def read_shape(conn: AsyncConnection[Any]) -> frozenset[Line]:
    """Read the shape of the four tables and of the schema switchboard, in one query. Raises psycopg.Error."""
    async with full_names(conn):
        return frozenset(Line(*row) for row in await rows(conn, _QUERY, {"tables": list(TABLES)}))
