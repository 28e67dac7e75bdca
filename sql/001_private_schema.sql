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
