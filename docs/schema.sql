-- Switchboard's schema: made from the files in sql/, do not edit. It can be run again at any time.

begin;

-- 001_private_schema.sql
-- The schema switchboard: what Switchboard keeps for itself. PostgREST exposes public, never this.
-- Every file here decides for itself what is left to do, so that all of them can be run again at any time,
-- in one transaction, in the order of their numbers, by the owner of the four tables in public.

-- Names without a schema are the server's own, whatever search_path the files are run with. pg_temp is named, and
-- last, because where it is not named it comes first: everybody can make a temporary type called uuid.
select pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true),
       -- Settings of the database or of the role: what is compared with the catalogue's texts is written plainly.
       pg_catalog.set_config('quote_all_identifiers', 'off', true),
       pg_catalog.set_config('standard_conforming_strings', 'on', true),
       pg_catalog.set_config('transform_null_equals', 'off', true),
       pg_catalog.set_config('check_function_bodies', 'on', true),
       pg_catalog.set_config('plpgsql.extra_errors', 'none', true);

do $do$
declare
  found record;
begin
  -- Functions that run with their owner's rights only work when that owner also owns the tables they write to.
  for found in
    select c.oid::regclass::text as relation, c.relkind, pg_get_userbyid(c.relowner) as owner,
           pg_has_role(c.relowner, 'USAGE') as owned
    from pg_class c
    where c.relnamespace = to_regnamespace('public')
      and c.relname in ('integration_credentials', 'user_integration_permissions',
                        'integration_audit_logs', 'organization_phone_numbers')
  loop
    if found.relkind not in ('r', 'p') then
      raise exception '% is in the way: it has the name of a table that is needed', found.relation
        using errcode = 'SB003', hint = 'Rename it, or use another database.';
    elsif not found.owned then
      raise exception 'the table % belongs to the role %, and % is not a member of it',
        found.relation, found.owner, current_user
        using errcode = 'insufficient_privilege', hint = format('Run this as %s.', found.owner);
    end if;
  end loop;
  if to_regnamespace('switchboard') is null then
    create schema switchboard;
  end if;
  -- What is made here is given to the owner of the schema at the end, which takes that one may become them.
  for found in
    select pg_get_userbyid(n.nspowner) as owner from pg_namespace n
    where n.nspname = 'switchboard'
      and not pg_has_role(n.nspowner, case when current_setting('server_version_num')::int < 160000
                                           then 'MEMBER' else 'SET' end)
  loop
    raise exception 'the schema switchboard belongs to the role %, which % may not become', found.owner, current_user
      using errcode = 'insufficient_privilege', hint = format('Run this as %s.', found.owner);
  end loop;
  -- A superuser may use everybody's objects, and would run here what somebody else has put in their place.
  for found in
    select o.what, pg_get_userbyid(o.owner) as owner
    from (select 'the schema switchboard' as what, n.nspowner as owner
          from pg_namespace n where n.nspname = 'switchboard'
          union all
          select format('the relation switchboard.%I', c.relname), c.relowner
          from pg_class c where c.relnamespace = to_regnamespace('switchboard')
          union all
          select format('the function switchboard.%I', p.proname), p.proowner
          from pg_proc p where p.pronamespace = to_regnamespace('switchboard')) o
    where o.owner <> (select r.oid from pg_roles r where r.rolname = current_user)
      and o.owner not in (
        select c.relowner from pg_class c
        where c.relnamespace = to_regnamespace('public')
          and c.relname in ('integration_credentials', 'user_integration_permissions',
                            'integration_audit_logs', 'organization_phone_numbers'))
  loop
    raise exception '% belongs to the role %, which is neither % nor the owner of the tables',
      found.what, found.owner, current_user
      using errcode = 'SB003', hint = format('If it is as it should be, run this as %s; else move it away.', found.owner);
  end loop;
  -- Nor may a function of the same name, that fits a call better, take the place of one that these files call.
  for found in
    select p.oid::regprocedure::text as what
    from pg_proc p
    where p.pronamespace = to_regnamespace('switchboard')
      and p.proname in ('put_trigger', 'put_policy', 'put_view', 'column_or_null')
      and p.oid::regprocedure::text not in (
        'switchboard.put_trigger(text,text,text,boolean)', 'switchboard.put_policy(text,text,text,text,text,text)',
        'switchboard.put_view(text,text)', 'switchboard.column_or_null(text,text,text[])')
  loop
    raise exception 'the function % is in the way: one that setup calls has its name', found.what
      using errcode = 'SB003', hint = 'Find out who made it, and drop it.';
  end loop;
end
$do$;

create table if not exists switchboard.schema_version (
  id         bigint generated always as identity primary key,
  file       text not null,
  sha256     text not null,
  applied_at timestamptz not null default clock_timestamp(),
  applied_by text not null default session_user,
  operator   text
);
comment on table switchboard.schema_version is
  'Which files setup has run, and when: history only. What is installed is read from the catalogue.';

create table if not exists switchboard.keys (
  key_id     text primary key,
  purpose    text not null check (purpose in ('master', 'seal')),
  salt       bytea,
  public_key bytea,
  state      text not null default 'active' check (state in ('active', 'decrypt-only', 'retired')),
  created_at timestamptz not null default now(),
  created_by text not null default session_user,
  check (purpose <> 'master' or salt is not null),
  check (purpose <> 'seal' or public_key is not null)
);
create unique index if not exists keys_one_active_master on switchboard.keys (purpose)
  where purpose = 'master' and state = 'active';
create table if not exists switchboard.seals (
  id        bigint generated always as identity primary key,
  hour      timestamptz check (hour is null or extract(epoch from hour)::numeric % 3600 = 0),
  row_count bigint not null check (row_count >= 0),
  digest    bytea not null check (octet_length(digest) = 32),
  previous  bytea check (octet_length(previous) = 32),
  key_id    text not null references switchboard.keys (key_id),
  signature bytea not null check (octet_length(signature) = 64),
  sealed_at timestamptz not null default clock_timestamp(),
  sealed_by text not null default session_user,
  operator  text
);
create unique index if not exists seals_one_per_hour on switchboard.seals (coalesce(hour, '-infinity'));
create index if not exists seals_key on switchboard.seals (key_id);

create table if not exists switchboard.people_labels (
  id              uuid primary key,
  label           text not null,
  organization_id uuid
);
create table if not exists switchboard.organization_labels (
  id   uuid primary key,
  name text not null
);

create table if not exists switchboard.open_tickets (
  ticket         uuid primary key default gen_random_uuid(),
  integration_id uuid not null,
  purpose        text not null,
  opened_by      text not null default session_user,
  xid            xid8 not null default pg_current_xact_id(),
  created_at     timestamptz not null default clock_timestamp(),
  used_at        timestamptz
);
create index if not exists open_tickets_recent on switchboard.open_tickets (opened_by, purpose, created_at);
comment on table switchboard.open_tickets is
  'Permissions to read one envelope once, each given together with a row of the log.';

create table if not exists switchboard.locks (
  what     text not null,
  key      text not null,
  taken_at timestamptz not null default clock_timestamp(),
  uses     integer not null default 1,
  since    timestamptz not null default clock_timestamp(),
  primary key (what, key)
);
comment on table switchboard.locks is
  'What one transaction at a time may do, a row for each. Nobody but our own functions can lock one: the key of an '
  'advisory lock can be computed and held by everybody. uses, since: how often it was taken in these five minutes.';

create table if not exists switchboard.deleted_integrations (
  xid              xid8 not null,
  id               text not null,
  organization_id  text,
  integration_type text,
  primary key (xid, id)
);
comment on table switchboard.deleted_integrations is
  'What the log needs of an integration to name its children, which a cascade deletes after it. Rows are of use only '
  'within their transaction; the next deletion clears those of transactions that have ended.';

-- 002_helpers.sql
-- What the other files use: the actions of the log, and ways to change only what differs, so that a second run takes
-- no lock on a busy table.

create or replace function switchboard.actions() returns table (name text, kind text, roles text[])
language sql immutable set search_path = pg_catalog, pg_temp as $function$
  -- Every action that Switchboard logs, some of them of versions to come; other programs add names of their own, and
  -- those that count against limits are in send_actions. kind: a change is logged by the triggers, and by the functions
  -- that make it; an opening by begin_open; and an act by log_act, for the owner of the log and for members of roles,
  -- without roles for everybody who may call log_act, and log_sealed for whoever may insert seals. A function, because
  -- `audit verify` sees when one is altered, and not when rows are.
  values
    ('credential_created', 'change', null::text[]), ('credential_updated', 'change', null),
    ('credential_deleted', 'change', null), ('credential_enabled', 'change', null),
    ('credential_disabled', 'change', null), ('credential_rolled_back', 'change', null),
    ('credential_restored', 'change', null), ('permission_granted', 'change', null),
    ('permission_changed', 'change', null), ('permission_revoked', 'change', null),
    ('number_added', 'change', null), ('number_updated', 'change', null), ('number_assigned', 'change', null),
    ('number_unassigned', 'change', null), ('number_deactivated', 'change', null),
    ('credential_revealed', 'opening', null), ('credential_copied', 'opening', null),
    ('credential_lent', 'opening', null),
    ('connection_tested', 'act', array['switchboard_admin', 'switchboard_support']),
    ('numbers_synced', 'act', array['switchboard_admin', 'switchboard_support']),
    ('log_exported', 'act', null), ('log_sealed', 'act', array['switchboard_admin']),
    ('keys_rotated', 'change', null), ('key_retired', 'change', null), ('credential_versions_forgotten', 'change', null),
    ('settings_changed', 'change', null), ('access_changed', 'change', null), ('change_noticed', 'change', null),
    ('schema_changed', 'act', array['switchboard_admin']), ('checkpoint_made', 'act', array['switchboard_admin']),
    ('log_archived', 'change', null), ('type_recorded', 'change', null), ('type_withdrawn', 'change', null)
$function$;

create or replace function switchboard.put_trigger(relation text, name text, definition text, always boolean)
returns void language plpgsql set search_path = pg_catalog, pg_temp as $function$
-- definition: the text that pg_get_triggerdef gives back, which is how a changed trigger is noticed.
declare
  present record;
  wanted constant "char" := case when always then 'A' else 'O' end;
begin
  select pg_get_triggerdef(t.oid) as text, t.tgenabled as enabled into present
  from pg_trigger t
  where t.tgrelid = relation::regclass and t.tgname = name and not t.tgisinternal;
  if present.text is distinct from definition then
    execute replace(definition, 'CREATE TRIGGER', 'CREATE OR REPLACE TRIGGER');
    present.enabled := 'O';
  end if;
  if present.enabled is distinct from wanted then
    execute format('alter table %s enable %s trigger %I', relation, case when always then 'always' else '' end, name);
  end if;
end
$function$;

create or replace function switchboard.put_policy(
  relation text, name text, command text, role text, using_text text, check_text text
) returns void language plpgsql set search_path = pg_catalog, pg_temp as $function$
-- using_text and check_text: as pg_get_expr gives them back where only pg_catalog is in the search_path; null where there is none.
begin
  if exists (
    select from pg_policy p
    where p.polrelid = relation::regclass
      and p.polname = name
      and p.polpermissive
      and p.polcmd = case command when 'select' then 'r' when 'insert' then 'a' when 'update' then 'w'
                                  when 'delete' then 'd' else '*' end
      and p.polroles = array[to_regrole(role)::oid]
      and pg_get_expr(p.polqual, p.polrelid) is not distinct from using_text
      and pg_get_expr(p.polwithcheck, p.polrelid) is not distinct from check_text
  ) then
    return;
  end if;
  if exists (select from pg_policy p where p.polrelid = relation::regclass and p.polname = name) then
    execute format('drop policy %I on %s', name, relation);
  end if;
  execute format('create policy %I on %s for %s to %s %s %s', name, relation, command, role,
    'using (' || using_text || ')', 'with check (' || check_text || ')');
end
$function$;

create or replace function switchboard.uuid_or_null(value text) returns uuid
language plpgsql immutable set search_path = pg_catalog, pg_temp as $function$
begin
  return value::uuid;
exception when data_exception then
  return null;
end
$function$;

create or replace function switchboard.inet_or_null(value text) returns inet
language plpgsql immutable set search_path = pg_catalog, pg_temp as $function$
begin
  return value::inet;
exception when data_exception then
  return null;
end
$function$;

-- 003_tables.sql
-- The four tables, a contract with other programs. Where they exist they are adopted: columns may be added,
-- nothing is renamed, dropped, rewritten or made NOT NULL.

create table if not exists public.integration_credentials (
  id                    uuid primary key default gen_random_uuid(),
  organization_id       uuid not null,
  integration_type      varchar(50) not null,
  credentials_encrypted text not null,
  display_name          varchar(255),
  is_active             boolean default true,
  is_verified           boolean default false,
  last_verified_at      timestamptz,
  created_by            uuid,
  updated_by            uuid,
  created_at            timestamptz default now(),
  updated_at            timestamptz default now(),
  constraint unique_org_integration unique (organization_id, integration_type)
);

create table if not exists public.user_integration_permissions (
  id             uuid primary key default gen_random_uuid(),
  user_id        uuid not null,
  integration_id uuid not null references public.integration_credentials (id) on delete cascade,
  can_view       boolean default false,
  can_send       boolean default false,
  can_configure  boolean default false,
  daily_limit    integer,
  monthly_limit  integer,
  granted_by     uuid,
  granted_at     timestamptz default now(),
  expires_at     timestamptz,
  constraint unique_user_integration unique (user_id, integration_id)
);

create table if not exists public.integration_audit_logs (
  id               uuid primary key default gen_random_uuid(),
  organization_id  uuid not null,
  user_id          uuid,
  integration_type varchar(50) not null,
  action           varchar(100) not null,
  status           varchar(50) not null,
  details          jsonb,
  ip_address       inet,
  user_agent       text,
  created_at       timestamptz default now()
);

create table if not exists public.organization_phone_numbers (
  id                  uuid primary key default gen_random_uuid(),
  organization_id     uuid not null,
  integration_id      uuid references public.integration_credentials (id) on delete cascade,
  phone_number        varchar(20) not null,
  display_name        varchar(100),
  number_type         varchar(50),
  assigned_to_user_id uuid,
  is_primary          boolean default false,
  can_call            boolean default true,
  can_sms             boolean default true,
  is_active           boolean default true,
  created_at          timestamptz default now(),
  updated_at          timestamptz default now(),
  constraint unique_org_phone_number unique (organization_id, phone_number)
);

do $do$
declare
  wanted record;
  present text;
  in_the_way text[] := '{}';
  any_row boolean;
  refused text;
begin
  for wanted in
    select 'public.' || w.relation as relation, w.name, w.type, w.rest
    from (values
      ('integration_credentials', 'id', 'uuid', 'not null default gen_random_uuid()'),
      ('integration_credentials', 'organization_id', 'uuid', 'not null'),
      ('integration_credentials', 'integration_type', 'character varying(50)', 'not null'),
      ('integration_credentials', 'credentials_encrypted', 'text', 'not null'),
      ('integration_credentials', 'display_name', 'character varying(255)', ''),
      ('integration_credentials', 'is_active', 'boolean', 'default true'),
      ('integration_credentials', 'is_verified', 'boolean', 'default false'),
      ('integration_credentials', 'last_verified_at', 'timestamp with time zone', ''),
      ('integration_credentials', 'created_by', 'uuid', ''),
      ('integration_credentials', 'updated_by', 'uuid', ''),
      ('integration_credentials', 'created_at', 'timestamp with time zone', 'now'),
      ('integration_credentials', 'updated_at', 'timestamp with time zone', 'now'),
      ('user_integration_permissions', 'id', 'uuid', 'not null default gen_random_uuid()'),
      ('user_integration_permissions', 'user_id', 'uuid', 'not null'),
      ('user_integration_permissions', 'integration_id', 'uuid', 'not null'),
      ('user_integration_permissions', 'can_view', 'boolean', 'default false'),
      ('user_integration_permissions', 'can_send', 'boolean', 'default false'),
      ('user_integration_permissions', 'can_configure', 'boolean', 'default false'),
      ('user_integration_permissions', 'daily_limit', 'integer', ''),
      ('user_integration_permissions', 'monthly_limit', 'integer', ''),
      ('user_integration_permissions', 'granted_by', 'uuid', ''),
      ('user_integration_permissions', 'granted_at', 'timestamp with time zone', 'now'),
      ('user_integration_permissions', 'expires_at', 'timestamp with time zone', ''),
      ('integration_audit_logs', 'id', 'uuid', 'not null default gen_random_uuid()'),
      ('integration_audit_logs', 'organization_id', 'uuid', 'not null'),
      ('integration_audit_logs', 'user_id', 'uuid', ''),
      ('integration_audit_logs', 'integration_type', 'character varying(50)', 'not null'),
      ('integration_audit_logs', 'action', 'character varying(100)', 'not null'),
      ('integration_audit_logs', 'status', 'character varying(50)', 'not null'),
      ('integration_audit_logs', 'details', 'jsonb', ''),
      ('integration_audit_logs', 'ip_address', 'inet', ''),
      ('integration_audit_logs', 'user_agent', 'text', ''),
      ('integration_audit_logs', 'created_at', 'timestamp with time zone', 'now'),
      ('organization_phone_numbers', 'id', 'uuid', 'not null default gen_random_uuid()'),
      ('organization_phone_numbers', 'organization_id', 'uuid', 'not null'),
      ('organization_phone_numbers', 'integration_id', 'uuid', ''),
      ('organization_phone_numbers', 'phone_number', 'character varying(20)', 'not null'),
      ('organization_phone_numbers', 'display_name', 'character varying(100)', ''),
      ('organization_phone_numbers', 'number_type', 'character varying(50)', ''),
      ('organization_phone_numbers', 'assigned_to_user_id', 'uuid', ''),
      ('organization_phone_numbers', 'is_primary', 'boolean', 'default false'),
      ('organization_phone_numbers', 'can_call', 'boolean', 'default true'),
      ('organization_phone_numbers', 'can_sms', 'boolean', 'default true'),
      ('organization_phone_numbers', 'is_active', 'boolean', 'default true'),
      ('organization_phone_numbers', 'created_at', 'timestamp with time zone', 'now'),
      ('organization_phone_numbers', 'updated_at', 'timestamp with time zone', 'now')
    ) as w (relation, name, type, rest)
  loop
    select format_type(a.atttypid, a.atttypmod) into present
    from pg_attribute a
    where a.attrelid = wanted.relation::regclass and a.attname = wanted.name and not a.attisdropped;
    if present is null then
      execute format('select exists (select from %s)', wanted.relation) into any_row;
      if any_row and wanted.rest like 'not null%' then
        in_the_way := in_the_way || format('the column %s.%s is missing, and the table has rows that would need a value',
                                           wanted.relation, wanted.name);
        continue;
      end if;
      -- A time that is filled in for old rows would be invented: they keep null, only new rows get one.
      execute format('alter table %s add column %I %s %s', wanted.relation, wanted.name, wanted.type,
                     nullif(wanted.rest, 'now'));
      if wanted.rest = 'now' then
        execute format('alter table %s alter column %I set default now()', wanted.relation, wanted.name);
      end if;
    elsif regexp_replace(present, '^(character varying(\(\d+\))?|text)$', 'text')
       <> regexp_replace(wanted.type, '^(character varying(\(\d+\))?|text)$', 'text')
      and not (wanted.type = 'integer' and present in ('smallint', 'bigint')) then
      in_the_way := in_the_way || format('the column %s.%s is of type %s, and %s is needed',
                                         wanted.relation, wanted.name, present, wanted.type);
    end if;
  end loop;

  -- What the log refuses would abort the write that is logged.
  for wanted in
    select a.attname as name
    from pg_attribute a
    where a.attrelid = 'public.integration_audit_logs'::regclass and a.attnum > 0 and not a.attisdropped
      and a.attnotnull and a.attidentity = '' and (a.attname in ('user_id', 'ip_address') or not a.atthasdef)
      and a.attname not in ('id', 'organization_id', 'integration_type', 'action', 'status', 'details',
                            'user_agent', 'created_at')
  loop
    in_the_way := in_the_way || format('the column public.integration_audit_logs.%I is NOT NULL, and rows of the log '
                                       'can be without it', wanted.name);
  end loop;
  for wanted in
    select c.conname as name, pg_get_constraintdef(c.oid) as text
    from pg_constraint c
    where c.conrelid = 'public.integration_audit_logs'::regclass and c.contype = 'f'
      and exists (select from pg_attribute a where a.attrelid = c.conrelid and a.attnum = any (c.conkey)
                    and a.attname in ('organization_id', 'user_id'))
  loop
    in_the_way := in_the_way || format('the constraint %I of public.integration_audit_logs, %s, cannot hold: the log '
                                       'keeps its rows when what they are about is deleted', wanted.name, wanted.text);
  end loop;
  for wanted in
    select c.conname as name, pg_get_expr(c.conbin, c.conrelid) as condition
    from pg_constraint c
    where c.conrelid = 'public.integration_audit_logs'::regclass and c.contype = 'c'
      and c.conkey <@ array(select a.attnum from pg_attribute a
                            where a.attrelid = c.conrelid and a.attname in ('action', 'status'))
  loop
    execute format(
      'select v.action || %L || v.status from (select a::character varying as action, s::character varying as status '
      'from unnest($1) a cross join unnest($2) s) v where not (%s) order by 1 limit 1', ' with status ', wanted.condition)
    into refused
    using array(select a.name from switchboard.actions() a), array['success', 'failed', 'pending'];
    if refused is not null then
      in_the_way := in_the_way || format('the constraint %I of public.integration_audit_logs refuses rows that will be '
                                         'written, %s for one', wanted.name, refused);
    end if;
  end loop;

  if in_the_way <> '{}' then
    raise exception '%', in_the_way[1] using errcode = 'SB003', detail = array_to_string(in_the_way, E'\n'),
      hint = 'Columns and constraints are never changed nor filled here: change them, or use another database.';
  end if;
end
$do$;

do $do$
declare
  wanted record;
  any_duplicate boolean;
begin
  for wanted in
    select 'public.' || w.relation as relation, w.name, w.columns, w.kind
    from (values
      ('integration_credentials', 'integration_credentials_pkey', array['id'], 'primary key'),
      ('user_integration_permissions', 'user_integration_permissions_pkey', array['id'], 'primary key'),
      ('integration_audit_logs', 'integration_audit_logs_pkey', array['id'], 'primary key'),
      ('organization_phone_numbers', 'organization_phone_numbers_pkey', array['id'], 'primary key'),
      ('integration_credentials', 'unique_org_integration', array['organization_id', 'integration_type'], 'unique'),
      ('user_integration_permissions', 'unique_user_integration', array['user_id', 'integration_id'], 'unique'),
      ('organization_phone_numbers', 'unique_org_phone_number', array['organization_id', 'phone_number'], 'unique')
    ) as w (relation, name, columns, kind)
  loop
    continue when exists (
      select from pg_index i
      where i.indrelid = wanted.relation::regclass and i.indisunique and i.indisvalid
        and i.indpred is null and i.indexprs is null
        and (select array_agg(a.attname::text order by a.attname)
             from generate_series(0, i.indnkeyatts - 1) k
             join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[k])
          = (select array_agg(n order by n) from unnest(wanted.columns) n));
    if wanted.kind = 'primary key' and exists (
      select from pg_attribute a
      where a.attrelid = wanted.relation::regclass and a.attname = 'id' and not a.attnotnull
    ) then
      raise notice '%: no primary key, because its column id may be null', wanted.relation;
      continue;
    end if;
    if wanted.relation = 'public.integration_audit_logs'
       and (select count(*) from (select from public.integration_audit_logs limit 100000) as counted) = 100000 then
      raise notice '%: no primary key, because building it would block a large table', wanted.relation;
      continue;
    end if;
    execute format('select exists (select from %s group by %s having count(*) > 1)', wanted.relation,
                   (select string_agg(quote_ident(n), ', ') from unnest(wanted.columns) n)) into any_duplicate;
    if any_duplicate then
      raise notice '%: not made unique by (%), because there are duplicates', wanted.relation,
        array_to_string(wanted.columns, ', ');
    else
      execute format('alter table %s add constraint %I %s (%s)', wanted.relation, wanted.name, wanted.kind,
                     (select string_agg(quote_ident(n), ', ') from unnest(wanted.columns) n));
    end if;
  end loop;

  for wanted in
    select 'public.' || w.relation as relation, w.name
    from (values
      ('user_integration_permissions', 'user_integration_permissions_integration_id_fkey'),
      ('organization_phone_numbers', 'organization_phone_numbers_integration_id_fkey')
    ) as w (relation, name)
  loop
    continue when exists (
      select from pg_constraint c
      join pg_attribute a on a.attrelid = c.conrelid and array[a.attnum] = c.conkey
      where c.conrelid = wanted.relation::regclass and c.contype = 'f' and a.attname = 'integration_id'
        and c.confrelid = 'public.integration_credentials'::regclass);
    if not exists (
      select from pg_index i
      join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
      where i.indrelid = 'public.integration_credentials'::regclass and i.indisunique and i.indisvalid
        and i.indnkeyatts = 1 and i.indpred is null and a.attname = 'id'
    ) then
      raise notice '%: no foreign key, because integration_credentials has no primary key', wanted.relation;
      continue;
    end if;
    execute format('alter table %s add constraint %I foreign key (integration_id) '
                   'references public.integration_credentials (id) on delete cascade not valid',
                   wanted.relation, wanted.name);
    execute format('select exists (select from %s c where c.integration_id is not null and not exists '
                   '(select from public.integration_credentials p where p.id = c.integration_id))',
                   wanted.relation) into any_duplicate;
    if any_duplicate then
      raise notice '%: rows without an integration are left; only new rows are checked', wanted.relation;
    else
      execute format('alter table %s validate constraint %I', wanted.relation, wanted.name);
    end if;
  end loop;
end
$do$;

do $do$
declare
  wanted record;
begin
  -- A foreign key needs an index on its own side, or each delete of an integration reads the whole table.
  for wanted in
    select 'public.' || w.relation as relation, w.name, w.first, w.definition
    from (values
      ('user_integration_permissions', 'idx_integration_permissions_integration', 'integration_id', '(integration_id)'),
      ('organization_phone_numbers', 'idx_phone_numbers_integration', 'integration_id', '(integration_id)'),
      ('organization_phone_numbers', 'idx_phone_numbers_assigned', 'assigned_to_user_id', '(assigned_to_user_id)')
    ) as w (relation, name, first, definition)
  loop
    continue when exists (
      select from pg_index i
      join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
      where i.indrelid = wanted.relation::regclass and i.indisvalid and i.indpred is null
        and a.attname = wanted.first);
    execute format('create index if not exists %I on %s %s', wanted.name, wanted.relation, wanted.definition);
  end loop;

  -- Index-only counts need the visibility map, which an insert-only table otherwise gets late.
  if exists (
    select from pg_class c
    where c.oid = 'public.integration_audit_logs'::regclass and c.relkind = 'r'
      and not coalesce(c.reloptions @> array['autovacuum_vacuum_insert_scale_factor=0.01'], false)
  ) then
    alter table public.integration_audit_logs set (autovacuum_vacuum_insert_scale_factor = 0.01);
  end if;
end
$do$;

-- 004_upkeep.sql
-- updated_at, at most one primary number per organisation, and what one transaction at a time may do.

create or replace function switchboard.touch_updated_at() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $function$
begin
  -- Byte by byte, since an adopted table may have columns of a type that has no equality (json, xml, point); here
  -- and not in WHEN, which may not see the whole of a row that has generated columns.
  if new operator(pg_catalog.*=) old then
    return new;
  end if;
  -- Writers compare updated_at to notice each other, so two changes never share one.
  new.updated_at := clock_timestamp();
  return new;
end
$function$;

create or replace function switchboard.hold(thing text, whose text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $function$
-- Waits until no other transaction holds the same, and holds it to the end of this one. A row takes no place among the
-- server's locks, of which there are only so many: an import may touch any number of organisations at once.
begin
  perform from switchboard.locks l where l.what = thing and l.key = whose for update;
  if not found then
    insert into switchboard.locks (what, key) values (thing, whose) on conflict (what, key) do nothing;
    perform from switchboard.locks l where l.what = thing and l.key = whose for update;
  end if;
end
$function$;

create or replace function switchboard.lock_key(whose text) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $function$
  -- One of 1,024, so that nobody fills the table of locks with organisations that do not exist.
  select coalesce((hashtext(whose) % 1024)::text, '')
$function$;

create or replace function switchboard.take_lock(what text, organization_id uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Lets one console at a time change the numbers, the primary number or the permissions of an organisation, or make
-- seals (of no organisation). Only for whoever may add rows to that table anyway: nobody else can keep them waiting.
declare
  caller constant name := coalesce(nullif(current_setting('role'::text, true), 'none'), session_user)::name;
  relation constant text := case what when 'numbers' then 'public.organization_phone_numbers'
                                      when 'primary' then 'public.organization_phone_numbers'
                                      when 'permissions' then 'public.user_integration_permissions'
                                      when 'seals' then 'switchboard.seals' end;
begin
  if relation is null then
    raise exception 'what is locked is numbers, primary, permissions or seals' using errcode = 'invalid_parameter_value';
  end if;
  if not has_table_privilege(caller, relation::text, 'INSERT'::text) then
    raise exception 'the role % adds no rows to %', caller, relation using errcode = 'insufficient_privilege';
  end if;
  if what = 'seals' then
    perform switchboard.require_everything_now('seals the log'::text);
  else
    perform switchboard.require_organization(organization_id::uuid);
  end if;
  perform switchboard.hold(what::text, switchboard.lock_key(organization_id::text)::text);
end
$function$;

create or replace function switchboard.clear_other_primary() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Known limit: one UPDATE that sets is_primary on several rows of an organisation fails with 27000 where the row
-- that was primary comes after the new one; clear the old one in a statement of its own, or let this do it.
begin
  -- Of two that make a primary number at the same time, the second waits, and then sees the first one's.
  perform switchboard.hold('primary'::text, switchboard.lock_key(new.organization_id::text)::text);
  -- An insert that meets a row of the same number will not become a row (on conflict ...), and must not
  -- touch the row that it is about to update.
  if tg_op = 'INSERT' and exists (
    select from public.organization_phone_numbers n
    where n.organization_id = new.organization_id and n.phone_number = new.phone_number
  ) then
    return new;
  end if;
  update public.organization_phone_numbers n
  set is_primary = false
  where n.organization_id = new.organization_id and n.is_primary and n.id is distinct from new.id;
  return new;
end
$function$;

do $do$
declare
  relation text;
begin
  foreach relation in array array['public.integration_credentials', 'public.organization_phone_numbers']
  loop
    -- Another program's own trigger (public.update_updated_at) does the same work: one is enough.
    continue when exists (
      select from pg_trigger t
      join pg_proc p on p.oid = t.tgfoid
      where t.tgrelid = relation::regclass and not t.tgisinternal and p.proname ~ 'updated_at'
        and p.pronamespace <> 'switchboard'::regnamespace and t.tgenabled in ('O', 'A'));
    perform switchboard.put_trigger(relation, 'switchboard_updated_at',
      format('CREATE TRIGGER switchboard_updated_at BEFORE UPDATE ON %s FOR EACH ROW '
             'EXECUTE FUNCTION switchboard.touch_updated_at()', relation), false);
  end loop;

  perform switchboard.put_trigger('public.organization_phone_numbers', 'switchboard_primary_number',
    'CREATE TRIGGER switchboard_primary_number BEFORE INSERT OR UPDATE OF is_primary, organization_id '
    'ON public.organization_phone_numbers FOR EACH ROW WHEN (new.is_primary) '
    'EXECUTE FUNCTION switchboard.clear_other_primary()', false);

  if not exists (
    select from pg_index i
    where i.indrelid = 'public.organization_phone_numbers'::regclass and i.indisunique and i.indisvalid
      and pg_get_indexdef(i.indexrelid) like '% USING btree (organization_id) WHERE is_primary'
  ) then
    if exists (
      select from public.organization_phone_numbers n
      where n.is_primary group by n.organization_id having count(*) > 1
    ) then
      raise notice 'some organisations have more than one primary number: '
                   'run this again once each has one, and a unique index will keep it so';
    else
      create unique index if not exists organization_phone_numbers_one_primary
        on public.organization_phone_numbers (organization_id) where is_primary;
    end if;
  end if;
end
$do$;

-- 005_audit.sql
-- The log of changes: each changed row of the other three tables has exactly one row, written in the same
-- transaction by a trigger; and the log itself is append-only.

create or replace function switchboard.bounded(value jsonb, room integer, depth integer) returns jsonb
language plpgsql immutable set search_path = pg_catalog, pg_temp as $function$
-- The value where its text has at most `room` bytes; else one that has, in which what is too long is cut and says how
-- long it was. Of an object the evidence is kept first, then the shortest members. What is nested deeper than `depth`
-- is cut as text, so that the work is a few passes over the value, however it is made.
declare
  size constant integer := octet_length(value::text);
  free integer := room - 60;
  part record;
  result jsonb;
  content text;
  shown integer := greatest(free, 0);
begin
  if size <= room then
    return value;
  end if;
  if jsonb_typeof(value) = 'object' and depth > 0 and free > 100 then
    result := '{}';
    for part in
      select e.key, e.value, octet_length(e.value::text) + octet_length(to_jsonb(e.key)::text) + 4 as size,
             octet_length(to_jsonb(e.key)::text) + 4 as name_size, count(*) over () - row_number() over w + 1 as left_over
      from jsonb_each(value) e
      window w as (order by e.key = any (array['source', 'table', 'change', 'row', 'cascade', 'purpose',
                                               'integration_id', 'envelope']) desc,
                            octet_length(e.value::text) + octet_length(to_jsonb(e.key)::text), e.key)
      order by row_number() over w
    loop
      if part.size > free then
        -- The others are no shorter: they share what room there is.
        exit when free / part.left_over - part.name_size < 100;
        part.value := switchboard.bounded(part.value::jsonb, (free / part.left_over - part.name_size)::integer,
                                          (depth - 1)::integer);
        part.size := octet_length(part.value::text) + part.name_size;
      end if;
      result := result || jsonb_build_object(part.key, part.value);
      free := free - part.size;
      part.left_over := part.left_over - 1;
    end loop;
    return case when part.left_over > 0 then result || jsonb_build_object('cut', part.left_over) else result end;
  end if;
  if jsonb_typeof(value) = 'array' and depth > 0 and free > 100 then
    result := '[]';
    for part in select e.value, octet_length(e.value::text) + 2 as size from jsonb_array_elements(value) e
    loop
      exit when part.size > free;
      result := result || jsonb_build_array(part.value);
      free := free - part.size;
    end loop;
    return result || to_jsonb(format(' [cut, %s elements]', jsonb_array_length(value)));
  end if;
  content := case when jsonb_typeof(value) = 'string' then value #>> '{}' else value::text end;
  loop
    result := to_jsonb(left(content, shown) || format(' [cut, %s bytes]', size));
    exit when shown = 0 or octet_length(result::text) <= room;
    -- A character may take six bytes of JSON.
    shown := least(shown - 1, (shown::bigint * greatest(free, 0) / octet_length(result::text))::integer);
  end loop;
  return result;
end
$function$;

create or replace function switchboard.person_label(person uuid) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $function$
-- What the log calls a person of the directory; null where that has none of this id, or cannot be read.
begin
  if person is null then
    return null;
  end if;
  return (select left(coalesce(min(p.email), min(p.name), person::text), 200)
          from switchboard.people p where p.id = person having count(*) > 0);
exception when others then
  return null;
end
$function$;

create or replace function switchboard.write_log(
  organization_id uuid, user_id uuid, integration_type text, action text, status text, details jsonb
) returns uuid language plpgsql set search_path = pg_catalog, pg_temp as $function$
-- user_id: whom the row itself names, for a change by another program. Adds to details who it was and the evidence.
-- operator_from: login (a mapped login is its person, whatever the client claims: a different claim is kept in claimed),
-- vouched (a login that speaks for others says for whom, and the directory knows them: operator is what it calls them),
-- claim (the client says so), row, nobody; user_from, of a change of a row, whether user_id is the operator's or the row's.
-- operator of a claim and operation_id are what the client claims, the rest is what the server knows. Never fails for want
-- of a value: a row without an organisation gets the nil UUID, without a type 'none'.
-- No row becomes large: details have at most 16 kB as text, evidence included; cut tells how many bytes there were.
declare
  row_id constant uuid := gen_random_uuid();
  claimed_address constant text := nullif(current_setting('switchboard.source_address'::text, true), '');
  client_address constant inet := inet_client_addr();
  told jsonb := details - array['operator', 'operator_from', 'claimed', 'user_from', 'operation_id', 'undo_of',
                                'session_user', 'role', 'client_address', 'xid'];
  claim constant text := nullif(current_setting('switchboard.operator_id'::text, true), '');
  -- Of an id that is none there is no claim: it aborts nobody's write.
  claimed_id constant uuid := case when claim is not null then switchboard.uuid_or_null(claim::text) end;
  operator text := nullif(left(current_setting('switchboard.operator_label'::text, true), 200), '');
  operator_id uuid;
  operator_from text;
  claimed jsonb;
  vouched_for text;
  login record;
begin
  select l.user_id, l.label, l.speaks_for_others into login
  from switchboard.logins l
  where l.login = session_user and l.login_oid = to_regrole(quote_ident(session_user))::oid and l.removed_at is null;
  if login.user_id is not null then
    if claimed_id <> login.user_id or claimed_id is null and lower(operator) <> lower(login.label) then
      claimed := jsonb_strip_nulls(jsonb_build_object('user_id', claimed_id, 'operator', left(operator, 100)));
    end if;
    operator_id := login.user_id;
    operator := login.label;
    operator_from := 'login';
  else
    if login.speaks_for_others then
      vouched_for := switchboard.person_label(claimed_id::uuid);
      operator := coalesce(vouched_for, operator);
    end if;
    operator_id := coalesce(claimed_id, user_id);
    operator_from := case when vouched_for is not null then 'vouched'
                          when claimed_id is not null then 'claim'
                          when user_id is not null then 'row'
                          when operator is not null then 'claim' else 'nobody' end;
  end if;
  -- By the text: as jsonb a number of 100,000 digits takes ten bytes.
  if octet_length(told::text) > 13000 then
    told := switchboard.bounded(told::jsonb, 12950::integer, 4::integer)
      || jsonb_build_object('cut', jsonb_build_object('bytes', octet_length(told::text)));
  end if;
  insert into public.integration_audit_logs
    (id, organization_id, user_id, integration_type, action, status, details, ip_address, user_agent, created_at)
  values (
    row_id,
    coalesce(organization_id, '00000000-0000-0000-0000-000000000000'),
    operator_id,
    left(coalesce(integration_type, 'none'), 50),
    left(action, 100),
    left(status, 50),
    told || jsonb_strip_nulls(jsonb_build_object(
      'operator', operator,
      'operator_from', operator_from,
      'claimed', claimed,
      'user_from', case when told ->> 'source' = 'trigger'
                        then case when operator_id is null then 'nobody' when operator_from = 'row' then 'row'
                                  else 'operator' end end,
      'operation_id', nullif(left(current_setting('switchboard.operation_id'::text, true), 100), ''),
      'undo_of', nullif(left(current_setting('switchboard.undo_of'::text, true), 100), ''),
      'session_user', session_user,
      'role', coalesce(nullif(current_setting('role'::text, true), 'none'), session_user),
      'client_address', host(client_address),
      'xid', pg_current_xact_id()::text)),
    case when claimed_address is null then client_address
         else coalesce(switchboard.inet_or_null(claimed_address::text), client_address) end,
    coalesce(nullif(left(current_setting('switchboard.user_agent'::text, true), 500), ''),
             nullif(current_setting('application_name'::text, true), ''), ''),
    clock_timestamp());
  return row_id;
end
$function$;

create or replace function switchboard.action_of(kind text, after jsonb, changed text[], hint text)
returns text language plpgsql immutable set search_path = pg_catalog, pg_temp as $function$
-- The name of an update of is_active or of assigned_to_user_id, which has more than one that fits: hint picks.
declare
  fitting text[];
begin
  if kind = 'credential' then
    fitting := array['credential_updated',
                     case when after -> 'is_active' = 'true' then 'credential_enabled' else 'credential_disabled' end];
    return case when hint = any (fitting) then hint
                when changed <@ array['is_active', 'updated_at', 'updated_by'] then fitting[2]
                else fitting[1] end;
  end if;
  fitting := array['number_updated'];
  if 'is_active' = any (changed) and after -> 'is_active' is distinct from 'true' then
    fitting := array['number_deactivated'] || fitting;
  end if;
  if 'assigned_to_user_id' = any (changed) then
    fitting := case when after ->> 'assigned_to_user_id' is null then 'number_unassigned' else 'number_assigned' end
               || fitting;
  end if;
  return case when hint = any (fitting) then hint else fitting[1] end;
end
$function$;

create or replace function switchboard.remember_integration() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- On a cascade the parent is gone before its children are logged: what they need of it is kept here.
begin
  if tg_op <> 'DELETE' then
    -- Used as a trigger of another event, it would swallow what is written.
    raise exception 'this remembers what is deleted, and nothing else' using errcode = 'feature_not_supported';
  end if;
  if tg_level = 'STATEMENT' then
    -- What ended transactions left; without waiting for whoever does the same, and only where a row that is gone by now
    -- is no failure.
    if current_setting('transaction_isolation'::text) in ('read committed', 'read uncommitted') then
      delete from switchboard.deleted_integrations
      where (xid, id) in (
        select d.xid, d.id from switchboard.deleted_integrations d
        where d.xid < pg_snapshot_xmin(pg_current_snapshot()) for update skip locked);
    end if;
    return null;
  end if;
  if old.id is not null then
    insert into switchboard.deleted_integrations (xid, id, organization_id, integration_type)
    values (pg_current_xact_id(), old.id::text, old.organization_id::text, old.integration_type::text)
    on conflict (xid, id) do update
      set organization_id = excluded.organization_id, integration_type = excluded.integration_type;
  end if;
  return old;
end
$function$;

create or replace function switchboard.log_change() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $function$
-- Argument: credential, permission or number. Only the contract's columns are read, since an adopted table may
-- have others: nobody's business, or large, or of a content that jsonb refuses. A change of those alone is not
-- logged, or as one of updated_at where that moves with it. The envelope is compared, and never written.
-- All in one body, because it runs for each row: a function with a search_path of its own is slow to call. Times are
-- written in UTC, in whatever zone the writer's session is.
declare
  kind constant text := tg_argv[0];
  -- In the order of the alphabet, in which changed lists them.
  names constant text[] := case kind
    when 'credential' then array['created_at', 'created_by', 'credentials_encrypted', 'display_name', 'id',
      'integration_type', 'is_active', 'is_verified', 'last_verified_at', 'organization_id', 'updated_at', 'updated_by']
    when 'permission' then array['can_configure', 'can_send', 'can_view', 'daily_limit', 'expires_at', 'granted_at',
      'granted_by', 'id', 'integration_id', 'monthly_limit', 'user_id']
    else array['assigned_to_user_id', 'can_call', 'can_sms', 'created_at', 'display_name', 'id', 'integration_id',
      'is_active', 'is_primary', 'number_type', 'organization_id', 'phone_number', 'updated_at'] end;
  side text;
  this record;
  part jsonb;
  fields text;
  before jsonb;
  after jsonb;
  present jsonb;
  was jsonb;
  becomes jsonb;
  changed text[];
  details jsonb;
  organization uuid;
  type text;
  integration uuid;
  parent jsonb;
  author_column constant text := case when kind = 'permission' then 'granted_by' when kind = 'number' then null
                                      when tg_op = 'INSERT' then 'created_by' else 'updated_by' end;
  author uuid;
  action text;
  version bigint;
begin
  -- Neither a column that was dropped nor one that changed its type may abort anybody's write. Columns are named one
  -- by one all the same, because a statement put together for each row costs more than all the rest: that is done
  -- only where this fails. Nothing is written in the block, so it takes no transaction id.
  begin
    foreach side in array case tg_op when 'INSERT' then array['after'] when 'DELETE' then array['before']
                                     else array['before', 'after'] end
    loop
      if side = 'before' then this := old; else this := new; end if;
      if kind = 'credential' then
        part := jsonb_build_object(
          'created_at', this.created_at, 'created_by', this.created_by,
          'credentials_encrypted', this.credentials_encrypted, 'display_name', this.display_name, 'id', this.id,
          'integration_type', this.integration_type, 'is_active', this.is_active, 'is_verified', this.is_verified,
          'last_verified_at', this.last_verified_at, 'organization_id', this.organization_id,
          'updated_at', this.updated_at, 'updated_by', this.updated_by);
      elsif kind = 'permission' then
        part := jsonb_build_object(
          'can_configure', this.can_configure, 'can_send', this.can_send, 'can_view', this.can_view,
          'daily_limit', this.daily_limit, 'expires_at', this.expires_at, 'granted_at', this.granted_at,
          'granted_by', this.granted_by, 'id', this.id, 'integration_id', this.integration_id,
          'monthly_limit', this.monthly_limit, 'user_id', this.user_id);
      else
        part := jsonb_build_object(
          'assigned_to_user_id', this.assigned_to_user_id, 'can_call', this.can_call, 'can_sms', this.can_sms,
          'created_at', this.created_at, 'display_name', this.display_name, 'id', this.id,
          'integration_id', this.integration_id, 'is_active', this.is_active, 'is_primary', this.is_primary,
          'number_type', this.number_type, 'organization_id', this.organization_id,
          'phone_number', this.phone_number, 'updated_at', this.updated_at);
      end if;
      if side = 'before' then before := part; else after := part; end if;
    end loop;
    present := coalesce(after, before);
    organization := present ->> 'organization_id';
    integration := present ->> 'integration_id';
    author := present ->> author_column;
  exception when others then
    -- Of a type that is none of the contract's, the text: jsonb may refuse the rest.
    select coalesce(string_agg(format(case when a.atttypid = any (array['uuid', 'text', 'varchar', 'bool', 'int2', 'int4',
      'int8', 'timestamptz']::regtype[]) then '%L, $1.%I' else '%L, $1.%I::text' end, a.attname, a.attname), ', '), '')
    into fields
    from pg_attribute a
    where a.attrelid = tg_relid and a.attname = any (names) and not a.attisdropped;
    if tg_op <> 'INSERT' then
      execute format('select jsonb_build_object(%s)', fields) into before using old;
    end if;
    if tg_op <> 'DELETE' then
      execute format('select jsonb_build_object(%s)', fields) into after using new;
    end if;
    present := coalesce(after, before);
    organization := switchboard.uuid_or_null((present ->> 'organization_id')::text);
    integration := switchboard.uuid_or_null((present ->> 'integration_id')::text);
    author := switchboard.uuid_or_null((present ->> author_column)::text);
  end;
  type := present ->> 'integration_type';

  if tg_op = 'UPDATE' then
    select array_agg(n),
           coalesce(jsonb_object_agg(n, before -> n) filter (where n <> 'credentials_encrypted'), '{}'),
           coalesce(jsonb_object_agg(n, after -> n) filter (where n <> 'credentials_encrypted'), '{}')
    into changed, was, becomes
    from unnest(names) n
    where after -> n is distinct from before -> n;
    if changed is null then
      return null;
    end if;
    details := jsonb_build_object('changed', changed, 'before', was, 'after', becomes);
    if kind = 'credential' and 'credentials_encrypted' = any (changed) then
      details := details || jsonb_build_object('envelope', jsonb_build_object('changed', true,
        'before', switchboard.envelope_format((before ->> 'credentials_encrypted')::text),
        'after', switchboard.envelope_format((after ->> 'credentials_encrypted')::text)));
      -- The names (never values) of the fields inside the envelope, from whoever could open it.
      if nullif(current_setting('switchboard.fields'::text, true), '') is not null then
        details := details || jsonb_build_object('fields',
          string_to_array(current_setting('switchboard.fields'::text, true), ','));
      end if;
      -- Said by what only our own functions write, never by what a client claims.
      if exists (select from switchboard.rotations r where r.xid = pg_current_xact_id() and r.writing) then
        details := details || '{"rotation": true}';
      else
        version := switchboard.version_of((after ->> 'id')::text, (after ->> 'credentials_encrypted')::text);
      end if;
    end if;
  else
    details := jsonb_build_object(case tg_op when 'INSERT' then 'after' else 'before' end,
      jsonb_strip_nulls(present - 'credentials_encrypted'));
    if kind = 'credential' then
      details := details || jsonb_build_object('envelope', jsonb_build_object(
        case tg_op when 'INSERT' then 'after' else 'before' end,
        switchboard.envelope_format((present ->> 'credentials_encrypted')::text)));
      if tg_op = 'INSERT' then
        version := switchboard.version_of((after ->> 'id')::text, (after ->> 'credentials_encrypted')::text);
      end if;
    end if;
  end if;
  if version is not null then
    -- When it was kept as well: the version itself may be cleared by this very change.
    details := details || (select jsonb_build_object('version', v.id, 'version_kind', v.kind, 'kept_at', v.replaced_at)
                           from switchboard.credential_versions v where v.id = version);
  end if;

  if kind <> 'credential' and integration is not null then
    select jsonb_build_object('organization_id', c.organization_id, 'integration_type', c.integration_type) into parent
    from public.integration_credentials c
    where c.id = integration;
    if parent is null then
      select jsonb_build_object('organization_id', d.organization_id, 'integration_type', d.integration_type) into parent
      from switchboard.deleted_integrations d
      where d.xid = pg_current_xact_id() and d.id = integration::text;
      if tg_op = 'DELETE' and parent is not null then
        details := details || '{"cascade": true}';
      end if;
    end if;
    organization := coalesce(organization, switchboard.uuid_or_null((parent ->> 'organization_id')::text));
    type := parent ->> 'integration_type';
  end if;

  action := case
    when version is not null then case tg_op when 'INSERT' then 'credential_restored' else 'credential_rolled_back' end
    when tg_op = 'INSERT' then case kind when 'credential' then 'credential_created'
                                         when 'permission' then 'permission_granted' else 'number_added' end
    when tg_op = 'DELETE' then case kind when 'credential' then 'credential_deleted'
                                         when 'permission' then 'permission_revoked' else 'number_deactivated' end
    when kind = 'permission' then 'permission_changed'
    when changed && array['is_active', 'assigned_to_user_id'] then
      switchboard.action_of(kind::text, after::jsonb, changed::text[],
                            nullif(current_setting('switchboard.action'::text, true), '')::text)
    else kind || '_updated' end;
  perform switchboard.write_log(
    organization::uuid,
    -- Another program names no operator, but says in the row itself who created, updated or granted.
    (case when tg_op = 'INSERT' or author_column = any (changed) then author end)::uuid,
    type::text, action::text, 'success'::text,
    (details || jsonb_build_object(
      'source', 'trigger',
      'table', tg_table_name,
      'change', lower(tg_op),
      'row', jsonb_strip_nulls(jsonb_build_object(
        'id', present -> 'id',
        'integration_id', case when kind = 'credential' then present -> 'id' else present -> 'integration_id' end,
        'user_id', present -> 'user_id',
        'phone_number', present -> 'phone_number'))))::jsonb);
  return null;
end
$function$;

create or replace function switchboard.envelope_format(envelope text) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $function$
begin
  return case when envelope like 'sb2.%' then 'sb2'
              when envelope ~ '^[0-9a-f]{32}:[0-9a-f]{32}:([0-9a-f]{2})*$' then 'legacy'
              else 'neither' end;
end
$function$;

create or replace function switchboard.version_of(of_row text, content text) returns bigint
language plpgsql stable set search_path = pg_catalog, pg_temp as $function$
-- The version that this envelope was kept as: no two encryptions give the same text.
begin
  return (select max(v.id) from switchboard.credential_versions v
          where v.credential_id = switchboard.uuid_or_null(of_row::text) and v.envelope = content);
end
$function$;

create or replace function switchboard.log_truncate() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- TRUNCATE fires no trigger for a row: the rows are deleted before it, so that each has its row in the log.
begin
  execute format('delete from only %s', tg_relid::regclass);
  return null;
end
$function$;

create or replace function switchboard.refuse_change() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- But for rows of an archived hour, while switchboard.remove_archived deletes them (020_archive.sql).
begin
  if tg_op = 'DELETE' and tg_table_schema <> 'switchboard' then
    if exists (select from switchboard.removals r
               where r.xid = pg_current_xact_id_if_assigned()
                 and old.created_at >= r.hour and old.created_at < r.hour + interval '1 hour') then
      return old;
    end if;
  end if;
  raise exception '%.% is append-only: % is refused', tg_table_schema, tg_table_name, lower(tg_op)
    using errcode = 'insufficient_privilege';
end
$function$;

create or replace function switchboard.check_proof() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Other programs insert rows of their own into the log, and could say in them that somebody was proven to have done it:
-- that is true only of rows of a session whose login is this person, or may vouch for one, called what the login or the
-- directory calls them. Of any other row it becomes a claim, and claimed keeps what it said; nobody's write is refused.
begin
  if not exists (
    select from switchboard.logins l
    where l.login = session_user and l.login_oid = to_regrole(quote_ident(session_user))::oid and l.removed_at is null
      and new.details ->> 'session_user' = session_user
      and case new.details ->> 'operator_from'
            when 'login' then l.user_id = new.user_id and l.label is not distinct from new.details ->> 'operator'
            when 'vouched' then l.speaks_for_others
              and switchboard.person_label(new.user_id::uuid) = new.details ->> 'operator' end) then
    new.details := new.details || jsonb_build_object(
      'operator_from', 'claim', 'claimed', jsonb_build_object('operator_from', new.details -> 'operator_from'));
  end if;
  return new;
end
$function$;

do $do$
declare
  wanted record;
begin
  for wanted in
    select * from (values
      ('public.integration_credentials', 'credential'),
      ('public.user_integration_permissions', 'permission'),
      ('public.organization_phone_numbers', 'number')
    ) as w (relation, kind)
  loop
    perform switchboard.put_trigger(wanted.relation, 'switchboard_log_change',
      format('CREATE TRIGGER switchboard_log_change AFTER INSERT OR DELETE OR UPDATE ON %s FOR EACH ROW '
             'EXECUTE FUNCTION switchboard.log_change(%L)', wanted.relation, wanted.kind), true);
    perform switchboard.put_trigger(wanted.relation, 'switchboard_log_truncate',
      format('CREATE TRIGGER switchboard_log_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT '
             'EXECUTE FUNCTION switchboard.log_truncate()', wanted.relation), true);
  end loop;
  perform switchboard.put_trigger('public.integration_credentials', 'switchboard_remember',
    'CREATE TRIGGER switchboard_remember BEFORE DELETE ON public.integration_credentials FOR EACH ROW '
    'EXECUTE FUNCTION switchboard.remember_integration()', true);
  perform switchboard.put_trigger('public.integration_credentials', 'switchboard_forget',
    'CREATE TRIGGER switchboard_forget BEFORE DELETE ON public.integration_credentials FOR EACH STATEMENT '
    'EXECUTE FUNCTION switchboard.remember_integration()', true);
  perform switchboard.put_trigger('public.integration_audit_logs', 'switchboard_check_proof',
    'CREATE TRIGGER switchboard_check_proof BEFORE INSERT ON public.integration_audit_logs FOR EACH ROW '
    'WHEN (((new.details ->> ''operator_from''::text) = ANY (ARRAY[''login''::text, ''vouched''::text]))) '
    'EXECUTE FUNCTION switchboard.check_proof()', true);
  for wanted in
    select unnest(array['public.integration_audit_logs', 'switchboard.seals']) as relation
  loop
    perform switchboard.put_trigger(wanted.relation, 'switchboard_append_only',
      format('CREATE TRIGGER switchboard_append_only BEFORE DELETE OR UPDATE ON %s FOR EACH ROW '
             'EXECUTE FUNCTION switchboard.refuse_change()', wanted.relation), true);
    perform switchboard.put_trigger(wanted.relation, 'switchboard_no_truncate',
      format('CREATE TRIGGER switchboard_no_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT '
             'EXECUTE FUNCTION switchboard.refuse_change()', wanted.relation), true);
  end loop;
end
$do$;

-- 006_acts.sql
-- What a program may write to the log itself, and the opening of envelopes, which the log always shows.

create or replace function switchboard.log_act(
  action text, organization_id uuid, integration_type text, status text, details jsonb
) returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- The acts that switchboard.actions() gives this role. Changes of rows are logged by triggers, and openings by
-- begin_open: neither can be claimed here.
declare
  caller constant name := coalesce(nullif(current_setting('role'::text, true), 'none'), session_user)::name;
  is_owner constant boolean := pg_has_role(caller, (select c.relowner from pg_class c
                                                    where c.oid = 'public.integration_audit_logs'::regclass), 'USAGE'::text);
  act record;
  held record;
begin
  select a.name, a.roles into act from switchboard.actions() a where a.name = log_act.action and a.kind = 'act';
  if not found then
    raise exception 'not an act that a program logs by itself' using errcode = 'invalid_parameter_value';
  end if;
  -- Of each seal that the log says was made, `audit verify` asks where it is.
  if not (case when act.name = 'log_sealed' then has_table_privilege(caller, 'switchboard.seals'::text, 'INSERT'::text)
               else act.roles is null or is_owner
                 or exists (select from pg_roles r where r.rolname = any (act.roles)
                              and pg_has_role(caller, r.oid, 'USAGE'::text)) end) then
    raise exception 'the role % does not log the act %', caller, act.name using errcode = 'insufficient_privilege';
  end if;
  if act.name in ('connection_tested', 'numbers_synced', 'log_exported') then
    if organization_id is not null then
      perform switchboard.require_organization(organization_id::uuid);
    end if;
  else
    perform switchboard.require_everything_now('logs what is of the whole database'::text);
  end if;
  if status is null or status not in ('success', 'failed', 'pending') then
    raise exception 'a status is success, failed or pending' using errcode = 'invalid_parameter_value';
  end if;
  if jsonb_typeof(details) <> 'object' then
    raise exception 'details is an object' using errcode = 'invalid_parameter_value';
  end if;
  -- Nobody fills the log, which keeps everything.
  if not is_owner then
    insert into switchboard.locks as l (what, key) values ('log an act', session_user)
    on conflict (what, key) do update set
      taken_at = clock_timestamp(),
      uses = case when l.since < clock_timestamp() - interval '5 minutes' then 1 else l.uses + 1 end,
      since = case when l.since < clock_timestamp() - interval '5 minutes' then clock_timestamp() else l.since end
    returning l.uses, l.since into held;
    if held.uses > 600 then
      raise exception 'more than 600 acts in 5 minutes are refused: the next is possible in % s',
        ceil(extract(epoch from held.since + interval '5 minutes' - clock_timestamp())) using errcode = 'SB001';
    end if;
  end if;
  return switchboard.write_log(
    organization_id::uuid, null::uuid, integration_type::text, action::text, status::text,
    (coalesce(details, '{}') || '{"source": "switchboard"}')::jsonb);
end
$function$;

create or replace function switchboard.begin_open(integration_id uuid, purpose text)
returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Writes the log row and returns a ticket for open_envelope, to be used after COMMIT, once, within 30 s.
-- The transaction-local setting switchboard.fields may name what is shown of it.
-- reveal, run (lent to a program) and copy are acts complete in themselves; test and sync are pending until log_act
-- gives their outcome. Fails with P0002 (no such integration), 22023 (purpose), 42501 (reveal, run or copy without the
-- right to read the envelope), SB001 (more than 10 reveals and runs, 10 copies, 600 tests or 600 syncs in 5 minutes by
-- one session_user; the message says when the next is possible).
declare
  integration record;
  given uuid;
  shows constant boolean := purpose in ('reveal', 'run', 'copy');
  most constant integer := case when shows then 10 else 600 end;
  counted constant text[] := case when purpose in ('reveal', 'run') then array['reveal', 'run'] else array[purpose] end;
  filling timestamptz;
begin
  if purpose is null or purpose not in ('reveal', 'run', 'copy', 'test', 'sync') then
    raise exception 'an envelope is opened to reveal, run, copy, test or sync' using errcode = 'invalid_parameter_value';
  end if;
  select c.organization_id, c.integration_type into integration
  from public.integration_credentials c
  where c.id = begin_open.integration_id;
  if not found or not switchboard.in_scope(integration.organization_id::uuid) then
    raise exception 'there is no such integration' using errcode = 'no_data_found';
  end if;
  if shows then
    if not has_column_privilege(coalesce(nullif(current_setting('role', true), 'none'), session_user),
                                'public.integration_credentials', 'credentials_encrypted', 'SELECT') then
      raise exception 'the role % may not read secrets', coalesce(nullif(current_setting('role', true), 'none'), session_user)
        using errcode = 'insufficient_privilege';
    end if;
  end if;
  -- Two openings at the same time must not both count as the last one: the second waits. It changes the row, so that
  -- a transaction whose snapshot is older fails (40001) instead of counting what was there before.
  insert into switchboard.locks (what, key) values ('open to ' || counted[1], session_user)
  on conflict (what, key) do update set taken_at = clock_timestamp();
  select t.created_at into filling
  from switchboard.open_tickets t
  where t.opened_by = session_user and t.purpose = any (counted)
    and t.created_at > clock_timestamp() - interval '5 minutes'
  order by t.created_at desc offset most - 1 limit 1;
  if found then
    raise exception 'more than % openings to % in 5 minutes are refused: the next is possible in % s', most, purpose,
      ceil(extract(epoch from filling + interval '5 minutes' - clock_timestamp()))
      using errcode = 'SB001';
  end if;
  -- Those of others are theirs: nobody waits for a row that another login holds.
  delete from switchboard.open_tickets t
  where t.opened_by = session_user and t.purpose = any (counted)
    and t.created_at < clock_timestamp() - interval '1 hour';
  insert into switchboard.open_tickets as t (integration_id, purpose)
  values (begin_open.integration_id, begin_open.purpose)
  returning t.ticket into given;
  perform switchboard.write_log(
    integration.organization_id::uuid, null::uuid, integration.integration_type::text,
    (case purpose when 'reveal' then 'credential_revealed' when 'copy' then 'credential_copied'
                  when 'run' then 'credential_lent' when 'test' then 'connection_tested' else 'numbers_synced' end)::text,
    (case when shows then 'success' else 'pending' end)::text,
    jsonb_strip_nulls(jsonb_build_object(
      'source', 'switchboard', 'purpose', purpose, 'integration_id', begin_open.integration_id,
      'fields', string_to_array(nullif(current_setting('switchboard.fields'::text, true), ''), ',')))::jsonb);
  return given;
end
$function$;

create or replace function switchboard.open_envelope(ticket uuid)
returns text language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- The text of the envelope that a ticket stands for. Fails with SB002: the ticket is unknown, used, older than
-- 30 s, another session_user's, or its log row is not committed yet; P0002: the integration is gone.
declare
  given switchboard.open_tickets;
  envelope text;
begin
  select t.* into given from switchboard.open_tickets t where t.ticket = open_envelope.ticket;
  if given.ticket is null or given.opened_by <> session_user or given.used_at is not null
     or clock_timestamp() - given.created_at > interval '30 seconds' then
    raise exception 'the ticket is not valid, or not any more' using errcode = 'SB002';
  end if;
  -- A savepoint has an id of its own; this one belongs to the whole transaction.
  if given.xid = pg_current_xact_id() then
    raise exception 'an envelope opens after its log row is committed' using errcode = 'SB002';
  end if;
  -- Whoever has tried has left a mark in the row's xmax, also where that transaction is not over yet or was rolled
  -- back: the ticket is used, and nobody waits to hear so. (VACUUM may wipe the mark of a rollback off; nobody but its
  -- owner can make it come within the 30 s. The opening that the ticket stands for is in the log in any case.)
  update switchboard.open_tickets t set used_at = clock_timestamp()
  where t.ticket = given.ticket and t.used_at is null and t.xmax = '0'::xid;
  if not found then
    raise exception 'the ticket is not valid, or not any more' using errcode = 'SB002';
  end if;
  select c.credentials_encrypted into envelope
  from public.integration_credentials c
  where c.id = given.integration_id and switchboard.in_scope(c.organization_id::uuid);
  if not found then
    raise exception 'the integration is gone' using errcode = 'no_data_found';
  end if;
  return envelope;
end
$function$;

-- 007_directory.sql
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

-- 008_enforcement.sql
-- Whether a person may do something with an integration now: the answer that any program can ask for.

do $do$
begin
  -- Filled once: what an administrator takes out of the list stays out.
  if to_regclass('switchboard.send_actions') is null then
    create table switchboard.send_actions (action varchar(100) primary key);
    insert into switchboard.send_actions (action)
    values ('call_made'), ('email_sent'), ('message_sent'), ('sms_sent'), ('whatsapp_sent');
  end if;
end
$do$;
comment on table switchboard.send_actions is
  'The actions of the log that count against the daily and the monthly limit of a permission.';

create or replace function switchboard.may(
  user_id uuid, integration_id uuid, act text,
  out allowed boolean, out reason text, out used_today bigint, out used_this_month bigint
) language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
-- act: view, send or configure. reason is null where it is allowed, else one of: unknown act, no such integration,
-- no permission, may not view, may not send, may not configure, expired, integration disabled, daily limit reached,
-- monthly limit reached. Limits are of sends, so only send is refused by them. Use is what the log has with status
-- success and an action of send_actions, by this person, for the integration's organisation and type, since the
-- beginning of the day and of the month in UTC. With the owner's rights, because a caller whose policies hide rows
-- of the log would count too few.
declare
  integration record;
  permission record;
  month constant timestamptz := date_trunc('month', now(), 'UTC');
  day constant timestamptz := date_trunc('day', now(), 'UTC');
begin
  allowed := false;
  used_today := 0;
  used_this_month := 0;
  select c.organization_id, c.integration_type, c.is_active into integration
  from public.integration_credentials c
  where c.id = may.integration_id;
  if not found or not (switchboard.in_scope(integration.organization_id::uuid) or switchboard.is_of_another_program()) then
    reason := case when act in ('view', 'send', 'configure') then 'no such integration' else 'unknown act' end;
    return;
  end if;
  select count(*) filter (where l.created_at >= day), count(*) into used_today, used_this_month
  from public.integration_audit_logs l
  where l.user_id = may.user_id
    and l.created_at >= month
    and l.organization_id = integration.organization_id
    and l.integration_type = integration.integration_type
    and l.status = 'success'
    and l.action = any (array(select s.action from switchboard.send_actions s));
  -- An adopted table may have more than one row for the same two: the one granted last stands.
  select p.can_view, p.can_send, p.can_configure, p.daily_limit, p.monthly_limit, p.expires_at into permission
  from public.user_integration_permissions p
  where p.user_id = may.user_id and p.integration_id = may.integration_id
  order by p.granted_at desc nulls last, p.id
  limit 1;
  reason := case
    when act is null or act not in ('view', 'send', 'configure') then 'unknown act'
    when not found then 'no permission'
    when not coalesce(case act when 'view' then permission.can_view when 'send' then permission.can_send
                               else permission.can_configure end, false) then 'may not ' || act
    when permission.expires_at <= now() then 'expired'
    when integration.is_active is not true then 'integration disabled'
    when act = 'send' and used_today >= permission.daily_limit then 'daily limit reached'
    when act = 'send' and used_this_month >= permission.monthly_limit then 'monthly limit reached'
  end;
  allowed := reason is null;
end
$function$;

-- 009_access.sql
-- Who may do what: stated in both directions, so that neither a server's default privileges nor an earlier
-- program's grants and policies decide. Roles are granted to only where they exist (setup --roles makes them). The
-- policies of these roles are in 017_scope.sql.

do $do$
declare
  relation text;
  holder text;
begin
  -- Row security is on and not forced: another program connects as the owner.
  foreach relation in array array['public.integration_credentials', 'public.user_integration_permissions',
                                  'public.integration_audit_logs', 'public.organization_phone_numbers']
  loop
    if (select not c.relrowsecurity from pg_class c where c.oid = relation::regclass) then
      execute format('alter table %s enable row level security', relation);
    end if;
    if (select c.relforcerowsecurity from pg_class c where c.oid = relation::regclass) then
      execute format('alter table %s no force row level security', relation);
    end if;
  end loop;

  foreach holder in array array['public', 'anon', 'authenticated', 'service_role',
                                'switchboard_admin', 'switchboard_support', 'switchboard_auditor']
  loop
    continue when holder <> 'public' and to_regrole(holder) is null;
    execute format('revoke all on public.integration_credentials, public.user_integration_permissions, '
                   'public.integration_audit_logs, public.organization_phone_numbers from %s', holder);
    execute format('revoke all on schema switchboard from %s', holder);
    execute format('revoke all on all tables in schema switchboard from %s', holder);
    execute format('revoke all on all sequences in schema switchboard from %s', holder);
    execute format('revoke all on all functions in schema switchboard from %s', holder);
  end loop;

  if to_regrole('service_role') is not null then
    grant select, insert, update, delete on public.integration_credentials, public.user_integration_permissions,
      public.organization_phone_numbers to service_role;
    grant select, insert on public.integration_audit_logs to service_role;
    grant usage on schema switchboard to service_role;
    grant execute on function switchboard.may(uuid, uuid, text) to service_role;
  end if;

  if to_regrole('switchboard_admin') is not null then
    grant select, insert, update, delete on public.integration_credentials, public.user_integration_permissions,
      public.organization_phone_numbers to switchboard_admin;
    -- Not its state, which functions change and log: a new record is of the active key, and of that there is one.
    grant insert (key_id, purpose, salt, public_key, created_by) on switchboard.keys to switchboard_admin;
    -- Of one column, so that the record can be locked.
    grant update (created_by) on switchboard.keys to switchboard_admin;
    grant insert on switchboard.seals, switchboard.schema_version to switchboard_admin;
    grant select, insert, update, delete on switchboard.people_labels, switchboard.organization_labels,
      switchboard.send_actions to switchboard_admin;
  end if;

  if to_regrole('switchboard_support') is not null then
    grant select (id, organization_id, integration_type, display_name, is_active, is_verified, last_verified_at,
                  created_by, updated_by, created_at, updated_at),
          update (is_active, is_verified, last_verified_at, updated_by, updated_at)
      on public.integration_credentials to switchboard_support;
    grant select on public.user_integration_permissions to switchboard_support;
    grant select, insert, update on public.organization_phone_numbers to switchboard_support;
    grant select on switchboard.send_actions to switchboard_support;
  end if;

  foreach holder in array array['switchboard_admin', 'switchboard_support', 'switchboard_auditor']
  loop
    continue when to_regrole(holder) is null;
    execute format('grant usage on schema switchboard to %s', holder);
    execute format('grant select on public.integration_audit_logs, switchboard.schema_version, switchboard.keys, '
                   'switchboard.seals to %s', holder);
    execute format('grant execute on function switchboard.log_act(text, uuid, text, text, jsonb), '
                   'switchboard.actions() to %s', holder);
    if holder <> 'switchboard_auditor' then
      execute format('grant execute on function switchboard.begin_open(uuid, text), switchboard.open_envelope(uuid), '
                     'switchboard.may(uuid, uuid, text), switchboard.take_lock(text, uuid) to %s', holder);
    end if;
  end loop;
end
$do$;

do $do$
declare
  wanted record;
  membership constant text := 'organization_id = ANY (ARRAY( SELECT u.organization_id
   FROM public.users u
  WHERE (u.id = ( SELECT auth.uid() AS uid))))';
begin
  -- The policies of the other program's migration: each lets through what it means to keep out.
  for wanted in
    select p.polrelid::regclass::text as relation, p.polname as name
    from pg_policy p
    where (p.polrelid, p.polname) in (
      ('public.integration_credentials'::regclass, 'integration_credentials_org_access'),
      ('public.user_integration_permissions'::regclass, 'user_integration_permissions_access'),
      ('public.integration_audit_logs'::regclass, 'integration_audit_logs_org_access'),
      ('public.organization_phone_numbers'::regclass, 'phone_numbers_org_access'))
  loop
    execute format('drop policy %I on %s', wanted.name, wanted.relation);
  end loop;

  -- Up to 011 an administrator's commands had one policy together.
  for wanted in
    select p.polrelid::regclass::text as relation from pg_policy p
    where p.polname = 'switchboard_admin_all' and p.polrelid in (
      'public.integration_credentials'::regclass, 'public.user_integration_permissions'::regclass,
      'public.organization_phone_numbers'::regclass)
  loop
    execute format('drop policy switchboard_admin_all on %s', wanted.relation);
  end loop;

  -- People signed in through Supabase see what they hold, where the database knows who belongs to what.
  if to_regrole('authenticated') is null or to_regprocedure('auth.uid()') is null
     or to_regclass('public.users') is null
     or (select count(*) from pg_attribute a
         where a.attrelid = to_regclass('public.users') and a.attname in ('id', 'organization_id')
           and a.atttypid = 'uuid'::regtype and not a.attisdropped) < 2
     or not has_column_privilege('authenticated', 'public.users', 'id', 'SELECT')
     or not has_column_privilege('authenticated', 'public.users', 'organization_id', 'SELECT') then
    for wanted in select p.polrelid::regclass::text as relation from pg_policy p where p.polname = 'switchboard_own_select'
    loop
      execute format('drop policy switchboard_own_select on %s', wanted.relation);
    end loop;
    return;
  end if;
  grant select (id, organization_id, integration_type, display_name, is_active, is_verified, last_verified_at,
                created_at, updated_at) on public.integration_credentials to authenticated;
  grant select on public.user_integration_permissions, public.organization_phone_numbers to authenticated;
  perform switchboard.put_policy('public.integration_credentials', 'switchboard_own_select', 'select', 'authenticated',
    '((' || membership || ') AND (id = ANY (ARRAY( SELECT p.integration_id
   FROM public.user_integration_permissions p
  WHERE ((p.user_id = ( SELECT auth.uid() AS uid)) AND p.can_view AND ((p.expires_at IS NULL) OR (p.expires_at > now())))))))',
    null);
  perform switchboard.put_policy('public.user_integration_permissions', 'switchboard_own_select', 'select', 'authenticated',
    '(user_id = ( SELECT auth.uid() AS uid))', null);
  perform switchboard.put_policy('public.organization_phone_numbers', 'switchboard_own_select', 'select', 'authenticated',
    '((' || membership || ') AND (assigned_to_user_id = ( SELECT auth.uid() AS uid)))', null);
end
$do$;

-- 010_log_indexes.sql
-- The indexes that make any slice of the log quick. Built here only while the log is small: on a large one
-- they would block its writers, and setup builds them concurrently instead.

create or replace function switchboard.missing_log_indexes() returns table (name text, definition text)
language sql stable set search_path = pg_catalog, pg_temp as $function$
  select w.name, w.columns || w.condition
  from (values
    ('idx_integration_audit_logs_org_time', '(organization_id, created_at DESC)', ''),
    ('idx_integration_audit_logs_time', '(created_at DESC)', ''),
    ('idx_integration_audit_logs_action_time', '(action, created_at DESC)', ''),
    ('idx_integration_audit_logs_user_time', '(user_id, created_at DESC)', ' WHERE (user_id IS NOT NULL)'),
    ('idx_integration_audit_logs_org_not_success', '(organization_id, status, created_at DESC)',
     ' WHERE ((status)::text <> ''success''::text)'),
    -- What Switchboard itself wrote about an integration, among all that other programs log.
    ('idx_integration_audit_logs_own', '(organization_id, integration_type, action, created_at DESC)',
     ' WHERE ((details ->> ''source''::text) = ANY (ARRAY[''switchboard''::text, ''trigger''::text]))'),
    -- When a program last used an integration (switchboard.uses_of). By the day, since the server keeps entries that are
    -- alike once: 120 MB of 10,000,000 rows, 44 of 2,000,000, where by the moment it took 143.
    ('idx_integration_audit_logs_uses',
     '(organization_id, integration_type, action, "left"(split_part(COALESCE(user_agent::text, ''''::text), ''/''::text, 1), 40), '
     'date_trunc(''day''::text, timezone(''UTC''::text, created_at)) DESC NULLS LAST)', '')
  ) as w (name, columns, condition)
  where not exists (
    select from pg_index i
    -- Casts differ with the column's type (text or varchar), so definitions are compared without them.
    cross join lateral (select substring(pg_get_indexdef(i.indexrelid) from ' USING btree (.*)$') as present) d
    where i.indrelid = 'public.integration_audit_logs'::regclass and i.indisvalid
      and regexp_replace(d.present, '::text|[()]', '', 'g') = regexp_replace(w.columns || w.condition, '::text|[()]', '', 'g'))
  order by w.name
$function$;
revoke all on function switchboard.missing_log_indexes() from public;

do $do$
declare
  wanted record;
  large constant boolean :=
    (select count(*) from (select from public.integration_audit_logs limit 100000) as counted) = 100000;
  left_out text[] := '{}';
  free text;
  place integer;
begin
  for wanted in select m.name, m.definition from switchboard.missing_log_indexes() m
  loop
    if large then
      left_out := left_out || wanted.name;
      continue;
    end if;
    free := wanted.name;
    place := 1;
    while to_regclass('public.' || quote_ident(free)) is not null
    loop
      -- What is left of a concurrent build that failed is never used, and keeps the name. Anything else is
      -- somebody's: it stays, and the index gets the next name.
      if exists (select from pg_index i where i.indexrelid = to_regclass('public.' || quote_ident(free))
                   and i.indrelid = 'public.integration_audit_logs'::regclass and not i.indisvalid) then
        execute format('drop index public.%I', free);
      else
        place := place + 1;
        free := wanted.name || '_' || place;
      end if;
    end loop;
    execute format('create index %I on public.integration_audit_logs %s', free, wanted.definition);
  end loop;
  if left_out <> '{}' then
    raise notice 'the log has 100,000 rows or more: these indexes are left to `switchboard setup`, which builds '
                 'them without blocking: %', array_to_string(left_out, ', ');
  end if;
end
$do$;

-- 011_seal_lists.sql
-- What a seal holds beside its digest: the list of its rows, so that a check can name the one that was altered, added or
-- removed, and the transaction of the sealing, which tells a later row from one that committed late.

do $do$
begin
  if not exists (select from pg_attribute a
                 where a.attrelid = 'switchboard.seals'::regclass and a.attname = 'row_list' and not a.attisdropped) then
    alter table switchboard.seals
      add column row_list bytea check (octet_length(row_list) = row_count * 24),
      add column xid xid8;
  end if;
end
$do$;
comment on table switchboard.seals is
  'Signed digests of the log, one per hour in UTC; hour is null for the rows whose created_at is null or infinite. '
  'previous is the SHA-256 of the seal before, null in the first. row_list: id and the first 8 bytes of the leaf of '
  'each row, in their order. root: of the RFC 6962 tree over the rows, null in seals of version 1. block_roots: of an hour '
  'without a row_list the root of every 4096 rows. checkpoint: a signed note over all seals up to this one. '
  'subtrees: the roots of the whole subtrees that its root is made of, the largest first.';

-- 012_actions.sql
-- The actions of the log in one list (switchboard.actions), and for each which roles may log it by themselves. The list
-- stands in 002_helpers.sql, since the files from 003 on ask it; here is what comes last.

-- What a deleted integration was is kept in a table now, which nobody else can write, and not as a text.
do $do$
begin
  if to_regprocedure('switchboard.object_or_empty(text)') is not null then
    drop function switchboard.object_or_empty(text);
  end if;
end
$do$;

comment on function switchboard.actions() is
  'Every action that Switchboard logs: its name, its kind (change, opening or act), and for an act the roles that may '
  'log it by themselves.';

-- 013_accepted.sql
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

-- 014_versions.sql
-- What an update or a delete replaced, so that going back is possible: kept by triggers, for other programs' writes as
-- well, bounded in number and age, and readable by administrators alone.

create table if not exists switchboard.settings (
  name       text primary key,
  value      integer not null,
  changed_at timestamptz not null default clock_timestamp(),
  changed_by text not null default session_user
);
comment on table switchboard.settings is
  'What differs from the defaults that switchboard.setting() knows; written by switchboard.change_setting, which logs it. '
  'origin: what checkpoints call this log, made once.';

create or replace function switchboard.setting(wanted text) returns integer
language sql stable set search_path = pg_catalog, pg_temp as $function$
  select coalesce((select s.value from switchboard.settings s where s.name = wanted),
                  case wanted when 'versions_kept' then 10 when 'versions_days' then 90 when 'log_months' then 0 end)
$function$;

create table if not exists switchboard.credential_versions (
  id               bigint generated always as identity primary key,
  credential_id    uuid not null,
  organization_id  uuid,
  integration_type text,
  envelope         text,
  kind             text not null check (kind in ('updated', 'deleted')),
  fields           text[],
  was_verified     boolean,
  verified_at      timestamptz,
  user_id          uuid,
  operator         text,
  operator_from    text,
  operation_id     text,
  replaced_at      timestamptz not null default clock_timestamp(),
  replaced_by      text not null default session_user,
  dependents       jsonb
);
create index if not exists credential_versions_credential on switchboard.credential_versions (credential_id, id);
create index if not exists credential_versions_organization
  on switchboard.credential_versions (organization_id, integration_type);
create index if not exists credential_versions_age on switchboard.credential_versions (replaced_at);
do $do$
begin
  -- Since 016; "if not exists" would say so every time.
  if not exists (select from pg_attribute a
                 where a.attrelid = 'switchboard.credential_versions'::regclass and a.attname = 'operator_from') then
    alter table switchboard.credential_versions add column operator_from text;
  end if;
end
$do$;
comment on table switchboard.credential_versions is
  'Envelopes that an update or a delete replaced, each still bound to its row. was_verified, verified_at: what the row '
  'said then. user_id, operator, operation_id, fields: what the client claims of the change, the first two of a mapped login '
  'never (operator_from is then login; vouched of one that speaks for others); replaced_by: its login. '
  'dependents: of a deleted row, all its columns, its permissions and its phone numbers. No foreign key: a delete leaves '
  'them.';

create or replace function switchboard.dependents(of_row uuid) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $function$
-- The integration with its permissions and its phone numbers: every column of the contract but the envelope.
begin
  return jsonb_build_object(
    'row', (select jsonb_build_object(
        'id', c.id, 'organization_id', c.organization_id, 'integration_type', c.integration_type,
        'display_name', c.display_name, 'is_active', c.is_active, 'is_verified', c.is_verified,
        'last_verified_at', c.last_verified_at, 'created_by', c.created_by, 'updated_by', c.updated_by,
        'created_at', c.created_at, 'updated_at', c.updated_at)
      from public.integration_credentials c where c.id = of_row),
    'permissions', (select coalesce(jsonb_agg(jsonb_build_object(
        'id', p.id, 'user_id', p.user_id, 'integration_id', p.integration_id, 'can_view', p.can_view,
        'can_send', p.can_send, 'can_configure', p.can_configure, 'daily_limit', p.daily_limit,
        'monthly_limit', p.monthly_limit, 'granted_by', p.granted_by, 'granted_at', p.granted_at,
        'expires_at', p.expires_at) order by p.id), '[]')
      from public.user_integration_permissions p where p.integration_id = of_row),
    'numbers', (select coalesce(jsonb_agg(jsonb_build_object(
        'id', n.id, 'organization_id', n.organization_id, 'integration_id', n.integration_id,
        'phone_number', n.phone_number, 'display_name', n.display_name, 'number_type', n.number_type,
        'assigned_to_user_id', n.assigned_to_user_id, 'is_primary', n.is_primary, 'can_call', n.can_call,
        'can_sms', n.can_sms, 'is_active', n.is_active, 'created_at', n.created_at, 'updated_at', n.updated_at)
        order by n.id), '[]')
      from public.organization_phone_numbers n where n.integration_id = of_row));
end
$function$;

create or replace function switchboard.keep_version() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set exit_on_error = off as $function$
-- Keeps the envelope that is replaced. Whatever goes wrong here, the write that it is about goes through: a version is
-- worth less than somebody's save. A rotation changes no content, so it leaves no version.
declare
  most integer;
  oldest timestamptz;
  claimed constant text := nullif(current_setting('switchboard.operator_id'::text, true), '');
  known record;
  vouched_for text;
  what_hung_on_it jsonb;
begin
  if tg_op not in ('UPDATE', 'DELETE') then
    raise exception 'this keeps what is replaced, and nothing else' using errcode = 'feature_not_supported';
  end if;
  if tg_op = 'UPDATE' and new.credentials_encrypted is not distinct from old.credentials_encrypted then
    return null;
  end if;
  begin
    if tg_op = 'UPDATE' then
      if exists (select from switchboard.rotations r where r.xid = pg_current_xact_id() and r.writing) then
        return null;
      end if;
      begin
        -- A provider that refused what was there before may be asked again, and if the clock was set back since.
        update switchboard.checks k
        set changed_at = clock_timestamp(),
            refused_at = case when k.refused_at is not null then least(k.refused_at, clock_timestamp() - interval '1 ms') end
        where k.integration_id = old.id;
      exception when others then
        raise warning 'it is not noted that the envelope was replaced (%)', sqlstate;
      end;
    end if;
    most := switchboard.setting('versions_kept'::text);
    if most > 0 then
      if tg_op = 'DELETE' then
        begin
          what_hung_on_it := switchboard.dependents(old.id::uuid);
        exception when others then
          -- An adopted table that lacks a column, or has one of another type: the envelope is kept all the same.
          what_hung_on_it := jsonb_build_object('not_kept', sqlstate);
        end;
      end if;
      -- Gone back and forth, deleted and restored again, or a delete that another trigger cancelled: once is enough of
      -- the same envelope, and else it would push out the others.
      delete from switchboard.credential_versions where id in (
        select v.id from switchboard.credential_versions v
        where v.credential_id = old.id and v.organization_id is not distinct from old.organization_id
          and v.kind = case tg_op when 'DELETE' then 'deleted' else 'updated' end and v.envelope = old.credentials_encrypted
        for update skip locked);
      select l.user_id, l.label, l.speaks_for_others into known from switchboard.logins l
      where l.login = session_user and l.login_oid = to_regrole(quote_ident(session_user))::oid and l.removed_at is null;
      if known.speaks_for_others then
        vouched_for := switchboard.person_label(switchboard.uuid_or_null(claimed::text)::uuid);
      end if;
      insert into switchboard.credential_versions
        (credential_id, organization_id, integration_type, envelope, kind, fields, was_verified, verified_at, user_id,
         operator, operator_from, operation_id, dependents)
      values (
        old.id, old.organization_id, old.integration_type, old.credentials_encrypted,
        case tg_op when 'DELETE' then 'deleted' else 'updated' end,
        case when tg_op = 'UPDATE' then string_to_array(nullif(current_setting('switchboard.fields'::text, true), ''), ',') end,
        old.is_verified, old.last_verified_at,
        case when known.user_id is not null then known.user_id
             when claimed is not null then switchboard.uuid_or_null(claimed::text)
             when tg_op = 'UPDATE' and new.updated_by is distinct from old.updated_by then new.updated_by end,
        case when known.user_id is not null then known.label
             when vouched_for is not null then vouched_for
             else nullif(left(current_setting('switchboard.operator_label'::text, true), 200), '') end,
        case when known.user_id is not null then 'login'
             when vouched_for is not null then 'vouched' end,
        nullif(left(current_setting('switchboard.operation_id'::text, true), 100), ''),
        what_hung_on_it);
    end if;
  exception when others then
    raise warning 'the envelope that was replaced is not kept (%)', sqlstate;
  end;
  begin
    -- In a variable: a volatile bound is computed for each row, and no index serves it. (A statement over 4,000 rows took
    -- 77 s so.) Those that others hold are theirs to clear: nobody waits here.
    oldest := clock_timestamp() - make_interval(days => switchboard.setting('versions_days'::text));
    delete from switchboard.credential_versions where id in (
      select v.id from switchboard.credential_versions v where v.replaced_at < oldest
      order by v.replaced_at limit 100 for update skip locked);
    -- Deletes by themselves: those that another trigger cancelled would push out what updates replaced. Where the first
    -- part failed, `most` may be unknown, and an offset of null is none.
    if most is not null then
      delete from switchboard.credential_versions where id in (
        select v.id from switchboard.credential_versions v
        where v.credential_id = old.id and v.organization_id is not distinct from old.organization_id
          and v.kind = case tg_op when 'DELETE' then 'deleted' else 'updated' end
        order by v.id desc offset most limit 100 for update skip locked);
    end if;
  exception when others then
    null;
  end;
  return case tg_op when 'DELETE' then old end;
end
$function$;

create or replace function switchboard.change_setting(setting_name text, setting_value integer) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- versions_kept: how many of each credential that updates replaced, and as many that deletes did, 0 for none;
-- versions_days: for how long. What a smaller number leaves over goes at once. log_months: how many whole months behind
-- the running one the log is to be kept, 0 for good; it removes nothing. Fails with 22023 where the name or the number is
-- none of these.
declare
  before constant integer := switchboard.setting(setting_name::text);
begin
  if before is null then
    raise exception 'a setting is versions_kept, versions_days or log_months' using errcode = 'invalid_parameter_value';
  end if;
  if setting_value is null
     or not (setting_value between (case setting_name when 'versions_kept' then 0 when 'versions_days' then 1 else 2 end)
                               and (case setting_name when 'versions_kept' then 100 when 'versions_days' then 3650 else 1200 end)
             or setting_name = 'log_months' and setting_value = 0) then
    raise exception 'versions_kept is 0 to 100, versions_days is 1 to 3650, log_months is 0 or 2 to 1200' using errcode = 'invalid_parameter_value';
  end if;
  perform switchboard.require_everything_now('changes settings'::text);
  if setting_value = before then
    return;
  end if;
  insert into switchboard.settings as s (name, value) values (setting_name, setting_value)
  on conflict (name) do update
  set value = excluded.value, changed_at = clock_timestamp(), changed_by = session_user;
  delete from switchboard.credential_versions where id in (
    select v.id
    from (select w.id, w.replaced_at, row_number() over (partition by w.credential_id, w.kind order by w.id desc) as place
          from switchboard.credential_versions w) v
    where v.place > switchboard.setting('versions_kept'::text)
       or v.replaced_at < clock_timestamp() - make_interval(days => switchboard.setting('versions_days'::text)));
  perform switchboard.write_log(null::uuid, null::uuid, null::text, 'settings_changed'::text, 'success'::text,
    jsonb_build_object('source', 'switchboard', 'setting', setting_name, 'before', before, 'after', setting_value)::jsonb);
end
$function$;

create or replace function switchboard.forget_versions(of_organization uuid, of_type text) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Empties what is kept of that type there, deleted integrations too, and returns how many versions there were. What is
-- forgotten cannot come back.
declare
  forgotten bigint;
begin
  perform switchboard.require_organization(of_organization::uuid);
  perform switchboard.refuse_requests('forgets versions'::text);
  delete from switchboard.credential_versions v
  where v.organization_id = of_organization and v.integration_type = of_type;
  get diagnostics forgotten = row_count;
  if forgotten > 0 then
    perform switchboard.write_log(of_organization::uuid, null::uuid, of_type::text,
      'credential_versions_forgotten'::text, 'success'::text,
      jsonb_build_object('source', 'switchboard', 'versions', forgotten)::jsonb);
  end if;
  return forgotten;
end
$function$;

do $do$
declare
  holder text;
begin
  -- After switchboard_log_change, which asks whether an envelope that comes back was kept: going back to the oldest
  -- of them is what clears it.
  perform switchboard.put_trigger('public.integration_credentials', 'switchboard_versions',
    'CREATE TRIGGER switchboard_versions AFTER UPDATE ON public.integration_credentials FOR EACH ROW '
    'EXECUTE FUNCTION switchboard.keep_version()', true);
  -- Before, since the cascade takes permissions and numbers before any AFTER trigger of ours.
  perform switchboard.put_trigger('public.integration_credentials', 'switchboard_versions_deleted',
    'CREATE TRIGGER switchboard_versions_deleted BEFORE DELETE ON public.integration_credentials FOR EACH ROW '
    'EXECUTE FUNCTION switchboard.keep_version()', true);

  foreach holder in array array['public', 'anon', 'authenticated', 'service_role',
                                'switchboard_admin', 'switchboard_support', 'switchboard_auditor']
  loop
    continue when holder <> 'public' and to_regrole(holder) is null;
    execute format('revoke all on switchboard.settings, switchboard.credential_versions from %s', holder);
    execute format('revoke all on sequence switchboard.credential_versions_id_seq from %s', holder);
    execute format('revoke all on function switchboard.setting(text), switchboard.dependents(uuid), '
                   'switchboard.keep_version(), switchboard.change_setting(text, integer), '
                   'switchboard.forget_versions(uuid, text) from %s', holder);
  end loop;
  foreach holder in array array['switchboard_admin', 'switchboard_support', 'switchboard_auditor']
  loop
    continue when to_regrole(holder) is null;
    execute format('grant select on switchboard.settings to %s', holder);
    execute format('grant execute on function switchboard.setting(text) to %s', holder);
  end loop;
  if to_regrole('switchboard_admin') is not null then
    grant select on switchboard.credential_versions to switchboard_admin;
    grant execute on function switchboard.change_setting(text, integer), switchboard.forget_versions(uuid, text)
      to switchboard_admin;
  end if;
  if to_regrole('switchboard_support') is not null then
    grant select (id, credential_id, organization_id, integration_type, kind, fields, was_verified, verified_at, user_id,
                  operator, operator_from, operation_id, replaced_at, replaced_by)
      on switchboard.credential_versions to switchboard_support;
  end if;
end
$do$;

-- 015_rotation.sql
-- Changing the master key: every envelope is written anew in one transaction, which the database itself knows for what
-- it is, and which cannot end without its row in the log.

do $do$
begin
  if not exists (select from pg_constraint c where c.conrelid = 'switchboard.keys'::regclass and c.conname = 'keys_state_check'
                   and pg_get_constraintdef(c.oid) like '%decrypt-only%') then
    alter table switchboard.keys drop constraint if exists keys_state_check;
    alter table switchboard.keys add constraint keys_state_check check (state in ('active', 'decrypt-only', 'retired'));
  end if;
end
$do$;
comment on table switchboard.keys is
  'Records of the keys in use: never a key itself, only its id, its salt, or the public half of a sealing key. Of the '
  'master keys one is active; those before it are decrypt-only, until nothing needs them and they are retired.';

create table if not exists switchboard.rotations (
  xid         xid8 primary key default pg_current_xact_id(),
  from_key    text not null,
  from_salt   bytea not null,
  to_key      text not null,
  to_salt     bytea not null,
  begun_at    timestamptz not null default clock_timestamp(),
  writing     boolean not null default false,
  finished_at timestamptz
);
comment on table switchboard.rotations is
  'The rotation that the present transaction is, written by its own functions alone; the next one clears it. writing: '
  'while they write envelopes, which then leave no version and are marked in the log.';

create or replace function switchboard.hold_envelopes() returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Keeps everybody from writing envelopes to the end of the transaction, and returns the id of the active master key,
-- null where none is recorded. The record first, and then the tables: every write of an envelope by Switchboard takes
-- them in this order. Row locks alone would let another program's INSERT through.
declare
  active text;
begin
  perform switchboard.require_everything_now('changes the master key'::text);
  select k.key_id into active from switchboard.keys k where k.purpose = 'master' and k.state = 'active' for update;
  if active is null then
    lock table switchboard.keys in share row exclusive mode;
  end if;
  lock table public.integration_credentials, switchboard.credential_versions in share row exclusive mode;
  if active is null then
    -- Whoever held it has changed it meanwhile, or there is none.
    select k.key_id into active from switchboard.keys k where k.purpose = 'master' and k.state = 'active' for update;
  end if;
  return active;
end
$function$;

create or replace function switchboard.begin_rotation(from_key text, from_salt bytea, to_key text, to_salt bytea)
returns bigint language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Returns how many envelopes there are, also those that row security of others hides from the caller.
-- Fails with SB004 where from_key is not the active key (or, without a record, any is recorded), and with SB005 where
-- to_key cannot be one: the same, retired, or recorded with another salt.
declare
  active text;
  target record;
begin
  active := switchboard.hold_envelopes();
  if active is distinct from begin_rotation.from_key
     and (active is not null or exists (select from switchboard.keys k where k.purpose = 'master')) then
    raise exception 'the active master key is %', coalesce(active, 'not recorded') using errcode = 'SB004';
  end if;
  if begin_rotation.from_key = begin_rotation.to_key then
    raise exception 'the new key is the present one' using errcode = 'SB005';
  end if;
  select k.purpose, k.state, k.salt into target from switchboard.keys k where k.key_id = begin_rotation.to_key for update;
  if target.state = 'retired' then
    raise exception 'the key % was retired', begin_rotation.to_key using errcode = 'SB005';
  elsif target.purpose is distinct from 'master' and target.purpose is not null
     or target.salt is not null and target.salt <> begin_rotation.to_salt then
    raise exception 'the key % is recorded with another salt', begin_rotation.to_key using errcode = 'SB005';
  end if;
  delete from switchboard.rotations r where r.xid < pg_snapshot_xmin(pg_current_snapshot());
  insert into switchboard.rotations (from_key, from_salt, to_key, to_salt)
  values (begin_rotation.from_key, begin_rotation.from_salt, begin_rotation.to_key, begin_rotation.to_salt);
  return (select count(*) from public.integration_credentials) + (select count(*) from switchboard.credential_versions);
end
$function$;

create or replace function switchboard.present_rotation() returns switchboard.rotations
language plpgsql stable set search_path = pg_catalog, pg_temp as $function$
declare
  present switchboard.rotations;
begin
  select r.* into present from switchboard.rotations r where r.xid = pg_current_xact_id() and r.finished_at is null;
  if not found then
    raise exception 'this transaction is not a rotation' using errcode = 'SB004';
  end if;
  return present;
end
$function$;

create or replace function switchboard.begin_writing(sealed text[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $function$
declare
  present constant switchboard.rotations := switchboard.present_rotation();
begin
  if exists (select from unnest(sealed) as e (envelope)
             where e.envelope is null or not (e.envelope like 'sb2.' || replace(present.to_key, '_', '\_') || '.%'
                                              or switchboard.envelope_format(e.envelope::text) = 'legacy')) then
    raise exception 'an envelope of another key' using errcode = 'SB004';
  end if;
  update switchboard.rotations r set writing = true where r.xid = present.xid;
end
$function$;

create or replace function switchboard.rotate_credentials(ids uuid[], seen text[], sealed text[]) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Replaces envelopes that are still what was seen, and nothing else of their rows; returns how many.
declare
  written bigint;
begin
  perform switchboard.begin_writing(sealed::text[]);
  update public.integration_credentials c set credentials_encrypted = n.sealed
  from unnest(ids, seen, sealed) as n (id, seen, sealed)
  where c.id = n.id and c.credentials_encrypted = n.seen;
  get diagnostics written = row_count;
  update switchboard.rotations r set writing = false where r.xid = pg_current_xact_id();
  return written;
end
$function$;

create or replace function switchboard.rotate_versions(ids bigint[], seen text[], sealed text[]) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
declare
  written bigint;
begin
  perform switchboard.begin_writing(sealed::text[]);
  update switchboard.credential_versions v set envelope = n.sealed
  from unnest(ids, seen, sealed) as n (id, seen, sealed)
  where v.id = n.id and v.envelope = n.seen;
  get diagnostics written = row_count;
  update switchboard.rotations r set writing = false where r.xid = pg_current_xact_id();
  return written;
end
$function$;

create or replace function switchboard.finish_rotation(details jsonb, left_out uuid[], versions_left_out bigint[])
returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Makes the target the active key, and the one before it decrypt-only; writes the row of the log, and returns its id.
-- Fails with SB004 where an sb2 envelope of another key is left that is not named: a legacy one does not say its key.
declare
  present constant switchboard.rotations := switchboard.present_rotation();
  left_over bigint;
begin
  if jsonb_typeof(details) is distinct from 'object' then
    raise exception 'details is an object' using errcode = 'invalid_parameter_value';
  end if;
  select count(*) into left_over
  from (select from public.integration_credentials c
        where c.credentials_encrypted like 'sb2.%' and split_part(c.credentials_encrypted, '.', 2) <> present.to_key
          and not coalesce(c.id = any (left_out), false)
        union all
        select from switchboard.credential_versions v
        where v.envelope like 'sb2.%' and split_part(v.envelope, '.', 2) <> present.to_key
          and not coalesce(v.id = any (versions_left_out), false)) as o;
  if left_over > 0 then
    raise exception '% envelopes of another key are left', left_over using errcode = 'SB004';
  end if;
  insert into switchboard.keys as k (key_id, purpose, salt, state)
  values (present.from_key, 'master', present.from_salt, 'decrypt-only')
  on conflict (key_id) do update set state = 'decrypt-only';
  insert into switchboard.keys as k (key_id, purpose, salt, state)
  values (present.to_key, 'master', present.to_salt, 'active')
  on conflict (key_id) do update set state = 'active';
  update switchboard.rotations r set finished_at = clock_timestamp() where r.xid = present.xid;
  return switchboard.write_log(null::uuid, null::uuid, null::text, 'keys_rotated'::text, 'success'::text,
    (details || jsonb_build_object('source', 'switchboard', 'from_key', present.from_key, 'to_key', present.to_key,
      'left_out', (select count(*) from public.integration_credentials c where c.id = any (left_out))
        + (select count(*) from switchboard.credential_versions v where v.id = any (versions_left_out))))::jsonb);
end
$function$;

create or replace function switchboard.require_finished_rotation() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
begin
  if exists (select from switchboard.rotations r where r.xid = new.xid and r.finished_at is null) then
    raise exception 'a rotation ends with finish_rotation, or not at all' using errcode = 'SB004';
  end if;
  return null;
end
$function$;

create or replace function switchboard.retire_key(retiring text, legacy_read bigint) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- legacy_read: how many legacy envelopes the caller has opened with other keys, in this transaction after
-- hold_envelopes. Fails with SB004 where that is not all of them or an envelope names the key, and with SB005 where the
-- key is not decrypt-only.
declare
  needed bigint;
  legacy bigint;
begin
  perform switchboard.hold_envelopes();
  if not exists (select from switchboard.keys k
                 where k.key_id = retiring and k.purpose = 'master' and k.state = 'decrypt-only') then
    raise exception 'the key % is not decrypt-only', retiring using errcode = 'SB005';
  end if;
  select count(*) filter (where e.envelope like 'sb2.%' and split_part(e.envelope, '.', 2) = retiring),
         count(*) filter (where switchboard.envelope_format(e.envelope::text) = 'legacy')
  into needed, legacy
  from (select c.credentials_encrypted as envelope from public.integration_credentials c
        union all select v.envelope from switchboard.credential_versions v) as e;
  if needed > 0 then
    raise exception '% envelopes still need the key %', needed, retiring using errcode = 'SB004';
  elsif legacy is distinct from legacy_read then
    -- Nobody has written since hold_envelopes.
    raise exception 'row security of another program hides legacy envelopes from the login %', session_user
      using errcode = 'SB004';
  end if;
  update switchboard.keys k set state = 'retired' where k.key_id = retiring;
  perform switchboard.write_log(null::uuid, null::uuid, null::text, 'key_retired'::text, 'success'::text,
    jsonb_build_object('source', 'switchboard', 'key_id', retiring)::jsonb);
end
$function$;

do $do$
declare
  holder text;
  definition constant text := 'CREATE CONSTRAINT TRIGGER rotation_is_finished AFTER INSERT ON switchboard.rotations '
    'DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION switchboard.require_finished_rotation()';
begin
  if exists (select from pg_trigger t where t.tgrelid = 'switchboard.rotations'::regclass
               and t.tgname = 'rotation_is_finished' and pg_get_triggerdef(t.oid) <> definition) then
    drop trigger rotation_is_finished on switchboard.rotations;
  end if;
  if not exists (select from pg_trigger t where t.tgrelid = 'switchboard.rotations'::regclass
                   and t.tgname = 'rotation_is_finished') then
    execute definition;
  end if;
  if (select t.tgenabled from pg_trigger t where t.tgrelid = 'switchboard.rotations'::regclass
        and t.tgname = 'rotation_is_finished') <> 'A' then
    alter table switchboard.rotations enable always trigger rotation_is_finished;
  end if;

  foreach holder in array array['public', 'anon', 'authenticated', 'service_role',
                                'switchboard_admin', 'switchboard_support', 'switchboard_auditor']
  loop
    continue when holder <> 'public' and to_regrole(holder) is null;
    execute format('revoke all on switchboard.rotations from %s', holder);
    execute format('revoke all on function switchboard.hold_envelopes(), '
      'switchboard.begin_rotation(text, bytea, text, bytea), switchboard.present_rotation(), switchboard.begin_writing(text[]), '
      'switchboard.rotate_credentials(uuid[], text[], text[]), switchboard.rotate_versions(bigint[], text[], text[]), '
      'switchboard.finish_rotation(jsonb, uuid[], bigint[]), switchboard.require_finished_rotation(), '
      'switchboard.retire_key(text, bigint) from %s', holder);
  end loop;
  if to_regrole('switchboard_admin') is not null then
    grant execute on function switchboard.hold_envelopes(), switchboard.begin_rotation(text, bytea, text, bytea),
      switchboard.rotate_credentials(uuid[], text[], text[]), switchboard.rotate_versions(bigint[], text[], text[]),
      switchboard.finish_rotation(jsonb, uuid[], bigint[]), switchboard.retire_key(text, bigint) to switchboard_admin;
  end if;
end
$do$;

-- 016_logins.sql
-- Whose login it is, and which organisations it may see. Whoever is logged in as a mapped login is that person, whatever
-- the client claims; sql/017_scope.sql has the policies that ask these functions.

create table if not exists switchboard.logins (
  login             name primary key,
  login_oid         oid not null,
  user_id           uuid,
  label             text,
  role              text not null check (role in ('admin', 'support', 'auditor')),
  sees_all          boolean not null default false,
  speaks_for_others boolean not null default false,
  note              text,
  added_by          text not null default session_user,
  added_at          timestamptz not null default clock_timestamp(),
  removed_at        timestamptz,
  check ((user_id is null) = speaks_for_others)
);
comment on table switchboard.logins is
  'Logins of this server that are people here, written by switchboard.map_login, edit_login and remove_login. One counts '
  'where name and oid are those of the session: a role that was renamed, or dropped and made anew, is another login. '
  'label: what the person was called when mapped, for the log. Once there is a row, even a removed one, members of the '
  'groups who are not mapped see nothing.';
create table if not exists switchboard.login_organizations (
  login           name not null references switchboard.logins (login) on delete cascade,
  organization_id uuid not null,
  primary key (login, organization_id)
);
create index if not exists logins_person on switchboard.logins (user_id);
-- There before the first mapping, which an older snapshot has to meet as well.
insert into switchboard.locks (what, key) values ('logins', '') on conflict (what, key) do nothing;

create or replace function switchboard.acting_person() returns uuid
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
-- Who the session's login is; null where it is nobody's. By the oid as well, from the cache of names: a join with
-- pg_roles takes ten times as long.
begin
  return (select l.user_id from switchboard.logins l
          where l.login = session_user and l.login_oid = to_regrole(quote_ident(session_user))::oid
            and l.removed_at is null);
end
$function$;

create or replace function switchboard.bypasses_scope() returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
-- Whether scopes do not concern the session: the owner of the tables, superusers, whoever row security does not concern,
-- and service_role; by the role that is set as well, which a program sets to service_role. Never whoever is in none of the
-- groups: a session keeps the role that it has set when its membership ends, and a member's function may be called by
-- anybody.
declare
  caller constant name := coalesce(nullif(current_setting('role'::text, true), 'none'), session_user);
  owner constant oid := (select c.relowner from pg_class c where c.oid = 'public.integration_audit_logs'::regclass);
begin
  return pg_has_role(session_user, owner, 'USAGE'::text) or pg_has_role(caller, owner, 'USAGE'::text)
    or exists (select from pg_roles r
               where r.rolname in (session_user, caller)
                 and (r.rolsuper or r.rolbypassrls or r.rolname = 'service_role'));
end
$function$;

create or replace function switchboard.is_of_another_program() returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
-- Whether neither the login nor the role that is set has to do with Switchboard: such a program asks may() alone.
declare
  caller constant name := coalesce(nullif(current_setting('role'::text, true), 'none'), session_user);
begin
  return not exists (select from switchboard.logins l where l.login = session_user)
    and not exists (select from pg_roles r
                    where r.rolname in ('switchboard_admin', 'switchboard_support', 'switchboard_auditor')
                      and (pg_has_role(session_user, r.oid, 'MEMBER'::text)
                           or pg_has_role(caller, r.oid, 'MEMBER'::text)));
end
$function$;

create or replace function switchboard.names_somebody() returns boolean
language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $function$
-- Whether a login that speaks for others says for whom. Who that is has to be looked up first, so any id will do; the log
-- says "vouched" of a person of the directory alone.
begin
  return switchboard.uuid_or_null(nullif(current_setting('switchboard.operator_id'::text, true), '')::text) is not null;
end
$function$;

create or replace function switchboard.login_scope(
  out everything boolean, out organizations uuid[], out person uuid, out vouches boolean
) language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
-- What the session's login is mapped to, whether or not it says for whom it speaks.
declare
  known record;
  requested uuid;
begin
  everything := false;
  organizations := '{}';
  vouches := false;
  if row_security_active('switchboard.logins'::text) then
    -- Forced on the owner: no login would be found, and nobody be kept from anything.
    raise exception 'row security is forced on switchboard.logins'
      using errcode = 'insufficient_privilege', hint = 'Run `switchboard setup` as the owner.';
  end if;
  select l.user_id, l.sees_all, l.speaks_for_others into known
  from switchboard.logins l
  where l.login = session_user and l.login_oid = to_regrole(quote_ident(session_user))::oid and l.removed_at is null;
  if found then
    everything := known.sees_all;
    person := known.user_id;
    vouches := known.speaks_for_others;
    if not everything then
      organizations := array(select o.organization_id from switchboard.login_organizations o
                             where o.login = session_user order by o.organization_id);
    end if;
    if vouches and coalesce(current_setting('switchboard.request_organization'::text, true), '') <> '' then
      -- A request of one person (sql/022_http.sql): of what the login sees, their organisation alone.
      -- The nil UUID stands for no organisation: what is of none is for those who see everything.
      requested := nullif(switchboard.uuid_or_null(current_setting('switchboard.request_organization'::text, true)::text),
                          '00000000-0000-0000-0000-000000000000');
      organizations := array(select requested where everything or requested = any (organizations));
      organizations := array_remove(organizations, null);
      everything := false;
    end if;
  else
    everything := not exists (select from switchboard.logins) or switchboard.bypasses_scope();
  end if;
end
$function$;

create or replace function switchboard.scope(out everything boolean, out organizations uuid[], out person uuid)
language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $function$
-- What the session may see now. A login that speaks for others sees nothing while it names nobody.
declare
  vouches boolean;
begin
  select s.everything, s.organizations, s.person, s.vouches into everything, organizations, person, vouches
  from switchboard.login_scope() s;
  if vouches and not switchboard.names_somebody() then
    everything := false;
    organizations := '{}';
  end if;
end
$function$;

create or replace function switchboard.sees_everything() returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
begin
  return (select s.everything from switchboard.scope() s);
end
$function$;

create or replace function switchboard.visible_organizations() returns uuid[]
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
-- The organisations of a login that does not see everything; {} for one that does.
begin
  return (select s.organizations from switchboard.scope() s);
end
$function$;

create or replace function switchboard.in_scope(organization uuid) returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
-- Whether the session may see rows of this organisation. What stands for no organisation is for those who see everything.
begin
  return (select s.everything or coalesce(organization = any (s.organizations), false) from switchboard.scope() s);
end
$function$;

create or replace function switchboard.require_everything(act text) returns void
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
-- For what is right only over the whole database. Fails with SB006; act says what it is about ("seals the log").
begin
  if not switchboard.sees_everything() then
    raise exception 'the login % sees a part of the organisations, and only one that sees them all %', session_user, act
      using errcode = 'SB006', hint = 'Let somebody do it whose login sees every organisation.';
  end if;
end
$function$;

create or replace function switchboard.require_everything_now(act text) returns void
language plpgsql set search_path = pg_catalog, pg_temp set exit_on_error = off as $function$
-- As require_everything, before a write: a transaction whose snapshot is older than a change of the logins fails (40001),
-- in place of writing what its login was allowed once. The lock that tells is given up at once: whoever holds a
-- transaction open keeps nobody from removing their login.
begin
  begin
    perform from switchboard.locks l where l.what = 'logins' and l.key = '' for share skip locked;
    raise exception using errcode = 'SB0OK';
  exception when sqlstate 'SB0OK' then
    null;
  end;
  perform switchboard.require_everything(act::text);
end
$function$;

create or replace function switchboard.hold_logins() returns void
language plpgsql set search_path = pg_catalog, pg_temp as $function$
-- Lets one transaction at a time change mappings, and asks only then whether the caller may: they may have been removed
-- while they waited. It changes the row, so that a transaction whose snapshot is older than another's change fails (40001).
begin
  insert into switchboard.locks (what, key) values ('logins', '')
  on conflict (what, key) do update set taken_at = clock_timestamp();
  perform switchboard.require_everything('maps logins'::text);
end
$function$;

create or replace function switchboard.require_organization(organization uuid) returns void
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
-- Fails with 42501 where the organisation is not in the scope of the login.
begin
  if not switchboard.in_scope(organization::uuid) then
    raise exception 'the organisation % is not one that the login % may see', organization, session_user
      using errcode = 'insufficient_privilege';
  end if;
end
$function$;

create or replace function switchboard.my_login(
  out login name, out is_mapped boolean, out user_id uuid, out email text, out name text, out role text,
  out sees_all boolean, out speaks_for_others boolean, out organizations uuid[], out sees_everything boolean,
  out database_has_logins boolean, out is_active boolean
) language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
-- Who the session is. sees_all and organizations are what it is mapped to; sees_everything is also true of whoever scopes
-- do not concern, and of everybody while no login is mapped.
declare
  known record;
begin
  login := session_user;
  select l.user_id, l.role, l.sees_all, l.speaks_for_others into known
  from switchboard.logins l
  where l.login = session_user and l.login_oid = to_regrole(quote_ident(session_user))::oid and l.removed_at is null;
  is_mapped := found;
  user_id := known.user_id;
  role := known.role;
  sees_all := known.sees_all;
  speaks_for_others := known.speaks_for_others;
  if user_id is not null then
    select p.email, p.name, coalesce(p.is_active, true) into email, name, is_active
    from switchboard.people p where p.id = known.user_id
    order by p.is_active desc nulls last limit 1;
  end if;
  select s.organizations into organizations from switchboard.login_scope() s;
  sees_everything := switchboard.sees_everything();
  database_has_logins := exists (select from switchboard.logins);
end
$function$;

create or replace function switchboard.login_refusal(candidate text) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
-- Why this login cannot be made a person, null where it can. What would turn a claim into false proof, or give a person
-- more than their scope: unknown_role, own_row, superuser, bypasses_row_security, owner, program_role (service_role,
-- authenticator, anon, authenticated and Supabase's own), server_wide (what reads or writes past grants: replication, and the server's own
-- roles for all data, its files and its programs), no_login, taken. So is a member of what cannot, since it can
-- become that.
declare
  found_role record;
begin
  select r.oid, r.rolname, r.rolcanlogin into found_role from pg_roles r where r.rolname = candidate;
  if not found then
    return 'unknown_role';
  elsif found_role.rolname = session_user then
    return 'own_row';
  elsif exists (select from pg_roles r where r.rolsuper and pg_has_role(found_role.oid, r.oid, 'MEMBER'::text)) then
    return 'superuser';
  elsif found_role.rolname ~ '^pg_'
     or exists (select from pg_roles r
                where (r.rolname in ('service_role', 'authenticator', 'anon', 'authenticated') or r.rolname ~ '^supabase_')
                  and pg_has_role(found_role.oid, r.oid, 'MEMBER'::text)) then
    return 'program_role';
  elsif exists (select from pg_class c
                where (c.relnamespace = to_regnamespace('switchboard')
                       or c.relnamespace = to_regnamespace('public')
                          and c.relname in ('integration_credentials', 'user_integration_permissions',
                                            'integration_audit_logs', 'organization_phone_numbers'))
                  and pg_has_role(found_role.oid, c.relowner, 'MEMBER'::text))
     or exists (select from pg_proc p where p.pronamespace = to_regnamespace('switchboard')
                  and pg_has_role(found_role.oid, p.proowner, 'MEMBER'::text))
     or exists (select from pg_namespace n where n.nspname = 'switchboard'
                  and pg_has_role(found_role.oid, n.nspowner, 'MEMBER'::text))
     or exists (select from pg_database d where d.datname = current_database()
                  and pg_has_role(found_role.oid, d.datdba, 'MEMBER'::text)) then
    return 'owner';
  elsif exists (select from pg_roles r where r.rolbypassrls and pg_has_role(found_role.oid, r.oid, 'MEMBER'::text)) then
    return 'bypasses_row_security';
  elsif exists (select from pg_roles r
                where (r.rolreplication
                       or r.rolname in ('pg_read_all_data', 'pg_write_all_data', 'pg_read_server_files',
                                        'pg_write_server_files', 'pg_execute_server_program'))
                  and pg_has_role(found_role.oid, r.oid, 'MEMBER'::text)) then
    return 'server_wide';
  elsif not found_role.rolcanlogin then
    return 'no_login';
  elsif exists (select from switchboard.logins l
                where l.login = found_role.rolname and l.login_oid = found_role.oid and l.removed_at is null) then
    return 'taken';
  end if;
  return null;
end
$function$;

create or replace function switchboard.refuse_login(code text) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp as $function$
-- Raises SB007 for each code that is not null: DETAIL is the code.
begin
  if code is not null then
    raise exception using errcode = 'SB007', detail = code, message = case code
      when 'unknown_role' then 'there is no role of this name'
      when 'own_row' then 'nobody changes what their own login is'
      when 'superuser' then 'a superuser is no one person'
      when 'program_role' then 'the role is one that programs use'
      when 'owner' then 'the role owns what protects the log, or is a member of a role that does'
      when 'bypasses_row_security' then 'row security does not concern the role, or one that it is a member of'
      when 'server_wide' then 'the role, or one that it is a member of, reads or writes past what is granted'
      when 'no_login' then 'nobody logs in with the role'
      when 'taken' then 'the login is a person already'
      when 'pooled' then 'a pooler on the way gives its own login to everybody, so that a login proves nothing here'
      when 'unknown_person' then 'the directory has no such person'
      when 'inactive_person' then 'the person is not active'
      when 'no_scope' then 'a login without an organisation, and not for all of them, sees nothing'
      when 'two_scopes' then 'a login for all organisations names none'
      when 'no_organization' then 'the nil UUID stands for no organisation'
      when 'locks_you_out' then 'this is the first login here that is mapped, and your own is none: you would see nothing any more'
      when 'not_mapped' then 'the login is nobody''s here'
    end;
  end if;
end
$function$;

create or replace function switchboard.login_entry(of_login text) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp as $function$
-- What the log keeps of a mapping, before and after a change.
begin
  return (
    select jsonb_strip_nulls(jsonb_build_object(
      'user_id', l.user_id, 'label', l.label, 'role', l.role, 'sees_all', l.sees_all,
      'speaks_for_others', case when l.speaks_for_others then true end, 'note', l.note,
      'organizations', (select jsonb_agg(o.organization_id order by o.organization_id)
                        from switchboard.login_organizations o where o.login = l.login)))
    from switchboard.logins l where l.login = of_login);
end
$function$;

create or replace function switchboard.log_access(of_login text, change text, before jsonb, after jsonb) returns uuid
language plpgsql set search_path = pg_catalog, pg_temp as $function$
begin
  return switchboard.write_log(null::uuid, null::uuid, null::text, 'access_changed'::text, 'success'::text,
    jsonb_strip_nulls(jsonb_build_object('source', 'switchboard', 'login', of_login, 'change', change,
                                         'before', before, 'after', after))::jsonb);
end
$function$;

create or replace function switchboard.put_organizations(of_login text, organizations uuid[], sees_all boolean) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $function$
declare
  none constant boolean := coalesce(array_length(array_remove(organizations, null), 1), 0) = 0;
begin
  perform switchboard.refuse_login(case when none and not sees_all then 'no_scope'
                                        when not none and sees_all then 'two_scopes'
                                        when '00000000-0000-0000-0000-000000000000' = any (organizations)
                                        then 'no_organization' end::text);
  delete from switchboard.login_organizations o where o.login = of_login;
  insert into switchboard.login_organizations (login, organization_id)
  select distinct of_login, o.id from unnest(organizations) as o (id) where o.id is not null;
end
$function$;

create or replace function switchboard.map_login(
  login text, person uuid, role text, organizations uuid[], sees_all boolean, speaks_for_others boolean, note text,
  connected_as text
) returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Makes a login a person, or (without a person) one that speaks for others. connected_as: the user that the caller's own
-- client connected with, for a pooler that makes several people one login. A login that was removed can be mapped anew,
-- and its row is then the new one. Fails with SB007 and DETAIL a code of refuse_login, with SB006 where the caller does
-- not see everything, with 22023 where role is none of the three or of person and speaks_for_others not just one is
-- given. Returns the id of the log's row.
#variable_conflict use_column
declare
  is_active boolean;
  called text;
begin
  perform switchboard.hold_logins();
  if map_login.role is null or map_login.role not in ('admin', 'support', 'auditor') then
    raise exception 'a role is admin, support or auditor' using errcode = 'invalid_parameter_value';
  elsif (person is null) is distinct from coalesce(map_login.speaks_for_others, false) then
    raise exception 'a login is a person, or speaks for others' using errcode = 'invalid_parameter_value';
  end if;
  perform switchboard.refuse_login(switchboard.login_refusal(map_login.login::text)::text);
  -- Supabase's pooler takes USER.PROJECT.
  perform switchboard.refuse_login(case
    when connected_as is null or session_user not in (connected_as, regexp_replace(connected_as, '\.[^.]*$', ''))
    then 'pooled' end::text);
  if not exists (select from switchboard.logins) and not switchboard.bypasses_scope() then
    perform switchboard.refuse_login('locks_you_out'::text);
  end if;
  if person is not null then
    select coalesce(bool_and(p.is_active), true), left(coalesce(min(p.email), min(p.name), person::text), 200)
    into is_active, called
    from switchboard.people p where p.id = person having count(*) > 0;
    perform switchboard.refuse_login(case when not found then 'unknown_person'
                                          when not is_active then 'inactive_person' end::text);
  end if;
  insert into switchboard.logins as l (login, login_oid, user_id, label, role, sees_all, speaks_for_others, note)
  values (map_login.login, to_regrole(quote_ident(map_login.login))::oid, person,
          called, map_login.role, coalesce(map_login.sees_all, false), coalesce(map_login.speaks_for_others, false), left(map_login.note, 500))
  on conflict (login) do update
  set login_oid = excluded.login_oid, user_id = excluded.user_id, label = excluded.label, role = excluded.role,
      sees_all = excluded.sees_all, speaks_for_others = excluded.speaks_for_others, note = excluded.note,
      added_by = session_user, added_at = clock_timestamp(), removed_at = null;
  perform switchboard.put_organizations(map_login.login::text, map_login.organizations::uuid[],
                                        coalesce(map_login.sees_all, false)::boolean);
  return switchboard.log_access(map_login.login::text, 'mapped'::text, null::jsonb,
                                switchboard.login_entry(map_login.login::text)::jsonb);
end
$function$;

create or replace function switchboard.hold_login(candidate text) returns text
language plpgsql set search_path = pg_catalog, pg_temp as $function$
-- Holds the mapping of a login, which may be one of a role that was dropped or renamed, and returns its name.
begin
  perform switchboard.hold_logins();
  perform switchboard.refuse_login(case
    when candidate = session_user then 'own_row'
    when not exists (select from switchboard.logins l where l.login = candidate and l.removed_at is null) then 'not_mapped'
  end::text);
  return candidate;
end
$function$;

create or replace function switchboard.edit_login(
  login text, role text, organizations uuid[], sees_all boolean, note text
) returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Changes what a login may see and is for: all of it, not what is given alone. Never who it is: another person is another
-- login. Fails as map_login does.
declare
  held constant text := switchboard.hold_login(edit_login.login::text);
  before constant jsonb := switchboard.login_entry(held::text);
  after jsonb;
begin
  if edit_login.role is null or edit_login.role not in ('admin', 'support', 'auditor') then
    raise exception 'a role is admin, support or auditor' using errcode = 'invalid_parameter_value';
  end if;
  update switchboard.logins l
  set role = edit_login.role, sees_all = coalesce(edit_login.sees_all, false), note = left(edit_login.note, 500)
  where l.login = held;
  perform switchboard.put_organizations(held::text, edit_login.organizations::uuid[],
                                        coalesce(edit_login.sees_all, false)::boolean);
  after := switchboard.login_entry(held::text);
  return case when after <> before
              then switchboard.log_access(held::text, 'edited'::text, before::jsonb, after::jsonb) end;
end
$function$;

create or replace function switchboard.remove_login(login text) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Makes a login nobody's. Its row stays, with the oid and when. Fails as map_login does.
declare
  held constant text := switchboard.hold_login(remove_login.login::text);
begin
  update switchboard.logins l set removed_at = clock_timestamp() where l.login = held;
  return switchboard.log_access(held::text, 'removed'::text, switchboard.login_entry(held::text)::jsonb, null::jsonb);
end
$function$;

do $do$
declare
  holder text;
begin
  foreach holder in array array['public', 'anon', 'authenticated', 'service_role',
                                'switchboard_admin', 'switchboard_support', 'switchboard_auditor']
  loop
    continue when holder <> 'public' and to_regrole(holder) is null;
    execute format('revoke all on switchboard.logins, switchboard.login_organizations from %s', holder);
    execute format('revoke all on function switchboard.acting_person(), switchboard.bypasses_scope(), '
      'switchboard.is_of_another_program(), switchboard.names_somebody(), switchboard.login_scope(), '
      'switchboard.scope(), switchboard.sees_everything(), switchboard.visible_organizations(), '
      'switchboard.in_scope(uuid), switchboard.require_everything(text), switchboard.require_organization(uuid), '
      'switchboard.require_everything_now(text), switchboard.hold_logins(), '
      'switchboard.my_login(), switchboard.login_refusal(text), switchboard.refuse_login(text), '
      'switchboard.login_entry(text), switchboard.log_access(text, text, jsonb, jsonb), '
      'switchboard.put_organizations(text, uuid[], boolean), switchboard.hold_login(text), '
      'switchboard.map_login(text, uuid, text, uuid[], boolean, boolean, text, text), '
      'switchboard.edit_login(text, text, uuid[], boolean, text), switchboard.remove_login(text) from %s', holder);
  end loop;
  foreach holder in array array['switchboard_admin', 'switchboard_support', 'switchboard_auditor']
  loop
    continue when to_regrole(holder) is null;
    execute format('grant execute on function switchboard.my_login(), switchboard.acting_person(), switchboard.scope(), '
                   'switchboard.sees_everything(), switchboard.visible_organizations(), '
                   'switchboard.require_everything(text) to %s', holder);
  end loop;
  if to_regrole('switchboard_admin') is not null then
    grant select on switchboard.logins, switchboard.login_organizations to switchboard_admin;
    grant execute on function switchboard.login_refusal(text),
      switchboard.map_login(text, uuid, text, uuid[], boolean, boolean, text, text),
      switchboard.edit_login(text, text, uuid[], boolean, text), switchboard.remove_login(text) to switchboard_admin;
  end if;
end
$do$;

-- 017_scope.sql
-- What a mapped login sees and touches: its organisations, and nothing else. Held by policies that ask who is logged in, not
-- which role is set, and by functions of the same question where the owner's rights are used.

-- For policies alone. The answer is the same for a whole statement, and the planner knows it while it plans: where
-- everything is seen, nothing of a policy is left, and where a part is, its organisations stand in the plan as a list that
-- an index serves. Asked while the statement runs, "everything, or one of these" is a condition without an index: of
-- 1,000,000 rows a page of five took 249 ms, a count of all 125 in place of 86. IMMUTABLE is what makes the planner ask,
-- and more than the truth: a plan that is kept, of a prepared statement, would keep the answer. So every change of a
-- mapping makes the server drop the plans on these tables (forget_plans), and a plan that was made all the same of what is
-- no longer so ends the statement (same_scope): that of a transaction that reads as of before, say.
-- PARALLEL SAFE, or no query of a group's member would be one that several processes share.

create or replace function switchboard.planned_everything() returns boolean
language plpgsql immutable parallel safe security definer set search_path = pg_catalog, pg_temp as $function$
begin
  return (select s.everything from switchboard.login_scope() s);
end
$function$;

create or replace function switchboard.planned_organizations() returns uuid[]
language plpgsql immutable parallel safe security definer set search_path = pg_catalog, pg_temp as $function$
begin
  return (select s.organizations from switchboard.login_scope() s);
end
$function$;

create or replace function switchboard.planned_vouching() returns boolean
language plpgsql immutable parallel safe security definer set search_path = pg_catalog, pg_temp as $function$
-- Whether this login sees something only while it names somebody: that, the policies ask while they run.
begin
  return (select s.vouches from switchboard.login_scope() s);
end
$function$;

create or replace function switchboard.scope_as_text() returns text
language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $function$
begin
  return (select concat_ws(' ', to_regrole(quote_ident(session_user))::oid, s.everything, s.vouches, s.organizations,
                           case when s.vouches then current_setting('switchboard.request_organization'::text, true) end)
          from switchboard.login_scope() s);
end
$function$;

create or replace function switchboard.planned_scope() returns text
language plpgsql immutable parallel safe security definer set search_path = pg_catalog, pg_temp as $function$
begin
  return switchboard.scope_as_text();
end
$function$;

create or replace function switchboard.same_scope(planned text) returns boolean
language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $function$
-- Asked once for each statement. The policies take any answer (IS NOT UNKNOWN): as a condition of its own it would halve
-- what the planner expects of the rest.
begin
  if planned is distinct from switchboard.scope_as_text() then
    raise exception 'what this login sees has changed since the statement was planned'
      using errcode = 'serialization_failure';
  end if;
  return true;
end
$function$;

create or replace function switchboard.scoped_integrations() returns setof uuid
language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $function$
-- The integrations of the organisations in the session's scope, for policies of what hangs on them. A policy that read the
-- table itself would go round in a circle for a member of `authenticated`, whose policy there reads permissions.
begin
  return query select c.id from public.integration_credentials c
               where c.organization_id = any (switchboard.visible_organizations());
end
$function$;

create or replace function switchboard.forget_plans() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '250ms' set exit_on_error = off
as $function$
-- Granting the owner what they hold changes nothing, and lets every session plan anew. Nobody keeps a login by locking a
-- table: where a grant would wait, the plans on that table stay, and same_scope ends them. What is not filtered is for
-- nobody from now on.
declare
  relation record;
  holder text;
begin
  foreach holder in array array['switchboard_admin', 'switchboard_support', 'switchboard_auditor']
  loop
    if to_regrole(holder) is not null and exists (select from switchboard.logins)
       and (has_table_privilege(holder::name, 'switchboard.people'::text, 'select'::text)
            or has_table_privilege(holder::name, 'switchboard.organizations'::text, 'select'::text)) then
      execute format('revoke all on switchboard.people, switchboard.organizations from %s', holder);
    end if;
  end loop;
  for relation in
    select c.oid::regclass::text as name, pg_get_userbyid(c.relowner) as owner
    from pg_class c
    where c.oid in (select p.polrelid from pg_policy p
                    where p.polname ~ '^switchboard_(admin|support|auditor)_(select|insert|update|delete|all)$')
    order by c.oid
  loop
    begin
      execute format('grant select on %s to %I', relation.name, relation.owner);
    exception when lock_not_available or internal_error then
      -- The second where another session grants at this moment.
      null;
    end;
  end loop;
  return null;
end
$function$;

create or replace function switchboard.only_with_everything() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Before a write of what is about the whole database: its keys, its seals, what counts against limits, what setup ran.
begin
  perform switchboard.require_everything_now(
    (case tg_table_name when 'keys' then 'records a key' when 'seals' then 'seals the log'
                        when 'schema_version' then 'says what setup has run'
                        else 'changes what counts against limits' end)::text);
  return null;
end
$function$;

create or replace function switchboard.refuse_foreign_person() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Whoever names an id makes it a person of an organisation: of a scoped login not one that another organisation knows. An
-- id with a label is for the primary key and the policies.
begin
  if not switchboard.sees_everything()
     and not exists (select from switchboard.people_labels l where l.id = new.id)
     and (exists (select from public.user_integration_permissions g
                  join public.integration_credentials c on c.id = g.integration_id
                  where g.user_id = new.id and not switchboard.in_scope(c.organization_id::uuid))
          or exists (select from public.organization_phone_numbers n
                     where n.assigned_to_user_id = new.id and not switchboard.in_scope(n.organization_id::uuid))) then
    raise exception 'the person % belongs to an organisation that the login % may not see', new.id, session_user
      using errcode = 'insufficient_privilege';
  end if;
  return new;
end
$function$;

do $do$
declare
  wanted record;
  test text;
  -- As pg_get_expr prints it.
  in_scope constant text := '((switchboard.planned_everything() OR%s) AND ((NOT switchboard.planned_vouching()) OR '
    '( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT '
    'switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN))';
  -- "= any" of one keeps no order of time, as "=" does: the page of an organisation with few rows took 2.3 ms, not 0.5.
  of_organization constant text := '
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (%1$s = (switchboard.planned_organizations())[1])
    ELSE (%1$s = ANY (switchboard.planned_organizations()))
END';
  of_integration constant text := ' (integration_id IN ( SELECT s.s
   FROM switchboard.scoped_integrations() s(s)))';
begin
  for wanted in
    select w.relation, w.role, c.command, w.test,
           w.relation = 'public.organization_phone_numbers' and c.command in ('insert', 'update') as hangs
    from (values
      ('public.integration_credentials', 'admin', array['select', 'insert', 'update', 'delete'], 'organization_id'),
      ('public.user_integration_permissions', 'admin', array['select', 'insert', 'update', 'delete'], ''),
      ('public.integration_audit_logs', 'admin', array['select'], 'organization_id'),
      ('public.organization_phone_numbers', 'admin', array['select', 'insert', 'update', 'delete'], 'organization_id'),
      ('public.integration_credentials', 'support', array['select', 'update'], 'organization_id'),
      ('public.user_integration_permissions', 'support', array['select'], ''),
      ('public.integration_audit_logs', 'support', array['select'], 'organization_id'),
      ('public.organization_phone_numbers', 'support', array['select', 'insert', 'update'], 'organization_id'),
      ('public.integration_audit_logs', 'auditor', array['select'], 'organization_id'),
      ('switchboard.credential_versions', 'admin', array['select'], 'organization_id'),
      ('switchboard.credential_versions', 'support', array['select'], 'organization_id'),
      ('switchboard.people_labels', 'admin', array['all'], 'organization_id'),
      ('switchboard.organization_labels', 'admin', array['all'], 'id'),
      ('switchboard.login_organizations', 'admin', array['select'], 'organization_id')
    ) as w (relation, role, commands, test) cross join unnest(w.commands) as c (command)
  loop
    if (select not c.relrowsecurity from pg_class c where c.oid = wanted.relation::regclass) then
      execute format('alter table %s enable row level security', wanted.relation);
    end if;
    -- Not on the owner, whose functions ask these tables.
    if wanted.relation like 'switchboard.%'
       and (select c.relforcerowsecurity from pg_class c where c.oid = wanted.relation::regclass) then
      execute format('alter table %s no force row level security', wanted.relation);
    end if;
    continue when to_regrole('switchboard_' || wanted.role) is null;
    test := format(in_scope, case when wanted.test = '' then of_integration else format(of_organization, wanted.test) end);
    perform switchboard.put_policy(
      wanted.relation, format('switchboard_%s_%s', wanted.role, wanted.command), wanted.command,
      'switchboard_' || wanted.role, case when wanted.command <> 'insert' then test end,
      case when wanted.hangs
           then format('%s AND (switchboard.planned_everything() OR (integration_id IS NULL) OR%s))',
                       left(test, -1), of_integration)
           when wanted.command in ('insert', 'update', 'all') then test end);
  end loop;

  if (select not c.relrowsecurity from pg_class c where c.oid = 'switchboard.logins'::regclass) then
    alter table switchboard.logins enable row level security;
  end if;
  if (select c.relforcerowsecurity from pg_class c where c.oid = 'switchboard.logins'::regclass) then
    alter table switchboard.logins no force row level security;
  end if;
  if to_regrole('switchboard_admin') is not null then
    -- Those with an organisation in common, which the policy of the other table tells.
    perform switchboard.put_policy('switchboard.logins', 'switchboard_admin_select', 'select', 'switchboard_admin',
      format(in_scope, ' (EXISTS ( SELECT
   FROM switchboard.login_organizations o
  WHERE (o.login = logins.login)))'), null);
  end if;

  for wanted in select unnest(array['switchboard.logins', 'switchboard.login_organizations']) as relation
  loop
    perform switchboard.put_trigger(wanted.relation, 'switchboard_forget_plans',
      format('CREATE TRIGGER switchboard_forget_plans AFTER INSERT OR DELETE OR UPDATE ON %s FOR EACH STATEMENT '
             'EXECUTE FUNCTION switchboard.forget_plans()', wanted.relation), true);
  end loop;
  for wanted in
    select * from (values
      ('switchboard.keys', 'INSERT OR UPDATE'), ('switchboard.seals', 'INSERT'), ('switchboard.schema_version', 'INSERT'),
      ('switchboard.send_actions', 'INSERT OR DELETE OR UPDATE')
    ) as w (relation, events)
  loop
    perform switchboard.put_trigger(wanted.relation, 'switchboard_only_with_everything',
      format('CREATE TRIGGER switchboard_only_with_everything BEFORE %s ON %s FOR EACH STATEMENT '
             'EXECUTE FUNCTION switchboard.only_with_everything()', wanted.events, wanted.relation), true);
  end loop;
  perform switchboard.put_trigger('switchboard.people_labels', 'switchboard_refuse_foreign_person',
    'CREATE TRIGGER switchboard_refuse_foreign_person BEFORE INSERT OR UPDATE OF id ON switchboard.people_labels '
    'FOR EACH ROW EXECUTE FUNCTION switchboard.refuse_foreign_person()', true);
end
$do$;

do $do$
declare
  view record;
  holder text;
begin
  -- Over whatever an administrator has put in the place of the two views. Both have a second relation beside it, so that
  -- every version of the server prints the columns alike, which is how a change of them is noticed.
  for view in
    select * from (values
      ('visible_people', $query$
        select p.id, p.email, p.name, p.organization_id, p.is_active
        from switchboard.people p cross join switchboard.scope() s
        where s.everything or p.organization_id = any (s.organizations) or p.id = s.person
           or p.organization_id is null
              and (exists (select from public.organization_phone_numbers n
                           where n.assigned_to_user_id = p.id and n.organization_id = any (s.organizations))
                   or exists (select from public.user_integration_permissions g
                              join public.integration_credentials c on c.id = g.integration_id
                              where g.user_id = p.id and c.organization_id = any (s.organizations))) $query$),
      ('visible_organizations', $query$
        select o.id, o.name from switchboard.organizations o cross join switchboard.scope() s
        where s.everything or o.id = any (s.organizations) $query$)
    ) as w (name, query)
  loop
    -- Where a column has another type than it had, the view is made anew: nothing of ours depends on it.
    begin
      execute format('create or replace view switchboard.%I with (security_barrier = true) as %s', view.name, view.query);
    exception when invalid_table_definition then
      execute format('drop view switchboard.%I', view.name);
      execute format('create view switchboard.%I with (security_barrier = true) as %s', view.name, view.query);
    end;
  end loop;

  foreach holder in array array['public', 'anon', 'authenticated', 'service_role',
                                'switchboard_admin', 'switchboard_support', 'switchboard_auditor']
  loop
    continue when holder <> 'public' and to_regrole(holder) is null;
    execute format('revoke all on switchboard.visible_people, switchboard.visible_organizations from %s', holder);
    execute format('revoke all on function switchboard.planned_everything(), switchboard.planned_organizations(), '
      'switchboard.planned_vouching(), switchboard.scope_as_text(), switchboard.planned_scope(), '
      'switchboard.same_scope(text), switchboard.scoped_integrations(), switchboard.forget_plans(), '
      'switchboard.only_with_everything(), switchboard.refuse_foreign_person() from %s', holder);
  end loop;
  foreach holder in array array['switchboard_admin', 'switchboard_support', 'switchboard_auditor']
  loop
    continue when to_regrole(holder) is null;
    execute format('grant select on switchboard.visible_people, switchboard.visible_organizations to %s', holder);
    if not exists (select from switchboard.logins) then
      -- Consoles of 015 read these. Until a login is mapped there is nothing to keep from them.
      execute format('grant select on switchboard.people, switchboard.organizations to %s', holder);
    end if;
    execute format('grant execute on function switchboard.planned_everything(), switchboard.planned_organizations(), '
                   'switchboard.planned_vouching(), switchboard.planned_scope(), switchboard.same_scope(text), '
                   'switchboard.names_somebody() to %s', holder);
    if holder <> 'switchboard_auditor' then
      execute format('grant execute on function switchboard.scoped_integrations() to %s', holder);
    end if;
  end loop;
end
$do$;

do $do$
declare
  wanted record;
begin
  -- What a superuser, or a member of the owner, has made here in an upgrade belongs to the owner all the same: the owner's
  -- functions could not read a table of somebody else's.
  for wanted in
    select case c.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end as kind,
           c.oid::regclass::text as name, pg_get_userbyid(n.nspowner) as owner
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'switchboard' and c.relkind in ('r', 'p', 'v', 'm') and c.relowner <> n.nspowner
    union all
    select 'routine', p.oid::regprocedure::text, pg_get_userbyid(n.nspowner)
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname = 'switchboard' and p.proowner <> n.nspowner
  loop
    execute format('alter %s %s owner to %I', wanted.kind, wanted.name, wanted.owner);
  end loop;
end
$do$;

do $do$
declare
  relation text;
begin
  -- An event trigger of others may switch row security on wherever a table is made. But for those with policies of ours
  -- there are grants alone here, so that with it everybody but the owner would see nothing.
  for relation in
    select c.oid::regclass::text from pg_class c
    where c.relnamespace = 'switchboard'::regnamespace and c.relkind in ('r', 'p') and c.relrowsecurity
      and c.relname not in ('logins', 'login_organizations', 'credential_versions', 'people_labels', 'organization_labels',
                            'checks', 'observations', 'changes', 'archives', 'openings')
  loop
    execute format('alter table %s disable row level security', relation);
  end loop;
end
$do$;

-- 018_observations.sql
-- What a check remembers: when a provider was asked and what it came to, the newest of what it said besides, and the changes
-- that are to be told. Written by functions alone; tui/data/checks/ decides what is due and what is news. And what the log
-- says of the programs that use an integration.

create table if not exists switchboard.checks (
  integration_id uuid primary key,
  begun_at       timestamptz,
  ended_at       timestamptz,
  outcome        text check (outcome in ('verified', 'refused', 'unknown')),
  standing       text check (standing in ('verified', 'refused', 'cut off')),
  standing_since timestamptz,
  refused_at     timestamptz,
  changed_at     timestamptz,
  unknowns       integer not null default 0
);
comment on table switchboard.checks is
  'What is remembered of each integration that is checked. begun_at without an ended_at after it: a check that goes on, or '
  'that was cut off and counts as a refused login. changed_at: when the content of the envelope was last changed, by '
  'something other than a rotation. No foreign key: an integration that is restored is known again.';

create table if not exists switchboard.observations (
  integration_id uuid not null,
  number         text not null default '',
  name           text not null,
  value          text not null,
  at             timestamptz not null default clock_timestamp(),
  primary key (integration_id, number, name)
);
comment on table switchboard.observations is
  'The newest value of each thing that a provider said of an account (number '''') or of one of its phone numbers, and when.';

create table if not exists switchboard.changes (
  id               uuid primary key default gen_random_uuid(),
  place            bigint generated always as identity,
  integration_id   uuid not null,
  organization_id  uuid,
  integration_type text,
  kind             text not null check (kind in ('broke', 'recovered', 'cut_off', 'permission_expiring', 'balance_low',
                                                 'balance_recovered', 'number_outage', 'number_recovered')),
  number           text not null default '',
  value            text not null default '',
  noticed_at       timestamptz not null default clock_timestamp(),
  claimed_at       timestamptz,
  told_at          timestamptz
);
create index if not exists changes_integration on switchboard.changes (integration_id, noticed_at);
create index if not exists changes_untold on switchboard.changes (place) where told_at is null;
comment on table switchboard.changes is
  'What `switchboard check` tells, each once, or again with the same id where the process ended between telling and noting '
  'it. claimed_at: since when somebody is telling it, for two minutes. What was told is kept for 90 days.';

create or replace function switchboard.begin_check(of_integration uuid, seen timestamptz) returns timestamptz
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Notes that a provider is asked from now on, and returns the time; null where somebody began since `seen`, which is the
-- begun_at that the caller read, or has disabled it. Fails with P0002 where there is no such integration.
declare
  began timestamptz;
begin
  perform switchboard.checked_integration(of_integration::uuid);
  if not exists (select from public.integration_credentials c where c.id = of_integration and c.is_active) then
    return null;
  end if;
  insert into switchboard.checks as k (integration_id, begun_at) values (of_integration, clock_timestamp())
  on conflict (integration_id) do update set begun_at = clock_timestamp() where k.begun_at is not distinct from seen
  returning k.begun_at into began;
  return began;
end
$function$;

create or replace function switchboard.checked_integration(
  of_integration uuid, out organization_id uuid, out integration_type text
) language plpgsql stable set search_path = pg_catalog, pg_temp as $function$
-- The organisation and the type of an integration in the scope of the login. Fails with P0002 where there is none.
begin
  select c.organization_id, c.integration_type into checked_integration.organization_id, checked_integration.integration_type
  from public.integration_credentials c where c.id = of_integration;
  if not found or not switchboard.in_scope(checked_integration.organization_id::uuid) then
    raise exception 'there is no such integration' using errcode = 'no_data_found';
  end if;
end
$function$;

create or replace function switchboard.hold_check(
  of_integration uuid, out state jsonb, out observed jsonb, out at timestamptz
) language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $function$
-- What is remembered of an integration, held to the end of the transaction: the row of checks, an array of observations
-- (number, name, value), and the time. Fails with P0002 where there is no such integration.
begin
  perform switchboard.checked_integration(of_integration::uuid);
  insert into switchboard.checks (integration_id) values (of_integration) on conflict (integration_id) do nothing;
  select to_jsonb(k) into state from switchboard.checks k where k.integration_id = of_integration for update;
  select coalesce(jsonb_agg(jsonb_build_array(o.number, o.name, o.value)), '[]') into observed
  from switchboard.observations o where o.integration_id = of_integration;
  at := clock_timestamp();
end
$function$;

create or replace function switchboard.note_check(of_integration uuid, state jsonb, observed jsonb, changes jsonb)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Replaces what is remembered of an integration: state as hold_check gives it (never its changed_at), what is observed now
-- (number, name, value; null for what is no more), and the changes that are to be told (kind, number, value), each of which
-- the log has too. A time that is yet to come, since the clock was set back meanwhile, is taken for now. Fails with P0002
-- where there is no such integration, 22023 where there is too much of it, SB001 where more than 2000 changes of it were
-- noticed in an hour: of an account of 1,000 numbers some 700 are read in one, and all may be out.
declare
  known constant record := switchboard.checked_integration(of_integration::uuid);
  given switchboard.checks;
  change record;
  at constant timestamptz := clock_timestamp();
  long_ago constant timestamptz := 'epoch';
begin
  given := jsonb_populate_record(null::switchboard.checks, state);
  -- One that no program can read is none either. Not least(), to which null is no time at all.
  given.begun_at := case when given.begun_at not between long_ago and at then at else given.begun_at end;
  given.ended_at := case when given.ended_at not between long_ago and at then at else given.ended_at end;
  given.standing_since := case when given.standing_since not between long_ago and at then at else given.standing_since end;
  given.refused_at := case when given.refused_at not between long_ago and at then at else given.refused_at end;
  if jsonb_array_length(observed) > 10000 or jsonb_array_length(changes) > 1000 then
    raise exception 'at most 10000 observations and 1000 changes are noted at once'
      using errcode = 'invalid_parameter_value';
  end if;
  insert into switchboard.checks as k
    (integration_id, begun_at, ended_at, outcome, standing, standing_since, refused_at, unknowns)
  values (of_integration, given.begun_at, given.ended_at, given.outcome, given.standing, given.standing_since,
          given.refused_at, coalesce(given.unknowns, 0))
  on conflict (integration_id) do update
  set begun_at = excluded.begun_at, ended_at = excluded.ended_at, outcome = excluded.outcome, standing = excluded.standing,
      standing_since = excluded.standing_since, refused_at = excluded.refused_at, unknowns = excluded.unknowns;
  insert into switchboard.observations as o (integration_id, number, name, value)
  select distinct on (left(w ->> 0, 100), left(w ->> 1, 200))
    of_integration, left(w ->> 0, 100), left(w ->> 1, 200), left(w ->> 2, 1000)
  from jsonb_array_elements(observed) as w where w ->> 2 is not null
  on conflict (integration_id, number, name) do update set value = excluded.value, at = clock_timestamp();
  delete from switchboard.observations o using jsonb_array_elements(observed) as w
  where o.integration_id = of_integration and w ->> 2 is null and o.number = left(w ->> 0, 100) and o.name = left(w ->> 1, 200);
  if jsonb_array_length(changes) = 0 then
    return;
  end if;
  if (select count(*) from switchboard.changes c
      where c.integration_id = of_integration and c.noticed_at > clock_timestamp() - interval '1 hour')
     + jsonb_array_length(changes) > 2000 then
    raise exception 'more than 2000 changes of one integration in an hour are refused' using errcode = 'SB001';
  end if;
  for change in
    insert into switchboard.changes as c (integration_id, organization_id, integration_type, kind, number, value)
    select of_integration, known.organization_id, known.integration_type, w ->> 0, left(w ->> 1, 100), left(w ->> 2, 1000)
    from jsonb_array_elements(changes) as w
    returning c.id, c.kind, c.number, c.value
  loop
    perform switchboard.write_log(known.organization_id::uuid, null::uuid, known.integration_type::text,
      'change_noticed'::text, 'success'::text,
      jsonb_strip_nulls(jsonb_build_object(
        'source', 'switchboard', 'integration_id', of_integration, 'change_id', change.id, 'change', change.kind,
        'number', nullif(change.number, ''), 'value', nullif(change.value, '')))::jsonb);
  end loop;
  delete from switchboard.changes where id in (
    select c.id from switchboard.changes c
    where c.integration_id = of_integration and c.told_at < clock_timestamp() - interval '90 days'
    order by c.place limit 100 for update skip locked);
end
$function$;

create or replace function switchboard.claim_change(
  organizations uuid[], out id uuid, out integration_id uuid, out organization_id uuid, out integration_type text,
  out kind text, out number text, out value text, out noticed_at timestamptz
) language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- The earliest change in the scope of the login, of these organisations (null: of all), that nobody has told and nobody is
-- telling, kept from others for two minutes; nulls where there is none.
#variable_conflict use_column
declare
  seen constant record := switchboard.scope();
begin
  update switchboard.changes c set claimed_at = clock_timestamp()
  where c.id = (
    select h.id from switchboard.changes h
    where h.told_at is null and (h.claimed_at is null
        -- Yet to come, it was claimed before the clock was set back.
        or h.claimed_at not between clock_timestamp() - interval '2 minutes' and clock_timestamp())
      and (seen.everything or h.organization_id = any (seen.organizations))
      and (claim_change.organizations is null or h.organization_id = any (claim_change.organizations))
    order by h.place limit 1 for update skip locked)
  returning c.id, c.integration_id, c.organization_id, c.integration_type, c.kind, c.number, c.value, c.noticed_at
  into id, integration_id, organization_id, integration_type, kind, number, value, noticed_at;
end
$function$;

create or replace function switchboard.note_told(change_id uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Notes that somebody has heard of a change. Fails with P0002 where the login sees no such change.
declare
  organization uuid;
begin
  select c.organization_id into organization from switchboard.changes c where c.id = change_id;
  if not found or not switchboard.in_scope(organization::uuid) then
    raise exception 'there is no such change' using errcode = 'no_data_found';
  end if;
  update switchboard.changes c set told_at = clock_timestamp() where c.id = change_id and c.told_at is null;
end
$function$;

create or replace function switchboard.uses_of(of_integration uuid)
returns table (action text, program text, at timestamptz, user_id uuid)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
-- What other programs have logged of the organisation and the type of an integration in the scope of the login: the newest
-- row of each action that is none of Switchboard's and each program, which is what a user agent says before its first slash.
-- Nothing where there is no such integration. In leaps along idx_integration_audit_logs_uses, at most 500 of them, and with
-- the owner's rights: under a policy that index would lead no further than to the type.
#variable_conflict use_column
declare
  known record;
  own constant text[] := array(select a.name from switchboard.actions() a);
  tomorrow constant timestamp := date_trunc('day'::text, timezone('UTC'::text, now())) + interval '1 day';
  newest record;
  left_over integer := 500;
  of_action text := '';
  of_program text;
begin
  select c.organization_id, c.integration_type into known
  from public.integration_credentials c where c.id = of_integration;
  if not found or not switchboard.in_scope(known.organization_id::uuid) then
    return;
  end if;
  while left_over > 0
  loop
    select l.action, "left"(split_part(coalesce(l.user_agent::text, ''::text), '/'::text, 1), 40) into of_action, of_program
    from public.integration_audit_logs l
    where l.organization_id = known.organization_id and l.integration_type = known.integration_type
      and l.action > of_action
    order by l.action, "left"(split_part(coalesce(l.user_agent::text, ''::text), '/'::text, 1), 40) limit 1;
    exit when not found;
    left_over := left_over - 1;
    while left_over > 0 and of_action <> all (own)
    loop
      -- The rows of its last day, in whatever order of time; what a wrong clock has dated ahead would hide them.
      select l.created_at, l.user_id into newest
      from public.integration_audit_logs l
      where l.organization_id = known.organization_id and l.integration_type = known.integration_type
        and l.action = of_action
        and "left"(split_part(coalesce(l.user_agent::text, ''::text), '/'::text, 1), 40) = of_program
        and date_trunc('day'::text, timezone('UTC'::text, l.created_at)) <= tomorrow
      order by date_trunc('day'::text, timezone('UTC'::text, l.created_at)) desc nulls last, l.created_at desc limit 1;
      if found then
        return query values (of_action, of_program, newest.created_at, newest.user_id);
      end if;
      left_over := left_over - 1;
      select "left"(split_part(coalesce(l.user_agent::text, ''::text), '/'::text, 1), 40) into of_program
      from public.integration_audit_logs l
      where l.organization_id = known.organization_id and l.integration_type = known.integration_type
        and l.action = of_action
        and "left"(split_part(coalesce(l.user_agent::text, ''::text), '/'::text, 1), 40) > of_program
      order by "left"(split_part(coalesce(l.user_agent::text, ''::text), '/'::text, 1), 40) limit 1;
      exit when not found;
    end loop;
  end loop;
  -- What was removed from the log (020_archive.sql), of which it has no later row.
  return query
    select o.details ->> 'action', o.details ->> 'program', o.at, switchboard.uuid_or_null((o.details ->> 'user_id')::text)
    from switchboard.openings o
    where o.organization_id = known.organization_id and o.integration_type = known.integration_type and o.kind = 'used'
      and not exists (
        select from public.integration_audit_logs l
        where l.organization_id = known.organization_id and l.integration_type = known.integration_type
          and l.action = o.details ->> 'action'
          and "left"(split_part(coalesce(l.user_agent::text, ''::text), '/'::text, 1), 40) = o.details ->> 'program'
          and l.created_at > o.at)
    limit 500;
end
$function$;

do $do$
declare
  wanted record;
  holder text;
begin
  foreach holder in array array['public', 'anon', 'authenticated', 'service_role',
                                'switchboard_admin', 'switchboard_support', 'switchboard_auditor']
  loop
    continue when holder <> 'public' and to_regrole(holder) is null;
    execute format('revoke all on switchboard.checks, switchboard.observations, switchboard.changes from %s', holder);
    execute format('revoke all on sequence switchboard.changes_place_seq from %s', holder);
    execute format('revoke all on function switchboard.begin_check(uuid, timestamptz), switchboard.checked_integration(uuid), '
      'switchboard.hold_check(uuid), switchboard.note_check(uuid, jsonb, jsonb, jsonb), '
      'switchboard.claim_change(uuid[]), switchboard.note_told(uuid), switchboard.uses_of(uuid) from %s', holder);
  end loop;
  for wanted in
    select w.relation, w.as_of, r.role
    from (values
      -- Each is seen by whoever sees what it hangs on.
      ('switchboard.checks', 'public.user_integration_permissions'),
      ('switchboard.observations', 'public.user_integration_permissions'),
      ('switchboard.changes', 'switchboard.credential_versions')
    ) as w (relation, as_of) cross join (values ('switchboard_admin'), ('switchboard_support')) as r (role)
  loop
    if (select not c.relrowsecurity from pg_class c where c.oid = wanted.relation::regclass) then
      execute format('alter table %s enable row level security', wanted.relation);
    end if;
    if (select c.relforcerowsecurity from pg_class c where c.oid = wanted.relation::regclass) then
      execute format('alter table %s no force row level security', wanted.relation);
    end if;
    continue when to_regrole(wanted.role) is null;
    execute format('grant select on %s to %s', wanted.relation, wanted.role);
    perform switchboard.put_policy(wanted.relation, wanted.role || '_select', 'select', wanted.role,
      (select pg_get_expr(p.polqual, p.polrelid) from pg_policy p
       where p.polrelid = wanted.as_of::regclass and p.polname = wanted.role || '_select'), null);
  end loop;
  foreach holder in array array['switchboard_admin', 'switchboard_support']
  loop
    continue when to_regrole(holder) is null;
    execute format('grant execute on function switchboard.begin_check(uuid, timestamptz), switchboard.hold_check(uuid), '
      'switchboard.note_check(uuid, jsonb, jsonb, jsonb), switchboard.claim_change(uuid[]), switchboard.note_told(uuid), '
      'switchboard.uses_of(uuid) to %s', holder);
  end loop;
end
$do$;

-- 019_proofs.sql
-- What makes the log provable outside its database. A seal of version 2 signs the root of a Merkle tree (RFC 6962) over the
-- rows of its hour, so that one row can be proven without the others, and the last seal of each sealing holds a checkpoint: a
-- signed note (C2SP tlog-checkpoint) with the root of a tree over all seals up to it.

do $do$
begin
  if not exists (select from pg_attribute a
                 where a.attrelid = 'switchboard.seals'::regclass and a.attname = 'root' and not a.attisdropped) then
    alter table switchboard.seals
      add column root bytea check (octet_length(root) = 32),
      add column block_roots bytea check (octet_length(block_roots) = (row_count + 4095) / 4096 * 32),
      add column checkpoint text,
      add column subtrees bytea;
  end if;
  -- Seals without a root are of version 1: those that are there stay, and none is added.
  if not exists (select from pg_constraint c
                 where c.conrelid = 'switchboard.seals'::regclass and c.conname = 'seals_of_version_2') then
    alter table switchboard.seals add constraint seals_of_version_2 check (root is not null) not valid;
  end if;
  if not exists (select from pg_attribute a
                 where a.attrelid = 'switchboard.settings'::regclass and a.attname = 'text_value' and not a.attisdropped) then
    alter table switchboard.settings
      alter column value drop not null,
      add column text_value text,
      add constraint settings_number_or_text check ((value is null) <> (text_value is null));
  end if;
  if not exists (select from switchboard.settings s where s.name = 'origin') then
    -- Of a random uuid the half without the digits that say which kind it is.
    insert into switchboard.settings (name, text_value)
    values ('origin', 'switchboard/' || right(replace(gen_random_uuid()::text, '-', ''), 12));
  end if;
end
$do$;

-- 020_archive.sql
-- A log that may end: months of which there is a proven file leave it, and of what they said a little stays, so that no report
-- says "never" of what was only archived.

create table if not exists switchboard.archives (
  id          bigint generated always as identity primary key,
  month       date not null check (extract(day from month) = 1),
  row_count   bigint not null check (row_count >= 0),
  sha256      bytea not null check (octet_length(sha256) = 32),
  left_out    timestamptz[] not null default '{}',
  first_seal  bigint not null,
  last_seal   bigint not null,
  log_row     uuid not null,
  archived_at timestamptz not null default clock_timestamp(),
  archived_by text not null default session_user
);
create index if not exists archives_month on switchboard.archives (month);
comment on table switchboard.archives is
  'Months of the log that were written to a file: its SHA-256, how many rows, the first and the last of their seals, the row '
  'of the log that says so. left_out: hours that were not as sealed, of which no row is in the file. Append-only; a month may '
  'be there more than once, and the newest counts.';

create table if not exists switchboard.removals (
  month      date primary key,
  row_count  bigint not null default 0,
  begun_at   timestamptz not null default clock_timestamp(),
  last_at    timestamptz not null default clock_timestamp(),
  removed_by text not null default session_user,
  xid        xid8,
  hour       timestamptz
);
comment on table switchboard.removals is
  'Months whose rows are being removed from the log, or have been, and how many so far. xid, hour: the transaction that removes '
  'rows at this moment, and the hour that they are of, which is all that switchboard.refuse_change lets go.';

create table if not exists switchboard.openings (
  organization_id  uuid not null,
  integration_type text not null,
  kind             text not null check (kind in ('revealed', 'copied', 'lent', 'typed', 'changed', 'tested', 'unreached',
                                                  'opened', 'used')),
  subject          text not null default '',
  user_id          uuid not null default '00000000-0000-0000-0000-000000000000',
  since            timestamptz not null default '-infinity',
  at               timestamptz not null,
  times            bigint not null default 1,
  proven           boolean not null default false,
  details          jsonb,
  primary key (organization_id, integration_type, kind, subject, user_id, since)
);
create index if not exists openings_user on switchboard.openings (user_id);
comment on table switchboard.openings is
  'What reports need of rows that were removed from the log. revealed, copied, lent, typed: the newest by each person (the '
  'nil UUID: nobody was named) of each field (subject; '''' where none was named), of each content that the field has had: since is when '
  'it was put there. changed: each change of a credential (subject: its row), without who it was. tested: the newest test of '
  'each integration (subject: its row, '''' where none was named) that came to a judgement; unreached: the first after it that '
  'reached no provider. opened, used: the newest opening of each integration, and the newest row of each action and program '
  'of others.';

create or replace function switchboard.keep_openings(of_hour timestamptz) returns void
language plpgsql set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $function$
-- Notes what reports need of the rows of an hour, before they go. The conditions are those of the reports:
-- tui/data/permissions/known_secrets.py and leaver.py, tui/data/integrations/listing.py.
declare
  until constant timestamptz := of_hour + interval '1 hour';
begin
  insert into switchboard.openings (organization_id, integration_type, kind, subject, since, at, details)
  select l.organization_id, l.integration_type, 'changed', left(coalesce(l.details -> 'row' ->> 'id', ''), 200),
         l.created_at, l.created_at,
         jsonb_strip_nulls(jsonb_build_object(
           'action', l.action, 'kept_at', l.details -> 'kept_at', 'version_kind', l.details -> 'version_kind',
           'fields', case when jsonb_typeof(l.details -> 'fields') = 'array' then l.details -> 'fields' end))
  from public.integration_audit_logs l
  where l.created_at >= of_hour and l.created_at < until
    and l.action in ('credential_created', 'credential_updated', 'credential_enabled', 'credential_disabled',
                     'credential_rolled_back', 'credential_restored')
    and l.details ->> 'source' = 'trigger'
    and (l.action in ('credential_created', 'credential_restored') or l.details -> 'envelope' ->> 'changed' = 'true')
    and l.details ->> 'rotation' is distinct from 'true'
  on conflict do nothing;

  insert into switchboard.openings as o
    (organization_id, integration_type, kind, subject, user_id, since, at, times, proven)
  select k.organization_id, k.integration_type, k.kind, k.subject,
         coalesce(k.user_id, '00000000-0000-0000-0000-000000000000'), k.since, max(k.created_at), count(*),
         bool_or(k.proven)
  from (
    select l.organization_id, l.integration_type, l.user_id, l.created_at, left(coalesce(f.name, ''), 200) as subject,
           case l.action when 'credential_revealed' then 'revealed' when 'credential_copied' then 'copied'
                         when 'credential_lent' then 'lent' else 'typed' end as kind,
           coalesce(l.details ->> 'operator_from' = 'login', false) as proven,
           coalesce((select max(c.at) from switchboard.openings c
                     where c.organization_id = l.organization_id and c.integration_type = l.integration_type
                       and c.kind = 'changed' and c.at <= l.created_at), '-infinity') as since
    from public.integration_audit_logs l
    -- Of nobody it is counted how often; of whom, in which fields.
    cross join lateral jsonb_array_elements_text(
      case when l.user_id is not null and jsonb_typeof(l.details -> 'fields') = 'array' then l.details -> 'fields'
           else '[""]' end) as f (name)
    where l.created_at >= of_hour and l.created_at < until
      and (l.action in ('credential_revealed', 'credential_copied', 'credential_lent')
             and (l.status = 'success' or l.user_id is null)
           or l.status = 'success' and l.user_id is not null and l.details ->> 'source' = 'trigger'
              and (l.action = 'credential_created'
                   or l.action = 'credential_updated' and l.details -> 'envelope' ->> 'changed' = 'true'
                      and l.details ->> 'rotation' is distinct from 'true'))) as k
  group by k.organization_id, k.integration_type, k.kind, k.subject, k.user_id, k.since
  on conflict (organization_id, integration_type, kind, subject, user_id, since) do update
  set at = greatest(o.at, excluded.at), times = o.times + excluded.times, proven = o.proven or excluded.proven;

  -- Tests by Switchboard of what is stored, and not of a draft.
  insert into switchboard.openings as o (organization_id, integration_type, kind, subject, at, details)
  select distinct on (l.organization_id, l.integration_type, left(coalesce(l.details ->> 'integration_id', ''), 200))
         l.organization_id, l.integration_type, 'tested', left(coalesce(l.details ->> 'integration_id', ''), 200), l.created_at,
         jsonb_strip_nulls(jsonb_build_object(
           'status', l.status, 'user_id', l.user_id,
           'code', left(coalesce(l.details ->> 'code', l.details ->> 'error_code'), 40),
           'words', left(coalesce(l.details ->> 'why', l.details ->> 'error'), 200)))
  from public.integration_audit_logs l
  where l.created_at >= of_hour and l.created_at < until and l.action = 'connection_tested'
    and l.details ->> 'source' = 'switchboard' and l.status <> 'pending' and l.details -> 'draft' is null
    and l.details ->> 'judgement' is distinct from 'unknown'
  order by l.organization_id, l.integration_type, left(coalesce(l.details ->> 'integration_id', ''), 200), l.created_at desc
  on conflict (organization_id, integration_type, kind, subject, user_id, since) do update
  set at = excluded.at, details = excluded.details where o.at < excluded.at;
  -- What reached no provider counts from the newest test that did, or the newest change, on.
  delete from switchboard.openings u using switchboard.openings t
  where u.kind = 'unreached' and u.organization_id = t.organization_id and u.integration_type = t.integration_type
    and (t.kind = 'tested' or t.kind = 'changed' and t.details ->> 'action' in ('credential_updated', 'credential_rolled_back'))
    and u.at <= t.at;
  insert into switchboard.openings as o (organization_id, integration_type, kind, subject, at, details)
  select l.organization_id, l.integration_type, 'unreached', left(coalesce(l.details ->> 'integration_id', ''), 200),
         min(l.created_at), jsonb_strip_nulls(jsonb_build_object('words', max(left(l.details ->> 'why', 200))))
  from public.integration_audit_logs l
  where l.created_at >= of_hour and l.created_at < until and l.action = 'connection_tested'
    and l.details ->> 'source' = 'switchboard' and l.status <> 'pending' and l.details -> 'draft' is null
    and l.details ->> 'judgement' = 'unknown'
    and not exists (
      select from switchboard.openings t
      where t.organization_id = l.organization_id and t.integration_type = l.integration_type and t.at >= l.created_at
        and (t.kind = 'tested'
             or t.kind = 'changed' and t.details ->> 'action' in ('credential_updated', 'credential_rolled_back')))
  group by l.organization_id, l.integration_type, left(coalesce(l.details ->> 'integration_id', ''), 200)
  on conflict (organization_id, integration_type, kind, subject, user_id, since) do update
  set at = least(o.at, excluded.at),
      details = jsonb_strip_nulls(jsonb_build_object(
        'words', greatest(o.details ->> 'words', excluded.details ->> 'words')));

  -- Who used an integration last: tui/data/integrations/usage.py, and switchboard.uses_of.
  insert into switchboard.openings as o (organization_id, integration_type, kind, subject, at, details)
  select distinct on (u.organization_id, u.integration_type, u.kind, u.subject)
         u.organization_id, u.integration_type, u.kind, u.subject, u.created_at,
         jsonb_strip_nulls(jsonb_build_object('action', u.action, 'program', u.program, 'user_id', u.user_id) || u.evidence)
  from (
    select l.organization_id, l.integration_type, l.created_at, l.action, p.program, l.user_id, k.kind,
           case k.kind when 'opened' then left(l.details ->> 'integration_id', 200) || ' ' || l.action
                       else l.action || '/' || p.program end as subject,
           case k.kind when 'opened' then jsonb_build_object(
             'label', left(l.details ->> 'operator', 200), 'operator_from', l.details -> 'operator_from',
             'login', l.details -> 'session_user') else '{}' end as evidence
    from public.integration_audit_logs l
    left join switchboard.actions() a on a.name = l.action
    cross join lateral (select left(split_part(coalesce(l.user_agent::text, ''::text), '/'::text, 1), 40) as program) p
    cross join lateral (select case when a.name is null then 'used' else 'opened' end as kind) k
    where l.created_at >= of_hour and l.created_at < until
      and (a.name is null
           or a.kind = 'opening' and l.details ->> 'source' = 'switchboard' and l.details ? 'integration_id')) u
  order by u.organization_id, u.integration_type, u.kind, u.subject, u.created_at desc
  on conflict (organization_id, integration_type, kind, subject, user_id, since) do update
  set at = excluded.at, details = excluded.details where o.at < excluded.at;
end
$function$;

create or replace function switchboard.keep_acts(of_hour timestamptz) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $function$
-- An acceptance counts by its row of the log (013_accepted.sql), and so does an archive (tui/data/seals/archived.py). Before
-- that row goes it is written once more.
declare
  kept record;
  written uuid;
begin
  for kept in
    select a.object, a.definition, l.id, l.created_at, l.details
    from switchboard.accepted a join public.integration_audit_logs l on l.id = a.log_row
    where l.created_at >= of_hour and l.created_at < of_hour + interval '1 hour' and l.action = 'schema_changed'
      and l.details ->> 'accepted' = a.object and l.details ->> 'definition' = a.definition
  loop
    written := switchboard.write_log(null::uuid, null::uuid, null::text, 'schema_changed'::text, 'success'::text,
      jsonb_build_object('source', 'switchboard', 'accepted', kept.object, 'definition', kept.definition,
        'accepted_first', coalesce(kept.details -> 'accepted_first', jsonb_build_object(
          'row', kept.id, 'on', to_char(kept.created_at at time zone 'UTC', 'YYYY-MM-DD'),
          'operator', kept.details -> 'operator', 'operator_from', kept.details -> 'operator_from',
          'session_user', kept.details -> 'session_user')))::jsonb);
    update switchboard.accepted a set log_row = written, accepted_at = clock_timestamp() where a.object = kept.object;
  end loop;
  for kept in
    select a.month, a.row_count, a.sha256, a.left_out, a.first_seal, a.last_seal, l.id, l.created_at, l.details
    from (select distinct on (n.month) n.* from switchboard.archives n order by n.month, n.id desc) a
    join public.integration_audit_logs l on l.id = a.log_row
    where l.created_at >= of_hour and l.created_at < of_hour + interval '1 hour' and l.action = 'log_archived'
      and l.details ->> 'month' = to_char(a.month, 'YYYY-MM') and l.details ->> 'sha256' = encode(a.sha256, 'hex')
  loop
    written := switchboard.write_log(null::uuid, null::uuid, null::text, 'log_archived'::text, 'success'::text,
      (kept.details || jsonb_build_object('archived_first', coalesce(kept.details -> 'archived_first', jsonb_build_object(
        'row', kept.id, 'at', kept.created_at, 'operator', kept.details -> 'operator',
        'operator_from', kept.details -> 'operator_from', 'session_user', kept.details -> 'session_user'))))::jsonb);
    insert into switchboard.archives (month, row_count, sha256, left_out, first_seal, last_seal, log_row)
    values (kept.month, kept.row_count, kept.sha256, kept.left_out, kept.first_seal, kept.last_seal, written);
  end loop;
end
$function$;

create or replace function switchboard.require_past_month(of_month date) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $function$
-- Limits are counted by the running month, and reports look back into the one before it.
begin
  if of_month is null or extract(day from of_month) <> 1 or of_month < '0001-01-01' then
    raise exception 'a month is named by its first day' using errcode = 'invalid_parameter_value';
  elsif of_month >= (date_trunc('month', now(), 'UTC') at time zone 'UTC')::date - interval '1 month' then
    raise exception 'the month % stays in the log: it is the running one, or the one before', to_char(of_month, 'YYYY-MM')
      using errcode = 'SB008';
  end if;
end
$function$;

create or replace function switchboard.record_archive(
  of_month date, rows_written bigint, file_sha256 bytea, hours_left_out timestamptz[], out log_row uuid
) language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $function$
-- Notes that a month is in a file, and logs it; returns the row of the log, of an earlier call where that was the same file
-- and is the newest of the month. Fails with SB008 where the month is not wholly sealed, its seals have another number of
-- rows, or its rows are being removed already. Whether the file is what its digest says, its writer has to know.
declare
  starts constant timestamptz := of_month;
  ends constant timestamptz := of_month + interval '1 month';
  sealed record;
  newest switchboard.archives;
begin
  perform switchboard.require_everything_now('archives the log'::text);
  perform switchboard.require_past_month(of_month::date);
  perform switchboard.hold('archive'::text, ''::text);
  if exists (select from switchboard.removals r where r.month = of_month) then
    raise exception 'rows of % are removed already', to_char(of_month, 'YYYY-MM') using errcode = 'SB008';
  end if;
  if not exists (select from switchboard.seals s where s.hour >= ends - interval '1 hour' and isfinite(s.hour)) then
    raise exception 'the month % is not wholly sealed', to_char(of_month, 'YYYY-MM') using errcode = 'SB008';
  end if;
  select min(s.id) as first, max(s.id) as last,
         coalesce(sum(s.row_count) filter (where s.hour <> all (hours_left_out)), 0) as row_count
  into sealed
  from switchboard.seals s where s.hour >= starts and s.hour < ends;
  if sealed.row_count is distinct from rows_written then
    raise exception 'the seals of % have % rows, and the file %', to_char(of_month, 'YYYY-MM'), sealed.row_count, rows_written
      using errcode = 'SB008';
  end if;
  select a.* into newest from switchboard.archives a where a.month = of_month order by a.id desc limit 1;
  if newest.sha256 = file_sha256 and newest.left_out = hours_left_out then
    log_row := newest.log_row;
    return;
  end if;
  log_row := switchboard.write_log(null::uuid, null::uuid, null::text, 'log_archived'::text, 'success'::text,
    jsonb_build_object('source', 'switchboard', 'month', to_char(of_month, 'YYYY-MM'), 'rows', rows_written,
      'sha256', encode(file_sha256, 'hex'), 'first_seal', sealed.first, 'last_seal', sealed.last,
      'left_out', to_jsonb(hours_left_out))::jsonb);
  insert into switchboard.archives (month, row_count, sha256, left_out, first_seal, last_seal, log_row)
  values (of_month, rows_written, file_sha256, hours_left_out, sealed.first, sealed.last, log_row);
end
$function$;

create or replace function switchboard.remove_archived(
  of_month date, from_hour timestamptz, most_rows bigint,
  out rows_removed bigint, out next_hour timestamptz, out hours_left timestamptz[]
) language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $function$
-- For the owner alone: removes the rows of an archived month from an hour on, whole hours until there are most_rows of them.
-- What is deleted is counted and digested in the statement that deletes it: an hour that is not as its seal says, since a
-- row came late or was altered, stays whole and is among hours_left. next_hour: where the next call goes on, null at the end.
-- Fails with SB008 where the month is not archived, or the row of the log that says so is not under a seal yet.
declare
  caller constant name := coalesce(nullif(current_setting('role'::text, true), 'none'), session_user)::name;
  ends constant timestamptz := of_month + interval '1 month';
  archive switchboard.archives;
  sealed record;
  gone record;
  others text;
  hours bigint := 0;
  first_hour timestamptz;
  last_hour timestamptz;
begin
  if not pg_has_role(caller, (select c.relowner from pg_class c where c.oid = 'public.integration_audit_logs'::regclass),
                     'USAGE'::text) then
    raise exception 'the role % does not own the log', caller using errcode = 'insufficient_privilege';
  end if;
  perform switchboard.require_everything_now('removes rows of the log'::text);
  perform switchboard.require_past_month(of_month::date);
  perform switchboard.hold('archive'::text, ''::text);
  rows_removed := 0;
  hours_left := '{}';
  select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into others from pg_attribute a
  where a.attrelid = 'public.integration_audit_logs'::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    and a.attname not in ('id', 'organization_id', 'user_id', 'integration_type', 'action', 'status', 'details', 'ip_address',
                          'user_agent', 'created_at');
  if others is not null then
    raise exception 'the log has columns that no file of an archive has: %', others using errcode = 'SB008';
  end if;
  select a.* into archive from switchboard.archives a where a.month = of_month order by a.id desc limit 1;
  if not found then
    raise exception 'the month % is not archived', to_char(of_month, 'YYYY-MM') using errcode = 'SB008';
  end if;
  if not exists (select from switchboard.seals s
                 where s.hour >= date_trunc('hour', archive.archived_at) and isfinite(s.hour)) then
    raise exception 'that % is archived is not under a seal yet', to_char(of_month, 'YYYY-MM') using errcode = 'SB008';
  end if;
  if not exists (select from public.integration_audit_logs l
                 where l.id = archive.log_row and l.action = 'log_archived'
                   -- An adopted log may have no index on its ids.
                   and l.created_at between archive.archived_at - interval '1 minute'
                                        and archive.archived_at + interval '1 minute'
                   and l.details ->> 'month' = to_char(of_month, 'YYYY-MM')
                   and l.details ->> 'sha256' = encode(archive.sha256, 'hex'))
     and not exists (select from switchboard.removals r where r.month = of_month) then
    raise exception 'the log does not say that % was archived', to_char(of_month, 'YYYY-MM') using errcode = 'SB008';
  end if;

  for sealed in
    select s.hour, s.row_count, s.digest, s.root is not null as is_tree from switchboard.seals s
    where s.hour >= greatest(of_month, from_hour) and s.hour < ends and s.row_count > 0
      and s.id between archive.first_seal and archive.last_seal and s.hour <> all (archive.left_out)
    order by s.hour
  loop
    if rows_removed >= most_rows then
      next_hour := sealed.hour;
      exit;
    end if;
    continue when not exists (select from public.integration_audit_logs l
                              where l.created_at >= sealed.hour and l.created_at < sealed.hour + interval '1 hour');
    begin
      insert into switchboard.removals as r (month, xid, hour) values (of_month, pg_current_xact_id(), sealed.hour)
      on conflict (month) do update set xid = excluded.xid, hour = excluded.hour;
      perform switchboard.keep_openings(sealed.hour::timestamptz);
      perform switchboard.keep_acts(sealed.hour::timestamptz);
      with deleted as (
        delete from public.integration_audit_logs l
        where l.created_at >= sealed.hour and l.created_at < sealed.hour + interval '1 hour'
        returning l.created_at, coalesce(l.id, 'ffffffff-ffff-ffff-ffff-ffffffffffff') as id,
          -- The leaf of a row, as in tui/data/seals/hours.py; that of a tree begins with a zero byte.
          sha256(case when sealed.is_tree then '\x00'::bytea else ''::bytea end || convert_to(jsonb_build_array(
            l.id, l.organization_id, l.user_id, l.integration_type, l.action, l.status, l.details, host(l.ip_address),
            l.user_agent, trunc(extract(epoch from l.created_at) * 1000000))::text, 'UTF8')) as leaf)
      select count(*) as row_count, sha256(string_agg(d.leaf, ''::bytea order by d.created_at, d.id, d.leaf)) as digest
      into gone from deleted d;
      if gone.row_count <> sealed.row_count or gone.digest is distinct from sealed.digest then
        raise exception using errcode = 'SB0OK';
      end if;
      update switchboard.removals r set xid = null, hour = null, row_count = r.row_count + gone.row_count,
        last_at = clock_timestamp() where r.month = of_month;
      rows_removed := rows_removed + gone.row_count;
      hours := hours + 1;
      first_hour := coalesce(first_hour, sealed.hour);
      last_hour := sealed.hour;
    exception when sqlstate 'SB0OK' then
      hours_left := hours_left || sealed.hour;
    end;
  end loop;
  if hours > 0 then
    perform switchboard.write_log(null::uuid, null::uuid, null::text, 'log_archived'::text, 'success'::text,
      jsonb_build_object('source', 'switchboard', 'month', to_char(of_month, 'YYYY-MM'), 'removed', rows_removed,
        'hours', hours, 'first_hour', first_hour, 'last_hour', last_hour, 'hours_left', to_jsonb(hours_left),
        'sha256', encode(archive.sha256, 'hex'))::jsonb);
  end if;
end
$function$;

create or replace function switchboard.archived_before() returns timestamptz
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $function$
-- The end of the last month of which rows were removed: what is older is in archives. Null where nothing was removed.
begin
  return (select max(r.month) + interval '1 month' from switchboard.removals r where r.row_count > 0);
end
$function$;

do $do$
declare
  wanted record;
  holder text;
begin
  perform switchboard.put_trigger('switchboard.archives', 'switchboard_append_only',
    'CREATE TRIGGER switchboard_append_only BEFORE DELETE OR UPDATE ON switchboard.archives FOR EACH ROW '
    'EXECUTE FUNCTION switchboard.refuse_change()', true);
  perform switchboard.put_trigger('switchboard.archives', 'switchboard_no_truncate',
    'CREATE TRIGGER switchboard_no_truncate BEFORE TRUNCATE ON switchboard.archives FOR EACH STATEMENT '
    'EXECUTE FUNCTION switchboard.refuse_change()', true);

  foreach holder in array array['public', 'anon', 'authenticated', 'service_role',
                                'switchboard_admin', 'switchboard_support', 'switchboard_auditor']
  loop
    continue when holder <> 'public' and to_regrole(holder) is null;
    execute format('revoke all on switchboard.archives, switchboard.removals, switchboard.openings from %s', holder);
    execute format('revoke all on sequence switchboard.archives_id_seq from %s', holder);
    execute format('revoke all on function switchboard.keep_openings(timestamptz), '
      'switchboard.keep_acts(timestamptz), switchboard.require_past_month(date), '
      'switchboard.record_archive(date, bigint, bytea, timestamptz[]), '
      'switchboard.remove_archived(date, timestamptz, bigint), switchboard.archived_before() from %s', holder);
  end loop;
  if (select c.relrowsecurity from pg_class c where c.oid = 'switchboard.removals'::regclass) then
    -- As in 017_scope.sql, which runs before there is the table.
    alter table switchboard.removals disable row level security;
  end if;
  for wanted in
    select w.relation, r.role
    from (values ('switchboard.archives'), ('switchboard.openings')) as w (relation)
    cross join (values ('switchboard_admin'), ('switchboard_support'), ('switchboard_auditor')) as r (role)
  loop
    if (select not c.relrowsecurity from pg_class c where c.oid = wanted.relation::regclass) then
      execute format('alter table %s enable row level security', wanted.relation);
    end if;
    if (select c.relforcerowsecurity from pg_class c where c.oid = wanted.relation::regclass) then
      execute format('alter table %s no force row level security', wanted.relation);
    end if;
    continue when to_regrole(wanted.role) is null;
    execute format('grant select on %s to %s', wanted.relation, wanted.role);
    -- What reports need is seen by whoever saw the rows; how many rows there were in all, by whoever sees everything.
    perform switchboard.put_policy(wanted.relation, wanted.role || '_select', 'select', wanted.role,
      case when wanted.relation = 'switchboard.openings'
           then (select pg_get_expr(p.polqual, p.polrelid) from pg_policy p
                 where p.polrelid = 'public.integration_audit_logs'::regclass and p.polname = wanted.role || '_select')
           else '(switchboard.planned_everything() AND ((NOT switchboard.planned_vouching()) OR '
                '( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT '
                'switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN))' end, null);
  end loop;
  foreach holder in array array['switchboard_admin', 'switchboard_support', 'switchboard_auditor']
  loop
    continue when to_regrole(holder) is null;
    execute format('grant execute on function switchboard.archived_before() to %s', holder);
  end loop;
  if to_regrole('switchboard_admin') is not null then
    grant execute on function switchboard.record_archive(date, bigint, bytea, timestamptz[]) to switchboard_admin;
  end if;
end
$do$;

-- 021_types.sql
-- Which definitions of integration types that lie in a person's own folder may open stored credentials: those whose SHA-256
-- an administrator has recorded here. Switchboard asks before it takes an envelope (tui/data/integrations/definitions.py).

create table if not exists switchboard.recorded_types (
  name        text primary key check (name ~ '^[a-z][a-z0-9_]{0,49}$'),
  sha256      bytea not null check (octet_length(sha256) = 32),
  recorded_at timestamptz not null default clock_timestamp(),
  recorded_by text not null default session_user
);
comment on table switchboard.recorded_types is
  'Definitions of integration types that somebody has looked at, by the SHA-256 of what the file says without its [control]; '
  'of each type one. Written by switchboard.record_type and withdraw_type, which log it.';

create or replace function switchboard.record_type(type_name text, file_sha256 bytea) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Lets one definition of the type open stored credentials, in the place of the one before, and logs it; does nothing where
-- it is recorded already. Fails with 22023 where the name or the digest is none.
declare
  before bytea;
begin
  if type_name is null or type_name !~ '^[a-z][a-z0-9_]{0,49}$' or file_sha256 is null or octet_length(file_sha256) <> 32 then
    raise exception 'a definition is recorded by the name of its type and a SHA-256' using errcode = 'invalid_parameter_value';
  end if;
  perform switchboard.require_everything_now('records integration types'::text);
  perform switchboard.hold('types'::text, ''::text);
  select r.sha256 into before from switchboard.recorded_types r where r.name = type_name;
  if before = file_sha256 then
    return;
  end if;
  insert into switchboard.recorded_types as r (name, sha256) values (type_name, file_sha256)
  on conflict (name) do update
  set sha256 = excluded.sha256, recorded_at = clock_timestamp(), recorded_by = session_user;
  perform switchboard.write_log(null::uuid, null::uuid, type_name::text, 'type_recorded'::text, 'success'::text,
    jsonb_strip_nulls(jsonb_build_object('source', 'switchboard', 'sha256', encode(file_sha256, 'hex'),
      'before', encode(before, 'hex')))::jsonb);
end
$function$;

create or replace function switchboard.withdraw_type(type_name text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Ends what record_type began, and logs it; false where nothing is recorded of the type.
declare
  before bytea;
begin
  perform switchboard.require_everything_now('records integration types'::text);
  perform switchboard.hold('types'::text, ''::text);
  delete from switchboard.recorded_types r where r.name = type_name returning r.sha256 into before;
  if before is null then
    return false;
  end if;
  perform switchboard.write_log(null::uuid, null::uuid, type_name::text, 'type_withdrawn'::text, 'success'::text,
    jsonb_build_object('source', 'switchboard', 'sha256', encode(before, 'hex'))::jsonb);
  return true;
end
$function$;

do $do$
declare
  holder text;
begin
  foreach holder in array array['public', 'anon', 'authenticated', 'service_role',
                                'switchboard_admin', 'switchboard_support', 'switchboard_auditor']
  loop
    continue when holder <> 'public' and to_regrole(holder) is null;
    execute format('revoke all on switchboard.recorded_types from %s', holder);
    execute format('revoke all on function switchboard.record_type(text, bytea), switchboard.withdraw_type(text) from %s', holder);
  end loop;
  foreach holder in array array['switchboard_admin', 'switchboard_support', 'switchboard_auditor']
  loop
    continue when to_regrole(holder) is null;
    execute format('grant select on switchboard.recorded_types to %s', holder);
  end loop;
  if to_regrole('switchboard_admin') is not null then
    grant execute on function switchboard.record_type(text, bytea), switchboard.withdraw_type(text) to switchboard_admin;
  end if;
  if (select c.relrowsecurity from pg_class c where c.oid = 'switchboard.recorded_types'::regclass) then
    -- As in 017_scope.sql, which runs before there is the table.
    alter table switchboard.recorded_types disable row level security;
  end if;
end
$do$;

-- 022_http.sql
-- What a request over HTTP may do (`switchboard serve`). A login that speaks for others says in each transaction for whom
-- (switchboard.operator_id) and in which organisation (switchboard.request_organization): from then on it sees of what it
-- is mapped to that organisation alone (login_scope, sql/016_logins.sql), there what the person may view, and it changes
-- what the person may configure. Whoever administers an organisation may do all of that there, and alone sets up and
-- deletes. Logins that are people, and programs that name no organisation, are not concerned.

create table if not exists switchboard.organization_administrators (
  organization_id uuid not null,
  user_id         uuid not null,
  added_by        text not null default session_user,
  added_at        timestamptz not null default clock_timestamp(),
  primary key (organization_id, user_id)
);
comment on table switchboard.organization_administrators is
  'Who may set up and delete integrations of an organisation over HTTP; written by switchboard.change_administrator.';

create or replace function switchboard.is_request() returns boolean
language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $function$
-- Whether the transaction is a request: of a login that speaks for others, and names an organisation.
begin
  return coalesce(current_setting('switchboard.request_organization'::text, true), '') <> ''
     and (select s.vouches from switchboard.login_scope() s);
end
$function$;

create or replace function switchboard.planned_request() returns boolean
language plpgsql immutable parallel safe security definer set search_path = pg_catalog, pg_temp as $function$
-- For policies alone: where it is no request, nothing of them is left in the plan (sql/017_scope.sql says why).
begin
  return switchboard.is_request();
end
$function$;

create or replace function switchboard.request_person(out person uuid, out organization uuid)
language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $function$
-- Whose request it is, and where; nulls where the directory has no such person who is active and of that organisation, or
-- of none, and where the organisation is not one that the login sees.
declare
  wanted constant uuid := switchboard.uuid_or_null(
    nullif(current_setting('switchboard.request_organization'::text, true), '')::text);
begin
  if switchboard.is_request() and wanted = any (switchboard.visible_organizations()) then
    select p.id, wanted into person, organization
    from switchboard.people p
    where p.id = switchboard.uuid_or_null(nullif(current_setting('switchboard.operator_id'::text, true), '')::text)
      and (p.organization_id = wanted or p.organization_id is null)
    group by p.id having bool_and(coalesce(p.is_active, true));
  end if;
end
$function$;

create or replace function switchboard.request_administers() returns boolean
language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $function$
-- Whether the person of the request administers its organisation.
begin
  return exists (select from switchboard.organization_administrators a join switchboard.request_person() r
                   on a.user_id = r.person and a.organization_id = r.organization);
end
$function$;

create or replace function switchboard.request_rights()
returns table (integration_id uuid, can_view boolean, can_configure boolean)
language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $function$
-- What the person of the request may do with each integration of its organisation, whether it is in use or not; those with
-- which they may do nothing are left out. Of several permissions on one the latest stands, as for switchboard.may.
#variable_conflict use_column
declare
  administers constant boolean := switchboard.request_administers();
  of_request constant record := switchboard.request_person();
begin
  return query
    select c.id, administers or p.can_view is true, administers or p.can_configure is true
    from public.integration_credentials c
    left join lateral (
      select g.can_view, g.can_configure, g.expires_at from public.user_integration_permissions g
      where g.integration_id = c.id and g.user_id = of_request.person
      order by g.granted_at desc nulls last, g.id limit 1) p on p.expires_at is null or p.expires_at > now()
    where c.organization_id = of_request.organization
      and (administers or p.can_view is true or p.can_configure is true);
end
$function$;

create or replace function switchboard.request_integrations() returns setof uuid
language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $function$
-- The integrations that a request sees: what may be configured is to be seen for that.
begin
  return query select r.integration_id from switchboard.request_rights() r;
end
$function$;

create or replace function switchboard.require_requested(integration uuid, act text) returns void
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
-- Fails with 42501 where the person of the request may not do this with the integration: view, configure, note a test of
-- it (either of the two), or administer its organisation, which is also asked of what belongs to no integration.
begin
  if switchboard.request_administers() then
    return;
  end if;
  if not exists (select from switchboard.request_rights() r
                 where r.integration_id = integration
                   and case act when 'view' then r.can_view when 'configure' then r.can_configure when 'test' then true end) then
    raise exception 'the person of this request may not % here', act using errcode = 'insufficient_privilege';
  end if;
end
$function$;

create or replace function switchboard.only_as_requested() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Holds the writes of a request to what its person may do.
declare
  act text := 'administer';
  touched uuid[] := array[null::uuid];
  one uuid;
begin
  if switchboard.is_request() then
    if tg_table_name = 'open_tickets' then
      act := case new.purpose when 'test' then 'view' when 'sync' then 'configure' else 'open secrets' end;
      touched := array[new.integration_id];
      if act = 'open secrets' then
        raise exception 'a request shows and lends no secret' using errcode = 'insufficient_privilege';
      end if;
    elsif tg_table_name = 'integration_credentials' and tg_op = 'UPDATE' then
      if (new.id, new.organization_id, new.integration_type) is distinct from
         (old.id, old.organization_id, old.integration_type) then
        raise exception 'a request moves no integration' using errcode = 'insufficient_privilege';
      end if;
      -- What a test leaves on the row.
      act := case when (new.credentials_encrypted, new.display_name, new.is_active, new.created_by, new.created_at)
                       is not distinct from
                       (old.credentials_encrypted, old.display_name, old.is_active, old.created_by, old.created_at)
                  then 'test' else 'configure' end;
      touched := array[new.id];
    elsif tg_table_name = 'organization_phone_numbers' and tg_op <> 'DELETE' then
      act := 'configure';
      touched := case when tg_op = 'UPDATE' then array[old.integration_id, new.integration_id]
                      else array[new.integration_id] end;
    end if;
    foreach one in array touched
    loop
      perform switchboard.require_requested(one::uuid, act::text);
    end loop;
  end if;
  return case when tg_op = 'DELETE' then old else new end;
end
$function$;

create or replace function switchboard.refuse_requests(act text) returns void
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
-- Fails with 42501 in a request.
begin
  if switchboard.is_request() then
    raise exception 'no request %', act using errcode = 'insufficient_privilege';
  end if;
end
$function$;

create or replace function switchboard.administrators(of_organization uuid)
returns table (user_id uuid, added_by text, added_at timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
-- Who administers an organisation in the scope of the login. Fails with 42501 where it is not in it.
#variable_conflict use_column
begin
  perform switchboard.require_organization(of_organization::uuid);
  return query select a.user_id, a.added_by, a.added_at from switchboard.organization_administrators a
               where a.organization_id = of_organization order by a.added_at, a.user_id;
end
$function$;

create or replace function switchboard.change_administrator(of_organization uuid, person uuid, appoints boolean)
returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Makes a person of the directory an administrator of an organisation, or takes that away. Fails with SB006 where the
-- caller does not see everything, with SB007 (unknown_person, inactive_person, no_organization) where somebody cannot be
-- appointed. Returns the id of the log's row; null where nothing changed.
declare
  is_active boolean;
  changed integer;
begin
  perform switchboard.require_everything_now('appoints administrators of organisations'::text);
  perform switchboard.refuse_login(case
    when coalesce(of_organization, '00000000-0000-0000-0000-000000000000') = '00000000-0000-0000-0000-000000000000'
    then 'no_organization' end::text);
  if appoints then
    select bool_and(coalesce(p.is_active, true)) into is_active from switchboard.people p
    where p.id = person and (p.organization_id = of_organization or p.organization_id is null) having count(*) > 0;
    perform switchboard.refuse_login(case when not found then 'unknown_person'
                                          when not is_active then 'inactive_person' end::text);
    insert into switchboard.organization_administrators (organization_id, user_id) values (of_organization, person)
    on conflict (organization_id, user_id) do nothing;
  else
    delete from switchboard.organization_administrators a where a.organization_id = of_organization and a.user_id = person;
  end if;
  get diagnostics changed = row_count;
  if changed = 0 then
    return null;
  end if;
  return switchboard.write_log(of_organization::uuid, null::uuid, null::text, 'access_changed'::text, 'success'::text,
    jsonb_build_object('source', 'switchboard', 'change', case when appoints then 'appointed' else 'dismissed' end,
                       case when appoints then 'after' else 'before' end, jsonb_build_object(
                         'user_id', person, 'label', coalesce(switchboard.person_label(person::uuid), person::text)))::jsonb);
end
$function$;

do $do$
declare
  wanted record;
  holder text;
  -- Whoever administers the organisation sees as well what they are just setting up, of which no function knows yet.
  of_request constant text := '((NOT switchboard.planned_request()) OR ( SELECT switchboard.request_administers() AS '
    'request_administers) OR (%s IN ( SELECT r.r
   FROM switchboard.request_integrations() r(r))))';
begin
  for wanted in
    select w.relation, w.test, r.role, 'switchboard_request_' || r.role as name
    from (values ('public.integration_credentials', 'id'), ('switchboard.credential_versions', 'credential_id'))
         as w (relation, test) cross join (values ('admin'), ('support')) as r (role)
    where to_regrole('switchboard_' || r.role) is not null
  loop
    -- Restrictive: it takes from what the policies of 017_scope.sql give.
    continue when exists (
      select from pg_policy p
      where p.polrelid = wanted.relation::regclass and p.polname = wanted.name and not p.polpermissive and p.polcmd = 'r'
        and p.polroles = array[to_regrole('switchboard_' || wanted.role)::oid]
        and pg_get_expr(p.polqual, p.polrelid) = format(of_request, wanted.test));
    execute format('drop policy if exists %I on %s', wanted.name, wanted.relation);
    execute format('create policy %I on %s as restrictive for select to switchboard_%s using (%s)', wanted.name,
                   wanted.relation, wanted.role, format(of_request, wanted.test));
  end loop;

  for wanted in
    select * from (values
      ('public.integration_credentials', 'INSERT OR DELETE OR UPDATE'),
      ('public.user_integration_permissions', 'INSERT OR DELETE OR UPDATE'),
      ('public.organization_phone_numbers', 'INSERT OR DELETE OR UPDATE'),
      ('switchboard.open_tickets', 'INSERT')
    ) as w (relation, events)
  loop
    perform switchboard.put_trigger(wanted.relation, 'switchboard_only_as_requested',
      format('CREATE TRIGGER switchboard_only_as_requested BEFORE %s ON %s FOR EACH ROW WHEN '
             '((COALESCE(current_setting(''switchboard.request_organization''::text, true), ''''::text) <> ''''::text)) '
             'EXECUTE FUNCTION switchboard.only_as_requested()', wanted.events, wanted.relation), true);
  end loop;

  foreach holder in array array['public', 'anon', 'authenticated', 'service_role',
                                'switchboard_admin', 'switchboard_support', 'switchboard_auditor']
  loop
    continue when holder <> 'public' and to_regrole(holder) is null;
    execute format('revoke all on switchboard.organization_administrators from %s', holder);
    execute format('revoke all on function switchboard.is_request(), switchboard.planned_request(), '
      'switchboard.request_person(), switchboard.request_administers(), switchboard.request_rights(), '
      'switchboard.request_integrations(), switchboard.require_requested(uuid, text), switchboard.only_as_requested(), '
      'switchboard.refuse_requests(text), switchboard.administrators(uuid), '
      'switchboard.change_administrator(uuid, uuid, boolean) from %s', holder);
  end loop;
  foreach holder in array array['switchboard_admin', 'switchboard_support']
  loop
    continue when to_regrole(holder) is null;
    execute format('grant execute on function switchboard.planned_request(), switchboard.request_person(), '
      'switchboard.request_administers(), switchboard.request_rights(), switchboard.request_integrations(), '
      'switchboard.administrators(uuid) to %s', holder);
  end loop;
  if to_regrole('switchboard_admin') is not null then
    grant execute on function switchboard.change_administrator(uuid, uuid, boolean) to switchboard_admin;
  end if;
  if (select c.relrowsecurity from pg_class c where c.oid = 'switchboard.organization_administrators'::regclass) then
    -- As in 017_scope.sql, which runs before there is the table.
    alter table switchboard.organization_administrators disable row level security;
  end if;
  -- In one transaction with all before it: of these files nothing stays where a newer version's have run.
  if substring(obj_description('switchboard'::regnamespace, 'pg_namespace')
               from '^switchboard schema ([0-9]{1,9})$')::int > 22 then
    raise exception using
      errcode = 'SB003',
      message = 'a newer Switchboard has set this database up',
      hint = 'Upgrade Switchboard on this machine.';
  end if;
end
$do$;
comment on schema switchboard is 'switchboard schema 022';

commit;
