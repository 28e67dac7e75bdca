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
  -- In one transaction with all before it: of these files nothing stays where a newer version's have run.
  if substring(obj_description('switchboard'::regnamespace, 'pg_namespace')
               from '^switchboard schema ([0-9]{1,9})$')::int > 21 then
    raise exception using
      errcode = 'SB003',
      message = 'a newer Switchboard has set this database up',
      hint = 'Upgrade Switchboard on this machine.';
  end if;
end
$do$;
comment on schema switchboard is 'switchboard schema 021';
