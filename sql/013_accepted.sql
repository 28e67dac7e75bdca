-- What is there, and what of it others may have put there: everything in the schema switchboard, everything hung on
-- the four tables, and what was added to pg_catalog. Switchboard compares it with what an installation makes; what is
-- neither installed nor accepted is named by the doctor and by `audit verify`.

create table if not exists switchboard.accepted (
  object      text primary key,
  definition  text not null,
  log_row     uuid not null,
  accepted_at timestamptz not null default clock_timestamp(),
  accepted_by text not null default session_user,
  operator    text
);
comment on table switchboard.accepted is
  'Objects of others that are known and harmless: kind and name, the SHA-256 of the definition, and the row of the log '
  'that says so, without which an acceptance does not count. Written by switchboard.accept.';

create or replace function switchboard.catalogue()
returns table (kind text, name text, definition text, harm text)
language sql stable set search_path = pg_catalog, pg_temp as $catalogue$
-- One row for each fact. harm: why the object can never be accepted where no installation makes it; null where it can.
-- The console runs the text of its own copy of this function, never the function: whoever alters it alters nothing
-- that verify says. Names of constraints and indexes are left out since they differ between installations, NOT NULL
-- constraints because PostgreSQL 18 lists them and earlier ones do not (the column says it), MAINTAIN because it
-- exists only since 17.
with recursive
four as (
  select c.oid, c.relowner
  from pg_class c
  where c.relnamespace = to_regnamespace('public')
    and c.relname in ('integration_credentials', 'user_integration_permissions',
                      'integration_audit_logs', 'organization_phone_numbers')),
ours as (
  select c.oid, c.relkind, c.relpersistence, n.nspname || '.' || c.relname as name, c.relowner, c.relacl,
         c.relrowsecurity, c.relforcerowsecurity, c.reloptions, c.relam, n.nspname = 'switchboard' as own,
         c.relname = 'integration_audit_logs' and n.nspname = 'public' as is_log
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.oid in (select f.oid from four f)
     or (n.nspname = 'switchboard' and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f'))),
-- Whoever owns the schema, or two of the four tables, owns the installation.
owners as (
  select n.nspowner as owner from pg_namespace n where n.nspname = 'switchboard'
  union
  select f.relowner from four f group by f.relowner having count(*) > 1),
bodies as not materialized (
  select p.oid, p.pronamespace,
    -- What belongs to an extension and is compiled: whoever owns an extension can add a function of theirs to it.
    l.lanname in ('c', 'internal')
      and exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
      as compiled,
    concat_ws(' ', p.oid::regprocedure::text, l.lanname, case when p.prosecdef then 'definer' end,
    array_to_string(p.proconfig, ' '), 'md5',
    md5(concat_ws(' ', p.prosrc, p.probin, pg_get_function_sqlbody(p.oid)))) as text
  from pg_proc p join pg_language l on l.oid = p.prolang),
-- Only what is not the server's own is recorded as a dependency.
calls as (
  select d.classid, d.objid, d.objsubid, string_agg(b.text, ', ' order by b.text) as text,
    bool_or(not b.compiled) as foreign
  from pg_depend d join bodies b on b.oid = d.refobjid
  where d.refclassid = 'pg_proc'::regclass
    and d.classid in ('pg_attrdef'::regclass, 'pg_constraint'::regclass, 'pg_class'::regclass, 'pg_policy'::regclass)
  group by d.classid, d.objid, d.objsubid),
descendants (oid, top) as (
  select i.inhrelid, o.oid from pg_inherits i join ours o on o.oid = i.inhparent
  union
  select i.inhrelid, d.top from pg_inherits i join descendants d on d.oid = i.inhparent),
used as (
  select distinct a.atttypid as type
  from ours o join pg_attribute a on a.attrelid = o.oid and a.attnum > 0 and not a.attisdropped
  where o.relkind in ('r', 'p')),
objects as (
  select 'pg_type'::regclass as class, t.oid, t.typnamespace as space from pg_type t
  union all select 'pg_operator'::regclass, o.oid, o.oprnamespace from pg_operator o
  union all select 'pg_opclass'::regclass, o.oid, o.opcnamespace from pg_opclass o
  union all select 'pg_opfamily'::regclass, o.oid, o.opfnamespace from pg_opfamily o
  union all select 'pg_conversion'::regclass, c.oid, c.connamespace from pg_conversion c
  union all select 'pg_ts_config'::regclass, c.oid, c.cfgnamespace from pg_ts_config c
  union all select 'pg_ts_dict'::regclass, d.oid, d.dictnamespace from pg_ts_dict d
  union all select 'pg_ts_parser'::regclass, p.oid, p.prsnamespace from pg_ts_parser p
  union all select 'pg_ts_template'::regclass, t.oid, t.tmplnamespace from pg_ts_template t
  union all select 'pg_statistic_ext'::regclass, s.oid, s.stxnamespace from pg_statistic_ext s
  union all select 'pg_collation'::regclass, c.oid, c.collnamespace from pg_collation c
    where c.collnamespace = to_regnamespace('switchboard')
  union all select 'pg_proc'::regclass, p.oid, p.pronamespace from pg_proc p where p.pronamespace = 'pg_catalog'::regnamespace
  union all select 'pg_class'::regclass, c.oid, c.relnamespace from pg_class c where c.relnamespace = 'pg_catalog'::regnamespace),
lines (kind, name, definition, own, harm) as (
  select 'schema', n.nspname::text, coalesce(obj_description(n.oid, 'pg_namespace'), ''), false, null::text
  from pg_namespace n where n.nspname = 'switchboard'
  union all
  select 'table', o.name, concat_ws(', ',
    case o.relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'm' then 'materialized view'
                   else 'foreign table' end,
    case o.relpersistence when 'p' then null else 'unlogged' end,
    case when o.relrowsecurity then 'row security' else 'no row security' end,
    case when o.relforcerowsecurity then 'forced' end, array_to_string(o.reloptions, ' '),
    (select 'access method ' || a.amname from pg_am a where a.oid = o.relam and a.amname <> 'heap')), o.own, null
  from ours o where o.relkind not in ('v', 'S')
  union all
  select 'view', o.name, concat_ws(' ', pg_get_viewdef(o.oid), 'with ' || array_to_string(o.reloptions, ' ')), o.own, null
  from ours o where o.relkind = 'v'
  union all
  select 'sequence', o.name, concat_ws(' ', s.seqtypid::regtype, 'from', s.seqstart, 'by', s.seqincrement, 'within',
    s.seqmin, 'and', s.seqmax, case when s.seqcycle then 'cycle' end), o.own, null
  from ours o join pg_sequence s on s.seqrelid = o.oid
  union all
  select 'owner', o.name, pg_get_userbyid(o.relowner)::text, false,
    case when o.is_log or o.own then 'can undo whatever protects the log' end
  from ours o
  where o.relowner not in (select w.owner from owners w) and not (o.own and o.relowner in (select f.relowner from four f))
  union all
  select 'owner', p.oid::regprocedure::text, pg_get_userbyid(p.proowner)::text, false, 'can undo whatever protects the log'
  from pg_proc p
  where p.pronamespace = to_regnamespace('switchboard')
    and p.proowner not in (select w.owner from owners w union select f.relowner from four f)
  union all
  select 'owner', 'switchboard', pg_get_userbyid(n.nspowner)::text, false, 'can undo whatever protects the log'
  from pg_namespace n join pg_roles r on r.oid = n.nspowner
  where n.nspname = 'switchboard' and not r.rolsuper and r.oid not in (select f.relowner from four f)
  union all
  select 'column', o.name || '.' || a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod),
    (select string_agg(concat_ws(' calls ', pg_get_constraintdef(k.oid), f.text), ' ' order by k.conname)
     from pg_constraint k left join calls f on f.classid = 'pg_constraint'::regclass and f.objid = k.oid
     where k.contypid = a.atttypid and t.typtype = 'd'),
    (select 'collate ' || c.collname from pg_collation c where c.oid = a.attcollation and not c.collisdeterministic),
    case when a.attgenerated <> '' then 'generated always as ' || pg_get_expr(d.adbin, d.adrelid) end,
    case when a.attnotnull then 'not null' end,
    case a.attidentity when 'a' then 'identity' when 'd' then 'identity by default' end,
    case when a.attgenerated = '' then 'default ' || pg_get_expr(d.adbin, d.adrelid) end,
    'calls ' || coalesce(c.text, g.text)), o.own,
    case when o.is_log and t.typtype = 'd' then 'is of a domain, whose checks can become any function' end
  from ours o
  join pg_attribute a on a.attrelid = o.oid and a.attnum > 0 and not a.attisdropped
  join pg_type t on t.oid = a.atttypid
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  left join calls c on c.classid = 'pg_attrdef'::regclass and c.objid = d.oid
  left join calls g on g.classid = 'pg_class'::regclass and g.objid = o.oid and g.objsubid = a.attnum
  where o.relkind in ('r', 'p', 'f')
  union all
  -- What a program leaves out is filled in by it: a constant or one of these functions is nobody's harm, except for
  -- the time and the id of a row of the log, which are never a constant.
  select 'default', o.name || '.' || a.attname, concat_ws(' calls ', e.text, c.text), false,
    case when o.is_log and (coalesce(c.foreign, false) or a.attname in ('id', 'created_at'))
         then 'can change what new rows of the log say' end
  from ours o
  join pg_attribute a on a.attrelid = o.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
  join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  cross join lateral (select pg_get_expr(d.adbin, d.adrelid) as text) e
  left join calls c on c.classid = 'pg_attrdef'::regclass and c.objid = d.oid
  where not o.own
    and (coalesce(c.foreign, false)
         or not (e.text ~ '^(now|clock_timestamp|statement_timestamp|transaction_timestamp|gen_random_uuid)\(\)$'
                 or e.text ~ '^CURRENT_TIMESTAMP(\(\d\))?$' or e.text ~ '^timezone\(''[^'']*''::text, (now\(\)|CURRENT_TIMESTAMP)\)$'
                 or (a.atttypid = 'uuid'::regtype and e.text ~ '^\w+\.uuid_generate_v\dm?c?\(\)$')
                 or (e.text ~ '^(''([^'']|'''')*''|-?[\d.]+|true|false|NULL)(::[\w ]+(\(\d+\))?)?$'
                     and not (o.is_log and a.attname in ('id', 'created_at', 'user_id', 'ip_address', 'action', 'details')
                              and e.text !~ '^(NULL|''\{\}'')(::[\w ]+)?$'))))
  union all
  select 'constraint', o.name, pg_get_constraintdef(c.oid), o.own, null
  from ours o join pg_constraint c on c.conrelid = o.oid where c.contype in ('p', 'u', 'f', 'c', 'x')
  union all
  select 'index', o.name, concat_ws(' ', case when i.indisunique then 'unique' end,
    substring(pg_get_indexdef(i.indexrelid) from ' USING (.*)$'), case when not i.indisvalid then 'INVALID' end), o.own, null
  from ours o join pg_index i on i.indrelid = o.oid
  where not exists (select from pg_constraint c where c.conindid = i.indexrelid and c.contype in ('p', 'u', 'x'))
  union all
  -- A constraint or an index of others is harmless, unless it runs a function of others for each row, or one of the
  -- server's that runs a text as a statement.
  select 'check', o.name || '.' || c.conname, concat_ws(' calls ', t.text, f.text), o.own,
    case when o.is_log and t.runs then 'can run any statement' end
  from ours o join pg_constraint c on c.conrelid = o.oid
  cross join lateral (
    select pg_get_constraintdef(c.oid) as text,
      pg_get_constraintdef(c.oid) ~ '(ts_rewrite|ts_stat|_to_xml\w*|set_config|setval|lo_\w+|dblink\w*|pg_\w+)\(' as runs) t
  left join calls f on f.classid = 'pg_constraint'::regclass and f.objid = c.oid and f.foreign
  where not o.own and c.contype = 'c' and (t.runs or f.text is not null)
  union all
  select 'index function', o.name || '.' || n.relname, pg_get_indexdef(i.indexrelid) || ' calls ' || f.text, o.own, null
  from ours o join pg_index i on i.indrelid = o.oid join pg_class n on n.oid = i.indexrelid
  join calls f on f.classid = 'pg_class'::regclass and f.objid = i.indexrelid and f.foreign
  where not o.own
  union all
  -- Its idea of what is equal or greater decides which rows a query finds.
  select 'index order', o.name || '.' || n.relname, pg_get_indexdef(i.indexrelid), o.own, 'can hide rows'
  from ours o join pg_index i on i.indrelid = o.oid join pg_class n on n.oid = i.indexrelid
  where exists (select from unnest(i.indclass::oid[]) k (oid)
                where k.oid >= 16384
                  and not exists (select from pg_depend e
                                  where e.classid = 'pg_opclass'::regclass and e.objid = k.oid and e.deptype = 'e'))
  union all
  -- tgtype has bits for BEFORE (2) and INSTEAD OF (64):
  -- https://www.postgresql.org/docs/current/catalog-pg-trigger.html
  select 'trigger', o.name || '.' || t.tgname, concat_ws(' ', pg_get_triggerdef(t.oid),
    case t.tgenabled when 'A' then 'ALWAYS' when 'D' then 'DISABLED' when 'R' then 'ON REPLICAS' end,
    'calls ' || case when b.pronamespace <> coalesce(to_regnamespace('switchboard'), 0::regnamespace) then b.text end), o.own,
    case when o.is_log and t.tgtype & 66 <> 0 then 'can swallow or change what is written' end
  from ours o join pg_trigger t on t.tgrelid = o.oid join bodies b on b.oid = t.tgfoid
  where not (t.tgisinternal and b.pronamespace = 'pg_catalog'::regnamespace)
  union all
  select distinct 'foreign key', k.conrelid::regclass || '.' || k.conname, '', false, 'is switched off, so that it is not kept'
  from ours o join pg_trigger t on t.tgrelid = o.oid join bodies b on b.oid = t.tgfoid
  join pg_constraint k on k.oid = t.tgconstraint
  where t.tgisinternal and b.pronamespace = 'pg_catalog'::regnamespace and t.tgenabled <> 'O'
  union all
  select 'rule', o.name || '.' || r.rulename, pg_get_ruledef(r.oid), o.own, 'can swallow or change what is written'
  from ours o join pg_rewrite r on r.ev_class = o.oid
  where not (r.rulename = '_RETURN' and r.ev_type = '1')
  union all
  select 'policy', o.name || '.' || p.polname, concat_ws(' ',
    case when p.polpermissive then 'permissive' else 'restrictive' end,
    case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete'
                  else 'all' end,
    'to', (select string_agg(case r when 0 then 'public' else pg_get_userbyid(r) end, ', ' order by 1)
           from unnest(p.polroles) r),
    'using', pg_get_expr(p.polqual, p.polrelid), 'with check', pg_get_expr(p.polwithcheck, p.polrelid),
    'calls ' || case when c.foreign and p.polname <> 'switchboard_own_select' then c.text end), o.own,
    case when not p.polpermissive
           and (o.is_log or p.polroles && array[0, coalesce(to_regrole('switchboard_admin'), 0),
                coalesce(to_regrole('switchboard_support'), 0), coalesce(to_regrole('switchboard_auditor'), 0)]::oid[])
         then 'can hide rows' end
  from ours o join pg_policy p on p.polrelid = o.oid
  left join calls c on c.classid = 'pg_policy'::regclass and c.objid = p.oid
  union all
  select 'grant', g.name || ' to ' || g.grantee, string_agg(g.privilege, ', ' order by g.privilege),
    false,
    case when bool_or(g.is_log and g.privilege ~ '^(update|delete|truncate|trigger)')
           then 'lets its holder change the log'
         when bool_or(g.own) and not bool_and(g.harmless) then 'gives away what is Switchboard''s own'
         when bool_or(g.is_table) and g.grantee in ('public', 'anon', 'authenticated') then 'opens the table to the API' end
  from (
    select o.name, case a.grantee when 0 then 'public' else pg_get_userbyid(a.grantee) end as grantee,
           lower(a.privilege_type) || case when a.is_grantable then ' with grant option' else '' end as privilege,
           o.own, o.is_log, not o.own as is_table, a.privilege_type = 'SELECT' and not a.is_grantable and o.relkind <> 'S'
             and o.name <> 'switchboard.open_tickets' as harmless
    from ours o cross join lateral aclexplode(o.relacl) a
    where a.grantee <> o.relowner and a.privilege_type <> 'MAINTAIN'
    union all
    select o.name || '.' || t.attname, case a.grantee when 0 then 'public' else pg_get_userbyid(a.grantee) end,
           lower(a.privilege_type) || case when a.is_grantable then ' with grant option' else '' end,
           o.own, o.is_log, false, false
    from ours o join pg_attribute t on t.attrelid = o.oid cross join lateral aclexplode(t.attacl) a
    where a.grantee <> o.relowner
    union all
    select n.nspname, case a.grantee when 0 then 'public' else pg_get_userbyid(a.grantee) end,
           lower(a.privilege_type) || case when a.is_grantable then ' with grant option' else '' end,
           true, false, false, a.privilege_type = 'USAGE' and not a.is_grantable
    from pg_namespace n cross join lateral aclexplode(n.nspacl) a
    where n.nspname = 'switchboard' and a.grantee <> n.nspowner
    union all
    select p.oid::regprocedure::text, case a.grantee when 0 then 'public' else pg_get_userbyid(a.grantee) end,
           lower(a.privilege_type) || case when a.is_grantable then ' with grant option' else '' end,
           -- Whether somebody may do something is a question for any program.
           true, false, false, p.proname = 'may' and a.grantee <> 0 and not a.is_grantable
    from pg_proc p cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
    where p.pronamespace = to_regnamespace('switchboard') and a.grantee <> p.proowner) g
  group by g.name, g.grantee
  union all
  select 'default privileges', 'switchboard of ' || pg_get_userbyid(d.defaclrole), d.defaclacl::text, true, null
  from pg_default_acl d where d.defaclnamespace = to_regnamespace('switchboard')
  union all
  select case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end, p.oid::regprocedure::text,
    concat_ws(' ', 'takes', nullif(pg_get_function_arguments(p.oid), ''), 'returns', pg_get_function_result(p.oid), l.lanname,
    case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
    case when p.proisstrict then 'strict' end, case when p.proleakproof then 'leakproof' end,
    case when p.prosecdef then 'definer' end, array_to_string(p.proconfig, ' '), 'md5',
    md5(concat_ws(' ', p.prosrc, p.probin, pg_get_function_sqlbody(p.oid)))), true, null
  from pg_proc p join pg_language l on l.oid = p.prolang
  where p.pronamespace = to_regnamespace('switchboard')
  union all
  select case when c.relispartition then 'partition' else 'child table' end, n.nspname || '.' || c.relname,
    concat_ws(': ', 'of ' || o.name, l.text), false, 'is not guarded as ' || o.name || ' is: ' || l.text
  from descendants d join ours o on o.oid = d.top join pg_class c on c.oid = d.oid join pg_namespace n on n.oid = c.relnamespace
  cross join lateral (
    select nullif(concat_ws(', ',
      case when c.relkind not in ('r', 'p') then 'it is kept elsewhere' end,
      case when c.relpersistence <> 'p' then 'it is unlogged' end,
      case when not c.relrowsecurity then 'no row security' end,
      (select string_agg('no trigger ' || t.tgname || ' that is always on', ', ' order by t.tgname)
       from pg_trigger t join pg_proc p on p.oid = t.tgfoid
       where t.tgrelid = o.oid and not t.tgisinternal and p.pronamespace = to_regnamespace('switchboard')
         and t.tgenabled = 'A'
         and not exists (select from pg_trigger m
                         where m.tgrelid = c.oid and m.tgenabled = 'A'
                           and replace(pg_get_triggerdef(m.oid), format(' ON %s ', c.oid::regclass), ' ON ')
                             = replace(pg_get_triggerdef(t.oid), format(' ON %s ', o.oid::regclass), ' ON '))),
      (select string_agg('a trigger of its own, ' || t.tgname, ', ' order by t.tgname)
       from pg_trigger t join pg_proc p on p.oid = t.tgfoid
       where t.tgrelid = c.oid and t.tgparentid = 0
         and not (t.tgisinternal and p.pronamespace = 'pg_catalog'::regnamespace)
         and not exists (select from pg_trigger m
                         where m.tgrelid = o.oid and m.tgenabled = t.tgenabled
                           and replace(pg_get_triggerdef(t.oid), format(' ON %s ', c.oid::regclass), ' ON ')
                             = replace(pg_get_triggerdef(m.oid), format(' ON %s ', o.oid::regclass), ' ON '))),
      case when c.relowner <> o.relowner then 'it belongs to ' || pg_get_userbyid(c.relowner) end,
      (select string_agg('a rule, ' || r.rulename, ', ' order by r.rulename) from pg_rewrite r where r.ev_class = c.oid),
      (select string_agg('a policy that can hide rows, ' || p.polname, ', ' order by p.polname)
       from pg_policy p where p.polrelid = c.oid and not p.polpermissive),
      (select string_agg(distinct 'a grant to ' || case g.grantee when 0 then 'public' else pg_get_userbyid(g.grantee) end, ', ')
       from (select a.grantee, a.privilege_type from aclexplode(c.relacl) a
             union select a.grantee, a.privilege_type
             from pg_attribute t cross join lateral aclexplode(t.attacl) a where t.attrelid = c.oid) g
       where g.grantee <> c.relowner
         and (g.grantee in (0, to_regrole('anon'), to_regrole('authenticated'))
              or (o.is_log and g.privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER'))))), '') as text) l
  union all
  select 'parent', i.inhparent::regclass::text || ' of ' || o.name, '', false,
    'gives the rows to whoever may read or change it'
  from pg_inherits i join ours o on o.oid = i.inhrelid
  union all
  select i.type, i.identity, '', o.space = to_regnamespace('switchboard'),
    case when o.space = 'pg_catalog'::regnamespace
         then 'was put into pg_catalog, which every function of Switchboard trusts' end
  from objects o cross join lateral pg_identify_object(o.class, o.oid, 0) i
  where (o.space = to_regnamespace('switchboard') or (o.space = 'pg_catalog'::regnamespace and o.oid >= 16384))
    -- The type of a table's rows, the arrays of a type: a part of what is named.
    and not exists (select from pg_depend d where d.classid = o.class and d.objid = o.oid and d.deptype = 'i')
    and not (o.class = 'pg_proc'::regclass and exists (select from bodies b where b.oid = o.oid and b.compiled))
  union all
  -- The server's own functions there are internal, c or sql.
  select 'function', i.identity, '', false, 'was put into pg_catalog, which every function of Switchboard trusts'
  from pg_proc p cross join lateral pg_identify_object('pg_proc'::regclass, p.oid, 0) i
  where p.pronamespace = 'pg_catalog'::regnamespace and p.oid < 16384 and p.prolang not in (12, 13, 14)
  union all
  select 'cast', i.identity, concat_ws(' ', c.castcontext, c.castmethod), false, 'can change what the columns say'
  from pg_cast c cross join lateral pg_identify_object('pg_cast'::regclass, c.oid, 0) i
  where c.oid >= 16384
    and (c.castsource < 16384 or c.castsource in (select u.type from used u))
    and (c.casttarget < 16384 or c.casttarget in (select u.type from used u))
    -- An extension brings casts of its own types.
    and not ((c.castsource >= 16384 or c.casttarget >= 16384)
             and (c.castfunc = 0 or exists (select from bodies b where b.oid = c.castfunc and b.compiled))
             and exists (select from pg_depend d
                         where d.classid = 'pg_cast'::regclass and d.objid = c.oid and d.deptype = 'e'))
  union all
  select 'event trigger', t.evtname::text, concat_ws(' ', 'on', t.evtevent, array_to_string(t.evttags, ', '),
    case t.evtenabled when 'A' then 'ALWAYS' when 'R' then 'ON REPLICAS' end, 'calls', b.text), false, null
  from pg_event_trigger t join bodies b on b.oid = t.evtfoid
  where t.evtenabled <> 'D'
    -- Supabase's own, which it changes with its releases; there the role postgres is no superuser.
    and not (pg_get_userbyid(t.evtowner) = 'supabase_admin'
             and exists (select from pg_roles r where r.rolname = 'postgres' and not r.rolsuper))
    and not b.compiled
  union all
  select 'member', g.rolname || ' to ' || m.rolname, '', false, 'gives the API what is kept from it'
  from pg_auth_members a join pg_roles g on g.oid = a.roleid join pg_roles m on m.oid = a.member
  where m.rolname in ('anon', 'authenticated', 'service_role')
    and (g.rolname in ('switchboard_admin', 'switchboard_support', 'switchboard_auditor')
         or g.oid in (select w.owner from owners w))
)
select l.kind, l.name, l.definition,
  case when l.own then coalesce(l.harm, 'stands in the schema switchboard, where nothing of others belongs') else l.harm end
from lines l
$catalogue$;
revoke all on function switchboard.catalogue() from public;

create or replace function switchboard.accept(what text, seen text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $function$
-- For the owner alone. what: kind and name, as the doctor says them; seen: the SHA-256, in hexadecimal digits, of the
-- definition that was looked at. Fails with SB003 where it is not there, is another one now, or can do harm.
declare
  candidate record;
  log_row uuid;
begin
  select encode(sha256(convert_to(c.definition, 'UTF8')), 'hex') as definition, c.harm into candidate
  from switchboard.catalogue() c
  where c.kind || ' ' || c.name = what
  order by c.harm nulls last limit 1;
  if candidate.definition is null then
    raise exception 'the % is not there', what using errcode = 'SB003', hint = 'Run `switchboard doctor`.';
  elsif candidate.harm is not null then
    raise exception 'the % %', what, candidate.harm
      using errcode = 'SB003', hint = 'It can never be accepted: find out who made it, and drop it.';
  elsif candidate.definition is distinct from seen then
    raise exception 'the % was changed while it was looked at', what
      using errcode = 'SB003', hint = 'Look at it again.';
  end if;
  log_row := switchboard.log_act('schema_changed'::text, null::uuid, null::text, 'success'::text,
    jsonb_build_object('accepted', what, 'definition', seen)::jsonb);
  insert into switchboard.accepted as a (object, definition, log_row, operator)
  values (what, seen, log_row, nullif(current_setting('switchboard.operator_label', true), ''))
  on conflict (object) do update
  set definition = excluded.definition, log_row = excluded.log_row, accepted_at = clock_timestamp(),
      accepted_by = session_user, operator = excluded.operator;
end
$function$;
revoke all on function switchboard.accept(text, text) from public;

do $do$
declare
  holder text;
begin
  revoke all on switchboard.accepted from public;
  foreach holder in array array['anon', 'authenticated', 'service_role']
  loop
    continue when to_regrole(holder) is null;
    execute format('revoke all on switchboard.accepted from %s', holder);
  end loop;
  foreach holder in array array['switchboard_admin', 'switchboard_support', 'switchboard_auditor']
  loop
    continue when to_regrole(holder) is null;
    execute format('revoke all on switchboard.accepted from %s', holder);
    execute format('grant select on switchboard.accepted to %s', holder);
  end loop;
end
$do$;
