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
