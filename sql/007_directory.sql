-- People and organisations, from whatever the database has. An administrator may replace either view with
-- one of the same columns: a view that is not as it was made here is left alone.

create or replace function switchboard.put_view(name text, query text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $function$
declare
  relation constant regclass := to_regclass('switchboard.' || name);
  printed constant text := pg_get_viewdef(relation);
  -- A dump keeps the comment, and before Postgres 16 a view of one table was printed with the table's alias at each
  -- column. Of other columns than these no such view was ever made.
  columns constant text := 'id|email|full_name|name|display_name|organization_id|is_active|is_deleted|deleted_at'
    || '|banned_until|raw_user_meta_data|label';
  printed_before_16 constant text := coalesce(regexp_replace(
    printed, '(?<![.''"]|AS )\m(' || columns || ')\M(?!'')', substring(printed from '\sFROM \w+\.\w+ (\w)\M') || '.\1', 'g'), '');
begin
  -- The comment alone proves nothing: whoever replaces the view keeps it.
  if relation is not null and coalesce(obj_description(relation, 'pg_class'), '') not in
       ('made by Switchboard ' || md5(printed), 'made by Switchboard ' || md5(printed_before_16)) then
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
  is_active text;
  users regclass;
  accounts regclass;
  email text;
  name text;
  organization text;
  is_unique boolean;
  -- Whose the views are, in the end, and with whose rights they read.
  owner constant oid := (select n.nspowner from pg_namespace n where n.nspname = 'switchboard');
  -- What is left blank is not there.
  filled constant text := 'nullif(btrim(%s), '''')';
begin
  -- A table of users is one where the four tables' UUIDs can be found. Without USAGE on a schema to_regclass fails.
  select max(c.oid) filter (where n.nspname = 'public'), max(c.oid) filter (where n.nspname = 'auth')
  into users, accounts
  from pg_namespace n
  join pg_class c on c.relnamespace = n.oid and c.relname = 'users' and c.relkind in ('r', 'p', 'v', 'm', 'f')
  join pg_attribute a on a.attrelid = c.oid and a.attname = 'id' and a.atttypid = 'uuid'::regtype and not a.attisdropped
  where n.nspname in ('public', 'auth')
    and has_schema_privilege(owner, n.oid, 'USAGE') and has_table_privilege(owner, c.oid, 'SELECT');

  -- Who is deleted or banned is not active, whichever of the two tables says so.
  select coalesce(string_agg(format(w.condition, s.alias), ' and ' order by s.place, w.place), 'true') into is_active
  from unnest(array[coalesce(users, accounts), case when users is not null then accounts end], array['t', 'a'])
         with ordinality s (relation, alias, place)
  cross join (values
      (1, 'is_active', '{boolean}'::regtype[], 'coalesce(%s.is_active, true)'),
      (2, 'is_deleted', '{boolean}', '%s.is_deleted is not true'),
      (3, 'deleted_at', '{timestamptz,timestamp,date}', '%s.deleted_at is null'),
      (4, 'banned_until', '{timestamptz,timestamp}', 'coalesce(%s.banned_until <= now(), true)')
    ) w (place, name, types, condition)
  join pg_attribute c on c.attrelid = s.relation and c.attname = w.name and c.atttypid = any (w.types) and not c.attisdropped;

  select not exists (
    select from unnest(array[users, accounts]) s (relation)
    where s.relation is not null and not exists (
      select from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0] and a.attname = 'id'
      where i.indrelid = s.relation and i.indisunique and i.indisvalid and i.indnkeyatts = 1 and i.indpred is null))
  into is_unique;

  if users is not null or accounts is not null then
    email := switchboard.column_or_null(coalesce(users, accounts)::text, 'text', 'email');
    name := format(filled, switchboard.column_or_null(coalesce(users, accounts)::text, 'text', 'full_name', 'name'));
    organization := switchboard.column_or_null(coalesce(users, accounts)::text, 'uuid', 'organization_id');
    if accounts is not null then
      -- What the program's own table of users leaves out is in Supabase's.
      if users is not null then
        email := format('coalesce(%s, %s)', format(filled, email),
                        replace(switchboard.column_or_null('auth.users', 'text', 'email'), 't.', 'a.'));
      end if;
      if exists (select from pg_attribute c where c.attrelid = accounts and c.attname = 'raw_user_meta_data'
                   and c.atttypid = 'jsonb'::regtype and not c.attisdropped) then
        -- Its owner fills it, with whatever JSON they like.
        select format('coalesce(%s, %s)', name, string_agg(format(filled, format(
                 'case when jsonb_typeof(%1$s -> %2$L) = ''string'' then %1$s ->> %2$L end',
                 case when users is null then 't' else 'a' end || '.raw_user_meta_data', k.key)), ', ' order by k.place))
        into name
        from (values (1, 'full_name'), (2, 'name')) k (place, key);
      end if;
    end if;
    -- Where nothing keeps ids from standing there twice, as in a view, who is inactive in one row is so.
    people := format('select %s t.id, %s as email, %s as name, %s as organization_id, %s as is_active from %s t %s %s',
      case when is_unique then '' else 'distinct on (1, 4)' end, email, name, organization, is_active,
      coalesce(users, accounts),
      case when users is not null and accounts is not null then 'left join auth.users a on a.id = t.id' end,
      case when is_unique then '' else 'order by 1, 4, 5' end);
  end if;
  perform switchboard.put_view('people', coalesce(people,
    'select l.id, null::text as email, l.label as name, l.organization_id, true as is_active from switchboard.people_labels l'));

  if to_regclass('public.organizations') is not null
     and has_table_privilege(owner, 'public.organizations', 'SELECT')
     and exists (select from pg_attribute a where a.attrelid = to_regclass('public.organizations')
                   and a.attname = 'id' and a.atttypid = 'uuid'::regtype and not a.attisdropped) then
    organizations := format('select t.id, %s as name from public.organizations t where %s',
      format(filled, switchboard.column_or_null('public.organizations', 'text', 'name', 'display_name')),
      (select coalesce(string_agg(w.condition, ' and ' order by w.place), 'true')
       from (values (1, 'is_deleted', '{boolean}'::regtype[], 't.is_deleted is not true'),
                    (2, 'deleted_at', '{timestamptz,timestamp,date}', 't.deleted_at is null')) w (place, name, types, condition)
       join pg_attribute c on c.attrelid = 'public.organizations'::regclass and c.attname = w.name
                          and c.atttypid = any (w.types) and not c.attisdropped));
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
