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
