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
