-- People and organisations, from whatever the database has. An administrator may replace either view with
-- one of the same columns: a view that is not as it was made here is left alone.

create or replace function switchboard.put_view(name text, query text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $function$
declare
  relation constant regclass := to_regclass('switchboard.' || name);
begin
  if relation is not null and obj_description(relation, 'pg_class')
       is distinct from 'made by Switchboard ' || md5(pg_get_viewdef(relation)) then
    return;
  end if;
  execute format('create or replace view switchboard.%I as %s', name, query);
  execute format('comment on view switchboard.%I is %L', name,
                 'made by Switchboard ' || md5(pg_get_viewdef(to_regclass('switchboard.' || name))));
end
$function$;

create or replace function switchboard.column_or_null(relation text, type text, variadic names text[])
returns text language sql stable set search_path = pg_catalog, pg_temp as $function$
  -- The first of these columns that the table has and that casts to the type, as an expression over t.
  select coalesce(
    (select format('t.%I::%s', n.name, type)
     from unnest(names) with ordinality n (name, place)
     join pg_attribute a on a.attrelid = to_regclass(relation) and a.attname = n.name and not a.attisdropped
     where type = 'text' or a.atttypid = type::regtype
     order by n.place limit 1),
    'null::' || type)
$function$;

do $do$
declare
  people text;
  organizations text;
  source text;
begin
  foreach source in array array['public.users', 'auth.users']
  loop
    continue when people is not null or to_regclass(source) is null;
    continue when not has_table_privilege(to_regclass(source), 'SELECT')
      or not exists (select from pg_attribute a where a.attrelid = to_regclass(source) and a.attname = 'id'
                       and a.atttypid = 'uuid'::regtype and not a.attisdropped);
    people := format('select t.id, %s as email, %s as name, %s as organization_id, coalesce(%s, true) as is_active from %s t',
      switchboard.column_or_null(source, 'text', 'email'),
      case when source = 'auth.users' and exists (
             select from pg_attribute a where a.attrelid = to_regclass(source)
               and a.attname = 'raw_user_meta_data' and a.atttypid = 'jsonb'::regtype)
           then 't.raw_user_meta_data ->> ''full_name''' else switchboard.column_or_null(source, 'text', 'full_name', 'name') end,
      switchboard.column_or_null(source, 'uuid', 'organization_id'),
      switchboard.column_or_null(source, 'boolean', 'is_active'),
      source);
  end loop;
  perform switchboard.put_view('people', coalesce(people,
    'select l.id, null::text as email, l.label as name, l.organization_id, true as is_active from switchboard.people_labels l'));

  if to_regclass('public.organizations') is not null
     and has_table_privilege('public.organizations', 'SELECT')
     and exists (select from pg_attribute a where a.attrelid = to_regclass('public.organizations')
                   and a.attname = 'id' and a.atttypid = 'uuid'::regtype and not a.attisdropped) then
    organizations := format('select t.id, %s as name from public.organizations t',
      switchboard.column_or_null('public.organizations', 'text', 'name', 'display_name'));
  else
    -- The log's own organisations by leaps along its index: a plain distinct would read all of it. The nil UUID
    -- stands there for acts that concern no organisation; as one in use it is in the other tables.
    organizations := $query$
      with recursive logged (id) as (
        (select a.organization_id from public.integration_audit_logs a order by a.organization_id limit 1)
        union all
        select (select a.organization_id from public.integration_audit_logs a
                where a.organization_id > l.id order by a.organization_id limit 1)
        from logged l where l.id is not null)
      select used.id, n.name
      from (select c.organization_id as id from public.integration_credentials c
            union select p.organization_id from public.organization_phone_numbers p
            union select l.id from logged l where l.id <> '00000000-0000-0000-0000-000000000000'
            union select o.id from switchboard.organization_labels o) used
      left join switchboard.organization_labels n on n.id = used.id
      where used.id is not null $query$;
  end if;
  perform switchboard.put_view('organizations', organizations);
end
$do$;
